/* SPDX-License-Identifier: MIT
 * local.h: packets from one environment to another on the same NIC.
 */
#ifndef KERN_NET_LOCAL_H
#define KERN_NET_LOCAL_H

#include "kern/net/nic_state.h"
#include "kern/net/trie_node.h"

/* Boot: `n` gives packets to its own filters too. */
void local_init(struct nic *n);
/* What `list` names waits for the NIC's turn, if there is room. True: now it does. */
bool local_keep(struct nic *n, const struct env *from, const struct net_segment *list,
		uint32_t count);
/* Does anybody here want a packet with this head, in memory that can be read? Filters of the whole
 * NIC that look at bytes behind its head do not see it. */
bool local_wants(const struct nic *n, const struct net_segment *head);
/* A packet was sent by environment `from`: what `list` names, its head first. If somebody here may
 * want it, it is kept. */
static inline bool
local_offer(struct nic *n, const struct env *from, const struct net_segment *list, uint32_t count)
{
	return local_wants(n, list) && local_keep(n, from, list, count);
}
/* The oldest that waits: its bytes and *frame; 0: there is none. n->sender is who sent it. */
uint32_t local_take(struct nic *n, const uint8_t **frame);

#endif
