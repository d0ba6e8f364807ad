/* SPDX-License-Identifier: MIT
 * local.h: packets from one environment to another on the same NIC.
 */
#ifndef KERN_NET_LOCAL_H
#define KERN_NET_LOCAL_H

#include "kern/net/nic_state.h"

/* Boot: `n` gives packets to its own filters too. */
void local_init(struct nic *n);
/* A packet was sent by environment `from`; what `list` names, its head first, in memory that can be
 * read. If it may be for a filter here it waits for the NIC's turn; true: now it does. */
bool local_offer(struct nic *n, const struct env *from, const struct net_segment *list,
		 uint32_t count);
/* The oldest that waits: its bytes and *frame; 0: there is none. n->sender is who sent it. */
uint32_t local_take(struct nic *n, const uint8_t **frame);

#endif
