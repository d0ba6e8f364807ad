/* SPDX-License-Identifier: MIT
 * filter_world.c: random filters in a trie, and the packets that tell whether it is right.
 *
 * Half of the filters are of the kind that people write (Ethernet, ARP, IPv4 with and without
 * options, ports, at fixed offsets or behind a shift), half are wild. Packets are drawn from the
 * same few values, or made to satisfy a filter, then cut off somewhere.
 * The model is filter_match of kern/net/filter.c for each filter by itself.
 */
#include "test/model/filter_world.h"
#include <exo/errors.h>
#include "kern/net/trie_node.h"
#include "lib/base/disjoint.h"
#include "lib/base/rand.h"
#include "lib/base/string.h"
#include "test/model/filter_rv64.h"

#define PACKETS_PER_STEP 4
#define STEPS_MAX        100000

static uint32_t
draw(struct filter_world *w, uint32_t limit)
{
	return (uint32_t)w->draw(w->from, limit);
}

/* --- atoms -------------------------------------------------------------------------------- */
static void
add_atom(struct world_filter *f, struct exo_atom a)
{
	if (f->atoms < EXO_ATOMS_MAX) {
		f->atom[f->atoms++] = a;
	}
}

/* A comparison, as one atom or bytewise. */
static void
add_field(struct filter_world *w, struct world_filter *f, uint32_t offset, uint32_t width,
	  uint64_t mask, uint64_t value)
{
	bool whole = draw(w, 4) != 0;
	uint32_t step = whole ? width : 1;

	for (uint32_t i = 0; i < width; i += step) {
		uint32_t right = 8 * (width - i - step);
		uint64_t all = step == 8 ? ~0ul : (1ul << 8 * step) - 1;
		uint64_t m = mask >> right & all;

		add_atom(f, (struct exo_atom){.kind = EXO_ATOM_COMPARE,
					      .width = (uint8_t)step,
					      .offset = (uint16_t)(offset + i),
					      .mask = m,
					      .value = value >> right & m});
	}
}

static void
add_shift(struct world_filter *f)
{
	add_atom(
		f,
		(struct exo_atom){
			.kind = EXO_ATOM_SHIFT, .width = 1, .offset = 14, .mask = 0xf, .scale = 2});
}

static void
add_ports(struct filter_world *w, struct world_filter *f)
{
	bool shifted = draw(w, 2);
	uint32_t transport = shifted ? 14 : 34;

	if (draw(w, 2)) {
		add_field(w, f, 14, 1, 0xff, 0x45);
	}
	if (draw(w, 2)) {
		add_field(w, f, 20, 2, 0x3fff, 0);
	}
	if (shifted) {
		add_shift(f);
	}
	if (draw(w, 3) == 0) {
		add_field(w, f, transport, 2, 0xffff, 1000 + draw(w, 3));
	}
	add_field(w, f, transport + 2, 2, 0xffff, 80 + draw(w, 12));
}

static void
add_usual(struct filter_world *w, struct world_filter *f)
{
	bool ip = draw(w, 4) != 0;

	if (draw(w, 8) == 0) {
		add_field(w, f, 0, 4, 0xffffffff, 0x02000000 + draw(w, 2));
	}
	add_field(w, f, 12, 2, 0xffff, ip ? 0x0800 : 0x0806);
	if (!ip || draw(w, 8) == 0) {
		return;
	}
	if (draw(w, 6)) {
		add_field(w, f, 23, 1, 0xff, draw(w, 2) ? 6 : 17);
	}
	if (draw(w, 3)) {
		add_field(w, f, 30, 4, draw(w, 5) ? 0xffffffff : 0xffffff00,
			  0x0a000200 + (draw(w, 2) ? draw(w, 3) : 0));
		f->atom[f->atoms - 1].value &= f->atom[f->atoms - 1].mask;
	}
	if (draw(w, 4)) {
		add_ports(w, f);
	}
}

static void
add_wild(struct filter_world *w, struct world_filter *f)
{
	static const uint8_t widths[] = {1, 1, 2, 2, 4, 8};
	uint32_t count = draw(w, 5);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t width = widths[draw(w, 6)];
		uint64_t bits = 0;
		uint64_t value = 0;

		for (uint32_t j = 0; j < width; j++) {
			bits = bits << 8 | (draw(w, 3) ? draw(w, 256) & draw(w, 256) : 0);
			value = value << 8 | (draw(w, 2) ? draw(w, 256) : 0);
		}
		if (draw(w, 5)) {
			add_field(w, f, draw(w, 20), width, bits, value & bits);
			continue;
		}
		add_atom(f, (struct exo_atom){.kind = EXO_ATOM_SHIFT,
					      .width = (uint8_t)width,
					      .offset = (uint16_t)draw(w, 16),
					      .mask = width == 1 ? bits & 7 : bits & 0x303,
					      .scale = (uint8_t)draw(w, 4)});
	}
}

static void
draw_filter(struct filter_world *w, struct world_filter *f)
{
	f->atoms = w->parent.atoms;
	memcpy(f->atom, w->parent.atom, f->atoms * sizeof(f->atom[0]));
	if (draw(w, 2)) {
		add_usual(w, f);
	} else {
		add_wild(w, f);
	}
}

static int
make_canon(const struct filter_world *w, const struct world_filter *f, struct canon *c)
{
	return canon_make(c, w->parent.atom, w->parent.atoms, f->atom + w->parent.atoms,
			  f->atoms - w->parent.atoms);
}

/* --- packets ------------------------------------------------------------------------------ */
static void
put(struct filter_world *w, uint32_t at, uint32_t width, uint64_t value)
{
	for (; width; width--, at++) {
		w->packet[at] = (uint8_t)(value >> 8 * (width - 1));
	}
}

static void
draw_usual_packet(struct filter_world *w)
{
	uint32_t ihl = draw(w, 3) ? 5 : 5 + draw(w, 4);
	uint32_t transport = 14 + 4 * ihl;

	put(w, 0, 4, 0x02000000 + draw(w, 2));
	put(w, 12, 2, draw(w, 5) ? 0x0800 : 0x0806);
	put(w, 14, 1, 0x40 + ihl);
	put(w, 20, 2, draw(w, 5) ? 0x4000 : draw(w, 65536));
	put(w, 23, 1, draw(w, 2) ? 6 : 17);
	put(w, 30, 4, 0x0a000200 + draw(w, 4));
	put(w, transport, 2, 1000 + draw(w, 3));
	put(w, transport + 2, 2, 80 + draw(w, 12));
}

/* Change the packet so that it satisfies the atoms, as far as later ones do not undo earlier. */
static void
satisfy(struct filter_world *w, const struct world_filter *f)
{
	uint64_t base = 0;

	for (uint32_t i = 0; i < f->atoms; i++) {
		const struct exo_atom *a = &f->atom[i];
		uint64_t at = base + a->offset;
		uint64_t have = 0;

		if (at + a->width > WORLD_PACKET) {
			return;
		}
		for (uint32_t j = 0; j < a->width; j++) {
			have = have << 8 | w->packet[at + j];
		}
		if (a->kind == EXO_ATOM_SHIFT) {
			base += (have & a->mask) << a->scale;
		} else {
			put(w, (uint32_t)at, a->width, (have & ~a->mask) | a->value);
		}
	}
}

static void
draw_packet(struct filter_world *w)
{
	uint32_t i = draw(w, WORLD_FILTERS);
	uint64_t noise = 1 + draw(w, 65536);

	w->bytes = draw(w, 3) ? WORLD_PACKET : draw(w, WORLD_PACKET);
	for (uint32_t j = 0; j < sizeof(w->room); j++) {
		w->room[j] = (uint8_t)(rand_below(&noise, 4) ? 0 : rand_next(&noise) >> 56);
	}
	if (draw(w, 2)) {
		draw_usual_packet(w);
	}
	if (draw(w, 2)) {
		satisfy(w, &w->parent);
	}
	if (draw(w, 2) && w->filter[i].used) {
		satisfy(w, &w->filter[i]);
	}
}

/* --- comparisons -------------------------------------------------------------------------- */
static bool
model_match(const struct filter_world *w, const struct world_filter *f)
{
	return filter_match(f->atom, f->atoms, w->packet, w->bytes);
}

/* Filters that are told apart must not meet in a packet. */
static bool
meet(const struct filter_world *w, const struct world_filter *f)
{
	for (uint32_t i = 0; i < WORLD_FILTERS; i++) {
		const struct world_filter *other = &w->filter[i];

		if (f->apart && other->used && other->since < f->since && model_match(w, other)) {
			return true;
		}
	}
	return false;
}

/* The hits are exactly the filters that match. */
static const char *
compare(struct filter_world *w, const struct trie_hit *hits, uint32_t count)
{
	bool hit[WORLD_FILTERS] = {false};

	if (count > TRIE_HITS_MAX) {
		return "more hits than promised";
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct trie_filter *f = trie_filters(hits[i].node);

		for (; f; f = f->next) {
			size_t at =
				(size_t)((const struct world_filter *)(const void *)f - w->filter);

			if (hit[at]) {
				return "a filter hit twice";
			}
			hit[at] = true;
		}
	}
	for (uint32_t i = 0; i < WORLD_FILTERS; i++) {
		bool match = w->filter[i].used && model_match(w, &w->filter[i]);

		if (match != hit[i]) {
			return match ? "the trie misses a filter" : "the trie finds too much";
		}
		w->matched += match;
		if (match && meet(w, &w->filter[i])) {
			return "a packet matches two that are disjoint";
		}
	}
	return NULL;
}

/* Compiled code; sometimes a change later than it could be, so that nodes without code are met. */
static uint32_t
run_compiled(struct filter_world *w, const struct trie *t, const uint8_t *base,
	     struct trie_hit *hits)
{
	if (draw(w, 3) == 0) {
		filter_rv64_compile(w->machine);
	}
	return filter_rv64_run(w->machine, t, base, w->packet + w->bytes, hits);
}

/* Where compiled code finds something else. */
static bool
engine_differs(struct filter_world *w, const struct trie *t, const uint8_t *base,
	       const struct trie_hit *hits, uint32_t count)
{
	struct trie_hit other[TRIE_HITS_MAX];
	uint32_t same = 0;
	uint32_t n = w->machine ? run_compiled(w, t, base, other) : count;

	if (!w->machine || n != count) {
		return n != count;
	}
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < count; j++) {
			same += hits[i].node == other[j].node && hits[i].base == other[j].base;
		}
	}
	return same != count;
}

static const char *
check_packet(struct filter_world *w)
{
	const uint8_t *end = w->packet + w->bytes;
	struct trie_hit above[TRIE_HITS_MAX];
	struct trie_hit hits[TRIE_HITS_MAX];
	uint32_t count = trie_walk(&w->above, w->packet, end, above);

	if (count != model_match(w, &w->parent)) {
		return "the parent's trie is wrong";
	}
	if (engine_differs(w, &w->above, w->packet, above, count)) {
		return w->machine->wrong ? w->machine->wrong : "the engines differ at the parent";
	}
	if (!count) {
		return NULL;
	}
	count = trie_walk(&w->trie, above[0].base, end, hits);
	if (engine_differs(w, &w->trie, above[0].base, hits, count)) {
		return w->machine->wrong ? w->machine->wrong : "the engines differ";
	}
	return compare(w, hits, count);
}

/* --- changes ------------------------------------------------------------------------------ */
struct asking {
	const struct filter_world *w;
	const struct world_filter *f;
};

static bool
pairwise(void *context, struct trie_filter *other)
{
	const struct asking *a = context;
	const struct world_filter *o = (const struct world_filter *)(const void *)other;

	return atoms_disjoint(a->f->atom, a->f->atoms, o->atom, o->atoms);
}

static const char *
check_disjoint(struct filter_world *w, struct world_filter *f, const struct canon *c)
{
	struct asking a = {w, f};
	bool all = true;
	struct trie_filter *helped = trie_in_the_way(&w->trie, c, STEPS_MAX, pairwise, &a);

	f->apart = !trie_in_the_way(&w->trie, c, STEPS_MAX, NULL, NULL);
	for (uint32_t i = 0; i < WORLD_FILTERS && all; i++) {
		all = !w->filter[i].used || &w->filter[i] == f || pairwise(&a, &w->filter[i].link);
	}
	w->proven += f->apart;
	w->known_disjoint += all;
	if (all && helped) {
		return "less is proven than by pairs";
	}
	if (f->apart && helped) {
		return "help makes it worse";
	}
	f->apart |= !helped;
	return helped && pairwise(&a, helped) ? "who is in the way is not" : NULL;
}

static const char *
insert(struct filter_world *w, struct world_filter *f)
{
	struct canon c;
	const char *wrong;
	int error;

	draw_filter(w, f);
	error = make_canon(w, f, &c);
	if (error) {
		w->refused++;
		return error != E_INVAL && error != E_RANGE && error != E_LIMIT
			       ? "a canonical form fails in a new way"
			       : NULL;
	}
	wrong = check_disjoint(w, f, &c);
	if (w->carving && !f->apart) {
		return wrong;
	}
	error = trie_insert(&w->store, &w->trie, &c, &f->link);
	f->used = !error;
	f->since = ++w->inserted;
	w->full += error != 0;
	return wrong                                             ? wrong
	       : error && error != E_NOSPACE && error != E_LIMIT ? "an insertion fails in a new way"
								 : NULL;
}

static const char *
check_invariants(const struct filter_world *w)
{
	const char *wrong = trie_check(&w->store, &w->trie);

	return wrong ? wrong : slab_check(&w->slab);
}

const char *
filter_world_step(struct filter_world *w)
{
	struct world_filter *f = &w->filter[draw(w, WORLD_FILTERS)];
	const char *wrong = NULL;

	if (f->used && draw(w, 3)) {
		trie_remove(&w->store, &w->trie, &f->link);
		f->used = false;
		w->removed++;
	} else if (!f->used) {
		wrong = insert(w, f);
	}
	wrong = wrong ? wrong : check_invariants(w);
	for (uint32_t i = 0; i < PACKETS_PER_STEP && !wrong; i++) {
		draw_packet(w);
		wrong = check_packet(w);
	}
	return wrong;
}

const char *
filter_world_end(struct filter_world *w)
{
	const char *wrong = NULL;

	for (uint32_t i = 0; i < WORLD_FILTERS && !wrong; i++) {
		if (w->filter[i].used) {
			trie_remove(&w->store, &w->trie, &w->filter[i].link);
			w->filter[i].used = false;
			wrong = check_invariants(w);
		}
	}
	trie_remove(&w->store, &w->above, &w->parent.link);
	for (uint32_t i = 0; i < w->shapes.used && !wrong; i++) {
		wrong = w->shapes.shape[i].nodes ? "a shape without nodes has some" : NULL;
	}
	return wrong                                   ? wrong
	       : w->trie.root                          ? "an empty trie has a node"
	       : w->slab.free_blocks != w->slab.blocks ? "memory is lost"
						       : NULL;
}

void
filter_world_compiled(struct filter_world *w, struct filter_rv64 *machine)
{
	memset(machine, 0, sizeof(*machine));
	machine->shapes = &w->shapes;
	machine->readable[0].start = w->memory;
	machine->readable[0].bytes = sizeof(w->memory);
	machine->readable[1].start = w->room;
	machine->readable[1].bytes = sizeof(w->room);
	w->machine = machine;
}

void
filter_world_init(struct filter_world *w, filter_draw draw_number, void *from, uint32_t bytes)
{
	struct canon c;

	memset(w, 0, sizeof(*w));
	w->draw = draw_number;
	w->from = from;
	w->packet = w->room + FRAME_SKEW;
	w->carving = draw(w, 2);
	slab_init(&w->slab, w->memory, bytes);
	shapes_init(&w->shapes, RV64_WITHOUT);
	w->store = (struct trie_store){.slab = &w->slab, .shapes = &w->shapes, .seed = 20261128};
	do {
		w->parent.atoms = 0;
		if (draw(w, 2)) {
			add_usual(w, &w->parent);
		} else {
			add_wild(w, &w->parent);
		}
		w->parent.atoms = w->parent.atoms > 5 ? 5 : w->parent.atoms;
	} while (canon_make(&c, NULL, 0, w->parent.atom, w->parent.atoms));
	(void)trie_insert(&w->store, &w->above, &c, &w->parent.link);
}
