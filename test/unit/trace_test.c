/* SPDX-License-Identifier: MIT
 * trace_test.c: the ring of trace events, written as the kernel does and read as programs do, also
 * while it is being written; and the words for what is in it.
 *
 * links: kern/trace.c lib/exo/trace_read.c lib/base/print.c arch/host/ram.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/syscalls.h>

#include "arch/host/ram.h"
#include "kern/kernel.h"
#include "kern/trace.h"
#include "lib/exo/trace.h"

#define EVENTS   256
#define RAM      0x80000000
#define ENV_PAGE 2

static struct kernel kernel = {.harts = 2};
static _Alignas(4096) uint8_t ram[8 * PAGE_SIZE];
static _Alignas(4096) uint8_t memory[EXO_TRACE_RING(2, EVENTS)];
static const struct exo_trace *const trace = (const struct exo_trace *)memory;
static struct exo_trace_event got[EVENTS];
static uint64_t now;

uint64_t
host_time(void)
{
	return now++;
}

static int
start(void **state)
{
	(void)state;
	now = 1000;
	memset(memory, 0, sizeof(memory));
	memset(kernel.hart, 0, sizeof(kernel.hart));
	host_ram_set(ram, RAM, sizeof(ram));
	trace_start(&kernel, memory, EVENTS, false);
	return 0;
}

static void
record(uint32_t hart, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		trace_record(&kernel.hart[hart], NULL, EXO_TRACE_FAULT, i);
	}
}

static void
test_order(void **state)
{
	uint64_t first;

	(void)state;
	trace_record(&kernel.hart[1], (struct env *)(ram + ENV_PAGE * PAGE_SIZE), EXO_TRACE_UPCALL,
		     EXO_UPCALL_END);
	record(1, 2);
	assert_int_equal(exo_trace_copy(trace, 0, got, EVENTS, &first), 0);
	assert_int_equal(exo_trace_copy(trace, 1, got, EVENTS, &first), 3);
	assert_int_equal(first, 0);
	assert_int_equal(got[0].kind, EXO_TRACE_UPCALL);
	assert_int_equal(got[0].value, EXO_UPCALL_END);
	assert_int_equal(got[0].env, (RAM >> PAGE_SHIFT) + ENV_PAGE);
	assert_int_equal(got[2].time, 1002);
	assert_int_equal(got[2].env, 0);
	assert_int_equal(exo_trace_copy(trace, 1, got, 1, &first), 1);
	assert_int_equal(first, 2);
	assert_int_equal(got[0].value, 1);
}

/* The entry that comes next may be half written at any time: it is not taken for the oldest. */
static void
test_overwrites(void **state)
{
	uint64_t first;

	(void)state;
	for (uint32_t round = 0; round < 3 * EVENTS; round++) {
		uint32_t expected = round < EVENTS ? round : EVENTS - 1;

		assert_int_equal(exo_trace_copy(trace, 0, got, EVENTS, &first), expected);
		assert_int_equal(first, round - expected);
		for (uint32_t i = 0; i < expected; i++) {
			assert_int_equal(got[i].time, 1000 + first + i);
		}
		trace_record(&kernel.hart[0], NULL, EXO_TRACE_FAULT, round);
	}
	assert_int_equal(trace_count(&kernel.hart[0]), 3 * EVENTS);
	assert_int_equal(trace_event(&kernel.hart[0], 3 * EVENTS - 1).value, 3 * EVENTS - 1);
	assert_int_equal(trace_size(&kernel.hart[0]), EVENTS);
}

/* Of three environments in two pools, and nobody, each its own; the newest if there are more. */
static void
test_copy_of(void **state)
{
	const uint64_t page = RAM >> PAGE_SHIFT;

	(void)state;
	assert_int_equal(exo_trace_copy_of(trace, 0, 0, UINT64_MAX, got, EVENTS), 0);
	for (uint32_t i = 0; i < 40; i++) {
		const void *env = i % 4 ? ram + (i % 4) * PAGE_SIZE : NULL;

		trace_record(&kernel.hart[0], env, EXO_TRACE_CALL, i);
	}
	assert_int_equal(exo_trace_copy_of(trace, 0, page + 1, 1, got, EVENTS), 10);
	assert_int_equal(got[0].value, 1);
	assert_int_equal(got[9].value, 37);
	assert_int_equal(exo_trace_copy_of(trace, 0, page + 2, 2, got, EVENTS), 20);
	assert_int_equal(got[19].value, 39);
	assert_int_equal(exo_trace_copy_of(trace, 0, page + 2, 2, got, 3), 3);
	assert_int_equal(got[0].value, 35);
	assert_int_equal(got[2].value, 39);
	assert_int_equal(exo_trace_copy_of(trace, 0, page + 4, 100, got, EVENTS), 0);
	assert_int_equal(exo_trace_copy_of(trace, 0, page + 4, -2ul, got, EVENTS), 20);
	assert_int_equal(got[0].value, 0);
	assert_int_equal(got[1].value, 1);
	assert_int_equal(exo_trace_copy_of(trace, 0, 0, UINT64_MAX, got, EVENTS), 40);
	assert_int_equal(exo_trace_copy_of(trace, 1, 0, UINT64_MAX, got, EVENTS), 0);
	record(0, EVENTS - 1);
	assert_int_equal(exo_trace_copy_of(trace, 0, page + 1, 3, got, EVENTS), 0);
	assert_int_equal(exo_trace_copy_of(trace, 0, 0, UINT64_MAX, got, EVENTS), EVENTS - 1);
	assert_int_equal(got[0].value, 0);
}

/* Before it is started nothing is recorded, and nothing breaks. */
static void
test_not_started(void **state)
{
	(void)state;
	memset(kernel.hart, 0, sizeof(kernel.hart));
	record(0, 3);
	assert_int_equal(trace_count(&kernel.hart[0]), 0);
	assert_false(trace_armed(&kernel.hart[0]));
}

static void
test_armed(void **state)
{
	uint64_t bytes;

	(void)state;
	trace_record_armed(&kernel.hart[0], NULL, EXO_TRACE_RUN, 0);
	assert_int_equal(trace_count(&kernel.hart[0]), 0);
	trace_start(&kernel, memory, EVENTS, true);
	trace_record_armed(&kernel.hart[0], NULL, EXO_TRACE_RUN, 0);
	assert_int_equal(trace_count(&kernel.hart[0]), 1);
	assert_ptr_equal(trace_pages(&bytes), memory);
	assert_int_equal(bytes, sizeof(memory));
}

static void
test_sizes(void **state)
{
	(void)state;
	assert_int_equal(trace_events("", 0), CONFIG_TRACE_EVENTS);
	assert_int_equal(trace_events("x", 1), CONFIG_TRACE_EVENTS);
	assert_int_equal(trace_events("1", 1), 256);
	assert_int_equal(trace_events("257 quiet", 3), 512);
	assert_int_equal(trace_events("99999999999999999999", 20), 1 << 20);
}

static void
expect_words(uint32_t kind, uint32_t value, const char *words)
{
	struct exo_trace_event event = {.kind = (uint16_t)kind, .value = (uint16_t)value};
	char text[EXO_TRACE_TEXT];

	exo_trace_describe(&event, text);
	assert_string_equal(text, words);
}

static void
test_words(void **state)
{
	(void)state;
	expect_words(EXO_TRACE_RUN, 0, "run");
	expect_words(EXO_TRACE_CALL, EXO_NR_map, "call map");
	expect_words(EXO_TRACE_RETURN, 9999, "return unknown");
	expect_words(EXO_TRACE_CALL, 60000, "call unknown");
	expect_words(EXO_TRACE_INTERRUPT, 6, "interrupt timer device");
	expect_words(EXO_TRACE_LINE, 10, "line 10");
	expect_words(EXO_TRACE_UPCALL, EXO_UPCALL_BEGIN, "upcall slice begin");
	expect_words(EXO_TRACE_FAULT, 13, "fault 13");
	expect_words(EXO_TRACE_DEATH, EXO_DEATH_OVERRUN, "death overrun");
	expect_words(0, 7, "unknown 7");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, start),
		cmocka_unit_test_setup(test_overwrites, start),
		cmocka_unit_test_setup(test_copy_of, start),
		cmocka_unit_test_setup(test_not_started, start),
		cmocka_unit_test_setup(test_armed, start),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
