/* SPDX-License-Identifier: MIT
 * code.S: kernel/echo.c as exo_code_load takes it, from echo_code on.
 */
	.section .rodata
	.globl	echo_code
	.balign	8
echo_code:
	.incbin	"udpecho_handler.prog"
