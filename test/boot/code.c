/* SPDX-License-Identifier: MIT
 * code.c: programs are loaded into CODE capabilities, run there, and go with them; what is no
 * program is refused where it is wrong.
 *
 * boot: init SMP=2
 */
#include <string.h>
#include "lib/base/bpf.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define PAGES 4

struct image {
	struct exo_code head;
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
};

static struct image image;
static struct exo_pages memory;

static void
put(uint8_t opcode, unsigned to, unsigned from, int offset, int32_t imm)
{
	image.insn[image.head.insns++] = (struct exo_insn){
		opcode, (uint8_t)(to | from << 4), (int16_t)offset, imm};
}

static void
begin(uint32_t code_class)
{
	memset(&image, 0, sizeof(image));
	image.head.magic = EXO_CODE_MAGIC;
	image.head.code_class = code_class;
}

/* r0 = the sum of r2 bytes at r1, by a loop. */
static void
make_sum(void)
{
	begin(EXO_CODE_owns);
	put(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 5, 0);
	put(BPF_LDX | BPF_MEM | BPF_B, 3, 1, 0, 0);
	put(BPF_ALU64 | BPF_ADD | BPF_X, 0, 3, 0, 0);
	put(BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, 1);
	put(BPF_ALU64 | BPF_SUB | BPF_K, 2, 0, 0, 1);
	put(BPF_JMP | BPF_JA, 0, 0, -6, 0);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int64_t
run(exo_handle code, struct exo_code_run *q, uint64_t bytes)
{
	*q = (struct exo_code_run){
		.region[EXO_REGION_INPUT] = {memory.frames, 16, 32},
		.argument = {(uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT, bytes},
	};
	return exo_code_run(code, q);
}

static exo_handle
carve(uint64_t first, uint64_t pages)
{
	return (exo_handle)exo_carve(exo_boot()->code, (uint32_t)exo_slot_take(), first, pages,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
}

static void
sums(exo_handle code)
{
	struct exo_code_run q;

	for (uint32_t i = 0; i < 64; i++) {
		((uint8_t *)memory.memory)[i] = (uint8_t)i;
	}
	make_sum();
	tap_is(exo_code_load(code, &image.head), 0, "a program is loaded");
	tap_is(run(code, &q, 4), 0, "it runs");
	tap_is((int64_t)q.result, 16 + 17 + 18 + 19, "and reads what it was given");
	tap_is((int64_t)q.fuel, EXO_FUEL_owns - 4 * (6 + 26) - 6 - 5, "for its instructions' fuel");
	tap_is(run(code, &q, 33), E_FAULT, "behind that nothing is there for it");
	tap_is(run(code, &q, 100000), E_FAULT, "however far it goes");
	tap_is(exo_code_load(code, &image.head), E_BUSY, "no second one beside it");
}

static void
goes(exo_handle code)
{
	struct exo_code_run q;

	tap_is(exo_unbind(EXO_BIND_CODE, code), 0, "it is taken out");
	tap_is(run(code, &q, 4), E_STATE, "and does not run any more");
	begin(EXO_CODE_acl);
	put(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 77);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	tap_is(exo_code_load(code, &image.head), 0, "another one is loaded there");
	tap_is(run(code, &q, 4), 0, "and runs");
	tap_is((int64_t)q.result, 77, "as itself");
	tap_is(exo_revoke(code, 0, 0), 0, "revoked");
	tap_is(run(code, &q, 4), E_STATE, "it is gone as well");
}

static void
endless(exo_handle code)
{
	struct exo_code_run q;

	begin(EXO_CODE_handler);
	put(BPF_JMP | BPF_JA, 0, 0, -1, 0);
	tap_is(exo_code_load(code, &image.head), 0, "an endless loop may be loaded");
	tap_is(run(code, &q, 0), E_LIMIT, "its fuel ends it");
	tap_is((int64_t)q.fuel, 0, "to the last unit");
	exo_unbind(EXO_BIND_CODE, code);
}

static void
refused(exo_handle code)
{
	exo_handle small = carve(PAGES, 1);
	struct exo_result result;

	begin(EXO_CODE_owns);
	put(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	put(BPF_JMP | BPF_JA, 0, 0, 7, 0);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	result = exo_code_load2(code, &image.head);
	tap_is(result.value, E_FORMAT, "a jump out of it");
	tap_is((int64_t)result.second, (int64_t)EXO_REFUSED_target << 32 | 1, "is named");
	image.insn[1].offset = 0;
	image.head.code_class = 99;
	tap_is(exo_code_load(code, &image.head), E_FORMAT, "no such class");
	image.head.code_class = EXO_CODE_owns;
	image.head.insns = EXO_CODE_INSNS_MAX + 1;
	tap_is(exo_code_load(code, &image.head), E_FORMAT, "too many instructions");
	image.head.insns = 3;
	tap_is(exo_code_load(code, NULL), E_FAULT, "no memory there");
	tap_is(exo_code_load(exo_boot()->code, &image.head), E_POOL, "not into a pool");
	tap_is(exo_code_load(exo_boot()->env, &image.head), E_TYPE, "nor into an environment");
	tap_is(exo_code_load(small, &image.head), E_NOSPACE, "nor into too few pages");
	tap_is(exo_code_load(code, &image.head), 0, "after all that it is loaded");
	exo_unbind(EXO_BIND_CODE, code);
}

int
main(void)
{
	exo_handle code = carve(0, PAGES);

	tap_plan(27);
	tap_is(exo_pages_make(&memory, 1), 0, "memory");
	sums(code);
	goes(code);
	endless(code);
	refused(code);
	return tap_end();
}
