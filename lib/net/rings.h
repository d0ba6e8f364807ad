/* SPDX-License-Identifier: MIT
 * rings.h: what carries a struct net's frames on the target: PACKET capabilities and a FRAME that
 * packets are built in. rings.c works on it; nobody else does.
 */
#ifndef LIB_NET_RINGS_H
#define LIB_NET_RINGS_H

#include "lib/exo/net.h"
#include "lib/exo/start.h"

#define NET_BUFFERS  64 /* for packets that are built or on their way out */
#define NET_SENT_BIT 61 /* event of packets that have gone out */

struct net_rings {
	uint32_t bit; /* event of packets that come */
	uint64_t timebase_hz;
	struct exo_pages arena;
	uint8_t free[NET_BUFFERS];
	size_t free_count;
	bool has_more; /* packets that net_poll has left for the next time */
	/* net_deadline as the `time` counter shows it, for the last one that was asked about */
	uint64_t deadline_ns;
	uint64_t deadline_ticks;
	struct exo_net nets[EXO_START_GRANTS]; /* the first in both directions */
	struct exo_net *end;                   /* behind the last one */
};

#endif
