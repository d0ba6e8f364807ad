/* SPDX-License-Identifier: MIT
 * vec_asm.h: the assembler of test/vectors/README.md, a line at a time. No heap, no files.
 */
#ifndef TEST_MODEL_VEC_ASM_H
#define TEST_MODEL_VEC_ASM_H

#include <exo/code.h>
#include "test/model/vec_words.h"

#define VEC_INSNS_MAX  600 /* more than a program may have */
#define VEC_LABELS_MAX 32

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

/* Adds the instruction or label. NULL, or what is wrong with it. */
const char *vec_assemble(struct vec_asm *a, const struct vec_words *w);
/* Fills in the jumps to labels. NULL, or what is wrong. */
const char *vec_assembled(struct vec_asm *a);

#endif
