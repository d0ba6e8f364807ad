/* SPDX-License-Identifier: MIT
 * code.h: downloaded code: programs of the BPF instruction set (RFC 9669) that the kernel runs.
 *
 * Conformance groups base32, base64, divmul32 and divmul64; calls only of helpers (code.def). A
 * program sees no address: a pointer is region << 32 | offset, and an access that does not lie
 * within its region ends the run. Registers that no argument came in, and the stack, begin as 0.
 *
 * Fuel: when control enters a basic block all of its instructions are paid for, or the run ends.
 * A unit is an instruction of an RV64 machine, and the compiled program takes no more than it pays.
 * A block costs 2; an instruction of 64 bits or an unconditional jump 3; one of 32 bits, or a jump
 * that compares, 4, and if it compares 32 bits 5; a division 7; a load or store 12; a byte swap 4
 * for 16 bits, 10 for 32, 15 for 64; a call 24 and what its helper costs.
 *
 * What a program begins with in r1 to r5, and what its r0 means:
 *	owns       metadata, its bytes, parameters, their bytes, index; emits extents. 0 or an error
 *	acl        metadata, its bytes, request, its bytes, badge; not 0: allowed
 *	predicate  memory, its bytes, pending events, time; not 0: wake up, and what the sleep gives
 *	handler    packet, its bytes, state, its bytes, reply buffer; EXO_HANDLER_*. A packet of up
 *		   to 256 bytes stands in the reply buffer too; all else there is 0 or what this
 *		   handler left in an earlier run.
 */
#ifndef EXO_CODE_H
#define EXO_CODE_H

#include <exo/types.h>

enum exo_code_class {
#define CODE_CLASS(nr, name, fuel) EXO_CODE_##name = nr,
#include <exo/code.def>
	EXO_CODE_CLASSES = 5,
};
#define EXO_CODE_BIT(class_name) (1u << EXO_CODE_##class_name)

enum exo_code_fuel {
#define CODE_CLASS(nr, name, fuel) EXO_FUEL_##name = fuel,
#include <exo/code.def>
};

enum exo_code_helper {
#define CODE_HELPER(nr, name, fuel, classes) EXO_HELPER_##name = nr,
#include <exo/code.def>
	EXO_CODE_HELPERS = 7,
};

enum exo_code_refusal {
#define CODE_REFUSAL(nr, name, sentence) EXO_REFUSED_##name = nr,
#include <exo/code.def>
};

/* The regions, and whether they can be written. */
enum exo_code_region {
	EXO_REGION_NONE = 0,   /* of the null pointer */
	EXO_REGION_STACK = 1,  /* written; r10 points behind it */
	EXO_REGION_DATA = 2,   /* constants that came with the program */
	EXO_REGION_INPUT = 3,  /* packet, metadata, memory */
	EXO_REGION_STATE = 4,  /* handler: its frame, written */
	EXO_REGION_REPLY = 5,  /* handler: written */
	EXO_REGION_PARAMS = 6, /* owns, acl */
	EXO_REGIONS = 8,
};
#define EXO_REGION_SHIFT   32

#define EXO_CODE_MAGIC     0x31636678u
#define EXO_CODE_INSNS_MAX 512
#define EXO_CODE_DATA_MAX  1024 /* bytes, a multiple of 8, as the stack */
#define EXO_CODE_STACK_MAX 512

/* A program as exo_code_load takes it and as `make code` writes it: this, then the instructions,
 * then the data. 8-byte aligned. */
struct exo_code {
	uint32_t magic;
	uint32_t code_class; /* enum exo_code_class */
	uint32_t insns;      /* 8 bytes each */
	uint32_t data_bytes;
	uint32_t stack_bytes;
	uint32_t zero;
};

/* RFC 9669, section 3: the basic encoding. A 64-bit constant takes two. */
struct exo_insn {
	uint8_t opcode;
	uint8_t registers; /* destination | source << 4 */
	int16_t offset;
	int32_t imm;
};
_Static_assert(sizeof(struct exo_insn) == 8, "RFC 9669, section 3");

/* Memory of a run: bytes [offset, offset + bytes) of a FRAME capability; EXO_NONE: there is none.
 */
struct exo_code_memory {
	exo_handle frames; /* with EXO_READ, and EXO_WRITE where the program may write */
	uint64_t offset;
	uint64_t bytes; /* at most EXO_CODE_SPAN */
};
#define EXO_CODE_SPAN 0x10000u

/* exo_code_run: what a program is given, and what became of it. */
struct exo_code_run {
	struct exo_code_memory region[EXO_REGIONS]; /* STACK and DATA are the program's own */
	uint64_t argument[5];                       /* r1 to r5 */
	/* filled in */
	uint64_t result; /* r0 */
	uint64_t fuel;   /* what is left */
	uint64_t calls;  /* of helpers, which do nothing here but return their number + r1 */
};

/* What a handler returns. */
#define EXO_HANDLER_DELIVER 0 /* the packet goes on to the ring */
#define EXO_HANDLER_DROP    1 /* it has been dealt with */

#endif
