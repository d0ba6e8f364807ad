/* SPDX-License-Identifier: MIT
 * hostile_s54_signals.c: S54: predicates that take all the fuel they may, looked at for signals
 * without end from another hart, keep no slot from beginning in time and nobody from running, and
 * no sleeper hangs for it.
 *
 * boot: init SMP=2
 */
#include "lib/base/bpf.h"
#include "lib/exo/predicate.h"
#include "test/boot/hostile.h"

#define MS       1000000ul
#define SLEEPERS 6
#define ENOUGH   10 /* percent; what is left depends on how an emulator shares its processors */
#define TRIES    5
#define DEEP     27 /* loads, with all that belongs to one: 21 of fuel each */

/* 0 after many loads of the word at r1, or that word. */
static const struct {
	struct exo_code head;
	struct exo_insn insn[5];
} image = {{EXO_CODE_MAGIC, EXO_CODE_predicate, 5, 0, 0, 0},
	   {{BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, DEEP},
	    {BPF_LDX | BPF_MEM | BPF_DW, 0 | 1 << 4, 0, 0},
	    {BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, -1},
	    {BPF_JMP | BPF_JNE | BPF_K, 3, -3, 0},
	    {BPF_JMP | BPF_EXIT, 0, 0, 0}}};

static struct hostile_thread sleeper[SLEEPERS], signaller, worker;
static struct exo_pages words;
static exo_handle code;
static volatile uint64_t tag[SLEEPERS], asleep, work;
static volatile bool storms, stop;

static volatile uint64_t *
word(uint64_t which)
{
	return (volatile uint64_t *)words.memory + which;
}

static void
sleeping_body(uint64_t which)
{
	int64_t bound = exo_bind(EXO_BIND_PREDICATE, words.frames, code, which * 8 << 32 | 8);

	__atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
	tag[which] = bound < 0 ? (uint64_t)bound : exo_sleep_until(0, UINT64_MAX).tag;
	for (;;) {
		exo_sleep(0, UINT64_MAX);
	}
}

/* It is as busy when it does not signal, so that what the machine has to do is the same. */
static void
signalling_body(uint64_t argument)
{
	(void)argument;
	for (uint64_t i = 0; !stop; i++) {
		exo_signal(storms ? sleeper[i % SLEEPERS].env : signaller.env, 0);
		linger(10);
	}
	for (;;) {
		exo_sleep(0, UINT64_MAX);
	}
}

static void
working_body(uint64_t argument)
{
	(void)argument;
	for (;;) {
		work++;
	}
}

static uint64_t
worked(bool beside_a_storm)
{
	uint64_t begin;

	storms = beside_a_storm;
	exo_pause(5 * MS);
	begin = work;
	exo_pause(100 * MS);
	return work - begin;
}

/* What is left, in percent; the most of a few tries, for the machine has other things to do too. */
static uint64_t
share_left(void)
{
	uint64_t most = 0;

	for (int i = 0; i < TRIES && most < ENOUGH; i++) {
		uint64_t quiet = worked(false);
		uint64_t share = 100 * worked(true) / (quiet ? quiet : 1);

		most = share > most ? share : most;
	}
	return most;
}

static uint32_t
woken(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < SLEEPERS; i++) {
		count += tag[i] == i + 1;
	}
	return count;
}

static int
start_all(void)
{
	int result = 0;

	for (uint32_t i = 0; i < SLEEPERS; i++) {
		result |= hostile_thread_start(&sleeper[i], 0, sleeping_body, i);
	}
	for (int i = 0; i < 1000 && asleep < SLEEPERS; i++) {
		exo_pause(MS);
	}
	result |= hostile_thread_start(&signaller, hostile_harts() - 1, signalling_body, 0);
	return result ? result : hostile_thread_start(&worker, 0, working_body, 0);
}

int
main(void)
{
	uint64_t left;

	tap_plan(6);
	tap_is(exo_pages_make(&words, 1), 0, "memory to look at");
	code = (exo_handle)exo_carve(exo_boot()->code, free_slot(), 0, 2,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	tap_is(exo_code_load(code, &image.head), 0, "a predicate that takes its time");
	tap_is(start_all(), 0, "some sleep by it, one signals them");
	left = share_left();
	tap_ok(left >= ENOUGH, "who runs beside them keeps %lu %% of the time",
	       (unsigned long)left);
	tap_is(woken(), 0, "nobody has woken");
	for (uint32_t i = 0; i < SLEEPERS; i++) {
		*word(i) = i + 1;
	}
	storms = true;
	for (int i = 0; i < 2000 && woken() < SLEEPERS; i++) {
		exo_pause(MS);
	}
	tap_is(woken(), SLEEPERS, "now all do, and say why");
	stop = true;
	return tap_end();
}
