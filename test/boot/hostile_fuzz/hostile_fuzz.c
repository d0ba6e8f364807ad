/* SPDX-License-Identifier: MIT
 * hostile_fuzz.c: system calls at random, from all harts at once.
 *
 * The program spawns itself as a child with a pool of pages, a piece of the disk and the network
 * card. The child starts a thread on every other hart; all of them make calls of syscalls.def, with
 * arguments that are mostly plausible and sometimes wild, on the capabilities they got that way.
 * Every second the child is ended, dead or alive, all its pages are looked at, and another begins
 * with the next seed. It takes 20 s, or as many as `fuzz=SECONDS` on the kernel's command line
 * says; `seed=N` is the first seed. What it looks for is a kernel that panics or hangs, and pages
 * that are lost or not cleared.
 *
 * boot: init SMP=2 MEM=64M DISK=1M NET=user TIMEOUT=900
 */
#include <stdlib.h>

#include "lib/base/cpio.h"
#include "lib/exo/spawn.h"
#include "test/boot/hostile_fuzz/fuzz.h"

#define SECONDS    20
#define POOL_PAGES 1024 /* two units of 2 MiB: the child uses the first one up */
#define ROUND_NS   1000000000ul

/* --- the child --- */
static void
add_essential(uint32_t i, exo_handle h)
{
	struct exo_cap_info info = {0};

	if (h && exo_inspect(h, 0, &info) == 0) {
		fuzz_essential[i] = (struct known){h, info.type, info.start, info.count};
	}
}

static int
child_main(uint64_t seed)
{
	const struct exo_start *start = exo_start();
	struct hostile_thread threads[EXO_HARTS_MAX], servers[EXO_HARTS_MAX];
	const exo_handle own[] = {start->frames,  start->env,       start->space,     start->cspace,
				  start->console, start->blocks[0], start->packets[0]};
	exo_handle table;

	for (uint32_t i = 0; i < ARRAY_SIZE(own); i++) {
		add_essential(i, own[i]);
	}
	add_essential(8, start->windows[0]);
	add_essential(9, start->irqs[0]);
	add_essential(10, start->others[0]);
	add_essential(11, start->others[1]);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(FUZZ_REGION & ~0x3ffffffful, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	for (uint64_t at_table = FUZZ_REGION;
	     at_table < FUZZ_REGION + (EXO_PAGE_SIZE << FUZZ_REGION_BITS); at_table += 0x200000) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
		exo_map(at_table, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	}
	/* by chance alone a ring seldom gets a packet capability */
	if (exo_frames_create(exo_own_frames(), EXO_CAP_RING, EXO_RING_TRANSMIT, 9, &table, NULL) ==
	    0) {
		static struct exo_filter all;
		int64_t packets =
			exo_share(start->packets[0], 79, (uint64_t)&all, 1, EXO_PACKET_TRANSMIT, 0);

		exo_bind(EXO_BIND_PACKET, table, (exo_handle)packets, 0);
		add_essential(7, table);
	}
	for (uint32_t hart = 0; hart < hostile_harts(); hart++) {
		hostile_thread_start(&servers[hart], hart, fuzz_serve, 78 - hart);
		fuzz_server[hart] = servers[hart].env;
		fuzz_known[hart] = (struct known){servers[hart].env, EXO_CAP_ENV, 0, 0};
	}
	for (uint32_t hart = 1; hart < hostile_harts(); hart++) {
		hostile_thread_start(&threads[hart], hart, fuzz_body,
				     seed * 0x9e3779b97f4a7c15ul + hart);
	}
	printf("# seed %lu\n", (unsigned long)seed);
	fflush(stdout);
	fuzz_body(seed * 0x9e3779b97f4a7c15ul | 1);
	return 0;
}

/* --- the parent --- */
static struct {
	const void *elf;
	size_t bytes;
	exo_handle pool;
	uint64_t first;
} self;

static int
self_find(void)
{
	const struct exo_boot *boot = exo_boot();
	uint64_t bytes = boot->initrd_offset + boot->initrd_bytes, address_found;
	struct cpio_entry file = {0};
	int result =
		exo_vm_map(exo_own_vm(), boot->initrd, 0,
			   (bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE, EXO_READ, &address_found);

	if (result == 0) {
		result = cpio_find((const uint8_t *)address_found + boot->initrd_offset,
				   boot->initrd_bytes, "init", &file);
	}
	self.elf = file.data;
	self.bytes = file.bytes;
	return result;
}

/* A share of what h names, with those of `right` that h has. */
static exo_handle
shared(exo_handle h, uint64_t most, uint64_t right)
{
	static struct exo_filter filter;
	struct exo_cap_info info = {0};
	int64_t result;

	exo_inspect(h, 0, &info);
	if (info.type > EXO_CAP_PACKET) {
		info.start = info.count = 0;
	} else if (info.type == EXO_CAP_PACKET) {
		info.start = (uint64_t)&filter;
		info.count = 8;
	} else if (info.count > most) {
		info.count = most;
	}
	result = exo_share(h, free_slot(), info.start, info.count, right & info.rights, 0);
	return result < 0 ? EXO_NONE : (exo_handle)result;
}

static int
spawn(uint64_t seed, struct exo_child *child)
{
	char number[24];
	const char *const args[] = {number};
	struct exo_gift gifts[] = {
		{shared(exo_start()->console, 0, EXO_WRITE), EXO_GIFT(console)},
		{shared(exo_start()->sysinfo, 1, EXO_READ), EXO_GIFT(sysinfo)},
		{shared(exo_boot()->blocks[0], 32, EXO_READ | EXO_WRITE), EXO_GIFT(blocks[0])},
		{shared(exo_boot()->packets[0], 0, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT),
		 EXO_GIFT(packets[0])},
		{shared(exo_boot()->windows[0], 512, EXO_READ | EXO_WRITE), EXO_GIFT(windows[0])},
		{shared(exo_boot()->irqs[0], 1, EXO_RIGHTS_ALL), EXO_GIFT(irqs[0])},
		{shared(exo_boot()->timelines[0], 8, EXO_RIGHTS_ALL), EXO_GIFT(others[0])},
		{shared(exo_boot()->code, 16, EXO_CODE_LOAD | EXO_CODE_RUN), EXO_GIFT(others[1])},
	};
	struct exo_spawn what = {
		.name = "child",
		.elf = self.elf,
		.elf_bytes = self.bytes,
		.pool = self.pool,
		.flags = EXO_ENV_FP,
		.slot_leaves = FUZZ_LEAVES,
		.self_rights = EXO_RIGHTS_ALL,
		.args = args,
		.arg_count = 1,
		.gifts = gifts,
		.gift_count = ARRAY_SIZE(gifts),
		.supervisor = exo_start()->env,
		.supervisor_bit = 5,
	};

	snprintf(number, sizeof(number), "%lu", (unsigned long)seed);
	return exo_spawn(&what, child);
}

static void
tell_end(const struct exo_child *child)
{
	struct exo_context end;

	if (exo_env_read(child->env, &end) == 0) {
		printf("# died of %lu: cause %lu pc %#lx tval %#lx\n", end.death.kind,
		       end.death.cause, end.death.pc, end.death.tval);
	}
}

/* All the pool's pages can be had again, and are zero. */
static bool
pool_is_whole(void)
{
	uint64_t found = 0, where = 0;
	int64_t part, result = E_BUSY;

	for (int tries = 0; result == E_BUSY && tries < 1000; tries++) {
		part = exo_carve(self.pool, free_slot(), self.first, POOL_PAGES,
				 EXO_READ | EXO_WRITE, 0);
		if (part < 0) {
			printf("# carve: %s\n", exo_error_name(part));
			return false;
		}
		result =
			exo_vm_map(exo_own_vm(), (exo_handle)part, 0, POOL_PAGES, EXO_READ, &where);
		if (result < 0) {
			exo_slot_drop((exo_handle)part);
			exo_pause(1000000);
		}
	}
	if (result < 0) {
		printf("# map: %s\n", exo_error_name(result));
		return false;
	}
	for (uint64_t i = 0; i < POOL_PAGES * EXO_PAGE_SIZE; i += 8) {
		found |= *at(where + i);
	}
	exo_vm_unmap(exo_own_vm(), where, POOL_PAGES);
	return exo_slot_drop((exo_handle)part) == 0 && !found;
}

static uint64_t
option(const char *name, uint64_t otherwise)
{
	const char *found = strstr(exo_boot()->bootargs, name);

	return found ? strtoull(found + strlen(name), NULL, 10) : otherwise;
}

int
main(int argc, char **argv)
{
	uint64_t end, seed, rounds = 0, spawned = 0, ended = 0, whole = 0;
	struct exo_child child;

	if (!exo_boot()) {
		return child_main(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
	}
	struct exo_cap_info info = {0};
	tap_plan(5);
	tap_is(self_find(), 0, "the initrd holds this program");
	tap_is(exo_frames_carve(exo_own_frames(), POOL_PAGES, EXO_MEGA_PAGES, &self.pool), 0,
	       "a pool is carved");
	exo_inspect(self.pool, 0, &info);
	self.first = info.start;
	seed = option("seed=", 1);
	end = exo_now_ns() + option("fuzz=", SECONDS) * EXO_NS_PER_S;
	while (exo_now_ns() < end && spawned == rounds && ended == rounds && whole == rounds) {
		rounds++;
		spawned += spawn(seed++, &child) == 0;
		if (exo_wait(EXO_EVENT(5), ROUND_NS)) {
			tell_end(&child);
		}
		for (int tries = 0; tries < 1000 && ended < rounds; tries++) {
			ended += exo_child_end(&child) == 0;
			if (ended < rounds) {
				exo_pause(1000000);
			}
		}
		exo_wait(EXO_EVENT(5), 0);
		whole += pool_is_whole();
	}
	tap_ok(spawned == rounds, "%lu children of %lu began", (unsigned long)spawned,
	       (unsigned long)rounds);
	tap_ok(ended == rounds, "%lu ended", (unsigned long)ended);
	tap_ok(whole == rounds, "%lu left all their pages, cleared", (unsigned long)whole);
	return tap_end();
}
