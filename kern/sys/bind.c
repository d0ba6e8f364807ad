/* SPDX-License-Identifier: MIT
 * bind.c (sys): bind, unbind: checks of what the caller says about two objects that belong
 * together.
 */
#include "kern/claim.h"
#include "kern/console.h"
#include "kern/net/handler.h"
#include "kern/net/nic.h"
#include "kern/net/shapes.h"
#include "kern/predicate.h"
#include "kern/ring.h"
#include "kern/sys/life.h"
#include "lib/base/checked.h"

#define BUFFER_PAGES_MAX (EXO_BUFFERS_MAX * EXO_PACKET_BYTES / PAGE_SIZE)

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
	return sys_finish_long(error);
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
