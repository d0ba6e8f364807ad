/* SPDX-License-Identifier: MIT
 * code_pages.c: pages of compiled code, each written or executed, never both.
 *
 * They are seen in one place, the direct map, where their rights change. State: the caller's.
 * Invariants: is_sealed says what the page table says. Callers: arena.c, net/shapes.c, tree lock.
 */
#include "kern/code_pages.h"
#include "kern/boot.h"

void
code_pages_boot(struct kernel *k, struct code_pages *p, uint64_t most, uint64_t part)
{
	p->count = k->tree.pages / part < most ? k->tree.pages / part : most;
	p->memory = boot_room(k, p->count * PAGE_SIZE);
	arch_code_area(p->memory, p->count);
}

bool
code_pages_seal(struct kernel *k, struct code_pages *p, uint64_t page, bool is_sealed)
{
	struct arch_fence what = {(uint64_t)code_page(p, page), 1, 0};

	if (p->is_sealed[page] == is_sealed) {
		return false;
	}
	p->is_sealed[page] = is_sealed;
	arch_code_seal(code_page(p, page), is_sealed);
	kernel_owe(k, ~0ul >> (64 - k->harts), &what);
	return true;
}
