/* SPDX-License-Identifier: MIT
 * nic.c: NICs shared by predicates: which rings a received packet goes to.
 *
 * A packet matches the whole NIC, then of each filter that it matches those derived from it that it
 * matches too: each trie (trie.h) is asked once. Of carved ones that is one, of shared ones any
 * number; a filter with a ring gets a copy. When there are many, the packet is kept for another
 * turn. State:      struct nic, tree lock. Invariants: a ring named by a filter is bound to it;
 * filters stand in `later` while a packet is handed out, and beyond that only if it is kept.
 * Callers:    bind, revocation, the NIC's interrupt. Design: docs/design/network.md
 */
#include "kern/net/nic.h"
#include "kern/boot.h"
#include "kern/irq.h"
#include "kern/net/handler.h"
#include "kern/net/local.h"
#include "kern/net/trie_node.h"
#include "lib/base/checked.h"
#include "lib/base/store.h"
#include "lib/base/string.h"
#include "lib/base/words.h"

#define POOL_PART      24 /* of the RAM beyond what start-up needs, but */
#define POOL_LEAST     (64ul << 10)
#define START_UP       (5ul << 20)
#define COPY_BYTES     512 /* copied for what a completion costs, */
#define HITS_PER_WORK  8   /* filters that a packet matches found */
#define TESTS_PER_WORK 8   /* and looked at; a few are part of what a packet costs */
#define TURN_WORK      8   /* then the packet is kept, if others are still to get it */
#define HANDLER_BEHIND 1   /* and before a handler, which may take as long as a turn */

_Static_assert(EXO_PACKET_SKEW == NET_FRAME_SKEW, "frames are copied by words");
_Static_assert(EXO_PACKET_SKEW + EXO_PACKET_MAX + 8 <= EXO_PACKET_BYTES, "they fit");

static struct nic nics[EXO_NICS_MAX];

struct nic *
nic_of(uint64_t name)
{
	return &nics[name >> NIC_SHIFT & (EXO_NICS_MAX - 1)];
}

/* Both lie EXO_PACKET_SKEW behind aligned words, so words are copied. What lies behind the frame in
 * the last one is of an older frame, perhaps another's, and stays here. Four in a turn: more take
 * registers that short frames, which most are, would have to save. */
static inline __attribute__((always_inline)) void
copy_frame(word *to, const uint8_t *frame, size_t bytes)
{
	const word *from = (const word *)(frame - EXO_PACKET_SKEW);
	size_t end = EXO_PACKET_SKEW + bytes;
	size_t words = (end - 1) / WORD_BYTES; /* but the last one */

	words_pass(&to, &from, words, 4);
	*to = *from & ~0ul >> 8 * (-end & (WORD_BYTES - 1));
}

__attribute__((noinline)) void
nic_copy_frame(uint64_t *to, const uint8_t *frame, size_t bytes)
{
	_Static_assert(EXO_PACKET_SKEW == sizeof(quarter), "what precedes it in its word");
	copy_frame(to, frame, bytes);
	*(quarter *)to = 0;
}

static bool
has_room(struct ring *r)
{
	uint32_t taken = __atomic_load_n(&ring_shared(r)->cq_head, __ATOMIC_ACQUIRE);

	return r->cq_tail - taken < r->buffers && !r->error;
}

static __attribute__((noinline)) void
drop(struct nic *n, struct ring *r)
{
	r->dropped++;
	n->info->dropped++;
	store_relaxed(&ring_shared(r)->dropped, r->dropped);
}

void
nic_news(struct nic *n, struct ring *r)
{
	if (!r->has_news) {
		r->has_news = true;
		r->news = n->news;
		n->news = r;
	}
}

/* Into the ring, if there is room. Apart, for here no call follows that registers would have to be
 * saved for. */
static __attribute__((noinline)) void
put(struct nic *n, struct ring *r, const uint8_t *frame, size_t bytes)
{
	uint64_t slot;

	if (!has_room(r)) {
		drop(n, r);
		return;
	}
	slot = r->cq_tail & (r->buffers - 1);
	n->net->work += ((uint32_t)bytes + COPY_BYTES / 2) / COPY_BYTES;
	n->info->received++;
	nic_news(n, r);
	copy_frame((word *)(r->buffer + slot * EXO_PACKET_BYTES), frame, bytes);
	ring_received(r, slot, (uint16_t)bytes);
}

static __attribute__((noinline)) void
deliver(struct nic *n, struct ring *r, const uint8_t *frame, size_t bytes)
{
	if (n->sender && n->sender == r->env) {
		return;
	}
	if (r->handler.program.number && handler_takes(n, r, frame, bytes)) {
		n->info->received++;
	} else {
		put(n, r, frame, bytes);
	}
}

/* Does it have to wait for a turn in which little else has been done? */
static inline bool
waits(const struct nic *n, const struct nic_filter *f)
{
	return f->ring && f->ring->handler.program.number &&
	       n->behind + n->net->work > HANDLER_BEHIND;
}

/* All filters of these hits are to be handed the packet: the first of each stands for those behind
 * it, of which there may be any number. */
static __attribute__((noinline)) void
hand_later(struct nic *n, const uint8_t *frame, const struct trie_hit *hits, size_t count)
{
	n->net->work += (uint32_t)(count / HITS_PER_WORK);
	for (size_t i = 0; i < count; i++) {
		struct nic_filter *f = container_of(hits[i].node->filters, struct nic_filter, at);

		f->base = (uint32_t)(hits[i].base - frame);
		list_push_back(&n->later, &f->later);
	}
}

/* What the packet matches below `f`. */
static inline size_t
look_below(struct nic *n, const struct nic_filter *f, const uint8_t *base, const uint8_t *end,
	   struct trie_hit *hits)
{
	n->net->work += f->children.root->cost / TESTS_PER_WORK;
	return trie_run(&f->children, base, end, hits);
}

/* Hand the packet to `f`. */
static __attribute__((noinline)) void
hand_to(struct nic *n, struct nic_filter *f, const uint8_t *frame, size_t bytes)
{
	struct trie_hit hits[TRIE_HITS_MAX];

	f->hits++;
	if (f->ring) {
		deliver(n, f->ring, frame, bytes);
	}
	if (f->children.root) {
		hand_later(n, frame, hits, look_below(n, f, frame + f->base, frame + bytes, hits));
	}
}

static struct nic_filter *
first_later(const struct nic *n)
{
	struct list_node *next = list_first(&n->later);

	return next ? container_of(next, struct nic_filter, later) : NULL;
}

/* A copy of the packet waits for the next turn: the device wants its buffer back. */
static __attribute__((noinline)) void
keep(struct nic *n, const uint8_t *frame, size_t bytes, bool matched)
{
	n->net->work = n->net->work > TURN_WORK ? n->net->work : TURN_WORK;
	n->kept_matched = matched;
	if (!n->kept_bytes) {
		nic_copy_frame((uint64_t *)n->kept, frame, bytes);
		n->kept_bytes = (uint32_t)bytes;
	}
}

/* Hand the packet to those that have still to get it, as far as `budget` goes: all but the first
 * are work beyond the packet's own. Some have `matched` it already? */
static __attribute__((noinline)) void
hand_out(struct nic *n, const uint8_t *frame, size_t bytes, uint32_t budget, bool matched)
{
	struct nic_filter *f = first_later(n);

	while (f) {
		if (waits(n, f)) {
			keep(n, frame, bytes, matched);
			return;
		}
		nic_filter_passed(f);
		matched |= f->ring != NULL;
		hand_to(n, f, frame, bytes);
		if (n->net->work >= budget && !list_is_empty(&n->later)) {
			keep(n, frame, bytes, matched);
			return;
		}
		f = first_later(n);
		n->net->work += f != NULL;
	}
	n->info->unmatched += !matched;
}

/* The filter where the packet ends, of these hits: NULL if there is more than one, or it has others
 * below it. */
static inline struct nic_filter *
only_hit(const struct trie_hit *hits, size_t count)
{
	struct nic_filter *f;

	if (count != 1 || hits[0].node->filters->next) {
		return NULL;
	}
	f = container_of(hits[0].node->filters, struct nic_filter, at);
	return f->ring && !f->children.root ? f : NULL;
}

/* Most packets match one filter, carved from the whole NIC, which has a ring. */
static void
nic_receive(void *context, const uint8_t *frame, size_t bytes)
{
	struct nic *n = context;
	struct nic_filter *all = n->filter;
	struct trie_hit hits[TRIE_HITS_MAX];
	struct nic_filter *f;
	size_t count;

	if (all->ring || !all->children.root) {
		all->base = 0;
		list_push_back(&n->later, &all->later);
		hand_out(n, frame, bytes, TURN_WORK, false);
		return;
	}
	all->hits++;
	count = look_below(n, all, frame, frame + bytes, hits);
	f = only_hit(hits, count);
	if (f && !waits(n, f)) {
		f->hits++;
		if (n->sender || f->ring->handler.program.number) {
			deliver(n, f->ring, frame, bytes);
		} else {
			put(n, f->ring, frame, bytes);
		}
		return;
	}
	hand_later(n, frame, hits, count);
	hand_out(n, frame, bytes, TURN_WORK, false);
}

/* Goes on with the packet that was kept, which costs as one that comes. True: it is done. */
static __attribute__((noinline)) bool
finish_kept(struct nic *n, uint32_t budget)
{
	hand_out(n, n->kept + EXO_PACKET_SKEW, n->kept_bytes, budget, n->kept_matched);
	n->net->work++;
	n->kept_bytes = list_is_empty(&n->later) ? 0 : n->kept_bytes;
	n->sender = n->kept_bytes ? n->sender : NULL;
	return !n->kept_bytes;
}

/* Each owner once, however many packets there were. */
static void
tell_owners(struct nic *n)
{
	while (n->news) {
		struct ring *r = n->news;

		n->news = r->news;
		r->has_news = false;
		ring_tell(r);
	}
}

/* Packets of environments here, as if they had come in. True: more are waiting. */
static bool
receive_local(struct nic *n, uint32_t budget)
{
	const uint8_t *frame;
	uint32_t bytes = 1;

	while (n->net->work < budget && !n->kept_bytes && (bytes = local_take(n, &frame))) {
		nic_receive(n, frame, bytes);
		n->net->work++;
	}
	n->sender = n->kept_bytes ? n->sender : NULL;
	return bytes != 0;
}

/* Is a packet here that did not come from the device just now? */
static inline bool
is_behind(const struct nic *n)
{
	return n->kept_bytes || n->local.first != n->local.end;
}

/* True: none is any more, or what is sent here, as far as it was not kept, has another turn. */
static __attribute__((noinline)) bool
catch_up(struct nic *n, uint32_t budget)
{
	return (!n->kept_bytes || finish_kept(n, budget)) &&
	       !(!n->was_cut && receive_local(n, budget));
}

/* Nobody's packet is under way whose end would tell somebody that there is room. */
static inline bool
is_idle(const struct nic *n)
{
	return n->tags_free + n->unheard == NET_TAGS_MAX;
}

static bool
nic_interrupt(void *nic, uint32_t budget, uint32_t *work)
{
	struct nic *n = nic;
	struct net *net = n->net;
	uint32_t slack = budget < TURN_WORK ? TURN_WORK - budget : 0;
	uint32_t done = 0;
	bool more = false;

	net->work = 0;
	n->behind = slack; /* who waits has the first turn soon, for those go round */
	if (is_behind(n)) {
		more = !catch_up(n, budget);
		done = net->work;
		/* with nothing left it is only kept from interrupting */
		budget = more || done > budget ? 0 : budget - done;
	}
	/* the next turn is the device's, or who sends here without end would have all of them */
	n->was_cut = more && !n->was_cut;
	n->behind = done + slack;
	more |= net->ops->interrupt(net, budget);
	if (n->news) {
		tell_owners(n);
	}
	if (!list_is_empty(&n->turned_away) && is_idle(n)) {
		more |= ring_tell_next(&n->turned_away);
		done++;
	}
	net->work += done;
	*work = net->work;
	return more || is_behind(n);
}

/* --- boot ---------------------------------------------------------------------------------- */
/* For CONFIG_FILTERS, but no more than a part of a small machine. */
static uint64_t
pool_bytes(const struct kernel *k)
{
	uint64_t ram = k->tree.pages << PAGE_SHIFT;
	uint64_t most = ram > START_UP ? (ram - START_UP) / POOL_PART : 0;
	uint64_t wanted = (uint64_t)CONFIG_FILTERS * NIC_FILTER_BYTES;

	most = most > POOL_LEAST ? align_down_u64(most, PAGE_SIZE) : POOL_LEAST;
	return (wanted < most ? wanted : most) + k->harts * NIC_DRAFT_BLOCKS * SLAB_BLOCK;
}

__attribute__((cold)) void
nic_attach(struct kernel *k, uint32_t number, struct net *net, struct dma_area headers,
	   uint32_t irq, uint32_t context)
{
	struct nic *n = &nics[number];

	n->kernel = k;
	n->net = net;
	n->headers = headers;
	n->device = irq_attach(irq, nic_interrupt, n, context);
	for (uint32_t tag = NET_TAGS_MAX; tag; tag--) {
		n->free_tag[n->tags_free++] = (uint8_t)(tag - 1);
	}
	n->info = &k->sysinfo->nic[number];
	nic_filters_init(n, boot_room(k, pool_bytes(k)), pool_bytes(k));
	n->kept = boot_table(k, EXO_PACKET_BYTES);
	if (number != EXO_NIC_LOOP) {
		local_init(n);
	}
	net->context = n;
	net->receive = nic_receive;
	net->done = nic_done;
	/* whoever has a filter may ask for any address */
	(void)net->ops->set_filter(net, true, NULL, 0);
	/* one in the making on each hart, which may never be finished, is beside these */
	*n->info = (struct exo_nic_info){.present = 1, .filters = n->filters - k->harts};
	memcpy(n->info->mac, net->mac, sizeof(net->mac));
	memcpy(n->info->device, net->ops->name, strlen(net->ops->name));
}

/* --- rings -------------------------------------------------------------------------------- */
__attribute__((cold)) int
nic_bind(struct ring *r, struct cap *c, bool reroute)
{
	struct nic_filter *f = nic_filter_of(c->start);
	struct ring *old = f->ring;

	if (r->kind == EXO_RING_RECEIVE) {
		if (old && !reroute) {
			return E_BUSY;
		}
		if (old) {
			ring_unbind(old, &old->packet_use);
		}
		f->ring = r;
	} else if (r->kind != EXO_RING_TRANSMIT || reroute) {
		return E_INVAL;
	}
	r->nic = nic_of(c->start);
	if (r->kind == EXO_RING_RECEIVE) {
		r->handler.may_send = (cap_rights(c) & EXO_PACKET_TRANSMIT) != 0;
	}
	r->filter = nic_filter_number(c->start);
	r->packets = (uint32_t)c->start;
	r->nic->info->rings++;
	return 0;
}

void
nic_detach(struct ring *r)
{
	if (!r->nic) {
		return;
	}
	if (r->kind == EXO_RING_RECEIVE) {
		r->nic->filter[r->filter].ring = NULL;
	}
	list_remove(&r->turned_away);
	r->nic->info->rings--;
	r->nic = NULL;
}
