/* SPDX-License-Identifier: MIT
 * claim.c: lazy clearing of frames that change hands; the user who binds pays.
 *
 * Invariant: while a frame has kind CLEARING nobody else binds it or makes an object of it; it is
 * back to USER, cleared, with the new holder, before the lock is held again.
 */
#include "kern/claim.h"
#include "kern/object.h"

int
claim_frame(struct kernel *k, const struct cap *c, uint64_t page)
{
	struct frame *f = frame_at(&k->tree, page);
	uint64_t carve = c->carve;

	if (f->holder == carve && f->kind == FRAME_USER) {
		return 0;
	}
	if (f->kind != FRAME_USER || f->pins || f->references || !cap_settled(&k->tree)) {
		k->waiting |= !f->pins;
		object_bury(k); /* it may be part of an object that comes apart; c may be gone
				   afterwards */
		return E_BUSY;
	}
	f->kind = FRAME_CLEARING;
	/* map asks for the holder only: the last one must wait as well */
	f->holder = FRAME_HOLDER_NONE;
	kernel_unlock(k);
	arch_page_clear(arch_ram(page << PAGE_SHIFT));
	kernel_lock(k);
	f->kind = FRAME_USER;
	f->holder = carve;
	return CLAIM_AGAIN;
}

uint64_t
claim_ready(const struct kernel *k, const struct cap *c, uint64_t page, uint64_t count)
{
	const struct frame *f = frame_at(&k->tree, page);
	uint64_t n = 0;

	while (n < count && f[n].holder == c->carve && f[n].kind == FRAME_USER) {
		n++;
	}
	return n;
}
