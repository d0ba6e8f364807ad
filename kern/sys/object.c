/* SPDX-License-Identifier: MIT
 * object.c (sys): create, bind, unbind: checks of what the caller says about kernel objects.
 */
#include "kern/object.h"
#include "kern/arena.h"
#include "kern/cap_fast.h"
#include "kern/claim.h"
#include "kern/console.h"
#include "kern/net/handler.h"
#include "kern/net/nic.h"
#include "kern/net/shapes.h"
#include "kern/predicate.h"
#include "kern/ring.h"
#include "kern/table.h"
#include "kern/sys/life.h"
#include "kern/sys/sys.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define BUFFER_PAGES_MAX (EXO_BUFFERS_MAX * EXO_PACKET_BYTES / PAGE_SIZE)

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

/* --- create ------------------------------------------------------------------------------- */
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
	return sys_finish(result);
}

/* --- bind --------------------------------------------------------------------------------- */
/* The stopped environment that gets a home. */
static int
find_homeless(struct env *e, exo_handle thing, struct env **target)
{
	int error = sys_env(e, thing, EXO_ENV_CONTROL, target);

	return !error && (!env_is_stopped(*target) || env_is_off(*target)) ? E_STATE : error;
}

static int
bind_space(struct env *e, exo_handle thing, exo_handle with)
{
	struct env *target;
	struct cap *c;
	int error = find_space(e, with, &c);

	if (!error) {
		error = find_homeless(e, thing, &target);
	}
	if (!error) {
		error = check_free(&e->kernel->tree, &target->space_use, c);
	}
	if (!error) {
		set_space(&e->kernel->tree, target, c);
	}
	return error;
}

static int
bind_cspace(struct env *e, exo_handle thing, exo_handle with)
{
	struct env *target;
	struct cap *c;
	int error = find_cspace(e, with, &c);

	if (!error) {
		error = find_homeless(e, thing, &target);
	}
	if (!error) {
		error = check_free(&e->kernel->tree, &target->cspace_use, c);
	}
	if (!error) {
		set_cspace(&e->kernel->tree, target, c);
	}
	return error;
}

static int
bind_console(struct env *e, exo_handle thing, uint64_t bit)
{
	struct cap *c;
	int error = sys_cap(e, thing, EXO_CAP_CONSOLE, EXO_READ, &c);

	if (!error && bit > 62) {
		error = E_INVAL;
	}
	if (!error) {
		error = cap_usable(&e->kernel->tree, c);
	}
	if (!error) {
		error = console_bind(e, (uint32_t)bit);
	}
	if (!error) {
		use_bind(&e->kernel->tree, &e->console_use, c);
		hart_watch_console(&e->kernel->hart[0]);
	}
	return error;
}

static int
find_ring(struct env *e, exo_handle handle, struct ring **r)
{
	struct cap *c;
	int error = sys_cap(e, handle, EXO_CAP_RING, EXO_RING_USE, &c);

	if (!error) {
		*r = arch_ram(c->start << PAGE_SHIFT);
	}
	return error;
}

static int
bind_packet(struct env *e, exo_handle thing, exo_handle with, uint64_t how)
{
	struct ring *r;
	struct cap *c;
	int error = how > EXO_PACKET_REROUTE    ? E_INVAL
		    : shapes_compile(e->kernel) ? CLAIM_AGAIN
						: find_ring(e, thing, &r);

	if (!error) {
		error = sys_cap(e, with, EXO_CAP_PACKET,
				r->kind == EXO_RING_TRANSMIT ? EXO_PACKET_TRANSMIT
							     : EXO_PACKET_RECEIVE,
				&c);
	}
	if (!error) {
		error = r->packet_use.bound ? E_BUSY : cap_usable(&e->kernel->tree, c);
	}
	if (!error) {
		error = nic_bind(r, c, how);
	}
	if (!error) {
		use_bind(&e->kernel->tree, &r->packet_use, c);
	}
	return error;
}

/* Frames that the kernel writes for their holder: 0, CLAIM_AGAIN or an error. */
static int
find_memory(struct env *e, exo_handle handle, uint64_t pages_max, struct cap **c)
{
	int error = sys_cap(e, handle, EXO_CAP_FRAME, EXO_READ | EXO_WRITE, c);

	if (!error && (*c)->count > pages_max) {
		error = E_RANGE;
	}
	if (!error) {
		error = cap_usable(&e->kernel->tree, *c);
	}
	return error ? error : claim_pages(e->kernel, *c, (*c)->start, (*c)->count);
}

static int
bind_buffer(struct env *e, exo_handle thing, exo_handle with)
{
	struct ring *r;
	struct cap *c;
	int error = find_ring(e, thing, &r);

	if (!error && r->kind != EXO_RING_RECEIVE) {
		error = E_INVAL;
	}
	if (!error) {
		error = find_memory(e, with, BUFFER_PAGES_MAX, &c);
	}
	if (!error && !is_power_of_two(c->count)) {
		error = E_RANGE;
	}
	if (!error && r->buffer_use.bound) {
		error = E_BUSY;
	}
	if (!error) {
		use_bind(&e->kernel->tree, &r->buffer_use, c);
		r->buffer = arch_ram(c->start << PAGE_SHIFT);
		r->buffers = (uint32_t)c->count * (PAGE_SIZE / EXO_PACKET_BYTES);
	}
	return error;
}

static int
bind_handler(struct env *e, exo_handle thing, exo_handle with, exo_handle memory)
{
	struct program *p;
	struct cap *state = NULL;
	struct cap *code;
	struct ring *r;
	int error = memory ? find_memory(e, memory, EXO_CODE_SPAN / PAGE_SIZE, &state) : 0;

	if (!error) {
		error = find_ring(e, thing, &r);
	}
	if (!error && r->kind != EXO_RING_RECEIVE) {
		error = E_INVAL;
	}
	if (!error) {
		error = sys_program(e, with, EXO_CODE_handler, &code, &p);
	}
	return error ? error : handler_bind(r, p, code, state);
}

static int
bind(struct env *e, uint32_t what, exo_handle thing, exo_handle with, uint64_t arg)
{
	switch (what) {
	case EXO_BIND_SPACE:
		return bind_space(e, thing, with);
	case EXO_BIND_CSPACE:
		return bind_cspace(e, thing, with);
	case EXO_BIND_CONSOLE:
		return bind_console(e, thing, arg);
	case EXO_BIND_PACKET:
		return bind_packet(e, thing, with, arg);
	case EXO_BIND_BUFFER:
		return bind_buffer(e, thing, with);
	case EXO_BIND_IRQ:
		return sys_bind_irq(e, thing, arg);
	case EXO_BIND_SLOT:
		return sys_bind_slot(e, thing, with, arg);
	case EXO_BIND_HANDLER:
		return bind_handler(e, thing, with, arg);
	case EXO_BIND_PREDICATE:
		return sys_bind_predicate(e, thing, with, arg);
	default:
		return E_INVAL;
	}
}

struct sysret
sys_bind(uint32_t what, exo_handle thing, exo_handle with, uint64_t arg)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	bool waiting;
	int error;

	kernel_lock(k);
	object_settled(k); /* what it is bound to may be dead, and waits to be taken apart */
	k->waiting = false;
	error = bind(e, what, thing, with, arg);
	waiting = k->waiting;
	k->waiting = false;
	kernel_unlock_fence(k);
	if (error == CLAIM_AGAIN || (error == E_BUSY && waiting)) {
		return sys_restart(e, EXO_NR_bind, (uint64_t[7]){what, thing, with, arg});
	}
	return sys_finish(error);
}

static int
unbind(struct env *e, uint32_t what, exo_handle thing)
{
	struct captree *t = &e->kernel->tree;
	struct ring *r;
	struct cap *c;
	int error;

	switch (what) {
	case EXO_BIND_CONSOLE:
		error = sys_cap(e, thing, EXO_CAP_CONSOLE, EXO_READ, &c);
		if (!error) {
			console_unbind(e);
			use_unbind(t, &e->console_use);
		}
		return error;
	case EXO_BIND_PACKET:
	case EXO_BIND_BUFFER:
		error = find_ring(e, thing, &r);
		if (!error) {
			ring_unbind(r, what == EXO_BIND_PACKET ? &r->packet_use : &r->buffer_use);
		}
		return error;
	case EXO_BIND_IRQ:
		return sys_unbind_irq(e, thing);
	case EXO_BIND_SLOT:
		return sys_unbind_slot(e, thing);
	case EXO_BIND_CODE:
		return sys_unbind_code(e, thing);
	case EXO_BIND_PREDICATE:
		return thing ? E_INVAL : predicate_unbind(e);
	case EXO_BIND_HANDLER:
		error = find_ring(e, thing, &r);
		return error ? error : r->kind == EXO_RING_RECEIVE ? handler_unbind(r) : E_INVAL;
	default:
		return E_INVAL;
	}
}

struct sysret
sys_unbind(uint32_t what, exo_handle thing)
{
	struct env *e = env_current();
	int error;

	kernel_lock(e->kernel);
	error = unbind(e, what, thing);
	kernel_unlock(e->kernel);
	return sys_finish(error);
}
