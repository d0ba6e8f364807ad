/* SPDX-License-Identifier: MIT
 * vectors_test.c: all of test/vectors on the interpreter, and that they leave nothing out.
 *
 * links: kern/code/program.c kern/code/verify.c kern/code/interp.c
 * links: test/model/vec.c test/model/vec_words.c test/model/vec_asm.c test/model/vec_run.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kern/code/program.h"
#include "lib/base/bpf.h"
#include "lib/base/checked.h"
#include "test/model/vec_run.h"

static uint32_t failures;

static void
judge(const char *file, const struct vec_case *c)
{
	const char *wrong = vec_judge(c, code_interpret);

	if (wrong) {
		fprintf(stderr, "%s:%u: error: %s: %s\n", file, c->line, c->name, wrong);
		failures++;
	}
}

static void
interpreter_agrees(void **state)
{
	(void)state;
	assert_true(vec_each(judge) > 1000);
	assert_int_equal(failures, 0);
}

/* What tells two instructions of the same opcode apart, beyond their operands, and all that it
 * might be: the offset of arithmetic, the constant of byte swaps and calls. */
static const int16_t tells[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 24, 32, 48, 64, 128, -1, -8};
static bool is_run[256][ARRAY_SIZE(tells)];

static bool
tells_by_constant(uint8_t opcode)
{
	unsigned code = bpf_class(opcode);

	return opcode == (BPF_JMP | BPF_CALL) ||
	       ((code == BPF_ALU || code == BPF_ALU64) && bpf_operation(opcode) == BPF_END);
}

static int32_t
tell_of(const struct exo_insn *i)
{
	unsigned code = bpf_class(i->opcode);

	if (tells_by_constant(i->opcode)) {
		return i->imm;
	}
	return code == BPF_ALU || code == BPF_ALU64 ? i->offset : 0;
}

static void
note(const char *file, const struct vec_case *c)
{
	(void)file;
	for (uint32_t at = 0; c->end != VEC_REFUSED && at < c->insns; at++) {
		for (unsigned n = 0; n < ARRAY_SIZE(tells); n++) {
			is_run[c->insn[at].opcode][n] |= tell_of(&c->insn[at]) == tells[n];
		}
		at += bpf_class(c->insn[at].opcode) == BPF_LD;
	}
}

/* Does any class of code accept it? */
static bool
is_accepted(uint8_t opcode, int16_t tell)
{
	struct exo_insn insn[3] = {{.opcode = opcode}, {0}, {0}};
	struct vec_case c = {.insn = insn, .insns = opcode == (BPF_LD | BPF_DW) ? 3 : 2};
	bool is_good = false;

	if (tells_by_constant(opcode)) {
		insn[0].imm = tell;
	} else {
		insn[0].offset = tell;
	}
	insn[c.insns - 1].opcode = BPF_JMP | BPF_EXIT;
	for (c.code_class = 1; c.code_class < EXO_CODE_CLASSES; c.code_class++) {
		struct code_program *p = vec_program(&c);

		is_good |= code_verify(p) == 0;
		free(p);
	}
	return is_good;
}

/* Whatever the verifier accepts, some vector runs; offsets of jumps and accesses aside. */
static void
nothing_is_left_out(void **state)
{
	uint32_t kinds = 0;

	(void)state;
	vec_each(note);
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		for (unsigned n = 0; n < ARRAY_SIZE(tells); n++) {
			struct exo_insn i = {
				.opcode = (uint8_t)opcode, .offset = tells[n], .imm = tells[n]};

			if (tell_of(&i) != tells[n] || !is_accepted(i.opcode, tells[n])) {
				continue;
			}
			kinds++;
			if (!is_run[opcode][n]) {
				fail_msg("no vector runs opcode 0x%02x, %d", opcode, tells[n]);
			}
		}
	}
	printf("# %u kinds of instructions\n", kinds);
	assert_true(kinds > 128);
}

/* A line that is none is not passed over. */
static void
reader_refuses(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
	} wrong[] = {
		{"case a\n\tmov r0\n", 2},
		{"case a\n\tmov r0, 1, 2\n", 2},
		{"case a\n\tmov r16, 1\n", 2},
		{"case a\n\tmov r0, 0x100000000\n", 2},
		{"case a\n\tmov r0, w1\n", 2},
		{"case a\n\tmove r0, 1\n", 2},
		{"case a\n\tld8 r0, [r1+40000]\n", 2},
		{"case a\n\tld8 r0, r1, r2\n", 2},
		{"case a\n\tlds64 r0, [r1]\n", 2},
		{"case a\n\tcall nobody\n", 2},
		{"case a\n\texit 1\n", 2},
		{"case a\n\ttimes x exit\n", 2},
		{"case a\n\ttimes 601 exit\n", 2},
		{"case a\nclass b\n", 2},
		{"case a\nstate 1\n", 2},
		{"case a\nstate 0g\n", 2},
		{"case a\nstate zeros 1025\n", 2},
		{"case a\n\tja there\nrun = 0\n", 3},
		{"case a\n\texit\n\nrun\n", 4},
		{"case a\n\texit\nrun 1 2 3 4 5 6 = 0\n", 3},
		{"case a\n\texit\nrun = 0 used\n", 3},
		{"case a\n\texit\nrun = 0 0\n", 3},
		{"case a\n\texit\nrun = 0x\n", 3},
		{"case a\n\texit\nrun = 18446744073709551616\n", 3},
		{"case a\n\texit\nrun = nowhere+1\n", 3},
		{"case a\n\texit\nrefused whim at 0\n", 3},
		{"case a\n\texit\nrun = 0\nthen state 00\n", 4},
		{"case a\n\texit\nrun = 0\ncalls 3 ()\n", 4},
		{"case a\n\texit\nrun = 0\ncalls 3 () = 1 costs\n", 4},
		{"case a\n\texit\nrun = 0\ncalls 3 () fails 5\n", 4},
	};
	static struct vec_case c;
	static struct vec v;

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(wrong); n++) {
		int more;

		vec_open(&v, wrong[n].text, strlen(wrong[n].text));
		do {
			more = vec_next(&v, &c);
		} while (more > 0);
		if (more != -1 || v.line != wrong[n].line || !v.wrong) {
			fail_msg("%s: %d, line %u", wrong[n].text, more, v.line);
		}
	}
}

/* What is wanted is compared: cases that are not so fail. */
static void
runner_notices(void **state)
{
	static const char *const wrong[] = {
		"run = 6",
		"run faults",
		"run starves",
		"run = 5 used 4",
		"refused end at 0",
		"run = 5\nthen state 01",
		"run = 5\nthen stack 01 00 00 00 00 00 00 00",
		"run = 5\ncalls 3 () = 1",
	};
	static struct vec_case c;
	static struct vec v;
	char text[160];

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(wrong); n++) {
		snprintf(text, sizeof(text), "case a\nstate 00\nstack 8\n\tmov r0, 5\n\texit\n%s\n",
			 wrong[n]);
		vec_open(&v, text, strlen(text));
		assert_int_equal(vec_next(&v, &c), 1);
		assert_non_null(vec_judge(&c, code_interpret));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interpreter_agrees),
		cmocka_unit_test(nothing_is_left_out),
		cmocka_unit_test(reader_refuses),
		cmocka_unit_test(runner_notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
