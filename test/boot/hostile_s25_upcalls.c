/* SPDX-License-Identifier: MIT
 * hostile_s25_upcalls.c: S25: an asynchronous upcall enters the environment only while `cause` and
 * `mask` are 0 and its pc is outside of the return window, wherever that is; and whatever the words
 * say and the entry point is, nothing but the environment itself is hurt.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define BIT   9
#define TURNS 40

static volatile uint64_t entered;
static volatile uint64_t mask_seen; /* by the last one */

/* The upcall: says that it was there, and goes back. */
static __attribute__((naked)) void
upcall_entry(void)
{
	__asm__ volatile("la t0, %0\n"
			 "ld a7, 0(t0)\n addi a7, a7, 1\n sd a7, 0(t0)\n"
			 "la t0, %2\n ld a7, %3(gp)\n sd a7, 0(t0)\n"
			 "li a7, %1\n ecall\n"
			 "1: j 1b"
			 :
			 : "i"(&entered), "i"(-EXO_NR_resume), "i"(&mask_seen), "i"(EXO_U_MASK));
}

/* Two instructions, for ever. */
static __attribute__((naked)) void
spin_body(__attribute__((unused)) uint64_t argument)
{
	__asm__ volatile(".option push\n.option norvc\n"
			 "1: addi s0, s0, 1\n j 1b\n"
			 ".option pop");
}

static struct exo_uarea *
make(struct hostile_thread *t, uint64_t entry, uint64_t window)
{
	uint64_t address = 0;

	hostile_thread_make(t, 0, spin_body, 0);
	exo_env_entry(t->env, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry, window);
	exo_env_entry(t->env, EXO_ENTRY_EVENT, entry, EXO_EVENT(BIT));
	exo_vm_map(exo_own_vm(), t->env, 0, 1, EXO_READ | EXO_WRITE, &address);
	return (struct exo_uarea *)address;
}

static void
end(struct hostile_thread *t, struct exo_uarea *u)
{
	exo_vm_unmap(exo_own_vm(), (uint64_t)u, 1);
	hostile_thread_end(t);
}

/* Signal and let it run; how many upcalls there were. */
static uint64_t
upcalls(struct hostile_thread *t)
{
	uint64_t before = entered;

	for (int i = 0; i < TURNS; i++) {
		exo_signal(t->env, EXO_EVENT(BIT));
		exo_yield(EXO_NONE);
	}
	return entered - before;
}

static void
check_words(void)
{
	struct hostile_thread t;
	struct exo_uarea *u = make(&t, (uint64_t)upcall_entry, 0);

	exo_env_start(t.env);
	tap_ok(upcalls(&t) > TURNS / 4, "upcalls come");
	tap_is((int64_t)mask_seen, 1, "each with mask set, which holds the next one back");
	exo_env_stop(t.env);
	u->mask = 77;
	exo_env_start(t.env);
	tap_is((int64_t)upcalls(&t), 0, "none while mask is set");
	tap_ok(u->pending && u->mask == 77, "one is said to be pending");
	exo_env_stop(t.env);
	u->cause = ~0ul;
	u->mask = 0;
	exo_env_start(t.env);
	tap_is((int64_t)upcalls(&t), 0, "none in an exception");
	u->cause = 0;
	tap_ok(upcalls(&t) > TURNS / 4, "then they come again");
	end(&t, u);
}

static void
check_window(void)
{
	struct hostile_thread t;
	struct exo_uarea *u = make(&t, (uint64_t)upcall_entry, (uint64_t)spin_body);

	exo_env_start(t.env);
	tap_is((int64_t)upcalls(&t), 0, "none with a pc in the return window");
	tap_ok(u->pending != 0, "one is said to be pending");
	exo_env_stop(t.env);
	tap_is(exo_env_entry(t.env, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
			     (uint64_t)spin_body + 8),
	       0, "the window moves");
	exo_env_start(t.env);
	tap_ok(upcalls(&t) > TURNS / 4, "and they come");
	end(&t, u);
}

/* An entry point at nothing: an exception, whose handler is there, or not. */
static void
check_entry(uint64_t entry, const char *what)
{
	struct hostile_thread t;
	struct exo_context now = {0};
	struct exo_uarea *u = make(&t, entry, 0);

	exo_env_entry(t.env, EXO_ENTRY_EXCEPTION, 0, 0);
	exo_env_start(t.env);
	for (int i = 0; i < TURNS && now.death.kind == EXO_DEATH_NONE; i++) {
		upcalls(&t);
		exo_env_read(t.env, &now);
	}
	tap_ok(now.death.kind == EXO_DEATH_FAULT && now.death.pc == entry,
	       "an entry point at %s is its own fault", what);
	end(&t, u);
}

static void
check_refused(void)
{
	static const uint64_t wild[] = {EXO_USER_END, KERNEL_IMAGE, KERNEL_DIRECT, ~1ul};
	struct hostile_thread t;
	struct exo_uarea *u = make(&t, 0, 0);
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		wrong += exo_env_entry(t.env, EXO_ENTRY_EVENT, wild[i], 1) != E_RANGE;
		wrong += exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, wild[i], 1) != E_RANGE;
	}
	tap_is(wrong, 0, "none lies in the kernel");
	end(&t, u);
}

/* A return, by what the asynchronous area says, into the kernel. */
static void
check_resume(void)
{
	static const uint64_t wild[] = {KERNEL_IMAGE, KERNEL_DIRECT + 0x200000, 1ul << 63,
					KERNEL_STACKS + 0x7000, EXO_USER_END};
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		struct hostile_thread t;
		struct exo_context context = {0};
		struct exo_uarea *u = make(&t, (uint64_t)upcall_entry, 0);

		exo_env_entry(t.env, EXO_ENTRY_EXCEPTION, 0, 0);
		exo_env_read(t.env, &context);
		context.pc = (uint64_t)upcall_entry;
		context.x[3] = context.uarea;
		exo_env_write(t.env, &context);
		u->mask = 1;
		u->async_pc = wild[i];
		u->pending = i & 1;
		exo_env_start(t.env);
		for (int k = 0; k < TURNS; k++) {
			exo_yield(EXO_NONE);
		}
		exo_env_read(t.env, &context);
		wrong += context.death.kind != EXO_DEATH_FAULT || context.death.pc != wild[i];
		end(&t, u);
	}
	tap_is(wrong, 0, "a return to an address of the kernel is a fault in user mode");
}

int
main(void)
{
	tap_plan(5 + 4 + 2 + 1 + 1 + 1);
	check_words();
	check_window();
	check_entry(0x3000000000, "nowhere");
	check_entry(EXO_UAREA_BASE, "what does not run");
	check_refused();
	check_resume();
	return tap_end();
}
