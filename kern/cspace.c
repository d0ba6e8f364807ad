/* SPDX-License-Identifier: MIT
 * cspace.c: capability spaces, see cspace.h. Tree lock held by all callers. No state but the empty
 * leaf.
 */
#include "kern/cspace.h"
#include "lib/base/string.h"

#define USERS_LOOKED_AT 8 /* dead ones passed over in one call */

static struct cap empty_leaf[EXO_SLOTS_PER_LEAF]
	__attribute__((aligned(4096))) = {[0 ... EXO_SLOTS_PER_LEAF - 1] = {.word = CAP_RETIRED}};

static struct frame *
leaf_frame(const struct captree *t, const struct cap *leaf)
{
	return frame_at(t, arch_physical(leaf) >> PAGE_SHIFT);
}

void
cspace_init(struct cspace *s)
{
#pragma GCC unroll 24
	for (uint32_t i = 0; i < EXO_LEAVES_MAX; i++) {
		s->leaf[i] = empty_leaf;
	}
	memset(&s->leaves, 0, sizeof(*s) - offsetof(struct cspace, leaves));
	list_init(&s->users);
}

bool
cspace_has_leaf(const struct cspace *s, uint32_t index)
{
	return s->leaf[index / EXO_SLOTS_PER_LEAF] != empty_leaf;
}

void
cspace_use(struct cspace *s, struct env *e)
{
	e->cspace = s;
	list_push_front(&s->users, &e->cspace_node);
}

struct env *
cspace_user(struct cspace *s)
{
	for (int i = 0; i < USERS_LOOKED_AT && !list_is_empty(&s->users); i++) {
		struct env *e = container_of(s->users.next, struct env, cspace_node);

		if (!env_is_off(e)) {
			return e;
		}
		list_remove(&e->cspace_node);
		list_push_back(&s->users, &e->cspace_node);
	}
	return NULL;
}

/* A leaf hung where one was before must not give its handles new meaning: the slots of the next one
 * go on from the highest generation that this one had. */
static void
note_generations(struct cspace *s, const struct cap *leaf, bool first)
{
	for (uint32_t i = first; i < EXO_SLOTS_PER_LEAF; i++) {
		uint64_t next = (leaf[i].word >> CAP_GENERATION_SHIFT) + 1;

		s->generation = next > s->generation ? next : s->generation;
	}
	if (s->generation > CAP_GENERATION_MAX) {
		s->generation = CAP_GENERATION_MAX + 1ul;
	}
}

int
cspace_can_hang(const struct cspace *s, uint64_t leaf_index)
{
	if (leaf_index >= EXO_LEAVES_MAX) {
		return E_RANGE;
	}
	return cspace_has_leaf(s, (uint32_t)leaf_index * EXO_SLOTS_PER_LEAF) ? E_SLOT : 0;
}

void
cspace_hang(struct captree *t, struct cspace *s, uint32_t leaf_index, struct cap *leaf)
{
	for (uint32_t i = 0; s->generation && i < EXO_SLOTS_PER_LEAF; i++) {
		leaf[i].word = s->generation << CAP_GENERATION_SHIFT;
	}
	if (leaf_index == 0) {
		leaf[0].word = CAP_RETIRED;
	}
	s->leaf[leaf_index] = leaf;
	s->leaves++;
	leaf_frame(t, leaf)->holder = arch_physical(s) | leaf_index;
}

void
cspace_unhang(struct captree *t, struct cap *leaf)
{
	struct frame *f = leaf_frame(t, leaf);

	if (f->holder) {
		struct cspace *s = arch_ram(f->holder & ~(PAGE_SIZE - 1));
		uint64_t index = f->holder & (PAGE_SIZE - 1);

		note_generations(s, leaf, index == 0);
		s->leaf[index] = empty_leaf;
		s->leaves--;
		f->holder = 0;
	}
}

void
cspace_clear(struct captree *t, struct cspace *s)
{
	for (uint32_t i = 0; s->leaves && i < EXO_LEAVES_MAX; i++) {
		if (s->leaf[i] != empty_leaf) {
			leaf_frame(t, s->leaf[i])->holder = 0;
			s->leaf[i] = empty_leaf;
			s->leaves--;
		}
	}
}
