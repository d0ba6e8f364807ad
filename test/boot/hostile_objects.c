/* SPDX-License-Identifier: MIT
 * hostile_objects.c: kernel objects out of frames that cannot be, frames of objects reached as
 * memory, capability spaces that hold themselves, contexts and entry points of the kernel, and
 * handles of everything that is gone.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

static uint64_t first; /* page of a pool of eight */
static exo_handle pool;

static exo_handle
carve(uint64_t page, uint64_t count, uint64_t rights)
{
	int64_t result = exo_carve(pool, free_slot(), first + page, count, rights, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

static int64_t
create(uint32_t type, exo_handle frames, uint64_t arg0, uint64_t arg1)
{
	return exo_create(type, frames, free_slot(), arg0, arg1);
}

static void
check_create(void)
{
	exo_handle odd = carve(1, 2, EXO_READ | EXO_WRITE),
		   three = carve(3, 3, EXO_READ | EXO_WRITE);
	exo_handle readable = carve(6, 2, EXO_READ), pair;
	uint64_t address;

	tap_is(create(EXO_CAP_SPACE, odd, 0, 0), E_ALIGN,
	       "a pair that is not aligned makes no object");
	tap_is(create(EXO_CAP_SPACE, three, 0, 0), E_RANGE, "nor do three pages");
	tap_is(create(EXO_CAP_CSPACE, odd, 0, 0), E_RANGE, "nor two where one is wanted");
	tap_is(create(EXO_CAP_SPACE, readable, 0, 0), E_RIGHTS, "nor what can only be read");
	tap_is(create(EXO_CAP_FRAME, odd, 0, 0), E_TYPE, "a frame is no object");
	tap_is(create(EXO_CAP_CONSOLE, odd, 0, 0), E_TYPE, "nor is a console made");
	tap_is(create(~0u, odd, 0, 0), E_TYPE, "nor what there is not");
	tap_is(create(EXO_CAP_SPACE, exo_start()->space, 0, 0), E_TYPE, "an object is no frame");
	exo_drop(odd, 0, 0);
	pair = carve(0, 2, EXO_READ | EXO_WRITE);
	tap_is(create(EXO_CAP_TABLE, pair, 2, 0), E_INVAL, "there is no table of level 2");
	tap_is(create(EXO_CAP_ENV, pair, 200, THREAD_UAREAS), E_HART, "nor a hart 200");
	tap_is(create(EXO_CAP_ENV, pair, 0xfe00, THREAD_UAREAS), E_INVAL,
	       "nor flags that mean nothing");
	tap_is(create(EXO_CAP_ENV, pair, 0, KERNEL_IMAGE), E_RANGE, "no u-area lies in the kernel");
	tap_is(create(EXO_CAP_RING, pair, 4, 0), E_INVAL, "there are three kinds of rings");
	tap_is(create(EXO_CAP_RING, pair, 1, 63), E_INVAL, "and bit 63 is nobody's");
	exo_vm_map(exo_own_vm(), pair, 0, 1, EXO_READ, &address);
	tap_is(create(EXO_CAP_SPACE, pair, 0, 0), E_BUSY, "what is mapped makes no object");
	exo_vm_unmap(exo_own_vm(), address, 1);
	tap_ok(create(EXO_CAP_SPACE, pair, 0, 0) > 0, "then it does");
	tap_is(create(EXO_CAP_SPACE, pair, 0, 0), E_BUSY, "but not twice");
	tap_is(exo_vm_map(exo_own_vm(), pair, 0, 1, EXO_READ | EXO_WRITE, &address), E_POOL,
	       "its frames cannot be mapped");
	tap_is(exo_share(pair, free_slot(), first, 1, EXO_READ, 0), E_POOL, "nor shared");
	tap_is(exo_carve(pair, free_slot(), first, 1, EXO_READ, 0), E_TAKEN, "nor carved");
	tap_is(exo_bind(EXO_BIND_BUFFER, pair, pair, 0), E_TYPE, "nor are they a ring");
	exo_drop(three, 0, 0);
	exo_drop(readable, 0, 0);
	exo_drop(pair, 0, 0);
}

static void
check_env(void)
{
	struct exo_context context = {.pc = KERNEL_IMAGE};
	exo_handle pair = carve(0, 2, EXO_READ | EXO_WRITE), weak;
	exo_handle env = (exo_handle)create(EXO_CAP_ENV, pair, 0, THREAD_UAREAS);
	uint64_t address;

	tap_is(exo_env_write(env, &context), E_RANGE, "no pc lies in the kernel");
	tap_is(exo_env_start(env), E_STATE, "nothing runs without a space");
	tap_is(exo_env_entry(env, EXO_ENTRY_EXCEPTION, KERNEL_IMAGE, 0), E_RANGE,
	       "no entry lies in the kernel");
	tap_is(exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, 1, 2), E_RANGE,
	       "nor at an odd address");
	tap_is(exo_env_entry(EXO_NONE, 2, 0, 0), E_INVAL, "there is no second entry yet");
	tap_is(exo_yield(env), E_STATE, "nobody yields to what is stopped");
	tap_is(exo_vm_map(exo_own_vm(), env, 1, 1, EXO_READ, &address), E_RANGE,
	       "its private half cannot be mapped");
	tap_is(exo_vm_map(exo_own_vm(), env, 0, 2, EXO_READ, &address), E_RANGE,
	       "not even with the other");
	tap_is(exo_vm_map(exo_own_vm(), env, 0, 1, EXO_READ | EXO_EXEC, &address), E_INVAL,
	       "its u-area does not run");
	weak = (exo_handle)exo_share(env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);
	tap_is(exo_env_stop(weak), E_RIGHTS, "who may signal does not stop");
	tap_is(exo_env_read(weak, &context), E_RIGHTS, "nor look");
	tap_is(exo_give(weak, weak, free_slot()), E_RIGHTS, "nor give");
	tap_is(exo_vm_map(exo_own_vm(), weak, 0, 1, EXO_READ, &address), E_RIGHTS,
	       "nor map its u-area");
	tap_is(exo_share(weak, free_slot(), 0, 0, EXO_RIGHTS_ALL, 0), E_RIGHTS,
	       "nor share what it has not");
	tap_is(exo_signal(weak, 1ul << 63), E_INVAL, "bit 63 is never raised");
	tap_is(exo_drop(env, 0, 0), 0, "the environment goes");
	tap_is(exo_signal(weak, 1), E_HANDLE, "and the share with it");
	tap_is(exo_env_start(env), E_HANDLE, "and its handle");
	exo_drop(pair, 0, 0);
}

/* A capability space with one leaf, which holds the capabilities of itself, of its root, of its
 * leaf and of their frames. */
static void
check_circle(void)
{
	exo_handle part[5] = {carve(0, 1, EXO_READ | EXO_WRITE), carve(1, 1, EXO_READ | EXO_WRITE),
			      0, 0, 0};
	exo_handle pair = carve(2, 2, EXO_READ | EXO_WRITE);
	exo_handle env = (exo_handle)create(EXO_CAP_ENV, pair, 0, THREAD_UAREAS), whole;
	int given = 0;

	part[2] = (exo_handle)create(EXO_CAP_CSPACE, part[0], 0, 0);
	part[3] = (exo_handle)create(EXO_CAP_CSPACE, part[1], part[2], 0);
	tap_is(create(EXO_CAP_CSPACE, pair, part[2], 0), E_RANGE, "a leaf is one page");
	tap_is(exo_bind(EXO_BIND_CSPACE, env, part[3], 0), E_TYPE, "a leaf is no capability space");
	tap_is(exo_bind(EXO_BIND_CSPACE, env, part[2], 0), 0, "an environment has it");
	for (uint32_t i = 0; i < 4; i++) {
		given += exo_give(env, part[3 - i], 2 + i) > 0;
	}
	tap_is(given, 4, "it holds all that it is made of");
	tap_is(exo_give(env, env, 2), E_SLOT, "what is full takes no more");
	tap_is(exo_give(env, env, 64), E_SLOT, "nor a leaf that is not there");
	tap_is(exo_give(env, env, ~0u), E_SLOT, "nor one that cannot be");
	tap_is(exo_revoke(pool, 0, 0), 0, "all of it is revoked");
	tap_is(exo_env_stop(env), E_HANDLE, "the environment is gone");
	whole = carve(0, 8, EXO_READ | EXO_WRITE);
	tap_ok(whole != EXO_NONE, "the pages are free");
	for (int tries = 0; tries < 100; tries++) {
		uint64_t address;

		if (exo_vm_map(exo_own_vm(), whole, 0, 8, EXO_READ | EXO_WRITE, &address) == 0) {
			break;
		}
		given = tries;
	}
	tap_ok(given < 99, "and can be used");
	exo_drop(whole, 0, 0);
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(21 + 18 + 11);
	exo_frames_carve(exo_own_frames(), 8, 2, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	check_create();
	check_env();
	check_circle();
	return tap_end();
}
