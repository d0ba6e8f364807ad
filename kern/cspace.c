/* SPDX-License-Identifier: MIT
 * cspace.c: capability spaces, see cspace.h. Tree lock held by all callers. No state but the empty
 * leaf.
 */
#include "kern/cspace.h"
#include "lib/base/string.h"

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
}

int
cspace_can_hang(const struct cspace *s, uint64_t leaf_index)
{
	if (leaf_index >= EXO_LEAVES_MAX) {
		return E_RANGE;
	}
	return s->leaf[leaf_index] == empty_leaf ? 0 : E_SLOT;
}

void
cspace_hang(struct captree *t, struct cspace *s, uint32_t leaf_index, struct cap *leaf)
{
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

		s->leaf[f->holder & (PAGE_SIZE - 1)] = empty_leaf;
		s->leaves--;
		f->holder = 0;
	}
}

void
cspace_clear(struct captree *t, struct cspace *s)
{
	for (uint32_t i = 0; s->leaves && i < EXO_LEAVES_MAX; i++) {
		if (s->leaf[i] != empty_leaf) {
			cspace_unhang(t, s->leaf[i]);
		}
	}
}
