/* SPDX-License-Identifier: MIT
 * code_mutants_test.c: every program of test/vectors with one bit of its instructions turned over,
 * for every bit: it is refused, or it runs and does no harm.
 *
 * An instruction that is the same as the one before it is left out: what there is to see has been
 * seen at that one.
 *
 * links: kern/code/program.c kern/code/verify.c kern/code/interp.c
 * links: test/model/vec.c test/model/vec_words.c test/model/vec_asm.c test/model/vec_run.c
 * links: test/model/code_safe.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "test/model/code_safe.h"

static struct exo_insn last[VEC_INSNS_MAX];
static uint32_t last_insns;
static uint32_t accepted;
static uint32_t refused;

/* Runs of one program follow each other. */
static bool
is_new(const struct vec_case *c)
{
	bool is_same = c->insns == last_insns && !memcmp(last, c->insn, c->insns * sizeof(*last));

	memcpy(last, c->insn, c->insns * sizeof(*last));
	last_insns = c->insns;
	return !is_same;
}

static void
restart(struct code_program *p, const struct vec_case *c)
{
	struct exo_code head = {.code_class = p->code_class,
				.insns = p->insns,
				.data_bytes = p->data_bytes,
				.stack_bytes = p->stack_bytes};

	code_place(p, &head);
	memcpy(p->insn, c->insn, c->insns * sizeof(*c->insn));
}

static void
mutate(struct code_program *p, const struct vec_case *c, uint32_t bit)
{
	restart(p, c);
	((uint8_t *)p->insn)[bit / 8] ^= (uint8_t)(1u << bit % 8);
	if (code_verify(p)) {
		refused++;
	} else {
		accepted++;
		code_safe_run(p, code_interpret);
	}
}

static void
mutate_all(const char *file, const struct vec_case *c)
{
	struct code_program *p = is_new(c) ? vec_program(c) : NULL;

	(void)file;
	if (!p) {
		return;
	}
	code_safe_memory(c->stack_bytes, c->memory[EXO_REGION_DATA], c->bytes[EXO_REGION_DATA]);
	for (uint32_t at = 0; at < c->insns; at++) {
		if (at && !memcmp(&c->insn[at], &c->insn[at - 1], sizeof(*c->insn))) {
			continue;
		}
		for (uint32_t bit = 0; bit < 64; bit++) {
			mutate(p, c, at * 64 + bit);
		}
	}
	free(p);
}

static void
mutants_are_refused_or_safe(void **state)
{
	(void)state;
	vec_each(mutate_all);
	printf("# %u mutants ran, %u were refused\n", accepted, refused);
	assert_true(accepted > 50000 && refused > 100000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutants_are_refused_or_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
