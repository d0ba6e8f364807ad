/* SPDX-License-Identifier: MIT
 * tree.c: all capabilities that can be seen, as a tree.
 *
 * Each tells its place and its parent's; sorted by place, a parent is found by halving. The tree
 * may change while it is looked at: what has lost its parent becomes a root, and a place that was
 * seen twice stands there twice.
 */
#include "user/monitor/tree.h"

#include <stdlib.h>
#include <string.h>

#include "lib/exo/call.h"

static struct {
	uint32_t count;
	struct tree_cap caps[TREE_NODES];
} tree;

/* What one environment holds. False if there is no room for all of it. */
static bool
collect(const struct world_env *env)
{
	int64_t handle = 0;

	for (;;) {
		struct tree_cap *cap = &tree.caps[tree.count];

		if (tree.count == TREE_NODES) {
			return false;
		}
		*cap = (struct tree_cap){.owner = env->name};
		handle = exo_env_inspect(env->handle, EXO_HANDLE_INDEX(handle) + 1, &cap->info);
		if (handle < 0) {
			return true;
		}
		cap->env = env->handle;
		cap->handle = (exo_handle)handle;
		cap->slot = EXO_HANDLE_INDEX(handle);
		tree.count++;
	}
}

static int
by_place(const void *a, const void *b)
{
	uint64_t x = ((const struct tree_cap *)a)->info.place;
	uint64_t y = ((const struct tree_cap *)b)->info.place;

	return x < y ? -1 : x > y;
}

static struct tree_cap *
find(uint64_t place)
{
	struct tree_cap wanted = {.info.place = place};

	return place ? bsearch(&wanted, tree.caps, tree.count, sizeof(wanted), by_place) : NULL;
}

/* Hangs `cap` among its siblings, which are ordered by what they name. */
static void
hang(struct tree_cap *cap)
{
	struct tree_cap **at;

	cap->parent = find(cap->info.parent);
	if (!cap->parent) {
		return;
	}
	at = &cap->parent->child;
	while (*at && (*at)->info.start <= cap->info.start) {
		at = &(*at)->next;
	}
	cap->next = *at;
	*at = cap;
}

uint32_t
tree_look(bool *is_cut)
{
	struct world_env env;

	tree.count = 0;
	*is_cut = false;
	for (uint32_t n = 0; world_at(n, &env); n++) {
		*is_cut |= env.handle && !collect(&env);
	}
	qsort(tree.caps, tree.count, sizeof(tree.caps[0]), by_place);
	for (uint32_t i = 0; i < tree.count; i++) {
		hang(&tree.caps[i]);
	}
	return tree.count;
}

struct tree_cap *
tree_at(uint32_t n)
{
	return n < tree.count ? &tree.caps[n] : NULL;
}
