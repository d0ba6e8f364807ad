/* SPDX-License-Identifier: MIT
 * filters.c: the filters of a NIC: their records, and how they end. draft.c makes them.
 *
 * They mirror the tree of PACKET capabilities. What a filter tests beyond its parent is in the
 * parent's trie in canonical form; its atoms are kept as they came, for those derived from it and
 * for sending. Everything lies in memory that the NIC got at boot. Who may derive `count`
 * filters has a record and NIC_FILTER_BLOCKS for each, and NIC_FIRST_BLOCKS: `blocks` of its own
 * filter, which the trie of those derived, their atoms, and what they may derive are taken from.
 *
 * State:      struct nic; tree lock. Invariants: a filter in use belongs to one PACKET capability
 *             and is in the trie of its parent, which is in use; carved filters of one parent are
 *             disjoint; all free blocks are in the `blocks` of one filter or of the drafts.
 * Callers: derivation and revocation of capabilities, transmit.c. Design: docs/design/network.md
 */
#include "kern/net/nic_state.h"
#include "kern/net/shape.h"
#include "kern/net/shapes.h"
#include "lib/base/checked.h"
#include "lib/base/disjoint.h"
#include "lib/base/rand.h"
#include "lib/base/string.h"

#define FREE_WORK 40 /* in units of captree.work */
_Static_assert(2 * EXO_ATOMS_MAX * sizeof(struct exo_atom) <= NIC_DRAFT_BLOCKS * SLAB_BLOCK,
	       "atoms of a draft");
_Static_assert(sizeof(struct nic_filter) + NIC_FILTER_BLOCKS * SLAB_BLOCK <= NIC_FILTER_BYTES,
	       "what each filter brings with it");

void
nic_filters_init(struct nic *n, void *memory, size_t bytes)
{
	uint32_t drafts = n->kernel->harts * NIC_DRAFT_BLOCKS;
	uint32_t filters = (uint32_t)((bytes - drafts * SLAB_BLOCK) / NIC_FILTER_BYTES);
	size_t records;

	n->filter = memory;
	n->filters = filters < NIC_FILTERS_MAX ? filters : NIC_FILTERS_MAX;
	records = align_up_u64(n->filters * sizeof(struct nic_filter), SLAB_BLOCK);
	slab_init(&n->slab, (uint8_t *)memory + records, bytes - records);
	n->store = (struct trie_store){&n->slab, shapes_get(), arch_time() | 1};
	n->slab.free_blocks = drafts;
	n->filter[0] = (struct nic_filter){
		.is_used = true,
		.blocks = n->slab.blocks - drafts,
	};
	list_init(&n->later);
	list_init(&n->turned_away);
	list_init(&n->filter[0].later);
	n->fresh = 1;
}

void
nic_stir(const uint8_t *bytes, uint32_t count)
{
	for (uint64_t number = 0; number < EXO_NICS_MAX; number++) {
		uint64_t *seed = &nic_of(number << NIC_SHIFT)->store.seed;

		for (uint32_t i = 0; i < count; i++) {
			(void)rand_next(seed);
			*seed ^= bytes[i];
		}
		*seed |= 1;
	}
}

uint32_t
nic_atoms(const struct nic *n, uint32_t filter, bool is_transmit)
{
	uint32_t count = 0;

	for (uint32_t i = filter; i; i = n->filter[i].parent) {
		count += is_transmit ? n->filter[i].transmit_atoms : n->filter[i].receive_atoms;
	}
	return count;
}

uint32_t
nic_gather(const struct nic *n, uint32_t filter, struct exo_atom *to)
{
	uint32_t count = nic_atoms(n, filter, false);
	uint32_t end = count;

	for (uint32_t i = filter; i; i = n->filter[i].parent) {
		const struct nic_filter *f = &n->filter[i];

		end -= f->receive_atoms;
		for (uint32_t a = 0; a < f->receive_atoms; a++) {
			to[end + a] = f->atoms[a];
		}
	}
	return count;
}

/* Those from [first] on, as the slab counts. */
static uint32_t
atoms_order(const struct nic_filter *f)
{
	return slab_order((f->receive_atoms + f->transmit_atoms) * sizeof(struct exo_atom));
}

uint32_t
nic_atoms_blocks(const struct nic_filter *f)
{
	return f->atoms ? 1u << atoms_order(f) : 0;
}

void
nic_filter_give(struct nic *n, struct nic_filter *f, uint32_t *purse)
{
	if (f->atoms) {
		n->slab.purse = purse;
		slab_give(&n->slab, f->atoms, atoms_order(f));
	}
	f->is_used = false;
	f->serial = 0; /* for drafts below it */
	f->parent = n->free;
	n->free = (uint32_t)(f - n->filter);
}

/* One that is free, or was never used. */
static struct nic_filter *
take_record(struct nic *n)
{
	uint32_t i = n->free;

	if (i) {
		n->free = n->filter[i].parent;
	} else if (n->fresh < n->filters) {
		i = n->fresh++;
	}
	return i ? &n->filter[i] : NULL;
}

struct nic_filter *
nic_filter_take(struct nic *n, uint32_t parent, const struct exo_filter *from, bool is_shared)
{
	struct nic_filter *f = take_record(n);
	uint32_t atoms = from->receive_atoms + from->transmit_atoms;

	if (!f) {
		return NULL;
	}
	*f = (struct nic_filter){
		.parent = parent,
		.receive_atoms = (uint8_t)from->receive_atoms,
		.transmit_atoms = (uint8_t)from->transmit_atoms,
		.serial = ++n->serials,
		.is_shared = is_shared,
	};
	list_init(&f->later);
	if (atoms) {
		n->slab.purse = &n->slab.free_blocks;
		f->atoms = slab_take(&n->slab, atoms_order(f));
		if (!f->atoms) {
			nic_filter_give(n, f, NULL);
			return NULL;
		}
		memcpy(f->atoms, from->atoms, atoms * sizeof(from->atoms[0]));
	}
	return f;
}

void
nic_filter_passed(struct nic_filter *f)
{
	if (f->at.next) {
		struct nic_filter *next = container_of(f->at.next, struct nic_filter, at);

		next->base = f->base;
		list_insert_after(&f->later, &next->later);
	}
	list_remove(&f->later);
}

void
nic_filter_pays(struct nic *n, struct nic_filter *f)
{
	n->slab.purse = &f->blocks;
	while (f->parent) {
		f = &n->filter[f->parent];
	}
	if (n->store.shapes) {
		n->store.shapes->share = f == n->filter ? NULL : &f->shapes;
	}
}

void
nic_filter_discard(uint64_t name)
{
	struct nic *n = nic_of(name);
	struct nic_filter *f = nic_filter_of(name);
	struct nic_filter *parent = &n->filter[f->parent];

	if (!list_is_empty(&f->later)) {
		nic_filter_passed(f);
	}
	if (f->shapes) {
		shape_disown(n->store.shapes, &f->shapes);
	}
	nic_filter_pays(n, parent);
	trie_remove(&n->store, &parent->children, &f->at);
	parent->blocks += f->blocks;
	nic_filter_give(n, f, &parent->blocks);
}

void
nic_filter_free(struct captree *t, struct cap *c)
{
	t->work += FREE_WORK;
	nic_filter_discard(c->start);
}

bool
nic_disjoint(struct captree *t, const struct cap *c, const struct cap *with)
{
	struct exo_atom a[EXO_ATOMS_MAX];
	struct exo_atom b[EXO_ATOMS_MAX];
	uint32_t a_count = nic_gather(nic_of(c->start), nic_filter_number(c->start), a);
	uint32_t b_count = nic_gather(nic_of(with->start), nic_filter_number(with->start), b);

	(void)t;
	return atoms_disjoint(a, a_count, b, b_count);
}

const char *
nic_check(uint32_t number)
{
	const struct nic *n = nic_of((uint64_t)number << NIC_SHIFT);
	uint32_t blocks = n->slab.free_blocks;
	const char *why = NULL;

	for (uint32_t i = 0; i < n->fresh && !why; i++) {
		const struct nic_filter *f = &n->filter[i];

		blocks += f->is_used ? f->blocks : 0;
		if (f->is_used && i && !n->filter[f->parent].is_used) {
			why = "the parent of a filter in use is in use";
		} else if (f->is_used) {
			why = trie_check(&n->store, &f->children);
		}
	}
	return why ? why : n->filters ? slab_check(&n->slab, blocks) : NULL;
}
