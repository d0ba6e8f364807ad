/* SPDX-License-Identifier: MIT
 * code_image_test.c: from C by clang to a program, and what of C is no program.
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
#include "lib/base/bpf.h"
#include "lib/code/image.h"
#include "test/model/vec_run.h"
#include "test/unit/clang.h"

static struct code_image image;
static unsigned char *file;
static size_t file_bytes;

/* Compiles, and makes a program of it; what that returned. */
static int
compile(const char *source, const char *function)
{
	free(file);
	file = clang_bpf(source, &file_bytes);
	return code_image(&image, file, file_bytes, function, EXO_CODE_handler);
}

/* Runs what was compiled with a state region of 8 zeros and this input. Its r0. */
static int64_t
run(const char *input, uint64_t *state)
{
	static uint8_t zeros[8];
	struct code_program *p = code_place(malloc(code_bytes(&image.head)), &image.head);
	uint32_t bytes = (uint32_t)strlen(input);
	struct code_run r;

	memcpy(p->insn, image.insn, p->insns * sizeof(*p->insn));
	memcpy(p->data, image.data, p->data_bytes);
	assert_int_equal(code_verify(p), 0);
	code_run_begin(&r, p, vec_memory(EXO_REGION_STACK, p->stack_bytes));
	code_run_region(&r, EXO_REGION_INPUT,
			memcpy(vec_memory(EXO_REGION_INPUT, bytes), input, bytes), bytes, false);
	code_run_region(&r, EXO_REGION_STATE, memcpy(vec_memory(EXO_REGION_STATE, 8), zeros, 8), 8,
			true);
	r.argument[0] = (uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT;
	r.argument[1] = bytes;
	r.argument[2] = (uint64_t)EXO_REGION_STATE << EXO_REGION_SHIFT;
	assert_int_equal(code_interpret(p, &r), 0);
	memcpy(state, (void *)(uintptr_t)(r.load[EXO_REGION_STATE].base + r.argument[2]), 8);
	free(p);
	return (int64_t)r.result;
}

static void
programs_run(void **state)
{
	uint64_t kept;

	(void)state;
	assert_int_equal(
		compile("#include <exo/code_helpers.h>\n"
			"exo_handler_code f;\n"
			"int64_t f(const uint8_t *p, uint64_t n, void *s, uint64_t m, uint8_t *r)"
			"{ *(uint64_t *)s += exo_be16(p); return n + p[2]; }",
			NULL),
		0);
	assert_int_equal(image.head.stack_bytes, 0);
	assert_int_equal(image.head.data_bytes, 0);
	assert_int_equal(run("\x12\x34\x05", &kept), 8);
	assert_int_equal(kept, 0x1234);
}

/* Tables, strings, and a table of pointers to strings, in as many sections. */
static void
constants_are_found(void **state)
{
	uint64_t kept;

	(void)state;
	assert_int_equal(
		compile("typedef unsigned char u8;\n"
			"static const char *const names[] = {\"alpha\", \"beta\", \"gamma\"};\n"
			"static const unsigned squares[8] = {0, 1, 4, 9, 16, 25, 36, 49};\n"
			"long f(const u8 *p, unsigned long n, unsigned long *s)"
			"{ *s = squares[p[0] & 7]; return names[p[1] % 3][p[2] % 4]; }",
			NULL),
		0);
	assert_true(image.head.data_bytes >= 3 * 8 + 8 * 4 + 6 + 5 + 6);
	assert_int_equal(run("\x07\x03\x01", &kept), 'l');
	assert_int_equal(kept, 49);
	assert_int_equal(run("\x03\x01\x04", &kept), 'b');
	assert_int_equal(kept, 9);
	assert_int_equal(run("\x02\x02\x02", &kept), 'm');
}

static void
stack_is_measured(void **state)
{
	uint64_t kept;

	(void)state;
	assert_int_equal(compile("long f(const unsigned char *p, unsigned long n)"
				 "{ volatile long a = n; volatile char b = *p; return a + b; }",
				 NULL),
			 0);
	assert_in_range(image.head.stack_bytes, 9, 32);
	assert_int_equal(run("\x05", &kept), 6);
	assert_int_equal(compile("long f(const unsigned char *p, unsigned long n)"
				 "{ char b[64]; for (unsigned long i = 0; i < n; i++)"
				 "((volatile char *)b)[(p[i] + i) & 63] = p[i]; return b[p[0]]; }",
				 NULL),
			 0);
	assert_int_equal(image.head.stack_bytes, EXO_CODE_STACK_MAX);
}

static void
one_of_several(void **state)
{
	const char *source = "long f(void) { return 1; } long g(void) { return 2; }";
	uint64_t kept;

	(void)state;
	assert_int_equal(compile(source, NULL), E_NOENT);
	assert_string_equal(image.object.sentence,
			    "there are several functions, f and g; make all but one static inline, "
			    "or say which one is the program");
	assert_int_equal(compile(source, "g"), 0);
	assert_int_equal(run("", &kept), 2);
	assert_int_equal(compile(source, "f"), 0);
	assert_int_equal(run("", &kept), 1);
	assert_int_equal(compile(source, "h"), E_NOENT);
}

/* The second function of a section, and the second constant. */
static void
not_at_the_start(void **state)
{
	uint64_t kept;

	(void)state;
	assert_int_equal(
		compile("static const int a[4] = {5, 6, 7, 8}, b[4] = {9, 10, 11, 12};\n"
			"long f(const unsigned char *p) { return a[p[0] & 3]; }\n"
			"long g(const unsigned char *p) { return b[p[0] & 3] * a[p[1] & 3]; }",
			"g"),
		0);
	assert_true(image.start);
	assert_int_equal(run("\x01\x02", &kept), 10 * 7);
	assert_int_equal(compile("static long x, y; long f(long a) { return x += a; }"
				 "long g(long a) { return y += a; }",
				 "g"),
			 E_UNSUPPORTED);
	assert_non_null(strstr(image.object.sentence, "it uses y in section .bss"));
}

#define FILLED(n) "long f(void) { asm volatile(\".rept " n "\\n r1 = 1\\n .endr\"); return 0; }"

/* As much as there may be, and one more. */
static void
as_much_as_there_may_be(void **state)
{
	uint64_t kept;

	(void)state;
	assert_int_equal(compile(FILLED("510"), NULL), 0);
	assert_int_equal(image.head.insns, EXO_CODE_INSNS_MAX);
	assert_int_equal(run("", &kept), 0);
	assert_int_equal(compile(FILLED("511"), NULL), E_LIMIT);
	assert_int_equal(compile("static const _Alignas(16) unsigned char t[1024] = {[1023] = 7};\n"
				 "long f(const unsigned char *p) { return t[p[0] * 4 + 3]; }",
				 NULL),
			 0);
	assert_int_equal(image.head.data_bytes, EXO_CODE_DATA_MAX);
	assert_int_equal(run("\xff", &kept), 7);
}

static const struct {
	const char *source;
	int error;
	const char *sentence; /* part of it */
} refused[] = {
	{"static long x; long f(long a) { return x += a; }", E_UNSUPPORTED,
	 "it uses x in section .bss"},
	{"long x = 5; long f(long a) { return x += a; }", E_UNSUPPORTED,
	 "it uses x in section .data"},
	{"extern long x; long f(void) { return x; }", E_UNSUPPORTED,
	 "it uses x, which is not in the file"},
	{"long g(long); long f(long a) { return g(a); }", E_UNSUPPORTED,
	 "it uses g, which is not in the file"},
	{"__attribute__((noinline)) static long g(long a) { return a * 3; }"
	 "long f(long a) { return g(a) + g(a + 1); }",
	 E_UNSUPPORTED, "calls another function of the file"},
	{"__attribute__((noinline, section(\"other\"))) static long g(long a) { return a * 3; }"
	 "long f(long a) { return g(a) + g(a + 1); }",
	 E_UNSUPPORTED, "it takes the address of g, or calls it"},
	{"long f(void) { return (long)&f; }", E_UNSUPPORTED,
	 "it takes the address of f, or calls it"},
	{"static long f(long a) { return a; } long (*const keep)(long) = f;", E_NOENT,
	 "there is no global function; "},
	{"static const char t[1025] = {1}; long f(long a) { return t[a]; }", E_LIMIT,
	 "its constants take more than 1024 bytes, as section .rodata shows"},
	{"static const _Alignas(32) char t[64] = {1}; long f(long a) { return t[a]; }",
	 E_UNSUPPORTED, "section .rodata wants to be aligned to 32 bytes"},
	{"long f(volatile long *p) {\n#define A *p += 1; *p += 2; *p += 3; *p += 4;\n"
	 "#define B A A A A A A A A\n B B B B B B return 0; }",
	 E_LIMIT, "f has 578 instructions; a program has at most 512"},
};

static void
what_is_no_program(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(refused) / sizeof(refused[0]); n++) {
		assert_int_equal(compile(refused[n].source, NULL), refused[n].error);
		if (!strstr(image.object.sentence, refused[n].sentence)) {
			fail_msg("%s: %s", refused[n].source, image.object.sentence);
		}
	}
}

/* Each instruction is from a line of the source, and knows it. */
static void
lines_are_known(void **state)
{
	struct code_line line;

	(void)state;
	assert_int_equal(
		compile("long f(long *p)\n{\n\tlong a = *p;\n\t__sync_fetch_and_add(p, 5);\n"
			"\treturn a;\n}\n",
			NULL),
		0);
	for (uint32_t at = 0; at < image.head.insns; at++) {
		assert_true(code_line(&image, at, &line));
		assert_in_range(line.line, 1, 6);
		if (image.insn[at].opcode == 0xdb) {
			assert_int_equal(line.line, 4);
			assert_string_equal(line.text, "\t__sync_fetch_and_add(p, 5);");
		}
	}
}

/* Reads a file as it came, refused or not, and asks for lines. Beside it, memory is poisoned. */
static void
read_any(const unsigned char *bytes, size_t count)
{
	unsigned char *copy = memcpy(malloc(count ? count : 1), bytes, count);
	struct code_line line;

	if (code_image(&image, copy, count, NULL, EXO_CODE_handler)) {
		assert_true(image.object.sentence[0]);
	} else {
		for (uint32_t at = 0; at < image.head.insns; at++) {
			code_line(&image, at, &line);
		}
	}
	free(copy);
}

/* A file that ends anywhere is refused; one with any byte changed, by a little or by much, is read
 * within its bounds or refused. */
static void
broken_files(void **state)
{
	static const uint8_t changes[] = {1, 0xff, 0x80};

	(void)state;
	assert_int_equal(compile("static const char *const t[] = {\"abc\", \"def\"};\n"
				 "long f(const unsigned char *p) { return t[p[0] & 1][p[1] & 1]; }",
				 NULL),
			 0);
	for (size_t bytes = 0; bytes < file_bytes; bytes++) {
		read_any(file, bytes);
		assert_true(image.object.sentence[0]);
	}
	for (size_t at = 0; at < file_bytes; at++) {
		unsigned char was = file[at];

		for (size_t n = 0; n < sizeof(changes); n++) {
			file[at] = (unsigned char)(was + changes[n]);
			read_any(file, file_bytes);
		}
		file[at] = was;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_run),       cmocka_unit_test(constants_are_found),
		cmocka_unit_test(stack_is_measured),  cmocka_unit_test(one_of_several),
		cmocka_unit_test(not_at_the_start),   cmocka_unit_test(as_much_as_there_may_be),
		cmocka_unit_test(what_is_no_program), cmocka_unit_test(lines_are_known),
		cmocka_unit_test(broken_files),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(file);
	return failed;
}
