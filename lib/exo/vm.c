/* SPDX-License-Identifier: MIT
 * vm.c: see vm.h.
 *
 * A mapping is made in chunks that do not cross a 2 MiB line: so E_NOTABLE means that one level-0
 * table is missing and nothing of the chunk is mapped yet, and the chunk can be tried again after
 * the table is hung. (Privileged specification, Sv39: a level-0 table covers 2 MiB, a level-1
 * table 1 GiB; the root belongs to the SPACE.)
 */
#include "lib/exo/vm.h"

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/lock.h"

#define LEVEL0_BYTES (1ul << 21)
#define LEVEL1_BYTES (1ul << 30)

static struct exo_vm own_vm;

struct exo_vm *
exo_own_vm(void)
{
	return &own_vm;
}

void
exo_vm_open(struct exo_vm *vm, exo_handle space, struct exo_frames *frames)
{
	vm->space = space;
	vm->frames = frames;
	exo_areas_open(&vm->areas, EXO_VM_START >> EXO_PAGE_SHIFT, EXO_VM_END >> EXO_PAGE_SHIFT);
}

static int64_t
table_hang(const struct exo_vm *vm, uint64_t address, exo_handle table, uint64_t covers)
{
	return exo_map(align_down_u64(address, covers), table, 0, 1, EXO_WRITE, NULL, vm->space);
}

/* Makes the level-1 table over `address`. */
static int
directory_make(struct exo_vm *vm, uint64_t address)
{
	exo_handle table;
	exo_handle memory;
	int64_t result = exo_frames_create(vm->frames, EXO_CAP_TABLE, 1, 0, &table, &memory);

	if (result < 0) {
		return (int)result;
	}
	result = table_hang(vm, address, table, LEVEL1_BYTES);
	if (result < 0) {
		exo_frames_destroy(vm->frames, table, memory);
	}
	return result < 0 ? (int)result : 0;
}

/* Makes the level-0 table over `address`, and the level-1 table above it if that is missing too. */
static int
table_make(struct exo_vm *vm, uint64_t address)
{
	exo_handle table;
	exo_handle memory;
	int64_t result = exo_frames_create(vm->frames, EXO_CAP_TABLE, 0, 0, &table, &memory);

	if (result < 0) {
		return (int)result;
	}
	result = table_hang(vm, address, table, LEVEL0_BYTES);
	if (result == E_NOTABLE) {
		result = directory_make(vm, address);
		result = result < 0 ? result : table_hang(vm, address, table, LEVEL0_BYTES);
	}
	if (result < 0) {
		exo_frames_destroy(vm->frames, table, memory);
	}
	return result < 0 ? (int)result : 0;
}

/* Maps page by page, waiting for each that still drains. A call that ended with E_BUSY has mapped
 * the pages before the refused one: they are skipped. */
static int
chunk_map_draining(struct exo_vm *vm, uint64_t address, exo_handle handle, uint64_t offset,
		   uint64_t count, uint64_t rights)
{
	bool is_ours = true;

	for (uint64_t i = 0; i < count; i++) {
		int tries = 0;
		int64_t result;

		do {
			result = exo_map(address + i * EXO_PAGE_SIZE, handle, offset + i, 1, rights,
					 NULL, vm->space);
		} while (exo_frames_drain(result, &tries));
		is_ours = is_ours && result == E_MAPPED;
		if (result < 0 && !is_ours) {
			return (int)result;
		}
	}
	return 0;
}

/* Maps where a table is missing, unless another thread has just made it. */
static int64_t
chunk_map_new(struct exo_vm *vm, uint64_t address, exo_handle handle, uint64_t offset,
	      uint64_t count, uint64_t rights)
{
	int64_t result;

	exo_library_lock();
	result = exo_map(address, handle, offset, count, rights, NULL, vm->space);
	if (result == E_NOTABLE) {
		result = table_make(vm, address);
		result = result < 0
				 ? result
				 : exo_map(address, handle, offset, count, rights, NULL, vm->space);
	}
	exo_library_unlock();
	return result;
}

/* Maps pages of one 2 MiB unit. */
static int
chunk_map(struct exo_vm *vm, uint64_t address, exo_handle handle, uint64_t offset, uint64_t count,
	  uint64_t rights)
{
	int64_t result = exo_map(address, handle, offset, count, rights, NULL, vm->space);

	if (result == E_NOTABLE) {
		result = chunk_map_new(vm, address, handle, offset, count, rights);
	}
	if (result == E_BUSY) {
		result = chunk_map_draining(vm, address, handle, offset, count, rights);
	}
	return result < 0 ? (int)result : 0;
}

int
exo_vm_map_at(struct exo_vm *vm, uint64_t address, exo_handle handle, uint64_t offset,
	      uint64_t count, uint64_t rights)
{
	uint64_t done = 0;

	while (done < count) {
		uint64_t at = address + done * EXO_PAGE_SIZE;
		uint64_t room = (LEVEL0_BYTES - at % LEVEL0_BYTES) / EXO_PAGE_SIZE;
		uint64_t pages = count - done < room ? count - done : room;
		int result = chunk_map(vm, at, handle, offset + done, pages, rights);

		if (result < 0) {
			exo_unmap(address, done, 0, NULL, vm->space);
			return result;
		}
		done += pages;
	}
	return 0;
}

int
exo_vm_reserve(struct exo_vm *vm, uint64_t count, uint64_t *address)
{
	uint64_t page;
	int result;

	exo_library_lock();
	result = exo_areas_take(&vm->areas, count, &page);
	exo_library_unlock();
	if (result == 0) {
		*address = page << EXO_PAGE_SHIFT;
	}
	return result;
}

static int
areas_leave(struct exo_vm *vm, uint64_t address, uint64_t count)
{
	int result;

	exo_library_lock();
	result = exo_areas_free(&vm->areas, address >> EXO_PAGE_SHIFT, count);
	exo_library_unlock();
	return result;
}

int
exo_vm_map(struct exo_vm *vm, exo_handle handle, uint64_t offset, uint64_t count, uint64_t rights,
	   uint64_t *address)
{
	uint64_t at = 0;
	int result = exo_vm_reserve(vm, count, &at);

	if (result < 0) {
		return result;
	}
	result = exo_vm_map_at(vm, at, handle, offset, count, rights);
	if (result < 0) {
		exo_unmap(at, count, 0, NULL, vm->space);
		areas_leave(vm, at, count);
		return result;
	}
	*address = at;
	return 0;
}

int
exo_vm_unmap(struct exo_vm *vm, uint64_t address, uint64_t count)
{
	int64_t result = exo_unmap(address, count, 0, NULL, vm->space);

	if (result < 0) {
		return (int)result;
	}
	return areas_leave(vm, address, count);
}

int
exo_pages_make(struct exo_pages *pages, uint64_t count)
{
	exo_handle frames;
	uint64_t address;
	int result = exo_frames_carve(exo_own_frames(), count, 1, &frames);

	if (result < 0) {
		return result;
	}
	result = exo_vm_map(exo_own_vm(), frames, 0, count, EXO_READ | EXO_WRITE, &address);
	if (result < 0) {
		exo_frames_release(exo_own_frames(), frames);
		return result;
	}
	*pages = (struct exo_pages){frames, (void *)address, count};
	return 0;
}

int
exo_pages_end(struct exo_pages *pages)
{
	int result = exo_vm_unmap(exo_own_vm(), (uint64_t)pages->memory, pages->count);

	return result < 0 ? result : exo_frames_release(exo_own_frames(), pages->frames);
}

int
exo_stack_make(struct exo_pages *stack, uint64_t count)
{
	exo_handle frames;
	uint64_t guard = 0;
	int result = exo_frames_carve(exo_own_frames(), count, 1, &frames);

	if (result < 0) {
		return result;
	}
	result = exo_vm_reserve(exo_own_vm(), count + 1, &guard);
	if (result < 0) {
		exo_frames_release(exo_own_frames(), frames);
		return result;
	}
	*stack = (struct exo_pages){frames, (void *)(guard + EXO_PAGE_SIZE), count};
	result = exo_vm_map_at(exo_own_vm(), guard + EXO_PAGE_SIZE, frames, 0, count,
			       EXO_READ | EXO_WRITE);
	if (result < 0) {
		exo_stack_end(stack);
	}
	return result;
}

int
exo_stack_end(struct exo_pages *stack)
{
	uint64_t start = (uint64_t)stack->memory;
	int64_t result = exo_unmap(start, stack->count, 0, NULL, EXO_NONE);

	areas_leave(exo_own_vm(), start - EXO_PAGE_SIZE, stack->count + 1);
	return result < 0 ? (int)result : exo_frames_release(exo_own_frames(), stack->frames);
}
