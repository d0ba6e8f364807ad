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
/* A packet was sent by environment `from`: what `list` names, its head first, in memory that can be
 * read. Does anybody here want one that begins so? Then it is kept. Filters of the whole NIC that
 * look at bytes behind its head do not see it. */
static inline bool
local_offer(struct nic *n, const struct env *from, const struct net_segment *list, uint32_t count)
{
	const struct nic_filter *all = &n->filter[0];
	const uint8_t *head = arch_ram(list[0].address.value);
	struct trie_hit hits[TRIE_HITS_MAX];

	return n->local.memory &&
	       (all->ring || (all->children.root &&
			      trie_run(&all->children, head, head + list[0].bytes, hits))) &&
	       local_keep(n, from, list, count);
}
/* The oldest that waits: its bytes and *frame; 0: there is none. n->sender is who sent it. */
uint32_t local_take(struct nic *n, const uint8_t **frame);

#endif
