/* SPDX-License-Identifier: MIT
 * hostile_s43_few_ids.c: S43: with no address space identifiers, or with fewer than there are
 * spaces, every space still sees its own pages only, and what is taken from one is gone in it.
 *
 * boot: init SMP=2
 * boot: init SMP=2 APPEND=chitin.asid=off
 * boot: init SMP=2 APPEND=chitin.asid=1
 * boot: init SMP=2 APPEND=chitin.asid=2
 */
#include "test/boot/hostile.h"

#define SPACES 6 /* on each hart, taking turns */
#define CODE   0x10000000ul
#define WORDS  0x10001000ul /* of each space, shared with the test */
#define OWN    0x10002000ul /* at the same place in each */
#define ROUNDS 12

/* A space that runs, for ever: count, look at OWN and the first word of a fault. */
struct world {
	exo_handle space, space_memory, env, env_memory, table[2], table_memory[2];
	struct exo_pages words, own, other;
	uint32_t hart;
	bool gone; /* nothing is mapped at OWN */
};

/* words[0]: rounds; words[1]: what was last seen at OWN. Each round ends with a yield, so that the
 * spaces of a hart come in turn. */
static const uint32_t code[] = {
	0x00053283, /* 1: ld t0, 0(a0) */
	0x0055b423, /* sd t0, 8(a1) */
	0x0005b303, /* ld t1, 0(a1) */
	0x00130313, /* addi t1, t1, 1 */
	0x0065b023, /* sd t1, 0(a1) */
	0x00058493, /* mv s1, a1 */
	0x00000513, /* li a0, 0 */
	0xfef00893, /* li a7, -17 */
	0x00000073, /* ecall: yield */
	0x00048593, /* mv a1, s1 */
	0x10002537, /* lui a0, OWN >> 12 */
	0xfd5ff06f, /* j 1b */
};
static struct exo_pages text;
static struct world worlds[2 * SPACES];

static int64_t
make(struct world *w, uint32_t number)
{
	struct exo_context context = {.pc = CODE};
	int64_t result = 0;

	w->hart = number / SPACES;
	exo_pages_make(&w->words, 1);
	exo_pages_make(&w->own, 1);
	exo_pages_make(&w->other, 1);
	*at((uint64_t)w->own.memory) = 1000 + number;
	*at((uint64_t)w->other.memory) = 2000 + number;
	result |= exo_frames_create(exo_own_frames(), EXO_CAP_SPACE, 0, 0, &w->space,
				    &w->space_memory);
	for (uint32_t i = 0; i < 2; i++) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1 - i, 0, &w->table[i],
				  &w->table_memory[i]);
		result |= exo_map(i ? CODE : 0, w->table[i], 0, 1, EXO_WRITE, NULL, w->space);
	}
	result |= exo_map(CODE, text.frames, 0, 1, EXO_READ | EXO_EXEC, NULL, w->space);
	result |= exo_map(WORDS, w->words.frames, 0, 1, EXO_READ | EXO_WRITE, NULL, w->space);
	result |= exo_map(OWN, w->own.frames, 0, 1, EXO_READ, NULL, w->space);
	result |=
		exo_frames_create(exo_own_frames(), EXO_CAP_ENV, w->hart,
				  THREAD_UAREAS + number * EXO_PAGE_SIZE, &w->env, &w->env_memory);
	result |= exo_bind(EXO_BIND_SPACE, w->env, w->space, 0);
	result |= exo_bind(EXO_BIND_CSPACE, w->env, exo_start()->cspace, 0);
	context.x[10] = OWN;
	context.x[11] = WORDS;
	result |= exo_env_write(w->env, &context);
	return result | exo_env_start(w->env);
}

/* Each that can run has come round again twice. */
static bool
all_ran(void)
{
	uint64_t before[2 * SPACES];

	for (uint32_t i = 0; i < 2 * SPACES; i++) {
		before[i] = *at((uint64_t)worlds[i].words.memory);
	}
	for (uint32_t i = 0; i < 2 * SPACES; i++) {
		const volatile uint64_t *rounds = at((uint64_t)worlds[i].words.memory);

		for (int tries = 0; !worlds[i].gone && *rounds < before[i] + 2; tries++) {
			if (tries == 100000) {
				return false;
			}
			exo_yield(EXO_NONE);
		}
	}
	return true;
}

static uint32_t
count_wrong(uint64_t base)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < 2 * SPACES; i++) {
		wrong += !worlds[i].gone && at((uint64_t)worlds[i].words.memory)[1] != base + i;
	}
	return wrong;
}

/* All spaces get another page at the same place; the old ones are then this program's alone. */
static uint32_t
exchange(bool back)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < 2 * SPACES; i++) {
		struct world *w = &worlds[i];
		exo_handle next = back ? w->own.frames : w->other.frames;

		if (!w->gone) {
			/* a moment without a page is a fault: it is stopped for that time */
			wrong += exo_env_stop(w->env) != 0;
			wrong += exo_unmap(OWN, 1, 0, NULL, w->space) < 0;
			wrong += exo_map(OWN, next, 0, 1, EXO_READ, NULL, w->space) != 0;
			wrong += exo_env_start(w->env) != 0;
		}
	}
	return wrong;
}

/* One that runs loses its page: it faults at the next look, whatever its neighbours have there. */
static bool
loses(struct world *w)
{
	struct exo_context now = {0};
	int64_t result = exo_unmap(OWN, 1, 0, NULL, w->space);
	uint64_t rounds = *at((uint64_t)w->words.memory);

	for (int tries = 0; tries < 100000 && now.state != EXO_STATE_FAULTED; tries++) {
		exo_env_read(w->env, &now);
		exo_yield(EXO_NONE);
	}
	w->gone = true;
	return result >= 0 && now.state == EXO_STATE_FAULTED && now.death.tval == OWN &&
	       *at((uint64_t)w->words.memory) <= rounds + 1;
}

int
main(void)
{
	uint32_t failed = 0, wrong = 0, lost = 0;

	tap_plan(5);
	exo_pages_make(&text, 1);
	memcpy(text.memory, code, sizeof(code));
	for (uint32_t i = 0; i < 2 * SPACES; i++) {
		failed += make(&worlds[i], i) != 0;
	}
	tap_is(failed, 0, "spaces on two harts take turns");
	failed = !all_ran();
	tap_is(count_wrong(1000), 0, "each sees its own page");
	for (uint32_t round = 0; round < ROUNDS; round++) {
		failed += exchange(round % 2);
		failed += !all_ran();
		wrong += count_wrong(round % 2 ? 1000 : 2000);
	}
	tap_is(wrong, 0, "and the next one, when it was exchanged");
	for (uint32_t i = 0; i < 2 * SPACES; i += 3) {
		lost += loses(&worlds[i]);
		failed += !all_ran();
		wrong += count_wrong(1000);
	}
	tap_is(lost, 2 * SPACES / 3, "who loses a page faults at once");
	tap_is(failed + wrong, 0, "and nobody else");
	return tap_end();
}
