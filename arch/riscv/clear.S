/* SPDX-License-Identifier: MIT
 * clear.S: fill a page with zeros, in little more than one store per word: a new holder pays for
 * it. a0 = the page, 4096-byte aligned.
 */
#define WORDS_PER_TURN 128

	.text
	.globl arch_page_clear
arch_page_clear:
	lui	t0, 1
	add	t0, a0, t0
1:
	.set	offset, 0
	.rept	WORDS_PER_TURN
	sd	x0, offset(a0)
	.set	offset, offset + 8
	.endr
	addi	a0, a0, 8 * WORDS_PER_TURN
	bne	a0, t0, 1b
	ret
