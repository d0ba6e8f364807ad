/* SPDX-License-Identifier: MIT
 * kernel.c: the tree lock and its fences.
 *
 * A call that breaks or narrows live page-table entries sets its hart's bit in tree.owed before
 * it releases the lock and clears it when every TLB has forgotten them. While the bit of another
 * hart is set, no capability leaves the tree, none counts as unbound, and no frame changes its
 * holder: so nobody gets a frame that somebody can still reach.
 */
#include "kern/kernel.h"
#include "lib/base/checked.h"

#define PATIENCE 16384 /* looks, when nobody owes a fence, at whether all have gone on */

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

bool
kernel_fenced(struct captree *t)
{
	struct kernel *k = container_of(t, struct kernel, tree);
	uint32_t self = arch_hart();
	bool fenced = !others_owe(t, self);

	if (fenced) {
		__atomic_fetch_and(&k->held_up, ~(1ul << self), __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_or(&k->held_up, 1ul << self, __ATOMIC_RELAXED);
	}
	return fenced;
}

/* Whoever has fenced lets those go on that found fences owed; else three harts that unmap all the
 * time would keep a fourth from ever carving, for when one has fenced another one is at it. All
 * that fence end up here, so soon nobody owes a fence. The lock is free, and whoever has something
 * else to do does that. Those that do not come any more are forgotten. */
static void
let_go_on(struct kernel *k, uint32_t self)
{
	uint64_t harts;

	__atomic_fetch_and(&k->held_up, ~(1ul << self), __ATOMIC_RELAXED);
	harts = __atomic_load_n(&k->held_up, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < PATIENCE; i += !others_owe(&k->tree, self)) {
		if (arch_pending() || !(__atomic_load_n(&k->held_up, __ATOMIC_RELAXED) & harts)) {
			return;
		}
	}
	__atomic_fetch_and(&k->held_up, ~harts, __ATOMIC_RELAXED);
}

/* The smallest fence that does what both do. */
static void
fence_join(struct arch_fence *f, const struct arch_fence *with)
{
	uint64_t end = f->address + (f->pages << PAGE_SHIFT);
	uint64_t with_end = with->address + (with->pages << PAGE_SHIFT);

	if (f->asid != with->asid || !f->pages || !with->pages) {
		f->asid = f->asid == with->asid ? f->asid : 0;
		f->pages = 0;
		return;
	}
	f->address = f->address < with->address ? f->address : with->address;
	f->pages = ((end > with_end ? end : with_end) - f->address) >> PAGE_SHIFT;
}

void
kernel_owe(struct kernel *k, uint64_t harts, const struct arch_fence *what)
{
	if (k->tree.broken) {
		fence_join(&k->fence.what, what);
		k->fence.harts |= harts;
	} else {
		k->fence.what = *what;
		k->fence.harts = harts;
		k->tree.broken = true;
	}
}

void
kernel_unlock_broken(struct kernel *k)
{
	struct hart *h = &k->hart[arch_hart()];
	uint64_t others = k->fence.harts & ~(1ul << h->number);
	struct arch_fence what = k->fence.what;

	k->tree.broken = false;
	if (!others) {
		arch_fence_some(&what);
		kernel_unlock(k);
		return;
	}
	__atomic_fetch_or(&k->tree.owed, 1ul << h->number, __ATOMIC_RELEASE);
	kernel_unlock(k);
	arch_fence_some(&what);
	arch_remote_fence(others, &what);
	__atomic_fetch_and(&k->tree.owed, ~(1ul << h->number), __ATOMIC_RELEASE);
	if (__atomic_load_n(&k->held_up, __ATOMIC_RELAXED)) {
		let_go_on(k, h->number);
	}
}
