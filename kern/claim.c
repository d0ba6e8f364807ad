/* SPDX-License-Identifier: MIT
 * claim.c: lazy clearing of frames that change hands; the user who binds pays.
 *
 * Invariant: while a frame has kind CLEARING nobody else binds it or makes an object of it; it is
 * back to USER, cleared, with the new holder, before the lock is held again.
 */
#include "kern/claim.h"
#include "kern/object.h"

#define CODE_MAX 64 /* frames marked as code in one go */

/* How many of [page, page + count) from the front on belong to c's carve already. */
static uint64_t
ready(const struct kernel *k, const struct cap *c, uint64_t page, uint64_t count)
{
	const struct frame *f = frame_at(&k->tree, page);
	uint64_t n = 0;

	while (n < count && f[n].holder == c->carve && f[n].kind == FRAME_USER) {
		n++;
	}
	return n;
}

/* It stays until something else happens. The pins of what is not USER are none: a page
 * table has its groups there. */
static int
claim_later(struct kernel *k, const struct frame *f)
{
	k->waiting |= f->kind != FRAME_USER || !f->pins;
	object_bury(k); /* it may be part of an object that comes apart; c may be gone afterwards */
	return E_BUSY;
}

int
claim_frame(struct kernel *k, const struct cap *c, uint64_t page)
{
	struct frame *f = frame_at(&k->tree, page);
	uint64_t carve = c->carve;

	if (f->holder == carve && f->kind == FRAME_USER) {
		return 0;
	}
	if (!claim_begin(k, f, page, carve)) {
		return claim_later(k, f);
	}
	kernel_unlock(k);
	arch_page_clear(arch_ram(page << PAGE_SHIFT));
	kernel_lock(k);
	claim_end(f, carve);
	return CLAIM_AGAIN;
}

int
claim_unit(struct kernel *k, const struct cap *c, uint64_t page)
{
	struct frame *unit = frame_at(&k->tree, page);
	bool begun = unit->kind == FRAME_USER && unit->holder == c->carve;
	uint64_t groups = begun ? frame_groups(unit) : 0;
	uint64_t next = page + groups * FRAME_GROUP_PAGES;

	if (groups == FRAME_UNIT_GROUPS) {
		return 0;
	}
	for (uint64_t i = 0; i < FRAME_GROUP_PAGES; i++) {
		int error = claim_frame(k, c, next + i);

		if (error) {
			return error;
		}
	}
	unit->spare = (uint8_t)((unit->spare & FRAME_CODE) | (groups + 1));
	return CLAIM_AGAIN;
}

int
claim_pages(struct kernel *k, const struct cap *c, uint64_t page, uint64_t count)
{
	uint64_t done = ready(k, c, page, count);

	return done < count ? claim_frame(k, c, page + done) : 0;
}

bool
claim_unit_ready(const struct kernel *k, const struct cap *c, uint64_t page)
{
	const struct frame *unit = frame_at(&k->tree, page);

	return unit->kind == FRAME_USER && unit->holder == c->carve &&
	       frame_groups(unit) == FRAME_UNIT_GROUPS;
}

int
claim_code(struct kernel *k, const struct cap *c, uint64_t page, uint64_t count)
{
	uint64_t carve = c->carve;

	count = ready(k, c, page, count < CODE_MAX ? count : CODE_MAX);
	kernel_unlock_fence(k);
	kernel_fence_i(k);
	kernel_lock(k);
	frame_mark_code(&k->tree, page, count, carve);
	return CLAIM_AGAIN;
}
