/* SPDX-License-Identifier: MIT
 * hostile_s31_storm.c: S31: a revocation outruns everybody: while three harts carve, share, map,
 * give and make objects of a pool as fast as they can, the fourth revokes it again and again; each
 * ends, and in the end nothing is left and every page is clean.
 *
 * boot: init SMP=4 MEM=64M
 */
#include "test/boot/hostile.h"

#define SECONDS     2 /* at least; at most as many as follow, where harts share processors */
#define SECONDS_MAX 25
#define PAGES       32
#define WINDOW      0xc00000000ul
#define SLOTS       24 /* of each hart */
#define SECRET      0x5ec12e7ul

static struct {
	exo_handle pool;
	uint64_t first;
	volatile uint64_t derived, bound, given, refused, dirty;
	volatile bool rush; /* to derive and do nothing else */
	volatile bool over;
} storm;

struct stormer {
	uint64_t state;
	uint32_t first_slot;
	uint64_t window;
	exo_handle held[SLOTS];
};
static struct stormer stormers[EXO_HARTS_MAX];

static void
tell(volatile uint64_t *counter, int64_t result)
{
	if (result >= 0) {
		__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_add(&storm.refused, 1, __ATOMIC_RELAXED);
	}
}

static void
step(struct stormer *s)
{
	uint64_t r = noise(&s->state);
	uint32_t i = (uint32_t)(r >> 8) % SLOTS, slot = s->first_slot + i;
	exo_handle from = r >> 16 & 1 ? storm.pool : s->held[(r >> 20) % SLOTS];
	uint64_t page = storm.first + (r >> 32) % PAGES;
	uint64_t address = s->window + (r >> 40) % 64 * EXO_PAGE_SIZE;
	int64_t result;

	switch (r % 8) {
	case 0:
	case 1:
		result = exo_carve(from, slot, page & ~1ul, 2, EXO_READ | EXO_WRITE, 0);
		tell(&storm.derived, result);
		break;
	case 2:
		result = exo_share(from, slot, page, 1, EXO_READ | EXO_WRITE, 0);
		tell(&storm.derived, result);
		break;
	case 3:
		result = exo_create(r >> 50 & 1 ? EXO_CAP_TABLE : EXO_CAP_ENV, from, slot, 0,
				    r >> 50 & 1 ? 0 : THREAD_UAREAS);
		tell(&storm.derived, result);
		break;
	case 4:
	case 5:
		result = exo_map(address, from, 0, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE);
		tell(&storm.bound, result);
		return;
	case 6:
		result = exo_give(exo_start()->env, s->held[(r >> 20) % SLOTS], slot);
		tell(&storm.given, result);
		break;
	default:
		exo_unmap(address, 1, 0, NULL, EXO_NONE);
		exo_drop(s->held[i], 0, 0);
		return;
	}
	if (result > 0) {
		s->held[i] = (exo_handle)result;
	}
}

static void
storm_body(uint64_t hart)
{
	uint32_t slot = 0;

	while (!storm.over) {
		if (storm.rush) {
			exo_share(storm.pool, stormers[hart].first_slot + slot++ % SLOTS,
				  storm.first, 1, EXO_READ, 0);
		} else {
			step(&stormers[hart]);
			linger(stormers[hart].state % 2000);
		}
	}
	exo_exit(0);
}

static void
set_up(uint32_t hart)
{
	struct stormer *s = &stormers[hart];
	exo_handle table;

	s->state = 0x9e3779b97f4a7c15ul * (hart + 1);
	s->first_slot = exo_start()->slots - (hart + 1) * SLOTS;
	s->window = WINDOW + hart * 0x200000ul;
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
	exo_map(s->window, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
}

/* All pages of the pool: mapped, looked at, filled. True if they could be had and were zero. */
static bool
look(uint32_t slot)
{
	int64_t all = exo_carve(storm.pool, slot, storm.first, PAGES, EXO_READ | EXO_WRITE, 0);
	uint64_t address = WINDOW + 0x1000000, dirt = 0;
	int64_t result;
	int tries = 0;

	do {
		result = exo_map(address, (exo_handle)all, 0, PAGES, EXO_READ | EXO_WRITE, NULL,
				 EXO_NONE);
	} while (result == E_BUSY && tries++ < 1000);
	if (result == 0) {
		for (uint64_t i = 0; i < PAGES * 512; i++) {
			dirt |= at(address)[i];
			at(address)[i] = SECRET;
		}
	}
	return exo_drop((exo_handle)all, 0, 0) == 0 && result == 0 && !dirt;
}

static bool
has_raged(void)
{
	return storm.derived > 30 && storm.bound > 10;
}

int
main(void)
{
	struct hostile_thread thread;
	struct exo_cap_info info = {0};
	uint64_t until, revoked = 0;
	uint32_t wrong = 0, slot = free_slot();
	exo_handle table;
	int right = 0;

	tap_plan(7);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(WINDOW, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
	exo_map(WINDOW + 0x1000000, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_carve(exo_own_frames(), PAGES, 2, &storm.pool);
	exo_inspect(storm.pool, 0, &info);
	storm.first = info.start;
	for (uint32_t i = 1; i < hostile_harts(); i++) {
		set_up(i);
		right += hostile_thread_start(&thread, i, storm_body, i) == 0;
	}
	tap_is(right, hostile_harts() - 1, "the storm begins");
	until = exo_now_ns() + SECONDS * EXO_NS_PER_S;
	while (exo_now_ns() < until ||
	       (!has_raged() && exo_now_ns() < until + SECONDS_MAX * EXO_NS_PER_S)) {
		wrong += exo_revoke(storm.pool, 0, 0) != 0;
		revoked++;
		exo_pause(5000000); /* the others need the processors, too */
	}
	tap_ok(!wrong && revoked > 3, "%lu revocations end", (unsigned long)revoked);
	tap_ok(has_raged(), "meanwhile %lu were derived, %lu bound, %lu given, %lu refused",
	       (unsigned long)storm.derived, (unsigned long)storm.bound, (unsigned long)storm.given,
	       (unsigned long)storm.refused);
	storm.rush = true;
	for (int i = 0; i < 10; i++) {
		wrong += exo_revoke(storm.pool, 0, 0) != 0;
	}
	tap_is(wrong, 0,
	       "so do ten while three harts do nothing but derive, faster than one takes");
	storm.over = true;
	exo_pause(200000000);
	tap_is(exo_revoke(storm.pool, 0, 0), 0, "the last one ends");
	right = look(slot);
	right += look(slot);
	tap_is(right, 2, "every page is free and clean, twice");
	tap_is(exo_drop(storm.pool, 0, 0), 0, "nothing is left");
	return tap_end();
}
