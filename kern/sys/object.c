/* SPDX-License-Identifier: MIT
 * object.c (sys): create, bind, unbind: checks of what the caller says about kernel objects.
 */
#include "kern/object.h"
#include "kern/claim.h"
#include "kern/console.h"
#include "kern/net/nic.h"
#include "kern/ring.h"
#include "kern/table.h"
#include "kern/sys/sys.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define BUFFER_PAGES_MAX (EXO_BUFFERS_MAX * EXO_PACKET_BYTES / PAGE_SIZE)

struct creation {
	struct env *e;
	struct kernel *k;
	uint32_t type;
	struct cap *frames;
	struct cap *slot;
	uint64_t arg0;
	uint64_t arg1;
	struct cap *cspace; /* a leaf's */
};

/* --- create ------------------------------------------------------------------------------- */
static bool
is_leaf(const struct creation *c)
{
	return c->type == EXO_CAP_CSPACE && c->arg0;
}

static int
check_frames(struct creation *c)
{
	uint64_t pages = is_leaf(c) ? 1 : object_pages(c->type);
	struct captree *t = &c->k->tree;

	if (!pages) {
		return E_TYPE;
	}
	if (cap_type(c->frames) != EXO_CAP_FRAME) {
		return E_TYPE;
	}
	if (c->frames->count != pages) {
		return E_RANGE;
	}
	if (pages == 2 && (c->frames->start - t->base_page) & 1) {
		return E_ALIGN;
	}
	if (~cap_rights(c->frames) & (EXO_READ | EXO_WRITE)) {
		return E_RIGHTS;
	}
	return frame_idle(t, c->frames->start, pages);
}

static int
check_arguments(struct creation *c)
{
	switch (c->type) {
	case EXO_CAP_ENV:
		if ((c->arg0 & 0xff) >= c->k->harts) {
			return E_HART;
		}
		if (c->arg0 >> 8 & ~EXO_ENV_FP) {
			return E_INVAL;
		}
		if (c->arg0 >> 8 & EXO_ENV_FP && !c->k->has_fp) {
			return E_UNSUPPORTED;
		}
		return c->arg1 < EXO_UAREA_BASE || c->arg1 >= EXO_USER_END ? E_RANGE
		       : c->arg1 & (PAGE_SIZE - 1)                         ? E_ALIGN
									   : 0;
	case EXO_CAP_TABLE:
		return c->arg0 > 1 ? E_INVAL : 0;
	case EXO_CAP_RING:
		return c->arg0 < EXO_RING_DISK || c->arg0 > EXO_RING_TRANSMIT || c->arg1 > 62
			       ? E_INVAL
			       : 0;
	case EXO_CAP_CSPACE:
		if (!c->arg0) {
			return 0;
		}
		int error = sys_cap(c->e, c->arg0, EXO_CAP_CSPACE, EXO_CSPACE_BIND, &c->cspace);

		if (error) {
			return error;
		}
		return frame_at(&c->k->tree, c->cspace->start)->kind == FRAME_CSPACE ? 0 : E_TYPE;
	default:
		return 0;
	}
}

/* Only what somebody reads before it is written: of a page table not the links, of an environment
 * not the free room in its private half; the roots of spaces are filled by their own init. */
static void
clear(const struct creation *c, uint8_t *memory)
{
	switch (c->type) {
	case EXO_CAP_ENV:
		memset(memory + offsetof(struct env, kernel), 0,
		       2 * PAGE_SIZE - offsetof(struct env, kernel));
		break;
	case EXO_CAP_TABLE:
		arch_page_clear(memory);
		break;
	case EXO_CAP_CSPACE:
		if (is_leaf(c)) {
			arch_page_clear(memory);
		}
		break;
	case EXO_CAP_SPACE:
		break;
	default:
		memset(memory, 0, c->frames->count * PAGE_SIZE);
	}
}

/* Everything is checked; a leaf's place was found free by the caller. */
static void
build(struct creation *c)
{
	void *memory = arch_ram(c->frames->start << PAGE_SHIFT);

	clear(c, memory);
	object_mark(c->k, c->frames->start, c->type, is_leaf(c));
	switch (c->type) {
	case EXO_CAP_ENV:
		env_init(memory, c->k, &c->k->hart[c->arg0 & 0xff], c->arg1,
			 (c->arg0 >> 8 & EXO_ENV_FP) != 0);
		break;
	case EXO_CAP_SPACE:
		space_init(c->k, space_at(c->frames->start));
		break;
	case EXO_CAP_TABLE:
		table_init(&c->k->tree, c->frames->start, (uint32_t)c->arg0);
		break;
	case EXO_CAP_RING:
		ring_init(memory, c->e, (uint32_t)c->arg0, (uint32_t)c->arg1);
		break;
	case EXO_CAP_CSPACE:
		if (!c->arg0) {
			cspace_init(memory);
		}
		break;
	default:
		break;
	}
}

static int
check_leaf(struct creation *c)
{
	struct cspace *s;

	if (!is_leaf(c)) {
		return 0;
	}
	s = arch_ram(c->cspace->start << PAGE_SHIFT);
	return cspace_can_hang(s, c->arg1);
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
	if (!error) {
		error = check_leaf(c);
	}
	if (!error) {
		error = cap_object(&c->k->tree, c->frames, c->slot, c->type);
	}
	if (error) {
		return error;
	}
	build(c);
	if (is_leaf(c)) {
		cspace_hang(&c->k->tree, arch_ram(c->cspace->start << PAGE_SHIFT),
			    (uint32_t)c->arg1, arch_ram(c->frames->start << PAGE_SHIFT));
	}
	return 0;
}

struct sysret
sys_create(uint32_t type, exo_handle frames, uint32_t slot, uint64_t arg0, uint64_t arg1)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct creation c = {.e = e, .k = k, .type = type, .arg0 = arg0, .arg1 = arg1};
	bool ready;
	int error = 0;

	kernel_lock(k);
	k->waiting = false;
	object_bury(k);
	ready = cap_settled(&k->tree);
	k->waiting = false;
	if (ready) {
		error = create(&c, frames, slot);
	}
	/* unlocked, the slot may be somebody else's memory already */
	exo_handle handle = ready && !error ? cspace_handle(c.slot, slot) : EXO_NONE;
	kernel_unlock_fence(k);
	if (!ready) {
		return sys_restart(e, EXO_NR_create, (uint64_t[7]){type, frames, slot, arg0, arg1});
	}
	return sys_finish(error ? error : (int64_t)handle);
}

/* --- bind --------------------------------------------------------------------------------- */
static int
bind_space(struct env *e, exo_handle thing, exo_handle with)
{
	struct env *target;
	struct cap *c;
	int error = sys_env(e, thing, EXO_ENV_CONTROL, &target);

	if (!error) {
		error = sys_cap(e, with, EXO_CAP_SPACE, EXO_SPACE_BIND, &c);
	}
	if (!error && (!env_is_stopped(target) || env_is_off(target))) {
		error = E_STATE;
	}
	if (!error) {
		error = target->space_use.bound ? E_BUSY : cap_usable(&e->kernel->tree, c);
	}
	if (!error) {
		use_bind(&e->kernel->tree, &target->space_use, c);
		target->space = space_at(c->start);
		target->arch.satp = target->space->satp;
	}
	return error;
}

static int
bind_cspace(struct env *e, exo_handle thing, exo_handle with)
{
	struct env *target;
	struct cap *c;
	int error = sys_env(e, thing, EXO_ENV_CONTROL, &target);

	if (!error) {
		error = sys_cap(e, with, EXO_CAP_CSPACE, EXO_CSPACE_BIND, &c);
	}
	if (!error && frame_at(&e->kernel->tree, c->start)->kind != FRAME_CSPACE) {
		error = E_TYPE;
	}
	if (!error && (!env_is_stopped(target) || env_is_off(target))) {
		error = E_STATE;
	}
	if (!error) {
		error = target->cspace_use.bound ? E_BUSY : cap_usable(&e->kernel->tree, c);
	}
	if (!error) {
		use_bind(&e->kernel->tree, &target->cspace_use, c);
		cspace_use(arch_ram(c->start << PAGE_SHIFT), target);
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
bind_packet(struct env *e, exo_handle thing, exo_handle with)
{
	struct ring *r;
	struct cap *c;
	int error = find_ring(e, thing, &r);

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
		error = nic_bind(r, c);
	}
	if (!error) {
		use_bind(&e->kernel->tree, &r->packet_use, c);
	}
	return error;
}

static int
bind_buffer(struct env *e, exo_handle thing, exo_handle with)
{
	struct ring *r;
	struct cap *c;
	int error = find_ring(e, thing, &r);

	if (!error) {
		error = sys_cap(e, with, EXO_CAP_FRAME, EXO_READ | EXO_WRITE, &c);
	}
	if (!error && r->kind != EXO_RING_RECEIVE) {
		error = E_INVAL;
	}
	if (!error && (c->count > BUFFER_PAGES_MAX || !is_power_of_two(c->count))) {
		error = E_RANGE;
	}
	if (!error) {
		error = r->buffer_use.bound ? E_BUSY : cap_usable(&e->kernel->tree, c);
	}
	if (!error) {
		uint64_t ready = claim_ready(e->kernel, c, c->start, c->count);

		error = ready < c->count ? claim_frame(e->kernel, c, c->start + ready) : 0;
	}
	if (!error) {
		use_bind(&e->kernel->tree, &r->buffer_use, c);
		r->buffer_page = c->start;
		r->buffers = (uint32_t)c->count * (PAGE_SIZE / EXO_PACKET_BYTES);
	}
	return error;
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
		return bind_packet(e, thing, with);
	case EXO_BIND_BUFFER:
		return bind_buffer(e, thing, with);
	case EXO_BIND_IRQ:
		return sys_bind_irq(e, thing, arg);
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
			struct use *u = what == EXO_BIND_PACKET ? &r->packet_use : &r->buffer_use;

			ring_lost(u);
			use_unbind(t, u);
		}
		return error;
	case EXO_BIND_IRQ:
		return sys_unbind_irq(e, thing);
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
	return sys_return(error);
}
