/* SPDX-License-Identifier: MIT
 * donation_test.c: two address spaces, an environment and rings are built out of donated frames and
 * slots, and the building ends at every place.
 *
 * Before each step it is tried with every argument wrong, with its slot taken, and with its frames
 * in use: nothing may have changed, and the step itself must work afterwards. And after each number
 * of steps the pool is revoked: all frames and slots must be back.
 *
 * links: $(kernel-host-y) test/model/calls.c test/model/short_way.c
 * links: test/fake/board.c test/fake/plic.c; libs: -lfdt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <exo/ring.h>

#include "lib/base/checked.h"
#include "test/fake/board.h"
#include "test/model/calls.h"

#define SLOT0    200ul /* slots of the building; slot 0 of it is the pool */
#define SLOTS    40ul
#define PAGES    64ul
#define RW       (EXO_READ | EXO_WRITE)
#define HUNG     EXO_WRITE
#define UAREA_GB (EXO_UAREA_BASE & ~((1ul << 30) - 1))

/* Arguments that are known only when it runs. */
#define NAMED   (1ul << 60)
#define H(slot) (NAMED | 1ul << 56 | (slot)) /* the handle in a slot of the building */
#define S(slot) (SLOT0 + (slot))             /* that slot itself, to fill */
#define P(page) (NAMED | 2ul << 56 | (page)) /* a page of the pool */
#define PACKETS (NAMED | 3ul << 56)
#define SELF    (NAMED | 4ul << 56)

static const struct step {
	uint32_t nr;
	uint64_t argument[7];
} steps[] = {
	{EXO_NR_carve, {H(0), S(1), P(0), 2, RW}},
	{EXO_NR_create, {EXO_CAP_ENV, H(1), S(2), 0, EXO_UAREA_BASE}},
	{EXO_NR_carve, {H(0), S(3), P(2), 2, RW}},
	{EXO_NR_create, {EXO_CAP_SPACE, H(3), S(4)}},
	{EXO_NR_carve, {H(0), S(5), P(4), 2, RW}},
	{EXO_NR_create, {EXO_CAP_TABLE, H(5), S(6), 1}},
	{EXO_NR_carve, {H(0), S(7), P(6), 2, RW}},
	{EXO_NR_create, {EXO_CAP_TABLE, H(7), S(8), 0}},
	{EXO_NR_map, {0, H(6), 0, 1, HUNG, 0, H(4)}},
	{EXO_NR_map, {0, H(8), 0, 1, HUNG, 0, H(4)}},
	{EXO_NR_carve, {H(0), S(9), P(8), 1, RW}},
	{EXO_NR_create, {EXO_CAP_CSPACE, H(9), S(10)}},
	{EXO_NR_carve, {H(0), S(11), P(9), 1, RW}},
	{EXO_NR_create, {EXO_CAP_CSPACE, H(11), S(12), H(10), 3}},
	{EXO_NR_carve, {H(0), S(33), P(32), 1, RW}},
	{EXO_NR_create, {EXO_CAP_CSPACE, H(33), S(34), H(10), 1}},
	{EXO_NR_bind, {EXO_BIND_SPACE, H(2), H(4)}},
	{EXO_NR_bind, {EXO_BIND_CSPACE, H(2), H(10)}},
	{EXO_NR_carve, {H(0), S(13), P(10), 4, RW}},
	{EXO_NR_map, {0x1000, H(13), 0, 4, RW, 0, H(4)}},
	{EXO_NR_share, {H(13), S(14), P(10), 2, EXO_READ}},
	{EXO_NR_give, {H(2), H(14), 65}},
	{EXO_NR_carve, {H(0), S(15), P(14), 2, RW}},
	{EXO_NR_create, {EXO_CAP_TABLE, H(15), S(16), 0}},
	{EXO_NR_carve, {H(0), S(17), P(16), 2, RW}},
	{EXO_NR_create, {EXO_CAP_TABLE, H(17), S(18), 1}},
	{EXO_NR_map, {UAREA_GB, H(18), 0, 1, HUNG, 0, H(4)}},
	{EXO_NR_map, {EXO_UAREA_BASE, H(16), 0, 1, HUNG, 0, H(4)}},
	{EXO_NR_map, {EXO_UAREA_BASE, H(2), 0, 1, RW, 0, H(4)}},
	{EXO_NR_env_supervisor, {H(2), SELF, 5}},
	{EXO_NR_carve, {H(0), S(21), P(20), 2, RW}},
	{EXO_NR_create, {EXO_CAP_SPACE, H(21), S(22)}},
	{EXO_NR_carve, {H(0), S(23), P(22), 2, RW}},
	{EXO_NR_create, {EXO_CAP_TABLE, H(23), S(24), 1}},
	{EXO_NR_map, {0, H(24), 0, 1, HUNG, 0, H(22)}},
	{EXO_NR_map, {0, H(8), 0, 1, HUNG, 0, H(22)}},
	{EXO_NR_carve, {H(0), S(25), P(24), 2, RW}},
	{EXO_NR_create, {EXO_CAP_TABLE, H(25), S(26), 0}},
	{EXO_NR_unshare, {0, H(26), H(22), 0}},
	{EXO_NR_map, {0x3000, H(8), 0, 1, EXO_READ, 0, H(22)}}, /* is mapped already */
	{EXO_NR_map, {0x8000, H(8), 0, 1, EXO_READ, 0, H(22)}},
	{EXO_NR_map, {0x9000, 0, 77, 4, 0, 0, H(22)}},
	{EXO_NR_protect, {0x1000, 2, EXO_READ, 0, H(22)}},
	{EXO_NR_carve, {H(0), S(27), P(26), 2, RW}},
	{EXO_NR_create, {EXO_CAP_RING, H(27), S(28), EXO_RING_RECEIVE, 3}},
	{EXO_NR_carve, {H(0), S(29), P(28), 1, RW}},
	{EXO_NR_bind, {EXO_BIND_BUFFER, H(28), H(29)}},
	{EXO_NR_bind, {EXO_BIND_PACKET, H(28), PACKETS}},
	{EXO_NR_map, {0xf000, H(28), 0, 1, RW, 0, H(22)}},
	{EXO_NR_carve, {H(0), S(31), P(30), 2, RW}},
	{EXO_NR_create, {EXO_CAP_RING, H(31), S(32), EXO_RING_DISK, 4}},
	{EXO_NR_submit, {H(32)}},
};

static const struct exo_boot *boot;
static uint64_t pool_page;
static exo_handle pool; /* in slot 0 of the building */

/* --- what there is ------------------------------------------------------------------------ */
struct picture {
	struct {
		uint32_t references;
		uint16_t pins;
		uint8_t kind;
	} frame[PAGES];
	struct cap slot[SLOTS];
};

static struct picture
take_picture(void)
{
	struct picture p;

	memset(&p, 0, sizeof(p));
	for (uint64_t i = 0; i < PAGES; i++) {
		const struct frame *f = frame_at(&kernel_get()->tree, pool_page + i);

		p.frame[i].references = f->references;
		p.frame[i].pins = f->pins;
		p.frame[i].kind = f->kind;
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		p.slot[i] = *calls_cap(SLOT0 + i);
	}
	return p;
}

/* Frames are free, slots but the pool's empty. */
static void
expect_all_back(size_t after)
{
	for (uint64_t i = 0; i < PAGES; i++) {
		const struct frame *f = frame_at(&kernel_get()->tree, pool_page + i);

		if (f->kind != FRAME_USER || f->references || f->pins) {
			fail_msg("after %zu steps page %lu is lost: kind %u, references %u, pins "
				 "%u",
				 after, i, f->kind, f->references, f->pins);
		}
	}
	for (uint32_t i = 1; i < SLOTS; i++) {
		if (!slot_is_empty(calls_cap(SLOT0 + i))) {
			fail_msg("after %zu steps slot %u is lost", after, i);
		}
	}
	assert_int_equal(calls_cap(SLOT0)->child, 0);
	calls_check();
}

/* --- steps -------------------------------------------------------------------------------- */
static uint64_t
resolve(uint64_t argument)
{
	uint32_t number = (uint32_t)(argument & 0xffff);

	if (!(argument & NAMED) || argument == ~0ul) {
		return argument;
	}
	switch (argument >> 56 & 15) {
	case 1:
		return calls_cap(SLOT0 + number)->word >> 32 << 32 | (SLOT0 + number);
	case 2:
		return pool_page + number;
	case 3:
		return boot->packets[0];
	default:
		return boot->env;
	}
}

static int64_t
make(const struct step *s)
{
	uint64_t a[7];

	for (int i = 0; i < 7; i++) {
		a[i] = resolve(s->argument[i]);
	}
	return calls_call(s->nr, a);
}

/* The page of the disk's ring holds one request, to read a block into the first page of slot 13. */
static void
request(void)
{
	struct exo_ring *r = calls_page(pool_page + 31);

	r->sq[0].disk = (struct exo_disk_request){
		.op = EXO_DISK_READ,
		.count = 1,
		.blocks = boot->blocks[0],
		.frames = resolve(H(13)),
	};
	r->sq_tail = 1;
}

static bool
is_refused_always(const struct step *s)
{
	return s->nr == EXO_NR_map && s->argument[0] == 0x3000;
}

static void
expect_refused(const struct step *s, long number, const char *how, int which)
{
	struct picture before = take_picture();
	struct picture after;
	int64_t result = make(s);

	if (result >= 0) {
		fail_msg("step %ld succeeds with %s %d", number, how, which);
	}
	after = take_picture();
	if (memcmp(&before, &after, sizeof(before))) {
		fail_msg("step %ld changes something with %s %d, though it says %ld", number, how,
			 which, result);
	}
	calls_check();
}

/* Every argument that it has, wrong. */
static void
try_wrong(const struct step *s)
{
	static const uint64_t wrong[] = {~0ul, 1ul << 40 | 3, 0x2fffffff00000001};

	for (int i = 0; i < 7; i++) {
		for (size_t w = 0; w < ARRAY_SIZE(wrong) && s->argument[i] & NAMED; w++) {
			struct step broken = *s;

			broken.argument[i] = wrong[w];
			expect_refused(&broken, s - steps, "argument", i);
		}
	}
}

/* Numbers that the object cannot have: hart, level, kind, place of a leaf, address, event bit. */
static void
try_numbers(const struct step *s)
{
	static const struct {
		uint32_t type;
		int which;
		uint64_t number;
	} wrong[] = {
		{EXO_CAP_ENV, 3, 99},           {EXO_CAP_ENV, 3, 4 << 8},
		{EXO_CAP_ENV, 4, 0x1000},       {EXO_CAP_ENV, 4, EXO_UAREA_BASE + 8},
		{EXO_CAP_TABLE, 3, 2},          {EXO_CAP_RING, 3, 9},
		{EXO_CAP_RING, 4, 63},          {EXO_CAP_CSPACE, 4, 3},
		{EXO_CAP_CSPACE, 4, 1ul << 40}, {EXO_CAP_CSPACE, 4, EXO_LEAVES_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong) && s->nr == EXO_NR_create; i++) {
		struct step broken = *s;

		broken.argument[wrong[i].which] = wrong[i].number;
		if (wrong[i].type == s->argument[0] &&
		    (wrong[i].type != EXO_CAP_CSPACE || s->argument[4] == 1)) {
			expect_refused(&broken, s - steps, "number", wrong[i].which);
		}
	}
}

/* The slot that it would fill is taken; it does not exist. */
static void
try_slots(const struct step *s)
{
	int at = s->nr == EXO_NR_carve || s->nr == EXO_NR_share   ? 1
		 : s->nr == EXO_NR_create || s->nr == EXO_NR_give ? 2
								  : -1;
	const uint64_t slots[] = {0, SLOT0, 1ul << 20, 16 * EXO_SLOTS_PER_LEAF};

	for (size_t i = 0; i < ARRAY_SIZE(slots) && at >= 0; i++) {
		struct step broken = *s;

		if (s->nr == EXO_NR_give && slots[i] == SLOT0) {
			continue; /* no leaf there, in the receiver's */
		}
		broken.argument[at] = slots[i];
		expect_refused(&broken, s - steps, "slot", (int)i);
	}
}

/* The frames that it would make an object of are mapped, shared, carved, pinned. */
static void
try_frames(const struct step *s)
{
	uint64_t place = 0x40000000;
	uint64_t at = s->nr == EXO_NR_create ? resolve(s->argument[1]) : 0;
	const struct cap *c = at ? calls_cap(EXO_HANDLE_INDEX(at)) : NULL;
	uint64_t start = c ? c->start : 0;
	int64_t child;

	if (!c) {
		return;
	}
	assert_true(CALL(map, place, at, 0, 1, EXO_READ) == 0);
	expect_refused(s, s - steps, "frames that are mapped", 0);
	assert_true(CALL(unmap, place, 1, 0) >= 0);
	child = CALL(share, at, S(38), start, 1, EXO_READ);
	assert_true(child > 0);
	expect_refused(s, s - steps, "frames that are shared", 0);
	assert_int_equal(CALL(drop, (uint64_t)child), 0);
	child = CALL(carve, at, S(38), start, 1, EXO_READ);
	assert_true(child > 0);
	expect_refused(s, s - steps, "frames that are carved", 0);
	assert_int_equal(CALL(drop, (uint64_t)child), 0);
	assert_int_equal(frame_pin(&kernel_get()->tree, start + c->count - 1, 1), 0);
	assert_int_equal(make(s), E_BUSY);
	frame_unpin(&kernel_get()->tree, start + c->count - 1, 1);
}

static void
build(size_t count, bool with_errors)
{
	for (const struct step *s = steps; s < steps + count; s++) {
		int64_t result;

		if (s->nr == EXO_NR_submit) {
			request();
		}
		if (with_errors) {
			try_wrong(s);
			try_numbers(s);
			try_slots(s);
			try_frames(s);
		}
		result = make(s);
		if ((result < 0) != is_refused_always(s)) {
			fail_msg("step %ld does not work: %ld", s - steps, result);
		}
	}
}

/* Each capability goes by itself, the first or the last one first. */
static void
drop_each(bool forth)
{
	for (uint32_t i = 1; i < SLOTS; i++) {
		uint64_t slot = forth ? i : SLOTS - i;
		int64_t result = CALL(drop, resolve(H(slot)));

		assert_true(result == 0 || result == E_HANDLE);
		calls_check();
	}
}

/* All at once, or one by one. A device may still be at work: then it finishes. */
static void
take_back(size_t after, int how)
{
	if (how) {
		drop_each(how == 1);
	} else {
		assert_int_equal(CALL(revoke, pool), 0);
	}
	for (uint32_t tag = 0; tag < 64; tag++) {
		board_disk_works(tag);
	}
	calls_settle();
	assert_int_equal(CALL(revoke, pool), 0);
	expect_all_back(after);
}

static void
test_every_step_refused(void **state)
{
	(void)state;
	build(ARRAY_SIZE(steps), true);
	take_back(ARRAY_SIZE(steps), 0);
}

static void
test_every_end(void **state)
{
	(void)state;
	for (size_t n = 0; n <= ARRAY_SIZE(steps); n++) {
		for (int how = 0; how < 3; how++) {
			build(n, false);
			calls_check();
			take_back(n, how);
		}
	}
}

/* As a program's own memory: tables for init, so that there is a place to map. */
static void
set_up(void)
{
	exo_handle frames;
	uint64_t page;
	int64_t table;

	boot = calls_boot();
	frames = calls_frames();
	page = calls_cap(EXO_HANDLE_INDEX(frames))->start;
	page += (page - kernel_get()->tree.base_page) & 1;
	for (uint32_t level = 1; level < 2; level--, page += 2) {
		table = CALL(carve, frames, 100 + level, page, 2, RW);
		table = CALL(create, EXO_CAP_TABLE, (uint64_t)table, 102 + level, level);
		assert_int_equal(CALL(map, 0x40000000, (uint64_t)table, 0, 1, HUNG), 0);
	}
	pool_page = page;
	pool = (exo_handle)CALL(carve, frames, SLOT0, page, PAGES, RW | EXO_EXEC);
	assert_true((int64_t)pool > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_step_refused),
		cmocka_unit_test(test_every_end),
	};

	set_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
