/* SPDX-License-Identifier: MIT
 * nic.c: NICs shared by predicates: filters, demultiplexing, receive.
 *
 * Filters mirror the tree of PACKET capabilities. A packet goes down from the whole NIC: where
 * children are carved (disjoint) it follows the one that matches, or ends; where they are shared
 * it
 * goes to the node itself and to each child that matches. State:      per NIC a pool of filters,
 * whose use is bounded by the quota (count) of the capabilities; tree lock. Invariants: a filter
 * in use belongs to one PACKET capability; its parent is in use; a ring named here is bound to it.
 * Callers:    bind, derive, revocation, the NIC's interrupt. Design: docs/design/network.md
 */
#include "kern/net/nic.h"
#include "kern/net/filter.h"
#include "kern/net/nic_state.h"
#include "lib/base/disjoint.h"
#include "lib/base/string.h"
#include "lib/base/words.h"

#define COMPARISONS_MAX 48  /* of two atoms, in one carve, less its own; 40 instructions each */
#define COPY_BYTES      512 /* copied for what a completion costs, */
#define LOOKS_PER_WORK  4   /* and filters that were no match, as a rule by their first atoms */

_Static_assert(EXO_PACKET_SKEW == NET_FRAME_SKEW, "frames are copied by words");
_Static_assert(EXO_PACKET_SKEW + EXO_PACKET_MAX + 8 <= EXO_PACKET_BYTES, "they fit");

static struct nic nics[EXO_NICS_MAX];

struct nic *
nic_of(uint64_t name)
{
	return &nics[name >> NIC_SHIFT & (EXO_NICS_MAX - 1)];
}

static struct node *
node_of(uint64_t name)
{
	return &nic_of(name)->node[name & (CONFIG_FILTERS - 1)];
}

/* Both lie EXO_PACKET_SKEW behind aligned words, so words are copied. What lies behind the frame in
 * the last one is of an older frame, perhaps another's, and stays here. */
static void
copy_frame(word *to, const uint8_t *frame, size_t bytes)
{
	const word *from = (const word *)(frame - EXO_PACKET_SKEW);
	size_t whole = (EXO_PACKET_SKEW + bytes) / WORD_BYTES;
	size_t rest = (EXO_PACKET_SKEW + bytes) % WORD_BYTES;

	words_copy(to, from, whole);
	if (rest) {
		to[whole] = from[whole] & ~(~0ul << 8 * rest);
	}
}

static bool
has_room(struct ring *r)
{
	uint32_t taken = __atomic_load_n(&ring_shared(r)->cq_head, __ATOMIC_ACQUIRE);

	return r->cq_tail - taken < r->buffers && !r->error;
}

static void
drop(struct nic *n, struct ring *r)
{
	r->dropped++;
	n->info->dropped++;
	__atomic_store_n(&ring_shared(r)->dropped, r->dropped, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void
deliver(struct nic *n, struct ring *r, const uint8_t *frame, size_t bytes)
{
	if (!has_room(r)) {
		drop(n, r);
		return;
	}
	n->net->work += (uint32_t)bytes / COPY_BYTES;
	copy_frame(arch_ram((r->buffer_page << PAGE_SHIFT) +
			    (r->cq_tail & (r->buffers - 1)) * EXO_PACKET_BYTES),
		   frame, bytes);
	ring_received(r, (uint16_t)bytes);
	n->info->received++;
	if (!r->has_news) {
		r->has_news = true;
		r->news = n->news;
		n->news = r;
	}
}

static bool
matches(const struct node *node, const uint8_t *frame, size_t bytes)
{
	return filter_match(node->filter.receive, node->filter.receive_atoms, frame, bytes);
}

/* Push the children of `node` that the packet goes on to; returns the new top. */
static uint32_t
push_children(struct nic *n, const struct node *node, const uint8_t *frame, size_t bytes,
	      uint8_t *stack, uint32_t top)
{
	for (uint32_t child = node->first_child; child; child = n->node[child].next) {
		if (top < CONFIG_FILTERS && matches(&n->node[child], frame, bytes)) {
			stack[top++] = (uint8_t)child;
			if (!n->node[child].shared) {
				break; /* carved ones are disjoint */
			}
		}
	}
	return top;
}

/* From a node that has shared children on. False if nobody takes the packet. */
static __attribute__((noinline)) bool
walk(struct nic *n, const struct node *from, const uint8_t *frame, size_t bytes)
{
	uint8_t stack[CONFIG_FILTERS];
	uint32_t top = 1;
	bool taken = false;

	stack[0] = (uint8_t)(from - n->node);
	n->net->work++;
	while (top) {
		struct node *node = &n->node[stack[--top]];
		uint32_t below = push_children(n, node, frame, bytes, stack, top);

		if (node->ring && (below == top || n->node[node->first_child].shared)) {
			deliver(n, node->ring, frame, bytes);
			taken = true;
		}
		top = below;
	}
	return taken;
}

/* Down the carved nodes, of which one takes a packet: then there is nothing to remember. */
static void
nic_receive(void *context, const uint8_t *frame, size_t bytes)
{
	struct nic *n = context;
	const struct node *node = &n->node[0];
	uint32_t looks = 0;

	for (uint32_t i = node->first_child; i; looks++) {
		const struct node *child = &n->node[i];

		if (child->shared) {
			n->info->unmatched += !walk(n, node, frame, bytes);
			return;
		}
		node = matches(child, frame, bytes) ? child : node;
		i = node == child ? child->first_child : child->next;
	}
	n->net->work += looks / LOOKS_PER_WORK;
	if (node->ring) {
		deliver(n, node->ring, frame, bytes);
	} else {
		n->info->unmatched++;
	}
}

void
nic_attach(struct kernel *k, uint32_t number, struct net *net, struct dma_area headers)
{
	struct nic *n = &nics[number];

	n->kernel = k;
	n->net = net;
	n->headers = headers;
	n->info = &k->sysinfo->nic[number];
	n->node[0].used = true;
	n->free = 1;
	net->context = n;
	net->receive = nic_receive;
	net->done = nic_done;
	*n->info = (struct exo_nic_info){.present = 1, .filters = CONFIG_FILTERS};
	memcpy(n->info->mac, net->mac, sizeof(net->mac));
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

bool
nic_interrupt(uint32_t number, uint32_t budget, uint32_t *work)
{
	struct nic *n = &nics[number];
	bool more = n->net->ops->interrupt(n->net, budget);

	tell_owners(n);
	*work = n->net->work;
	return more;
}

/* --- filters ------------------------------------------------------------------------------ */
int
nic_filter_make(const struct cap *parent, const struct exo_filter *f, bool shared, uint64_t *name)
{
	struct nic *n = nic_of(parent->start);
	uint32_t above = parent->start & (CONFIG_FILTERS - 1);
	uint32_t i = n->free;
	int error = filter_check(f);

	while (i < CONFIG_FILTERS && n->node[i].used) {
		i++;
	}
	if (error || i == CONFIG_FILTERS) {
		return error ? error : E_NOSPACE;
	}
	error = filter_derive(&n->node[i].filter, &n->node[above].filter, f);
	if (error) {
		return error;
	}
	n->free = i + 1;
	n->node[i].used = true;
	n->node[i].shared = shared;
	n->node[i].ring = NULL;
	n->node[i].first_child = 0;
	n->node[i].parent = above;
	n->node[i].next = n->node[above].first_child;
	n->node[above].first_child = i;
	*name = (parent->start >> NIC_SHIFT) << NIC_SHIFT | i;
	return 0;
}

void
nic_filter_discard(uint64_t name)
{
	struct nic *n = nic_of(name);
	uint32_t self = name & (CONFIG_FILTERS - 1);
	uint32_t *link = &n->node[n->node[self].parent].first_child;

	while (*link && *link != self) {
		link = &n->node[*link].next;
	}
	*link = n->node[self].next;
	n->node[self].used = false;
	n->free = self < n->free ? self : n->free;
}

/* Goes past those siblings from `i` on that the last pair tells apart from `self` as well. */
static uint32_t
skip_alike(const struct nic *n, const struct filter *self, uint32_t i, struct disjoint_search *s)
{
	const struct exo_atom *mine = &self->receive[s->a % EXO_ATOMS_MAX];
	uint32_t at = s->b;
	uint32_t left = s->a < self->receive_plain ? s->patience : 0;

	for (; i && left; left--) {
		const struct node *other = &n->node[i];

		if (at >= other->filter.receive_plain ||
		    !atoms_conflict(mine, &other->filter.receive[at])) {
			break;
		}
		i = other->next;
	}
	s->patience = s->a < self->receive_plain ? left : s->patience;
	return i;
}

bool
nic_stands_apart(struct captree *t, uint64_t name)
{
	const struct nic *n = nic_of(name);
	const struct filter *self = &node_of(name)->filter;
	struct disjoint_search s = {.patience = COMPARISONS_MAX - self->receive_atoms -
						self->transmit_atoms,
				    .a = DISJOINT_NONE};
	uint32_t i = node_of(name)->next;

	(void)t;
	while (i) {
		const struct filter *f = &n->node[i].filter;

		if (!atoms_disjoint_soon(self->receive, self->receive_atoms, f->receive,
					 f->receive_atoms, &s)) {
			return false;
		}
		i = skip_alike(n, self, n->node[i].next, &s);
	}
	return true;
}

bool
nic_disjoint(struct captree *t, const struct cap *c, const struct cap *with)
{
	const struct filter *a = &node_of(c->start)->filter;
	const struct filter *b = &node_of(with->start)->filter;

	(void)t;
	return atoms_disjoint(a->receive, a->receive_atoms, b->receive, b->receive_atoms);
}

void
nic_filter_free(struct captree *t, struct cap *c)
{
	(void)t;
	nic_filter_discard(c->start);
}

/* --- rings -------------------------------------------------------------------------------- */
int
nic_bind(struct ring *r, struct cap *c)
{
	struct node *node = node_of(c->start);

	if (r->kind == EXO_RING_RECEIVE) {
		if (node->ring) {
			return E_BUSY;
		}
		node->ring = r;
	} else if (r->kind != EXO_RING_TRANSMIT) {
		return E_INVAL;
	}
	r->nic = nic_of(c->start);
	r->filter = c->start & (CONFIG_FILTERS - 1);
	return 0;
}

void
nic_detach(struct ring *r)
{
	if (r->nic && r->kind == EXO_RING_RECEIVE) {
		r->nic->node[r->filter].ring = NULL;
	}
	r->nic = NULL;
}
