/* SPDX-License-Identifier: MIT
 * object.c (sys): create: checks of what the caller says about kernel objects.
 */
#include "kern/object.h"
#include "kern/arena.h"
#include "kern/cap_fast.h"
#include "kern/ring.h"
#include "kern/table.h"
#include "kern/sys/sys.h"

struct creation {
	struct env *e;
	struct kernel *k;
	uint64_t arg0;
	uint64_t arg1;
	struct cap *frames;
	struct cap *slot;
	struct cspace *cspace; /* a leaf's */
	uint32_t type;
	struct object_kind made;
};

/* Are these frames as many as it takes, aligned if there are two, to be written, and idle? */
static int
check_frames(const struct creation *c)
{
	const struct captree *t = &c->k->tree;
	const struct cap *frames = c->frames;

	if (cap_type(frames) != EXO_CAP_FRAME) {
		return E_TYPE;
	}
	if (frames->count != c->made.pages) {
		return E_RANGE;
	}
	if (c->made.pages == 2 && (frames->start - t->base_page) & 1) {
		return E_ALIGN;
	}
	if (~frames->word & (EXO_READ | EXO_WRITE) << CAP_RIGHTS_SHIFT) {
		return E_RIGHTS;
	}
	return frame_idle(t, frames->start, c->made.pages);
}

static int
check_env(const struct creation *c)
{
	if ((c->arg0 & 0xff) >= c->k->harts) {
		return E_HART;
	}
	if (c->arg0 >> 8 & ~(EXO_ENV_FP | EXO_ENV_BOUND)) {
		return E_INVAL;
	}
	if (c->arg0 >> 8 & EXO_ENV_FP && !c->k->has_fp) {
		return E_UNSUPPORTED;
	}
	return c->arg1 < EXO_UAREA_BASE || c->arg1 >= EXO_USER_END ? E_RANGE
	       : c->arg1 & (PAGE_SIZE - 1)                         ? E_ALIGN
								   : 0;
}

/* A leaf, if it names the space in which it will hang. */
static int
check_cspace(struct creation *c)
{
	struct cap *root;
	int error;

	if (!c->arg0) {
		return 0;
	}
	c->made = (struct object_kind){FRAME_LEAF, 1};
	error = sys_cap(c->e, c->arg0, EXO_CAP_CSPACE, EXO_CSPACE_BIND, &root);
	if (error) {
		return error;
	}
	if (frame_at(&c->k->tree, root->start)->kind != FRAME_CSPACE) {
		return E_TYPE;
	}
	c->cspace = arch_ram(root->start << PAGE_SHIFT);
	return 0;
}

static int
check_arguments(struct creation *c)
{
	switch (c->type) {
	case EXO_CAP_ENV:
		return check_env(c);
	case EXO_CAP_SPACE:
		return 0;
	case EXO_CAP_TABLE:
		return c->arg0 > 1 ? E_INVAL : 0;
	case EXO_CAP_RING:
		return c->arg0 < EXO_RING_DISK || c->arg0 > EXO_RING_TRANSMIT || c->arg1 > 62
			       ? E_INVAL
			       : 0;
	case EXO_CAP_CSPACE:
		return check_cspace(c);
	default:
		return E_TYPE;
	}
}

/* Everything is checked. Cleared is what somebody reads before it is written: of a page table not
 * the links, of an environment not the free room in its private half. `was` is the last holder. */
static void
build(const struct creation *c, uint8_t *memory, uint64_t was)
{
	switch (c->made.kind) {
	case FRAME_ENV:
		arch_page_clear(memory + PAGE_SIZE);
		env_init((struct env *)memory, c->k, &c->k->hart[c->arg0 & 0xff], c->arg1,
			 c->arg0 >> 8);
		break;
	case FRAME_SPACE:
		space_init(c->k, space_at(c->frames->start), was == FRAME_HOLDER_ROOT);
		break;
	case FRAME_TABLE:
		if (was != FRAME_HOLDER_TABLE) {
			arch_page_clear(memory);
		}
		table_init(&c->k->tree, c->frames->start, (uint32_t)c->arg0);
		break;
	case FRAME_RING:
		arch_page_clear(memory);
		arch_page_clear(memory + PAGE_SIZE);
		ring_init((struct ring *)memory, c->e, (uint32_t)c->arg0, (uint32_t)c->arg1);
		break;
	case FRAME_LEAF:
		arch_page_clear(memory);
		cspace_hang(&c->k->tree, c->cspace, (uint32_t)c->arg1, (struct cap *)memory);
		break;
	default:
		cspace_init((struct cspace *)memory);
		break;
	}
}

static int
create(struct creation *c, exo_handle frames, uint32_t slot)
{
	int error;

	c->frames = cspace_lookup(c->e->cspace, frames);
	c->slot = cspace_free_slot(c->e->cspace, slot);
	if (!c->frames) {
		return E_HANDLE;
	}
	if (!c->slot) {
		return E_SLOT;
	}
	error = check_arguments(c);
	if (!error) {
		error = check_frames(c);
	}
	if (!error && c->made.kind == FRAME_LEAF) {
		error = cspace_can_hang(c->cspace, c->arg1);
	}
	if (!error) {
		error = cap_object_inline(&c->k->tree, c->frames, c->slot, c->type);
	}
	if (!error) {
		uint64_t was = frame_at(&c->k->tree, c->frames->start)->holder;

		frame_become(&c->k->tree, c->frames->start, c->made.pages, c->made.kind);
		build(c, arch_ram(c->frames->start << PAGE_SHIFT), was);
	}
	return error;
}

struct sysret
sys_create(uint32_t type, exo_handle frames, uint32_t slot, uint64_t arg0, uint64_t arg1)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct creation c;
	int64_t result;

	kernel_lock(k);
	if (!object_settled(k)) {
		kernel_unlock_fence(k);
		return sys_restart(e, EXO_NR_create, (uint64_t[7]){type, frames, slot, arg0, arg1});
	}
	c.e = e;
	c.k = k;
	c.arg0 = arg0;
	c.arg1 = arg1;
	c.type = type;
	c.cspace = NULL;
	c.made = object_kinds[type < EXO_CAP_TYPES ? type : EXO_CAP_EMPTY];
	result = create(&c, frames, slot);
	if (!result) { /* unlocked, the slot may be somebody else's memory already */
		result = (int64_t)cspace_handle(c.slot, slot);
	}
	kernel_unlock(k);
	return sys_finish_long(result);
}
