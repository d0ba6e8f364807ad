/* SPDX-License-Identifier: MIT
 * filter_world.c: random filters in a trie, and the packets that tell whether it is right.
 *
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

/* As canon_make, in steps, as the kernel does it. */
static int
make_canon(struct filter_world *w, const struct world_filter *f, struct canon *c)
{
	struct canon_work work;
	uint32_t units;
	int error;

	memcpy(work.atom, f->atom, f->atoms * sizeof(f->atom[0]));
	canon_begin(&work, f->atoms, w->parent.atoms);
	do {
		units = CANON_WORK_MIN + world_draw(w, 16);
		error = canon_step(&work, c, &units);
	} while (error == CANON_AGAIN);
	return error;
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
	if (world_draw(w, 3) == 0) {
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

/* Which of the filter's own tests stands here; CANON_TESTS_MAX: none. */
static uint32_t
own_test(const struct canon *c, const struct exo_filter_test *test)
{
	const struct test_field f = {.offset = test->offset,
				     .end = test->end,
				     .width = test->width,
				     .kind = test->kind,
				     .scale = test->scale};

	for (uint32_t i = 0; i < c->count; i++) {
		if (test_same_field(&f, test->mask, &c->test[i]) &&
		    c->test[i].value == test->value) {
			return i;
		}
	}
	return CANON_TESTS_MAX;
}

/* The way to where a filter ends is what it tests, nothing else and nothing less. */
static const char *
check_way(const struct filter_world *w, const struct world_filter *f)
{
	struct exo_filter_test way[EXO_TESTS_MAX];
	uintptr_t end = f->link.back;
	struct canon c;
	uint32_t first;

	if (!f->used || !(end & 1)) {
		return NULL;
	}
	(void)canon_make(&c, w->parent.atom, w->parent.atoms, f->atom + w->parent.atoms,
			 f->atoms - w->parent.atoms);
	first = trie_path((const struct trie_node *)(end - 1), w->memory, way);
	if (EXO_TESTS_MAX - first != c.count) {
		return "the way to a filter is not as long as what it tests";
	}
	for (uint32_t i = first; i < EXO_TESTS_MAX; i++) {
		uint32_t own = own_test(&c, &way[i]);

		if (own == CANON_TESTS_MAX || way[i].node >= WORLD_MEMORY_BYTES) {
			return "on the way to a filter stands what it does not test";
		}
		c.test[own].field.kind = 0; /* each once */
	}
	return NULL;
}

static const char *
check_invariants(const struct filter_world *w)
{
	const char *wrong = trie_check(&w->store, &w->trie);

	for (uint32_t i = 0; i < WORLD_FILTERS && !wrong; i++) {
		wrong = check_way(w, &w->filter[i]);
	}
	return wrong ? wrong : slab_check(&w->slab, w->slab.free_blocks);
}

/* Both halves of an insertion; or the first, and that it is given up, and both again. */
static int
insert_halves(struct filter_world *w, struct world_filter *f, const struct canon *c,
	      const char **wrong)
{
	int error = trie_insert(&w->store, &w->trie, c, &f->link);

	if (error != TRIE_AGAIN) {
		return error;
	}
	*wrong = check_invariants(w);
	if (!*wrong && world_draw(w, 2)) {
		trie_tidy(&w->store, &w->trie, c);
		*wrong = check_invariants(w);
	}
	return trie_insert_whole(&w->store, &w->trie, c, &f->link);
}

static const char *
insert(struct filter_world *w, struct world_filter *f)
{
	struct canon c;
	const char *wrong;
	const char *halves = NULL;
	int error;

	filter_world_filter(w, f);
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
	error = insert_halves(w, f, &c, &halves);
	f->used = !error;
	f->since = ++w->inserted;
	w->full += error != 0;
	return wrong                                             ? wrong
	       : halves                                          ? halves
	       : error && error != E_NOSPACE && error != E_LIMIT ? "an insertion fails in a new way"
								 : NULL;
}


const char *
filter_world_step(struct filter_world *w)
{
	struct world_filter *f = &w->filter[world_draw(w, WORLD_FILTERS)];
	const char *wrong = NULL;

	if (f->used && world_draw(w, 3)) {
		trie_remove(&w->store, &w->trie, &f->link);
		f->used = false;
		w->removed++;
	} else if (!f->used) {
		wrong = insert(w, f);
	}
	wrong = wrong ? wrong : check_invariants(w);
	for (uint32_t i = 0; i < PACKETS_PER_STEP && !wrong; i++) {
		filter_world_packet(w);
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
	w->carving = world_draw(w, 2);
	slab_init(&w->slab, w->memory, bytes);
	shapes_init(&w->shapes, RV64_WITHOUT);
	w->store = (struct trie_store){.slab = &w->slab, .shapes = &w->shapes, .seed = 20261128};
	do {
		w->parent.atoms = 0;
		filter_world_filter(w, &w->parent); /* of no parent */
		w->parent.atoms = w->parent.atoms > 5 ? 5 : w->parent.atoms;
	} while (canon_make(&c, NULL, 0, w->parent.atom, w->parent.atoms));
	(void)trie_insert_whole(&w->store, &w->above, &c, &w->parent.link);
}
