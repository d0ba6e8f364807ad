/* SPDX-License-Identifier: MIT
 * make_code.c: the end of `make code`: what clang wrote becomes a program that can be loaded, and
 * is verified as the kernel does it.
 *
 *   make-code F.o F.prog CLASS [FUNCTION]
 *
 * Exit status: 0 and a line about the program; 1 and the reason on stderr, with the source line if
 * the file has debugging information.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/code/program.h"
#include "lib/base/bpf.h"
#include "lib/code/image.h"

#define FILE_MAX (4u << 20)

static uint8_t file[FILE_MAX];
static struct code_image image;

static const char *const sentences[] = {
#define CODE_REFUSAL(nr, name, sentence) [nr] = sentence,
#include <exo/code.def>
};

static const char *const classes[EXO_CODE_CLASSES] = {
#define CODE_CLASS(nr, name, fuel) [nr] = #name,
#include <exo/code.def>
};

static const struct {
	const char *name;
	uint32_t classes;
} helpers[EXO_CODE_HELPERS] = {
#define CODE_HELPER(nr, name, fuel, classes) [nr] = {#name, classes},
#include <exo/code.def>
};

static void
fail(const char *name, const char *why)
{
	fprintf(stderr, "%s: error: %s\n", name, why);
	exit(1);
}

static uint32_t
class_of(const char *name)
{
	for (uint32_t nr = 1; nr < EXO_CODE_CLASSES; nr++) {
		if (!strcmp(classes[nr], name)) {
			return nr;
		}
	}
	fprintf(stderr, "CLASS=%s: there is no such class of code; there are:", name);
	for (uint32_t nr = 1; nr < EXO_CODE_CLASSES; nr++) {
		fprintf(stderr, " %s", classes[nr]);
	}
	fprintf(stderr, "\n");
	exit(1);
}

static size_t
read_file(const char *path)
{
	FILE *stream = fopen(path, "rb");
	size_t bytes = stream ? fread(file, 1, sizeof(file), stream) : 0;

	if (!stream || ferror(stream)) {
		perror(path);
		exit(1);
	}
	if (bytes == sizeof(file)) {
		fail(path, "it is larger than 4 MiB");
	}
	fclose(stream);
	return bytes;
}

static void
write_file(const char *path)
{
	static uint8_t flat[CODE_IMAGE_MAX];
	size_t bytes = code_flatten(&image, flat);
	FILE *stream = fopen(path, "wb");

	if (!stream || fwrite(flat, 1, bytes, stream) != bytes || fclose(stream)) {
		perror(path);
		exit(1);
	}
}

/* The reason, at the line that the instruction comes from if that is known. */
static void
complain(const char *path, uint32_t at, const char *why)
{
	struct code_line line;

	if (at < image.head.insns && code_line(&image, at, &line)) {
		fprintf(stderr, "%s:%u: error: %s\n%s\n",
			line.file + (strncmp(line.file, "./", 2) ? 0 : 2), line.line, why,
			line.text);
	} else {
		fprintf(stderr, "%s: error: %s\n", path, why);
	}
}

/* Who may call the helper that was refused. */
static void
tell_helper(uint32_t nr)
{
	if (nr >= EXO_CODE_HELPERS || !helpers[nr].name) {
		fprintf(stderr, "there is no helper %u; exo/code_helpers.h has them all\n", nr);
		return;
	}
	fprintf(stderr, "helper %u, %s, is for:", nr, helpers[nr].name);
	for (uint32_t class = 1; class < EXO_CODE_CLASSES; class ++) {
		if (helpers[nr].classes & (1u << class)) {
			fprintf(stderr, " %s", classes[class]);
		}
	}
	fprintf(stderr, "\n");
}

static void
refuse(const char *path, const struct code_program *p)
{
	const struct exo_insn *i = &p->insn[p->at];

	complain(path, p->at, sentences[p->refusal]);
	fprintf(stderr,
		"instruction %u: opcode 0x%02x, destination r%u, source r%u, offset %d, "
		"constant %d\n",
		p->at, i->opcode, bpf_destination(i), bpf_source(i), i->offset, i->imm);
	if (p->refusal == EXO_REFUSED_helper) {
		tell_helper((uint32_t)i->imm);
	}
	exit(1);
}

static struct code_program *
verify(const char *path)
{
	size_t bytes = code_bytes(&image.head);
	struct code_program *p = bytes ? code_place(malloc(bytes), &image.head) : NULL;

	if (!p) {
		fail(path, sentences[EXO_REFUSED_size]);
	}
	memcpy(p->insn, image.insn, p->insns * sizeof(*p->insn));
	if (code_verify(p)) {
		refuse(path, p);
	}
	return p;
}

static bool
is_jump(const struct exo_insn *i)
{
	unsigned code = bpf_class(i->opcode);
	unsigned operation = bpf_operation(i->opcode);

	return (code == BPF_JMP || code == BPF_JMP32) && operation != BPF_CALL &&
	       operation != BPF_EXIT;
}

/* Does control not go on to the next instruction? */
static bool
ends_way(const struct exo_insn *i)
{
	return i->opcode == (BPF_JMP | BPF_EXIT) ||
	       (is_jump(i) && bpf_operation(i->opcode) == BPF_JA);
}

/* The fuel of the dearest way through the program on which no jump back is taken. Goes back from
 * the end, so what lies ahead of an instruction is known. */
static uint32_t
dearest_way(const struct code_program *p)
{
	static uint32_t way[EXO_CODE_INSNS_MAX + 2]; /* from there to the end */

	for (uint32_t at = p->insns; at--;) {
		const struct exo_insn *i = &p->insn[at];
		uint32_t ahead = ends_way(i) ? 0 : way[at + 1];
		int64_t target = is_jump(i) ? bpf_target(i, at) : 0;

		if (target > at && way[target] > ahead) {
			ahead = way[target];
		}
		way[at] = p->cost[at] + ahead;
	}
	return way[0];
}

static void
report(const char *path, const struct code_program *p)
{
	int64_t fuel = code_fuel(p->code_class);
	uint32_t dearest = 0;

	for (uint32_t at = 0; at < p->insns; at++) {
		dearest = p->cost[at] > p->cost[dearest] ? at : dearest;
	}
	printf("%s: %s, %u instructions, %u bytes of data, %u of stack\n", path,
	       classes[p->code_class], p->insns, p->data_bytes, p->stack_bytes);
	printf("fuel: %lld; the dearest block costs %u, the dearest way without a loop %u\n",
	       (long long)fuel, p->cost[dearest], dearest_way(p));
	if (p->cost[dearest] > fuel) {
		printf("%s: the block at instruction %u can never be paid for\n", path, dearest);
	}
}

int
main(int argc, char **argv)
{
	const char *function = argc == 5 && argv[4][0] ? argv[4] : NULL;
	struct code_program *p;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: make-code F.o F.prog CLASS [FUNCTION]\n");
		return 1;
	}
	if (code_image(&image, file, read_file(argv[1]), function, class_of(argv[3]))) {
		complain(argv[1], image.refused_at, image.object.sentence);
		return 1;
	}
	p = verify(argv[1]);
	write_file(argv[2]);
	report(argv[2], p);
	free(p);
	return 0;
}
