/* SPDX-License-Identifier: MIT
 * solve.c: all ways through a graph of tests that accept, each as one conjunction.
 *
 * Conjunctions walk the leaves from the first to the last (exits only lead forward). At a leaf one
 * goes on through both exits, as a copy, unless what it says already decides.
 * - Through "holds" it takes the test along. A negated test becomes as many conjunctions as there
 *   are undecided bits, the n-th with the first n bits as in the value but for the n-th: so these
 *   contradict each other.
 * - Through "does not hold" it takes along the test of a negated leaf, and of others nothing. That
 *   is right because the expression is monotone in what its leaves say: where it accepts although
 *   this leaf did not hold, it accepts all the more where it does. The filters then overlap, but
 *   an `or` of two comparisons stays two filters instead of becoming seventeen.
 * A packet that ends before a field matches no filter that looks at the field; so a test is left
 * out as known already only if what makes it known looks at least as far.
 */
#include "lib/pcap/solve.h"

#include <exo/errors.h>

#include "lib/base/disjoint.h"
#include "lib/base/string.h"

#define SHIFT_OFFSET 14 /* IPv4 header: RFC 791 3.1, IHL in words of 4 bytes */
#define SHIFT_MASK   0x0f
#define SHIFT_SCALE  2

struct solver {
	struct pcap_lowered *out;
	const struct leaf *leaf;
	int status;
};

/* What a conjunction says about a test. */
struct known {
	uint64_t bits; /* of the test's mask: decided, as the test wants them */
	bool conflicts;
	bool reaches; /* a field that is read ends where the test's ends, or behind */
};

static uint32_t
end_of(const struct exo_atom *atom)
{
	return (uint32_t)atom->offset + atom->width;
}

/* The bits of `test` that `atom`, under the same base, looks at. */
static uint64_t
shared_bits(const struct exo_atom *test, const struct exo_atom *atom)
{
	int later = 8 * ((int)end_of(atom) - (int)end_of(test));

	if (later >= 64 || later <= -64) {
		return 0;
	}
	return (later >= 0 ? atom->mask >> later : atom->mask << -later) & test->mask;
}

static struct known
known_of(const struct pcap_filter *filter, const struct exo_atom *test, bool is_shifted)
{
	uint32_t end = is_shifted ? filter->count : filter->plain;
	struct known known = {.reaches = !test->mask};

	for (uint32_t i = is_shifted ? filter->plain : 0; i < end; i++) {
		const struct exo_atom *atom = &filter->atoms[i];

		known.bits |= shared_bits(test, atom);
		known.conflicts |= atoms_conflict(test, atom);
		known.reaches |= end_of(atom) >= end_of(test);
	}
	return known;
}

/* Adds the test, which does not conflict, to the conjunction; to the atom of its field if there
 * is one. */
static int
take(struct solver *solver, struct pcap_filter *filter, const struct exo_atom *test)
{
	bool is_shifted = solver->leaf->is_shifted;
	uint32_t end = is_shifted ? filter->count : filter->plain;

	for (uint32_t i = is_shifted ? filter->plain : 0; i < end; i++) {
		struct exo_atom *atom = &filter->atoms[i];

		if (atom->offset == test->offset && atom->width == test->width) {
			atom->mask |= test->mask;
			atom->value |= test->value;
			return 0;
		}
	}
	if (filter->count + (is_shifted || filter->plain < filter->count) >= EXO_ATOMS_MAX) {
		return pcap_refuse(solver->out, solver->leaf->column,
				   "with this, one filter has more than %u atoms", EXO_ATOMS_MAX);
	}
	memmove(&filter->atoms[end + 1], &filter->atoms[end],
		(filter->count - end) * sizeof(filter->atoms[0]));
	filter->atoms[end] = *test;
	filter->count++;
	filter->plain += !is_shifted;
	return 0;
}

/* A copy of `filter` that has taken the exit `to` and knows the test as well. */
static void
branch(struct solver *solver, const struct pcap_filter *filter, uint16_t to,
       const struct exo_atom *test)
{
	struct pcap_lowered *out = solver->out;
	struct pcap_filter *copy = &out->filter[out->count];

	if (to == GRAPH_REJECT || solver->status) {
		return;
	}
	if (out->count == out->room) {
		solver->status = pcap_refuse(out, solver->leaf->column,
					     "with this it falls apart into more than %u filters",
					     out->room);
		return;
	}
	*copy = *filter;
	copy->next = to;
	out->count++;
	if (test) {
		solver->status = take(solver, copy, test);
	}
}

/* One conjunction for each bit that may differ, the bits before it as in the value. */
static void
branch_unequal(struct solver *solver, const struct pcap_filter *filter, uint64_t undecided)
{
	const struct exo_atom *test = &solver->leaf->test;

	while (undecided) {
		uint64_t bit = 1ull << (63 - __builtin_clzll(undecided));
		struct exo_atom other = *test;

		other.mask &= ~(bit - 1);
		other.value = (other.value ^ bit) & other.mask;
		branch(solver, filter, solver->leaf->to[1], &other);
		undecided &= bit - 1;
	}
}

/* The conjunction itself goes on through `to`, and takes the test along. */
static void
go_on(struct solver *solver, struct pcap_filter *filter, uint16_t to, const struct exo_atom *test)
{
	filter->next = to;
	if (to != GRAPH_REJECT && test && !solver->status) {
		solver->status = take(solver, filter, test);
	}
}

static void
step_plain(struct solver *solver, struct pcap_filter *filter, const struct known *known)
{
	const struct leaf *leaf = solver->leaf;
	bool is_decided = known->bits == leaf->test.mask;

	if (known->conflicts) {
		go_on(solver, filter, leaf->to[0], NULL);
		return;
	}
	if (!is_decided) {
		branch(solver, filter, leaf->to[0], NULL);
	}
	go_on(solver, filter, leaf->to[1], is_decided && known->reaches ? NULL : &leaf->test);
}

static void
step_negated(struct solver *solver, struct pcap_filter *filter, const struct known *known)
{
	const struct leaf *leaf = solver->leaf;

	if (known->conflicts) {
		go_on(solver, filter, leaf->to[1], NULL);
		return;
	}
	branch_unequal(solver, filter, leaf->test.mask & ~known->bits);
	go_on(solver, filter, leaf->to[0], &leaf->test);
}

/* Drops those that were rejected. */
static void
compact(struct pcap_lowered *out)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < out->count; i++) {
		if (out->filter[i].next != GRAPH_REJECT) {
			out->filter[kept++] = out->filter[i];
		}
	}
	out->count = kept;
}

static int
walk(struct pcap_lowered *out)
{
	struct solver solver = {.out = out};

	out->count = 1;
	out->filter[0] = (struct pcap_filter){.next = out->graph.count ? 0 : GRAPH_ACCEPT};
	for (uint32_t i = 0; !solver.status && i < out->graph.count; i++) {
		uint32_t waiting = out->count;

		solver.leaf = &out->graph.leaf[i];
		for (uint32_t j = 0; !solver.status && j < waiting; j++) {
			struct pcap_filter *filter = &out->filter[j];
			struct known known;

			if (filter->next != i) {
				continue;
			}
			known = known_of(filter, &solver.leaf->test, solver.leaf->is_shifted);
			(solver.leaf->is_negated ? step_negated : step_plain)(&solver, filter,
									      &known);
		}
		compact(out);
	}
	return solver.status;
}

/* Does every packet that passes `narrow` pass `wide`? */
static bool
contains(const struct pcap_filter *wide, const struct pcap_filter *narrow)
{
	for (uint32_t i = 0; i < wide->count; i++) {
		const struct exo_atom *atom = &wide->atoms[i];
		struct known known = known_of(narrow, atom, i >= wide->plain);

		if (known.conflicts || known.bits != atom->mask || !known.reaches) {
			return false;
		}
	}
	return true;
}

/* Drops what another one contains; of two that are the same the first. */
static void
drop_contained(struct pcap_lowered *out)
{
	for (uint32_t i = 0; i < out->count; i++) {
		for (uint32_t j = 0; j < out->count; j++) {
			if (i != j && out->filter[j].next != GRAPH_REJECT &&
			    contains(&out->filter[j], &out->filter[i])) {
				out->filter[i].next = GRAPH_REJECT;
				break;
			}
		}
	}
	compact(out);
}

/* The length of the IPv4 header in words, if the filter fixes it, else -1. */
static int
fixed_header(const struct pcap_filter *filter)
{
	for (int words = 0; words <= SHIFT_MASK; words++) {
		const struct exo_atom length = {.width = 1,
						.offset = SHIFT_OFFSET,
						.mask = SHIFT_MASK,
						.value = (uint64_t)words};
		struct known known = known_of(filter, &length, false);

		if (known.bits == SHIFT_MASK && !known.conflicts) {
			return words;
		}
	}
	return -1;
}

/* Does a field behind an IPv4 header of known length contradict one that is counted from the start?
 * The kernel, which sees that, would refuse the filter. */
static bool
is_impossible(const struct pcap_filter *filter)
{
	int words = filter->plain < filter->count ? fixed_header(filter) : -1;

	for (uint32_t i = filter->plain; words >= 0 && i < filter->count; i++) {
		struct exo_atom moved = filter->atoms[i];

		moved.offset = (uint16_t)(moved.offset + (words << SHIFT_SCALE));
		if (known_of(filter, &moved, false).conflicts) {
			return true;
		}
	}
	return false;
}

static void
drop_impossible(struct pcap_lowered *out)
{
	for (uint32_t i = 0; i < out->count; i++) {
		if (is_impossible(&out->filter[i])) {
			out->filter[i].next = GRAPH_REJECT;
		}
	}
	compact(out);
}

/* Puts the shift over the IPv4 header before the atoms behind it. */
static void
insert_shift(struct pcap_filter *filter)
{
	struct exo_atom *at = &filter->atoms[filter->plain];

	if (filter->plain == filter->count) {
		return;
	}
	memmove(at + 1, at, (filter->count - filter->plain) * sizeof(*at));
	*at = (struct exo_atom){.kind = EXO_ATOM_SHIFT,
				.width = 1,
				.scale = SHIFT_SCALE,
				.offset = SHIFT_OFFSET,
				.mask = SHIFT_MASK};
	filter->count++;
}

int
pcap_solve(struct pcap_lowered *out)
{
	int status = walk(out);

	if (status) {
		return status;
	}
	drop_impossible(out);
	drop_contained(out);
	for (uint32_t i = 0; i < out->count; i++) {
		insert_shift(&out->filter[i]);
	}
	return out->count ? 0 : pcap_refuse(out, 1, "no packet could match all of it");
}
