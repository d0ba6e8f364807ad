/* SPDX-License-Identifier: MIT
 * shapes_test.c: whoever binds compiles what is wanted before; others, who bring in new shapes as
 * fast as that, do not keep him at it for ever.
 *
 * links: kern/net/shape.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/arch.h"

#define arch_has_jit() true

#include "kern/net/shapes.c"
#include "test/model/one_test.h"

#define WORDS 1000
#define SOME  10

static struct kernel kernel = {.harts = 2};
static bool is_sealed[SHAPES_MAX];
static union one_test_node place[SOME];

/* --- what it stands on ---------------------------------------------------------------------- */
void
code_pages_boot(struct kernel *k, struct code_pages *p, uint64_t most, uint64_t part)
{
	(void)k;
	(void)part;
	p->count = most;
}

bool
code_pages_seal(struct kernel *k, struct code_pages *p, uint64_t page, bool seals)
{
	bool changes = is_sealed[page] != seals;

	(void)k;
	(void)p;
	is_sealed[page] = seals;
	return changes;
}

uint32_t
host_hart(void)
{
	return 0;
}

void
tlb_forget_instructions(uint32_t hart)
{
	assert_int_equal(hart, 0);
}

/* Meanwhile another hart binds, too: it does not wait, and nobody does for longer because of it. */
void
arch_remote_fence_i(uint64_t mask)
{
	assert_int_equal(mask, 2);
	kernel_lock(&kernel);
	assert_false(shapes_compile(&kernel));
	kernel_unlock(&kernel);
}

void
kernel_unlock_broken(struct kernel *k)
{
	fail_msg("nothing of %p is broken here", (void *)k);
}

int64_t
arch_filter_compile(const struct arch_filter_shape *shape, uint32_t *to, size_t bytes)
{
	(void)to;
	(void)bytes;
	return shape->tests;
}

struct trie_hit *
trie_step(const uint8_t *base, const uint8_t *end, struct trie_node *node, struct trie_hit *hits)
{
	fail_msg("no packet came: %p %p %p", (const void *)base, (const void *)end, (void *)node);
	return hits;
}

/* --- tests ---------------------------------------------------------------------------------- */
static int
set_up(void **state)
{
	(void)state;
	memset(is_sealed, 0, sizeof(is_sealed));
	one_test_clear(place, SOME);
	memset(&kernel.lock, 0, sizeof(kernel.lock));
	kernel_lock(&kernel);
	shapes_boot(&kernel);
	return 0;
}

static void
all_that_is_wanted(void **state)
{
	uint32_t turns = 0;

	(void)state;
	for (uint32_t i = 0; i < SOME; i++) {
		one_test_look(shapes_get(), &place[i].node, i);
	}
	while (shapes_compile(&kernel)) {
		turns++;
	}
	assert_int_equal(turns, SOME);
	assert_int_equal(shape_wanted(shapes_get()), SHAPE_NONE);
}

/* Each time it was at it, another one has come up. */
static void
never_all(void **state)
{
	uint32_t turns;

	(void)state;
	for (uint32_t binds = 0; binds < SOME; binds++) {
		turns = 0;
		do {
			one_test_look(shapes_get(), &place[0].node,
				      (binds * SHAPES_SHARE + turns++) % WORDS);
		} while (shapes_compile(&kernel) && turns < WORDS);
		assert_in_range(turns, 2, SHAPES_MAX);
	}
	while (shapes_compile(&kernel)) {
	}
	assert_int_equal(shape_wanted(shapes_get()), SHAPE_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_that_is_wanted, set_up),
		cmocka_unit_test_setup(never_all, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
