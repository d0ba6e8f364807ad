/* SPDX-License-Identifier: MIT
 * gdbstub_test.c: gdb's remote protocol against a target of some bytes of memory.
 *
 * links: lib/gdbstub/packet.c lib/gdbstub/stub.c lib/gdbstub/command.c lib/gdbstub/registers.c
 * links: lib/gdbstub/breaks.c lib/gdbstub/step.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/gdbstub/step.h"
#include "test/fake/gdb_target.h"

static struct fake_target fake;
static struct gdb_stub stub;

static void
begin(void)
{
	fake_open(&fake);
	gdb_open(&stub, &fake_target, &fake);
}

static void
type(const char *text)
{
	while (*text) {
		gdb_put(&stub, *text++);
	}
}

/* Sends a packet; returns the text of the answer, NULL if there was none. */
static const char *
ask(const char *text)
{
	static char answer[sizeof(fake.sent)];
	struct packet_out out = {0};
	char frame[PACKET_TEXT + 5];
	char *end;

	packet_text(&out, text);
	frame[packet_frame(&out, frame)] = 0;
	fake.sent_bytes = 0;
	type(frame);
	fake.sent[fake.sent_bytes] = 0;
	assert_int_equal(fake.sent[0], '+');
	strcpy(answer, fake.sent + 1);
	end = strrchr(answer, '#');
	if (!end) {
		assert_string_equal(answer, "");
		return NULL;
	}
	assert_int_equal(answer[0], '$');
	*end = 0;
	return answer + 1;
}

/* What it says by itself once the target has stopped for `why`. */
static const char *
stops(enum gdb_state state, uint8_t value)
{
	fake.why = (struct gdb_why){state, value};
	fake.sent_bytes = 0;
	gdb_look(&stub);
	fake.sent[fake.sent_bytes] = 0;
	return fake.sent;
}

static void
test_garbage(void **state)
{
	(void)state;
	begin();
	type("hello - #00 $g#00 \x7f\xff }*");
	fake.sent[fake.sent_bytes] = 0;
	assert_string_equal(fake.sent, "-"); /* for the damaged one; there is nothing to repeat */
	assert_string_equal(ask("?"), "S05");
	fake.sent_bytes = 0;
	type("-");
	assert_memory_equal(fake.sent, "$S05#b8", 7);
	type("$g$?#3f"); /* one begun, then another */
	assert_memory_equal(fake.sent + 7, "+$S05#b8", 8);
	fake.sent_bytes = 0;
	type("$");
	for (int i = 0; i < 1000; i++) {
		type("x");
	}
	type("#c0");
	assert_memory_equal(fake.sent, "-", 1);
	fake.sent_bytes = 0;
	type("$?#zz$?#3z");
	assert_memory_equal(fake.sent, "--", 2);
	assert_string_equal(ask("vMustReplyEmpty"), "");
	assert_string_equal(ask("X0,0:"), "");
	assert_false(stub.is_over);
}

static void
test_registers(void **state)
{
	(void)state;
	begin();
	stub.registers.x[5] = 0x1122334455667788;
	assert_int_equal(strlen(ask("g")), 14 * 16);
	assert_memory_equal(ask("g") + 5 * 16, "8877665544332211", 16);
	assert_string_equal(ask("p5"), "8877665544332211");
	assert_string_equal(ask("p20"), "0010000000000000"); /* pc */
	assert_string_equal(ask("P20=0410000000000000"), "OK");
	assert_int_equal(fake.registers.pc, 0x1004);
	assert_string_equal(ask("P1f=ffffffffffffffff"), "OK");
	assert_int_equal(fake.registers.x[31], ~0ul);
	assert_string_equal(ask("P0=0100000000000000"), "OK");
	assert_string_equal(ask("p0"), "0000000000000000");
	assert_string_equal(ask("P21=0000000000000840"), "OK");
	assert_int_equal(fake.registers.f[0], 0x4008000000000000);
	assert_string_equal(ask("P43=ff000000"), "OK"); /* fcsr */
	assert_string_equal(ask("P42=05000000"), "OK"); /* frm */
	assert_string_equal(ask("p41"), "1f000000");
	assert_string_equal(ask("p43"), "bf000000");
	assert_string_equal(ask("p44"), "E16");
	assert_string_equal(ask("pffffffffffffffff"), "E16");
	assert_string_equal(ask("p11111111111111111"), "E16");
	assert_string_equal(ask("P5=11"), "E16");
	assert_string_equal(ask("P5=11223344556677889"), "E16");
	assert_string_equal(ask("P5"), "E16");
}

static void
test_description(void **state)
{
	char whole[8192] = "";
	char request[64];
	size_t length = 0;
	const char *part;

	(void)state;
	begin();
	do {
		snprintf(request, sizeof(request), "qXfer:features:read:target.xml:%zx,100",
			 length);
		part = ask(request);
		strcpy(whole + length, part + 1);
		length += strlen(part) - 1;
	} while (*part == 'm');
	assert_int_equal(*part, 'l');
	assert_non_null(strstr(whole, "<reg name=\"zero\" type=\"int\" bitsize=\"64\"/>"));
	assert_non_null(strstr(whole, "<reg name=\"t6\" type=\"int\" bitsize=\"64\"/><reg "
				      "name=\"pc\" type=\"code_ptr\""));
	assert_string_equal(whole + length - 19, "</feature></target>");
	assert_null(strpbrk(whole, "#$}*"));
	assert_string_equal(ask("qXfer:features:read:target.xml:ffffffffffffffff,ff"), "l");
	assert_string_equal(ask("qXfer:features:read:target.xml:0,0"), "m");
}

static void
test_memory(void **state)
{
	(void)state;
	begin();
	assert_string_equal(ask("m1000,4"), "01450145");
	assert_string_equal(ask("M1001,2:abcd"), "OK");
	assert_string_equal(ask("m1000,4"), "01abcd45");
	assert_int_equal(strlen(ask("m1000,fff")), PACKET_TEXT);
	assert_string_equal(ask("m0,1"), "E0e");
	assert_string_equal(ask("mffffffffffffffff,2"), "E0e");
	assert_string_equal(ask("m1ffe,8"), "0000"); /* what there is */
	assert_string_equal(ask("m1000,0"), "");
	assert_string_equal(ask("M0,1:00"), "E0e");
	assert_string_equal(ask("M1000,2:0"), "E16");
	assert_string_equal(ask("M1000,1:0g"), "E16");
	assert_string_equal(ask("M1000,ffffffffffffffff:00"), "E16");
	assert_string_equal(ask("m1000"), "E16");
	assert_string_equal(ask("m,4"), "E16");
}

static void
test_breaks(void **state)
{
	(void)state;
	begin();
	assert_string_equal(ask("Z0,1002,2"), "OK");
	assert_string_equal(ask("Z0,1002,2"), "OK");
	assert_memory_equal(fake.memory, "\x01\x45\x02\x90", 4);
	assert_string_equal(ask("m1000,4"), "01450145"); /* not seen */
	assert_string_equal(ask("m1003,1"), "45");
	assert_string_equal(ask("M1001,2:eeff"), "OK"); /* one half under it */
	assert_memory_equal(fake.memory, "\x01\xee\x02\x90", 4);
	assert_string_equal(ask("Z0,1008,4"), "OK");
	assert_memory_equal(fake.memory + 8, "\x73\x00\x10\x00", 4);
	assert_string_equal(ask("Z0,100a,4"), "E0e"); /* in the middle of the other */
	assert_string_equal(ask("Z0,1001,4"), "E0e");
	assert_string_equal(ask("Z0,4000,4"), "E0e");
	assert_string_equal(ask("Z1,1000,4"), "");
	assert_string_equal(ask("z0,1002,2"), "OK");
	assert_memory_equal(fake.memory, "\x01\xee\xff\x45", 4);
	assert_string_equal(ask("z0,1004,2"), "OK"); /* there was none */
	assert_string_equal(ask("D"), "OK");
	assert_memory_equal(fake.memory + 8, "\x13\x00\x00\x00", 4);
	assert_true(stub.is_over);
}

static void
test_runs(void **state)
{
	(void)state;
	begin();
	assert_null(ask("c"));
	assert_int_equal(fake.goes, 1);
	assert_string_equal(stops(GDB_RUNS, 0), "");
	assert_null(ask("m1000,4")); /* not while it runs */
	type("\003");
	assert_int_equal(fake.halts, 1);
	assert_string_equal(stops(GDB_STANDS, GDB_INTERRUPT), "$S02#b5");
	assert_string_equal(stops(GDB_STANDS, GDB_INTERRUPT), "");
	type("\003"); /* it stands */
	assert_int_equal(fake.halts, 1);
	assert_string_equal(ask("QPassSignals:b;c"), "OK");
	assert_null(ask("vCont;C0b:1;c"));
	assert_int_equal(fake.signal, GDB_SEGMENT);
	assert_string_equal(stops(GDB_STANDS, GDB_SEGMENT), ""); /* it goes on */
	assert_int_equal(fake.goes, 3);
	assert_string_equal(stops(GDB_STANDS, GDB_ILLEGAL), "$S04#b7");
	assert_string_equal(ask("vCont;t"), "E16");
	assert_string_equal(ask("vCont"), "E16");
	assert_null(ask("c1010"));
	assert_int_equal(fake.registers.pc, 0x1010);
	assert_string_equal(stops(GDB_EXITED, 3), "$W03#ba");
	assert_true(stub.is_over);
}

static void
test_steps(void **state)
{
	(void)state;
	begin();
	assert_null(ask("s"));
	assert_memory_equal(fake.memory, "\x01\x45\x02\x90", 4);
	fake.registers.pc = 0x1002;
	assert_string_equal(stops(GDB_STANDS, GDB_TRAP), "$S05#b8");
	assert_memory_equal(fake.memory, "\x01\x45\x01\x45", 4);
	assert_string_equal(ask("p20"), "0210000000000000");
	fake.place = 0x1008; /* the target knows better */
	assert_null(ask("vCont;s:1"));
	assert_memory_equal(fake.memory + 8, "\x73\x00\x10\x00", 4);
	stops(GDB_STANDS, GDB_TRAP);
	fake.place = 0;
	assert_string_equal(ask("P20=0040000000000000"), "OK");
	assert_string_equal(ask("s"), "E0e"); /* there is nothing */
	assert_string_equal(ask("vCont;s"), "E0e");
}

static void
test_ends(void **state)
{
	(void)state;
	begin();
	ask("Z0,1000,2");
	assert_null(ask("k"));
	assert_int_equal(fake.kills, 1);
	assert_true(stub.is_over);
	begin();
	assert_string_equal(ask("vKill;1"), "OK");
	assert_int_equal(fake.kills, 1);
	begin();
	ask("Z0,1000,2");
	ask("c");
	type("\004");
	assert_int_equal(fake.halts, 1);
	assert_memory_equal(fake.memory, "\x01\x45", 2);
	assert_true(stub.is_over);
	begin();
	ask("c");
	assert_string_equal(stops(GDB_DIED, GDB_KILL), "$X09#c1");
	assert_true(stub.is_over);
}

/* --- where instructions go ---------------------------------------------------------------- */
static bool
fetch_words(void *context, uint64_t address, uint16_t *parcel)
{
	const uint32_t *words = context;

	memcpy(parcel, (const uint8_t *)words + (address & 63), 2);
	return address < 0x1000 + 64;
}

static const struct flow_vector {
	const char *name;
	uint32_t word;
	uint64_t place; /* with x[n] = n, at 0x1000 */
} flows[] = {
	{"nop", 0x00000013, 0x1004},
	{"c.nop", 0x0001, 0x1002},
	{"jal +0x800", 0x001000ef, 0x1800},
	{"jal -4", 0xffdff0ef, 0xffc},
	{"jalr 9(x6)", 0x009300e7, 14},
	{"jalr -1(x0)", 0xfff000e7, 0xfffffffffffffffe},
	{"beq x1 x2 +8", 0x00208463, 0x1004},
	{"beq x1 x1 +8", 0x00108463, 0x1008},
	{"bne x1 x2 -8", 0xfe209ce3, 0xff8},
	{"blt x0 x1 +8", 0x00104463, 0x1008},
	{"bge x0 x1 +8", 0x00105463, 0x1004},
	{"bltu x1 x0 +8", 0x0000e463, 0x1004},
	{"bgeu x1 x0 +8", 0x0000f463, 0x1008},
	{"c.j -2", 0xbffd, 0xffe},
	{"c.j +0x7fe", 0xaffd, 0x17fe},
	{"c.beqz x8 +16", 0xc801, 0x1002},
	{"c.bnez x8 +16", 0xe801, 0x1010},
	{"c.bnez x8 -2", 0xfc7d, 0xffe},
	{"c.jr x5", 0x8282, 4},
	{"c.jalr x6", 0x9302, 6},
	{"c.ebreak", 0x9002, 0x1002},
	{"c.mv x5 x6", 0x829a, 0x1002},
	{"amoswap", 0x0862a2af, 0x1004},
};

static void
test_flow(void **state)
{
	uint64_t place[STEP_PLACES];
	uint64_t x[32];

	(void)state;
	for (uint64_t i = 0; i < 32; i++) {
		x[i] = i;
	}
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		uint32_t words[16] = {flows[i].word};

		if (step_places(fetch_words, words, 0x1000, x, place) != 1 ||
		    place[0] != flows[i].place) {
			fail_msg("%s goes to 0x%lx", flows[i].name, place[0]);
		}
	}
}

static void
test_loop(void **state)
{
	uint32_t loop[16] = {
		0x1004a72f, /* lr.w a4, (s1) */
		0x00f71663, /* bne a4, a5, +12: out */
		0x18c4a6af, /* sc.w a3, a2, (s1) */
		0xfe069ae3, /* bnez a3, -12 */
	};
	uint64_t place[STEP_PLACES];
	uint64_t x[32] = {0};

	(void)state;
	assert_int_equal(step_places(fetch_words, loop, 0x1000, x, place), 2);
	assert_int_equal(place[0], 0x1010);
	assert_int_equal(place[1], 0x100c);
	loop[2] = 0x00000013; /* none: an instruction like others */
	assert_int_equal(step_places(fetch_words, loop, 0x1000, x, place), 1);
	assert_int_equal(place[0], 0x1004);
	assert_int_equal(step_places(fetch_words, loop, 0x2000, x, place), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage),     cmocka_unit_test(test_registers),
		cmocka_unit_test(test_description), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_breaks),      cmocka_unit_test(test_runs),
		cmocka_unit_test(test_steps),       cmocka_unit_test(test_ends),
		cmocka_unit_test(test_flow),        cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
