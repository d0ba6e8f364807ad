/* SPDX-License-Identifier: MIT
 * hostile_s05_objects.c: S5: what the kernel keeps in donated frames is made only of frames that
 * nobody else reaches, and cannot be reached as memory while it is an object.
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
	tap_is(create(EXO_CAP_ENV, pair, 0, THREAD_UAREAS + 8), E_ALIGN, "nor between two pages");
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

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(22);
	exo_frames_carve(exo_own_frames(), 8, 2, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	check_create();
	return tap_end();
}
