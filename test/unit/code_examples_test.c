/* SPDX-License-Identifier: MIT
 * code_examples_test.c: the examples of docs/code.md, compiled by clang, do what they are said to.
 *
 * links: lib/code/image.c lib/code/object.c lib/code/line.c lib/base/print.c test/unit/clang.c
 * links: kern/code/program.c kern/code/verify.c kern/code/interp.c
 * links: test/model/vec.c test/model/vec_words.c test/model/vec_asm.c test/model/vec_run.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "lib/code/image.h"
#include "test/model/vec_run.h"
#include "test/unit/clang.h"

#define REPLY_BYTES 256
#define EMITS_MAX   8

static struct code_image image;
static struct code_program *program;
static uint8_t *memory[EXO_REGIONS];
static struct code_run run;
static uint64_t replied; /* bytes */
static uint64_t emitted[EMITS_MAX][3];
static uint32_t emits;
static uint64_t now_ns;

static void
load(const char *source, uint32_t code_class)
{
	size_t bytes;
	unsigned char *file = clang_bpf_file(source, &bytes);

	if (code_image(&image, file, bytes, NULL, code_class)) {
		fail_msg("%s: %s", source, image.object.sentence);
	}
	free(program);
	program = code_place(malloc(code_bytes(&image.head)), &image.head);
	memcpy(program->insn, image.insn, program->insns * sizeof(*program->insn));
	memcpy(program->data, image.data, program->data_bytes);
	assert_int_equal(code_verify(program), 0);
	free(file);
}

static int
help(struct code_run *r, uint32_t nr, uint64_t *result)
{
	uint64_t *a = r->argument;
	void *to = code_span(r->store, a[0], a[2]);
	const void *from = code_span(r->load, a[1], a[2]);

	*result = 0;
	if (nr == EXO_HELPER_place && to && from) {
		memcpy(to, from, a[2]);
	} else if (nr == EXO_HELPER_reply) {
		assert_int_equal(a[0] >> EXO_REGION_SHIFT, EXO_REGION_REPLY);
		replied = a[1];
	} else if (nr == EXO_HELPER_now) {
		*result = now_ns;
	} else if (nr == EXO_HELPER_emit && emits < EMITS_MAX) {
		memcpy(emitted[emits++], a, sizeof(emitted[0]));
	} else {
		return E_FAULT;
	}
	return 0;
}

static void
give(uint32_t region, const void *bytes, uint32_t count, bool is_written)
{
	memory[region] = memcpy(vec_memory(region, count), bytes, count);
	code_run_region(&run, region, memory[region], count, is_written);
}

static void
begin(void)
{
	code_run_begin(&run, program, vec_memory(EXO_REGION_STACK, program->stack_bytes));
	run.helper = help;
	replied = emits = 0;
}

static uint64_t
pointer(uint32_t region)
{
	return (uint64_t)region << EXO_REGION_SHIFT;
}

static const uint8_t request[50] = {
	1,    2,  3,    4,    5,   6,   11,  12,  13,   14,   15,  16,  8, 0, /* MACs, IPv4 */
	0x45, 0,  0,    36,   0,   1,   0,   0,   64,   17,   0,   0,         /* 36 bytes, UDP */
	10,   0,  2,    2,    10,  0,   2,   15,  0x30, 0x39, 0,   7,         /* addresses, ports */
	0,    16, 0xab, 0xcd, 'e', 'c', 'h', 'o', ' ',  'm',  'e', '!',
};

/* Runs the handler on a packet; its r0. Its counters stay in `counters`. */
static int64_t
handle(const uint8_t *packet, uint32_t bytes, uint64_t *counters)
{
	uint8_t reply[REPLY_BYTES] = {0};

	memcpy(reply, packet, bytes <= sizeof(reply) ? bytes : 0);
	begin();
	give(EXO_REGION_INPUT, packet, bytes, false);
	give(EXO_REGION_STATE, counters, 16, true);
	give(EXO_REGION_REPLY, reply, sizeof(reply), true);
	run.argument[0] = pointer(EXO_REGION_INPUT);
	run.argument[1] = bytes;
	run.argument[2] = pointer(EXO_REGION_STATE);
	run.argument[3] = 16;
	run.argument[4] = pointer(EXO_REGION_REPLY);
	assert_int_equal(code_interpret(program, &run), 0);
	memcpy(counters, memory[EXO_REGION_STATE], 16);
	return (int64_t)run.result;
}

static void
echo_answers(void **state)
{
	uint64_t counters[2] = {5, 6};
	const uint8_t *reply;

	(void)state;
	load("test/code/echo.c", EXO_CODE_handler);
	assert_int_equal(handle(request, sizeof(request), counters), EXO_HANDLER_DROP);
	reply = memory[EXO_REGION_REPLY];
	assert_int_equal(replied, sizeof(request));
	assert_memory_equal(reply, request + 6, 6);
	assert_memory_equal(reply + 6, request, 6);
	assert_memory_equal(reply + 12, request + 12, 14);
	assert_memory_equal(reply + 26, request + 30, 4);
	assert_memory_equal(reply + 30, request + 26, 4);
	assert_memory_equal(reply + 34, request + 36, 2);
	assert_memory_equal(reply + 36, request + 34, 2);
	assert_memory_equal(reply + 38, request + 38, 12);
	assert_int_equal(counters[0], 6);
	assert_int_equal(counters[1], 6);
}

/* Everything else goes to the ring: another protocol, a fragment, another port, too short, too
 * long; and packets of every length are read within their bounds. */
static void
echo_passes_on(void **state)
{
	static const uint8_t places[] = {12, 14, 20, 21, 23, 36, 37};
	uint8_t packet[300] = {0};
	uint64_t counters[2] = {0, 0};

	(void)state;
	load("test/code/echo.c", EXO_CODE_handler);
	for (size_t n = 0; n < sizeof(places); n++) {
		memcpy(packet, request, sizeof(request));
		packet[places[n]] ^= 0x21;
		assert_int_equal(handle(packet, sizeof(request), counters), EXO_HANDLER_DELIVER);
	}
	assert_int_equal(counters[0], 0);
	assert_int_equal(counters[1], sizeof(places));
	memcpy(packet, request, sizeof(request));
	for (uint32_t bytes = 0; bytes <= sizeof(packet); bytes++) {
		bool is_echoed = bytes >= 42 && bytes <= REPLY_BYTES;

		assert_int_equal(handle(packet, bytes, counters),
				 is_echoed ? EXO_HANDLER_DROP : EXO_HANDLER_DELIVER);
		assert_int_equal(replied, is_echoed ? bytes : 0);
	}
}

static void
extents_are_emitted(void **state)
{
	const uint32_t record[] = {100, 5, 0, 0, 300, 1, 77};
	const uint32_t none[7] = {1};
	const uint32_t template_nr = 4;
	const uint64_t wanted[3][3] = {{100, 5, 0}, {300, 1, 0}, {77, 1, 4}};

	(void)state;
	load("test/code/extents.c", EXO_CODE_owns);
	for (int turn = 0; turn < 2; turn++) {
		begin();
		give(EXO_REGION_INPUT, turn ? none : record, sizeof(record), false);
		give(EXO_REGION_PARAMS, &template_nr, sizeof(template_nr), false);
		run.argument[0] = pointer(EXO_REGION_INPUT);
		run.argument[1] = sizeof(record);
		run.argument[2] = pointer(EXO_REGION_PARAMS);
		run.argument[3] = sizeof(template_nr);
		assert_int_equal(code_interpret(program, &run), 0);
		assert_int_equal(run.result, 0);
		assert_int_equal(emits, turn ? 0 : 3);
		if (!turn) {
			assert_memory_equal(emitted, wanted, sizeof(wanted));
		}
	}
}

/* May `badge` do what it wants with a file of owner 7? 8 may 1 and 2, 9 may 4 until 1 000. */
static uint64_t
may(uint64_t badge, uint64_t wants)
{
	const uint64_t file[13] = {7, 8, 0, 3, 9, 1000, 4};

	begin();
	give(EXO_REGION_INPUT, file, sizeof(file), false);
	give(EXO_REGION_PARAMS, &wants, sizeof(wants), false);
	run.argument[0] = pointer(EXO_REGION_INPUT);
	run.argument[1] = sizeof(file);
	run.argument[2] = pointer(EXO_REGION_PARAMS);
	run.argument[3] = sizeof(wants);
	run.argument[4] = badge;
	assert_int_equal(code_interpret(program, &run), 0);
	return run.result;
}

static void
grants_allow(void **state)
{
	(void)state;
	load("test/code/grants.c", EXO_CODE_acl);
	now_ns = 999;
	assert_int_equal(may(7, 1u << 31), 1);
	assert_int_equal(may(8, 1), 1);
	assert_int_equal(may(8, 3), 1);
	assert_int_equal(may(8, 4), 0);
	assert_int_equal(may(8, 5), 0);
	assert_int_equal(may(9, 4), 1);
	assert_int_equal(may(9, 1), 0);
	assert_int_equal(may(10, 1), 0);
	assert_int_equal(may(0, 0), 0);
	assert_int_equal(may(0, 1), 0);
	assert_int_equal(may(8, 0), 0);
	now_ns = 1000;
	assert_int_equal(may(9, 4), 0);
	assert_int_equal(may(8, 1), 1);
}

static uint64_t
tag(uint32_t head, uint32_t tail, uint64_t deadline, uint64_t events, uint64_t ticks)
{
	const uint64_t ring[2] = {head | (uint64_t)tail << 32, deadline};

	begin();
	give(EXO_REGION_INPUT, ring, sizeof(ring), false);
	run.argument[0] = pointer(EXO_REGION_INPUT);
	run.argument[1] = sizeof(ring);
	run.argument[2] = events;
	run.argument[3] = ticks;
	assert_int_equal(code_interpret(program, &run), 0);
	return run.result;
}

static void
ring_wakes(void **state)
{
	(void)state;
	load("test/code/ring.c", EXO_CODE_predicate);
	assert_int_equal(tag(5, 5, 1000, 0, 200), 0);
	assert_int_equal(tag(6, 5, 1000, 0, 200), 1);
	assert_int_equal(tag(5, 6, 1000, 1, 2000), 1);
	assert_int_equal(tag(5, 5, 1000, 0, 999), 0);
	assert_int_equal(tag(5, 5, 1000, 1, 1000), 2);
	assert_int_equal(tag(5, 5, 1000, 1, 200), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_answers),        cmocka_unit_test(echo_passes_on),
		cmocka_unit_test(extents_are_emitted), cmocka_unit_test(grants_allow),
		cmocka_unit_test(ring_wakes),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(program);
	return failed;
}
