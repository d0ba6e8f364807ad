/* SPDX-License-Identifier: MIT
 * frame.c: the frame table: what each page of RAM is, who bound it last, and whether a device
 * still writes to it.
 *
 * State:      the table t->frames, one entry for each page from the RAM base on; no globals.
 * Invariants: a frame that is pinned, or whose kind is not FRAME_USER, neither becomes an object
 * nor changes its holder; counters never wrap: what would overflow is refused before anything has
 * changed. Callers:    system calls and drivers, with the tree lock held. Pure: builds on the host.
 */
#include "kern/frame.h"
#include "kern/cap.h"
#include "kern/panic.h"
#include "lib/base/checked.h"

bool
frame_range_ok(const struct captree *t, uint64_t page, uint64_t count)
{
	return page >= t->base_page && range_within(page - t->base_page, count, t->pages);
}

void
frame_divide(struct captree *t, uint64_t page)
{
	if (page & (FRAME_UNIT_PAGES - 1)) {
		frame_mix(t, page);
	}
}

void
frame_mark_code(struct captree *t, uint64_t page, uint64_t count, uint64_t holder)
{
	struct frame *first = frame_at(t, page);

	for (struct frame *f = first; f < first + count; f++) {
		if (f->kind == FRAME_USER && f->holder == holder) {
			f->spare |= FRAME_CODE;
		}
	}
}

uint64_t
frame_code_run(const struct frame *first, uint64_t count)
{
	uint64_t n = 0;

	while (n < count && first[n].spare & FRAME_CODE) {
		n++;
	}
	return n;
}

int
frame_pin(struct captree *t, uint64_t page, uint64_t count)
{
	struct frame *first = frame_at(t, page);

	for (struct frame *f = first; f < first + count; f++) {
		if (f->pins >= FRAME_PINS_MAX) {
			frame_unpin(t, page, (uint64_t)(f - first));
			return E_LIMIT;
		}
		f->pins++;
	}
	return 0;
}

void
frame_unpin(struct captree *t, uint64_t page, uint64_t count)
{
	struct frame *first = frame_at(t, page);

	for (struct frame *f = first; f < first + count; f++) {
		if (!f->pins) {
			panic("frame: unpinned more often than pinned");
		}
		f->pins--;
	}
}

void
frame_set(struct captree *t, uint64_t page, uint64_t count, enum frame_kind kind, uint64_t holder)
{
	struct frame *f = frame_at(t, page);
	const struct frame *end = f + count;

	for (uint64_t at = page; at < page + count; at = (at | (FRAME_UNIT_PAGES - 1)) + 1) {
		frame_mix(t, at);
	}
	for (; f < end; f++) {
		f->kind = (uint8_t)kind;
		f->holder = holder;
		f->spare = 0;
	}
}
