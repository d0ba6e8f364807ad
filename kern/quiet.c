/* SPDX-License-Identifier: MIT
 * quiet.c: when nobody can be in the middle of looking at something any more, see quiet.h.
 *
 * State:      kernel.quiet, with the tree lock; hart.quiet_seen, which its hart sets.
 * Invariants: one question is open at a time. It is about all that died before it was asked, and
 *             answered when each hart has seen its number. Numbers wrap around.
 */
#include "kern/quiet.h"

static bool
is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static void
ask(struct kernel *k)
{
	k->quiet.about = (uint32_t)k->dead_next;
	k->quiet.is_open = true;
	__atomic_store_n(&k->quiet.asked, k->quiet.asked + 1, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < k->harts; i++) {
		if (i != arch_hart()) {
			hart_poke(&k->hart[i]);
		} else {
			quiet_pass(&k->hart[i]); /* another one may look for the answer */
		}
	}
}

static bool
all_have_seen(const struct kernel *k)
{
	for (uint32_t i = 0; i < k->harts; i++) {
		uint32_t seen = __atomic_load_n(&k->hart[i].quiet_seen, __ATOMIC_ACQUIRE);

		if (i != arch_hart() && is_before(seen, k->quiet.asked)) {
			return false;
		}
	}
	return true;
}

bool
quiet_since(struct kernel *k, uint32_t number)
{
	if (is_before(k->quiet.done, number) && !k->quiet.is_open) {
		ask(k);
	}
	if (k->quiet.is_open && all_have_seen(k)) {
		k->quiet.done = k->quiet.about;
		k->quiet.is_open = false;
	}
	return !is_before(k->quiet.done, number);
}
