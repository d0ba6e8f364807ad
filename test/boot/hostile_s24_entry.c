/* SPDX-License-Identifier: MIT
 * hostile_s24_entry.c: S24: wherever an entry point, a return window or a pc points, the
 * environment goes on in user mode or ends by its own fault, which its supervisor can read; its
 * hart goes on.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define BIT 20

static uint32_t data[2] = {0x00000013, 0x00008067};

/* Addresses an environment may be told to go to, and why it ends there. */
static const struct {
	uint64_t address;
	const char *name;
} places[] = {
	{0, "address 0"},
	{8, "the first page"},
	{EXO_UAREA_BASE, "the u-area of another"},
	{EXO_USER_END - 2, "the last address"},
	{0x3000000000, "nowhere"},
	{(uint64_t)data, "data"},
};

static const uint64_t kernel[] = {EXO_USER_END, KERNEL_DIRECT, KERNEL_IMAGE,
				  ~1ul,         1ul << 63,     0x0123456789abcdeul};

static void
fault_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		__asm__ volatile(".option push\n.option norvc\nld zero, 0(zero)\n.option pop");
	}
}

/* Lets it run until it has ended, and ends it if it does not. True if its supervisor was told. */
static bool
run(struct hostile_thread *t, struct exo_context *now)
{
	bool told;

	exo_sleep(EXO_EVENT(BIT), 0);
	exo_env_supervisor(t->env, exo_start()->env, BIT);
	exo_env_start(t->env);
	told = exo_wait(EXO_EVENT(BIT), EXO_NS_PER_S) != 0;
	exo_env_read(t->env, now);
	return told;
}

static void
check_pc(void)
{
	struct exo_context context = {0}, now;
	struct hostile_thread t;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(places); i++) {
		context.pc = places[i].address;
		hostile_thread_make(&t, 0, fault_body, 0);
		exo_env_write(t.env, &context);
		bool told = run(&t, &now);

		tap_ok(told && now.death.kind == EXO_DEATH_FAULT &&
			       now.death.cause == EXO_CAUSE_FETCH_PAGE &&
			       now.death.pc == places[i].address,
		       "a pc at %s is its own fault", places[i].name);
		hostile_thread_end(&t);
	}
	hostile_thread_make(&t, 0, fault_body, 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(kernel); i++) {
		context.pc = kernel[i];
		wrong += exo_env_write(t.env, &context) != E_RANGE;
	}
	hostile_thread_end(&t);
	tap_is(wrong, 0, "none is written that lies in the kernel");
}

/* The handler faults at once: the second fault finds `cause` set and is the supervisor's. */
static void
check_handler(void)
{
	struct exo_context now;
	struct hostile_thread t;
	uint32_t wrong = 0;

	for (uint32_t i = 1; i < ARRAY_SIZE(places); i++) {
		hostile_thread_make(&t, 0, fault_body, 0);
		exo_env_entry(t.env, EXO_ENTRY_EXCEPTION, places[i].address & ~1ul,
			      places[ARRAY_SIZE(places) - 1 - i].address);
		bool told = run(&t, &now);

		tap_ok(told && now.death.kind == EXO_DEATH_FAULT &&
			       now.death.cause == EXO_CAUSE_FETCH_PAGE,
		       "a handler at %s is its own fault", places[i].name);
		hostile_thread_end(&t);
	}
	hostile_thread_make(&t, 0, fault_body, 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(kernel); i++) {
		wrong += exo_env_entry(t.env, EXO_ENTRY_EXCEPTION, kernel[i], 0) != E_RANGE;
		wrong += exo_env_entry(t.env, EXO_ENTRY_EXCEPTION, 0, kernel[i]) != E_RANGE;
		wrong += exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, kernel[i], kernel[i]) !=
			 E_RANGE;
	}
	hostile_thread_end(&t);
	tap_is(wrong, 0, "none is set that lies in the kernel");
}

/* A handler that only faults again, but says that it is done each time: for ever, in user mode. */
static __attribute__((naked)) void
again_entry(void)
{
	__asm__ volatile(".option push\n.option norvc\n"
			 "sd zero, 0(gp)\n"
			 "ld zero, 0(zero)\n"
			 ".option pop");
}

static void
check_endless(void)
{
	struct exo_context now;
	struct hostile_thread t;
	uint64_t begin = exo_now_ns();

	hostile_thread_make(&t, 0, fault_body, 0);
	exo_env_entry(t.env, EXO_ENTRY_EXCEPTION, (uint64_t)again_entry, (uint64_t)again_entry + 4);
	exo_env_start(t.env);
	for (int i = 0; i < 20; i++) {
		exo_yield(EXO_NONE);
	}
	exo_env_read(t.env, &now);
	tap_is(now.state, EXO_STATE_READY, "one that faults for ever lives");
	tap_ok(exo_now_ns() - begin < 5 * EXO_NS_PER_S, "and keeps nobody from the hart");
	tap_is(exo_env_stop(t.env), 0, "it can be stopped");
	hostile_thread_end(&t);
}

int
main(void)
{
	tap_plan(ARRAY_SIZE(places) + 1 + ARRAY_SIZE(places) - 1 + 1 + 3);
	check_pc();
	check_handler();
	check_endless();
	return tap_end();
}
