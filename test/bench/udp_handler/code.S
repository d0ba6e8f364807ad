/* SPDX-License-Identifier: MIT
 * code.S: the instructions of test/bpf/udp_echo.c, from handler_code to handler_code_end.
 */
	.section .rodata
	.globl handler_code, handler_code_end
	.balign 8
handler_code:
	.incbin "udp_echo.bin"
handler_code_end:
