/* SPDX-License-Identifier: MIT
 * counting.h: a handler that counts packets in its state, and passes them on.
 */
#ifndef TEST_BOOT_COUNTING_H
#define TEST_BOOT_COUNTING_H

#include "lib/base/bpf.h"

static const struct {
	struct exo_code head;
	struct exo_insn insn[5];
} counting = {{.magic = EXO_CODE_MAGIC, .code_class = EXO_CODE_handler, .insns = 5},
	      {{BPF_LDX | BPF_MEM | BPF_DW, 2 | 3 << 4, 0, 0},
	       {BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 1},
	       {BPF_STX | BPF_MEM | BPF_DW, 3 | 2 << 4, 0, 0},
	       {BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, EXO_HANDLER_DELIVER},
	       {BPF_JMP | BPF_EXIT, 0, 0, 0}}};

#endif
