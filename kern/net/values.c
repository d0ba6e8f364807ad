/* SPDX-License-Identifier: MIT
 * values.c: tables of a branch: open addressing, from the slot that home() says on.
 *
 * A table is replaced when it gets too full or too empty: a fresh one of twice or half the size is
 * cleared and filled by later changes, some of it each, while the old one answers. Whoever looks up
 * sees one table; a change while the fresh one is being filled is made in both. It begins at 3/8,
 * in small ones at 1/4, and is over before 1/2. So no change costs more than a constant, and
 * a removal leaves no mark: what stands behind is moved up.
 * The multiplier is drawn, so that nobody can choose values that meet. With an unlucky one those
 * that count up lie in heaps: a table where one came to stand too far from its home is replaced,
 * too, a fresh one is given up and drawn anew later; in the end an addition is refused.
 * Invariants: FOUND each key is found where it stands; COUNTED count and costs are true; SIZE two
 *             values at least; MIRRORED what has been moved is in the fresh table, and no other.
 * Pure.
 */
#include "kern/net/values.h"
#include <exo/errors.h>
#include "kern/net/trie_node.h"
#include "lib/base/rand.h"
#include "lib/base/string.h"

#define BITS_MIN     3
#define BITS_AT_ONCE 4  /* a fresh one so small is filled at once */
#define BITS_SMALL   8  /* below, room for speed costs little */
#define BITS_MAX     16 /* children[] counts them all */
#define PROBES_MAX   128
#define FRESH_PROBES 20 /* too far: one multiplier in fifty is so unlucky, and is drawn anew */
#define MULTIPLIER   0x8000000000000001ul /* bits that it has: odd, and the upper half counts */
#define CLEAR_WORK   96                   /* per change: slots cleared, */
#define WORK         36                   /* slots looked at, */
#define MOVE_WORK    8                    /* of which one that is moved counts so many */

/* Two multiplications: with one alone, addresses and ports that count up lie in heaps. Of the first
 * the upper half, too, for of what stands in the upper bits of a key the lower has little. */
static uint32_t
home(uint64_t key, uint64_t multiplier, uint32_t bits)
{
	unsigned __int128 product = (unsigned __int128)key * multiplier;

	key = (uint64_t)product ^ (uint64_t)(product >> 64);
	return (uint32_t)(key * multiplier >> (64 - bits));
}

/* The slot of a key, or the empty one where it would be. NULL: too far. */
static struct value_slot *
probe_some(struct value_slot *slots, uint32_t bits, uint64_t multiplier, uint64_t key,
	   uint32_t probes)
{
	struct value_slot *end = slots + (1u << bits);
	struct value_slot *slot = slots + home(key, multiplier, bits);

	for (; probes; probes--) {
		if (!slot->child || slot->key == key) {
			return slot;
		}
		slot++;
		slot = slot < end ? slot : slots;
	}
	return NULL;
}

static struct value_slot *
probe(struct value_slot *slots, uint32_t bits, uint64_t multiplier, uint64_t key)
{
	return probe_some(slots, bits, multiplier, key, PROBES_MAX);
}

struct value_slot *
values_slot(const struct trie_branch *b, uint64_t key)
{
	return probe(b->to.slots, b->table->bits, b->key, key);
}

struct trie_node *
values_find(const struct trie_branch *b, uint64_t key)
{
	const struct value_slot *slot = values_slot(b, key);

	return slot ? slot->child : NULL;
}

void
values_recost(struct values *v, uint32_t from, uint32_t to)
{
	v->children[from]--;
	v->children[to]++;
	v->dearest = (uint8_t)(to > v->dearest ? to : v->dearest);
	while (v->dearest && !v->children[v->dearest]) {
		v->dearest--;
	}
}

/* --- the fresh table ---------------------------------------------------------------------- */
static uint32_t
slots_order(uint32_t bits)
{
	return slab_order(sizeof(struct value_slot) << bits);
}

static void
fresh_drop(struct trie_store *s, struct values *v)
{
	if (v->fresh) {
		slab_give(s->slab, v->fresh, slots_order(v->fresh_bits));
		v->fresh = NULL;
	}
}

static void
fresh_begin(struct trie_store *s, struct values *v, uint32_t bits)
{
	v->fresh = slab_take(s->slab, slots_order(bits));
	v->fresh_bits = (uint8_t)bits;
	v->multiplier = rand_next(&s->seed) | MULTIPLIER;
	v->done = 0;
}

/* Is it cleared, so that it mirrors changes? */
static bool
fresh_follows(const struct values *v)
{
	return v->fresh && v->done >= 1u << v->fresh_bits;
}

/* False: there is no place near enough. */
static inline __attribute__((always_inline)) bool
fresh_take(struct values *v, const struct value_slot *from)
{
	struct value_slot *to =
		probe_some(v->fresh, v->fresh_bits, v->multiplier, from->key, FRESH_PROBES);

	if (to) {
		*to = *from;
	}
	return to;
}

static void
fresh_put(struct trie_store *s, struct values *v, const struct value_slot *from)
{
	if (fresh_follows(v) && !fresh_take(v, from)) {
		fresh_drop(s, v);
	}
}

static void
fresh_take_over(struct trie_store *s, struct trie_branch *b)
{
	struct values *v = b->table;

	slab_give(s->slab, b->to.slots, slots_order(v->bits));
	b->to.slots = v->fresh;
	b->key = v->multiplier;
	b->field.table_shift = (uint8_t)(60 - v->fresh_bits);
	v->bits = v->fresh_bits;
	v->fresh = NULL;
}

/* At most so many slots of the fresh table are cleared. */
static void
fresh_clear(struct values *v, uint32_t most)
{
	uint32_t left = (1u << v->fresh_bits) - v->done;

	left = left < most ? left : most;
	memset(&v->fresh[v->done], 0, left * sizeof(v->fresh[0]));
	v->done += left;
}

/* Slots that have not been looked at yet: what stands there is put into the fresh table, too. */
static void
fresh_copy(struct trie_store *s, struct trie_branch *b, uint32_t most)
{
	struct values *v = b->table;
	uint32_t cleared = 1u << v->fresh_bits;
	const struct value_slot *slot = b->to.slots + v->done - cleared;
	const struct value_slot *end = b->to.slots + (1u << v->bits);

	for (uint32_t work = 0; work < most && slot < end; work++, slot++) {
		if (slot->child) {
			work += MOVE_WORK - 1;
			if (!fresh_take(v, slot)) {
				fresh_drop(s, v);
				return;
			}
		}
	}
	v->done = cleared + (uint32_t)(slot - b->to.slots);
	if (slot == end) {
		fresh_take_over(s, b);
	}
}

/* Some of the work; for a small one, which has a quarter of 8 values, all of it. */
static void
fresh_fill(struct trie_store *s, struct trie_branch *b)
{
	struct values *v = b->table;

	if (!fresh_follows(v)) {
		fresh_clear(v, CLEAR_WORK);
	}
	if (fresh_follows(v)) {
		fresh_copy(s, b, v->fresh_bits <= BITS_AT_ONCE ? UINT32_MAX : WORK);
	}
}

/* After each change: the table's share of work on its size, or on a better one of the same. */
static void
resize(struct trie_store *s, struct trie_branch *b, bool is_heap)
{
	struct values *v = b->table;
	uint32_t size = 1u << v->bits;

	if (!v->fresh && 8 * v->count > (v->bits < BITS_SMALL ? 2 : 3) * size &&
	    v->bits < BITS_MAX) {
		fresh_begin(s, v, v->bits + 1u);
	} else if (!v->fresh && 16 * v->count < size && v->bits > BITS_MIN) {
		fresh_begin(s, v, v->bits - 1u);
	} else if (!v->fresh && is_heap) {
		fresh_begin(s, v, v->bits);
	}
	if (v->fresh) {
		fresh_fill(s, b);
	}
}

/* --- changes ------------------------------------------------------------------------------ */
int
values_make(struct trie_store *s, struct trie_branch *b, struct trie_node *node)
{
	struct values *v = slab_take(s->slab, slab_order(sizeof(*v)));
	struct value_slot *slots = v ? slab_take(s->slab, slots_order(BITS_MIN)) : NULL;
	struct trie_node *child = b->to.child;

	if (!slots) {
		if (v) {
			slab_give(s->slab, v, slab_order(sizeof(*v)));
		}
		return E_NOSPACE;
	}
	*v = (struct values){.node = node, .count = 1, .bits = BITS_MIN, .dearest = child->cost};
	v->children[child->cost] = 1;
	v->mixed = (uintptr_t)child;
	for (uint32_t i = 0; i < 1u << BITS_MIN; i++) {
		slots[i] = (struct value_slot){0};
	}
	b->key = rand_next(&s->seed) | MULTIPLIER;
	b->to.slots = slots;
	b->table = v;
	b->field.table_shift = 60 - BITS_MIN;
	*values_slot(b, child->key) = (struct value_slot){child->key, child};
	child->up = (uintptr_t)v | 1;
	return 0;
}

void
values_end(struct trie_store *s, struct trie_branch *b)
{
	struct values *v = b->table;
	struct trie_node *child = (struct trie_node *)v->mixed;

	fresh_drop(s, v);
	slab_give(s->slab, b->to.slots, slots_order(v->bits));
	b->to.child = child;
	b->key = child->key;
	b->table = NULL;
	b->field.table_shift = 0;
	child->up = (uintptr_t)v->node;
	slab_give(s->slab, v, slab_order(sizeof(*v)));
}

static bool
is_far(const struct trie_branch *b, const struct value_slot *slot)
{
	uint32_t at = (uint32_t)(slot - b->to.slots);
	uint32_t last = (1u << b->table->bits) - 1;

	return ((at - home(slot->key, b->key, b->table->bits)) & last) >= FRESH_PROBES;
}

int
values_add(struct trie_store *s, struct trie_branch *b, struct value_slot *slot,
	   struct trie_node *child)
{
	struct values *v = b->table;

	if (v->count + 1 > (3u << v->bits) / 4) {
		return E_NOSPACE; /* no memory to grow in time */
	}
	if (!slot) {
		return E_LIMIT;
	}
	*slot = (struct value_slot){child->key, child};
	child->up = (uintptr_t)v | 1;
	v->count++;
	v->mixed ^= (uintptr_t)child;
	v->children[child->cost]++;
	v->dearest = child->cost > v->dearest ? child->cost : v->dearest;
	fresh_put(s, v, slot);
	resize(s, b, is_far(b, slot));
	return 0;
}

void
values_replace(struct trie_branch *b, struct trie_node *child)
{
	struct values *v = b->table;
	struct value_slot *old = values_slot(b, child->key);

	v->mixed ^= (uintptr_t)old->child ^ (uintptr_t)child;
	old->child = child;
	if (fresh_follows(v)) {
		struct value_slot *slot = probe(v->fresh, v->fresh_bits, v->multiplier, child->key);

		if (slot && slot->child) {
			slot->child = child;
		}
	}
}

/* Empty a slot: of those behind, whatever may stand there moves up, and leaves the next hole. */
static void
close_hole(struct value_slot *slots, uint32_t bits, uint64_t multiplier, struct value_slot *hole)
{
	uint32_t last = (1u << bits) - 1;
	uint32_t at = (uint32_t)(hole - slots);

	for (uint32_t i = (at + 1) & last; slots[i].child; i = (i + 1) & last) {
		uint32_t from = home(slots[i].key, multiplier, bits);

		if (((i - from) & last) >= ((i - at) & last)) {
			slots[at] = slots[i];
			at = i;
		}
	}
	slots[at] = (struct value_slot){0};
}

/* What closing the hole moves could pass the border of what has been copied to the fresh table. So
 * the removal there is by key, and all that stands in the cluster is put there before. */
static void
fresh_remove(struct trie_store *s, struct trie_branch *b, const struct value_slot *hole)
{
	struct values *v = b->table;
	uint32_t last = (1u << v->bits) - 1;
	uint32_t i = (uint32_t)(hole - b->to.slots);
	struct value_slot *slot;

	for (uint32_t n = (i + 1) & last; b->to.slots[n].child && v->fresh; n = (n + 1) & last) {
		fresh_put(s, v, &b->to.slots[n]);
	}
	slot = fresh_follows(v) ? probe(v->fresh, v->fresh_bits, v->multiplier, hole->key) : NULL;
	if (slot && slot->child) {
		close_hole(v->fresh, v->fresh_bits, v->multiplier, slot);
	}
}

void
values_remove(struct trie_store *s, struct trie_branch *b, const struct trie_node *child)
{
	struct values *v = b->table;
	struct value_slot *slot = values_slot(b, child->key);

	fresh_remove(s, b, slot);
	close_hole(b->to.slots, v->bits, b->key, slot);
	v->count--;
	v->mixed ^= (uintptr_t)child;
	v->children[child->cost]--;
	while (v->dearest && !v->children[v->dearest]) {
		v->dearest--;
	}
	if (v->count > 1) { /* else it ends */
		resize(s, b, false);
	}
}

/* What stands in the moved part of `slots`, or in all of the fresh ones, stands in the others. */
static bool
mirrored(const struct trie_branch *b)
{
	const struct values *v = b->table;
	uint32_t cleared = v->fresh ? 1u << v->fresh_bits : 0;

	for (uint32_t i = 0; fresh_follows(v) && i < v->done - cleared; i++) {
		const struct value_slot *slot = &b->to.slots[i];
		const struct value_slot *same =
			probe(v->fresh, v->fresh_bits, v->multiplier, slot->key);

		if (slot->child && (!same || same->child != slot->child)) {
			return false;
		}
	}
	for (uint32_t i = 0; fresh_follows(v) && i < cleared; i++) {
		if (v->fresh[i].child && values_find(b, v->fresh[i].key) != v->fresh[i].child) {
			return false;
		}
	}
	return true;
}

const char *
values_check(const struct trie_branch *b)
{
	const struct values *v = b->table;
	uint32_t count = 0;
	uint32_t dearest = 0;
	uintptr_t mixed = v->mixed;
	uint32_t children[TRIE_COST_MAX + 1] = {0};

	for (uint32_t i = 0; i < 1u << v->bits; i++) {
		const struct value_slot *slot = &b->to.slots[i];

		if (slot->child) {
			count++;
			mixed ^= (uintptr_t)slot->child;
			children[slot->child->cost]++;
			dearest = slot->child->cost > dearest ? slot->child->cost : dearest;
			if (slot->key != slot->child->key || values_slot(b, slot->key) != slot ||
			    slot->child->up != ((uintptr_t)v | 1)) {
				return "FOUND";
			}
		}
	}
	for (uint32_t i = 0; i <= TRIE_COST_MAX; i++) {
		count |= children[i] == v->children[i] ? 0 : 1u << 31;
	}
	return count != v->count || mixed || dearest != v->dearest ? "COUNTED"
	       : count < 2 || b->field.table_shift != 60 - v->bits ? "SIZE"
	       : !mirrored(b)                                      ? "MIRRORED"
								   : NULL;
}
