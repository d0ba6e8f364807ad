/* SPDX-License-Identifier: MIT
 * hostile_s12_rights.c: S12: a capability does what its rights say and no more, in every call, and
 * no derivation adds one; entry points and contexts of others need CONTROL.
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
	tap_is(exo_env_entry(EXO_NONE, 77, 0, 0), E_INVAL, "there is no entry 77");
	tap_is(exo_yield(env), E_STATE, "nobody yields to what is stopped");
	tap_is(exo_give(env, pair, free_slot()), E_DEAD, "nor gives to who holds nothing");
	tap_is(exo_vm_map(exo_own_vm(), env, 1, 1, EXO_READ, &address), E_RANGE,
	       "its private half cannot be mapped");
	tap_is(exo_vm_map(exo_own_vm(), env, 0, 2, EXO_READ, &address), E_RANGE,
	       "not even with the other");
	tap_is(exo_vm_map(exo_own_vm(), env, 0, 1, EXO_READ | EXO_EXEC, &address), E_INVAL,
	       "its u-area does not run");
	tap_is(exo_vm_map(exo_own_vm(), env, 0, 1, EXO_WRITE, &address), E_INVAL,
	       "nor is it only written");
	tap_is(exo_vm_map(exo_own_vm(), env, 0, 1, EXO_SOFT0, &address), E_INVAL,
	       "nor mapped without rights");
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

/* What an environment runs in and what it holds is said once, before it starts. */
static void
check_bind(void)
{
	exo_handle env = EXO_NONE, leaf = EXO_NONE, page = carve(0, 1, EXO_READ | EXO_WRITE);

	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, THREAD_UAREAS, &env, NULL);
	exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, exo_start()->cspace, EXO_LEAVES_MAX - 1,
			  &leaf, NULL);
	tap_is(exo_bind(EXO_BIND_SPACE, exo_start()->env, exo_start()->space, 0), E_STATE,
	       "who runs changes no space");
	tap_is(exo_bind(EXO_BIND_CSPACE, exo_start()->env, exo_start()->cspace, 0), E_STATE,
	       "nor its capabilities");
	tap_is(exo_bind(EXO_BIND_SPACE, env, exo_start()->cspace, 0), E_TYPE,
	       "nobody runs in a capability space");
	tap_is(exo_bind(EXO_BIND_CSPACE, env, leaf, 0), E_TYPE, "a leaf is not a whole one");
	tap_is(create(EXO_CAP_CSPACE, page, leaf, 1), E_TYPE, "nor does one hang in it");
	exo_drop(page, 0, 0);
	tap_is(exo_bind(EXO_BIND_SPACE, env, exo_start()->space, 0), 0, "another one gets a space");
	tap_is(exo_bind(EXO_BIND_SPACE, env, exo_start()->space, 0), E_BUSY, "but not twice");
	tap_is(exo_bind(EXO_BIND_CSPACE, env, exo_start()->cspace, 0), 0, "and capabilities");
	tap_is(exo_bind(EXO_BIND_CSPACE, env, exo_start()->cspace, 0), E_BUSY, "not twice either");
	tap_is(exo_drop(env, 0, 0), 0, "it goes");
}

/* Every right of a FRAME, alone: a child has no other. */
static void
check_derive(void)
{
	static const uint64_t rights[] = {EXO_READ, EXO_WRITE, EXO_EXEC, 1, 1ul << 24};
	exo_handle all = carve(0, 2, EXO_READ | EXO_WRITE), reader = carve(2, 2, EXO_READ);
	uint32_t wrong = 0;

	for (uint32_t i = 1; i < ARRAY_SIZE(rights); i++) {
		wrong += exo_share(reader, free_slot(), first + 2, 1, rights[i], 0) != E_RIGHTS;
		wrong += exo_carve(reader, free_slot(), first + 2, 1, EXO_READ | rights[i], 0) !=
			 E_RIGHTS;
	}
	tap_is(wrong, 0, "neither a share nor a part has a right more than its parent");
	tap_is(exo_share(all, free_slot(), first, 1, ~0ul, 0), E_RIGHTS, "nor has one all");
	tap_is(exo_share(all, free_slot(), first, 3, EXO_READ, 0), E_RANGE, "nor a page more");
	tap_is(exo_carve(all, free_slot(), first - 1, 2, EXO_READ, 0), E_RANGE, "in front");
	tap_is(exo_carve(all, free_slot(), first, ~0ul, EXO_READ, 0), E_RANGE, "nor all there are");
	tap_is(exo_carve(all, free_slot(), ~0ul, 2, EXO_READ, 0), E_RANGE, "nor by wrapping");
	exo_drop(all, 0, 0);
	exo_drop(reader, 0, 0);
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(21 + 10 + 6);
	exo_frames_carve(exo_own_frames(), 8, 2, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	check_env();
	check_bind();
	check_derive();
	return tap_end();
}
