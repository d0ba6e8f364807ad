/* SPDX-License-Identifier: MIT
 * filters.c: the filters of a NIC: made, narrowed, kept apart, given up.
 *
 * They mirror the tree of PACKET capabilities. What a filter tests beyond its parent is in the
 * parent's trie in canonical form; its atoms are kept as they came, for those derived from it and
 * for sending. Everything lies in memory that the NIC got at boot; how much of it one may use is
 * bounded by the quota (count) of the capabilities.
 *
 * State:      struct nic; tree lock. Invariants: a filter in use belongs to one PACKET capability
 *             and is in the trie of its parent, which is in use; carved filters of one parent are
 *             disjoint. Callers: derivation and revocation of capabilities, transmit.c.
 * Design:     docs/design/network.md
 */
#include "kern/net/canon.h"
#include "kern/net/nic_state.h"
#include "kern/net/shapes.h"
#include "lib/base/checked.h"
#include "lib/base/disjoint.h"
#include "lib/base/string.h"

#define APART_STEPS 40 /* tests looked at to keep siblings apart, of some 45 instructions each */
#define RECORD_PART 4  /* of the pool a quarter is records */

/* The whole conjunction of a filter, one direction of it. */
struct conjunction {
	uint32_t count;
	struct exo_atom atom[EXO_ATOMS_MAX];
};

void
nic_filters_init(struct nic *n, void *memory, size_t bytes)
{
	uint32_t filters = (uint32_t)(bytes / RECORD_PART / sizeof(struct nic_filter));
	size_t records;

	n->filter = memory;
	n->filters = filters < NIC_FILTERS_MAX ? filters : NIC_FILTERS_MAX;
	records = align_up_u64(n->filters * sizeof(struct nic_filter), SLAB_BLOCK);
	slab_init(&n->slab, (uint8_t *)memory + records, bytes - records);
	n->store = (struct trie_store){&n->slab, shapes_get(), arch_time() | 1};
	n->filter[0] = (struct nic_filter){.is_used = true};
	list_init(&n->later);
	list_init(&n->filter[0].later);
	n->fresh = 1;
}

/* Those of the filters above come first, as they were derived. */
static void
gather(const struct nic *n, uint32_t filter, bool is_transmit, struct conjunction *c)
{
	uint32_t end = 0;

	for (uint32_t i = filter; i; i = n->filter[i].parent) {
		end += is_transmit ? n->filter[i].transmit_atoms : n->filter[i].receive_atoms;
	}
	c->count = end;
	for (uint32_t i = filter; i; i = n->filter[i].parent) {
		const struct nic_filter *f = &n->filter[i];
		uint32_t own = is_transmit ? f->transmit_atoms : f->receive_atoms;

		end -= own;
		for (uint32_t a = 0; a < own; a++) {
			c->atom[end + a] = f->atoms[a + (is_transmit ? f->receive_atoms : 0)];
		}
	}
}

/* Those from [first] on, as the slab counts. */
static uint32_t
atoms_order(const struct nic_filter *f)
{
	return slab_order((f->receive_atoms + f->transmit_atoms) * sizeof(struct exo_atom));
}

static void
give_back(struct nic *n, struct nic_filter *f)
{
	if (f->atoms) {
		slab_give(&n->slab, f->atoms, atoms_order(f));
	}
	f->is_used = false;
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

/* A record with its atoms: NULL if there is no room. */
static struct nic_filter *
take(struct nic *n, uint32_t parent, const struct exo_filter *from, bool is_shared)
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
		.is_used = true,
		.is_shared = is_shared,
	};
	list_init(&f->later);
	if (atoms) {
		f->atoms = slab_take(&n->slab, atoms_order(f));
		if (!f->atoms) {
			give_back(n, f);
			return NULL;
		}
		memcpy(f->atoms, from->atoms, atoms * sizeof(from->atoms[0]));
	}
	return f;
}

static bool
is_no_matter(void *context, struct trie_filter *other)
{
	(void)context;
	return container_of(other, struct nic_filter, at)->is_shared;
}

/* Carved filters are disjoint from all carved siblings; *in_the_way is the name of one that may not
 * be, 0: it takes too long to tell. */
static int
stand_apart(const struct nic *n, const struct nic_filter *parent, const struct canon *c,
	    uint64_t *in_the_way)
{
	struct trie_filter *other =
		trie_in_the_way(&parent->children, c, APART_STEPS, is_no_matter, NULL);

	if (!other) {
		return 0;
	}
	*in_the_way = other == TRIE_UNKNOWN
			      ? 0
			      : (uint64_t)(container_of(other, struct nic_filter, at) - n->filter);
	return E_TAKEN;
}

/* Is there room for these atoms beside those of the filters above? The canonical form of the
 * receiving ones, beyond theirs. */
static int
make_canon(const struct nic *n, uint32_t above, const struct exo_filter *f, struct canon *c)
{
	struct conjunction all;

	gather(n, above, true, &all);
	if (f->transmit_atoms > EXO_ATOMS_MAX - all.count) {
		return E_LIMIT;
	}
	gather(n, above, false, &all);
	if (f->receive_atoms > EXO_ATOMS_MAX - all.count) {
		return E_LIMIT;
	}
	return canon_make(c, all.atom, all.count, f->atoms, f->receive_atoms);
}

int
nic_filter_make(const struct cap *parent, const struct exo_filter *f, bool is_shared,
		uint64_t *name, uint64_t *in_the_way)
{
	struct nic *n = nic_of(parent->start);
	uint32_t above = (uint32_t)(parent->start & (NIC_FILTERS_MAX - 1));
	struct nic_filter *own;
	struct canon c;
	int error = filter_check(f);

	if (!error) {
		error = make_canon(n, above, f, &c);
	}
	if (!error && !is_shared) {
		error = stand_apart(n, &n->filter[above], &c, in_the_way);
		*in_the_way |= parent->start & ~(uint64_t)(NIC_FILTERS_MAX - 1);
	}
	if (error) {
		return error;
	}
	own = take(n, above, f, is_shared);
	if (!own) {
		return E_NOSPACE;
	}
	own->children.known_bytes = c.need_bytes;
	n->filter[above].children.known_bytes = c.known_bytes;
	error = trie_insert(&n->store, &n->filter[above].children, &c, &own->at);
	if (error) {
		give_back(n, own);
		return error;
	}
	*name = (parent->start & ~(uint64_t)(NIC_FILTERS_MAX - 1)) | (uint64_t)(own - n->filter);
	return 0;
}

void
nic_filter_discard(uint64_t name)
{
	struct nic *n = nic_of(name);
	struct nic_filter *f = nic_filter_of(name);

	list_remove(&f->later);
	trie_remove(&n->store, &n->filter[f->parent].children, &f->at);
	give_back(n, f);
}

void
nic_filter_free(struct captree *t, struct cap *c)
{
	(void)t;
	nic_filter_discard(c->start);
}

bool
nic_disjoint(struct captree *t, const struct cap *c, const struct cap *with)
{
	struct conjunction a;
	struct conjunction b;

	(void)t;
	gather(nic_of(c->start), (uint32_t)(c->start & (NIC_FILTERS_MAX - 1)), false, &a);
	gather(nic_of(with->start), (uint32_t)(with->start & (NIC_FILTERS_MAX - 1)), false, &b);
	return atoms_disjoint(a.atom, a.count, b.atom, b.count);
}

const char *
nic_check(uint32_t number)
{
	const struct nic *n = nic_of((uint64_t)number << NIC_SHIFT);
	const char *why = NULL;

	for (uint32_t i = 0; i < n->fresh && !why; i++) {
		const struct nic_filter *f = &n->filter[i];

		if (f->is_used && i && !n->filter[f->parent].is_used) {
			why = "the parent of a filter in use is in use";
		} else if (f->is_used) {
			why = trie_check(&n->store, &f->children);
		}
	}
	return why ? why : n->filters ? slab_check(&n->slab) : NULL;
}
