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

#define UNFENCED_MAX 16 /* times that a hart lets fences keep it from going on */

static struct kernel kernel; /* everything that is not in a frame somebody gave */

struct kernel *
kernel_get(void)
{
	return &kernel;
}

/* The first hart but `self` that owes a fence, k->harts if none does. */
static uint32_t
owing_hart(const struct kernel *k, uint32_t self)
{
	uint32_t i = 0;

	while (i < k->harts &&
	       (i == self || !__atomic_load_n(&k->hart[i].fence, __ATOMIC_ACQUIRE))) {
		i++;
	}
	return i;
}

/* Who finds fences owed again and again, each time others, waits for them with the lock: nobody can
 * break anything meanwhile, and a hart needs no lock to finish its fence. Else three harts that
 * unmap all the time would keep a fourth from ever carving. */
bool
kernel_fenced(struct captree *t)
{
	struct kernel *k = container_of(t, struct kernel, tree);
	struct hart *h = &k->hart[arch_hart()];

	if (owing_hart(k, h->number) < k->harts && ++h->unfenced < UNFENCED_MAX) {
		return false;
	}
	while (owing_hart(k, h->number) < k->harts) {
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
	__atomic_store_n(&h->fence, 1, __ATOMIC_RELEASE);
	kernel_unlock(k);
	arch_fence_all();
	arch_remote_fence(others);
	__atomic_store_n(&h->fence, 0, __ATOMIC_RELEASE);
}
