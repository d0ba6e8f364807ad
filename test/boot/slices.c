/* SPDX-License-Identifier: MIT
 * slices.c: an environment is told when a slice of its own slots begins and when it will end; who
 * yields in time owes nothing, who does not loses slots for it and in the end everything.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "lib/exo/riscv/ecall.h"
#include "test/boot/hostile.h"

#define MS   1000000ul
#define DONE 22

static struct hostile_thread thread;
static struct exo_uarea *uarea; /* of the thread */
static volatile uint64_t begins;
static volatile uint64_t ends;
static volatile uint64_t late; /* told of the end when it was over */
static volatile uint64_t turns;
static volatile bool yields;
static volatile bool asks_begin;
static volatile bool asks_end;
static volatile uint64_t strays; /* looks at the clock in slots that are not its own */

/* Ticks into the slot. */
static uint64_t
into_slot(void)
{
	const struct exo_sysinfo *s = exo_sysinfo();

	return (exo_ticks() - s->timeline_epoch) % s->slot_ticks;
}

static void
on_upcall(uint64_t events)
{
	(void)events;
	if (uarea->async_what == EXO_UPCALL_BEGIN) {
		begins++;
	} else if (uarea->async_what == EXO_UPCALL_END) {
		ends++;
		late += into_slot() < exo_sysinfo()->slot_ticks / 2;
		if (yields) {
			exo_yield(EXO_NONE);
		}
	}
}

static bool
is_own_slot(void)
{
	const struct exo_sysinfo *s = exo_sysinfo();
	uint64_t slot = (exo_ticks() - s->timeline_epoch) / s->slot_ticks % s->timeline_slots;

	return slot / 2 == 8 / 2 || slot / 2 == 40 / 2;
}

static void
body(uint64_t ignored)
{
	(void)ignored;
	if (asks_end) {
		exo_env_entry(EXO_NONE, EXO_ENTRY_END, (uint64_t)exo_event_entry, 0);
	}
	if (asks_begin) {
		exo_env_entry(EXO_NONE, EXO_ENTRY_BEGIN, (uint64_t)exo_event_entry, 0);
	}
	for (;;) {
		turns++;
		strays += !is_own_slot();
	}
}

/* One that takes no slack and has these slots. */
static void
thread_begin(const exo_handle *slots, uint32_t count)
{
	static uint32_t made;
	struct exo_launch l = {.space = exo_start()->space,
			       .cspace = exo_start()->cspace,
			       .supervisor = exo_start()->env,
			       .supervisor_bit = DONE,
			       .pc = (uint64_t)body};
	uint64_t address = THREAD_UAREAS + (120 + made++) * EXO_PAGE_SIZE;
	struct exo_pages stack;

	begins = ends = late = turns = strays = 0;
	exo_pages_make(&thread.stack, THREAD_STACK_PAGES);
	exo_pages_make(&stack, THREAD_STACK_PAGES);
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, EXO_ENV_BOUND << 8, address, &thread.env,
			  &thread.memory);
	exo_vm_map_at(exo_own_vm(), address, thread.env, 0, 1, EXO_READ | EXO_WRITE);
	uarea = (struct exo_uarea *)address;
	*(uint64_t *)(address + EXO_UL_EVENT_STACK) =
		(uint64_t)stack.memory + THREAD_STACK_PAGES * EXO_PAGE_SIZE;
	*(uint64_t *)(address + EXO_UL_EVENT_HANDLER) = (uint64_t)on_upcall;
	l.sp = (uint64_t)thread.stack.memory + THREAD_STACK_PAGES * EXO_PAGE_SIZE;
	__asm__("mv %0, tp" : "=r"(l.tp));
	for (uint32_t i = 0; i < count; i++) {
		exo_bind(EXO_BIND_SLOT, thread.env, slots[i], 0);
	}
	exo_env_launch(thread.env, &l);
}

static struct exo_context
context_of(exo_handle env)
{
	struct exo_context c = {0};

	exo_env_read(env, &c);
	return c;
}

/* What it says when the rest of the slice is offered then: tenths of a slot in a round. */
static int64_t
offer_at(uint64_t tenths)
{
	const struct exo_sysinfo *s = exo_sysinfo();
	uint64_t round = s->slot_ticks * s->timeline_slots;

	while ((exo_ticks() - s->timeline_epoch) % round / (s->slot_ticks / 10) != tenths) {
	}
	return exo_yield(thread.env);
}

static void
check_yielding(const exo_handle *slots)
{
	struct exo_context c;

	yields = asks_begin = asks_end = true;
	thread_begin(slots, 2);
	exo_pause(160 * MS); /* ten rounds */
	c = context_of(thread.env);
	tap_ok(ends >= 18 && ends <= 21, "it is told of the end of each slice: %lu times",
	       (unsigned long)ends);
	tap_is((int64_t)late, 0, "in time");
	tap_ok(begins >= ends - 1 && begins <= ends + 1, "and of the begin: %lu times",
	       (unsigned long)begins);
	tap_ok(c.overruns == 0 && c.forfeits == 0 && c.debt_ticks == 0, "it owes nothing");
	tap_ok(turns > 1000, "between them it runs");
	tap_is(offer_at(79), E_SHORT, "a gift shorter than twice the grace is refused");
	tap_is(offer_at(201), 0, "a longer one is not");
	hostile_thread_end(&thread);
}

/* Two slices a round: ten overruns of a tenth of a slot in five rounds, one slot lost for them. */
static void
check_staying(const exo_handle *slots)
{
	uint64_t begin = exo_ticks();
	struct exo_context c;

	yields = false;
	thread_begin(slots, 2);
	exo_pause(400 * MS);
	c = context_of(thread.env);
	begin = exo_ticks() - begin;
	tap_ok(c.used_ticks * 64 > begin * 3 && c.used_ticks * 64 <= begin * 4 + begin / 5,
	       "four of 64 slots are counted, or what is left of them: %lu of %lu ticks",
	       (unsigned long)c.used_ticks, (unsigned long)begin);
	tap_ok(c.slices >= 40 && c.slices <= 52, "and its slices: %lu", (unsigned long)c.slices);
	tap_ok(c.overruns >= 40 && c.overruns <= 52, "who stays overruns each time: %lu",
	       (unsigned long)c.overruns);
	tap_ok(c.forfeits >= c.overruns / 10 - 1 && c.forfeits <= c.overruns / 10,
	       "and loses a slot for ten of them: %lu", (unsigned long)c.forfeits);
	tap_is((int64_t)begins, 0, "it was cut, so its slices go on where they were");
	tap_ok(c.debt_ticks < 2 * exo_sysinfo()->slot_ticks, "it never owes much");
	hostile_thread_end(&thread);
}

static void
check_entries(void)
{
	tap_is(exo_env_entry(EXO_NONE, EXO_ENTRY_BEGIN, KERNEL_IMAGE, 0), E_RANGE,
	       "no entry in the kernel");
	tap_is(exo_env_entry(EXO_NONE, EXO_ENTRY_END, 1, 0), E_RANGE, "nor at an odd address");
	tap_is(exo_env_entry(EXO_NONE, EXO_ENTRY_END, 0, 1), E_INVAL, "they take no argument");
	tap_is(exo_env_entry(EXO_NONE, EXO_ENTRY_END, 0, 0), 0, "none at all is well");
}

/* How far this program comes in ten rounds, alone in what others leave. */
static uint64_t
turns_of_own(void)
{
	uint64_t end = exo_now_ns() + 160 * MS;
	uint64_t count = 0;

	while (exo_now_ns() < end) {
		count++;
	}
	return count;
}

/* Who asks for nothing and never yields is cut; that costs nobody, so it owes nothing. */
static void
check_cut(const exo_handle *slots)
{
	struct exo_context c;
	uint64_t before, own;

	asks_begin = asks_end = false;
	before = turns_of_own();
	thread_begin(slots, 2);
	own = turns_of_own();
	c = context_of(thread.env);
	tap_ok(turns > 1000 && c.overruns == 0 && c.forfeits == 0 && c.debt_ticks == 0,
	       "who never yields and asked for nothing owes nothing");
	tap_ok(strays * 1000 <= turns, "it runs in its own slots: %lu looks, %lu elsewhere",
	       (unsigned long)turns, (unsigned long)strays);
	tap_ok(own * 64 >= before * 59, "and leaves the others theirs: %lu of %lu turns",
	       (unsigned long)own, (unsigned long)before);
	hostile_thread_end(&thread);
}

/* Every second slot, so that it comes to the limit soon. */
static void
check_limit(void)
{
	const struct exo_sysinfo *s = exo_sysinfo();
	uint64_t grace = s->timebase_hz * CONFIG_GRACE_US / 1000000;
	exo_handle slots[CONFIG_TIMELINE_SLOTS / 2];
	struct exo_context c;

	for (uint32_t i = 0; i < ARRAY_SIZE(slots); i++) {
		slots[i] = hostile_positions(2 * i + 1, 1);
	}
	yields = asks_begin = false;
	asks_end = true;
	exo_wait(EXO_EVENT(DONE), 0);
	thread_begin(slots, ARRAY_SIZE(slots));
	tap_is((int64_t)exo_wait(EXO_EVENT(DONE), 5000 * MS), (int64_t)EXO_EVENT(DONE),
	       "who overruns without end is ended, its supervisor is told");
	c = context_of(thread.env);
	tap_ok(c.state == EXO_STATE_DEAD && c.death.kind == EXO_DEATH_OVERRUN &&
		       c.death.cause == CONFIG_OVERRUNS_MAX + 1 && c.overruns == c.death.cause,
	       "at the first time beyond the limit: %lu", c.death.cause);
	tap_ok(c.forfeits * s->slot_ticks + c.debt_ticks == c.overruns * grace &&
		       c.debt_ticks <= s->slot_ticks + grace,
	       "each cost the grace, in whole slots: %lu forfeited, %lu ticks are left", c.forfeits,
	       c.debt_ticks);
	hostile_thread_end(&thread);
}

int
main(void)
{
	const exo_handle slots[] = {hostile_positions(8, 2), hostile_positions(40, 2)};

	tap_plan(23);
	check_entries();
	check_yielding(slots);
	check_staying(slots);
	check_cut(slots);
	exo_revoke(exo_boot()->timelines[0], 0, 0);
	check_limit();
	return tap_end();
}
