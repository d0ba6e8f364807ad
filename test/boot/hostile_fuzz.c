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
#include "test/boot/hostile.h"

#define SECONDS     20
#define POOL_PAGES  512
#define ROUND_NS    1000000000ul
#define KNOWN       64
#define REGION      0x600000000ul /* where the child maps: four tables' worth */
#define REGION_BITS 11
#define LEAVES      6

struct known {
	exo_handle handle;
	uint32_t type;
	uint64_t start;
	uint64_t count;
};

static struct known known[KNOWN]; /* shared by all threads of the child, without any lock */
static struct known essential[8]; /* pool, ENV, SPACE, CSPACE, CONSOLE, BLOCK, PACKET */
static volatile uint64_t calls_made;
static uint64_t buffers[8][128] __attribute__((aligned(4096)));

/* --- arguments --- */
static uint64_t
wild(uint64_t *s)
{
	static const uint64_t words[] = {
		0,
		1,
		~0ul,
		1ul << 63,
		KERNEL_IMAGE,
		KERNEL_DIRECT,
		KERNEL_STACKS,
		KERNEL_MMIO,
		EXO_USER_END,
		EXO_USER_END - 8,
		EXO_UAREA_BASE,
		0x80000000,
		0xffffffff,
		1ul << 32,
		0x7ffffffffffffffful,
		4097,
	};
	uint64_t r = noise(s);

	return r & 1 ? words[r >> 1 & 15] : noise(s) >> (r >> 8 & 63);
}

static struct known
pick(uint64_t *s, uint32_t type)
{
	uint64_t r = noise(s);

	for (uint32_t i = 0; i < 24; i++) {
		struct known k = r % 4 == 0 ? essential[noise(s) % 8] : known[noise(s) % KNOWN];

		if (k.handle && (k.type == type || !type)) {
			return k;
		}
	}
	return known[r % KNOWN];
}

static exo_handle
handle(uint64_t *s, uint32_t type)
{
	uint64_t r = noise(s) % 64;
	exo_handle h = pick(s, r < 52 ? type : 0).handle;

	return r == 63   ? wild(s)
	       : r == 62 ? h + (1ul << 32)
	       : r == 61 ? h ^ 1
	       : r == 60 ? EXO_NONE
			 : h;
}

/* A handle that may be destroyed; hardly ever one that the child cannot do without. */
static exo_handle
expendable(uint64_t *s)
{
	return noise(s) % 2000 ? known[noise(s) % KNOWN].handle : handle(s, 0);
}

static uint64_t
address(uint64_t *s)
{
	uint64_t r = noise(s);
	uint64_t page = REGION + ((r >> 8) % (1ul << REGION_BITS) << EXO_PAGE_SHIFT);

	return r % 100 == 0   ? wild(s)
	       : r % 8 == 0   ? page & ~0x1ffffful
	       : r % 100 == 1 ? page + 1
			      : page;
}

static uint64_t
count(uint64_t *s)
{
	uint64_t r = noise(s) % 64;

	return r == 63 ? wild(s) : r > 58 ? 512 : r > 52 ? noise(s) % 700 : 1 + r % 4;
}

static uint64_t
rights(uint64_t *s)
{
	static const uint64_t some[] = {EXO_READ,
					EXO_READ | EXO_WRITE,
					EXO_READ | EXO_EXEC,
					EXO_WRITE,
					0xff,
					EXO_RIGHTS_ALL,
					0,
					EXO_READ | EXO_WRITE | EXO_EXEC};
	uint64_t r = noise(s);

	return r % 50 == 0 ? wild(s) : some[r >> 8 & 7];
}

static uint32_t
slot(uint64_t *s)
{
	return noise(s) % 40 ? 80 + (uint32_t)(noise(s) % (LEAVES * 64 - 80)) : (uint32_t)wild(s);
}

/* Memory for a call to read or write, full of plausible entries. */
static uint64_t
pointer(uint64_t *s)
{
	uint64_t r = noise(s);
	uint64_t *b = buffers[r & 7];

	for (uint32_t i = 0; i < 40; i += 5) {
		b[i] = address(s);
		b[i + 1] = handle(s, EXO_CAP_FRAME);
		b[i + 2] = noise(s) % 3;
		b[i + 3] = count(s);
		b[i + 4] = rights(s);
	}
	return r % 20 == 0 ? wild(s) : r % 20 == 1 ? (uint64_t)b + EXO_PAGE_SIZE - 12 : (uint64_t)b;
}

/* A filter that is mostly well formed: which few bytes the packets may have. */
static uint64_t
filter(uint64_t *s)
{
	struct exo_filter *f = (struct exo_filter *)buffers[noise(s) & 7];

	f->receive_atoms = (uint32_t)(noise(s) % 4);
	f->transmit_atoms = (uint32_t)(noise(s) % 2);
	for (uint32_t i = 0; i < f->receive_atoms + f->transmit_atoms; i++) {
		uint64_t r = noise(s);

		f->atoms[i] = (struct exo_atom){
			.kind = i < f->receive_atoms && r % 8 == 0 ? EXO_ATOM_SHIFT
								   : EXO_ATOM_COMPARE,
			.width = (uint8_t)(1u << (r >> 8 & 1)),
			.offset = (uint16_t)(r >> 16 & 15),
			.mask = 0xf,
			.value = r % 8 ? r >> 32 & 3 : 0,
		};
	}
	return (uint64_t)f;
}

/* --- calls --- */
static void
learn(uint64_t *s, int64_t result)
{
	struct exo_cap_info info;

	if (result > 0 && exo_inspect((exo_handle)result, 0, &info) == 0) {
		known[noise(s) % KNOWN] =
			(struct known){(exo_handle)result, info.type, info.start, info.count};
	}
}

static void
fuzz_derive(uint64_t *s, bool carve)
{
	struct known k = pick(s, noise(s) % 4 ? EXO_CAP_FRAME : 0);
	uint64_t want = noise(s) % 3 ? 2 : count(s);
	uint64_t from = k.start + (k.count ? noise(s) % k.count : 0);
	uint64_t badge = noise(s) % 16 ? 0 : noise(s);
	uint64_t right = noise(s) % 3 ? EXO_READ | EXO_WRITE : rights(s);

	if (want == 2 && noise(s) % 8) {
		from &= ~1ul;
	}
	if (k.type == EXO_CAP_PACKET) {
		from = noise(s) % 20 ? filter(s) : pointer(s);
		want = noise(s) % 4;
		right = noise(s) % 4 ? EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT : rights(s);
	} else if (k.type > EXO_CAP_PACKET && noise(s) % 8) {
		from = want = 0;
		right = EXO_RIGHTS_ALL;
	}
	learn(s, carve ? exo_carve(k.handle, slot(s), from, want, right, badge)
		       : exo_share(k.handle, slot(s), from, want, right, badge));
}

static void
fuzz_create(uint64_t *s)
{
	uint32_t type = noise(s) % 20 ? 8 + (uint32_t)(noise(s) % 5) : (uint32_t)wild(s);
	uint64_t arg0 = noise(s) % 4, arg1 = noise(s) % 8;
	struct known k = pick(s, EXO_CAP_FRAME);

	for (int i = 0; i < 8 && k.count != (type == EXO_CAP_CSPACE ? 1 : 2); i++) {
		k = pick(s, EXO_CAP_FRAME);
	}
	if (type == EXO_CAP_ENV) {
		arg0 = noise(s) % 2 | (noise(s) & 1) << 8;
		arg1 = THREAD_UAREAS + 0x80000 + (noise(s) % 64 << EXO_PAGE_SHIFT);
	} else if (type == EXO_CAP_CSPACE && noise(s) % 2) {
		arg0 = handle(s, EXO_CAP_CSPACE);
	}
	learn(s, exo_create(type, noise(s) % 32 ? k.handle : handle(s, 0), slot(s),
			    noise(s) % 50 ? arg0 : wild(s), noise(s) % 50 ? arg1 : wild(s)));
}

static void
fuzz_bind(uint64_t *s)
{
	static const uint32_t things[] = {
		0, EXO_CAP_ENV, EXO_CAP_ENV, EXO_CAP_CONSOLE, EXO_CAP_RING, EXO_CAP_RING};
	static const uint32_t withs[] = {0, EXO_CAP_SPACE,  EXO_CAP_CSPACE,
					 0, EXO_CAP_PACKET, EXO_CAP_FRAME};
	uint32_t what = (uint32_t)(noise(s) % 6);

	if (noise(s) % 4 == 0) {
		exo_unbind(what, handle(s, things[what]));
	} else {
		exo_bind(noise(s) % 50 ? what : (uint32_t)wild(s), handle(s, things[what]),
			 handle(s, withs[what]), noise(s) % 64);
	}
}

/* A store or a load that the handler steps over if it faults. */
static void
poke(uint64_t at_address, uint64_t value)
{
	__asm__ volatile(".option push\n.option norvc\nsd %0, 0(%1)\n.option pop"
			 :
			 : "r"(value), "r"(at_address)
			 : "memory");
}

static void
fuzz_ring(uint64_t *s)
{
	exo_handle ring = pick(s, EXO_CAP_RING).handle;
	uint64_t page = address(s) & ~(EXO_PAGE_SIZE - 1);

	exo_unmap(page, 1, 0, NULL, EXO_NONE);
	if (exo_map(page, ring, 0, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE) < 0) {
		return;
	}
	for (uint32_t i = 0; i < EXO_SQ_SIZE; i++) {
		uint64_t entry = page + offsetof(struct exo_ring, sq) + 64ul * i;
		bool disk = noise(s) & 1;

		poke(entry + 8, noise(s) % 20 == 0 ? wild(s)
				: disk             ? (1 + noise(s) % 4) | (1 + noise(s) % 3) << 32
						   : 1 + noise(s) % 3);
		poke(entry + 16, handle(s, disk ? EXO_CAP_BLOCK : EXO_CAP_FRAME));
		poke(entry + 24, noise(s) % 20 == 0 ? wild(s)
				 : disk             ? noise(s) % 32
					: EXO_SEGMENT(noise(s) % 9000, noise(s) % 1000));
		poke(entry + 32, handle(s, EXO_CAP_FRAME));
		poke(entry + 40, noise(s) % 20 == 0 ? wild(s)
				 : disk             ? noise(s) % 3
						    : EXO_SEGMENT(noise(s) % 4096, noise(s) % 700));
		poke(entry + 48, handle(s, EXO_CAP_FRAME));
		poke(entry + 56, EXO_SEGMENT(noise(s) % 4096, noise(s) % 100));
	}
	poke(page, noise(s) % 30 ? noise(s) % EXO_SQ_SIZE : wild(s));
	for (int i = 0; i < 4; i++) {
		exo_submit(ring);
		poke(page + 128, noise(s) % 30 ? noise(s) % EXO_CQ_SIZE : wild(s));
	}
}

static void
fuzz_env(uint64_t *s)
{
	exo_handle env = noise(s) % 100 ? known[noise(s) % KNOWN].handle : handle(s, EXO_CAP_ENV);
	struct exo_context *context = (struct exo_context *)buffers[noise(s) & 7];

	switch (noise(s) % 9) {
	case 0:
		exo_env_stop(env);
		break;
	case 1:
		exo_env_start(env);
		break;
	case 2:
		exo_env_read(env, noise(s) % 20 ? context : (struct exo_context *)wild(s));
		break;
	case 3:
		context->pc = noise(s) % 2 ? (uint64_t)fuzz_env : wild(s);
		exo_env_write(env, noise(s) % 20 ? context : (struct exo_context *)wild(s));
		break;
	case 4:
		exo_env_entry(env, noise(s) % 8 ? EXO_ENTRY_EXCEPTION : (uint32_t)wild(s),
			      noise(s) >> 20, wild(s));
		break;
	case 5:
		exo_env_supervisor(env, handle(s, EXO_CAP_ENV), (uint32_t)(noise(s) % 70));
		break;
	case 6:
		exo_signal(handle(s, EXO_CAP_ENV), wild(s));
		break;
	case 7:
		exo_yield(handle(s, EXO_CAP_ENV));
		break;
	default:
		exo_sleep(wild(s), exo_ticks() + noise(s) % 2000);
		break;
	}
}

static void
fuzz_memory(uint64_t *s)
{
	uint64_t further = noise(s) % 8 ? 0 : noise(s) % 10 << EXO_BATCH_SHIFT;
	exo_handle space = noise(s) % 4 ? EXO_NONE : handle(s, EXO_CAP_SPACE);
	const struct exo_map_entry *more =
		further ? (const struct exo_map_entry *)pointer(s) : NULL;
	uint64_t r = noise(s), where = address(s);

	switch (r % 8) {
	case 0:
		exo_unmap(where, count(s), further, more, space);
		break;
	case 1:
		exo_protect(where, count(s), rights(s) | further, more, space);
		break;
	case 2:
		exo_map(where & ~0x1ffffful, handle(s, EXO_CAP_TABLE), 0, 1, EXO_WRITE, NULL,
			space);
		break;
	case 3:
		exo_map(where, handle(s, 0), 0, 1, rights(s), more, space);
		break;
	default:
		exo_map(where, handle(s, EXO_CAP_FRAME), noise(s) % 2, count(s),
			(r & 256 ? EXO_READ : rights(s)) | further, more, space);
		poke(where, r);
		break;
	}
}

static void
fuzz_other(uint64_t *s)
{
	switch (noise(s) % 9) {
	case 8:
		exo_resume();
		break;
	case 0:
		exo_inspect(handle(s, 0), wild(s), (struct exo_cap_info *)pointer(s));
		break;
	case 1:
		exo_ask(handle(s, 0), known[noise(s) % KNOWN].start, count(s), wild(s));
		break;
	case 2:
		learn(s, exo_give(handle(s, EXO_CAP_ENV), expendable(s), slot(s)));
		break;
	case 3:
		exo_console_read(handle(s, EXO_CAP_CONSOLE), (void *)pointer(s), count(s));
		break;
	case 4:
		exo_console_write(handle(s, EXO_CAP_CONSOLE), (void *)(wild(s) | 1ul << 63),
				  wild(s));
		break;
	case 5:
		exo_power(handle(s, EXO_CAP_CONSOLE), (uint32_t)noise(s) % 4);
		break;
	case 6:
		exo_fence_i();
		break;
	default:
		exo_ecall7((int)(noise(s) % 64) == EXO_NR_exit ? 1 : (int)(31 + noise(s) % 34),
			   wild(s), wild(s), wild(s), wild(s), wild(s), wild(s), wild(s));
		break;
	}
}

static void
fuzz_take(uint64_t *s)
{
	struct known k = known[noise(s) % KNOWN];

	switch (noise(s) % 4) {
	case 0:
		exo_revoke(expendable(s), 0, 0);
		break;
	case 1:
		exo_revoke(noise(s) % 500 ? k.handle : essential[0].handle, k.start + noise(s) % 2,
			   count(s));
		break;
	case 2:
		exo_drop(k.handle, k.start + noise(s) % 2, 1 + noise(s) % 3);
		break;
	default:
		exo_drop(expendable(s), 0, 0);
		break;
	}
}

static void
fuzz_body(uint64_t seed)
{
	uint64_t s = seed;

	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
		      (uint64_t)exo_skip_window);
	for (;;) {
		uint64_t r = noise(&s) % 32;

		if (r < 9) {
			fuzz_derive(&s, r < 6);
		} else if (r < 13) {
			fuzz_create(&s);
		} else if (r < 20) {
			fuzz_memory(&s);
		} else if (r < 22) {
			fuzz_bind(&s);
		} else if (r < 24) {
			fuzz_ring(&s);
		} else if (r < 28) {
			fuzz_env(&s);
		} else if (r < 30) {
			fuzz_other(&s);
		} else {
			fuzz_take(&s);
		}
		calls_made++;
		linger(s % 256);
	}
}

/* --- the child --- */
static void
add_essential(uint32_t i, exo_handle h)
{
	struct exo_cap_info info = {0};

	if (h && exo_inspect(h, 0, &info) == 0) {
		essential[i] = (struct known){h, info.type, info.start, info.count};
	}
}

static int
child_main(uint64_t seed)
{
	const struct exo_start *start = exo_start();
	struct hostile_thread threads[EXO_HARTS_MAX];
	const exo_handle own[] = {start->frames,  start->env,       start->space,     start->cspace,
				  start->console, start->blocks[0], start->packets[0]};
	exo_handle table;

	for (uint32_t i = 0; i < ARRAY_SIZE(own); i++) {
		add_essential(i, own[i]);
	}
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(REGION & ~0x3ffffffful, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	for (uint64_t at_table = REGION; at_table < REGION + (EXO_PAGE_SIZE << REGION_BITS);
	     at_table += 0x200000) {
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

/* A share of what h names. */
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
	result = exo_share(h, free_slot(), info.start, info.count, right, 0);
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
	};
	struct exo_spawn what = {
		.name = "child",
		.elf = self.elf,
		.elf_bytes = self.bytes,
		.pool = self.pool,
		.flags = EXO_ENV_FP,
		.slot_leaves = LEAVES,
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
	tap_is(exo_frames_carve(exo_own_frames(), POOL_PAGES, 2, &self.pool), 0,
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
