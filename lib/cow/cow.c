/* SPDX-License-Identifier: MIT
 * cow.c: which side sees which frame; see cow.h.
 *
 * State:      struct cow_heap, its two sides. The arrays of frames are the library's own business:
 *             the kernel knows only what is mapped.
 * Invariants: while there is a child, place[] and the contents of the frames it names do not
 * change, and what maps them is read-only or will be before it hangs (frozen). A table that hangs
 *             in two spaces is not changed, the kernel sees to it. After COW_OWN a side's pages are
 *             mapped one by one: copies writable, others read-only.
 * Callers:    the fault handlers of both sides, each in its own environment; they meet in `frozen`.
 */
#include "lib/cow/cow.h"

#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/page_copy.h"
#include "lib/exo/slots.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

#define COW_SCRATCH (EXO_UAREA_BASE + EXO_PAGE_SIZE) /* a page of each side, to copy from */
#define READ_WRITE  (EXO_READ | EXO_WRITE)

enum { FROZEN_NOT, FROZEN_BUSY, FROZEN_DONE };

static uint64_t
address_of(uint64_t page)
{
	return COW_HEAP + page * EXO_PAGE_SIZE;
}

static uint64_t
unit_address(uint64_t unit)
{
	return address_of(unit * COW_UNIT_PAGES);
}

static void
state_set(const struct cow_heap *heap, struct cow_side *side, uint64_t unit, enum cow_state state)
{
	side->state[unit] = heap->fork << 2 | state;
}

int64_t
cow_create(struct cow_table *table, uint32_t type, uint64_t arg0, uint64_t arg1)
{
	int64_t result;
	int tries = 0;

	do {
		result = exo_create(type, table->memory, table->slot, arg0, arg1);
	} while (exo_frames_drain(result, &tries));
	table->object = result < 0 ? EXO_NONE : (exo_handle)result;
	return result;
}

static int64_t
map_frame(const struct cow_heap *heap, uint64_t page, uint32_t frame, uint64_t rights)
{
	return exo_map(address_of(page), heap->frames, frame, 1, rights, NULL, EXO_NONE);
}

static int64_t
hang(const struct cow_table *table, uint64_t unit)
{
	return exo_map(unit_address(unit), table->object, 0, 1, EXO_WRITE, NULL, EXO_NONE);
}

/* --- freezing: nobody writes to the frames that both may see ------------------------------------
 */
static uint64_t
unit_pages(const struct cow_heap *heap, uint64_t unit)
{
	uint64_t left = heap->pages - unit * COW_UNIT_PAGES;

	return left < COW_UNIT_PAGES ? left : COW_UNIT_PAGES;
}

static int64_t
write_protect(const struct cow_heap *heap, uint64_t unit)
{
	uint64_t pages = unit_pages(heap, unit);
	int64_t result;

	if (!heap->has_holes[unit]) {
		return exo_protect(unit_address(unit), pages, EXO_READ, NULL, EXO_NONE);
	}
	for (uint64_t i = 0; i < pages; i++) {
		result = exo_protect(unit_address(unit) + i * EXO_PAGE_SIZE, 1, EXO_READ, NULL,
				     EXO_NONE);
		if (result < 0 && result != E_NOTMAPPED) {
			return result;
		}
	}
	return 0;
}

/* Hangs the table of the heap in this side's space, its pages read-only. The side that comes second
 * waits for the first, because a table that hangs twice cannot be changed. */
static int64_t
hang_frozen(struct cow_heap *heap, uint64_t unit)
{
	uint32_t old = FROZEN_NOT;
	int64_t result;

	while (!__atomic_compare_exchange_n(&heap->frozen[unit], &old, FROZEN_BUSY, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
	       old != FROZEN_DONE) {
		old = FROZEN_NOT;
		exo_yield(EXO_NONE);
	}
	result = hang(&heap->table[unit], unit);
	if (old == FROZEN_NOT) {
		result = result < 0 ? result : write_protect(heap, unit);
		__atomic_store_n(&heap->frozen[unit], result < 0 ? FROZEN_NOT : FROZEN_DONE,
				 __ATOMIC_RELEASE);
	}
	return result;
}

/* --- with a child: both copy --------------------------------------------------------------------
 */
/* A table of this side's own, in the place of the shared one if that hangs here. */
static int64_t
own_table(const struct cow_heap *heap, struct cow_side *side, uint64_t unit)
{
	struct cow_table *own = &side->own[unit];
	int64_t result;
	int tries = 0;

	if (side->spares == 0) {
		return E_NOSPACE;
	}
	*own = side->spare[side->spares - 1];
	result = cow_create(own, EXO_CAP_TABLE, 0, 0);
	if (result < 0) {
		return result;
	}
	side->spares--;
	do { /* again when somebody is revoking something just now */
		result = cow_state(heap, side, unit) == COW_SHARED
				 ? exo_unshare(unit_address(unit), own->object, EXO_NONE, 0)
				 : hang(own, unit);
	} while (exo_frames_drain(result, &tries));
	if (result >= 0) {
		state_set(heap, side, unit, COW_OWN);
		side->owns |= 1ul << unit;
	}
	return result;
}

/* Puts a copy of the page in its place. What is there now is read-only, or nothing. */
static int64_t
copy_page(struct cow_heap *heap, struct cow_side *side, uint64_t page)
{
	uint32_t frame;
	int64_t result;

	if (side->frees == 0) {
		return E_NOSPACE;
	}
	frame = side->free[side->frees - 1];
	if (side->scratch) {
		exo_unmap(COW_SCRATCH, 1, 0, NULL, EXO_NONE);
	}
	result = exo_map(COW_SCRATCH, heap->frames, heap->place[page], 1, EXO_READ, NULL, EXO_NONE);
	side->scratch = result >= 0;
	if (result < 0) {
		return result;
	}
	result = map_frame(heap, page, frame, READ_WRITE);
	if (result == E_MAPPED) {
		exo_unmap(address_of(page), 1, 0, NULL, EXO_NONE);
		result = map_frame(heap, page, frame, READ_WRITE);
	}
	if (result < 0) {
		return result;
	}
	exo_page_copy((void *)address_of(page), (const void *)COW_SCRATCH);
	side->frees--;
	side->copy[side->copies].page = (uint32_t)page;
	side->copy[side->copies++].frame = frame;
	return 0;
}

static int64_t
touch_as_two(struct cow_heap *heap, struct cow_side *side, uint64_t page, bool write)
{
	uint64_t unit = page / COW_UNIT_PAGES;
	int64_t result = 0;

	if (cow_state(heap, side, unit) == COW_NOTHING && !write) {
		result = hang_frozen(heap, unit);
		state_set(heap, side, unit, result < 0 ? COW_NOTHING : COW_SHARED);
		return result;
	}
	if (cow_state(heap, side, unit) != COW_OWN) {
		result = own_table(heap, side, unit);
	}
	if (result < 0) {
		return result;
	}
	return write ? copy_page(heap, side, page)
		     : map_frame(heap, page, heap->place[page], EXO_READ);
}

/* --- without: what is there may be written ------------------------------------------------------
 */
static int64_t
touch_alone(struct cow_heap *heap, struct cow_side *side, uint64_t page)
{
	uint64_t unit = page / COW_UNIT_PAGES;
	int64_t result;

	if (cow_state(heap, side, unit) == COW_NOTHING) {
		result = hang(&heap->table[unit], unit);
		state_set(heap, side, unit, result < 0 ? COW_NOTHING : COW_SHARED);
		return result;
	}
	heap->frozen[unit] = FROZEN_NOT;
	result = exo_protect(address_of(page), 1, READ_WRITE, NULL, EXO_NONE);
	return result == E_NOTMAPPED ? map_frame(heap, page, heap->place[page], READ_WRITE)
				     : result;
}

int
cow_touch(struct cow_heap *heap, struct cow_side *side, uint64_t page, bool write)
{
	int64_t result = heap->has_child ? touch_as_two(heap, side, page, write)
					 : touch_alone(heap, side, page);

	return result < 0 ? (int)result : 0;
}

int
cow_fault(struct cow_heap *heap, struct cow_side *side, const struct exo_fault *fault)
{
	uint64_t page = (fault->tval - COW_HEAP) / EXO_PAGE_SIZE;
	bool write = fault->cause == EXO_CAUSE_STORE_PAGE;

	if ((!write && fault->cause != EXO_CAUSE_LOAD_PAGE) || fault->tval < COW_HEAP ||
	    page >= heap->pages) {
		return E_FAULT;
	}
	return cow_touch(heap, side, page, write);
}

/* --- making it ----------------------------------------------------------------------------------
 */
static int
table_make(struct cow_table *table, uint64_t pages)
{
	int result = exo_frames_carve(exo_own_frames(), pages, pages, &table->memory);
	int64_t slot = result < 0 ? result : exo_slot_take();

	if (slot < 0 && result == 0) {
		exo_frames_release(exo_own_frames(), table->memory);
	}
	*table = (struct cow_table){
		.memory = slot < 0 ? EXO_NONE : table->memory,
		.slot = slot < 0 ? 0 : (uint32_t)slot,
	};
	return slot < 0 ? (int)slot : 0;
}

static void
table_end(struct cow_table *table)
{
	if (table->memory != EXO_NONE) {
		exo_frames_release(exo_own_frames(), table->memory);
		exo_slot_free(table->slot);
	}
	*table = (struct cow_table){.memory = EXO_NONE};
}

/* Spare tables and frames for copies from `first` on. */
static int
side_open(const struct cow_heap *heap, struct cow_side *side, uint64_t first, uint64_t copies)
{
	int result = 0;

	while (side->spares < heap->units && result == 0) {
		result = table_make(&side->spare[side->spares], 2);
		side->spares += result == 0;
	}
	for (side->frees = 0; side->frees < copies; side->frees++) {
		side->free[side->frees] = (uint32_t)(first + side->frees);
	}
	return result;
}

/* Hangs the table of a unit and maps its pages. */
static int64_t
unit_open(struct cow_heap *heap, uint64_t unit)
{
	uint64_t first = unit * COW_UNIT_PAGES;
	int64_t result = table_make(&heap->table[unit], 2);

	result = result < 0 ? result : cow_create(&heap->table[unit], EXO_CAP_TABLE, 0, 0);
	result = result < 0 ? result : hang(&heap->table[unit], unit);
	for (uint64_t i = first; i < first + unit_pages(heap, unit); i++) {
		heap->place[i] = (uint32_t)i;
	}
	state_set(heap, &heap->parent, unit, COW_SHARED);
	return result < 0 ? result
			  : exo_map(unit_address(unit), heap->frames, first, unit_pages(heap, unit),
				    READ_WRITE, NULL, EXO_NONE);
}

/* Has the frames that are mapped only later cleared now. */
static int64_t
frames_clear(const struct cow_heap *heap, uint64_t first, uint64_t count)
{
	uint64_t address;
	int result = exo_vm_map(exo_own_vm(), heap->frames, first, count, READ_WRITE, &address);

	return result < 0 ? result : exo_vm_unmap(exo_own_vm(), address, count);
}

int
cow_open(struct cow_heap *heap, uint64_t pages, uint64_t copies, exo_handle low)
{
	uint64_t more = 2 * copies + COW_STACK_PAGES;
	int64_t result;

	if (pages == 0 || pages > COW_PAGES_MAX || copies > COW_COPIES_MAX) {
		return E_RANGE;
	}
	memset(heap, 0, sizeof(*heap));
	heap->pages = pages;
	heap->stack = pages + 2 * copies;
	heap->low = low;
	heap->self = exo_start()->env;
	heap->cspace = exo_start()->cspace;
	heap->units = (pages + COW_UNIT_PAGES - 1) / COW_UNIT_PAGES;
	result = exo_frames_carve(exo_own_frames(), pages + more, 1, &heap->frames);
	result = result < 0 ? result : frames_clear(heap, pages, more);
	for (uint64_t i = 0; i < heap->units && result >= 0; i++) {
		result = unit_open(heap, i);
	}
	result = result < 0 ? result : side_open(heap, &heap->parent, pages, copies);
	result = result < 0 ? result : side_open(heap, &heap->child, pages + copies, copies);
	for (int i = 0; i < COW_PARTS && result >= 0; i++) {
		result = table_make(&heap->part[i], 2);
	}
	result = result < 0 ? result : cow_register(heap);
	if (result < 0) {
		cow_close(heap);
	}
	return (int)result;
}

static void
side_close(struct cow_side *side)
{
	if (side->scratch) {
		exo_unmap(COW_SCRATCH, 1, 0, NULL, EXO_NONE);
		side->scratch = false;
	}
	while (side->spares > 0) {
		table_end(&side->spare[--side->spares]);
	}
}

void
cow_close(struct cow_heap *heap)
{
	side_close(&heap->parent);
	side_close(&heap->child);
	for (int i = 0; i < COW_PARTS; i++) {
		table_end(&heap->part[i]);
	}
	for (uint64_t i = 0; i < heap->units; i++) {
		table_end(&heap->table[i]);
	}
	if (heap->frames != EXO_NONE) {
		exo_frames_release(exo_own_frames(), heap->frames);
	}
	heap->units = 0;
	heap->frames = EXO_NONE;
}
