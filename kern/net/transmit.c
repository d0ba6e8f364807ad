/* SPDX-License-Identifier: MIT
 * transmit.c: packets leave by the transmit predicate of the ring's PACKET capability.
 *
 * The first 128 bytes are copied, the predicate runs on the copy and the device sends the copy;
 * the rest is gathered in place. So nobody can forge another's source, nor change it after the
 * check.
 * Frames are pinned until the device is done. State:      which ring's request each tag of a NIC
 * belongs to (nic_state.h); tree lock. Invariants: a tag in use names a busy request of a ring
 * whose in_flight counts it; each ends exactly once, by nic_done.
 */
#include "kern/claim.h"
#include "kern/cspace.h"
#include "kern/irq.h"
#include "kern/net/local.h"
#include "lib/base/bitmap.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"
#include "lib/base/words.h"

#define PACKET_MIN 14

/* One packet, checked: where its bytes are. */
struct packet {
	struct net_segment part[EXO_SEGMENTS];
	uint32_t parts;
	uint32_t bytes;
};

void
nic_done(void *context, uint32_t tag, int result)
{
	struct nic *n = context;
	struct ring *r = tag < NET_TAGS_MAX ? n->tag[tag].ring : NULL;

	if (tag >= NET_TAGS_MAX || !bitmap_get(&n->tags_used, tag)) {
		return;
	}
	bitmap_clear(&n->tags_used, tag);
	n->free_tag[n->tags_free++] = (uint8_t)tag;
	n->tag[tag].ring = NULL;
	n->info->transmitted += result >= 0;
	if (r) {
		ring_finish(r, n->tag[tag].request, result);
	}
}

/* Check one segment. 0, CLAIM_AGAIN or an error. */
static int
check_segment(struct kernel *k, struct cspace *s, const struct exo_segment *from,
	      struct net_segment *to)
{
	uint64_t offset = from->where >> 16;
	uint64_t bytes = from->where & 0xffff;
	struct cap *c = cspace_lookup(s, from->frames);
	uint64_t first = offset >> PAGE_SHIFT;
	uint64_t pages = ((offset & (PAGE_SIZE - 1)) + bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
	int error;

	if (!c) {
		return E_HANDLE;
	}
	if (cap_type(c) != EXO_CAP_FRAME) {
		return E_TYPE;
	}
	if (!(cap_rights(c) & EXO_READ)) {
		return E_RIGHTS;
	}
	if (!bytes || bytes > EXO_PACKET_MAX || !range_within(first, pages, c->count)) {
		return E_RANGE;
	}
	error = cap_usable(&k->tree, c);
	if (!error) {
		error = claim_pages(k, c, c->start + first, pages);
	}
	if (error) {
		return error;
	}
	to->address.value = (c->start << PAGE_SHIFT) + offset;
	to->bytes = (uint32_t)bytes;
	return 0;
}

static int
check_packet(struct kernel *k, struct cspace *s, const struct exo_packet_request *q,
	     struct packet *p)
{
	if (!q->segments || q->segments > EXO_SEGMENTS) {
		return E_INVAL;
	}
	p->parts = (uint32_t)q->segments;
	p->bytes = 0;
	for (uint32_t i = 0; i < p->parts; i++) {
		int error = check_segment(k, s, &q->segment[i], &p->part[i]);

		if (error) {
			return error;
		}
		p->bytes += p->part[i].bytes;
	}
	if (p->bytes < PACKET_MIN || p->bytes > EXO_PACKET_MAX) {
		return E_RANGE;
	}
	return p->part[0].bytes < p->bytes && p->part[0].bytes < EXO_TRANSMIT_SPAN ? E_RANGE : 0;
}

/* May a packet with this head leave by the filter? All atoms of it and of those above it hold. */
static bool
may_send(const struct nic *n, uint32_t filter, const uint8_t *head, size_t bytes)
{
	for (uint32_t i = filter; i; i = n->filter[i].parent) {
		const struct nic_filter *f = &n->filter[i];

		if (!filter_match(f->atoms + f->receive_atoms, f->transmit_atoms, head, bytes)) {
			return false;
		}
	}
	return true;
}

static struct paddr
head_address(const struct nic *n, uint32_t tag, uint32_t skew)
{
	return (struct paddr){n->headers.address.value + tag * NIC_HEAD_ROOM + skew};
}

/* Copy the head, run the predicate on the copy; the device's list is the copy, then what follows
 * in place. */
static int
build(struct nic *n, struct ring *r, const struct packet *p, uint32_t tag, struct net_segment *list,
      uint32_t *count)
{
	uint32_t head = p->part[0].bytes < EXO_TRANSMIT_SPAN ? p->part[0].bytes : EXO_TRANSMIT_SPAN;
	uint32_t skew = p->part[0].address.value & (WORD_BYTES - 1);
	uint8_t *copy = nic_head(n, tag, skew);

	memcpy(copy, arch_ram(p->part[0].address.value), head);
	if (!may_send(n, r->filter, copy, head)) {
		n->info->refused++;
		return E_DENIED;
	}
	*count = 0;
	list[(*count)++] = (struct net_segment){head_address(n, tag, skew), head};
	if (p->part[0].bytes > head) {
		list[(*count)++] = (struct net_segment){{p->part[0].address.value + head},
							p->part[0].bytes - head};
	}
	for (uint32_t i = 1; i < p->parts; i++) {
		list[(*count)++] = p->part[i];
	}
	return 0;
}

static int
pin(struct kernel *k, struct ring_request *request, const struct packet *p)
{
	for (uint32_t i = 0; i < p->parts; i++) {
		uint64_t first = p->part[i].address.value >> PAGE_SHIFT;
		uint64_t last = (p->part[i].address.value + p->part[i].bytes - 1) >> PAGE_SHIFT;
		int error = frame_pin(&k->tree, first, last - first + 1);

		if (error) {
			return error;
		}
		request->pinned[i].page = first;
		request->pinned[i].pages = (uint32_t)(last - first + 1);
	}
	return 0;
}

/* The device has what nic_free_tag() was used for; it calls nic_done(). */
static void
sent(struct nic *n, uint32_t tag)
{
	n->tags_free--;
	bitmap_set(&n->tags_used, tag);
	if (n->net->wants_turn) {
		irq_soon(n->device);
	}
}

static int
start(struct nic *n, struct ring *r, const struct packet *p, uint64_t cookie)
{
	struct net_segment list[NET_SEGMENTS_MAX];
	struct ring_request *request = ring_request(r);
	uint32_t tag = nic_free_tag(n);
	uint32_t count;
	int error;

	if (!request || tag == NET_TAGS_MAX) {
		return E_BUSY;
	}
	error = build(n, r, p, tag, list, &count);
	if (!error) {
		error = pin(n->kernel, request, p);
	}
	if (!error) {
		error = n->net->ops->transmit(n->net, list, count, tag);
	}
	if (error) {
		ring_unpin(r, request);
		return error;
	}
	request->cookie = cookie;
	request->busy = 1;
	r->in_flight++;
	n->tag[tag].ring = r;
	n->tag[tag].request = request;
	sent(n, tag);
	if (local_offer(n, r->env, list, count)) {
		irq_soon(n->device);
	}
	return 0;
}

int
nic_send_reply(struct nic *n, uint32_t filter, const struct env *from, uint32_t tag, uint32_t bytes)
{
	uint32_t head = bytes < EXO_TRANSMIT_SPAN ? bytes : EXO_TRANSMIT_SPAN;
	struct net_segment all = {head_address(n, tag, EXO_PACKET_SKEW), bytes};
	int error;

	if (!may_send(n, filter, nic_head(n, tag, EXO_PACKET_SKEW), head)) {
		n->info->refused++;
		return E_DENIED;
	}
	error = n->net->ops->transmit(n->net, &all, 1, tag);
	if (!error) {
		sent(n, tag);
		local_offer(n, from, &all, 1);
	}
	return error;
}

int
nic_submit(struct kernel *k, struct ring *r, struct cspace *s)
{
	union exo_request q;
	struct packet p;
	int error;

	if (!ring_has_room(r)) {
		return 0;
	}
	ring_peek(r, &q);
	error = check_packet(k, s, &q.packet, &p);
	if (!error) {
		error = start(r->nic, r, &p, q.packet.cookie);
	}
	if (error == CLAIM_AGAIN || (error == E_BUSY && k->waiting)) {
		return RING_AGAIN;
	}
	if (error == E_BUSY) {
		return 0;
	}
	ring_advance(r);
	if (error) {
		ring_complete(r, q.packet.cookie, error);
	}
	return 1;
}
