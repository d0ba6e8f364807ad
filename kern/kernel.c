/* SPDX-License-Identifier: MIT
 * kernel.c: the tree lock and its fences.
 *
 * A call that breaks or narrows live page-table entries sets its hart's bit in tree.owed before
 * it releases the lock and clears it when every TLB has forgotten them. While the bit of another
 * hart is set, no capability leaves the tree, none counts as unbound, and no frame changes its holder:
 * so nobody gets a frame that somebody can still reach.
 */
#include "kern/kernel.h"
#include "lib/base/checked.h"

#define UNFENCED_MAX 16 /* times that a hart lets fences keep it from going on */

static struct kernel kernel; /* everything that is not in a frame somebody gave */

struct kernel *
kernel_get(void)
{
	return &kernel;
}

/* Does a hart but `self` owe a fence? */
static bool
others_owe(const struct captree *t, uint32_t self)
{
	return __atomic_load_n(&t->owed, __ATOMIC_ACQUIRE) & ~(1ul << self);
}

/* Who finds fences owed again and again, each time others, waits for them with the lock: nobody can
 * break anything meanwhile, and a hart needs no lock to finish its fence. Else three harts that
 * unmap all the time would keep a fourth from ever carving. */
bool
kernel_fenced(struct captree *t)
{
	struct kernel *k = container_of(t, struct kernel, tree);
	struct hart *h = &k->hart[arch_hart()];

	if (others_owe(t, h->number) && ++h->unfenced < UNFENCED_MAX) {
		return false;
	}
	while (others_owe(t, h->number)) {
	}
	h->unfenced = 0;
	return true;
}

void
kernel_unlock_broken(struct kernel *k)
{
	struct hart *h = &k->hart[arch_hart()];
	uint64_t others = k->fence_mask & ~(1ul << h->number);

	k->tree.broken = false;
	k->fence_mask = 0;
	if (!others) {
		arch_fence_all();
		kernel_unlock(k);
		return;
	}
	__atomic_fetch_or(&k->tree.owed, 1ul << h->number, __ATOMIC_RELEASE);
	kernel_unlock(k);
	arch_fence_all();
	arch_remote_fence(others);
	__atomic_fetch_and(&k->tree.owed, ~(1ul << h->number), __ATOMIC_RELEASE);
}
