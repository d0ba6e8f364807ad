/* SPDX-License-Identifier: MIT
 * exo_spawn.c: build children from the program's own ELF file, let them end in every way, and
 * take everything back.
 *
 * The initrd holds this file as `init`; a child is told by its first argument what to do.
 *
 * boot: init SMP=3
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cpio.h"
#include "lib/exo/events.h"
#include "lib/exo/slots.h"
#include "lib/exo/spawn.h"
#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define POOL_PAGES 200
#define CHILD_BIT  7
#define SECONDS    EXO_NS_PER_S

static struct {
	const void *elf;
	size_t bytes;
	exo_handle pool;
	uint32_t spawned; /* children take turns on the harts */
} self;

static char *memory; /* of the child */

static int
child_checks_itself(int argc, char **argv)
{
	const struct exo_start *start = exo_start();
	const char *site = exo_start_value("site");
	exo_handle page;

	if (argc != 3 || strcmp(argv[0], "child") || strcmp(argv[2], "second word")) {
		return 2;
	}
	if (!site || strcmp(site, "a=b") || exo_start_value("sit") || !exo_start_value("empty")) {
		return 3;
	}
	memory = malloc(50000);
	if (!memory || !memset(memory, 1, 50000) || start->frames == EXO_NONE) {
		return 4;
	}
	if (start->env != EXO_NONE || start->block_count || exo_boot()) {
		return 5;
	}
	if (!exo_sysinfo() || exo_sysinfo()->magic != EXO_SYSINFO_MAGIC) {
		return 6;
	}
	for (int i = 0; i < 200; i++) {
		exo_slot_take();
	}
	if (exo_frames_carve(exo_own_frames(), 1, 1, &page) || EXO_HANDLE_INDEX(page) < 200) {
		return 7;
	}
	exo_pause(1000000);
	printf("# a line of the child\n");
	return 42;
}

static int
not_mine(struct exo_fault *fault)
{
	return fault->cause != 0;
}

static int
also_faults(struct exo_fault *fault)
{
	return *(volatile int *)(0x456000 + 0 * fault->pc);
}

static __attribute__((noinline)) int
child_overflows(void)
{
	volatile char deep[EXO_STACK_PAGES * EXO_PAGE_SIZE];

	deep[0] = 1;
	return deep[0];
}

static int
child_main(int argc, char **argv)
{
	if (!strcmp(argv[1], "check")) {
		return child_checks_itself(argc, argv);
	}
	if (!strcmp(argv[1], "load")) {
		return *(volatile int *)0x123000;
	}
	if (!strcmp(argv[1], "declined") && exo_on_exception(not_mine) == 0) {
		return *(volatile int *)0x234000;
	}
	if (!strcmp(argv[1], "nested") && exo_on_exception(also_faults) == 0) {
		return *(volatile int *)0x234000;
	}
	if (!strcmp(argv[1], "text")) {
		*(volatile int *)(uintptr_t)child_main = 0;
	}
	if (!strcmp(argv[1], "overflow")) {
		return child_overflows();
	}
	while (!strcmp(argv[1], "spin")) {
	}
	return 1;
}

static int
self_find(void)
{
	const struct exo_boot *boot = exo_boot();
	uint64_t bytes = boot->initrd_offset + boot->initrd_bytes;
	uint64_t pages = (bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE;
	uint64_t address;
	struct cpio_entry file;
	int result = exo_vm_map(exo_own_vm(), boot->initrd, 0, pages, EXO_READ, &address);

	if (result == 0) {
		result = cpio_find((const uint8_t *)address + boot->initrd_offset,
				   boot->initrd_bytes, "init", &file);
	}
	if (result == 0) {
		self.elf = file.data;
		self.bytes = file.bytes;
	}
	return result;
}

static exo_handle
shared(exo_handle handle, uint64_t start, uint64_t count, uint64_t rights)
{
	int64_t result = exo_share(handle, (uint32_t)exo_slot_take(), start, count, rights, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

/* Spawns a child that does `what` in the pool. */
static int
spawn(const char *what, size_t elf_bytes, exo_handle pool, struct exo_child *child)
{
	struct exo_cap_info info = {.start = 0};
	const char *const args[] = {what, "second word"};
	const char *const values[] = {"other=1", "site=a=b", "empty="};
	struct exo_gift gifts[2];
	struct exo_spawn spawn = {
		.name = "child",
		.elf = self.elf,
		.elf_bytes = elf_bytes,
		.pool = pool,
		.hart = self.spawned++ % exo_sysinfo()->harts,
		.flags = EXO_ENV_FP,
		.args = args,
		.arg_count = 2,
		.values = values,
		.value_count = 3,
		.gifts = gifts,
		.gift_count = 2,
		.supervisor = exo_start()->env,
		.supervisor_bit = CHILD_BIT,
	};

	exo_inspect(exo_start()->sysinfo, 0, &info);
	gifts[0] =
		(struct exo_gift){shared(exo_start()->console, 0, 0, EXO_WRITE), EXO_GIFT(console)};
	gifts[1] = (struct exo_gift){
		shared(exo_start()->sysinfo, info.start, info.count, EXO_READ),
		EXO_GIFT(sysinfo),
	};
	return exo_spawn(&spawn, child);
}

/* Spawns, waits for the end and reads the record. */
static struct exo_context
end_of(const char *what, struct exo_child *child)
{
	struct exo_context context = {.state = EXO_STATE_READY};
	int result = spawn(what, self.bytes, self.pool, child);

	if (result < 0) {
		printf("# spawn: %s: could not %s\n", exo_error_name(result), child->step);
		return context;
	}
	if (exo_wait(EXO_EVENT(CHILD_BIT), 5 * SECONDS)) {
		exo_env_read(child->env, &context);
	}
	return context;
}

static bool
died(const char *what, enum exo_death kind, uint64_t cause, uint64_t tval)
{
	struct exo_child child;
	struct exo_context end = end_of(what, &child);
	uint32_t state = kind == EXO_DEATH_FAULT ? EXO_STATE_FAULTED : EXO_STATE_DEAD;
	bool is_right = end.state == state && end.death.kind == kind &&
			end.death.cause == cause && (tval == 0 || end.death.tval == tval);

	if (!is_right) {
		printf("# state %u kind %lu cause %lu pc %#lx tval %#lx\n", end.state,
		       end.death.kind, end.death.cause, end.death.pc, end.death.tval);
	}
	return exo_child_end(&child) == 0 && is_right;
}

static void
check_ends(void)
{
	tap_ok(died("check", EXO_DEATH_EXIT, 42, 0), "a child finds what it was given and exits");
	tap_ok(died("load", EXO_DEATH_FAULT, 13, 0x123000), "a wild load is a fault");
	tap_ok(died("text", EXO_DEATH_FAULT, 15, (uint64_t)child_main),
	       "a store to text is a fault");
	tap_ok(died("declined", EXO_DEATH_FAULT, 13, 0x234000),
	       "a fault that the handler declines is told as it was");
	tap_ok(died("nested", EXO_DEATH_FAULT, 13, 0x456000), "a fault of the handler is a fault");
	tap_ok(died("overflow", EXO_DEATH_FAULT, 15, 0), "a stack overflow is a fault");
}

static void
check_kill(void)
{
	struct exo_child child;
	struct exo_context context;
	exo_handle env;

	tap_is(spawn("spin", self.bytes, self.pool, &child), 0, "a child spins");
	env = child.env;
	exo_pause(50000000);
	tap_is(exo_env_stop(env), 0, "it is stopped");
	tap_is(exo_env_read(env, &context), 0, "and looked at");
	tap_ok(context.pc >= 0x10000 && context.pc < 0x100000, "its pc is in its program");
	tap_is(exo_env_start(env), 0, "it goes on");
	tap_is(exo_child_end(&child), 0, "it is ended");
	tap_is(exo_env_stop(env), E_HANDLE, "its handle is stale");
	exo_wait(EXO_EVENT(CHILD_BIT), 0);
}

static void
check_refusals(void)
{
	struct exo_child child;
	exo_handle small;
	int result;

	result = spawn("check", 5000, self.pool, &child);
	tap_ok(result == E_TRUNCATED && child.step,
	       "the start of a program is refused: %s, could not %s", exo_error_name(result),
	       child.step);
	for (uint64_t pages = 1; pages <= 16; pages *= 2) {
		exo_frames_carve(exo_own_frames(), pages, 1, &small);
		result = spawn("check", self.bytes, small, &child);
		tap_ok(result == E_NOSPACE, "a pool of %d pages is too small: could not %s",
		       (int)pages, child.step);
		exo_slot_drop(small);
	}
}

/* The lowest free slot and the free memory tell whether something leaks. */
static void
check_leaks(void)
{
	int64_t slot = exo_slot_take();
	uint64_t next = exo_own_frames()->next;
	int right = 0;

	exo_slot_free((uint32_t)slot);
	for (int i = 0; i < 40; i++) {
		right += died("check", EXO_DEATH_EXIT, 42, 0);
	}
	tap_is(right, 40, "forty more live and die in the same pool");
	tap_is(exo_slot_take(), slot, "no slot was lost");
	tap_is((int64_t)exo_own_frames()->next, (int64_t)next, "no page was lost");
}

/* What objects were made of can be mapped again, though it takes the kernel a while to take them
 * apart. */
static void
check_reuse(void)
{
	struct exo_frames pool;
	exo_handle all;
	uint64_t address = 0;
	uint64_t sum = 0;
	uint64_t right = 0;

	for (int i = 0; i < 10; i++) {
		right += died("check", EXO_DEATH_EXIT, 42, 0) &&
			 exo_frames_open(&pool, self.pool) == 0 &&
			 exo_frames_carve(&pool, POOL_PAGES, 1, &all) == 0 &&
			 exo_vm_map(exo_own_vm(), all, 0, POOL_PAGES, EXO_READ, &address) == 0;
		for (uint64_t at = 0; address && at < POOL_PAGES * EXO_PAGE_SIZE; at += 8) {
			sum |= *(uint64_t *)(address + at);
		}
		exo_vm_unmap(exo_own_vm(), address, POOL_PAGES);
		exo_slot_drop(all);
	}
	tap_is((int64_t)right, 10, "ten times a child's whole pool is mapped afterwards");
	tap_is((int64_t)sum, 0, "nothing of the child is in it");
}

int
main(int argc, char **argv)
{
	if (!exo_boot()) {
		return child_main(argc, argv);
	}
	tap_plan(26);
	tap_is(self_find(), 0, "the initrd holds this program");
	tap_is(exo_frames_carve(exo_own_frames(), POOL_PAGES, 2, &self.pool), 0,
	       "a pool is carved");
	check_ends();
	check_kill();
	check_refusals();
	check_leaks();
	check_reuse();
	return tap_end();
}
