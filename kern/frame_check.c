/* SPDX-License-Identifier: MIT
 * frame_check.c: the invariants of the frame table, by name.
 *
 * What the table counts is held against what there is: every slot of every leaf with its list of
 * bindings, every ring with its transfers. There is no memory for a second table, so what is found
 * is taken off the counters, none may have any left, and then it is put back. State: none.
 * Callers: paranoid_check() and host tests, tree lock held.
 */
#include "kern/frame_check.h"
#include "kern/ring.h"
#include "kern/table.h"
#include "lib/base/checked.h"

struct rule {
	const char *name;
	bool (*holds)(const struct captree *t, uint64_t page, const struct frame *f);
};

static bool
is_pair(const struct frame *f)
{
	return f->kind == FRAME_ENV || f->kind == FRAME_SPACE || f->kind == FRAME_TABLE ||
	       f->kind == FRAME_RING;
}

/* --- what there is ------------------------------------------------------------------------ */
/* The frame that the binding counts in, NULL if it is none of memory. */
static struct frame *
frame_of_binding(const struct captree *t, uint32_t id)
{
	const struct frame *table;
	uint64_t entry;

	if (id & BIND_OBJECT) {
		return NULL;
	}
	table = &t->frames[(uint64_t)(id >> 9) * 2];
	entry = *bind_pte(t, id);
	if (pte_is_table(entry) && (table->kind != FRAME_TABLE || TABLE_LEVEL(table))) {
		return NULL;
	}
	return entry & PTE_V ? table_frame(t, entry) : NULL;
}

/* Takes the bindings of the slots in `leaf` off, or puts them back. */
static void
count_leaf(const struct captree *t, const struct cap *leaf, uint32_t add)
{
	for (const struct cap *c = leaf; c < leaf + EXO_SLOTS_PER_LEAF; c++) {
		uint32_t id = cap_type(c) ? c->bindings : 0;

		for (; id; id = bind_at(t, id)->next & ~BIND_WRITABLE) {
			struct frame *f = frame_of_binding(t, id);

			if (f) {
				f->references += add;
			}
		}
	}
}

/* What is received has no requests: the handler stands in their place. */
static void
count_ring(const struct captree *t, const struct ring *r, uint16_t add)
{
	uint32_t count = r->kind == EXO_RING_RECEIVE ? 0 : EXO_SQ_SIZE * EXO_SEGMENTS;

	for (uint32_t i = 0; i < count; i++) {
		const struct ring_request *q = &r->request[i / EXO_SEGMENTS];
		uint64_t page = q->pinned[i % EXO_SEGMENTS].page;

		for (uint32_t n = q->pinned[i % EXO_SEGMENTS].pages; n; n--) {
			frame_at(t, page + n - 1)->pins += add;
		}
	}
}

static void
count(const struct captree *t, bool back)
{
	for (uint64_t i = 0; i < t->pages; i++) {
		const void *memory = t->base + i * PAGE_SIZE;

		if (t->frames[i].kind == FRAME_LEAF) {
			count_leaf(t, memory, back ? 1 : ~0u);
		} else if (t->frames[i].kind == FRAME_RING) {
			count_ring(t, memory, back ? 1 : 0xffff);
		}
	}
}

/* --- rules while it is taken off ---------------------------------------------------------- */
static bool
references_hold(const struct captree *t, uint64_t page, const struct frame *f)
{
	(void)t;
	(void)page;
	return !f->references;
}

static bool
is_table(const struct frame *f)
{
	return f->kind == FRAME_SPACE || f->kind == FRAME_TABLE;
}

/* Of a page table the second frame counts valid entries there, the first one says where some are.
 */
static bool
pins_hold(const struct captree *t, uint64_t page, const struct frame *f)
{
	bool is_count = f->kind == FRAME_OBJECT && page > t->base_page && is_table(f - 1);

	return is_count || is_table(f) || !f->pins;
}

/* --- rules -------------------------------------------------------------------------------- */
static bool
objects_hold(const struct captree *t, uint64_t page, const struct frame *f)
{
	bool odd = (page - t->base_page) & 1;

	if (is_pair(f)) {
		return !odd && page + 1 - t->base_page < t->pages && f[1].kind == FRAME_OBJECT;
	}
	return f->kind <= FRAME_OBJECT && (f->kind != FRAME_OBJECT || (odd && is_pair(f - 1)));
}

/* Mapped are memory, tables to look at, u-areas and ring pages. */
static bool
reach_holds(const struct captree *t, uint64_t page, const struct frame *f)
{
	bool is_shown = f->kind == FRAME_OBJECT && page > t->base_page &&
			(f[-1].kind == FRAME_ENV || f[-1].kind == FRAME_RING);

	return !f->references || f->kind == FRAME_USER || f->kind == FRAME_TABLE || is_shown;
}

/* Had a page table there, which came apart? */
static bool
is_emptied(const struct frame *f)
{
	return f->holder == FRAME_HOLDER_TABLE || f->holder == FRAME_HOLDER_ROOT;
}

static bool
holder_holds(const struct captree *t, uint64_t page, const struct frame *f)
{
	(void)page;
	if (f->kind == FRAME_CLEARING) {
		return f->holder == FRAME_HOLDER_NONE && !f->references && !f->pins;
	}
	if (f->kind != FRAME_USER) {
		return true;
	}
	return f->holder && !is_emptied(f) ? f->holder < t->next_carve : !(f->references | f->pins);
}

/* The user's entries. */
static bool
emptied_holds(const struct captree *t, uint64_t page, const struct frame *f)
{
	const uint64_t *entry = (const uint64_t *)(t->base + (page - t->base_page) * PAGE_SIZE);
	uint64_t n = f->holder == FRAME_HOLDER_ROOT ? TABLE_ENTRIES / 2 : TABLE_ENTRIES;

	for (uint64_t i = 0; f->kind == FRAME_USER && is_emptied(f) && i < n; i++) {
		if (entry[i]) {
			return false;
		}
	}
	return true;
}

static bool
code_holds(const struct captree *t, uint64_t page, const struct frame *f)
{
	(void)t;
	(void)page;
	return f->kind != FRAME_USER || !(f->spare & FRAME_CODE) || f->holder;
}

static bool
unit_holds(const struct captree *t, uint64_t page, const struct frame *f)
{
	uint64_t pages = frame_groups(f) * FRAME_GROUP_PAGES;

	(void)t;
	if (f->kind != FRAME_USER || !pages) {
		return true;
	}
	if (page & (FRAME_UNIT_PAGES - 1) || pages > FRAME_UNIT_PAGES) {
		return false;
	}
	for (uint64_t i = 0; i < pages; i++) {
		if (f[i].kind != FRAME_USER || f[i].holder != f->holder) {
			return false;
		}
	}
	return true;
}

static const struct rule counts[] = {
	{"references are mappings", references_hold},
	{"pins are transfers", pins_hold},
};
static const struct rule rules[] = {
	{"objects are whole", objects_hold},
	{"only memory is reached", reach_holds},
	{"holder", holder_holds},
	{"a table that came apart is empty", emptied_holds},
	{"code has a holder", code_holds},
	{"a unit is one holder's", unit_holds},
};

/* All rules hold for memory that is in no use: most of it, so this keeps the check short. */
static bool
is_plain(const struct captree *t, const struct frame *f)
{
	return f->kind == FRAME_USER && !f->references && !f->pins && !f->spare &&
	       f->holder < t->next_carve;
}

static const char *
broken(const struct captree *t, const struct rule *first, size_t n)
{
	for (uint64_t i = 0; i < t->pages; i++) {
		const struct frame *f = &t->frames[i];

		for (const struct rule *r = first; r < first + n && !is_plain(t, f); r++) {
			if (!r->holds(t, t->base_page + i, f)) {
				return r->name;
			}
		}
	}
	return NULL;
}

const char *
frame_check(struct captree *t)
{
	const char *wrong = broken(t, rules, ARRAY_SIZE(rules));

	if (!wrong) {
		count(t, false);
		wrong = broken(t, counts, ARRAY_SIZE(counts));
		count(t, true);
	}
	return wrong;
}
