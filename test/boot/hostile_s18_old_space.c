/* SPDX-License-Identifier: MIT
 * hostile_s18_old_space.c: S18: what a hart remembers of one address space it never uses for
 * another: not when the other has its identifier, its frames, or when no identifiers are left.
 *
 * boot: init SMP=2
 * boot: init SMP=2 APPEND=chitin.asid=off
 * boot: init SMP=2 APPEND=chitin.asid=1
 */
#include "test/boot/hostile.h"

#define SPACES 50
#define CODE   0x10000000ul
#define PAGE   0x10001000ul /* every space maps its own there */
#define SOME   0x10002000ul /* every other one maps something there */

/* What runs in each: copies what it finds at SOME and the first word of its page, for ever. */
static const uint32_t code[] = {
	0x0005b283, /* 1: ld t0, 0(a1) */
	0x0055b423, /* sd t0, 8(a1) */
	0x00053303, /* ld t1, 0(a0) */
	0x0065b823, /* sd t1, 16(a1) */
	0x0185b383, /* ld t2, 24(a1) */
	0x00138393, /* addi t2, t2, 1 */
	0x0075bc23, /* sd t2, 24(a1) */
	0xfe5ff06f, /* j 1b */
};

struct world {
	exo_handle space, space_memory, table[2], table_memory[2], env, env_memory;
};
static struct exo_pages text, page, some;

static int64_t
make(struct world *w, uint32_t hart, uint64_t index, bool with_some)
{
	struct exo_context context = {.pc = CODE};
	uint64_t *words = page.memory;
	int64_t result = 0;

	memset(words, 0, 32);
	words[0] = index;
	exo_frames_create(exo_own_frames(), EXO_CAP_SPACE, 0, 0, &w->space, &w->space_memory);
	for (uint32_t i = 0; i < 2; i++) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1 - i, 0, &w->table[i],
				  &w->table_memory[i]);
		result |= exo_map(i ? CODE : 0, w->table[i], 0, 1, EXO_WRITE, NULL, w->space);
	}
	result |= exo_map(CODE, text.frames, 0, 1, EXO_READ | EXO_EXEC, NULL, w->space);
	result |= exo_map(PAGE, page.frames, 0, 1, EXO_READ | EXO_WRITE, NULL, w->space);
	if (with_some) {
		result |= exo_map(SOME, some.frames, 0, 1, EXO_READ, NULL, w->space);
	}
	result |= exo_frames_create(exo_own_frames(), EXO_CAP_ENV, hart, THREAD_UAREAS, &w->env,
				    &w->env_memory);
	result |= exo_bind(EXO_BIND_SPACE, w->env, w->space, 0);
	result |= exo_bind(EXO_BIND_CSPACE, w->env, exo_start()->cspace, 0);
	context.x[10] = SOME;
	context.x[11] = PAGE;
	result |= exo_env_write(w->env, &context);
	result |= exo_env_start(w->env);
	return result;
}

static void
end(struct world *w)
{
	exo_frames_destroy(exo_own_frames(), w->env, w->env_memory);
	exo_frames_destroy(exo_own_frames(), w->space, w->space_memory);
	for (uint32_t i = 0; i < 2; i++) {
		exo_frames_destroy(exo_own_frames(), w->table[i], w->table_memory[i]);
	}
}

/* Runs until it has written, or died of what it may not see. */
static bool
sees_its_own(struct world *w, uint64_t index, bool with_some)
{
	volatile uint64_t *words = page.memory;
	struct exo_context now = {0};

	for (int tries = 0; tries < 1000; tries++) {
		exo_env_read(w->env, &now);
		if (now.death.kind != EXO_DEATH_NONE || (with_some && words[3] > 2)) {
			break;
		}
		exo_pause(100000);
	}
	if (with_some) {
		return now.death.kind == EXO_DEATH_NONE && words[1] == index &&
		       words[2] == *(uint64_t *)some.memory;
	}
	return now.death.kind == EXO_DEATH_FAULT && now.death.tval == SOME && words[1] == index &&
	       words[3] == 0;
}

/* One space after the other on the same hart, with the same frames: the next one gets the
 * identifier that the last one had. */
static void
check_turns(uint32_t hart)
{
	uint32_t wrong = 0, failed = 0;

	for (uint64_t i = 0; i < SPACES; i++) {
		struct world w;
		bool with_some = i % 2 == 0;

		/* other pages behind the same addresses */
		if (i % 4 == 2) {
			exo_pages_end(&page);
			exo_pages_end(&some);
			exo_pages_make(&some, 1);
			exo_pages_make(&page, 1);
		}
		*(uint64_t *)some.memory = ~i;
		failed += make(&w, hart, i, with_some) != 0;
		wrong += !sees_its_own(&w, i, with_some);
		end(&w);
	}
	tap_is(failed, 0, "spaces come and go");
	tap_is(wrong, 0, "each sees its own pages and faults where it has none");
}

int
main(void)
{
	tap_plan(4);
	exo_pages_make(&text, 1);
	exo_pages_make(&page, 1);
	exo_pages_make(&some, 1);
	memcpy(text.memory, code, sizeof(code));
	check_turns(0);
	check_turns(1);
	return tap_end();
}
