/* SPDX-License-Identifier: MIT
 * trie_apart.c: is a new filter provably disjoint from those in a trie?
 *
 * Two filters are disjoint if a bit that both fix, at the same place under the same base, is 1 for
 * one and 0 for the other. The trie is gone through depth first with the new filter's bits in hand:
 * what is below a test that conflicts is disjoint and not looked at. Where the new filter fixes the
 * whole field of a table, only its value is looked at, so those that differ there cost nothing.
 * Bases: a view says where the new filter's tests of one base lie as seen from the trie's base.
 * Behind a shift that both have it is the next base of both. Where the new one fixes the field of
 * the trie's shift, the trie's base is a known number of bytes further. Where the trie fixes the
 * field of the new one's shift, its next base lies a known number of bytes further, and there are
 * two views. Else the bases have nothing to do with each other: no view is left, nothing below can
 * conflict, and a filter that is reached is in the way, unless `apart` knows better. Callers:
 * carving, with the tree lock. Pure: no state. Design: docs/design/filters.md
 */
#include "kern/net/trie.h"
#include "kern/net/trie_node.h"

/* Tests of the new filter from number `from` to its next shift are about the bytes that the trie
 * finds `delta` bytes before their offsets. */
struct view {
	uint8_t from;
	int16_t delta;
};

/* Where we are in the trie, and what of the new filter is comparable there. */
struct level {
	const struct trie_node *node;
	uint32_t slot; /* the next one of `branch` */
	uint8_t branch;
	uint8_t views;
	struct view view[2];
};

struct search {
	const struct canon *c;
	uint32_t steps;
	trie_apart apart;
	void *context;
};

/* A step was done. False: there were no more. */
static bool
spend(struct search *s)
{
	s->steps -= s->steps != 0;
	return s->steps != 0;
}

/* Add the bits that a view has of [offset, offset + 8), in memory order. */
static void
add_bits(struct search *s, const struct view *v, int32_t offset, uint64_t *mask, uint64_t *value)
{
	const struct canon *c = s->c;

	for (uint32_t i = v->from; i < c->count && spend(s); i++) {
		const struct filter_test *test = &c->test[i];
		int32_t later = 8 * (offset + v->delta - test->field.offset);

		if (test->field.kind == TEST_SHIFT || later <= -64) {
			break; /* under another base, or further: they are sorted */
		}
		if (later >= 0 && later < 64) {
			*mask |= test->mask >> later;
			*value |= test->value >> later;
		} else if (later < 0) {
			*mask |= test->mask << -later;
			*value |= test->value << -later;
		}
	}
}

/* All that c fixes there; too little when steps have run out. */
static uint64_t
bits_at(struct search *s, const struct level *l, int32_t offset, uint64_t *value)
{
	uint64_t mask = 0;

	*value = 0;
	for (uint32_t i = 0; i < l->views; i++) {
		add_bits(s, &l->view[i], offset, &mask, value);
	}
	return mask;
}

/* Does a test of the trie want another bit than c? */
static bool
conflicts(struct search *s, const struct level *l, const struct test_field *f, uint64_t mask,
	  uint64_t wanted)
{
	uint64_t value;
	uint64_t fixed = bits_at(s, l, f->offset, &value);

	return ((value ^ wanted) & fixed & mask) != 0;
}

/* The shift that ends a view, NULL: none. */
static const struct filter_test *
shift_of(const struct canon *c, const struct view *v)
{
	for (uint32_t i = v->from; i < c->count; i++) {
		if (c->test[i].field.kind == TEST_SHIFT) {
			return &c->test[i];
		}
	}
	return NULL;
}

/* How far c says that a shift of the trie goes; more than CANON_SPAN: it does not say. */
static uint64_t
step_of(struct search *s, const struct level *l, const struct test_field *f, uint64_t mask)
{
	uint64_t step = 0;
	uint64_t fixed = 0;

	for (uint32_t i = 0; i < f->width; i++) {
		uint64_t value;

		fixed = fixed << 8 | (bits_at(s, l, f->offset + (int32_t)i, &value) & 0xff);
		step = step << 8 | (value & 0xff);
	}
	return mask & ~fixed ? CANON_SPAN + 1 : (step & mask) << f->scale;
}

/* Is it the same shift in the trie and in c? Then both are in the next base. */
static bool
go_together(const struct canon *c, struct level *l, const struct test_field *f, uint64_t mask)
{
	for (uint32_t i = 0; i < l->views; i++) {
		struct view v = l->view[i];
		const struct filter_test *own = shift_of(c, &v);
		struct test_field moved = *f;

		moved.offset = (int16_t)(moved.offset + v.delta);
		moved.end = (uint16_t)(moved.end + v.delta);
		if (own && test_same_field(&moved, mask, own)) {
			v.from = (uint8_t)(own - c->test + 1);
			l->view[0] = v;
			l->views = 1;
			return true;
		}
	}
	return false;
}

/* The trie goes behind a shift. */
static void
go_behind(struct search *s, struct level *l, const struct test_field *f, uint64_t mask)
{
	uint64_t step;

	if (go_together(s->c, l, f, mask)) {
		return;
	}
	step = step_of(s, l, f, mask);
	if (step > CANON_SPAN || !l->views || l->view[0].delta + (int32_t)step > CANON_SPAN) {
		l->views = 0;
		return;
	}
	for (uint32_t i = 0; i < l->views; i++) {
		l->view[i].delta = (int16_t)(l->view[i].delta + (int16_t)step);
	}
}

/* The trie has passed a comparison. If that fixes the byte of c's shift, c's next base comes into
 * view. */
static void
learn(const struct search *s, struct level *l, const struct test_field *f, uint64_t mask,
      uint64_t value)
{
	const struct filter_test *own = l->views == 1 ? shift_of(s->c, &l->view[0]) : NULL;
	int32_t at = own ? own->field.offset - f->offset - l->view[0].delta : 0;
	uint64_t step;

	if (!own || own->field.width != 1 || at < 0 || at >= f->width ||
	    own->mask & ~(mask >> 8 * at)) {
		return;
	}
	step = (value >> 8 * at & own->mask) << own->field.scale;
	if (step <= CANON_SPAN) {
		l->view[1].from = (uint8_t)(own - s->c->test + 1);
		l->view[1].delta = (int16_t)(l->view[0].delta - (int32_t)step);
		l->views = 2;
	}
}

/* Does c conflict with the run of the node, or with what ends there? *found: the one in the way. */
static bool
enter(struct search *s, struct level *l, struct trie_filter **found)
{
	const struct trie_node *n = l->node;

	for (uint32_t i = 0; i < n->tests; i++) {
		const struct filter_test *test = &n->test[i];

		if (!spend(s)) {
			return true;
		}
		if (test->field.kind == TEST_SHIFT) {
			go_behind(s, l, &test->field, test->mask);
		} else if (conflicts(s, l, &test->field, test->mask, test->value)) {
			return false;
		} else {
			learn(s, l, &test->field, test->mask, test->value);
		}
	}
	for (struct trie_filter *f = n->filters; f && spend(s); f = f->next) {
		if (!s->apart || !s->apart(s->context, f)) {
			*found = f;
			return true;
		}
	}
	return true;
}

/* The child of a table that c can meet from *slot on; several if it does not fix the field. */
static const struct trie_node *
next_value(struct search *s, const struct level *l, const struct trie_branch *b, uint32_t *slot)
{
	uint32_t slots = 1u << b->table->bits;
	uint64_t value;
	uint64_t fixed = bits_at(s, l, b->field.offset, &value);

	if (!(b->mask & ~fixed)) {
		const struct trie_node *only =
			*slot < slots ? values_find(b, value & b->mask) : NULL;

		*slot = slots;
		return only;
	}
	while (*slot < slots && spend(s)) {
		const struct value_slot *at = &b->to.slots[(*slot)++];

		if (at->child && !((value ^ at->key) & fixed & b->mask)) {
			return at->child;
		}
	}
	return NULL;
}

/* The child of a branch with one value, if c can meet it. */
static const struct trie_node *
only_value(struct search *s, const struct level *l, const struct trie_branch *b, uint32_t *slot)
{
	bool seen = (*slot)++ ||
		    (b->field.kind == TEST_COMPARE && conflicts(s, l, &b->field, b->mask, b->key));

	return seen ? NULL : b->to.child;
}

/* The next node below l that c can meet, as a level of its own. */
static bool
descend(struct search *s, struct level *l, struct level *to)
{
	for (; l->branch < l->node->branches && spend(s); l->branch++, l->slot = 0) {
		const struct trie_branch *b = &node_branches(l->node)[l->branch];
		const struct trie_node *n =
			b->table ? next_value(s, l, b, &l->slot) : only_value(s, l, b, &l->slot);

		if (!n) {
			continue;
		}
		*to = *l;
		to->node = n;
		to->branch = 0;
		to->slot = 0;
		if (b->field.kind == TEST_SHIFT) {
			go_behind(s, to, &b->field, b->mask);
		} else {
			learn(s, to, &b->field, b->mask, n->key);
		}
		return true;
	}
	return false;
}

struct trie_filter *
trie_in_the_way(const struct trie *t, const struct canon *c, uint32_t steps, trie_apart apart,
		void *context)
{
	struct search s = {.c = c, .steps = steps, .apart = apart, .context = context};
	struct level level[TRIE_COST_MAX + 1];
	struct trie_filter *found = NULL;
	uint32_t depth = 0;

	level[0] = (struct level){.node = t->root, .views = 1};
	depth = t->root && enter(&s, &level[0], &found);
	while (depth && !found && s.steps) {
		if (!descend(&s, &level[depth - 1], &level[depth])) {
			depth--;
		} else if (enter(&s, &level[depth], &found)) {
			depth++;
		}
	}
	return found ? found : s.steps ? NULL : TRIE_UNKNOWN;
}
