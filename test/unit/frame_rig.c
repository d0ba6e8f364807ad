/* SPDX-License-Identifier: MIT
 * frame_rig.c: see frame_rig.h: capabilities, and the comparison.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/frame_check.h"
#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "test/fake/board.h"
#include "test/unit/frame_rig.h"

struct frame_model model;
struct rig_cap caps[CAPS];
struct rig_mapping places[PLACES], large[MODEL_UNITS];
struct rig rig;

uint64_t
rig_draw(uint64_t limit)
{
	return rand_below(&rig.seed, limit);
}

/* --- the pool ----------------------------------------------------------------------------- */
/* The model does not know that the frames of a table were left empty: they have no holder. */
static uint64_t
holder_of(const struct frame *f)
{
	return f->holder & FRAME_HOLDER_LINK ? FRAME_HOLDER_NONE : f->holder;
}

void
rig_forget(void)
{
	memset(&model, 0, sizeof(model));
	memset(caps, 0, sizeof(caps));
	memset(places, 0xff, sizeof(places));
	memset(large, 0xff, sizeof(large));
	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		struct frame *f = frame_at(&kernel_get()->tree, rig.first + i);

		if (!(f->holder & FRAME_HOLDER_LINK)) {
			memset(calls_page(rig.first + i), 0xee, EXO_PAGE_SIZE);
		}
		model.frame[i] = (struct model_frame){
			.holder = holder_of(f),
			.is_code = f->spare & FRAME_CODE,
			.text = ~0ul,
		};
		if (i % MODEL_UNIT == 0) {
			model.ready[i / MODEL_UNIT] = frame_groups(f) * MODEL_GROUP;
		}
	}
}

static exo_handle
made(int64_t result)
{
	assert_true(result > 0);
	return (exo_handle)result;
}

void
rig_set_up(void)
{
	const struct exo_boot *boot = calls_boot();
	exo_handle frames = calls_frames();
	uint64_t end = (BOARD_RAM + BOARD_RAM_BYTES) >> EXO_PAGE_SHIFT;
	uint64_t page = calls_cap(EXO_HANDLE_INDEX(frames))->start;
	uint32_t slot = 100;

	page += (page - kernel_get()->tree.base_page) & 1;
	rig.first = end - MODEL_PAGES;
	rig.pool = made(CALL(carve, frames, slot++, rig.first, MODEL_PAGES, RWX, 0));
	for (int level = 1; level >= -1; level--, page += 2) {
		uint32_t type = level < 0 ? EXO_CAP_RING : EXO_CAP_TABLE;

		rig.other = made(CALL(carve, frames, slot++, page, 2, RWX, 0));
		rig.ring = made(CALL(create, type, rig.other, slot++,
				     level < 0 ? EXO_RING_DISK : level, 0));
		assert_true(level < 0 || !CALL(map, REGION, rig.ring, 0, 1, EXO_WRITE));
	}
	rig.shared = calls_page(page - 1);
	rig.other = made(CALL(carve, frames, slot++, page, 1, RWX, 0));
	rig.blocks = boot->blocks[0];
	rig_forget();
}

/* --- capabilities ------------------------------------------------------------------------- */
int
rig_draw_cap(void)
{
	int first = (int)rig_draw(CAPS);

	for (int i = 0; i < CAPS; i++) {
		if (caps[(first + i) % CAPS].handle) {
			return (first + i) % CAPS;
		}
	}
	return -1;
}

int
rig_free_cap(void)
{
	for (int i = 0; i < CAPS; i++) {
		if (!caps[i].handle) {
			return i;
		}
	}
	return -1;
}

uint64_t
rig_frame(const struct rig_cap *c, uint64_t offset)
{
	return c->start + offset - rig.first;
}

/* A unit, half of one, a pair, or a few pages. */
static uint64_t
draw_size(uint64_t *start)
{
	static const uint64_t sizes[] = {1,          2,          2,         4, MODEL_UNIT / 2,
					 MODEL_UNIT, MODEL_UNIT, MODEL_UNIT};
	uint64_t size = sizes[rig_draw(ARRAY_SIZE(sizes))];

	*start = rig.first + rig_draw(MODEL_UNITS) * MODEL_UNIT;
	*start += size == MODEL_UNIT ? 0 : rig_draw(rig_draw(2) ? MODEL_UNIT / size : 4) * size;
	return size;
}

void
rig_derive(enum rig_op op)
{
	int parent = rig_draw(2) || op == OP_SHARE ? rig_draw_cap() : -1;
	const struct rig_cap *p = parent < 0 ? NULL : &caps[parent];
	int i = rig_free_cap();
	uint64_t start;
	uint64_t count = draw_size(&start);
	int64_t handle;

	if (i < 0 || (op == OP_SHARE && (!p || p->is_object))) {
		return;
	}
	if (p && (op == OP_SHARE || rig_draw(2))) {
		start = p->start;
		count = p->count < count || op == OP_SHARE ? p->count : count;
	}
	handle = calls_call(op == OP_SHARE ? EXO_NR_share : EXO_NR_carve,
			    (const uint64_t[7]){p ? p->handle : rig.pool, SLOT0 + (uint32_t)i,
						start, count, RWX, 0});
	if (handle > 0) {
		const struct cap *c = calls_cap(SLOT0 + (uint32_t)i);

		caps[i] = (struct rig_cap){(exo_handle)handle,
					   parent,
					   c->carve,
					   start,
					   count,
					   false,
					   op == OP_SHARE || (p && p->is_share)};
		if (caps[i].is_share) {
			assert_int_equal(c->carve, p->carve);
		}
		rig.done[op]++;
	}
}

static void
forget_bindings(int c)
{
	for (int i = 0; i < PLACES; i++) {
		if (places[i].cap == c) {
			model.frame[places[i].frame].mapped--;
			places[i].cap = -1;
		}
	}
	for (int i = 0; i < MODEL_UNITS; i++) {
		if (large[i].cap == c) {
			model.large[large[i].frame / MODEL_UNIT]--;
			large[i].cap = -1;
		}
	}
}

/* c, its bindings and its children; objects leave their frames. */
static void
forget(int c)
{
	for (int i = 0; i < CAPS; i++) {
		if (caps[i].handle && caps[i].parent == c) {
			forget(i);
		}
	}
	forget_bindings(c);
	for (uint64_t i = 0; caps[c].is_object && i < 2; i++) {
		model_free(&model, rig_frame(&caps[c], i));
	}
	caps[c].handle = 0;
}

/* --- transfers ---------------------------------------------------------------------------- */
/* All of them end. */
void
rig_work(void)
{
	for (uint32_t tag = 0; tag < 64; tag++) {
		board_disk_works(tag);
	}
	calls_settle();
	rig.shared->cq_head = rig.shared->cq_tail;
	for (; rig.flying; rig.flying--) {
		struct model_frame *f = &model.frame[rig.flights[rig.flying - 1].frame];

		f->pinned--;
		f->text = 0;
		rig.done[OP_WORK]++;
	}
}

/* Does a transfer use a share that c is, or that is below it? */
static bool
is_awaited(int c)
{
	for (uint32_t i = 0; i < rig.flying; i++) {
		int share = rig.flights[i].cap;

		while (share >= 0 && share != c) {
			share = caps[share].parent;
		}
		if (share == c) {
			return true;
		}
	}
	return false;
}

/* --- the end of capabilities --------------------------------------------------------------- */
/* The revocation lets what has died come apart. */
void
rig_drop(void)
{
	int c = rig_draw_cap();

	if (c < 0) {
		return;
	}
	if (is_awaited(c)) {
		assert_int_equal(CALL(drop, caps[c].handle, 0, 0), E_BUSY);
		rig.done[OP_AWAITED]++;
		rig_work();
	}
	assert_int_equal(CALL(drop, caps[c].handle, 0, 0), 0);
	forget(c);
	assert_int_equal(CALL(revoke, rig.other, 0, 0), 0);
	rig.done[OP_DROP]++;
}

void
rig_trim(void)
{
	int i = rig_draw_cap();
	struct rig_cap *c = i < 0 ? NULL : &caps[i];
	uint64_t count = c && !c->is_object ? 1 + rig_draw(c->count) : 0;
	uint64_t start = !c ? 0 : rig_draw(2) ? c->start : c->start + c->count - count;

	/* what is carved outside would be revoked: let nothing be carved */
	for (int n = 0; n < CAPS && count; n++) {
		count = caps[n].handle && caps[n].parent == i ? 0 : count;
	}
	if (!count || CALL(drop, c->handle, start, count)) {
		return;
	}
	c->start = start;
	c->count = count;
	model_divide(&model, start - rig.first);
	if (start + count - rig.first < MODEL_PAGES) {
		model_divide(&model, start + count - rig.first);
	}
	rig.done[OP_TRIM]++;
}

/* --- the comparison ----------------------------------------------------------------------- */
void
rig_compare(uint64_t step)
{
	const char *wrong = frame_check(&kernel_get()->tree);

	if (wrong) {
		fail_msg("step %lu: %s", step, wrong);
	}
	for (uint64_t i = 0; i < MODEL_PAGES; i++) {
		const struct frame *f = frame_at(&kernel_get()->tree, rig.first + i);
		const struct model_frame *m = &model.frame[i];
		bool is_first = i % MODEL_UNIT == 0;
		uint32_t references = m->mapped + (is_first ? model.large[i / MODEL_UNIT] : 0);
		uint64_t groups = is_first ? model.ready[i / MODEL_UNIT] / MODEL_GROUP : 0;

		if ((f->kind != FRAME_USER) != m->is_object) {
			fail_msg("step %lu: frame %lu has kind %u", step, i, f->kind);
		}
		if (!m->is_object && (holder_of(f) != m->holder || f->references != references ||
				      f->pins != m->pinned || frame_groups(f) != groups ||
				      !(f->spare & FRAME_CODE) != !m->is_code)) {
			fail_msg("step %lu: frame %lu: holder %lu %lu, references %u %u, pins %u "
				 "%u, groups %u %lu, code %u %u",
				 step, i, f->holder, m->holder, f->references, references, f->pins,
				 m->pinned, frame_groups(f), groups, f->spare & FRAME_CODE,
				 m->is_code);
		}
	}
}
