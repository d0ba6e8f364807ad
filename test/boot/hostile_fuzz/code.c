/* SPDX-License-Identifier: MIT
 * code.c: programs at random: loaded, run, bound, unloaded, slept by. No state of its own.
 */
#include "lib/base/bpf.h"
#include "test/boot/hostile_fuzz/fuzz.h"

#define INSNS_MAX 40

/* Loads mostly, of what can be looked at; seldom a jump, a call or anything at all. */
static struct exo_insn
fuzz_insn(uint64_t *s)
{
	static const uint8_t some[] = {
		BPF_LDX | BPF_MEM | BPF_DW,  BPF_LDX | BPF_MEM | BPF_B,
		BPF_STX | BPF_MEM | BPF_DW,  BPF_ALU64 | BPF_ADD | BPF_X,
		BPF_ALU64 | BPF_DIV | BPF_X, BPF_ALU | BPF_MOV | BPF_K,
		BPF_JMP | BPF_JGT | BPF_X,   BPF_JMP | BPF_CALL,
	};
	uint64_t r = noise(s);
	struct exo_insn i = {.opcode = some[r % (r & 0x700 ? 6 : 8)],
			     .registers = (uint8_t)(r >> 12 & 7) | (uint8_t)(r >> 16 & 7) << 4};

	if ((i.opcode & 7) == BPF_LDX || (i.opcode & 7) == BPF_STX) {
		i.offset = (int16_t)(r >> 20 & 63);
		i.registers = (i.opcode & 7) == BPF_LDX
				      ? i.registers % 8 | 0x10
				      : (i.registers & 0x70) | (r >> 30 & 1 ? 4 : 10);
		i.offset = (i.registers & 15) == 10 ? -8 : i.offset;
	} else if (i.opcode == (BPF_JMP | BPF_JGT | BPF_X)) {
		i.offset = (int16_t)((int)(r >> 20 & 7) - 2);
	} else if (i.opcode == (BPF_JMP | BPF_CALL)) {
		i.registers = 0;
		i.imm = (int32_t)(r >> 20 & 7);
	} else if (i.opcode == (BPF_ALU | BPF_MOV | BPF_K)) {
		i.registers &= 15;
		i.imm = (int32_t)(r >> 32);
	}
	if (r >> 56 == 0) {
		memcpy(&i, &r, sizeof(i));
	}
	return i;
}

static void
fuzz_load(uint64_t *s)
{
	struct {
		struct exo_code head;
		struct exo_insn insn[INSNS_MAX];
	} image;
	uint32_t insns = 2 + (uint32_t)(noise(s) % (INSNS_MAX - 1));

	image.head = (struct exo_code){EXO_CODE_MAGIC,
				       noise(s) % 8 ? 3 + noise(s) % 2 : (uint32_t)fuzz_wild(s),
				       insns,
				       0,
				       noise(s) % 4 * 8,
				       0};
	for (uint32_t i = 0; i + 1 < insns; i++) {
		image.insn[i] = fuzz_insn(s);
	}
	image.insn[insns - 1] = (struct exo_insn){.opcode = BPF_JMP | BPF_EXIT};
	if (noise(s) % 16 == 0) {
		((uint32_t *)&image.head)[noise(s) % 6] = (uint32_t)fuzz_wild(s);
	}
	exo_code_load(fuzz_handle(s, EXO_CAP_CODE),
		      noise(s) % 32 ? &image.head : (const struct exo_code *)fuzz_pointer(s));
}

static void
fuzz_run(uint64_t *s)
{
	struct exo_code_run run = {0};

	for (uint32_t i = EXO_REGION_INPUT; i < EXO_REGIONS; i++) {
		if (noise(s) & 1) {
			run.region[i] = (struct exo_code_memory){
				fuzz_handle(s, EXO_CAP_FRAME),
				noise(s) % 16 ? noise(s) % 8192 : fuzz_wild(s),
				noise(s) % 16 ? 1 + noise(s) % 4096 : fuzz_wild(s)};
		}
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(run.argument); i++) {
		run.argument[i] =
			noise(s) % 8 ? noise(s) % EXO_REGIONS << EXO_REGION_SHIFT : fuzz_wild(s);
	}
	exo_code_run(fuzz_handle(s, EXO_CAP_CODE),
		     noise(s) % 32 ? &run : (struct exo_code_run *)fuzz_pointer(s));
}

/* A predicate of its own, and sleeping by it; others signal. */
static void
fuzz_predicate(uint64_t *s)
{
	uint64_t place =
		noise(s) % 16 ? (noise(s) % 4096) << 32 | (1 + noise(s) % 64) : fuzz_wild(s);

	if (noise(s) % 4 == 0) {
		exo_unbind(EXO_BIND_PREDICATE, EXO_NONE);
	}
	exo_bind(EXO_BIND_PREDICATE,
		 noise(s) % 4 ? fuzz_handle(s, noise(s) % 3 ? EXO_CAP_FRAME : EXO_CAP_RING)
			      : EXO_NONE,
		 fuzz_handle(s, EXO_CAP_CODE), place);
	exo_sleep(EXO_SLEEP_PREDICATE | (noise(s) % 2 ? 0 : fuzz_wild(s)),
		  exo_ticks() + noise(s) % 4000);
}

void
fuzz_code(uint64_t *s)
{
	switch (noise(s) % 8) {
	case 0:
	case 1:
		fuzz_load(s);
		break;
	case 2:
		fuzz_run(s);
		break;
	case 3:
		exo_unbind(EXO_BIND_CODE, fuzz_handle(s, EXO_CAP_CODE));
		break;
	case 4:
		exo_bind(EXO_BIND_HANDLER, fuzz_handle(s, EXO_CAP_RING),
			 fuzz_handle(s, EXO_CAP_CODE),
			 noise(s) % 2 ? fuzz_handle(s, EXO_CAP_FRAME) : EXO_NONE);
		break;
	case 5:
		exo_signal(fuzz_handle(s, EXO_CAP_ENV), noise(s) % 4 ? 0 : fuzz_wild(s));
		break;
	default:
		fuzz_predicate(s);
		break;
	}
}
