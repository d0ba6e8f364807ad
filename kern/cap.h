/* SPDX-License-Identifier: MIT
 * cap.h: capabilities: one tree for every resource. See cap.c for the invariants and
 * docs/design/capabilities.md for the why.
 *
 * A capability is a 64-byte slot in RAM. Slots, page-table entries and other bindings are named by
 * 32-bit ids, offsets from the RAM base, so that links are small:
 *
 *   cap id      slot address / 64                      28 bits (16 GiB)
 *   binding id  page-table entry: pair * 512 + entry   30 bits, tag 00; links 4096 above the entry
 *               node in an object: address / 16        30 bits, tag 01; links at that address
 *
 * A capability's bindings form a list: cap.bindings -> next -> next; the first one's prev is the
 * capability (tag 10). `next` has 31 bits of id; bit 31 of a page-table entry's next is the
 * writable ceiling of the mapping, not part of the link.
 *
 * All functions want the tree lock held (kern/lock.h), except where they say otherwise. None
 * waits, none allocates.
 */
#ifndef KERN_CAP_H
#define KERN_CAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <exo/errors.h>
#include <exo/types.h>
#include "kern/frame.h"
#include "lib/base/store.h"

struct cap {
	/* generation << 32 | flags << 26 | depth << 20 | rights << 8 | flags << 5 | type; type 0 =
	 * empty */
	uint64_t word;
	uint64_t start;
	uint64_t count;
	uint64_t badge;
	/* siblings, ordered by start (carved) or by id (shared) */
	uint32_t up; /* sibling above, or CAP_PARENT | parent; 0 for a root capability */
	union {
		struct {
			uint32_t left;
			uint32_t right;
		};
		uint32_t side[2];
	};
	uint32_t child; /* root of the tree of children */
	uint32_t bindings;
	uint32_t mark; /* of its place among the siblings: SIBLING_RED, CAP_TURN */
	uint64_t
		carve; /* id of the carve this one stems from; inherited by shares and below them */
};
_Static_assert(sizeof(struct cap) == 64, "a slot is 64 bytes");

#define CAP_TYPE_MASK        0x1ful
#define CAP_STUCK            (1ul << 5) /* revocation has found all below it waiting (revoke.c) */
#define CAP_TURN             (1ul << 6) /* of its children's turn to be tried (revoke.c) */
#define CAP_POOL             (1ul << 7) /* has carved children or objects */
#define CAP_RIGHTS_SHIFT     8
#define CAP_DEPTH_SHIFT      20
#define CAP_DEPTH_MASK       0x3ful
#define CAP_DEPTH_MAX        32
#define CAP_LEAVING          (1ul << 26) /* DYING, and goes itself */
#define CAP_SHARES           (1ul << 27) /* has shared children */
#define CAP_WHOLE            (1ul << 28) /* every step from the root was a carve */
#define CAP_SHARED           (1ul << 29) /* was made by share */
#define CAP_OBJECT           (1ul << 30) /* first capability of an object, which lives as long */
#define CAP_DYING            (1ul << 31) /* being revoked */
#define CAP_GENERATION_SHIFT 32
#define CAP_GENERATION_MAX   0x7fffffffu /* after it a slot is retired, so handles never alias */
#define CAP_RETIRED          (1ul << 63) /* of an empty slot: its generations are used up */

/* In links. */
#define CAP_PARENT    0x80000000u
#define BIND_TAG      0xc0000000u
#define BIND_OBJECT   0x40000000u
#define BIND_CAP      0x80000000u
#define BIND_WRITABLE 0x80000000u /* in `next` of a page-table entry */
#define BIND_ID       0x3fffffffu
_Static_assert(BIND_ID < FRAME_REFERENCES_MAX, "an entry each, so references never wrap around");

struct bind_node {
	uint32_t next;
	uint32_t prev;
};

/* How a type takes part. NULL entries mean: not a predicate / nothing can be bound / there is no
 * object. */
struct cap_type {
	/* PREDICATE types: true if the two can have no member in common. `with` is a carved
	 * sibling. */
	bool (*is_disjoint)(struct captree *t, const struct cap *c, const struct cap *with);
	/* Whoever makes a predicate has seen to it that it is disjoint from all carved siblings. */
	bool stands_apart;
	/* Break one binding of c: end the use and unlink this one with bind_unlink, no other; 0. Or
	 * CAP_AGAIN if another hart was asked to end it and soon will; or E_BUSY if it must wait
	 * for a device. Sets t->broken if a TLB may still hold it. A step looks at the first 8: no
	 * more than 7 may wait while others behind them do not. */
	int (*unbind)(struct captree *t, struct cap *c, uint32_t binding);
	/* c is leaving the tree (already unlinked, slot still filled): release what it names.
	 * Called for shares too; with CAP_OBJECT the object goes: put it on the dead list. */
	void (*destroy)(struct captree *t, struct cap *c);
};

struct captree {
	uint8_t *base;      /* kernel address of the RAM base */
	uint64_t base_page; /* its physical page number */
	uint64_t pages;     /* of RAM, = entries of the frame table */
	struct frame *frames;
	struct frame *frame_zero;     /* where page 0 would be: frames - base_page */
	const struct cap_type *types; /* EXO_CAP_TYPES of them */
	uint64_t next_carve;          /* never reused; starts at 1 */
	uint32_t revocations;         /* capabilities that are DYING now */
	uint32_t work; /* done since boot, in units of some 20 instructions: ends long calls */
	bool broken;   /* set by unbind: a fence is owed before anything broken counts as gone */
	/* Harts that owe a fence for what they broke earlier, a bit each: they set it with the lock
	 * and clear it without. While it is not 0, `fenced` says whether capabilities may leave the
	 * tree nevertheless: no hart but this one is among them. */
	uint64_t owed;
	bool (*fenced)(struct captree *t);
	/* NULL or: c is taken from its holder (repossession vector). */
	void (*lost)(struct captree *t, const struct cap *c);
};

/* The entry of physical page `page`, which must be RAM. */
static inline struct frame *
frame_at(const struct captree *t, uint64_t page)
{
	return &t->frames[page - t->base_page];
}

/* The first frame of the unit that `page` lies in, if it is RAM and USER, else NULL. */
static inline struct frame *
frame_unit(const struct captree *t, uint64_t page)
{
	uint64_t first = page & ~(FRAME_UNIT_PAGES - 1);
	struct frame *f = first >= t->base_page ? frame_at(t, first) : NULL;

	return f && f->kind == FRAME_USER ? f : NULL;
}

/* The unit that `page` lies in is no longer all one holder's to map. */
static inline void
frame_mix(const struct captree *t, uint64_t page)
{
	struct frame *unit = frame_unit(t, page);

	if (unit) {
		unit->spare &= FRAME_CODE;
	}
}

/* True if the frame can be part of a megapage that is mapped. */
static inline bool
frame_in_megapage(const struct captree *t, uint64_t page)
{
	const struct frame *unit = frame_unit(t, page);

	return unit && frame_groups(unit) == FRAME_UNIT_GROUPS && unit->references;
}

/* 0 if `count` frames from `page` on, one or two, can become an object now; E_BUSY while they are
 * bound, pinned, being cleared or part of an object. */
static inline int
frame_idle(const struct captree *t, uint64_t page, uint64_t count)
{
	const struct frame *f = frame_at(t, page);
	uint64_t last = page + count - 1;

	return frame_is_unused(f) && frame_is_unused(f + count - 1) &&
			       !frame_in_megapage(t, page) &&
			       (last & (FRAME_UNIT_PAGES - 1) || !frame_in_megapage(t, last))
		       ? 0
		       : E_BUSY;
}

/* The one or two idle frames from `page` on become an object of this kind. */
static inline void
frame_become(struct captree *t, uint64_t page, uint64_t count, enum frame_kind kind)
{
	struct frame *f = frame_at(t, page);
	uint64_t last = page + count - 1;

	frame_mix(t, page);
	if (!(last & (FRAME_UNIT_PAGES - 1))) {
		frame_mix(t, last);
	}
	f[0] = (struct frame){.holder = FRAME_HOLDER_NONE, .kind = (uint8_t)kind};
	if (count == 2) {
		f[1] = (struct frame){.holder = FRAME_HOLDER_NONE, .kind = FRAME_OBJECT};
	}
}

/* 64 bits wide, so that an id loaded from a link needs no zero extension. */
static inline struct cap *
cap_at(const struct captree *t, uint64_t id)
{
	return (struct cap *)(t->base + id * 64);
}

static inline uint32_t
cap_id(const struct captree *t, const struct cap *c)
{
	return (uint32_t)((uint64_t)((const uint8_t *)c - t->base) / 64);
}

static inline uint32_t
cap_type(const struct cap *c)
{
	return (uint32_t)(c->word & CAP_TYPE_MASK);
}

static inline uint64_t
cap_rights(const struct cap *c)
{
	return c->word >> CAP_RIGHTS_SHIFT & EXO_RIGHTS_ALL;
}

/* The links of a binding. */
static inline struct bind_node *
bind_at(const struct captree *t, uint32_t id)
{
	if (id & BIND_OBJECT) {
		return (struct bind_node *)(t->base + (uint64_t)(id & BIND_ID) * 16);
	}
	return (struct bind_node *)(t->base + (uint64_t)(id >> 9) * 8192 + 4096 +
				    (uint64_t)(id & 511) * 8);
}

/* The page-table entry whose binding id is `id`. */
static inline uint64_t *
bind_pte(const struct captree *t, uint32_t id)
{
	return (uint64_t *)(t->base + (uint64_t)(id >> 9) * 8192 + (uint64_t)(id & 511) * 8);
}

/* The id of a node in an object frame (16-byte aligned) / of a page-table entry (in the even frame
 * of its pair). */
static inline uint32_t
bind_object_id(const struct captree *t, const void *node)
{
	return BIND_OBJECT | (uint32_t)((uint64_t)((const uint8_t *)node - t->base) / 16);
}

static inline uint32_t
bind_pte_id(const struct captree *t, const void *pte)
{
	uint64_t offset = (uint64_t)((const uint8_t *)pte - t->base);
	return (uint32_t)(offset >> 13 << 9 | (offset >> 3 & 511));
}

/* May be filled: of type 0 and not retired; CAP_RETIRED is the sign. */
static inline bool
slot_is_empty(const struct cap *slot)
{
	return (int64_t)slot->word >= 0 && !(slot->word & CAP_TYPE_MASK);
}

/* Make it empty, its handles stale. What was in it must have left the tree. */
static inline void
slot_empty(struct cap *slot)
{
	uint64_t generation = (slot->word >> CAP_GENERATION_SHIFT) + 1;

	slot->word = generation << CAP_GENERATION_SHIFT;
	__atomic_thread_fence(__ATOMIC_RELEASE); /* see slot_fill */
	*slot = (struct cap){.word = generation << CAP_GENERATION_SHIFT};
}

/* Its start and badge are written: now it is a capability. Control transfer looks at these three
 * without the lock: the word, start and badge, the word again. So the word comes last here, and
 * first when a slot is emptied. */
static inline void
slot_fill(struct cap *slot, uint64_t word)
{
	store_release(&slot->word, word);
}

/* The three families, by number: what has an order, is compared in pairs, is one thing. */
static inline bool
cap_is_interval(const struct cap *c)
{
	return cap_type(c) < EXO_CAP_PACKET;
}

static inline bool
cap_is_predicate(const struct cap *c)
{
	return cap_type(c) == EXO_CAP_PACKET;
}

static inline bool
cap_is_object(const struct cap *c)
{
	return cap_type(c) > EXO_CAP_PACKET;
}

/* Is a share of c with these rights a tap? It sees all that c is about, whether or not that was
 * carved, so it is the one kind of share that a pool has, and it hinders no carve. */
static inline bool
cap_is_tap(const struct cap *c, uint64_t rights)
{
	return cap_is_predicate(c) && rights & EXO_PACKET_TAP;
}

/* True if [start, start + count) is not empty and lies in the interval of c; for any arguments. The
 * interval of c does not wrap around, so what begins before it has a very large offset. */
static inline bool
cap_holds(const struct cap *c, uint64_t start, uint64_t count)
{
	uint64_t offset = start - c->start;

	return offset < c->count && count - 1 < c->count - offset;
}

/* True if no TLB can hold anything that was unbound: only then may a capability leave the tree, or
 * count as unbound (carve and create ask this first). */
static inline bool
cap_settled(struct captree *t)
{
	return !t->broken && (!__atomic_load_n(&t->owed, __ATOMIC_ACQUIRE) || t->fenced(t));
}

/* Link the binding `id` in front of c's list, `flags` 0 or BIND_WRITABLE; unlink it again. O(1). */
static inline void
bind_link(struct captree *t, struct cap *c, uint32_t id, uint32_t flags)
{
	struct bind_node *node = bind_at(t, id);
	uint32_t next = c->bindings;

	node->next = next | flags;
	node->prev = BIND_CAP | cap_id(t, c);
	c->bindings = id;
	if (next) {
		bind_at(t, next)->prev = id;
	}
}

/* For whoever has the links of the binding at hand. */
static inline void
bind_unlink_node(struct captree *t, const struct bind_node *node)
{
	uint32_t next = node->next & ~BIND_WRITABLE;
	uint32_t prev = node->prev;

	if (next) {
		bind_at(t, next)->prev = prev;
	}
	if (prev & BIND_CAP) {
		cap_at(t, prev & ~BIND_CAP)->bindings = next;
	} else {
		struct bind_node *before = bind_at(t, prev);
		before->next = (before->next & BIND_WRITABLE) | next;
	}
}

static inline void
bind_unlink(struct captree *t, uint32_t id)
{
	bind_unlink_node(t, bind_at(t, id));
}

/* The capability a binding belongs to; walks the list to its front, so only for checks and
 * inspection. */
struct cap *bind_cap(const struct captree *t, uint32_t id);

/* Fill an empty slot with a root capability (boot only). */
void cap_root(struct captree *t, struct cap *c, uint32_t type, uint64_t rights, uint64_t start,
	      uint64_t count);

/* Derive. dst is an empty slot. cap_carve: E_TAKEN stores the end of what is in the way (a
 * predicate: 0) in *in_the_way. badge 0 = inherit. 0 or E_RANGE E_RIGHTS E_BOUND E_POOL E_DEPTH
 * E_BADGE E_REVOKED E_TYPE E_SLOT E_TAKEN. For PREDICATE types (PACKET) start names the predicate,
 * count the quota: carve takes count + 1 from the parent's count and compares with each carved
 * sibling. */
int cap_carve(struct captree *t, struct cap *parent, struct cap *dst, uint64_t start,
	      uint64_t count, uint64_t rights, uint64_t badge, uint64_t *in_the_way);
int cap_share(struct captree *t, struct cap *parent, struct cap *dst, uint64_t start,
	      uint64_t count, uint64_t rights, uint64_t badge);
/* Make dst the first capability, all rights, of an object of `type` in the frames of the FRAME
 * capability `frames`, which becomes a pool. 0 or E_TYPE E_WHOLE E_BOUND E_POOL E_REVOKED E_DEPTH
 * E_SLOT. Frames must be idle (caller checks). */
int cap_object(struct captree *t, struct cap *frames, struct cap *dst, uint32_t type);
/* Move c to the empty slot dst, with children and bindings; c's slot becomes empty. 0 or E_SLOT
 * E_REVOKED. */
int cap_move(struct captree *t, struct cap *c, struct cap *dst);
/* True if c or a capability above it is being revoked: one load while nothing is. */
bool cap_is_below_dying(const struct captree *t, const struct cap *c);
static inline bool
cap_is_revoked(const struct captree *t, const struct cap *c)
{
	return t->revocations && cap_is_below_dying(t, c);
}
/* May c be bound or shared now? 0 or E_POOL E_REVOKED. Cheap while nothing is being revoked. */
static inline int
cap_usable(const struct captree *t, const struct cap *c)
{
	if (c->word & CAP_POOL) {
		return E_POOL;
	}
	return cap_is_revoked(t, c) ? E_REVOKED : 0;
}
/* The parent of c, NULL for a root. O(log siblings). */
struct cap *cap_parent(const struct captree *t, const struct cap *c);
/* First carved child that ends after `name` (a predicate: starts at it or after), NULL if none. */
struct cap *cap_child_from(const struct captree *t, const struct cap *c, uint64_t name);

/* One bounded step of revoke: see revoke.c for the argument. `count` 0 = everything below c and
 * c's own bindings. *from is 0 at the first step; with a range, it says how far one has got, and
 * who forgets it begins again. Returns 0 when finished, CAP_AGAIN when there is more (caller: if
 * t->broken, drop the lock, fence all TLBs, clear t->broken; then call again with the lock), or
 * E_RANGE (range not in c, over shared children, or not an interval), E_BUSY (only waiting for
 * devices is left; nothing stays DYING but the children in a range). */
#define CAP_AGAIN 1
int cap_revoke_step(struct captree *t, struct cap *c, uint64_t start, uint64_t count,
		    uint64_t *from);
/* After E_BUSY: how many bindings are in the way, up to some 250. */
uint64_t cap_waiting(const struct captree *t, const struct cap *c, uint64_t start, uint64_t count);
/* Refuse what would be derived from c or bound to it until the next cap_revoke_step of c ends. */
void cap_hold(struct captree *t, struct cap *c);
/* As above, and c itself goes at the end; its slot is empty when 0 is returned. After E_BUSY c
 * stays DYING: call again later. */
int cap_drop_step(struct captree *t, struct cap *c);
/* Shrink an interval capability to [start, start + count), sharing an end. c must be unbound and
 * have no shared children (E_BOUND) and no carved children outside (E_POOL): revoke that range
 * first. Or E_TYPE E_RANGE E_REVOKED. */
int cap_trim(struct captree *t, struct cap *c, uint64_t start, uint64_t count);

/* The one after c of all from `top` down, each before those below it; NULL behind the last. */
const struct cap *cap_next_below(const struct captree *t, const struct cap *top,
				 const struct cap *c);
/* All named invariants over the whole tree below `root` (tests, CONFIG_PARANOID): NULL or the name
 * of the first one broken. */
const char *cap_check(struct captree *t, const struct cap *root);
/* How many capabilities from `root` down are DYING; over all roots this is t->revocations. */
uint32_t cap_count_dying(const struct captree *t, const struct cap *root);

#endif
