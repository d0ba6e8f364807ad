/* SPDX-License-Identifier: MIT
 * hostile_s06_pointers.c: S6: an address that a call is given counts only if the program itself
 * could read or write there: else it is E_FAULT, and nothing is read, written or changed.
 *
 * boot: init SMP=1 NET=user
 */
#include <stddef.h>

#include <exo/atom.h>
#include "test/boot/hostile.h"

#define CANARY 0xca9a7ca9a7ca9a7cul

static struct exo_pages page;
static uint64_t end_of_page;    /* nothing is mapped there */
static uint64_t read_only;      /* the same page, for reading */
static exo_handle env, console; /* a stopped one */
static uint64_t spare;          /* free, with a table above */

/* The calls that take an address; each returns 0 or more if it believed it. */
static int64_t
call_inspect(uint64_t address)
{
	return exo_inspect(page.frames, 0, (struct exo_cap_info *)address);
}

static int64_t
call_read(uint64_t address)
{
	return exo_env_read(env, (struct exo_context *)address);
}

static int64_t
call_env_inspect(uint64_t address)
{
	return exo_env_inspect(exo_start()->env, 1, (struct exo_cap_info *)address);
}

static int64_t
call_peek(uint64_t address)
{
	return exo_env_peek(exo_start()->env, (uint64_t)page.memory, (void *)address, 16);
}

static int64_t
call_detail(uint64_t address)
{
	return exo_env_detail(exo_start()->env, exo_boot()->packets[0], 0,
			      (union exo_detail *)address);
}

/* The environment is running: all is read, then it is E_STATE. */
static int64_t
call_poke(uint64_t address)
{
	return exo_env_poke(exo_start()->env, (uint64_t)page.memory, (const void *)address, 16);
}

static int64_t
call_write(uint64_t address)
{
	return exo_env_write(env, (const struct exo_context *)address);
}

static int64_t
call_map(uint64_t address)
{
	int64_t result = exo_map(spare, page.frames, 0, 1, EXO_READ | 1 << EXO_BATCH_SHIFT,
				 (const struct exo_map_entry *)address, EXO_NONE);

	exo_unmap(spare, 1, 0, NULL, EXO_NONE);
	return result;
}

static int64_t
call_unmap(uint64_t address)
{
	return exo_unmap(EXO_VM_END - EXO_PAGE_SIZE, 1, 1ul << EXO_BATCH_SHIFT,
			 (const struct exo_map_entry *)address, EXO_NONE);
}

static int64_t
call_protect(uint64_t address)
{
	return exo_protect(read_only, 1, EXO_READ | 1 << EXO_BATCH_SHIFT,
			   (const struct exo_map_entry *)address, EXO_NONE);
}

static int64_t
call_console_write(uint64_t address)
{
	return exo_console_write(console, (const void *)address, 16);
}

static int64_t
call_console_read(uint64_t address)
{
	return exo_console_read(console, (void *)address, 16);
}

static int64_t
call_filter(uint64_t address)
{
	return exo_share(exo_boot()->packets[0], free_slot(), address, 0, EXO_PACKET_RECEIVE, 0);
}

/* The environment is running: all is read, then it is E_STATE. */
static int64_t
call_launch(uint64_t address)
{
	return exo_env_launch(exo_start()->env, (const struct exo_launch *)address);
}

static const struct {
	int64_t (*call)(uint64_t address);
	uint64_t bytes;
	const char *name;
	bool writes; /* to the address */
} calls[] = {
	{call_inspect, sizeof(struct exo_cap_info), "inspect", true},
	{call_read, sizeof(struct exo_context), "env_read", true},
	{call_env_inspect, sizeof(struct exo_cap_info), "env_inspect", true},
	{call_peek, 16, "env_peek", true},
	{call_detail, sizeof(union exo_detail), "env_detail", true},
	{call_poke, 16, "env_poke", false},
	{call_write, offsetof(struct exo_context, state), "env_write", false},
	{call_launch, sizeof(struct exo_launch), "env_launch", false},
	{call_map, sizeof(struct exo_map_entry), "map", false},
	{call_unmap, sizeof(struct exo_map_entry), "unmap", false},
	{call_protect, sizeof(struct exo_map_entry), "protect", false},
	{call_console_write, 16, "console_write", false},
	{call_console_read, 16, "console_read", true},
	{call_filter, sizeof(struct exo_filter), "share of packets", false},
};

static const uint64_t wild[] = {
	0,
	8,
	0x1000,
	0x80200000,
	0x10000000,
	EXO_USER_END - 8,
	EXO_UAREA_BASE + 0x10000,
	EXO_USER_END,
	EXO_USER_END + 8,
	1ul << 63,
	0x0123456789abcdeful,
	KERNEL_DIRECT,
	KERNEL_DIRECT + 0x200000,
	KERNEL_IMAGE,
	KERNEL_IMAGE + 0x1000,
	KERNEL_STACKS + 0x7f00,
	KERNEL_MMIO,
	~0ul,
	~7ul,
	~0xffful,
};

static void
fill(void)
{
	for (uint32_t i = 0; i < EXO_PAGE_SIZE / 8; i++) {
		((uint64_t *)page.memory)[i] = CANARY;
	}
}

static bool
is_filled(uint64_t bytes)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < bytes / 8; i++) {
		wrong |= ((uint64_t *)page.memory)[i] ^ CANARY;
	}
	return !wrong;
}

/* All addresses where nothing is; those that begin in the page and end behind it. */
static void
check_call(uint32_t i)
{
	uint64_t last = end_of_page - calls[i].bytes;
	uint32_t wrong = 0;

	for (uint32_t k = 0; k < ARRAY_SIZE(wild); k++) {
		int64_t result = calls[i].call(wild[k]);

		if (result != E_FAULT) {
			printf("# 0x%lx: %s\n", (unsigned long)wild[k], exo_error_name(result));
			wrong++;
		}
	}
	tap_is(wrong, 0, calls[i].name);
	wrong = 0;
	fill();
	for (uint64_t address = last + 1; address < end_of_page; address++) {
		wrong += calls[i].call(address) != E_FAULT;
	}
	tap_is(wrong, 0, "nor may it end behind the last page");
	tap_ok(is_filled(EXO_PAGE_SIZE - calls[i].bytes), "nothing in front of it has changed");
	if (calls[i].writes) {
		fill();
		tap_is(calls[i].call(read_only), E_FAULT, "what can only be read is not written");
		tap_ok(is_filled(EXO_PAGE_SIZE), "and has not changed");
	}
}

/* Any alignment will do where the memory is there. */
static void
check_unaligned(void)
{
	struct exo_cap_info *info = page.memory, right;
	uint32_t wrong = 0;

	exo_inspect(page.frames, 0, &right);
	for (uint32_t shift = 0; shift < 8; shift++) {
		fill();
		wrong += exo_inspect(page.frames, 0,
				     (struct exo_cap_info *)((uint64_t)info + 8 + shift)) != 0;
		wrong += memcmp((char *)info + 8 + shift, &right, sizeof(right)) != 0;
		wrong += !is_filled(8);
	}
	tap_is(wrong, 0, "an address without alignment gets the same bytes and no others");
}

static void
check_unaligned_write(void)
{
	struct exo_context context, there;
	uint32_t wrong = 0;

	for (uint32_t shift = 0; shift < 8; shift++) {
		exo_env_read(env, &context);
		for (uint32_t i = 1; i < 32; i++) {
			context.x[i] = CANARY * (32 * shift + i);
		}
		fill();
		memcpy((char *)page.memory + shift, &context, sizeof(context));
		wrong += exo_env_write(env, (void *)((uint64_t)page.memory + shift)) != 0;
		wrong += exo_env_read(env, &there) != 0;
		wrong += memcmp(&there, &context, sizeof(context)) != 0;
	}
	tap_is(wrong, 0, "and is read as what stands there");
}

/* The u-area is the last page that a program can have there. */
static void
check_uarea(void)
{
	uint64_t end = exo_start()->uarea + EXO_PAGE_SIZE;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(calls); i++) {
		wrong += calls[i].call(end - 8) != E_FAULT;
		wrong += calls[i].call(end) != E_FAULT;
	}
	tap_is(wrong, 0, "nor may it cross the end of the u-area");
}

int
main(void)
{
	exo_handle memory;

	tap_plan(3 * ARRAY_SIZE(calls) + 6 * 2 + 3);
	console = exo_start()->console;
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, THREAD_UAREAS, &env, &memory);
	exo_frames_carve(exo_own_frames(), 1, 1, &page.frames);
	exo_vm_reserve(exo_own_vm(), 3, &end_of_page);
	page.memory = (void *)end_of_page;
	end_of_page += EXO_PAGE_SIZE;
	spare = end_of_page + EXO_PAGE_SIZE;
	exo_vm_map_at(exo_own_vm(), (uint64_t)page.memory, page.frames, 0, 1, EXO_READ | EXO_WRITE);
	exo_vm_map(exo_own_vm(), page.frames, 0, 1, EXO_READ, &read_only);
	for (uint32_t i = 0; i < ARRAY_SIZE(calls); i++) {
		check_call(i);
	}
	check_unaligned();
	check_unaligned_write();
	check_uarea();
	return tap_end();
}
