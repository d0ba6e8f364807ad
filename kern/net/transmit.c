/* SPDX-License-Identifier: MIT
 * transmit.c: packets leave by the transmit predicate of the ring's PACKET capability.
 *
 * The first 128 bytes are copied, the predicate runs on the copy and the device sends the copy;
 * the rest is gathered in place. So nobody can forge another's source, nor change it after the
 * check. Frames are pinned until the device is done. A packet that was copied whole is done with
 * for its sender at once, and the device need not say that it has left.
 *
 * State:      which ring's request each tag of a NIC belongs to (nic_state.h); tree lock.
 * Invariants: a tag in use names a busy request of a ring whose in_flight counts it, or is one of
 *             `unheard`; each ends exactly once, by nic_done.
 */
#include "kern/claim.h"
#include "kern/cspace.h"
#include "kern/irq.h"
#include "kern/net/local.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"
#include "lib/base/words.h"

#define BYTES_A_WORK 24 /* copied, in units of captree.work */
#define PACKET_MIN   14
_Static_assert(FRAME_SKEW == NET_FRAME_SKEW, "filters look at heads");
#define SENT_COPY 2 /* and the request is done with */

/* One packet, checked: where its bytes are. */
struct packet {
	struct net_segment part[EXO_SEGMENTS];
	struct cap *frames[EXO_SEGMENTS]; /* of each */
	uint32_t parts;
	uint32_t bytes;
};

void
nic_done(void *context, uint32_t tag, int result)
{
	struct nic *n = context;
	struct ring *r = n->tag[tag].ring;

	n->free_tag[n->tags_free++] = (uint8_t)tag;
	n->tag[tag].ring = NULL;
	if (r) {
		n->info->transmitted += result >= 0;
		ring_finish(r, n->tag[tag].request, result);
	} else {
		n->unheard--;
	}
	ring_tell_next(&n->turned_away);
}

/* Check one segment. 0, CLAIM_AGAIN or an error. */
static int
check_segment(struct kernel *k, struct cspace *s, const struct exo_segment *from,
	      struct net_segment *to, struct cap **frames)
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
	*frames = c;
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
		int error = check_segment(k, s, &q->segment[i], &p->part[i], &p->frames[i]);

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
may_send(const struct nic *n, size_t filter, const uint8_t *head, size_t bytes)
{
	for (size_t i = filter; i; i = n->filter[i].parent) {
		const struct nic_filter *f = &n->filter[i];

		if (!filter_match_head(f->atoms + f->receive_atoms, f->transmit_atoms, head,
				       bytes)) {
			return false;
		}
	}
	return true;
}

static struct paddr
head_address(const struct nic *n, uint32_t tag)
{
	const uint8_t *head = nic_head(n, tag);

	return (struct paddr){n->headers.address.value +
			      (uint64_t)(head - (const uint8_t *)n->headers.memory)};
}

/* What stands in the same words behind the head stays behind it, and is its owner's. */
static inline void
copy_head(uint8_t *head, const uint8_t *from, uint32_t bytes)
{
	word *first = (word *)(head - NET_FRAME_SKEW);
	const word *first_from = (const word *)(from - NET_FRAME_SKEW);

	if (((uintptr_t)from & (WORD_BYTES - 1)) != NET_FRAME_SKEW) {
		memcpy(head, from, bytes);
		return;
	}
	*first++ = *first_from++ & ~0ul << 8 * NET_FRAME_SKEW;
	words_pass(&first, &first_from, (NET_FRAME_SKEW + bytes - 1) / WORD_BYTES, 4);
}

/* Copy the head, run the predicate on the copy; the device's list is the copy, then what follows
 * in place. */
static int
build(struct nic *n, struct ring *r, const struct packet *p, uint32_t tag, struct net_segment *list,
      uint32_t *count)
{
	uint32_t head = p->part[0].bytes < EXO_TRANSMIT_SPAN ? p->part[0].bytes : EXO_TRANSMIT_SPAN;
	uint8_t *copy = nic_head(n, tag);

	n->written_by[tag] = 0;
	copy_head(copy, arch_ram(p->part[0].address.value), head);
	if (!may_send(n, r->filter, copy, head)) {
		n->info->refused++;
		return E_DENIED;
	}
	*count = 0;
	list[(*count)++] = (struct net_segment){head_address(n, tag), head};
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
pin(struct ring *r, struct ring_request *request, const struct packet *p)
{
	for (uint32_t i = 0; i < p->parts; i++) {
		uint64_t first = p->part[i].address.value >> PAGE_SHIFT;
		uint64_t last = (p->part[i].address.value + p->part[i].bytes - 1) >> PAGE_SHIFT;
		int error = ring_pin(r, request, i, p->frames[i], first, last - first + 1);

		if (error) {
			return error;
		}
	}
	return 0;
}

/* To the device, which calls nic_done(), under the tag that nic_free_tag() says. */
static inline __attribute__((always_inline)) int
hand_over(struct nic *n, const struct net_segment *list, uint32_t count, uint32_t tag,
	  bool is_awaited)
{
	int error = n->net->ops->transmit(n->net, list, count, tag, is_awaited);

	if (error) {
		return error;
	}
	n->tags_free--;
	if (n->net->wants_turn) {
		irq_soon(n->device);
	}
	return 0;
}

/* Nobody waits for its end, only for the tag: so the device is asked for that when it has many. */
static int
hand_over_copy(struct nic *n, const struct net_segment *all, uint32_t tag)
{
	int error = hand_over(n, all, 1, tag, n->unheard >= n->net->unawaited_most);

	if (!error) {
		n->unheard++;
		n->info->transmitted++;
	}
	return error;
}

static int
hand_over_pinned(struct nic *n, struct ring *r, const struct packet *p, uint64_t cookie,
		 const struct net_segment *list, uint32_t count, uint32_t tag)
{
	struct ring_request *request = ring_request(r);
	int error = request ? pin(r, request, p) : E_BUSY;

	if (!error) {
		error = hand_over(n, list, count, tag, true);
	}
	if (error) {
		if (request) {
			ring_unpin(r, request);
		}
		return error;
	}
	request->cookie = cookie;
	request->busy = 1;
	r->in_flight++;
	n->tag[tag].ring = r;
	n->tag[tag].request = request;
	return 0;
}

/* 0, SENT_COPY or an error. */
static int
start(struct nic *n, struct ring *r, const struct packet *p, uint64_t cookie)
{
	struct net_segment list[NET_SEGMENTS_MAX];
	uint32_t tag = nic_free_tag(n);
	bool is_copy;
	uint32_t count;
	int error;

	if (tag == NET_TAGS_MAX) {
		return E_BUSY;
	}
	error = build(n, r, p, tag, list, &count);
	if (error) {
		return error;
	}
	is_copy = count == 1 && n->unheard < n->net->unawaited_most;
	error = is_copy ? hand_over_copy(n, list, tag)
			: hand_over_pinned(n, r, p, cookie, list, count, tag);
	if (error) {
		return error;
	}
	if (local_offer(n, r->env, list, count)) {
		r->kernel->tree.work += p->bytes / BYTES_A_WORK;
		irq_soon(n->device);
	}
	return is_copy ? SENT_COPY : 0;
}

/* Not inlined: a figure ends where it returns (udp_echo_handler). */
__attribute__((noinline)) int
nic_send_reply(struct nic *n, uint32_t filter, const struct env *from, uint32_t bytes)
{
	uint32_t tag = nic_free_tag(n);
	uint32_t head = bytes < EXO_TRANSMIT_SPAN ? bytes : EXO_TRANSMIT_SPAN;
	struct net_segment all = {head_address(n, tag), bytes};
	int error;

	if (!may_send(n, filter, nic_head(n, tag), head)) {
		n->info->refused++;
		return E_DENIED;
	}
	error = hand_over_copy(n, &all, tag);
	if (!error) {
		local_offer(n, from, &all, 1);
	}
	return error;
}

/* A packet cannot be sent as it is. A page that another's transfer still uses is no lack of room,
 * of which somebody would be told: the packet is done with. */
static __attribute__((noinline)) int
fail(struct kernel *k, struct ring *r, uint64_t cookie, int error)
{
	if (error == CLAIM_AGAIN || (error == E_BUSY && k->waiting)) {
		return RING_AGAIN;
	}
	ring_advance(r);
	ring_complete(r, cookie, error);
	return 1;
}

__attribute__((noinline)) int
nic_submit(struct kernel *k, struct ring *r, struct cspace *s)
{
	union exo_request q;
	struct packet p;
	int result;

	if (!ring_has_room(r)) {
		return 0;
	}
	ring_peek(r, &q);
	result = check_packet(k, s, &q.packet, &p);
	if (result) {
		return fail(k, r, q.packet.cookie, result);
	}
	result = start(r->nic, r, &p, q.packet.cookie);
	if (result == E_BUSY) {
		ring_turn_away(r, &r->nic->turned_away);
		return 0;
	}
	ring_advance(r);
	if (result) {
		ring_complete(r, q.packet.cookie, result < 0 ? result : 0);
	}
	return 1;
}
