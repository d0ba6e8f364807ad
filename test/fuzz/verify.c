/* SPDX-License-Identifier: MIT
 * verify.c: fuzz target: any bytes as a program. It is refused, or it runs and keeps within its
 * regions and its fuel; verified in steps it is what it is verified at once.
 *
 *	class | stack / 8 | data / 8 | step, its highest bit: repair | instructions | data
 *
 * Most bytes are no program. So those that ask for it are repaired: each instruction that is
 * refused becomes an exit.
 *
 * links: kern/code/program.c kern/code/verify.c kern/code/interp.c
 * links: test/model/vec.c test/model/vec_words.c test/model/vec_asm.c test/model/vec_run.c
 * links: test/model/code_safe.c
 */
#include <stdlib.h>
#include <string.h>
#include "lib/base/bpf.h"
#include "test/fuzz/fuzz.h"
#include "test/model/code_safe.h"

#define HEAD_BYTES 4

struct input {
	struct exo_code head;
	uint32_t step;
	bool is_repaired;
	const uint8_t *insns;
	const uint8_t *data;
};

/* False for what no program can be made of. */
static bool
take_apart(const uint8_t *data, size_t bytes, struct input *in)
{
	size_t data_bytes = bytes > 2 ? data[2] % 16 * 8u : 0;

	if (bytes < HEAD_BYTES + 8 + data_bytes) {
		return false;
	}
	in->head.code_class = 1 + data[0] % (EXO_CODE_CLASSES - 1);
	in->head.stack_bytes = data[1] % 65 * 8u;
	in->head.data_bytes = (uint32_t)data_bytes;
	in->head.insns = (uint32_t)((bytes - HEAD_BYTES - data_bytes) / 8);
	in->step = 1 + data[3] % 128;
	in->is_repaired = data[3] >> 7;
	in->insns = data + HEAD_BYTES;
	in->data = in->insns + in->head.insns * sizeof(struct exo_insn);
	return true;
}

static struct code_program *
place(const struct input *in)
{
	size_t bytes = code_bytes(&in->head);
	struct code_program *p = bytes ? code_place(malloc(bytes), &in->head) : NULL;

	if (p) {
		memcpy(p->insn, in->insns, p->insns * sizeof(*p->insn));
		memcpy(p->data, in->data, p->data_bytes);
	}
	return p;
}

/* Begins anew with a program that differs from p where it is refused. */
static struct code_program *
repair(const struct input *in, struct code_program *p)
{
	struct code_program *other = place(in);

	memcpy(other->insn, p->insn, p->insns * sizeof(*p->insn));
	other->insn[p->at < p->insns ? p->at : p->insns - 1] =
		(struct exo_insn){.opcode = BPF_JMP | BPF_EXIT};
	free(p);
	return other;
}

static void
verify_in_steps(const struct input *in, const struct code_program *whole)
{
	struct code_program *p = place(in);
	int result;

	memcpy(p->insn, whole->insn, p->insns * sizeof(*p->insn));
	do {
		result = code_verify_step(p, in->step);
	} while (!result);
	demand((result > 0) == (whole->pass == 2) && p->pass == whole->pass && p->at == whole->at &&
	       p->refusal == whole->refusal && p->sum == whole->sum);
	demand(!memcmp(p->starts, whole->starts, sizeof(p->starts)) &&
	       !memcmp(p->leaders, whole->leaders, sizeof(p->leaders)) &&
	       !memcmp(p->cost, whole->cost, p->insns * sizeof(*p->cost)));
	demand(code_verify_step(p, 1) == result);
	free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input in = {.head = {.magic = EXO_CODE_MAGIC}};
	struct code_program *p = take_apart(data, bytes, &in) ? place(&in) : NULL;
	int error;

	if (!p) {
		return 0;
	}
	error = code_verify(p);
	for (uint32_t n = 0; in.is_repaired && error && n < 2 * in.head.insns; n++) {
		p = repair(&in, p);
		error = code_verify(p);
	}
	verify_in_steps(&in, p);
	if (!error) {
		code_safe_memory(p->stack_bytes, p->data, p->data_bytes);
		code_safe_run(p, code_interpret);
	}
	free(p);
	return 0;
}
