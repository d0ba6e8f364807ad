/* SPDX-License-Identifier: MIT
 * fork.c: make the child, and take it apart; see cow.h.
 *
 *	0                      the parent's table of the first GiB: program, constants, globals
 *	COW_HEAP               nothing yet
 *	EXO_UAREA_BASE         u-area
 *	STACK - 2 pages        exception stack, stack
 *
 * The child runs cow_child first, with everything of the parent's program there but its stack, its
 * start page and its malloc heap.
 */
#include <stddef.h>

#include "lib/cow/cow.h"
#include "lib/exo/call.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

#define GIB        (1ul << 30)
#define STACK      (EXO_UAREA_BASE + 4 * EXO_PAGE_SIZE) /* end; below it is COW_SCRATCH's page */
#define READ_WRITE (EXO_READ | EXO_WRITE)

static const uint32_t types[COW_PARTS] = {
	[COW_STACK_TABLE] = EXO_CAP_TABLE,
	[COW_DIRECTORY] = EXO_CAP_TABLE,
	[COW_SPACE] = EXO_CAP_SPACE,
};

/* A program has one such heap. */
static struct cow_heap *the_heap;

static int
child_fault(struct exo_fault *fault)
{
	int result = cow_fault(the_heap, &the_heap->child, fault);

	if (result != 0) {
		exo_exit((uint64_t)result);
	}
	return 0;
}

static void
child_begin(void (*main)(void *argument), void *argument)
{
	*(uint64_t *)(EXO_UAREA_BASE + EXO_UL_STACK) = STACK - EXO_PAGE_SIZE;
	*(uint64_t *)(EXO_UAREA_BASE + EXO_UL_HANDLER) = (uint64_t)child_fault;
	main(argument);
	__atomic_store_n(&the_heap->child_ended, true, __ATOMIC_RELEASE);
	exo_exit(0);
}

static int64_t
shell_map(const struct cow_heap *heap)
{
	const struct exo_map_entry more[] = {
		{0, heap->low, 0, 1, EXO_WRITE},
		{EXO_UAREA_BASE, heap->part[COW_STACK_TABLE].object, 0, 1, EXO_WRITE},
		{STACK - COW_STACK_PAGES * EXO_PAGE_SIZE, heap->frames, heap->stack,
		 COW_STACK_PAGES, READ_WRITE},
	};

	return exo_map(EXO_UAREA_BASE & ~(GIB - 1), heap->part[COW_DIRECTORY].object, 0, 1,
		       EXO_WRITE | 3ul << EXO_BATCH_SHIFT, more, heap->part[COW_SPACE].object);
}

/* The space of all children, one after the other: with the stacks, nothing of the heap. */
static int64_t
shell_make(struct cow_heap *heap)
{
	int64_t result = 0;

	for (int i = COW_STACK_TABLE; i < COW_PARTS && result >= 0; i++) {
		result = heap->part[i].object == EXO_NONE
				 ? cow_create(&heap->part[i], types[i], i == COW_DIRECTORY, 0)
				 : 0;
	}
	result = result < 0 ? result : shell_map(heap);
	heap->has_shell = result >= 0;
	return result;
}

static int64_t
run_child(const struct cow_heap *heap, void (*main)(void *), void *argument, uint32_t bit)
{
	const struct exo_launch begin = {
		.space = heap->part[COW_SPACE].object,
		.cspace = heap->cspace,
		.supervisor = heap->self,
		.supervisor_bit = bit,
		.exception_entry = (uint64_t)exo_exception_entry,
		.exception_window = (uint64_t)exo_exception_window,
		.pc = (uint64_t)child_begin,
		.sp = STACK,
		.arguments = {(uint64_t)main, (uint64_t)argument},
	};

	return exo_env_launch(heap->part[COW_ENV].object, &begin);
}

/* A new environment in the shell; what both sides see of the heap is nothing at first. */
static int64_t
child_make(struct cow_heap *heap, uint32_t hart)
{
	exo_handle space = heap->part[COW_SPACE].object;
	int64_t result = cow_create(&heap->part[COW_ENV], EXO_CAP_ENV, hart, EXO_UAREA_BASE);

	result = result < 0 ? result
			    : exo_map(EXO_UAREA_BASE, heap->part[COW_ENV].object, 0, 1, READ_WRITE,
				      NULL, space);
	return result < 0 ? result
			  : exo_unmap(COW_HEAP, heap->units * COW_UNIT_PAGES, EXO_MEGA, NULL,
				      EXO_NONE);
}

/* Nothing is there of a child that could not be made, nor of half a shell. */
static void
fork_undo(struct cow_heap *heap)
{
	for (int i = 0; i < (heap->has_shell ? COW_ENV + 1 : COW_PARTS); i++) {
		if (heap->part[i].object != EXO_NONE) {
			exo_drop(heap->part[i].object, 0, 0);
			heap->part[i].object = EXO_NONE;
		}
	}
	heap->has_child = false;
}

int
cow_fork(struct cow_heap *heap, uint32_t hart, void (*main)(void *), void *argument, uint32_t bit)
{
	int64_t result = 0;

	if (heap->has_child) {
		return E_BUSY;
	}
	if (!heap->has_shell) {
		result = shell_make(heap);
	}
	result = result < 0 ? result : child_make(heap, hart);
	if (result >= 0) {
		heap->fork++;
		heap->child_ended = false;
		heap->has_child = true;
		result = run_child(heap, main, argument, bit);
	}
	if (result < 0) {
		fork_undo(heap);
	}
	return result < 0 ? (int)result : 0;
}

/* --- the end ------------------------------------------------------------------------------------
 */
/* The child's tables and copies are free for the next one. */
static void
child_free(struct cow_side *child)
{
	for (int unit = 0; child->owns >> unit; unit++) {
		if (child->owns >> unit & 1) {
			exo_drop(child->own[unit].object, 0, 0);
			child->spare[child->spares++] = child->own[unit];
		}
	}
	child->owns = 0;
	while (child->copies > 0) {
		child->free[child->frees++] = child->copy[--child->copies].frame;
	}
}

/* What the parent has copied is its memory from now on. */
static void
parent_keep(struct cow_heap *heap, struct cow_side *parent)
{
	while (parent->copies > 0) {
		uint32_t page = parent->copy[--parent->copies].page;

		parent->free[parent->frees++] = heap->place[page];
		heap->place[page] = parent->copy[parent->copies].frame;
	}
	for (int unit = 0; parent->owns >> unit; unit++) {
		if (parent->owns >> unit & 1) {
			exo_drop(heap->table[unit].object, 0, 0);
			parent->spare[parent->spares++] = heap->table[unit];
			heap->table[unit] = parent->own[unit];
			heap->has_holes[unit] = true;
			heap->frozen[unit] = 0;
			parent->state[unit] = heap->fork << 2 | COW_SHARED;
		}
	}
	parent->owns = 0;
}

int
cow_join(struct cow_heap *heap)
{
	/* revoke returns when it runs no more; one that has ended touches nothing either */
	int64_t result = __atomic_load_n(&heap->child_ended, __ATOMIC_ACQUIRE)
				 ? exo_drop(heap->part[COW_ENV].object, 0, 0)
				 : exo_revoke(heap->part[COW_ENV].memory, 0, 0);

	result = result < 0 ? result
			    : exo_unmap(COW_HEAP, heap->units * COW_UNIT_PAGES, EXO_MEGA, NULL,
					heap->part[COW_SPACE].object);
	child_free(&heap->child);
	parent_keep(heap, &heap->parent);
	heap->has_child = false;
	return result < 0 ? (int)result : 0;
}

/* --- the parent's faults ------------------------------------------------------------------------
 */
static int
parent_fault(struct exo_fault *fault)
{
	return cow_fault(the_heap, &the_heap->parent, fault);
}

int
cow_register(struct cow_heap *heap)
{
	the_heap = heap;
	return exo_on_exception(parent_fault);
}

/* --- init's own tables --------------------------------------------------------------------------
 */
/* Does the first entry of this TABLE point to another one? In the table of level 0 below it is
 * empty, for nothing stands at address 0. */
static bool
leads_to_zero(exo_handle table)
{
	uint64_t address;
	bool leads;

	if (exo_vm_map(exo_own_vm(), table, 0, 1, EXO_READ, &address) != 0) {
		return false;
	}
	leads = (*(const volatile uint64_t *)address & 0xf) == 1;
	exo_vm_unmap(exo_own_vm(), address, 1);
	return leads;
}

exo_handle
cow_init_low(void)
{
	const struct exo_boot *boot = exo_boot();
	uint64_t generation = boot ? boot->space >> 32 << 32 : 0;
	struct exo_cap_info info;

	for (uint32_t slot = 1; boot && slot < boot->first_free_slot; slot++) {
		exo_handle handle = generation | slot;

		if (exo_inspect(handle, 0, &info) == 0 && info.type == EXO_CAP_TABLE &&
		    leads_to_zero(handle)) {
			return handle;
		}
	}
	return EXO_NONE;
}
