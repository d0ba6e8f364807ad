/* SPDX-License-Identifier: MIT
 * code.S: the instructions of each program, from code_NAME to code_NAME_end.
 */
#include "test/bench/jit_ratio/programs.h"

.macro program name
	.globl code_\name, code_\name\()_end
	.balign 8
code_\name:
	.incbin "\name\().bin"
code_\name\()_end:
.endm
#define PROGRAM(name, bytes) program name;

	.section .rodata
PROGRAMS(PROGRAM)
