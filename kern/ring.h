/* SPDX-License-Identifier: MIT
 * ring.h: descriptor rings shared with an environment: the private half of a RING object.
 *
 * The shared half is struct exo_ring; the kernel keeps its own indices here and copies each word
 * it uses once.
 */
#ifndef KERN_RING_H
#define KERN_RING_H

#include <exo/ring.h>
#include "kern/arena.h"
#include "lib/base/list.h"
#include "lib/base/store.h"

/* A transfer in flight. */
struct ring_request {
	struct use use[EXO_SEGMENTS]; /* of the shares that its frames are; REQUEST_BLOCK: disk */
	uint64_t cookie;
	struct {
		uint64_t page; /* pinned */
		uint32_t pages;
		uint32_t spare;
	} pinned[EXO_SEGMENTS];
	uint32_t busy;
};
#define REQUEST_BLOCK 1 /* use[] of the BLOCK capability of a disk request, which has one FRAME */

/* A program that looks at each packet before it comes into the ring. */
struct ring_handler {
	struct use code_use;
	struct use state_use;
	struct program_ref program;
	uint64_t binding;
	uint8_t *state; /* NULL: none */
	uint32_t state_bytes;
	uint32_t handled;
	uint32_t failed;
	bool may_send; /* the ring's PACKET capability has the right */
};

struct ring {
	struct kernel *kernel;
	struct env *env; /* whom completions signal; NULL once it is gone */
	struct ring *env_next;
	struct ring *env_prev;
	uint32_t kind; /* enum exo_ring_kind */
	uint32_t event_bit;
	uint32_t sq_head;
	uint32_t cq_tail;
	int32_t error;
	uint32_t in_flight;
	uint32_t dropped;
	uint32_t filter;  /* of the bound PACKET capability, and */
	uint32_t packets; /* its start: the NIC too */
	struct nic *nic;
	struct list_node turned_away; /* in its device's list; by itself: it is not */
	struct ring *news;            /* the next in the NIC's list of those with news */
	uint8_t *buffer;              /* packets lie there, EXO_PACKET_BYTES each */
	uint32_t buffers;             /* packets that fit, a power of two; 0: no buffer */
	uint16_t dead;
	uint16_t has_news; /* is in that list */
	struct use packet_use;
	struct use buffer_use;
	union {
		struct ring_request request[EXO_SQ_SIZE];
		struct ring_handler handler; /* RECEIVE */
	};
};
_Static_assert(sizeof(struct ring) <= 4096, "the private half is one frame");

static inline struct exo_ring *
ring_shared(struct ring *r)
{
	return (struct exo_ring *)((uint8_t *)r + PAGE_SIZE);
}

/* What taking an sq entry can say besides 1 (taken) and 0 (not now): look again, the lock was
 * free.
 */
#define RING_AGAIN 2

/* Make a zeroed pair a ring that signals `bit` of `e`. Tree lock, as everywhere here. */
void ring_init(struct ring *r, struct env *e, uint32_t kind, uint32_t bit);
/* How many new sq entries there are; an index out of range puts the ring in error and gives
 * E_STATE. */
int ring_pending(struct ring *r);
/* Copy the next sq entry; ring_advance makes it done. */
void ring_peek(struct ring *r, union exo_request *copy);
void ring_advance(struct ring *r);
/* True if one more completion will fit, counting those in flight. */
bool ring_has_room(struct ring *r);
/* Post a completion and signal the owner. There is room (ring_has_room was asked before the
 * transfer began). */
void ring_complete(struct ring *r, uint64_t cookie, int32_t result);
/* Post a received packet, whose bytes are in the buffer `slot`, that of cq_tail. ring_tell() is the
 * caller's. */
static inline void
ring_received(struct ring *r, uint64_t slot, uint16_t bytes)
{
	struct exo_ring *shared = ring_shared(r);

	shared->received[slot] = bytes;
	store_release(&shared->cq_tail, ++r->cq_tail);
}
/* Signal the owner, in the handler of an interrupt. */
void ring_tell(struct ring *r);
/* What r wants submitted has no room: it stands in its device's list, once, until it is told. */
void ring_turn_away(struct ring *r, struct list_node *list);
/* There is room: whoever has waited longest is told. True: others wait still. If nobody takes the
 * room that he was told of, nothing under way will make some: so that is the time to go on. */
bool ring_tell_next(struct list_node *list);
/* A free request record, NULL if none. */
struct ring_request *ring_request(struct ring *r);
/* Pin [page, page + pages) of the FRAME capability c for piece i of q. Whoever shared it does not
 * get it back before that is over: he would go on using it. What was carved, nobody uses before. 0
 * or E_LIMIT. */
int ring_pin(struct ring *r, struct ring_request *q, uint32_t i, struct cap *c, uint64_t page,
	     uint64_t pages);
/* Use u of a request is of c. */
void ring_use(struct ring *r, struct use *u, struct cap *c);
/* Release all that was pinned and used for q. */
void ring_unpin(struct ring *r, struct ring_request *q);
/* The transfer of `q` has ended: unpin, unbind, post. In the handler of an interrupt. */
void ring_finish(struct ring *r, struct ring_request *q, int32_t result);
/* A use (PACKET or BUFFER) is being broken. */
void ring_lost(struct use *u);
/* Ends it, if there is one. */
void ring_unbind(struct ring *r, struct use *u);
/* Detach one ring from a dead environment; true if there was one. */
bool ring_orphan(struct env *e);
/* Take a dead ring apart; false while transfers are in flight. */
bool ring_bury(struct ring *r);

#endif
