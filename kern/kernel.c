/* SPDX-License-Identifier: MIT
 * kernel.c: the tree lock and its fences.
 *
 * A call that breaks or narrows live page-table entries sets its hart's fence word before it
 * releases the lock and clears it when every TLB has forgotten them. While a word of another hart
 * is set, no capability leaves the tree, none counts as unbound, and no frame changes its holder:
 * so nobody gets a frame that somebody can still reach.
 */
#include "kern/kernel.h"
#include "lib/base/checked.h"

static struct kernel kernel; /* everything that is not in a frame somebody gave */

struct kernel *
kernel_get(void)
{
	return &kernel;
}

bool
kernel_fenced(struct captree *t)
{
	struct kernel *k = container_of(t, struct kernel, tree);
	uint32_t self = arch_hart();

	for (uint32_t i = 0; i < k->harts; i++) {
		if (i != self && __atomic_load_n(&k->hart[i].fence, __ATOMIC_ACQUIRE)) {
			return false;
		}
	}
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
	__atomic_store_n(&h->fence, 1, __ATOMIC_RELEASE);
	kernel_unlock(k);
	arch_fence_all();
	arch_remote_fence(others);
	__atomic_store_n(&h->fence, 0, __ATOMIC_RELEASE);
}
