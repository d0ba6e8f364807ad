/* SPDX-License-Identifier: MIT
 * hostile.c: an environment that tries one thing it must not be able to do: hostile ATTACK.
 *
 * An attack of the first table has to end in the death of this environment, one of the second has
 * to be refused until it says "refused". test/sys/test_isolation.py runs all of them beside the web
 * server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>
#include <exo/uarea.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/frames.h"
#include "lib/exo/slots.h"
#include "lib/exo/start.h"

#define KERNEL_ADDRESS   0xffffffff80000000ul
#define DIRECT_MAP       0xffffffc000000000ul
#define PHYSICAL_ADDRESS 0x80200000ul
#define ARGUMENTS        7

struct call {
	unsigned nr;
	const char *name;
	const char *type[ARGUMENTS];
	const char *argument[ARGUMENTS];
};

#define SYSCALL0(n, c)                         {n, #c, {0}, {0}},
#define SYSCALL1(n, c, t0, a0)                 {n, #c, {#t0}, {#a0}},
#define SYSCALL2(n, c, t0, a0, t1, a1)         {n, #c, {#t0, #t1}, {#a0, #a1}},
#define SYSCALL3(n, c, t0, a0, t1, a1, t2, a2) {n, #c, {#t0, #t1, #t2}, {#a0, #a1, #a2}},
#define SYSCALL4(n, c, t0, a0, t1, a1, t2, a2, t3, a3)                                             \
	{n, #c, {#t0, #t1, #t2, #t3}, {#a0, #a1, #a2, #a3}},
#define SYSCALL5(n, c, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4)                                     \
	{n, #c, {#t0, #t1, #t2, #t3, #t4}, {#a0, #a1, #a2, #a3, #a4}},
#define SYSCALL6(n, c, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)                             \
	{n, #c, {#t0, #t1, #t2, #t3, #t4, #t5}, {#a0, #a1, #a2, #a3, #a4, #a5}},
#define SYSCALL7(n, c, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6)                     \
	{n, #c, {#t0, #t1, #t2, #t3, #t4, #t5, #t6}, {#a0, #a1, #a2, #a3, #a4, #a5, #a6}},
#define TRANSFER(n, c)
static const struct call calls[] = {
#include <exo/syscalls.def>
};

static uint64_t state = 88172645463325252ul;
static uint64_t buffer[64];
static volatile uint64_t sink;

/* Marsaglia's xorshift64: the same attack in every run. */
static uint64_t
noise(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* The word at an address that the compiler knows nothing about. */
static volatile uint64_t *
at(uint64_t address)
{
	__asm__("" : "+r"(address));
	return (volatile uint64_t *)address;
}

static struct exo_uarea *
uarea(void)
{
	return (struct exo_uarea *)exo_start()->uarea;
}

static void
say(const char *what)
{
	printf("hostile: %s\n", what);
	fflush(stdout);
}

static int64_t
call_with(unsigned nr, const uint64_t a[ARGUMENTS])
{
	return exo_ecall7(nr, a[0], a[1], a[2], a[3], a[4], a[5], a[6]).value;
}

/* --- attacks that end in death --- */

static void
read_kernel(void)
{
	sink = *at(KERNEL_ADDRESS);
}

static void
write_kernel(void)
{
	*at(KERNEL_ADDRESS) = 0;
}

static void
jump_kernel(void)
{
	((void (*)(void))KERNEL_ADDRESS)();
}

static void
read_direct_map(void)
{
	sink = *at(DIRECT_MAP);
}

static void
read_physical(void)
{
	sink = *at(PHYSICAL_ADDRESS);
}

static void
read_non_canonical(void)
{
	sink = *at(0x0123456789abcdeful);
}

static void
write_own_text(void)
{
	*at((uintptr_t)write_own_text & ~7ul) = 0;
}

static void
jump_to_data(void)
{
	static uint32_t code[] = {0x00008067}; /* ret */

	((void (*)(void))(uintptr_t)code)();
}

static void
read_satp(void)
{
	__asm__ volatile("csrr a0, satp" ::: "a0");
}

static void
write_sstatus(void)
{
	__asm__ volatile("csrs sstatus, %0" : : "r"(1ul << 8));
}

static void
supervisor_return(void)
{
	__asm__ volatile("sret");
}

static void
fence_everything(void)
{
	__asm__ volatile("sfence.vma");
}

static void
call_unknown(void)
{
	register uint64_t number __asm__("a7") = 4711;

	__asm__ volatile("ecall" : : "r"(number) : "memory");
}

static void
stack_overflow(void)
{
	__asm__ volatile("1: addi sp, sp, -64\n\tsd zero, 0(sp)\n\tj 1b");
}

static void
fault_while_busy(void)
{
	uarea()->cause = 1;
	sink = *at(8);
}

static void
wild_entry(void)
{
	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, 0x1000, 0x1008);
	sink = *at(8);
}

static void
scribble_then_fault(void)
{
	memset(uarea(), 0xff, sizeof(struct exo_uarea));
	sink = *at(8);
}

/* --- attacks that are refused
 * --------------------------------------------------------------------- */

/* Like a true handle, with another generation, another index, or nothing right at all. */
static exo_handle
forged(void)
{
	const uint64_t forgeries[] = {
		exo_start()->env + (1ul << 32),
		exo_start()->frames ^ 1ul << 33,
		exo_start()->space | 0xffff,
		exo_start()->console ^ 1ul << 63,
		0xffffffff,
		1ul << 63,
		~0ul,
		noise() | 1ul << 62,
	};

	return forgeries[noise() % ARRAY_SIZE(forgeries)];
}

/* Every call with handles that were never given: none may succeed. */
static int
forged_handles(void)
{
	int accepted = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls) * 2000; i++) {
		const struct call *c = &calls[i % ARRAY_SIZE(calls)];
		uint64_t a[ARGUMENTS];
		bool is_forged = false;

		for (int k = 0; k < ARGUMENTS; k++) {
			a[k] = noise() & 1 ? noise() : noise() & 0xff;
			if (!c->type[k]) {
				continue;
			}
			if (!strcmp(c->type[k], "exo_handle")) {
				a[k] = forged();
				is_forged = true;
			} else if (strchr(c->type[k], '*')) {
				a[k] = (uint64_t)buffer;
			}
		}
		if (is_forged && call_with(c->nr, a) >= 0) {
			printf("hostile: %s took a forged handle\n", c->name);
			accepted++;
		}
	}
	return accepted;
}

/* A handle whose capability is gone, while its slot holds another one. */
static int
stale_handles(void)
{
	exo_handle pool = exo_start()->frames;
	struct exo_cap_info info;
	int64_t slot = exo_slot_take();
	int accepted = 0;

	if (slot < 0 || exo_inspect(pool, 0, &info) < 0) {
		return 1;
	}
	for (int i = 0; i < 1000; i++) {
		uint64_t page = info.start + info.count - 1;
		int64_t old = exo_carve(pool, (uint32_t)slot, page, 1, EXO_READ | EXO_WRITE, 0);
		int64_t fresh;

		if (old < 0 || exo_drop((exo_handle)old, 0, 0) < 0) {
			return 1;
		}
		fresh = exo_carve(pool, (uint32_t)slot, page, 1, EXO_READ, 0);
		accepted += fresh < 0 || fresh == old;
		accepted += exo_inspect((exo_handle)old, 0, &info) >= 0;
		accepted +=
			exo_map(0x2000000000, (exo_handle)old, 0, 1, EXO_READ, NULL, EXO_NONE) >= 0;
		accepted += exo_drop((exo_handle)old, 0, 0) >= 0;
		accepted += exo_drop((exo_handle)fresh, 0, 0) < 0;
		if (exo_inspect(pool, 0, &info) < 0) {
			return 1;
		}
	}
	return accepted;
}

static const uint64_t wild[] = {0,
				1,
				8,
				KERNEL_ADDRESS,
				DIRECT_MAP,
				PHYSICAL_ADDRESS,
				0x3000000000,
				EXO_USER_END - 8,
				EXO_USER_END,
				0x8000000000000000,
				~0ul,
				~7ul};

/* The handle that an argument of this name wants. */
static exo_handle
right_handle(const char *argument)
{
	const struct exo_start *start = exo_start();

	if (!strcmp(argument, "console")) {
		return start->console;
	}
	if (!strcmp(argument, "env")) {
		return start->env;
	}
	return strcmp(argument, "space") ? start->frames : start->space;
}

/* Every call that takes a pointer, with every wild one. */
static int
wild_pointers(void)
{
	int accepted = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls) * ARRAY_SIZE(wild); i++) {
		const struct call *c = &calls[i % ARRAY_SIZE(calls)];
		uint64_t a[ARGUMENTS] = {0};
		bool is_wild = false;

		for (int k = 0; k < ARGUMENTS && c->type[k]; k++) {
			a[k] = 1;
			if (!strcmp(c->type[k], "exo_handle")) {
				a[k] = right_handle(c->argument[k]);
			} else if (strchr(c->type[k], '*')) {
				a[k] = wild[i / ARRAY_SIZE(calls)];
				is_wild = true;
			}
		}
		if (is_wild && strcmp(c->name, "console_read") && call_with(c->nr, a) >= 0) {
			printf("hostile: %s took pointer 0x%lx\n", c->name,
			       (unsigned long)wild[i / ARRAY_SIZE(calls)]);
			accepted++;
		}
	}
	return accepted;
}

/* The u-area full of noise between calls. */
static int
scribbled_uarea(void)
{
	for (int i = 0; i < 2000; i++) {
		uint64_t *words = (uint64_t *)uarea();

		for (size_t k = 0; k < EXO_U_LIBRARY / sizeof(*words); k++) {
			words[k] = noise();
		}
		exo_null();
		exo_sleep(0, 0);
		exo_resume();
		exo_signal(exo_start()->env, noise() >> 1);
	}
	memset(uarea(), 0, EXO_U_LIBRARY);
	return 0;
}

/* Objects and pages until nothing is left; what is left over falls to init. */
static int
exhausted(void)
{
	static const uint32_t types[] = {EXO_CAP_SPACE, EXO_CAP_TABLE, EXO_CAP_RING, EXO_CAP_ENV};
	struct exo_frames *own = exo_own_frames();
	exo_handle object, memory;
	int made = 0;

	for (int i = 0; i < 100000; i++) {
		if (exo_frames_create(own, types[i % ARRAY_SIZE(types)], 0, 0, &object, &memory) <
			    0 &&
		    exo_frames_carve(own, 1, 1, &memory) < 0) {
			break;
		}
		made++;
	}
	return made > 0 && made < 100000 ? 0 : 1;
}

/* Calls of all numbers with all-random arguments; only the ones that would end or stop the caller
 * are left out. */
static int
random_calls(void)
{
	for (int i = 0; i < 50000; i++) {
		unsigned nr = 1 + noise() % EXO_CALLS_MAX;
		uint64_t a[ARGUMENTS];

		for (int k = 0; k < ARGUMENTS; k++) {
			a[k] = noise() >> (noise() % 64);
		}
		if (nr != EXO_NR_exit && nr != EXO_NR_sleep && nr != EXO_NR_env_entry &&
		    nr != EXO_NR_env_stop) {
			call_with(nr, a);
		}
	}
	return 0;
}

static int
spin(void)
{
	say("spinning");
	for (sink = 1; sink; sink++) {
	}
	return 0;
}

static const struct {
	const char *name;
	void (*attack)(void);
} deadly[] = {
	{"read-kernel", read_kernel},
	{"write-kernel", write_kernel},
	{"jump-kernel", jump_kernel},
	{"read-direct-map", read_direct_map},
	{"read-physical", read_physical},
	{"read-non-canonical", read_non_canonical},
	{"write-own-text", write_own_text},
	{"jump-to-data", jump_to_data},
	{"read-satp", read_satp},
	{"write-sstatus", write_sstatus},
	{"supervisor-return", supervisor_return},
	{"fence-everything", fence_everything},
	{"call-unknown", call_unknown},
	{"stack-overflow", stack_overflow},
	{"fault-while-busy", fault_while_busy},
	{"wild-entry", wild_entry},
	{"scribble-then-fault", scribble_then_fault},
};

static const struct {
	const char *name;
	int (*attack)(void); /* how often it succeeded */
} refused[] = {
	{"forged-handles", forged_handles},
	{"stale-handles", stale_handles},
	{"wild-pointers", wild_pointers},
	{"scribbled-uarea", scribbled_uarea},
	{"exhausted", exhausted},
	{"random-calls", random_calls},
	{"spin", spin},
};

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
		if (!strcmp(deadly[i].name, name)) {
			deadly[i].attack();
			printf("hostile: %s: SUCCEEDED\n", name);
			return 1;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (!strcmp(refused[i].name, name)) {
			int successes = refused[i].attack();

			printf("hostile: %s: %s\n", name, successes ? "SUCCEEDED" : "refused");
			return successes ? 1 : 0;
		}
	}
	printf("hostile: there is no attack \"%s\"\n", name);
	return 1;
}
