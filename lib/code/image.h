/* SPDX-License-Identifier: MIT
 * image.h: from the file that clang -target bpf writes to a program as exo_code_load takes it.
 *
 * One global function is the program. The read-only data of the file is its data region, pointers
 * to that become EXO_REGION_DATA << 32 | offset. Helpers are called by number
 * (exo/code_helpers.h); all else must be inlined, for there is nothing to link with. What cannot be
 * a program is refused in a sentence that names the symbol, the place and the remedy. Whether the
 * instructions are allowed is not looked at here, but when they are loaded. Pure: no state, no
 * heap; the file can be any bytes.
 */
#ifndef LIB_CODE_IMAGE_H
#define LIB_CODE_IMAGE_H

#include <exo/code.h>
#include "lib/code/object.h"

#define CODE_IMAGE_MAX                                                                             \
	(sizeof(struct exo_code) + EXO_CODE_INSNS_MAX * sizeof(struct exo_insn) + EXO_CODE_DATA_MAX)

struct code_image {
	struct exo_code head;
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
	uint8_t data[EXO_CODE_DATA_MAX];
	struct object object;
	uint32_t section;                      /* that the function is in */
	uint32_t start;                        /* where it begins there */
	uint32_t refused_at;                   /* an instruction; UINT32_MAX: none in particular */
	uint32_t data_at[OBJECT_SECTIONS_MAX]; /* 1 + where a section begins in the data; 0: not */
};

/* Makes the global function `function` (NULL: the only one) of the file a program of that class.
 * The file must stay where it is while `to` is used. 0; E_TRUNCATED, E_FORMAT: the file is broken;
 * E_NOENT: there is no such function, or more than one; E_UNSUPPORTED: code cannot do that here;
 * E_LIMIT: too large. to->object.sentence says more. */
int code_image(struct code_image *to, const void *file, size_t bytes, const char *function,
	       uint32_t code_class);
/* Puts head, instructions and data behind each other, as exo_code_load wants them. `to` has room
 * for CODE_IMAGE_MAX; how many bytes there are. */
size_t code_flatten(const struct code_image *image, void *to);

/* Where instruction `at` comes from. */
struct code_line {
	const char *file;
	const char *text; /* that line; may be empty */
	uint32_t line;
};
/* Looks it up in the sections .BTF and .BTF.ext, which `clang -g` writes. False if they do not say
 * it, or are broken. */
bool code_line(const struct code_image *image, uint32_t at, struct code_line *line);

#endif
