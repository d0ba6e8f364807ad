/* SPDX-License-Identifier: MIT
 * shape.c: shapes of nodes, each once, with the number of nodes that have it.
 *
 * The thousandth filter of a kind has the shapes of the first, so it needs no new code. A shape
 * that no node has keeps its code until the array is full and its place is needed. Who brings
 * shapes in that nobody has yet may have some of the array only.
 * State:      the caller's struct shapes. Pure.
 * Invariants: a shape stands once; `nodes` counts those that name it; no node has the code of
 *             another shape, so code may be replaced as soon as `nodes` is 0; *share counts the
 *             shapes with nodes that name it.
 */
#include "kern/net/shape.h"
#include "kern/net/trie_node.h"
#include "lib/base/string.h"

static struct arch_filter_item
item(const struct test_field *f, uint64_t mask, bool table)
{
	uint64_t all = f->width == 8 ? ~0ul : (1ul << 8 * f->width) - 1;

	_Static_assert((int)ARCH_FILTER_COMPARE == TEST_COMPARE &&
			       (int)ARCH_FILTER_MOVE == TEST_SHIFT,
		       "one kind, two names");
	return (struct arch_filter_item){
		.offset = f->offset,
		.end = f->end,
		.width = f->width,
		.kind = table ? ARCH_FILTER_TABLE : f->kind,
		.scale = f->scale,
		.full = mask == all,
	};
}

bool
shape_describe(const struct trie_node *n, struct arch_filter_shape *to)
{
	const struct trie_branch *b = node_branches(n);
	struct arch_filter_item *next = to->item;

	if (n->tests + n->branches > ARCH_FILTER_ITEMS_MAX) {
		return false;
	}
	to->known_bytes = n->known_bytes;
	to->tests = n->tests;
	to->branches = n->branches;
	to->hit = n->filters != NULL;
	to->zero[0] = to->zero[1] = to->zero[2] = 0;
	for (uint32_t i = 0; i < n->tests; i++) {
		*next++ = item(&n->test[i].field, n->test[i].mask, false);
	}
	for (uint32_t i = 0; i < n->branches; i++) {
		*next++ = item(&b[i].field, b[i].mask, b[i].table);
	}
	return true;
}

size_t
shape_bytes(const struct arch_filter_shape *a)
{
	return offsetof(struct arch_filter_shape, item) +
	       (size_t)(a->tests + a->branches) * sizeof(a->item[0]);
}

static uint16_t *
bucket_of(struct shapes *s, const struct arch_filter_shape *a)
{
	const word64 *word = (const void *)a;
	uint64_t hash = 0;

	for (size_t i = 0; i < shape_bytes(a) / sizeof(*word); i++) {
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15ul;
		hash ^= hash >> 32;
	}
	return &s->bucket[hash % SHAPE_BUCKETS];
}

/* Both lie aligned, so this is quick. */
static bool
same(const struct arch_filter_shape *a, const struct arch_filter_shape *b)
{
	return a->tests == b->tests && a->branches == b->branches && !memcmp(a, b, shape_bytes(a));
}

static void
forget(struct shapes *s, uint32_t number)
{
	uint16_t *link = bucket_of(s, &s->shape[number].what);

	while (*link != number) {
		link = &s->shape[*link].next;
	}
	*link = s->shape[number].next;
}

/* A place for one more: never used, or of a shape that no node has. */
static uint32_t
place(struct shapes *s)
{
	if (s->used < SHAPES_MAX) {
		return s->used++;
	}
	for (uint32_t i = 0; i < SHAPES_MAX; i++) {
		if (!s->shape[i].nodes) {
			forget(s, i);
			return i;
		}
	}
	return SHAPE_NONE;
}

static uint32_t
find(struct shapes *s, const struct arch_filter_shape *what)
{
	uint16_t *bucket = bucket_of(s, what);
	uint32_t i = *bucket;

	while (i != SHAPE_NONE && !same(what, &s->shape[i].what)) {
		i = s->shape[i].next;
	}
	if (i != SHAPE_NONE) {
		return i;
	}
	i = place(s);
	if (i != SHAPE_NONE) {
		s->shape[i].code = 0;
		s->shape[i].nodes = 0;
		s->shape[i].tried = false;
		s->shape[i].next = *bucket;
		memcpy(&s->shape[i].what, what, shape_bytes(what));
		*bucket = (uint16_t)i;
	}
	return i;
}

void
shapes_init(struct shapes *s, uint64_t without)
{
	s->without = without;
	s->used = 0;
	s->share = NULL;
	for (uint32_t i = 0; i < SHAPE_BUCKETS; i++) {
		s->bucket[i] = SHAPE_NONE;
	}
}

void
shape_leave(struct shapes *s, struct trie_node *n)
{
	if (s && n->shape != SHAPE_NONE) {
		struct shape *shape = &s->shape[n->shape];

		n->shape = SHAPE_NONE;
		if (!--shape->nodes && shape->share) {
			--*shape->share;
		}
	}
}

void
shape_disown(struct shapes *s, uint8_t *share)
{
	for (uint32_t i = 0; *share && i < s->used; i++) {
		if (s->shape[i].nodes && s->shape[i].share == share) {
			s->shape[i].share = NULL;
			--*share;
		}
	}
}

/* One more node has it. False: whoever brought it in would have too many. */
static bool
join(struct shapes *s, uint32_t number)
{
	struct shape *shape = &s->shape[number];

	if (!shape->nodes) {
		if (s->share && *s->share == SHAPES_SHARE) {
			return false;
		}
		shape->share = s->share;
		if (s->share) {
			++*s->share;
		}
	}
	shape->nodes++;
	return true;
}

uint64_t
shape_code(const struct shapes *s, const struct trie_node *n)
{
	uint64_t code = n->shape == SHAPE_NONE ? 0 : s->shape[n->shape].code;

	return code ? code : s->without;
}

void
shape_enter(struct shapes *s, struct trie_node *n)
{
	struct arch_filter_shape what;

	shape_leave(s, n);
	if (!s) {
		return;
	}
	if (shape_describe(n, &what)) {
		uint32_t number = find(s, &what);

		n->shape = number != SHAPE_NONE && join(s, number) ? (uint16_t)number : SHAPE_NONE;
	}
	n->code = shape_code(s, n);
}

uint32_t
shape_wanted(const struct shapes *s)
{
	for (uint32_t i = 0; i < s->used; i++) {
		if (s->shape[i].nodes && !s->shape[i].tried) {
			return i;
		}
	}
	return SHAPE_NONE;
}

void
shape_compiled(struct shapes *s, uint32_t number, uint64_t code)
{
	s->shape[number].tried = true;
	s->shape[number].code = code;
}
