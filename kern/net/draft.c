/* SPDX-License-Identifier: MIT
 * draft.c: filters in the making: brought into a form, kept apart from others, added to the trie.
 *
 * All of it would be too long without an interrupt, so a call does some and is made again. What has
 * been found out by then is kept for each hart, and belongs to what is asked for, not to who asks:
 * a parent, its atoms and those of the new filter. Another call on that hart begins anew; the one
 * before it then begins again as well. Nobody sees a draft but by the time it takes.
 *
 * State:      a draft for each hart; tree lock. Invariants: `own` is neither in use nor free; what
 *             stands apart does so as long as nothing was carved from the parent since.
 * Callers:    derivation of capabilities. Design: docs/design/filters.md
 */
#include "kern/net/draft.h"
#include <exo/errors.h>
#include "kern/boot.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

/* Units of some 50 instructions: of one call, and of its parts. */
#define CALL_WORK   30
#define APART_WORK  30 /* room is made, and */
#define APART_STEPS 30 /* so many tests are looked at to keep siblings apart */
#define WORDS_WORK  28 /* 16 atoms */
#define INSERT_WORK 30 /* a run split, a leaf, a table begun */
_Static_assert(CANON_AGAIN == NIC_AGAIN && TRIE_AGAIN == NIC_AGAIN && CALL_WORK >= CANON_WORK_MIN &&
		       CALL_WORK >= APART_WORK && CALL_WORK >= INSERT_WORK,
	       "each call does something");

static struct nic_draft *drafts; /* of each hart */

void
drafts_boot(struct kernel *k)
{
	drafts = boot_table(k, k->harts * sizeof(*drafts));
}

/* --- which one ---------------------------------------------------------------------------- */
static bool
same_atoms(const struct exo_filter *a, const struct exo_filter *b)
{
	uint32_t atoms = a->receive_atoms + a->transmit_atoms;

	return a->receive_atoms == b->receive_atoms && a->transmit_atoms == b->transmit_atoms &&
	       !memcmp(a->atoms, b->atoms, atoms * sizeof(a->atoms[0]));
}

/* Is that filter being made here? */
static bool
goes_on(const struct nic_draft *d, const struct nic_filter *parent, const struct exo_filter *f,
	bool is_shared)
{
	return d->stage != DRAFT_NONE && d->parent == parent && d->serial == parent->serial &&
	       d->is_shared == is_shared && same_atoms(&d->filter, f);
}

static void
end(struct nic_draft *d)
{
	if (d->is_split && d->serial == d->parent->serial) {
		nic_filter_pays(d->nic, d->parent);
		trie_tidy(&d->nic->store, &d->parent->children, &d->canon);
	}
	d->is_split = false;
	if (d->own) {
		nic_filter_give(d->nic, d->own, &d->nic->slab.free_blocks);
	}
	d->own = NULL;
	d->stage = DRAFT_NONE;
}

/* Is there room for these atoms beside those of the filters above? */
static int
begin(struct nic_draft *d, struct nic *n, uint32_t parent, const struct exo_filter *f,
      bool is_shared)
{
	int error = filter_check(f);
	uint32_t atoms;

	if (error) {
		return error;
	}
	atoms = nic_gather(n, parent, d->work.atom);
	if (f->transmit_atoms > EXO_ATOMS_MAX - nic_atoms(n, parent, true) ||
	    f->receive_atoms > EXO_ATOMS_MAX - atoms) {
		return E_LIMIT;
	}
	d->nic = n;
	d->parent = &n->filter[parent];
	d->serial = d->parent->serial;
	d->is_shared = is_shared;
	d->filter.receive_atoms = f->receive_atoms;
	d->filter.transmit_atoms = f->transmit_atoms;
	memcpy(d->filter.atoms, f->atoms,
	       (f->receive_atoms + f->transmit_atoms) * sizeof(f->atoms[0]));
	memcpy(d->work.atom + atoms, f->atoms, f->receive_atoms * sizeof(f->atoms[0]));
	canon_begin(&d->work, atoms + f->receive_atoms, atoms);
	d->stage = DRAFT_FORM;
	return 0;
}

/* --- stages: 0, NIC_AGAIN or an error ------------------------------------------------------ */
static int
make_form(struct nic_draft *d, uint32_t *work)
{
	int error = canon_step(&d->work, &d->canon, work);

	d->stage = error ? DRAFT_FORM : DRAFT_APART;
	return error;
}

static bool
is_no_matter(void *context, struct trie_filter *other)
{
	(void)context;
	return container_of(other, struct nic_filter, at)->is_shared;
}

/* A record, unless it stood apart once before. */
static int
make_room(struct nic_draft *d)
{
	d->stage = DRAFT_INSERT;
	if (!d->own) {
		d->own = nic_filter_take(d->nic, (uint32_t)(d->parent - d->nic->filter), &d->filter,
					 d->is_shared);
		d->stage = d->filter.transmit_atoms ? DRAFT_WORDS : DRAFT_INSERT;
	}
	return d->own ? 0 : E_NOSPACE;
}

/* Carved filters are disjoint from all carved siblings; *in_the_way is the number of one that may
 * not be, 0: it takes too long to tell. Who stands apart gets room. */
static int
stand_apart(struct nic_draft *d, uint64_t *in_the_way)
{
	struct trie_filter *other = NULL;

	d->grown = d->parent->grown;
	if (!d->is_shared) {
		other = trie_in_the_way(&d->parent->children, &d->canon, APART_STEPS, is_no_matter,
					NULL);
	}
	if (!other) {
		return make_room(d);
	}
	*in_the_way =
		other == TRIE_UNKNOWN
			? 0
			: (uint64_t)(container_of(other, struct nic_filter, at) - d->nic->filter);
	return E_TAKEN;
}

/* The transmit atoms, as sending wants them. */
static int
make_words(struct nic_draft *d)
{
	filter_words(d->own->atoms + d->own->receive_atoms, d->own->transmit_atoms);
	d->stage = DRAFT_INSERT;
	return 0;
}

/* The parent pays for it, with its atoms and what those derived from it may take. */
static int
insert(struct nic_draft *d, uint32_t below)
{
	struct nic_filter *own = d->own, *parent = d->parent;
	uint32_t atoms = nic_atoms_blocks(own);
	uint32_t grant = below ? NIC_FIRST_BLOCKS + below * NIC_FILTER_BLOCKS : 0;
	int error;

	if (parent->blocks < grant + atoms) {
		return E_NOSPACE;
	}
	parent->blocks -= grant + atoms;
	nic_filter_pays(d->nic, parent);
	own->children.known_bytes = d->canon.need_bytes;
	parent->children.known_bytes = d->canon.known_bytes;
	error = trie_insert(&d->nic->store, &parent->children, &d->canon, &own->at);
	d->is_split = error == TRIE_AGAIN;
	if (error) {
		parent->blocks += grant + atoms;
		return error;
	}
	own->blocks = grant;
	d->nic->slab.free_blocks += atoms;
	own->is_used = true;
	parent->grown += !d->is_shared;
	d->stage = DRAFT_NONE;
	return 0;
}

/* The next one, if *work allows it. */
static int
do_stage(struct nic_draft *d, uint32_t below, uint32_t *work, uint64_t *in_the_way)
{
	switch (d->stage) {
	case DRAFT_FORM:
		return make_form(d, work);
	case DRAFT_APART:
		return canon_spend(work, APART_WORK) ? stand_apart(d, in_the_way) : NIC_AGAIN;
	case DRAFT_WORDS:
		return canon_spend(work, WORDS_WORK) ? make_words(d) : NIC_AGAIN;
	default:
		return canon_spend(work, INSERT_WORK) ? insert(d, below) : NIC_AGAIN;
	}
}

/* What it took to begin, of `most`. */
static uint32_t
begin_work(const struct exo_filter *f, uint32_t most)
{
	uint32_t atoms = f->receive_atoms + f->transmit_atoms;

	return atoms < most / 2 ? atoms : most;
}

/* --- making ------------------------------------------------------------------------------- */
int
nic_filter_make(uint32_t hart, const struct cap *parent, const struct exo_filter *f, bool is_shared,
		uint64_t below, uint64_t *name, uint64_t *in_the_way)
{
	struct nic_draft *d = &drafts[hart];
	struct nic *n = nic_of(parent->start);
	uint32_t above = nic_filter_number(parent->start);
	uint32_t work = CALL_WORK;
	int error = 0;

	if (!goes_on(d, &n->filter[above], f, is_shared)) {
		if (d->is_split) {
			end(d);
			return NIC_AGAIN;
		}
		end(d);
		error = begin(d, n, above, f, is_shared);
		work -= begin_work(f, work);
	}
	if (!error && d->stage == DRAFT_INSERT && d->grown != d->parent->grown) {
		d->stage = DRAFT_APART;
	}
	while (!error && d->stage != DRAFT_NONE) {
		error = do_stage(d, (uint32_t)below, &work, in_the_way);
	}
	if (error == NIC_AGAIN) {
		return error;
	}
	if (error == E_TAKEN) {
		*in_the_way |= parent->start - above;
	}
	if (!error) {
		*name = parent->start - above + (uint64_t)(d->own - n->filter);
		d->own = NULL;
	}
	end(d);
	return error;
}
