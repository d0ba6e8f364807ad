/* SPDX-License-Identifier: MIT
 * encode_test.c: every instruction of arch/riscv/encode.h, with operands at random and at their
 * limits, is the word that the assembler makes of the same text.
 *
 * links: ; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "arch/riscv/encode.h"

#define TIMES     40 /* each instruction */
#define WORDS_MAX 4096
#define AS        "riscv64-unknown-elf-as -march=rv64im -o %s/o %s/s"
#define OBJCOPY   "riscv64-unknown-elf-objcopy -O binary -j .text %s/o %s/b"

static struct {
	FILE *text;
	char folder[32];
	uint32_t words;
	uint32_t word[WORDS_MAX];
	char line[WORDS_MAX][40];
} made;

static uint32_t
draw(uint32_t limit)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(state >> 33) % limit;
}

/* In [-half, half), often at the ends. */
static int32_t
draw_signed(int32_t half)
{
	switch (draw(6)) {
	case 0:
		return -half;
	case 1:
		return half - 1;
	default:
		return (int32_t)draw((uint32_t)half * 2) - half;
	}
}

__attribute__((format(printf, 2, 3))) static void
expect(uint32_t word, const char *format, ...)
{
	char *line = made.line[made.words];
	va_list list;

	assert_true(made.words < WORDS_MAX);
	va_start(list, format);
	vsnprintf(line, sizeof(made.line[0]), format, list);
	va_end(list);
	fprintf(made.text, "%s\n", line);
	made.word[made.words++] = word;
}

#define REGISTER draw(32)
#define R_LINE(name, ...)                                                                          \
	rd = REGISTER, rs1 = REGISTER, rs2 = REGISTER;                                             \
	expect(rv_##name(rd, rs1, rs2), #name " x%u, x%u, x%u", rd, rs1, rs2);
#define I_LINE(name, opcode, ...)                                                                  \
	rd = REGISTER, rs1 = REGISTER, imm = draw_signed(2048);                                    \
	expect(rv_##name(rd, rs1, imm),                                                            \
	       RV_##opcode == RV_LOAD ? #name " x%1$u, %3$d(x%2$u)" : #name " x%1$u, x%2$u, %3$d", \
	       rd, rs1, imm);
#define SHIFT_LINE(name, opcode, ...)                                                              \
	rd = REGISTER, rs1 = REGISTER, imm = (int32_t)draw(RV_##opcode == RV_OP_IMM ? 64 : 32);    \
	expect(rv_##name(rd, rs1, (uint32_t)imm), #name " x%u, x%u, %d", rd, rs1, imm);
#define S_LINE(name, ...)                                                                          \
	rs2 = REGISTER, rs1 = REGISTER, imm = draw_signed(2048);                                   \
	expect(rv_##name(rs2, rs1, imm), #name " x%u, %d(x%u)", rs2, imm, rs1);
#define B_LINE(name, ...)                                                                          \
	rs1 = REGISTER, rs2 = REGISTER, imm = 2 * draw_signed(2048);                               \
	expect(rv_##name(rs1, rs2, imm), #name " x%u, x%u, .%+d", rs1, rs2, imm);

static void
write_all(void)
{
	uint32_t rd;
	uint32_t rs1;
	uint32_t rs2;
	int32_t imm;

	RV_R_INSNS(R_LINE)
	RV_I_INSNS(I_LINE)
	RV_SHIFT_INSNS(SHIFT_LINE)
	RV_S_INSNS(S_LINE)
	RV_B_INSNS(B_LINE)
	rd = REGISTER;
	imm = 2 * draw_signed(1 << 19);
	expect(rv_jal(rd, imm), "jal x%u, .%+d", rd, imm);
	imm = draw_signed(1 << 19);
	expect(rv_lui(rd, (uint32_t)imm << 12), "lui x%u, %d", rd, imm & 0xfffff);
	expect(rv_auipc(rd, (uint32_t)imm << 12), "auipc x%u, %d", rd, imm & 0xfffff);
}

static void
run(const char *format)
{
	char command[160];

	snprintf(command, sizeof(command), format, made.folder, made.folder);
	if (system(command)) {
		fail_msg("%s has failed", command);
	}
}

static void
open_file(FILE **file, const char *name, const char *mode)
{
	char path[48];

	snprintf(path, sizeof(path), "%s/%s", made.folder, name);
	*file = fopen(path, mode);
	assert_non_null(*file);
}

static void
remove_files(void)
{
	static const char *const names[] = {"/s", "/o", "/b", ""};

	for (int n = 0; n < 4; n++) {
		char path[48];

		snprintf(path, sizeof(path), "%s%s", made.folder, names[n]);
		remove(path);
	}
}

static void
as_the_assembler(void **state)
{
	static uint32_t words[WORDS_MAX];
	FILE *binary;

	(void)state;
	strcpy(made.folder, "/tmp/encode.XXXXXX");
	assert_non_null(mkdtemp(made.folder));
	open_file(&made.text, "s", "w");
	fprintf(made.text, ".option norelax\n");
	for (int n = 0; n < TIMES; n++) {
		write_all();
	}
	fclose(made.text);
	run(AS);
	run(OBJCOPY);
	open_file(&binary, "b", "r");
	assert_int_equal(fread(words, 4, WORDS_MAX, binary), made.words);
	fclose(binary);
	remove_files();
	for (uint32_t n = 0; n < made.words; n++) {
		if (words[n] != made.word[n]) {
			fail_msg("%s: %08x, and here %08x", made.line[n], words[n], made.word[n]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_assembler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
