/* SPDX-License-Identifier: MIT
 * claim.h: a frame changes hands: whoever binds it under another carve than the last one clears it
 * first.
 */
#ifndef KERN_CLAIM_H
#define KERN_CLAIM_H

#include "kern/kernel.h"

#define CLAIM_AGAIN 1

/* Mark `f`, the frame of `page`, which has another holder than `carve`, as being cleared. False: it
 * is bound, pinned, part of something, or somebody owes a fence. Tree lock; then clear it while the
 * lock is free, and claim_end() with the lock. (Should the carve be gone by then: its number never
 * comes again.) */
static inline bool
claim_begin(struct kernel *k, struct frame *f, uint64_t page, uint64_t carve)
{
	struct frame *unit = frame_unit(&k->tree, page);

	if (!frame_is_unused(f) || !cap_settled(&k->tree)) {
		return false;
	}
	if (unit && unit->holder != carve) {
		if (frame_groups(unit) == FRAME_UNIT_GROUPS && unit->references) {
			return false;
		}
		unit->spare &= FRAME_CODE; /* it is no longer all one holder's */
	}
	f->kind = FRAME_CLEARING;
	f->spare = 0;
	/* map asks for the holder only: the last one must wait as well */
	f->holder = FRAME_HOLDER_NONE;
	return true;
}

static inline void
claim_end(struct frame *f, uint64_t carve)
{
	f->kind = FRAME_USER;
	f->holder = carve;
}

/* Make frame `page` belong to the carve of `c`. 0: it does already. CLAIM_AGAIN: it does now, but
 * the lock was free meanwhile, so the caller looks everything up again. E_BUSY: a device still
 * uses it, somebody is clearing it, or it is part of an object that comes apart; a step is taken
 * at that. After anything but 0 `c` may be gone. Tree lock held at call and return. */
int claim_frame(struct kernel *k, const struct cap *c, uint64_t page);

/* Make the 2 MiB unit of frames that starts at `page` belong to the carve of `c`, as above, and
 * remember it; CLAIM_AGAIN also if it got only a part of the way. */
int claim_unit(struct kernel *k, const struct cap *c, uint64_t page);
/* Does it? Then it can be mapped as one megapage. */
bool claim_unit_ready(const struct kernel *k, const struct cap *c, uint64_t page);

/* Make all harts execute fence.i for frames that belong to the carve of `c` and shall be executable
 * for the first time, as many from `page` on as can be dealt with. CLAIM_AGAIN, as above. */
int claim_code(struct kernel *k, const struct cap *c, uint64_t page, uint64_t count);

/* Make [page, page + count) belong to the carve of `c`: as claim_frame of the first one that does
 * not yet. */
int claim_pages(struct kernel *k, const struct cap *c, uint64_t page, uint64_t count);

#endif
