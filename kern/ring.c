/* SPDX-License-Identifier: MIT
 * ring.c: descriptor rings shared with environments.
 *
 * State:      in the RING's pair of frames; the shared page is read and written by a hostile user
 * at any moment. Invariants: the kernel never reads its own indices back; what is in flight plus
 * what the user has not taken never exceeds the cq; each sq entry completes exactly once; a frame
 * in flight is pinned; a dead ring is not freed before its last transfer. Callers:    submit
 * (kern/sys) and device completions, tree lock held.
 */
#include "kern/ring.h"
#include "kern/kernel.h"
#include "kern/net/handler.h"
#include "kern/net/nic.h"
#include "kern/object.h"
#include "lib/base/checked.h"
#include "lib/base/store.h"

void
ring_init(struct ring *r, struct env *e, uint32_t kind, uint32_t bit)
{
	r->kernel = e->kernel;
	r->kind = kind;
	r->event_bit = bit;
	r->packet_use.kind = USE_PACKET;
	r->buffer_use.kind = USE_BUFFER;
	list_init(&r->turned_away);
	r->env = e;
	r->env_next = e->rings;
	if (e->rings) {
		e->rings->env_prev = r;
	}
	e->rings = r;
}

static uint32_t
user_index(const uint32_t *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void
ring_fail(struct ring *r, int32_t error)
{
	r->error = error;
	store_release(&ring_shared(r)->error, error);
}

int
ring_pending(struct ring *r)
{
	uint32_t n = user_index(&ring_shared(r)->sq_tail) - r->sq_head;

	if (r->error) {
		return E_STATE;
	}
	if (n > EXO_SQ_SIZE) {
		ring_fail(r, E_RANGE);
		return E_STATE;
	}
	return (int)n;
}

void
ring_peek(struct ring *r, union exo_request *copy)
{
	const volatile uint64_t *from =
		(const volatile uint64_t *)&ring_shared(r)->sq[r->sq_head % EXO_SQ_SIZE];
	uint64_t *to = (uint64_t *)copy;

#pragma GCC unroll 8
	for (uint32_t i = 0; i < sizeof(*copy) / 8; i++) {
		to[i] = from[i];
	}
}

void
ring_advance(struct ring *r)
{
	r->sq_head++;
	store_release(&ring_shared(r)->sq_head, r->sq_head);
}

bool
ring_has_room(struct ring *r)
{
	uint32_t unread = r->cq_tail - user_index(&ring_shared(r)->cq_head);

	if (unread > EXO_CQ_SIZE) {
		ring_fail(r, E_RANGE);
		return false;
	}
	return unread + r->in_flight < EXO_CQ_SIZE;
}

static void
ring_post(struct ring *r, uint64_t cookie, int32_t result)
{
	ring_shared(r)->cq[r->cq_tail % EXO_CQ_SIZE] =
		(struct exo_completion){.cookie = cookie, .result = result};
	r->cq_tail++;
	store_release(&ring_shared(r)->cq_tail, r->cq_tail);
}

void
ring_complete(struct ring *r, uint64_t cookie, int32_t result)
{
	ring_post(r, cookie, result);
	if (r->env) {
		env_signal(r->env, 1ul << r->event_bit);
	}
}

void
ring_tell(struct ring *r)
{
	if (r->env) {
		env_interrupt(r->env, 1ul << r->event_bit);
	}
}

void
ring_turn_away(struct ring *r, struct list_node *list)
{
	if (list_is_empty(&r->turned_away)) {
		list_push_back(list, &r->turned_away);
	}
}

bool
ring_tell_next(struct list_node *list)
{
	struct list_node *first = list_pop_front(list);

	if (first) {
		ring_tell(container_of(first, struct ring, turned_away));
	}
	return !list_is_empty(list);
}

struct ring_request *
ring_request(struct ring *r)
{
	for (uint32_t i = 0; i < EXO_SQ_SIZE; i++) {
		if (!r->request[i].busy) {
			return &r->request[i];
		}
	}
	return NULL;
}

void
ring_use(struct ring *r, struct use *u, struct cap *c)
{
	u->kind = USE_REQUEST;
	use_bind(&r->kernel->tree, u, c);
}

int
ring_pin(struct ring *r, struct ring_request *q, uint32_t i, struct cap *c, uint64_t page,
	 uint64_t pages)
{
	int error = frame_pin(&r->kernel->tree, page, pages);

	if (error) {
		return error;
	}
	q->pinned[i].page = page;
	q->pinned[i].pages = (uint32_t)pages;
	if (!(c->word & CAP_WHOLE)) {
		ring_use(r, &q->use[i], c);
	}
	return 0;
}

void
ring_unpin(struct ring *r, struct ring_request *q)
{
	for (uint32_t i = 0; i < EXO_SEGMENTS; i++) {
		use_unbind(&r->kernel->tree, &q->use[i]);
		if (q->pinned[i].pages) {
			frame_unpin(&r->kernel->tree, q->pinned[i].page, q->pinned[i].pages);
			q->pinned[i].pages = 0;
		}
	}
}

void
ring_finish(struct ring *r, struct ring_request *q, int32_t result)
{
	ring_unpin(r, q);
	q->busy = 0;
	r->in_flight--;
	if (!r->dead) {
		ring_post(r, q->cookie, result);
		ring_tell(r);
	}
}

void
ring_lost(struct use *u)
{
	if (u->kind == USE_BUFFER) {
		container_of(u, struct ring, buffer_use)->buffers = 0;
	} else {
		nic_detach(container_of(u, struct ring, packet_use));
	}
}

void
ring_unbind(struct ring *r, struct use *u)
{
	ring_lost(u);
	use_unbind(&r->kernel->tree, u);
}

bool
ring_orphan(struct env *e)
{
	struct ring *r = e->rings;

	if (!r) {
		return false;
	}
	e->rings = r->env_next;
	if (r->env_next) {
		r->env_next->env_prev = NULL;
	}
	r->env = NULL;
	return true;
}

static void
ring_leave_env(struct ring *r)
{
	if (!r->env) {
		return;
	}
	if (r->env_prev) {
		r->env_prev->env_next = r->env_next;
	} else {
		r->env->rings = r->env_next;
	}
	if (r->env_next) {
		r->env_next->env_prev = r->env_prev;
	}
	r->env = NULL;
}

__attribute__((cold)) bool
ring_bury(struct ring *r)
{
	r->dead = 1;
	ring_leave_env(r);
	list_remove(&r->turned_away);
	ring_unbind(r, &r->packet_use);
	ring_unbind(r, &r->buffer_use);
	if (r->kind == EXO_RING_RECEIVE) {
		handler_unbind(r);
	}
	return r->in_flight == 0;
}
