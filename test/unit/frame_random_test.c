/* SPDX-License-Identifier: MIT
 * frame_random_test.c: the frame table against its model: the whole kernel carries out random calls
 * that bind, pin, clear, divide frames and make objects of them. 10^5 of them; LONG=1: 10^6.
 *
 * links: $(kernel-host-y) test/model/calls.c test/model/short_way.c test/model/frame_model.c
 * links: test/fake/board.c test/fake/plic.c test/unit/frame_rig.c; libs: -lfdt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/frame_check.h"
#include "lib/base/checked.h"
#include "test/fake/board.h"
#include "test/unit/frame_rig.h"

/* --- bindings ----------------------------------------------------------------------------- */
/* Nothing of an earlier holder is in it. */
static void
look(uint64_t frame)
{
	const uint64_t *word = calls_page(rig.first + frame);
	uint64_t text = model.frame[frame].text;

	for (uint64_t i = 0; i < EXO_PAGE_SIZE / 8 && text != ~0ul; i += text ? 511 : 1) {
		if (word[i] != text) {
			fail_msg("frame %lu has 0x%lx at word %lu, not 0x%lx", frame, word[i], i,
				 text);
		}
	}
}

static void
op_map(int op)
{
	int i = rig_draw_cap();
	uint64_t place = rig_draw(PLACES);
	uint64_t offset = i < 0 ? 0 : rig_draw(caps[i].count < 8 ? caps[i].count : 8);
	uint64_t rights = op == OP_CODE ? EXO_READ | EXO_EXEC : EXO_READ | EXO_WRITE;
	uint64_t frame = i < 0 ? 0 : rig_frame(&caps[i], offset);
	int64_t result;

	if (i < 0 || caps[i].is_object || places[place].cap >= 0) {
		return;
	}
	result = CALL(map, REGION + place * EXO_PAGE_SIZE, caps[i].handle, offset, 1, rights);
	if (result == E_POOL) {
		return;
	}
	if (!model_bind(&model, frame, caps[i].carve)) {
		assert_int_equal(result, E_BUSY);
		rig.done[OP_REFUSED]++;
		return;
	}
	assert_int_equal(result, 0);
	look(frame);
	model.frame[frame].mapped++;
	model.frame[frame].is_code |= op == OP_CODE;
	places[place] = (struct rig_mapping){i, frame};
	rig.done[op]++;
}

static void
op_unmap(void)
{
	uint64_t place = rig_draw(PLACES);

	if (!rig_draw(4)) {
		assert_true(CALL(protect, REGION + place * EXO_PAGE_SIZE, 1, 0) !=
			    (places[place].cap < 0 ? 0 : E_NOTMAPPED));
	}
	assert_true(CALL(unmap, REGION + place * EXO_PAGE_SIZE, 1, 0) >= 0);
	if (places[place].cap >= 0) {
		model.frame[places[place].frame].mapped--;
		places[place].cap = -1;
		rig.done[OP_UNMAP]++;
	}
}

/* The unit that a capability holds, -1: none. */
static int
unit_of(const struct rig_cap *c)
{
	return !c->is_object && c->count == MODEL_UNIT && rig_frame(c, 0) % MODEL_UNIT == 0
		       ? (int)(rig_frame(c, 0) / MODEL_UNIT)
		       : -1;
}

/* A capability, of a unit if there is one. */
static int
draw_unit(void)
{
	int first = (int)rig_draw(CAPS);

	for (int i = 0; i < CAPS; i++) {
		const struct rig_cap *c = &caps[(first + i) % CAPS];

		if (c->handle && unit_of(c) >= 0) {
			return (first + i) % CAPS;
		}
	}
	return -1;
}

static void
op_clear(void)
{
	int i = draw_unit();
	int unit = i < 0 ? -1 : unit_of(&caps[i]);
	int64_t result = unit < 0 ? E_POOL : CALL(clear, caps[i].handle, 0, MODEL_UNIT);

	if (result == E_POOL) {
		return;
	}
	if (!model_clear(&model, (uint64_t)unit, caps[i].carve)) {
		assert_int_equal(result, E_BUSY);
		rig.done[OP_REFUSED]++;
		return;
	}
	assert_int_equal(result, 0);
	for (uint64_t n = 0; n < MODEL_UNIT; n += 1 + rig_draw(32)) {
		look((uint64_t)unit * MODEL_UNIT + n);
	}
	rig.done[OP_CLEAR]++;
}

static void
op_large(void)
{
	int i = draw_unit();
	int unit = i < 0 ? -1 : unit_of(&caps[i]);
	uint64_t place = rig_draw(MODEL_UNITS);
	uint64_t at = REGION + (1 + place) * EXO_MEGA_PAGES * EXO_PAGE_SIZE;
	int64_t result = unit < 0 || large[place].cap >= 0
				 ? E_POOL
				 : CALL(map, at, caps[i].handle, 0, EXO_MEGA_PAGES,
					EXO_READ | EXO_WRITE | EXO_MEGA);

	if (result == E_POOL) {
		return;
	}
	if (!model_is_ready(&model, (uint64_t)unit, caps[i].carve)) {
		assert_int_equal(result, E_STATE);
		rig.done[OP_REFUSED]++;
		return;
	}
	assert_int_equal(result, 0);
	model.large[unit]++;
	large[place] = (struct rig_mapping){i, (uint64_t)unit * MODEL_UNIT};
	rig.done[OP_LARGE]++;
}

static void
op_small(void)
{
	uint64_t place = rig_draw(MODEL_UNITS);
	uint64_t at = REGION + (1 + place) * EXO_MEGA_PAGES * EXO_PAGE_SIZE;

	if (large[place].cap >= 0) {
		assert_true(CALL(unmap, at, EXO_MEGA_PAGES, EXO_MEGA) >= 0);
		model.large[large[place].frame / MODEL_UNIT]--;
		large[place].cap = -1;
		rig.done[OP_SMALL]++;
	}
}

static void
op_create(void)
{
	static const uint32_t types[] = {EXO_CAP_TABLE, EXO_CAP_SPACE, EXO_CAP_RING, EXO_CAP_ENV};
	uint32_t type = types[rig_draw(ARRAY_SIZE(types))];
	int i = rig_draw_cap();
	int n = rig_free_cap();
	const struct rig_cap *c = i < 0 ? NULL : &caps[i];
	struct frame_model before = model;
	int64_t result;

	if (n < 0 || !c || c->count != 2 || c->is_object || c->start % 2) {
		return;
	}
	result = CALL(create, type, c->handle, SLOT0 + (uint32_t)n, type == EXO_CAP_RING,
		      type == EXO_CAP_ENV ? EXO_UAREA_BASE : 0);
	if (!model_take(&model, rig_frame(c, 0)) || !model_take(&model, rig_frame(c, 1))) {
		model = before;
		assert_true(result < 0);
		rig.done[OP_REFUSED]++;
	} else if (result < 0) {
		model = before;
		assert_in_set((uintmax_t)-result, ((uintmax_t[]){-E_WHOLE, -E_BOUND, -E_POOL}), 3);
	} else {
		caps[n] =
			(struct rig_cap){(exo_handle)result, i, c->carve, c->start, 2, true, false};
		rig.done[OP_CREATE]++;
	}
}

/* --- transfers ---------------------------------------------------------------------------- */
/* The device reads a block into one page. */
static void
op_pin(void)
{
	int i = rig_draw_cap();
	uint64_t offset = i < 0 ? 0 : rig_draw(caps[i].count < 4 ? caps[i].count : 4);
	uint64_t frame = i < 0 ? 0 : rig_frame(&caps[i], offset);
	struct exo_ring *r = rig.shared;
	uint32_t completions = r->cq_tail;
	int64_t result;

	if (i < 0 || caps[i].is_object || rig.flying == 8) {
		return;
	}
	r->sq[r->sq_tail % EXO_SQ_SIZE].disk = (struct exo_disk_request){
		.cookie = frame,
		.op = EXO_DISK_READ,
		.count = 1,
		.blocks = rig.blocks,
		.frames = caps[i].handle,
		.page = offset,
	};
	r->sq_tail++;
	assert_int_equal(CALL(submit, rig.ring), 1);
	result = r->cq_tail == completions ? 0 : r->cq[completions % EXO_CQ_SIZE].result;
	r->cq_head = r->cq_tail;
	if (result == E_POOL) {
		return;
	}
	if (!model_bind(&model, frame, caps[i].carve)) {
		assert_int_equal(result, E_BUSY);
		rig.done[OP_REFUSED]++;
		return;
	}
	assert_int_equal(result, 0);
	model.frame[frame].pinned++;
	rig.flights[rig.flying++] = (struct rig_mapping){caps[i].is_share ? i : -1, frame};
	rig.done[OP_PIN]++;
}

/* A holder writes into what it has mapped. */
static void
op_write(void)
{
	const struct rig_mapping *p = &places[rig_draw(PLACES)];
	uint64_t *word;

	if (p->cap < 0) {
		return;
	}
	word = calls_page(rig.first + p->frame);
	model.frame[p->frame].text = caps[p->cap].carve | 1ul << 40;
	word[0] = word[511] = model.frame[p->frame].text;
	rig.done[OP_WRITE]++;
}

static void
random_step(void)
{
	static const uint8_t odds[] = {OP_CARVE, OP_CARVE, OP_CARVE,  OP_SHARE, OP_DROP,
				       OP_TRIM,  OP_MAP,   OP_MAP,    OP_MAP,   OP_CODE,
				       OP_UNMAP, OP_UNMAP, OP_CLEAR,  OP_LARGE, OP_DROP,
				       OP_SMALL, OP_PIN,   OP_CREATE, OP_WRITE, OP_WRITE};
	int op = rig_draw(64) ? odds[rig_draw(ARRAY_SIZE(odds))] : OP_WORK;

	switch (op) {
	case OP_CARVE:
	case OP_SHARE:
		return rig_derive(op);
	case OP_DROP:
		return rig_drop();
	case OP_TRIM:
		return rig_trim();
	case OP_MAP:
	case OP_CODE:
		return op_map(op);
	case OP_UNMAP:
		return op_unmap();
	case OP_CLEAR:
		return op_clear();
	case OP_LARGE:
		return op_large();
	case OP_SMALL:
		return op_small();
	case OP_CREATE:
		return op_create();
	case OP_PIN:
		return op_pin();
	case OP_WORK:
		return rig_work();
	default:
		return op_write();
	}
}

static void
test_random(void **state)
{
	uint64_t steps = getenv("LONG") ? 1000000 : 100000;

	(void)state;
	rig.seed = 11;
	for (uint64_t i = 0; i < steps; i++) {
		random_step();
		rig_compare(i);
		if (i % 64 == 0) {
			calls_check();
		}
	}
	/* it says little if something never happened */
	for (int op = 0; op < OPS; op++) {
		if (rig.done[op] < steps / 2000) {
			fail_msg("operation %d succeeded %lu times", op, rig.done[op]);
		}
	}
}

/* --- the invariants themselves ------------------------------------------------------------ */
struct damage {
	const char *broken;
	uint64_t frame; /* of the model */
	size_t offset;
	uint64_t flip;
};
#define DAMAGE(i, field, flip, broken)                                                             \
	{                                                                                          \
		broken, i, offsetof(struct frame, field), flip                                     \
	}

/* Frame 0 and its unit are ready, 512 is mapped once, 514 pinned, 516 and 517 a table, 519 is
 * written. */
static const struct damage damages[] = {
	DAMAGE(0, references, 1, "references are mappings"),
	DAMAGE(512, references, 1, "references are mappings"),
	DAMAGE(512, references, 3, "references are mappings"),
	DAMAGE(3, pins, 1, "pins are transfers"),
	DAMAGE(514, pins, 1, "pins are transfers"),
	DAMAGE(516, kind, FRAME_TABLE ^ FRAME_KERNEL, "objects are whole"),
	DAMAGE(517, kind, FRAME_OBJECT, "objects are whole"),
	DAMAGE(518, kind, FRAME_OBJECT, "objects are whole"),
	DAMAGE(518, kind, FRAME_OBJECT + 1, "objects are whole"),
	DAMAGE(512, kind, FRAME_KERNEL, "only memory is reached"),
	DAMAGE(512, kind, FRAME_LEAF, "only memory is reached"),
	DAMAGE(514, holder, FRAME_HOLDER_LINK, "holder"),
	DAMAGE(514, kind, FRAME_CLEARING, "holder"),
	DAMAGE(514, holder, FRAME_HOLDER_TABLE, "holder"),
	DAMAGE(519, holder, FRAME_HOLDER_TABLE, "a table that came apart is empty"),
	DAMAGE(519, holder, FRAME_HOLDER_ROOT, "a table that came apart is empty"),
	DAMAGE(518, spare, FRAME_CODE, "code has a holder"),
	DAMAGE(1, spare, 1, "a unit is one holder's"),
	DAMAGE(0, spare, 1, "a unit is one holder's"),
	DAMAGE(7, holder, 1, "a unit is one holder's"),
	DAMAGE(511, kind, FRAME_CLEARING, "a unit is one holder's"),
	DAMAGE(511, kind, FRAME_KERNEL, "a unit is one holder's"),
};

static void
map_or_die(int64_t result)
{
	assert_true(result >= 0);
}

static void
plant(void)
{
	exo_handle unit = (exo_handle)CALL(carve, rig.pool, 150, rig.first, MODEL_UNIT, RWX, 0);
	uint64_t page = rig.first + MODEL_UNIT;
	exo_handle frame = (exo_handle)CALL(carve, rig.pool, 151, page, 1, RWX, 0);
	exo_handle table = (exo_handle)CALL(carve, rig.pool, 153, page + 4, 2, RWX, 0);

	map_or_die(CALL(clear, unit, 0, MODEL_UNIT));
	map_or_die(CALL(map, REGION, frame, 0, 1, EXO_READ));
	map_or_die(CALL(create, EXO_CAP_TABLE, table, 154, 0, 0));
	caps[0] = (struct rig_cap){
		.handle = (exo_handle)CALL(carve, rig.pool, 152, page + 2, 1, RWX, 0),
		.start = page + 2,
		.count = 1};
	caps[0].carve = calls_cap(152)->carve;
	*(uint8_t *)arch_ram((page + 7) << PAGE_SHIFT) = 1; /* frame 519 */
	op_pin();
	assert_int_equal(rig.flying, 1);
	assert_null(frame_check(&kernel_get()->tree));
}

static void
flip(const struct damage *d)
{
	uint8_t *at = (uint8_t *)frame_at(&kernel_get()->tree, rig.first + d->frame) + d->offset;

	for (int i = 0; i < 8 && d->flip >> (8 * i); i++) {
		at[i] ^= (uint8_t)(d->flip >> (8 * i));
	}
}

/* Each one is seen to break when it is broken. */
static void
test_damages(void **state)
{
	(void)state;
	plant();
	for (const struct damage *d = damages; d < damages + ARRAY_SIZE(damages); d++) {
		const char *broken;

		flip(d);
		broken = frame_check(&kernel_get()->tree);
		if (!broken || strcmp(broken, d->broken)) {
			fail_msg("frame %lu offset %zu flip 0x%lx: \"%s\" instead of \"%s\"",
				 d->frame, d->offset, d->flip, broken ? broken : "nothing",
				 d->broken);
		}
		flip(d);
		assert_null(frame_check(&kernel_get()->tree));
	}
	rig_work();
	map_or_die(CALL(revoke, rig.pool, 0, 0));
	rig_forget();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damages),
		cmocka_unit_test(test_random),
	};

	rig_set_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
