/* SPDX-License-Identifier: MIT
 * hostile_s55_gone.c: S55: what a predicate needs is taken while many sleep by it on all harts: the
 * capability it was bound by, that by which its program was loaded, the memory that it reads. All
 * of them wake, and nothing is looked at any more.
 *
 * boot: init SMP=4
 */
#include "lib/base/bpf.h"
#include "lib/exo/predicate.h"
#include "test/boot/hostile.h"

#define MS       1000000ul
#define SLEEPERS 24
#define ROUNDS   12 /* each loss several times */

/* The word at r1. */
static const struct {
	struct exo_code head;
	struct exo_insn insn[2];
} image = {{EXO_CODE_MAGIC, EXO_CODE_predicate, 2, 0, 0, 0},
	   {{BPF_LDX | BPF_MEM | BPF_DW, 0 | 1 << 4, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0}}};

enum loss { BOUND_BY, LOADED_BY, MEMORY, NOTHING, LOSSES };

static struct hostile_thread thread[SLEEPERS];
static exo_handle code, loaded_by, bound_by,
	memory; /* shares of the last two words are made anew */
static struct exo_pages words;
static volatile uint64_t round_number, bound, woken, strange;
static volatile uint64_t wanted; /* what they should be told */

/* In each round it binds what there is then, and sleeps by it. */
static void
sleeping_body(uint64_t which)
{
	for (uint64_t last = 0;; last++) {
		struct exo_woken why;

		while (round_number == last) {
			exo_sleep(1, exo_ticks() + 1000);
		}
		if (exo_predicate_bind(bound_by, memory, which * 8, 8)) {
			__atomic_fetch_add(&strange, 1, __ATOMIC_SEQ_CST);
		}
		__atomic_fetch_add(&bound, 1, __ATOMIC_SEQ_CST);
		why = exo_sleep_until(0, UINT64_MAX);
		if (why.events || why.tag != wanted) {
			__atomic_fetch_add(&strange, 1, __ATOMIC_SEQ_CST);
		}
		exo_predicate_unbind();
		__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	}
}

static exo_handle
share(exo_handle of, uint64_t start, uint64_t count, uint64_t rights)
{
	int64_t result = exo_share(of, free_slot(), start, count, rights, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

static int
prepare(void)
{
	struct exo_cap_info info = {0};

	exo_inspect(words.frames, 0, &info);
	loaded_by = share(code, 0, 2, EXO_CODE_LOAD | EXO_CODE_RUN);
	bound_by = share(code, 0, 2, EXO_CODE_RUN);
	memory = share(words.frames, info.start, 1, EXO_READ);
	memset(words.memory, 0, EXO_PAGE_SIZE);
	return (int)exo_code_load(loaded_by, &image.head);
}

static void
wait_for(const volatile uint64_t *count)
{
	for (int i = 0; i < 2000 && *count < SLEEPERS; i++) {
		exo_pause(MS);
	}
}

static void
lose(enum loss what)
{
	switch (what) {
	case BOUND_BY:
		exo_drop(bound_by, 0, 0);
		break;
	case LOADED_BY:
		exo_drop(loaded_by, 0, 0);
		break;
	case MEMORY:
		exo_drop(memory, 0, 0);
		break;
	default:
		for (uint32_t i = 0; i < SLEEPERS; i++) {
			((volatile uint64_t *)words.memory)[i] = wanted;
			exo_signal(thread[i].env, 0);
		}
		break;
	}
}

/* Some may not sleep yet, but all will: half of the rounds begin with who does not. */
static uint64_t
play(uint64_t number)
{
	enum loss what = (enum loss)(number % LOSSES);

	bound = woken = 0;
	wanted = what == NOTHING ? 7 : 0;
	if (prepare()) {
		return 0;
	}
	round_number = number + 1;
	wait_for(&bound);
	if (number / LOSSES % 2) {
		exo_pause(10 * MS);
	}
	lose(what);
	wait_for(&woken);
	exo_drop(bound_by, 0, 0);
	exo_drop(loaded_by, 0, 0);
	exo_drop(memory, 0, 0);
	return woken == SLEEPERS;
}

int
main(void)
{
	uint64_t played = 0;
	int result = 0;

	tap_plan(4);
	code = (exo_handle)exo_carve(exo_boot()->code, free_slot(), 0, 2,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	tap_is(exo_pages_make(&words, 1), 0, "memory to look at");
	for (uint32_t i = 0; i < SLEEPERS; i++) {
		result |= hostile_thread_start(&thread[i], i % hostile_harts(), sleeping_body, i);
	}
	tap_is(result, 0, "sleepers on all harts");
	for (uint64_t i = 0; i < ROUNDS && played == i; i++) {
		played += play(i);
	}
	tap_is(played, ROUNDS, "whatever went, all woke");
	tap_is(strange, 0, "and each was told that something had gone, or its word");
	return tap_end();
}
