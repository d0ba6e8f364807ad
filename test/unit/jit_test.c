/* SPDX-License-Identifier: MIT
 * jit_test.c: the compiler of downloaded code against the interpreter.
 *
 * LONG=1 runs 10^7 random programs instead of 10^5; SEED=n others.
 * links: arch/riscv/jit.c arch/riscv/jit_arithmetic.c arch/riscv/jit_jump.c
 * links: arch/riscv/jit_memory.c kern/code/program.c kern/code/verify.c kern/code/interp.c
 * links: test/model/engines.c test/model/engines_look.c test/model/engines_random.c
 * links: test/fake/rv64.c test/model/vec.c test/model/vec_words.c test/model/vec_asm.c
 * links: test/model/vec_run.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "lib/base/bpf.h"
#include "test/model/engines.h"
#include "test/model/vec_run.h"

static struct engines e;

/* splitmix64 */
static uint64_t
draw(void *state, uint64_t limit)
{
	uint64_t z = *(uint64_t *)state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % limit;
}

static void
random_programs(void **unused)
{
	uint32_t programs = getenv("LONG") ? 10000000 : 100000;
	const char *seed = getenv("SEED");
	uint64_t first = seed ? strtoull(seed, NULL, 0) : 1;

	(void)unused;
	for (uint64_t n = first << 32; n < (first << 32) + programs; n++) {
		uint64_t state = n;
		const char *failure = engines_random(&e, draw, &state);

		if (failure) {
			engines_print(&e);
			fail_msg("program %#llx: %s", (unsigned long long)n, failure);
		}
	}
}

static uint32_t failures;
static const char *misdeed;

static int
call(const struct code_program *p, struct code_run *run)
{
	int error = engines_compile(&e, p);

	misdeed = error ? "it cannot be compiled" : engines_look(&e);
	misdeed = misdeed ? misdeed : engines_call(&e, run, &error);
	return error;
}

static void
judge(const char *file, const struct vec_case *c)
{
	const char *wrong = vec_judge(c, call);

	wrong = misdeed ? misdeed : wrong;
	misdeed = NULL;
	if (wrong) {
		fprintf(stderr, "%s:%u: error: %s: %s\n", file, c->line, c->name, wrong);
		failures++;
	}
}

static void
vectors(void **unused)
{
	(void)unused;
	assert_true(vec_each(judge) > 1000);
	assert_int_equal(failures, 0);
}

#define ALU64(op, to, from, n)                                                                     \
	{                                                                                          \
		BPF_ALU64 | (op), (to) | (from) << 4, 0, n                                         \
	}
#define ALU32(op, to, from)                                                                        \
	{                                                                                          \
		BPF_ALU | BPF_X | (op), (to) | (from) << 4, 0, 0                                   \
	}
#define LOAD(size, to, base, at)                                                                   \
	{                                                                                          \
		BPF_LDX | BPF_MEM | (size), (to) | (base) << 4, at, 0                              \
	}
#define STORE(size, base, at, n)                                                                   \
	{                                                                                          \
		BPF_ST | BPF_MEM | (size), base, at, n                                             \
	}
#define JUMP(op, a, b, by)                                                                         \
	{                                                                                          \
		op, (a) | (b) << 4, by, 0                                                          \
	}
#define CALL(nr)                                                                                   \
	{                                                                                          \
		BPF_JMP | BPF_CALL, 0, 0, nr                                                       \
	}
static const struct exo_insn leave = {BPF_JMP | BPF_EXIT, 0, 0, 0};

#define OF_ONE 120 /* instructions: what is too much for a run, too, and for less than its fuel */

/* Up to four instructions, over and over. */
struct worst {
	uint32_t code_class;
	struct exo_insn insn[4];
};

static const struct worst worst[] = {
	/* Three bases in turn, of which two are remembered; far from the base. */
	{EXO_CODE_handler,
	 {LOAD(BPF_W, 0, 1, 40), LOAD(BPF_W, 0, 3, 44), LOAD(BPF_W, 0, 5, 48),
	  STORE(BPF_W, 3, 40, 99)}},
	{EXO_CODE_handler,
	 {STORE(BPF_W, 3, 40, 99), STORE(BPF_W, 5, 40, 77), STORE(BPF_W, 6, 40, 55),
	  STORE(BPF_W, 3, 44, 88)}},
	{EXO_CODE_handler,
	 {LOAD(BPF_W, 0, 1, 40), JUMP(BPF_JMP32 | BPF_JSGT | BPF_X, 2, 4, 0),
	  STORE(BPF_W, 3, 40, 99), JUMP(BPF_JMP32 | BPF_JSGT | BPF_X, 2, 4, 0)}},
	{EXO_CODE_handler,
	 {JUMP(BPF_JMP32 | BPF_JSET | BPF_X, 1, 3, 0), JUMP(BPF_JMP32 | BPF_JSLE | BPF_X, 2, 4, 0),
	  JUMP(BPF_JMP32 | BPF_JSET | BPF_X, 1, 3, 0), JUMP(BPF_JMP32 | BPF_JGT | BPF_X, 5, 3, 0)}},
	/* A jump to itself. */
	{EXO_CODE_handler, {JUMP(BPF_JMP32 | BPF_JSGE | BPF_X, 2, 2, -1)}},
	{EXO_CODE_handler,
	 {ALU64(BPF_MOV | BPF_K, 0, 0, -9), ALU32(BPF_DIV, 0, 7), ALU64(BPF_MOV | BPF_K, 0, 0, -9),
	  ALU32(BPF_ARSH, 0, 7)}},
	{EXO_CODE_handler,
	 {ALU64(BPF_END, 0, 0, 64), ALU64(BPF_END, 2, 0, 64), ALU64(BPF_END, 0, 0, 32),
	  ALU64(BPF_END, 0, 0, 64)}},
	{EXO_CODE_handler,
	 {CALL(EXO_HELPER_wake), CALL(EXO_HELPER_place), CALL(EXO_HELPER_wake),
	  CALL(EXO_HELPER_checksum)}},
	{EXO_CODE_acl,
	 {CALL(EXO_HELPER_now), CALL(EXO_HELPER_now), CALL(EXO_HELPER_now), CALL(EXO_HELPER_now)}},
};

/* r6 becomes a pointer that no argument is. */
static uint32_t
repeat(struct exo_insn *to, const struct worst *w)
{
	uint32_t n = 0;

	to[n++] = (struct exo_insn){BPF_ALU64 | BPF_MOV | BPF_X, 6 | BPF_FRAME << 4, 0, 0};
	to[n++] = (struct exo_insn){BPF_ALU64 | BPF_ADD | BPF_K, 6, 0, -64};
	while (n + 5 < EXO_CODE_INSNS_MAX) {
		to[n] = w->insn[n % 4].opcode ? w->insn[n % 4] : w->insn[0];
		n++;
	}
	to[n++] = leave;
	return n;
}

static uint64_t
nothing(void *from, uint64_t limit)
{
	(void)from;
	return limit - 1;
}

/* Programs that try to take more time than they pay for; engines_run() has the limit. The dear part
 * has to come before the fuel ends, so jumps are short ones and blocks few. */
static void
worst_programs(void **unused)
{
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
	double most = 0;

	(void)unused;
	for (size_t n = 0; n < sizeof(worst) / sizeof(*worst); n++) {
		for (uint32_t insns = repeat(insn, &worst[n]); insns > 8; insns = insns * 7 / 8) {
			const char *failure;
			double per_fuel;

			insn[insns - 1] = leave;
			assert_int_equal(engines_load(&e, worst[n].code_class, insn, insns, 0, 64),
					 0);
			failure = engines_run(&e, nothing, NULL);
			if (failure) {
				engines_print(&e);
				fail_msg("row %zu, %u instructions: %s", n, insns, failure);
			}
			per_fuel = (double)e.executed / (double)(e.fuel - e.compiled.fuel + 1);
			most = e.fuel - e.compiled.fuel > 100 && per_fuel > most ? per_fuel : most;
		}
	}
	printf("# %.2f machine instructions a unit\n", most);
	assert_true(most > 0.9);
}

/* Many times the same one; engines_run() judges. False: there is no such instruction. */
static bool
try_instruction(const struct exo_insn *i)
{
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
	const char *failure;

	repeat(insn, &(struct worst){EXO_CODE_handler, {*i}});
	insn[OF_ONE] = leave;
	if (engines_load(&e, EXO_CODE_handler, insn, OF_ONE + 1, 0, 64)) {
		return false;
	}
	failure = engines_run(&e, nothing, NULL);
	if (failure) {
		engines_print(&e);
		fail_msg("%#x %#x %d %d: %s", i->opcode, i->registers, i->offset, i->imm, failure);
	}
	return true;
}

/* No instruction takes more than it costs: all opcodes with operands of all kinds. */
static void
each_instruction(void **unused)
{
	static const int32_t constants[] = {0, 1, 16, 32, 64, -9, 0x12345678, INT32_MIN};
	static const int16_t offsets[] = {0, 1, 8, 16, 32, -1};
	static const uint8_t registers[] = {0, 2, 6, 0x60, 0x43, 0x34};
	uint32_t tried = 0;

	(void)unused;
	for (uint32_t n = 0; n < 256 * 8 * 6 * 6; n++) {
		struct exo_insn i = {(uint8_t)(n / 288), registers[n % 6], offsets[n / 6 % 6],
				     constants[n / 36 % 8]};

		tried += try_instruction(&i);
	}
	printf("# %u different instructions\n", tried);
	assert_true(tried > 1000);
}

static void
load_and_run(const struct exo_insn *insn, uint32_t insns, uint32_t stack_bytes)
{
	const char *failure;

	assert_int_equal(engines_load(&e, EXO_CODE_handler, insn, insns, 0, stack_bytes), 0);
	failure = engines_look(&e);
	if (failure) {
		fail_msg("%s", failure);
	}
	failure = engines_run(&e, nothing, NULL);
	if (failure) {
		engines_print(&e);
		fail_msg("%s", failure);
	}
}

/* As many different constants as there is room for: the pool's register points into its middle. */
static void
many_constants(void **unused)
{
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
	uint64_t sum = 0;

	(void)unused;
	for (uint32_t n = 0; n < EXO_CODE_INSNS_MAX - 1; n++) {
		insn[n] = (struct exo_insn)ALU64(BPF_ADD | BPF_K, 0, 0, (int32_t)(n * 7919 + 100));
		sum += n * 7919 + 100;
	}
	insn[EXO_CODE_INSNS_MAX - 1] = leave;
	load_and_run(insn, EXO_CODE_INSNS_MAX, 0);
	assert_int_equal(e.jit.pooled, EXO_CODE_INSNS_MAX - 1);
	assert_int_equal(e.compiled.error, 0);
	assert_int_equal(e.compiled.result, sum);
}

/* From one end to the other and back, farther than a branch goes. */
static void
far_jumps(void **unused)
{
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
	uint32_t last = EXO_CODE_INSNS_MAX - 1;

	(void)unused;
	for (uint32_t n = 0; n < last; n++) {
		insn[n] = (struct exo_insn)STORE(BPF_DW, 3, 40, (int32_t)n + 1000);
	}
	insn[0] = (struct exo_insn)JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 9, (int16_t)(last - 3));
	insn[1] = (struct exo_insn)ALU64(BPF_MOV | BPF_K, 0, 0, 5);
	insn[2] = leave;
	insn[last - 2] = (struct exo_insn)ALU64(BPF_ADD | BPF_K, 0, 0, 1);
	insn[last - 1] = (struct exo_insn)JUMP(BPF_JMP | BPF_JNE | BPF_X, 0, 9, (int16_t)-last);
	insn[last] = leave;
	load_and_run(insn, EXO_CODE_INSNS_MAX, 0);
	assert_true(e.label[last - 2] - e.label[1] > 1024);
	assert_int_equal(e.compiled.error, 0);
	assert_int_equal(e.compiled.result, 5);
}

/* r10 without a stack: nothing is there, and it is the same number as always. */
static void
no_stack(void **unused)
{
	const struct exo_insn number[] = {{BPF_ALU64 | BPF_MOV | BPF_X, BPF_FRAME << 4, 0, 0},
					  leave};
	const struct exo_insn load[] = {LOAD(BPF_B, 0, BPF_FRAME, -1), leave};

	(void)unused;
	load_and_run(number, 2, 0);
	assert_int_equal(e.compiled.result, 1ull << EXO_REGION_SHIFT);
	load_and_run(load, 2, 0);
	assert_int_equal(e.compiled.error, E_FAULT);
}

/* A little less room than it takes: refused, and nothing is written behind it. */
static void
no_room(void **unused)
{
	const struct exo_insn insn[] = {ALU64(BPF_ADD | BPF_K, 0, 0, 1000),
					ALU64(BPF_ADD | BPF_K, 0, 0, 2000), leave};
	struct arch_jit j;
	int result;

	(void)unused;
	load_and_run(insn, 3, 0);
	for (uint32_t code = 0; code <= e.jit.words; code++) {
		for (uint32_t pool = 0; pool <= e.jit.pooled; pool++) {
			bool is_enough = code == e.jit.words && pool == e.jit.pooled;

			j = (struct arch_jit){.insn = e.program->insn,
					      .cost = e.program->cost,
					      .insns = 3,
					      .code_words = code,
					      .pool_words = pool,
					      .code = malloc(4 * code),
					      .pool = malloc(8 * pool),
					      .label = e.label};
			while (!(result = arch_jit_step(&j, 1))) {
			}
			assert_int_equal(result, is_enough ? 1 : E_NOSPACE);
			assert_int_equal(arch_jit_step(&j, 1), result);
			free(j.code);
			free(j.pool);
		}
	}
}

/* The input's 128 bytes are left far behind what was found to be within them, so late that the
 * check could not know of it. */
static void
later_than_seen(void **unused)
{
	struct exo_insn insn[40];

	(void)unused;
	for (int n = 0; n < 40; n++) {
		insn[n] = (struct exo_insn)ALU64(BPF_ADD | BPF_K, 0, 0, 1);
	}
	insn[0] = (struct exo_insn)LOAD(BPF_W, 2, 1, 0);
	insn[1] = (struct exo_insn)LOAD(BPF_W, 2, 1, 4);
	insn[39] = leave;
	for (int16_t at = 0; at < 2000; at += 37) {
		insn[38] = (struct exo_insn)LOAD(BPF_W, 2, 1, at);
		load_and_run(insn, 40, 0);
		assert_int_equal(e.compiled.error, at > 124 ? E_FAULT : 0);
	}
}

/* The helper takes the last byte of the input away; what was checked before it has to be checked
 * again. */
static void
checked_before_a_call(void **unused)
{
	const struct exo_insn insn[] = {
		{BPF_ALU64 | BPF_MOV | BPF_X, 6 | 1 << 4, 0, 0},
		LOAD(BPF_W, 0, 6, 124),
		LOAD(BPF_W, 0, 6, 120),
		CALL(EXO_HELPER_wake),
		LOAD(BPF_W, 0, 6, 124),
		leave,
	};

	(void)unused;
	load_and_run(insn, 6, 0);
	assert_int_equal(e.compiled.error, E_FAULT);
	assert_int_not_equal(e.compiled.calls, 0);
}

/* 33 bits are not below 2^32. */
static void
not_narrow(void **unused)
{
	const struct exo_insn insn[] = {
		ALU64(BPF_MOV | BPF_K, 0, 0, -1),
		ALU64(BPF_RSH | BPF_K, 0, 0, 31),
		ALU32(BPF_MOV, 0, 0),
		leave,
	};

	(void)unused;
	load_and_run(insn, 4, 0);
	assert_int_equal(e.compiled.result, 0xffffffff);
}

/* More constants than can be reached are refused, whatever room there is. */
static void
too_many_constants(void **unused)
{
	static uint64_t pool[2 * EXO_CODE_INSNS_MAX];
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
	int result;

	(void)unused;
	for (uint32_t n = 0; n < EXO_CODE_INSNS_MAX - 1; n++) {
		insn[n] = (struct exo_insn)ALU64(BPF_ADD | BPF_K, 0, 0, (int32_t)n + 100);
		if (n % 21 == 20) {
			insn[n] = (struct exo_insn)ALU64(BPF_END, 0, 0, 64);
		}
	}
	insn[EXO_CODE_INSNS_MAX - 1] = leave;
	assert_int_equal(engines_load(&e, EXO_CODE_handler, insn, EXO_CODE_INSNS_MAX, 0, 0),
			 E_NOSPACE);
	e.jit = (struct arch_jit){.insn = e.program->insn,
				  .cost = e.program->cost,
				  .insns = EXO_CODE_INSNS_MAX,
				  .code_words = ENGINES_CODE_WORDS,
				  .pool_words = 2 * EXO_CODE_INSNS_MAX,
				  .code = e.code,
				  .pool = pool,
				  .label = e.label};
	while (!(result = arch_jit_step(&e.jit, 1))) {
	}
	assert_int_equal(result, E_NOSPACE);
}

/* The one that looks at words, and the hart, do see what is wrong. */
static void
wrong_words(void **unused)
{
	static const uint32_t chosen[] = {
		0xfff30313, /* addi t1, t1, -1: its upper half is 32 bits long */
		0xfff60613, /* addi a2, a2, -1: it stores */
		0x80560263, /* beq a2, t0, back: its upper half jumps through a register, or moves
			     */
	};
	struct rv64 m = {.code = chosen, .words = 0};

	(void)unused;
	for (size_t n = 0; n < sizeof(chosen) / sizeof(*chosen); n++) {
		e.jit.words = 1;
		e.code[0] = chosen[n];
		assert_non_null(engines_look(&e));
	}
	e.code[0] = 0x00100073; /* ebreak */
	m = (struct rv64){.code = e.code, .words = 1, .pc = (uintptr_t)e.code};
	assert_false(rv64_run(&m, 10));
	m = (struct rv64){.code = e.code, .words = 0, .pc = (uintptr_t)e.code};
	assert_false(rv64_run(&m, 10));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(random_programs),
		cmocka_unit_test(worst_programs),
		cmocka_unit_test(each_instruction),
		cmocka_unit_test(many_constants),
		cmocka_unit_test(far_jumps),
		cmocka_unit_test(no_stack),
		cmocka_unit_test(no_room),
		cmocka_unit_test(wrong_words),
		cmocka_unit_test(later_than_seen),
		cmocka_unit_test(too_many_constants),
		cmocka_unit_test(checked_before_a_call),
		cmocka_unit_test(not_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
