/* SPDX-License-Identifier: MIT
 * hostile_s42_slots.c: S42: a place on a timeline has one holder, out of the timeline that its SLOT
 * capability came from; and there is nothing else that one can be used for.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define ALL EXO_RIGHTS_ALL

static exo_handle line[2];
static struct exo_cap_info whole[2];
static uint32_t slots[3];

static int64_t
carve(exo_handle parent, uint32_t slot, uint64_t from, uint64_t count, uint64_t rights)
{
	return exo_carve(parent, slots[slot], from, count, rights, 0);
}

static void
check_roots(void)
{
	for (uint32_t i = 0; i < 2; i++) {
		exo_inspect(line[i], 0, &whole[i]);
		tap_ok(whole[i].type == EXO_CAP_SLOT && whole[i].count &&
			       whole[i].start >> EXO_SLOT_HART_SHIFT == i,
		       "hart %u has a timeline", i);
		tap_ok((whole[i].start + whole[i].count - 1) >> EXO_SLOT_HART_SHIFT == i,
		       "which ends before another hart's begins");
	}
	tap_is(exo_boot()->timelines[2], EXO_NONE, "and there is no third");
}

/* Every carve beside one that stands: it succeeds only where it does not overlap. */
static void
check_exclusive(void)
{
	uint64_t start = whole[0].start;
	uint32_t wrong = 0;
	int64_t held = carve(line[0], 0, start + 4, 4, whole[0].rights);

	tap_ok(held > 0, "four places are carved");
	for (uint64_t from = 0; from < 12; from++) {
		for (uint64_t count = 1; count < 12; count++) {
			bool overlaps = from < 8 && from + count > 4;
			bool inside = from + count <= whole[0].count;
			int64_t other = carve(line[0], 1, start + from, count, 0);

			wrong += (other > 0) != (!overlaps && inside);
			wrong += other > 0 && exo_drop((exo_handle)other, 0, 0) != 0;
		}
	}
	tap_is(wrong, 0, "no other carve holds one of them");
	tap_is(exo_share(line[0], slots[1], start, 1, 0, 0), E_POOL, "nor a share");
	tap_is(carve(line[0], 1, start - 1, 1, 0), E_RANGE, "none before the timeline");
	tap_is(carve(line[0], 1, start + whole[0].count, 1, 0), E_RANGE, "none behind it");
	tap_is(carve(line[0], 1, whole[1].start, 1, 0), E_RANGE, "none of another hart's");
	tap_is(carve(line[0], 1, start, ~0ul, 0), E_RANGE, "not all, by wrapping");
	tap_is(exo_drop((exo_handle)held, start + 5, 2), E_RANGE, "what is kept has an end");
	tap_is(exo_drop((exo_handle)held, start + 6, 2), 0, "half of them are given back");
	tap_ok(carve(line[0], 1, start + 4, 2, 0) > 0, "and are another's");
	tap_is(exo_revoke(line[0], start + 7, 1), 0, "a place is taken");
	tap_is(exo_inspect((exo_handle)held, 0, &(struct exo_cap_info){0}), E_HANDLE,
	       "with the capability that held it");
	tap_is(exo_revoke(line[0], 0, 0), 0, "all are");
}

static void
check_rights(void)
{
	uint64_t start = whole[1].start;
	int64_t part = carve(line[1], 0, start, 2, 0);
	struct exo_cap_info info = {0};

	tap_ok(part > 0, "two places without a right");
	tap_is(exo_share((exo_handle)part, slots[1], start, 1, EXO_SLOT_BIND, 0), E_RIGHTS,
	       "no share gets one");
	tap_is(exo_share((exo_handle)part, slots[1], start, 3, 0, 0), E_RANGE, "nor a third place");
	tap_ok(exo_share((exo_handle)part, slots[1], start + 1, 1, 0, 9) > 0,
	       "a share with a badge");
	tap_is(carve((exo_handle)part, 2, start, 1, 0), E_BOUND, "what is shared is not carved");
	exo_inspect((exo_handle)part, 0, &info);
	tap_ok(info.type == EXO_CAP_SLOT && info.rights == 0 && info.start == start &&
		       info.count == 2 && info.bindings == 0,
	       "inspect says so");
	tap_is(exo_drop((exo_handle)part, 0, 0), 0, "both go");
}

/* Whatever takes a handle. */
static void
check_uses(void)
{
	exo_handle part = (exo_handle)carve(line[0], 0, whole[0].start, 2, whole[0].rights & ALL);
	const int64_t results[] = {
		exo_map(0x10000000, part, 0, 1, EXO_READ, NULL, EXO_NONE),
		exo_map(0x10000000, part, 0, 1, EXO_WRITE, NULL, EXO_NONE),
		exo_clear(part, 0, 512),
		exo_create(EXO_CAP_ENV, part, slots[1], 0, EXO_UAREA_BASE),
		exo_create(EXO_CAP_SLOT, exo_own_frames()->pool, slots[1], 0, 0),
		exo_create(EXO_CAP_CSPACE, exo_own_frames()->pool, slots[1], part, 300),
		exo_bind(EXO_BIND_SPACE, exo_start()->env, part, 0),
		exo_bind(EXO_BIND_SPACE, part, exo_start()->space, 0),
		exo_bind(EXO_BIND_CSPACE, exo_start()->env, part, 0),
		exo_bind(EXO_BIND_CONSOLE, part, EXO_NONE, 1),
		exo_bind(EXO_BIND_IRQ, part, EXO_NONE, 1),
		exo_bind(EXO_BIND_BUFFER, part, part, 0),
		exo_bind(EXO_BIND_PACKET, part, part, 0),
		exo_bind(7, part, exo_start()->env, 0),
		exo_unbind(EXO_BIND_IRQ, part),
		exo_signal(part, 1),
		exo_env_stop(part),
		exo_env_start(part),
		exo_yield(part),
		exo_irq_ack(part),
		exo_submit(part),
		exo_give(part, part, slots[1]),
		exo_console_write(part, "x", 1),
		exo_power(part, EXO_POWER_OFF),
		exo_unshare(0x10000000, part, EXO_NONE, 0),
	};
	uint32_t wrong = 0;
	struct exo_cap_info info = {0};

	for (uint32_t i = 0; i < ARRAY_SIZE(results); i++) {
		if (results[i] >= 0) {
			printf("# use %u says %ld\n", i, (long)results[i]);
			wrong++;
		}
	}
	tap_is(wrong, 0, "no call takes it for anything else");
	exo_inspect(part, 0, &info);
	tap_ok(info.bindings == 0 && info.flags == EXO_CAPF_WHOLE, "nor is it bound to anything");
	tap_is(exo_revoke(line[0], 0, 0), 0, "it goes");
}

int
main(void)
{
	tap_plan(5 + 13 + 7 + 3);
	for (uint32_t i = 0; i < 2; i++) {
		line[i] = exo_boot()->timelines[i];
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(slots); i++) {
		slots[i] = free_slot();
	}
	check_roots();
	check_exclusive();
	check_rights();
	check_uses();
	return tap_end();
}
