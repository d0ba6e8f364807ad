/* SPDX-License-Identifier: MIT
 * cap_world.c: the small machine of cap_world.h: its RAM, its types with their hooks, and the
 * comparison.
 *
 * Pages of the RAM: 2 the slots, 4 and 5 a pair of page-table entries and their links, 6 nodes in
 * objects.
 */
#include "test/model/cap_world.h"

#include <string.h>

#define SLOT_PAGE  2
#define PAIR_PAGE  4
#define NODE_PAGE  6
#define BASE_PAGE  0x80000ul
#define BLOCK_BASE (1ul << EXO_BLOCK_DISK_SHIFT)
#define UNTOUCHED  0xa5 /* fills pages 0 and 1, where links of 0 would lead */
#define ROOT_COUNT 64

struct cap *
world_cap(const struct world *w, int slot)
{
	return (struct cap *)(w->ram + SLOT_PAGE * EXO_PAGE_SIZE) + slot;
}

int
world_slot(const struct world *w, const struct cap *c)
{
	return (int)(c - world_cap(w, 0));
}

uint32_t
world_binding_id(const struct world *w, int binding)
{
	if (binding & 1) {
		return bind_object_id(&w->tree, w->ram + NODE_PAGE * EXO_PAGE_SIZE + binding * 16);
	}
	return bind_pte_id(&w->tree, w->ram + PAIR_PAGE * EXO_PAGE_SIZE + binding * 8);
}

int
world_binding_of(const struct world *w, uint32_t id)
{
	for (int i = 0; i < WORLD_BINDINGS; i++) {
		if (world_binding_id(w, i) == id) {
			return i;
		}
	}
	return -1;
}

void
world_expect(struct world *w, bool holds, const char *what)
{
	if (!holds && !w->failure) {
		w->failure = what;
	}
}

/* --- hooks --- */

static struct world *
world_of(struct captree *t)
{
	return (struct world *)t;
}

static bool
packet_is_disjoint(struct captree *t, const struct cap *c, const struct cap *with)
{
	(void)t;
	return !(c->start & with->start);
}

static int
any_unbind(struct captree *t, struct cap *c, uint32_t id)
{
	struct world *w = world_of(t);
	int i = world_binding_of(w, id);

	world_expect(w, i >= 0 && w->binding[i].cap == world_slot(w, c),
		     "unbind got a binding of another capability");
	if (i < 0 || w->binding[i].busy) {
		return E_BUSY;
	}
	bind_unlink(t, id);
	w->model.slot[w->binding[i].cap].bindings--;
	w->binding[i].cap = -1;
	w->unbound++;
	t->broken = true;
	return 0;
}

static void
any_destroy(struct captree *t, struct cap *c)
{
	struct world *w = world_of(t);

	world_expect(w, cap_type(c) == w->model.slot[world_slot(w, c)].type,
		     "destroy got a slot that is not filled");
	const struct cap *above = cap_at(t, c->up & ~CAP_PARENT);
	uint32_t id = cap_id(t, c);
	world_expect(w, above->child != id && above->left != id && above->right != id,
		     "destroy came before the unlink");
	w->destroyed = world_slot(w, c);
}

static void
any_lost(struct captree *t, const struct cap *c)
{
	struct world *w = world_of(t);

	world_expect(w, cap_parent(t, c) != NULL, "lost came after the unlink");
	w->lost = world_slot(w, c);
}

static bool
any_fenced(struct captree *t)
{
	return world_of(t)->fenced;
}

static const struct cap_type types[EXO_CAP_TYPES] = {
	[EXO_CAP_FRAME] = {.unbind = any_unbind},
	[EXO_CAP_BLOCK] = {.unbind = any_unbind},
	[EXO_CAP_PACKET] = {.is_disjoint = packet_is_disjoint,
			    .unbind = any_unbind,
			    .destroy = any_destroy},
	[EXO_CAP_ENV] = {.unbind = any_unbind, .destroy = any_destroy},
	[EXO_CAP_TABLE] = {.unbind = any_unbind, .destroy = any_destroy},
	[EXO_CAP_CONSOLE] = {.unbind = any_unbind},
};

static void
world_root(struct world *w, int slot, uint32_t type, uint64_t start, uint64_t count)
{
	const struct model_cap wanted = {.rights = 0xff, .start = start, .count = count};

	cap_root(&w->tree, world_cap(w, slot), type, wanted.rights, start, count);
	model_add(&w->model, slot, slot, MODEL_ROOT, type, &wanted);
}

void
world_init(struct world *w, uint8_t *ram)
{
	memset(w, 0, sizeof(*w));
	memset(ram, 0, WORLD_PAGES * EXO_PAGE_SIZE);
	memset(ram, UNTOUCHED, 2 * EXO_PAGE_SIZE);
	w->ram = ram;
	w->tree = (struct captree){
		.base = ram,
		.base_page = BASE_PAGE,
		.pages = WORLD_PAGES,
		.types = types,
		.next_carve = 1,
		.owed = 1,
		.fenced = any_fenced,
		.lost = any_lost,
	};
	w->fenced = true;
	w->model.carves = 1;
	for (int i = 0; i < WORLD_BINDINGS; i++) {
		w->binding[i].cap = -1;
	}
	world_root(w, 0, EXO_CAP_FRAME, BASE_PAGE, ROOT_COUNT);
	world_root(w, 1, EXO_CAP_BLOCK, BLOCK_BASE, ROOT_COUNT);
	world_root(w, 2, EXO_CAP_PACKET, (1ul << WORLD_PACKETS) - 1, 30);
	world_root(w, 3, EXO_CAP_CONSOLE, 0, 0);
}

/* --- comparing --- */

static void
compare_slot(struct world *w, int i)
{
	const struct model_cap *m = &w->model.slot[i];
	const struct cap *c = world_cap(w, i);

	world_expect(w, c->word >> CAP_GENERATION_SHIFT == w->model.generation[i], "generation");
	world_expect(w, cap_type(c) == m->type, "type");
	if (!m->type || !cap_type(c)) {
		const struct cap empty = {.word = w->model.generation[i] << CAP_GENERATION_SHIFT};
		world_expect(w, !memcmp(c, &empty, sizeof(empty)),
			     "an empty slot is zero but for its generation");
		return;
	}
	const struct cap *parent = cap_parent(&w->tree, c);
	world_expect(w, cap_rights(c) == m->rights, "rights");
	world_expect(w, c->start == m->start, "start");
	world_expect(w, c->count == model_quota(&w->model, i), "count");
	world_expect(w, c->badge == m->badge, "badge");
	world_expect(w, c->carve == m->carve, "carve id");
	world_expect(w,
		     (c->word >> CAP_DEPTH_SHIFT & CAP_DEPTH_MASK) ==
			     (uint64_t)model_depth(&w->model, i),
		     "depth");
	world_expect(w, parent ? world_slot(w, parent) == m->parent : m->kind == MODEL_ROOT,
		     "parent");
	world_expect(w, !(c->word & CAP_DYING) == !m->dying, "dying");
	world_expect(w, !(c->word & CAP_LEAVING) == !m->leaving, "leaving");
	world_expect(w, !(c->word & CAP_WHOLE) == !model_is_whole(&w->model, i), "whole");
	world_expect(w, !(c->word & CAP_OBJECT) == (m->kind != MODEL_OBJECT), "object");
	uint64_t bindings = 0;
	for (uint32_t id = c->bindings; id; id = bind_at(&w->tree, id)->next & ~BIND_WRITABLE) {
		int b = world_binding_of(w, id);
		world_expect(w, b >= 0 && w->binding[b].cap == i,
			     "a binding is in the list of another capability");
		world_expect(w,
			     b >= 0 && !(bind_at(&w->tree, id)->next & BIND_WRITABLE) ==
					       !w->binding[b].writable,
			     "writable ceiling");
		bindings++;
	}
	world_expect(w, bindings == (uint64_t)m->bindings, "number of bindings");
}

const char *
world_compare(struct world *w)
{
	uint32_t dying = 0;

	for (int i = 0; i < MODEL_SLOTS; i++) {
		compare_slot(w, i);
	}
	for (int i = 0; i < MODEL_SLOTS && !w->failure; i++) {
		if (w->model.slot[i].type && w->model.slot[i].kind == MODEL_ROOT) {
			const char *broken = cap_check(&w->tree, world_cap(w, i));
			world_expect(w, !broken, broken);
			dying += w->failure ? 0 : cap_count_dying(&w->tree, world_cap(w, i));
		}
	}
	for (size_t i = 0; i < sizeof(struct cap); i++) {
		world_expect(w, w->ram[i] == UNTOUCHED && w->ram[EXO_PAGE_SIZE + i] == UNTOUCHED,
			     "a link of 0 was followed");
	}
	world_expect(w, dying == w->tree.revocations, "the count of revocations");
	world_expect(w, w->tree.next_carve == w->model.carves, "the next carve id");
	return w->failure;
}
