/* SPDX-License-Identifier: MIT
 * kernel.h: the kernel's one global state, and the tree lock with its fences.
 *
 * kernel_get() is for boot, interrupts and calls off the hot paths; hot paths reach it from the
 * environment.
 */
#ifndef KERN_KERNEL_H
#define KERN_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <exo/sysinfo.h>
#include "kern/asid.h"
#include "kern/cap.h"
#include "kern/hart.h"
#include "kern/lock.h"
#include "kern/paranoid.h"

struct kernel {
	struct lock lock; /* guards tree, bindings, page tables, frame table, dead list */
	struct captree tree;
	struct { /* what must be fenced when the lock is released, if tree.broken; with the lock */
		uint64_t harts; /* whose TLBs may hold it */
		struct arch_fence what;
	} fence;
	uint64_t sharing_harts; /* atomic: of all spaces that share tables */
	uint64_t held_up;       /* atomic: harts that found others owing fences */
	uint64_t dead_first; /* page of the first object on the dead list, 0: none; with the lock */
	uint64_t dead_last;
	uint64_t dead_before; /* the one before that whose turn it is, 0: the first one's turn */
	uint64_t dead_next;   /* number of the object that dies next, from 1 */
	uint64_t tables; /* counts tables that left a space, in bits 17 up: makes old space.last_key
			    wrong */
	uint64_t leaf_bits; /* of every entry that maps for users; constant after boot */
	uint64_t keep_bits; /* what protect leaves as it is; constant after boot */
	struct { /* see quiet.c; with the lock */
		uint32_t asked; /* how often; other harts read it */
		uint32_t about; /* what died up to this number, the last time */
		uint32_t done;  /* what died up to this number is out of sight */
		bool is_open;
	} quiet;
	bool waiting; /* an unbind waits for another hart, so the call restarts; with the lock */
	bool has_fp;
	uint32_t harts;
	struct exo_sysinfo *sysinfo;
	struct env *init; /* the first environment: nobody supervises it */
	uintptr_t test_device;
	struct hart hart[CONFIG_MAX_HARTS];
	struct asids asids; /* with the lock; last, for it is large */
};

struct kernel *kernel_get(void);

static inline void
kernel_lock(struct kernel *k)
{
	lock_acquire(&k->lock);
}

/* The same for the shortest calls: they keep what kernel_lock_ticket() said. */
static inline uint64_t
kernel_lock_ticket(struct kernel *k)
{
	return lock_acquire(&k->lock);
}

static inline void
kernel_unlock_ticket(struct kernel *k, uint64_t ticket)
{
	if (CONFIG_PARANOID) {
		paranoid_check(k);
	}
	lock_release_ticket(&k->lock, ticket);
}

static inline void
kernel_unlock(struct kernel *k)
{
	if (CONFIG_PARANOID) {
		paranoid_check(k);
	}
	lock_release(&k->lock);
}

/* Bits of all harts but this one. */
static inline uint64_t
kernel_other_harts(const struct kernel *k)
{
	return (~0ul >> (64 - k->harts)) & ~(1ul << arch_hart());
}

/* TLBs of `harts` may hold what was broken or narrowed of `what`: owe them a fence. Lock. */
void kernel_owe(struct kernel *k, uint64_t harts, const struct arch_fence *what);
/* Every hart forgets the instructions it has read. Without the lock. */
static inline void
kernel_fence_i(const struct kernel *k)
{
	arch_fence_i();
	arch_remote_fence_i(kernel_other_harts(k));
}

/* Release the lock and, if entries were broken, make all TLBs forget them before returning. */
void kernel_unlock_broken(struct kernel *k);
static inline void
kernel_unlock_fence(struct kernel *k)
{
	if (k->tree.broken) {
		kernel_unlock_broken(k);
	} else {
		kernel_unlock(k);
	}
}
/* captree.fenced: true if no other hart owes a fence. Ask with cap_settled(). */
bool kernel_fenced(struct captree *t);

#endif
