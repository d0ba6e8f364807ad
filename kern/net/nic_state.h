/* SPDX-License-Identifier: MIT
 * nic_state.h: the state of a NIC, for nic.c (filters, receive) and transmit.c.
 */
#ifndef KERN_NET_NIC_STATE_H
#define KERN_NET_NIC_STATE_H

#include "kern/net/filter.h"
#include "kern/net/nic.h"

_Static_assert((CONFIG_FILTERS & (CONFIG_FILTERS - 1)) == 0 && CONFIG_FILTERS <= 256,
	       "filters fit a byte, power of two");

/* A filter of the pool. Children are a list; carved ones are pairwise disjoint, shared ones may
 * overlap. */
struct node {
	bool used;
	bool shared;
	uint32_t parent;
	uint32_t first_child;
	uint32_t next;
	struct ring *ring; /* receives */
	struct filter filter;
};

struct nic {
	struct kernel *kernel;
	struct net *net;
	struct exo_nic_info *info;
	struct dma_area headers;
	struct node node[CONFIG_FILTERS];
	uint32_t free;     /* below it no filter is free */
	struct ring *news; /* while it interrupts: rings that packets have come to */
	struct {
		struct ring *ring;
		struct ring_request *request;
	} tag[NET_TAGS_MAX];
};

/* The NIC of a PACKET capability's start. */
struct nic *nic_of(uint64_t name);
/* struct net.done. */
void nic_done(void *context, uint32_t tag, int result);

#endif
