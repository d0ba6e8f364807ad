/* SPDX-License-Identifier: MIT
 * spawn.c: build a new environment; see spawn.h.
 *
 * A child is built by the list of steps at the end of this file; each either succeeds or leaves
 * the rest to exo_child_end, which destroys whatever has been carved from the pool. Pages of the
 * child are mapped here only while they are filled, and unmapped before the child maps them:
 * memory that the child executes is writable nowhere.
 *
 *	EXO_UAREA_BASE           u-area
 *	               - 1 page  start page
 *	               - 2 pages system page (read-only), if given
 *	               - 3 pages clock page (read-only), if given
 *	               - 4 pages nothing; the stack ends here
 */
#include "lib/exo/spawn.h"

#include <string.h>

#include "lib/base/checked.h"
#include "lib/base/elf.h"
#include "lib/exo/call.h"
#include "lib/exo/random.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"

#define PAGE_ADDRESS    (EXO_UAREA_BASE - EXO_PAGE_SIZE)
#define SYSINFO_ADDRESS (EXO_UAREA_BASE - 2 * EXO_PAGE_SIZE)
#define CLOCK_ADDRESS   (EXO_UAREA_BASE - 3 * EXO_PAGE_SIZE)
#define STACK_END       (EXO_UAREA_BASE - 4 * EXO_PAGE_SIZE)
#define STACK_PAGES_MAX 16384
#define FIRST_SLOT      1 /* slot 0 of a capability space stays empty */

struct building {
	const struct exo_spawn *what;
	struct exo_child *child;
	struct exo_frames frames; /* the pool */
	struct exo_vm vm;         /* the child's space */
	struct elf elf;
	struct exo_start *page; /* the start page, mapped here while it is filled */
	uint32_t next_slot;     /* of the child */
	uint32_t gifts_given;
};

static int
step_open(struct building *b)
{
	int result = exo_frames_open(&b->frames, b->what->pool);

	b->frames.log = &b->child->log;
	return result < 0 ? result : elf_open(&b->elf, b->what->elf, b->what->elf_bytes);
}

static int
step_env(struct building *b)
{
	uint64_t home = b->what->hart | (uint64_t)b->what->flags << 8;

	return exo_frames_create(&b->frames, EXO_CAP_ENV, home, EXO_UAREA_BASE, &b->child->env,
				 NULL);
}

static int
step_space(struct building *b)
{
	int64_t result = exo_frames_create(&b->frames, EXO_CAP_SPACE, 0, 0, &b->child->space, NULL);

	if (result == 0) {
		exo_vm_open(&b->vm, b->child->space, &b->frames);
		result = exo_bind(EXO_BIND_SPACE, b->child->env, b->child->space, 0);
	}
	return result < 0 ? (int)result : 0;
}

static uint32_t
leaves_of(const struct exo_spawn *what)
{
	return what->slot_leaves ? what->slot_leaves : 1;
}

static int
step_cspace(struct building *b)
{
	exo_handle leaf;
	int64_t result =
		exo_frames_create(&b->frames, EXO_CAP_CSPACE, 0, 0, &b->child->cspace, NULL);

	for (uint32_t i = 0; i < leaves_of(b->what) && result == 0; i++) {
		result = exo_frames_create(&b->frames, EXO_CAP_CSPACE, b->child->cspace, i, &leaf,
					   NULL);
	}
	if (result == 0) {
		result = exo_bind(EXO_BIND_CSPACE, b->child->env, b->child->cspace, 0);
	}
	return result < 0 ? (int)result : 0;
}

/* Copies the file part of a segment into its pages, which are zero. */
static int
segment_copy(const struct building *b, const struct elf_segment *segment, exo_handle frames,
	     uint64_t pages)
{
	uint64_t address;
	int result = exo_vm_map(exo_own_vm(), frames, 0, pages, EXO_READ | EXO_WRITE, &address);

	if (result < 0) {
		return result;
	}
	memcpy((uint8_t *)address + segment->address % EXO_PAGE_SIZE,
	       b->elf.file + segment->file_offset, segment->file_bytes);
	return exo_vm_unmap(exo_own_vm(), address, pages);
}

static uint64_t
segment_rights(const struct elf_segment *segment)
{
	return EXO_READ | (segment->flags & ELF_WRITE ? EXO_WRITE : 0) |
	       (segment->flags & ELF_EXECUTE ? EXO_EXEC : 0);
}

static int
segment_load(struct building *b, const struct elf_segment *segment)
{
	uint64_t start = align_down_u64(segment->address, EXO_PAGE_SIZE);
	uint64_t end = align_up_u64(segment->address + segment->memory_bytes, EXO_PAGE_SIZE);
	uint64_t pages = (end - start) / EXO_PAGE_SIZE;
	exo_handle frames;
	int result = exo_frames_carve(&b->frames, pages, 1, &frames);

	result = result < 0 ? result : segment_copy(b, segment, frames, pages);
	if (result < 0) {
		return result;
	}
	b->page->image_start = b->page->image_start ? b->page->image_start : start;
	b->page->image_end = end;
	return exo_vm_map_at(&b->vm, start, frames, 0, pages, segment_rights(segment));
}

static int
step_image(struct building *b)
{
	struct elf_segment segment;
	int result = 0;

	for (uint32_t i = 0; result == 0 && elf_segment(&b->elf, i, &segment) == 0; i++) {
		result = segment_load(b, &segment);
	}
	exo_fence_i();
	return result;
}

static int
step_stack(struct building *b)
{
	uint64_t pages = b->what->stack_pages ? b->what->stack_pages : EXO_STACK_PAGES;
	exo_handle frames;
	int result =
		pages > STACK_PAGES_MAX ? E_RANGE : exo_frames_carve(&b->frames, pages, 1, &frames);

	if (result < 0) {
		return result;
	}
	b->page->stack_end = STACK_END;
	b->page->stack_start = STACK_END - pages * EXO_PAGE_SIZE;
	return exo_vm_map_at(&b->vm, b->page->stack_start, frames, 0, pages, EXO_READ | EXO_WRITE);
}

static int
step_uarea(struct building *b)
{
	b->page->uarea = EXO_UAREA_BASE;
	return exo_vm_map_at(&b->vm, EXO_UAREA_BASE, b->child->env, 0, 1, EXO_READ | EXO_WRITE);
}

static int
step_page(struct building *b)
{
	exo_handle frames;
	uint64_t address;
	int result = exo_frames_carve(&b->frames, 1, 1, &frames);

	if (result < 0) {
		return result;
	}
	result = exo_vm_map(exo_own_vm(), frames, 0, 1, EXO_READ | EXO_WRITE, &address);
	if (result < 0) {
		return result;
	}
	b->page = (struct exo_start *)address;
	b->page->magic = EXO_START_MAGIC;
	b->page->version = EXO_START_VERSION;
	b->page->env_flags = b->what->flags & EXO_ENV_FP;
	b->page->hart = b->what->hart;
	b->page->timebase_hz = exo_start()->timebase_hz;
	b->page->seed_bytes = exo_start()->seed_bytes;
	exo_random(b->page->seed, EXO_START_SEED);
	return exo_vm_map_at(&b->vm, PAGE_ADDRESS, frames, 0, 1, EXO_READ | EXO_WRITE);
}

/* Appends a string to the page. */
static int
text_put(struct exo_start *page, const char *text)
{
	size_t bytes = strlen(text) + 1;

	if (bytes > EXO_PAGE_SIZE - page->text_end) {
		return E_NOSPACE;
	}
	memcpy((char *)page + page->text_end, text, bytes);
	page->text_end += (uint32_t)bytes;
	return 0;
}

static int
step_text(struct building *b)
{
	struct exo_start *page = b->page;
	int result;

	page->text_end = offsetof(struct exo_start, text);
	page->name = page->text_end;
	page->args = page->text_end;
	page->argc = b->what->arg_count + 1;
	page->value_count = b->what->value_count;
	result = text_put(page, b->what->name);
	for (uint32_t i = 0; i < b->what->arg_count && result == 0; i++) {
		result = text_put(page, b->what->args[i]);
	}
	page->values = page->text_end;
	for (uint32_t i = 0; i < b->what->value_count && result == 0; i++) {
		result = text_put(page, b->what->values[i]);
	}
	return result;
}

/* Moves a capability of the caller into the next slot of the child and notes its handle there. */
static int
handle_give(struct building *b, exo_handle handle, size_t field)
{
	int64_t result = exo_give(b->child->env, handle, b->next_slot);

	if (result < 0) {
		return (int)result;
	}
	exo_slot_free(EXO_HANDLE_INDEX(handle));
	b->next_slot++;
	memcpy((uint8_t *)b->page + field, &(exo_handle){(exo_handle)result}, sizeof(exo_handle));
	return 0;
}

/* Gives the child a share of one of its own objects. */
static int
object_give(struct building *b, exo_handle object, uint64_t rights, size_t field)
{
	int64_t slot = exo_slot_take();
	int64_t result = slot < 0 ? slot : exo_share(object, (uint32_t)slot, 0, 0, rights, 0);

	if (result < 0) {
		if (slot > 0) {
			exo_slot_free((uint32_t)slot);
		}
		return (int)result;
	}
	return handle_give(b, (exo_handle)result, field);
}

static int
step_self(struct building *b)
{
	int result =
		object_give(b, b->child->space, EXO_SPACE_MAP | EXO_SPACE_BIND, EXO_GIFT(space));

	if (result == 0) {
		result = object_give(b, b->child->cspace, EXO_CSPACE_BIND, EXO_GIFT(cspace));
	}
	if (result == 0 && b->what->self_rights) {
		result = object_give(b, b->child->env, b->what->self_rights, EXO_GIFT(env));
	}
	return result;
}

static uint32_t
grants_count(const exo_handle *grants, uint32_t most)
{
	uint32_t count = most;

	while (count > 0 && grants[count - 1] == EXO_NONE) {
		count--;
	}
	return count;
}

static int
gift_give(struct building *b, const struct exo_gift *gift)
{
	int result = 0;

	if (gift->field > EXO_GIFT(code)) {
		return E_INVAL;
	}
	if (gift->field == EXO_GIFT(sysinfo)) {
		b->page->sysinfo_address = SYSINFO_ADDRESS;
		result = exo_vm_map_at(&b->vm, SYSINFO_ADDRESS, gift->handle, 0, 1, EXO_READ);
	} else if (gift->field == EXO_GIFT(clock)) {
		b->page->clock_address = CLOCK_ADDRESS;
		result = exo_vm_map_at(&b->vm, CLOCK_ADDRESS, gift->handle, 0, 1, EXO_READ);
	}
	return result < 0 ? result : handle_give(b, gift->handle, gift->field);
}

static int
step_gifts(struct building *b)
{
	int result = 0;

	while (b->gifts_given < b->what->gift_count) {
		result = gift_give(b, &b->what->gifts[b->gifts_given]);
		if (result < 0) {
			return result;
		}
		b->gifts_given++;
	}
	b->page->block_count = grants_count(b->page->blocks, EXO_START_GRANTS);
	b->page->packet_count = grants_count(b->page->packets, EXO_START_GRANTS);
	b->page->window_count = grants_count(b->page->windows, EXO_START_DEVICES);
	b->page->irq_count = grants_count(b->page->irqs, EXO_START_DEVICES);
	return 0;
}

/* What is left of the pool is the child's own; after this nothing can be carved for it any more. */
static int
step_frames(struct building *b)
{
	uint64_t count = b->frames.end - b->frames.next;
	exo_handle rest;
	uint64_t page;
	int result;

	if (count > 0) {
		result = exo_frames_carve(&b->frames, count, 1, &rest);
		result = result < 0 ? result : handle_give(b, rest, EXO_GIFT(frames));
		if (result < 0) {
			return result;
		}
		b->child->log.count--; /* the slot of `rest` is free again */
	}
	b->page->first_free_slot = b->next_slot;
	b->page->slots = leaves_of(b->what) * EXO_SLOTS_PER_LEAF;
	page = (uint64_t)b->page;
	b->page = NULL;
	return exo_vm_unmap(exo_own_vm(), page, 1);
}

static int
step_registers(struct building *b)
{
	struct exo_context context = {.pc = b->elf.entry};
	int64_t result;

	context.x[2] = STACK_END;
	context.x[10] = PAGE_ADDRESS;
	result = exo_env_write(b->child->env, &context);
	return result < 0 ? (int)result : 0;
}

static int
step_supervisor(struct building *b)
{
	int64_t result = 0;

	if (b->what->supervisor != EXO_NONE) {
		result = exo_env_supervisor(b->child->env, b->what->supervisor,
					    b->what->supervisor_bit);
	}
	return result < 0 ? (int)result : 0;
}

static int
step_start(struct building *b)
{
	int64_t result = b->what->stopped ? 0 : exo_env_start(b->child->env);

	return result < 0 ? (int)result : 0;
}

/* step_frames comes after all that carve, and is the last that writes the start page. */
static const struct {
	const char *name;
	int (*run)(struct building *b);
} steps[] = {
	{"read its ELF file", step_open},
	{"make its environment", step_env},
	{"make its address space", step_space},
	{"make its capability space", step_cspace},
	{"make its start page", step_page},
	{"write its arguments", step_text},
	{"load its program", step_image},
	{"make its stack", step_stack},
	{"map its u-area", step_uarea},
	{"give it itself", step_self},
	{"give it its capabilities", step_gifts},
	{"give it its free memory", step_frames},
	{"set its registers", step_registers},
	{"name its supervisor", step_supervisor},
	{"start it", step_start},
};

static void
spawn_undo(struct building *b)
{
	if (b->page) {
		exo_vm_unmap(exo_own_vm(), (uint64_t)b->page, 1);
	}
	for (uint32_t i = b->gifts_given; i < b->what->gift_count; i++) {
		exo_slot_drop(b->what->gifts[i].handle);
	}
	exo_child_end(b->child);
}

int
exo_spawn(const struct exo_spawn *what, struct exo_child *child)
{
	struct building b = {.what = what, .child = child, .next_slot = FIRST_SLOT};

	*child = (struct exo_child){.pool = what->pool};
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int result = steps[i].run(&b);

		if (result < 0) {
			spawn_undo(&b);
			child->step = steps[i].name;
			return result;
		}
	}
	return 0;
}

int
exo_child_end(struct exo_child *child)
{
	int64_t result = exo_revoke(child->pool, 0, 0);

	if (result < 0) {
		return (int)result;
	}
	while (child->log.count > 0) {
		exo_slot_free(child->log.slots[--child->log.count]);
	}
	return 0;
}
