/* SPDX-License-Identifier: MIT
 * code_test.c: verification and interpretation of downloaded code: what the vectors cannot say.
 *
 * links: kern/code/program.c kern/code/verify.c kern/code/interp.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "kern/code/program.h"
#include "lib/base/bpf.h"

#define EXIT                                                                                       \
	{                                                                                          \
		BPF_JMP | BPF_EXIT, 0, 0, 0                                                        \
	}
#define MOV(r, n)                                                                                  \
	{                                                                                          \
		BPF_ALU64 | BPF_MOV | BPF_K, r, 0, n                                               \
	}

static struct code_program *
make(uint32_t code_class, const struct exo_insn *insns, uint32_t count)
{
	struct exo_code head = {.magic = EXO_CODE_MAGIC, .code_class = code_class, .insns = count};
	struct code_program *p = code_place(malloc(code_bytes(&head)), &head);

	memcpy(p->insn, insns, count * sizeof(*insns));
	return p;
}

/* A loop without an end is stopped where its fuel ends, and not a block later. */
static void
loop_ends(void **state)
{
	const struct exo_insn loop[] = {MOV(0, 1), MOV(1, 2), {BPF_JMP | BPF_JA, 0, -2, 0}, EXIT};
	struct code_program *p = make(EXO_CODE_predicate, loop, 4);
	uint64_t stack[1];
	struct code_run run;

	(void)state;
	assert_int_equal(code_verify(p), 0);
	assert_null(code_check(p));
	code_run_begin(&run, p, stack);
	assert_int_equal(code_interpret(p, &run), E_LIMIT);
	assert_int_equal(run.fuel, (EXO_FUEL_predicate - 5) % 8);
	free(p);
}

/* However many calls a block has, it has a cost, and that is more than a run has. */
static void
long_blocks_cost_more(void **state)
{
	struct exo_insn call[EXO_CODE_INSNS_MAX];

	(void)state;
	for (uint32_t n = 1; n < EXO_CODE_INSNS_MAX; n++) {
		struct code_program *p;

		call[n - 1] = (struct exo_insn){BPF_JMP | BPF_CALL, 0, 0, EXO_HELPER_place};
		call[n] = (struct exo_insn)EXIT;
		p = make(EXO_CODE_handler, call, n + 1);
		assert_int_equal(code_verify(p), 0);
		assert_null(code_check(p));
		assert_true(p->cost[0] >= n || p->cost[0] > EXO_FUEL_handler);
		assert_true(n < 11 || p->cost[0] > EXO_FUEL_handler);
		free(p);
	}
}

/* Instruction by instruction, or all at once: the same. */
static void
steps_are_alike(void **state)
{
	const struct exo_insn good[] = {MOV(0, 7), {BPF_JMP | BPF_JEQ, 0, 1, 7}, MOV(0, 8), EXIT};
	struct code_program *a = make(EXO_CODE_acl, good, 4);
	struct code_program *b = make(EXO_CODE_acl, good, 4);
	int result;

	(void)state;
	assert_int_equal(code_verify(a), 0);
	do {
		result = code_verify_step(b, 1);
	} while (!result);
	assert_int_equal(result, 1);
	assert_memory_equal(a->cost, b->cost, 4 * sizeof(*a->cost));
	assert_int_equal(a->cost[0], 3 + 4 + 2);
	free(a);
	free(b);
}

/* What helpers reach: any number of bytes of a region, but not one beside it; none of a region that
 * is not there. */
static void
spans_end_with_their_region(void **state)
{
	const struct exo_insn nothing[] = {EXIT};
	struct code_program *p = make(EXO_CODE_handler, nothing, 1);
	uint64_t input = (uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT;
	uint8_t memory[8];
	uint64_t stack[1];
	struct code_run run;

	(void)state;
	code_run_begin(&run, p, stack);
	code_run_region(&run, EXO_REGION_INPUT, memory, sizeof(memory), false);
	assert_ptr_equal(code_span(run.load, input, 8), memory);
	assert_ptr_equal(code_span(run.load, input + 7, 1), memory + 7);
	assert_ptr_equal(code_span(run.load, input, 0), memory);
	assert_null(code_span(run.load, input, 9));
	assert_null(code_span(run.load, input + 1, 8));
	assert_null(code_span(run.load, input + 8, 1));
	assert_null(code_span(run.load, input - 1, 1));
	assert_null(code_span(run.load, input, UINT64_MAX));
	assert_null(code_span(run.load, input + 1, UINT64_MAX));
	assert_null(code_span(run.load, input + ((uint64_t)EXO_REGIONS << EXO_REGION_SHIFT), 1));
	assert_null(code_span(run.load, 0, 1));
	assert_null(code_span(run.load, UINT64_MAX, 1));
	assert_null(code_span(run.store, input, 1));
	free(p);
}

static void
fuel_is_not_overdrawn(void **state)
{
	struct code_run run = {.fuel = 5};

	(void)state;
	assert_int_equal(code_charge(&run, 6), E_LIMIT);
	assert_int_equal(code_charge(&run, UINT64_MAX), E_LIMIT);
	assert_int_equal(run.fuel, 5);
	assert_int_equal(code_charge(&run, 2), 0);
	assert_int_equal(code_charge(&run, 3), 0);
	assert_int_equal(run.fuel, 0);
	assert_int_equal(code_charge(&run, 0), 0);
	assert_int_equal(code_charge(&run, 1), E_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loop_ends),
		cmocka_unit_test(long_blocks_cost_more),
		cmocka_unit_test(steps_are_alike),
		cmocka_unit_test(spans_end_with_their_region),
		cmocka_unit_test(fuel_is_not_overdrawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
