/* SPDX-License-Identifier: MIT
 * nic_state.h: the state of a NIC, for filters.c (the pool), nic.c (receive) and transmit.c.
 */
#ifndef KERN_NET_NIC_STATE_H
#define KERN_NET_NIC_STATE_H

#include "kern/net/filter.h"
#include "kern/net/nic.h"
#include "kern/net/trie.h"
#include "lib/base/list.h"

#define NIC_FILTERS_MAX   0x10000u /* names fit below NIC_SHIFT */

#define NIC_FILTER_BYTES  1024 /* of the pool for each filter: its record, and of the rest */
#define NIC_FILTER_BLOCKS 14   /* for each that one may derive, */
#define NIC_FIRST_BLOCKS  32   /* and for the first: a trie and its tables begin */
#define NIC_DRAFT_BLOCKS  16   /* for atoms, on each hart */

#define LOCAL_FRAMES      32

/* A filter of the pool: that of one PACKET capability. The filters derived from it are in its trie,
 * by what they test beyond it. */
struct nic_filter {
	struct trie_filter at; /* in the parent's trie */
	struct trie children;
	struct list_node later; /* in nic.later: a packet has come here and must be handed out; next
				 * come those that end at the same node behind this one */
	struct ring *ring;      /* receives */
	struct exo_atom *atoms; /* the own ones: receive, then transmit; NULL: none */
	uint64_t hits;          /* packets that it matched */
	uint64_t serial;        /* no other one of this NIC, ever, has it */
	uint32_t parent;        /* of a free one: the next free one */
	uint32_t grown;         /* how many were carved from it */
	uint32_t blocks;        /* of the slab, that filters derived from it may still take */
	uint32_t base; /* in that packet: where the children's tests count from; it may be moved */
	uint8_t receive_atoms;
	uint8_t transmit_atoms;
	bool is_used;
	bool is_shared;
	uint8_t shapes; /* of one carved from the whole NIC: that it and those below brought in */
};

struct nic {
	struct kernel *kernel;
	struct net *net;
	struct exo_nic_info *info;
	struct dma_area headers;
	uint32_t device;           /* for irq_soon() */
	struct nic_filter *filter; /* [0] is the whole NIC */
	uint32_t filters;
	uint32_t free;  /* the first free one, 0: none */
	uint32_t fresh; /* from here on none was ever used */
	uint64_t serials;
	struct slab slab; /* whose free_blocks are for atoms of drafts, whoever makes them */
	struct trie_store store;
	struct list_node later;  /* filters that the present packet has still to be handed to */
	uint8_t *kept;           /* that packet, if it was kept for another turn */
	uint32_t kept_bytes;     /* 0: none was */
	bool kept_matched;       /* somebody got it already, or its ring was full */
	struct {                 /* packets sent here that may be for somebody here: local.c */
		uint8_t *memory; /* EXO_PACKET_BYTES each; NULL: none are */
		uint32_t first;
		uint32_t end;
		uint16_t bytes[LOCAL_FRAMES];
		const struct env *sender[LOCAL_FRAMES];
	} local;
	bool was_cut;             /* the last turn had no time for all that was sent here */
	uint32_t behind;          /* work of this turn that net->work does not tell */
	const struct env *sender; /* of the present packet, who does not get it; NULL: it came in */
	struct ring *news;        /* while it interrupts: rings that packets have come to */
	uint32_t unheard;         /* tags of packets whose end concerns nobody */
	struct list_node turned_away; /* transmit rings with packets that found no room */
	uint32_t tags_free;           /* so many, in free_tag; the last one is used next */
	uint8_t free_tag[NET_TAGS_MAX];
	struct {
		struct ring *ring; /* NULL: it was copied whole, or is a handler's reply */
		struct ring_request *request;
	} tag[NET_TAGS_MAX];
	uint64_t written_by[NET_TAGS_MAX]; /* the head of the tag: only by this binding of a handler
					    * since it was cleared; 0: by others too */
};

/* The NIC of a PACKET capability's start, and the filter. */
struct nic *nic_of(uint64_t name);
static inline uint32_t
nic_filter_number(uint64_t name)
{
	return (uint32_t)(name & (NIC_FILTERS_MAX - 1));
}
static inline struct nic_filter *
nic_filter_of(uint64_t name)
{
	return &nic_of(name)->filter[nic_filter_number(name)];
}

/* The pool of a NIC: `bytes` of memory, not cleared. Boot. */
void nic_filters_init(struct nic *n, void *memory, size_t bytes);
/* A record with its atoms, as they came, not yet in use: NULL if there is no room; and how it goes
 * back. */
struct nic_filter *nic_filter_take(struct nic *n, uint32_t parent, const struct exo_filter *from,
				   bool is_shared);
void nic_filter_give(struct nic *n, struct nic_filter *f, uint32_t *purse);
/* Before a change of the trie of those derived from f: it pays. */
void nic_filter_pays(struct nic *n, struct nic_filter *f);
/* Blocks of its atoms. */
uint32_t nic_atoms_blocks(const struct nic_filter *f);
/* It has the packet, or ends: the one behind it takes its place in nic.later. */
void nic_filter_passed(struct nic_filter *f);
/* How many atoms of a direction a filter has with those above. */
uint32_t nic_atoms(const struct nic *n, uint32_t filter, bool is_transmit);
/* Those for receiving, as they were derived; returns how many. */
uint32_t nic_gather(const struct nic *n, uint32_t filter, struct exo_atom *to);
/* A tag that is not in use, NET_TAGS_MAX: there is none; and the NIC_HEAD_BYTES for what is sent
 * under it, which filters and copies read and write by words; what the device may read before them
 * is zero and stays so. */
static inline uint32_t
nic_free_tag(const struct nic *n)
{
	return n->tags_free ? n->free_tag[(size_t)n->tags_free - 1] : NET_TAGS_MAX;
}
static inline uint8_t *
nic_head(const struct nic *n, uint32_t tag)
{
	return (uint8_t *)n->headers.memory + (size_t)tag * NIC_HEAD_ROOM + NET_FRAME_ROOM +
	       NET_FRAME_SKEW;
}
/* The frame to NET_FRAME_SKEW behind `to`, by words; what precedes it there is 0 afterwards. */
void nic_copy_frame(uint64_t *to, const uint8_t *frame, size_t bytes);
/* Sends for `from` the `bytes` of a reply, at the head of nic_free_tag(n), which there must be, if
 * the filter lets them; nobody is told when that is done. 0 E_DENIED E_BUSY E_NODEV. */
int nic_send_reply(struct nic *n, uint32_t filter, const struct env *from, uint32_t bytes);
/* The ring's owner is told when the NIC's turn ends. */
void nic_news(struct nic *n, struct ring *r);
/* struct net.done. */
void nic_done(void *context, uint32_t tag, int result);
/* The code of nodes that have none, as compiled code is called. */
struct trie_hit *nic_step(const uint8_t *base, const uint8_t *end, struct trie_node *node,
			  struct trie_hit *hits);

#endif
