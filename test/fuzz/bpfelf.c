/* SPDX-License-Identifier: MIT
 * bpfelf.c: fuzz target: any bytes as the file of a compiler of BPF. Refused in a sentence, or a
 * program of sizes that there may be, whose pointers lie in its data and whose lines are in the
 * file.
 *
 * links: lib/code/image.c lib/code/object.c lib/code/line.c lib/base/print.c
 * links: kern/code/program.c kern/code/verify.c
 */
#include <stdlib.h>
#include <string.h>
#include "kern/code/program.h"
#include "lib/code/image.h"
#include "test/fuzz/fuzz.h"

static struct code_image image;

/* Is the string, with its end, in the file, or empty? */
static bool
is_text(const char *text, const uint8_t *data, size_t bytes)
{
	const uint8_t *at = (const uint8_t *)text;

	return !*text ||
	       (at >= data && at < data + bytes && memchr(at, 0, (size_t)(data + bytes - at)));
}

static void
verify(void)
{
	static uint64_t memory[2048];
	uint8_t flat[CODE_IMAGE_MAX];
	struct code_program *p;

	demand(code_bytes(&image.head) && code_bytes(&image.head) <= sizeof(memory));
	demand(code_flatten(&image, flat) ==
	       sizeof(image.head) + image.head.insns * 8ul + image.head.data_bytes);
	p = code_place(memory, &image.head);
	memcpy(p->insn, image.insn, p->insns * sizeof(*p->insn));
	if (!code_verify(p)) {
		demand(!code_check(p));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct code_line line;

	if (code_image(&image, data, bytes, NULL, EXO_CODE_handler)) {
		demand(image.object.sentence[0]);
		return 0;
	}
	verify();
	for (uint32_t at = 0; at < image.head.insns; at++) {
		if (code_line(&image, at, &line)) {
			demand(is_text(line.file, data, bytes) && is_text(line.text, data, bytes));
		}
	}
	return 0;
}
