/* SPDX-License-Identifier: MIT
 * backtrace_test.c: who called whom, from stacks as programs leave them, and from any words.
 *
 * The program is that of elf_named.h: _start calls main, main work, work through a register, by
 * auipc and jalr, or directly; the stack is an array.
 * links: user/init/backtrace.c lib/base/elf.c lib/base/rv.c test/unit/elf_named.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/rand.h"
#include "test/unit/elf_named.h"
#include "user/init/backtrace.h"

#define STACK       0x3ffff00000ul /* its page */
#define STACK_WORDS 512
#define CALLS       8

/* Where calls return to: jal, auipc and jalr, c.jalr. */
#define IN_START (NAMED_START + 8)
#define IN_MAIN  (NAMED_MAIN + 12)
#define IN_WORK  (NAMED_WORK + 10)
#define BEHIND   (NAMED_LEAF) /* a call that is the last of work */

static struct {
	struct named_file file;
	struct elf elf;
	struct elf_symbols symbols;
	struct exo_context context;
	uint64_t stack[STACK_WORDS];
	struct backtrace_call calls[CALLS];
	uint32_t peeks;
} at;

static int64_t
peek(const void *program, uint64_t address, void *to, size_t bytes)
{
	assert_ptr_equal(program, &at);
	at.peeks++;
	if (address < STACK || address - STACK >= sizeof(at.stack)) {
		return E_NOTMAPPED;
	}
	bytes = bytes < sizeof(at.stack) - (address - STACK) ? bytes
							     : sizeof(at.stack) - (address - STACK);
	memcpy(to, (uint8_t *)at.stack + (address - STACK), bytes);
	return (int64_t)bytes;
}

static uint32_t
jal(uint64_t from, uint64_t to)
{
	uint32_t far = (uint32_t)(to - from);

	return 0xef | (far & 0xff000) | (far >> 11 & 1) << 20 | (far >> 1 & 0x3ff) << 21 |
	       (far >> 20 & 1) << 31;
}

static int
begin(void **state)
{
	(void)state;
	memset(&at, 0, sizeof(at));
	at.file = named_file();
	named_put(&at.file, IN_START - 4, jal(IN_START - 4, NAMED_MAIN));
	named_put(&at.file, IN_MAIN - 8, 0x297);      /* auipc t0, 0 */
	named_put(&at.file, IN_MAIN - 4, 0x01c280e7); /* jalr ra, 0x1c(t0): work */
	named_put(&at.file, IN_WORK - 2, 0x9782);     /* c.jalr a5 */
	named_put(&at.file, BEHIND - 4, jal(BEHIND - 4, NAMED_LEAF));
	assert_int_equal(elf_open(&at.elf, &at.file, sizeof(at.file)), 0);
	assert_int_equal(elf_symbols(&at.elf, &at.symbols), 0);
	at.context.pc = NAMED_LEAF + 2;
	at.context.x[2] = STACK;
	return 0;
}

static uint32_t
make(bool has_names, uint32_t most)
{
	struct backtrace_of of = {
		.elf = &at.elf,
		.symbols = has_names ? &at.symbols : NULL,
		.context = &at.context,
		.peek = peek,
		.program = &at,
	};

	return backtrace_make(&of, at.calls, most);
}

static void
expect(uint32_t index, uint64_t pc, const char *name, bool is_certain)
{
	assert_int_equal(at.calls[index].pc, pc);
	assert_int_equal(at.calls[index].is_certain, is_certain);
	if (name) {
		assert_string_equal(at.calls[index].name, name);
	} else {
		assert_null(at.calls[index].name);
	}
}

/* leaf has called nobody: its caller is in ra. That one came by the last instruction of work. */
static void
test_chain(void **state)
{
	(void)state;
	at.context.x[1] = BEHIND;
	at.stack[3] = IN_MAIN;
	at.stack[100] = IN_START;
	assert_int_equal(make(true, CALLS), 4);
	expect(0, NAMED_LEAF + 2, "leaf", true);
	expect(1, BEHIND, "work", true);
	expect(2, IN_MAIN, "main", true);
	expect(3, IN_START, "_start", true);
	assert_int_equal(at.calls[1].function, NAMED_WORK);
}

/* ra is saved on the stack and still the same; then it is what a call before has left in it. */
static void
test_ra(void **state)
{
	(void)state;
	at.context.x[1] = BEHIND;
	at.stack[1] = BEHIND;
	at.stack[2] = IN_MAIN;
	assert_int_equal(make(true, CALLS), 3);
	expect(1, BEHIND, "work", true);
	expect(2, IN_MAIN, "main", true);

	at.context.pc = IN_WORK + 4;
	at.context.x[1] = IN_WORK;
	at.stack[1] = 0;
	assert_int_equal(make(true, CALLS), 2);
	expect(1, IN_MAIN, "main", true);
}

/* A call through a register, and one left over, are not certain; what lies behind is again. */
static void
test_uncertain(void **state)
{
	(void)state;
	at.context.x[1] = IN_WORK;
	at.stack[1] = IN_START;
	at.stack[2] = IN_MAIN;
	at.stack[3] = IN_START;
	assert_int_equal(make(true, CALLS), 5);
	expect(1, IN_WORK, "work", false);
	expect(2, IN_START, "_start", false);
	expect(3, IN_MAIN, "main", true);
	expect(4, IN_START, "_start", true);
}

static void
test_no_names(void **state)
{
	(void)state;
	at.context.x[1] = BEHIND;
	at.stack[3] = IN_MAIN;
	assert_int_equal(make(false, CALLS), 3);
	expect(0, NAMED_LEAF + 2, NULL, true);
	expect(1, BEHIND, NULL, false);
	expect(2, IN_MAIN, NULL, false);
	assert_int_equal(make(true, 1), 1);
}

/* Who has run out of stack has sp below it; one that is lost has no stack at all. */
static void
test_places(void **state)
{
	(void)state;
	at.stack[0] = BEHIND;
	at.context.x[2] = STACK - 3 * EXO_PAGE_SIZE + 0x123;
	assert_int_equal(make(true, CALLS), 2);
	expect(1, BEHIND, "work", true);
	at.context.x[2] = STACK - 5 * EXO_PAGE_SIZE;
	assert_int_equal(make(true, CALLS), 1);
	at.context.x[2] = STACK + 7;
	assert_int_equal(make(true, CALLS), 2);
	at.context.x[2] = UINT64_MAX;
	at.context.x[1] = UINT64_MAX;
	at.context.pc = UINT64_MAX;
	assert_int_equal(make(true, CALLS), 1);
	expect(0, UINT64_MAX, NULL, true);
	at.context.x[1] = 1;
	assert_int_equal(make(true, CALLS), 1);
}

/* A stack full of calls ends at `most`, and of words that are none at its end. */
static void
test_bounds(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < STACK_WORDS; i++) {
		at.stack[i] = i % 2 ? IN_WORK : STACK + 8 * i;
	}
	assert_int_equal(make(true, CALLS), CALLS);
	memset(at.stack, 0xff, sizeof(at.stack));
	at.peeks = 0;
	assert_int_equal(make(true, CALLS), 1);
	assert_true(at.peeks <= BACKTRACE_SCAN_BYTES / 256 + 5);
}

/* Any words near and far: it ends, and says only what is in the program. */
static void
test_random(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		for (uint32_t i = 0; i < 40; i++) {
			at.stack[i] = rand_next(&seed) % 4
					      ? NAMED_TEXT - 16 + rand_below(&seed, 160)
					      : rand_next(&seed);
		}
		at.context.pc = NAMED_TEXT - 4 + rand_below(&seed, 140);
		at.context.x[1] = at.stack[0];
		at.context.x[2] = STACK + rand_below(&seed, 16);
		for (uint32_t n = make(rand_next(&seed) % 2, CALLS); --n;) {
			assert_true(at.calls[n].pc > NAMED_TEXT && at.calls[n].pc <= NAMED_END);
			assert_true(at.calls[n].function <= at.calls[n].pc);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_chain, begin),
		cmocka_unit_test_setup(test_ra, begin),
		cmocka_unit_test_setup(test_uncertain, begin),
		cmocka_unit_test_setup(test_no_names, begin),
		cmocka_unit_test_setup(test_places, begin),
		cmocka_unit_test_setup(test_bounds, begin),
		cmocka_unit_test_setup(test_random, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
