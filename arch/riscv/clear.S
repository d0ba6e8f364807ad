/* SPDX-License-Identifier: MIT
 * clear.S: fill a page with zeros, in little more than one store per word: a new holder pays for
 * it. a0 = the page. Half of the stores are short ones, of which zero must be in a register.
 */
#define ROUND 512 /* bytes */

	.text
	.globl arch_page_clear
arch_page_clear:
	li	a2, 0
	lui	a1, 1
	add	a1, a1, a0
1:	.set	offset, 0
	.rept	ROUND / 8
	sd	a2, offset(a0)
	.set	offset, offset + 8
	.endr
	addi	a0, a0, ROUND
	bne	a0, a1, 1b
	ret
