/* SPDX-License-Identifier: MIT
 * cap_waiting.c: how many bindings stand in the way of a revocation that waits for devices.
 *
 * State:   none. What is walked is what the revocation left: capabilities on the paths to bindings
 * that wait. That may be other things as well (E_BUSY can come early, see revoke.c), so no more
 * than LOOKS_MAX capabilities and bindings are looked at. Callers: kern/sys after E_BUSY, tree lock
 * held. Pure: builds on the host.
 */
#include "kern/cap.h"

#define LOOKS_MAX 256

static uint64_t
count_below(const struct captree *t, const struct cap *top, int *looks)
{
	uint64_t found = 0;

	for (const struct cap *c = top; c && *looks > 0; c = cap_next_below(t, top, c)) {
		--*looks;
		for (uint32_t id = c->bindings; id && *looks > 0; --*looks) {
			id = bind_at(t, id)->next & ~BIND_WRITABLE;
			found++;
		}
	}
	return found;
}

uint64_t
cap_waiting(const struct captree *t, const struct cap *c, uint64_t start, uint64_t count)
{
	int looks = LOOKS_MAX;
	uint64_t found = 0;

	if (!count) {
		return count_below(t, c, &looks);
	}
	c = cap_child_from(t, c, start);
	while (c && looks > 0 && (c->start < start || c->start - start < count)) {
		found += count_below(t, c, &looks);
		c = cap_child_from(t, cap_parent(t, c), c->start + c->count);
	}
	return found;
}
