/* SPDX-License-Identifier: MIT
 * vec_asm.h: the assembler of test/vectors/README.md, a line at a time. No heap, no files.
 */
#ifndef TEST_MODEL_VEC_ASM_H
#define TEST_MODEL_VEC_ASM_H

#include <stdbool.h>
#include <exo/code.h>

#define VEC_INSNS_MAX  600 /* more than a program may have */
#define VEC_LABELS_MAX 32
#define VEC_WORDS_MAX  40
#define VEC_LINE_MAX   128

/* A line taken apart. */
struct vec_words {
	char text[VEC_LINE_MAX];
	const char *word[VEC_WORDS_MAX + 1]; /* the last one is followed by NULL */
	uint32_t count;
};

struct vec_label {
	char name[12];
	uint32_t at; /* the instruction it stands before, or that jumps to it */
};

struct vec_asm {
	struct exo_insn insn[VEC_INSNS_MAX];
	uint32_t insns;
	struct vec_label label[VEC_LABELS_MAX];
	uint32_t labels;
	struct vec_label jump[VEC_LABELS_MAX];
	uint32_t jumps;
};

/* Splits [line, end) at blanks, commas, parentheses and brackets; # begins a comment. False when it
 * is too long. */
bool vec_split(struct vec_words *w, const char *line, const char *end);
/* A decimal or 0x number, also negative, or REGION or REGION+number: a pointer. False if it is no
 * such thing. */
bool vec_number(const char *word, uint64_t *value);
/* enum exo_code_region of a name; 0 when there is none of that name. */
uint32_t vec_region(const char *word);

/* Adds the instruction or label. NULL, or what is wrong with it. */
const char *vec_assemble(struct vec_asm *a, const struct vec_words *w);
/* Fills in the jumps to labels. NULL, or what is wrong. */
const char *vec_assembled(struct vec_asm *a);

#endif
