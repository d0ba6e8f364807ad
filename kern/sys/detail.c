/* SPDX-License-Identifier: MIT
 * detail.c (sys): env_detail: a closer look at a ring or a filter that another environment holds.
 */
#include "kern/net/nic.h"
#include "kern/ring.h"
#include "kern/sys/look.h"
#include "lib/base/string.h"

static void
ring_detail(struct ring *r, struct exo_ring_info *info)
{
	const volatile struct exo_ring *shared = ring_shared(r);

	info->packets = r->nic ? r->packets : UINT32_MAX;
	info->kind = r->kind;
	info->event_bit = r->event_bit;
	info->buffers = r->buffers;
	info->in_flight = r->in_flight;
	info->sq_head = r->sq_head;
	info->sq_tail = shared->sq_tail;
	info->cq_tail = r->cq_tail;
	info->cq_head = shared->cq_head;
	info->error = r->error;
	info->dropped = r->dropped;
	if (r->kind == EXO_RING_RECEIVE) {
		info->handled = r->handler.handled;
		info->failed = r->handler.failed;
	}
}

/* Tree lock. */
static __attribute__((noinline)) int
detail(struct env *e, exo_handle env, exo_handle capability, uint64_t number, union exo_detail *to)
{
	const struct cap *c;
	struct env *target;
	int error = look_at(e, env, &target);

	if (error) {
		return error;
	}
	c = target->cspace ? cspace_lookup(target->cspace, capability) : NULL;
	if (!c) {
		return E_HANDLE;
	}
	switch (cap_type(c)) {
	case EXO_CAP_RING:
		ring_detail(arch_ram(c->start << PAGE_SHIFT), &to->ring);
		return 0;
	case EXO_CAP_PACKET:
		return nic_filter_detail(c->start, number, &to->filter);
	default:
		return E_TYPE;
	}
}

struct sysret
sys_env_detail(exo_handle env, exo_handle capability, uint64_t number, union exo_detail *to)
{
	struct env *e = env_current();
	union exo_detail copy;
	int error;

	memset(&copy, 0, sizeof(copy));
	kernel_lock(e->kernel);
	error = detail(e, env, capability, number, &copy);
	kernel_unlock(e->kernel);
	return sys_return_long(
		error ? error : arch_copy_out((struct uaddr){(uint64_t)to}, &copy, sizeof(copy)));
}
