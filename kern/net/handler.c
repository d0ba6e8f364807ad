/* SPDX-License-Identifier: MIT
 * handler.c: programs that look at packets in the kernel, before they come into a ring.
 *
 * A handler sees the kernel's copy of the packet, a frame of its owner's and a buffer for a reply.
 * It may answer, put things into its frame, wake its owner, and say that it has dealt with the
 * packet. Whatever ends it early, its packet goes on to the ring. What it sends passes the transmit
 * predicate of the ring's PACKET capability, after the program has ended: nobody changes it any
 * more. What it costs counts as work for the device, so it is within the share that devices have of
 * the time.
 *
 * State:      with the ring, and the run that was begun last: often it is the same ring's again,
 *             and little of it has to be made anew. Tree lock.
 * Invariants: there is a program only while code_use, and state_use if there is a state, are bound.
 *             A binding has a number that no other has or had.
 * Callers:    nic.c, bind, revocation.
 * Design:     docs/design/network.md (after the ASHs of Aegis, Wallach et al. 1996)
 */
#include "kern/net/handler.h"
#include "kern/net/nic_state.h"
#include "kern/object.h"
#include "lib/base/checksum.h"
#include "lib/base/store.h"
#include "lib/base/string.h"

#define FUEL_PER_WORK 250 /* as a completion takes, */
#define FUEL_AROUND   500 /* and what a run takes besides its own; sending costs as a completion */

static struct {
	struct code_run run;
	uint64_t stack[EXO_CODE_STACK_MAX / sizeof(uint64_t)];
	uint64_t binding;  /* whose run that is, 0: nobody's yet */
	uint64_t bindings; /* so many there were */
} last;

/* A packet while its handler looks at it. */
struct handling {
	const struct ring_handler *handler;
	uint32_t reply_bytes; /* 0: nothing is to be sent */
	bool wakes;
};

__attribute__((cold)) int
handler_bind(struct ring *r, const struct program *p, struct cap *code, struct cap *state)
{
	struct captree *t = &r->kernel->tree;
	struct ring_handler *h = &r->handler;

	if (program_get(h->program) || !r->nic) {
		return E_BUSY;
	}
	handler_unbind(r);
	h->code_use.kind = USE_HANDLER;
	use_bind(t, &h->code_use, code);
	h->state = NULL;
	h->state_bytes = 0;
	if (state) {
		h->state_use.kind = USE_STATE;
		use_bind(t, &h->state_use, state);
		h->state = arch_ram(state->start << PAGE_SHIFT);
		h->state_bytes = (uint32_t)state->count << PAGE_SHIFT;
	}
	h->program = program_refer(p);
	h->binding = ++last.bindings;
	return 0;
}

__attribute__((cold)) int
handler_unbind(struct ring *r)
{
	struct ring_handler *h = &r->handler;
	bool was_there = h->code_use.bound;

	use_unbind(&r->kernel->tree, &h->code_use);
	use_unbind(&r->kernel->tree, &h->state_use);
	h->program.number = 0;
	return was_there ? 0 : E_STATE;
}

void
handler_lost(struct use *u)
{
	if (u->kind == USE_HANDLER) {
		container_of(u, struct ring, handler.code_use)->handler.program.number = 0;
	} else {
		container_of(u, struct ring, handler.state_use)->handler.program.number = 0;
	}
}

/* --- what it may call --------------------------------------------------------------------- */
/* The reply begins where its region does. */
static inline int64_t
help_reply(const struct code_run *run, struct handling *g)
{
	uint64_t bytes = run->argument[1];

	if (!run->load[EXO_REGION_REPLY].end) {
		return E_BUSY;
	}
	if (!g->handler->may_send) {
		return E_RIGHTS;
	}
	if (bytes < NET_FRAME_MIN || bytes > NIC_HEAD_BYTES ||
	    run->argument[0] != (uint64_t)EXO_REGION_REPLY << EXO_REGION_SHIFT) {
		return E_RANGE;
	}
	g->reply_bytes = (uint32_t)bytes;
	return 0;
}

/* They must not overlap: then the copy is one by words, whatever the program says. */
static __attribute__((noinline)) int
help_place(struct code_run *run)
{
	uint64_t bytes = run->argument[2];
	uint8_t *to = code_span(run->store, run->argument[0], bytes);
	const uint8_t *from = code_span(run->load, run->argument[1], bytes);

	if (!to || !from || (from < to + bytes && to < from + bytes)) {
		return E_FAULT;
	}
	if (code_charge(run, bytes)) {
		return E_LIMIT;
	}
	memcpy(to, from, bytes);
	return 0;
}

/* RFC 1071, of the bytes as they stand in memory; an odd last byte is the first of its word. */
static __attribute__((noinline)) int
help_checksum(struct code_run *run, uint64_t *result)
{
	uint64_t bytes = run->argument[1];
	const void *from = code_span(run->load, run->argument[0], bytes);
	uint64_t sum = (uint32_t)run->argument[2];

	if (!from) {
		return E_FAULT;
	}
	if (code_charge(run, bytes)) {
		return E_LIMIT;
	}
	sum += checksum_of(from, (int)bytes);
	while (sum >> 16) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	*result = sum;
	return 0;
}

static int
help(struct code_run *run, uint32_t nr, uint64_t *result)
{
	struct handling *g = run->context;

	*result = 0;
	switch (nr) {
	case EXO_HELPER_reply:
		*result = (uint64_t)help_reply(run, g);
		return 0;
	case EXO_HELPER_place:
		return help_place(run);
	case EXO_HELPER_checksum:
		return help_checksum(run, result);
	default: /* wake; the verifier lets no other one through */
		g->wakes = true;
		return 0;
	}
}

/* --- a packet ----------------------------------------------------------------------------- */
/* Most replies are the packet with some fields changed: so it is there already, if it fits. Of what
 * others wrote into the head of this tag nothing is left, in all words that it touches. */
static inline struct code_region
begin_reply(struct nic *n, const struct ring_handler *h, const uint8_t *frame, size_t bytes)
{
	uint32_t tag = nic_free_tag(n);
	uint8_t *reply = nic_head(n, tag);
	uint64_t *to = (uint64_t *)(reply - NET_FRAME_SKEW);

	if (n->written_by[tag] != h->binding) {
		n->written_by[tag] = h->binding;
		memset(to, 0, NIC_HEAD_BYTES + sizeof(*to));
	}
	if (bytes <= NIC_HEAD_BYTES) {
		nic_copy_frame(to, frame, bytes);
	}
	return code_region_at(EXO_REGION_REPLY, reply, NIC_HEAD_BYTES);
}

/* What a run of this handler begins with, whatever the packet. */
static inline void
begin(struct code_run *run, const struct ring_handler *h, const struct code_program *p)
{
	if (last.binding != h->binding) {
		code_run_begin(run, p, last.stack);
		code_run_region(run, EXO_REGION_STATE, h->state, h->state_bytes, true);
		run->helper = help;
		last.binding = h->binding;
	} else if (p->stack_bytes) {
		memset(last.stack, 0, p->stack_bytes);
	}
	run->fuel = EXO_FUEL_handler;
}

/* Its fuel is work for the device, charged behind it. */
static inline int
run_handler(struct nic *n, struct handling *g, const struct ring_handler *h,
	    const struct program *p, const uint8_t *frame, size_t bytes)
{
	struct code_run *run = &last.run;
	struct code_region reply = {0, 0};
	int error;

	begin(run, h, p->code);
	run->load[EXO_REGION_INPUT] = code_region_at(EXO_REGION_INPUT, frame, bytes);
	if (n->tags_free) {
		reply = begin_reply(n, h, frame, bytes);
	}
	run->load[EXO_REGION_REPLY] = reply;
	run->store[EXO_REGION_REPLY] = reply;
	run->argument[0] = (uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT;
	run->argument[1] = bytes;
	run->argument[2] = (uint64_t)EXO_REGION_STATE << EXO_REGION_SHIFT;
	run->argument[3] = h->state_bytes;
	run->argument[4] = (uint64_t)EXO_REGION_REPLY << EXO_REGION_SHIFT;
	run->context = g;
	error = program_run(p, run);
	n->net->work += (uint32_t)(FUEL_AROUND + EXO_FUEL_handler - run->fuel) / FUEL_PER_WORK;
	return error;
}

bool
handler_takes(struct nic *n, struct ring *r, const uint8_t *frame, size_t bytes)
{
	const struct program *p = program_get(r->handler.program);
	struct handling g = {.handler = &r->handler};
	uint64_t result;

	if (!p) {
		return false;
	}
	if (run_handler(n, &g, &r->handler, p, frame, bytes)) {
		r->handler.failed++;
		store_relaxed(&ring_shared(r)->failed, r->handler.failed);
		return false;
	}
	result = last.run.result;
	if (g.reply_bytes) {
		n->net->work++;
		nic_send_reply(n, r->filter, r->env, g.reply_bytes);
	}
	if (g.wakes) {
		nic_news(n, r);
	}
	if (result != EXO_HANDLER_DROP) {
		return false;
	}
	r->handler.handled++;
	store_relaxed(&ring_shared(r)->handled, r->handler.handled);
	return true;
}
