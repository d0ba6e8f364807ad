/* SPDX-License-Identifier: MIT
 * hostile_s13_exclusive.c: S13: what is carved belongs to one holder: no other carve holds any of
 * it, and while parts are carved the whole is neither mapped nor shared.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define PAGES 64
#define TURNS 6000
#define HELD  24

static exo_handle pool;
static uint64_t first;
static uint8_t holder[PAGES]; /* 0, or which of `part` */
static struct {
	exo_handle handle;
	uint32_t slot, start, count;
} part[HELD + 1];

/* The end of the first thing in the way from `start` on, 0: nothing is. Any of several will do. */
static bool
is_end_of_obstacle(uint64_t end, uint32_t start, uint32_t count)
{
	for (uint32_t i = 1; i <= HELD; i++) {
		if (part[i].count && part[i].start < start + count &&
		    start < part[i].start + part[i].count &&
		    end == first + part[i].start + part[i].count) {
			return true;
		}
	}
	return false;
}

static uint32_t
try_carve(uint32_t i, uint32_t start, uint32_t count)
{
	struct exo_result result =
		exo_carve2(pool, part[i].slot, first + start, count, EXO_READ | EXO_WRITE, 0);
	uint32_t taken = 0;

	for (uint32_t k = start; k < start + count; k++) {
		taken |= holder[k];
	}
	if (taken) {
		return result.value != E_TAKEN || !is_end_of_obstacle(result.second, start, count);
	}
	if (result.value < 0) {
		return 1;
	}
	part[i].handle = (exo_handle)result.value;
	part[i].start = start;
	part[i].count = count;
	memset(holder + start, (int)i, count);
	return 0;
}

static uint32_t
give_back(uint32_t i)
{
	memset(holder + part[i].start, 0, part[i].count);
	part[i].count = 0;
	return exo_drop(part[i].handle, 0, 0) != 0;
}

/* Give back all but `keep` pages at one end. */
static uint32_t
trim(uint32_t i, uint32_t keep, bool front)
{
	uint32_t from = front ? part[i].start : part[i].start + part[i].count - keep;

	memset(holder + part[i].start, 0, part[i].count);
	part[i].start = from;
	part[i].count = keep;
	memset(holder + from, (int)i, keep);
	return exo_drop(part[i].handle, first + from, keep) != 0;
}

int
main(void)
{
	struct exo_cap_info info = {0};
	uint64_t state = 42, address;
	uint32_t wrong = 0;

	tap_plan(7);
	exo_frames_carve(exo_own_frames(), PAGES, 1, &pool);
	exo_inspect(pool, 0, &info);
	first = info.start;
	for (uint32_t i = 1; i <= HELD; i++) {
		part[i].slot = free_slot();
	}
	for (uint32_t turn = 0; turn < TURNS; turn++) {
		uint64_t r = noise(&state);
		uint32_t i = 1 + (uint32_t)(r >> 8) % HELD;
		uint32_t start = (uint32_t)(r >> 16) % PAGES;
		uint32_t count = 1 + (uint32_t)(r >> 32) % 8;

		count = count < PAGES - start ? count : PAGES - start;
		wrong += !part[i].count                   ? try_carve(i, start, count)
			 : r & 1 && part[i].count > count ? trim(i, count, r & 2)
							  : give_back(i);
	}
	tap_is(wrong, 0, "carves, trims and drops go as one who keeps count expects");
	if (!part[1].count) {
		give_back(1);
	}
	tap_is(exo_vm_map(exo_own_vm(), pool, 0, 1, EXO_READ, &address), E_POOL,
	       "the whole is not mapped");
	tap_is(exo_share(pool, free_slot(), first, 1, EXO_READ, 0), E_POOL, "nor shared");
	tap_is(exo_create(EXO_CAP_CSPACE, pool, free_slot(), 0, 0), E_RANGE, "nor an object");
	for (uint32_t i = 1; i <= HELD; i++) {
		if (part[i].count) {
			wrong += give_back(i);
		}
	}
	tap_is(wrong, 0, "all is given back");
	tap_is(exo_vm_map(exo_own_vm(), pool, 0, PAGES, EXO_READ | EXO_WRITE, &address), 0,
	       "then the whole is mapped");
	tap_is(exo_carve(pool, free_slot(), first, 1, EXO_READ, 0), E_BOUND,
	       "and no part of it carved");
	return tap_end();
}
