/* SPDX-License-Identifier: MIT
 * nic.h: NICs shared by predicates: which ring a received packet goes to, which packets a ring may
 * send.
 */
#ifndef KERN_NET_NIC_H
#define KERN_NET_NIC_H

#include <exo/atom.h>
#include <exo/detail.h>
#include "kern/dev/net.h"
#include "kern/kernel.h"
#include "kern/ring.h"

/* start of a PACKET capability: NIC << 16 | filter. */
#define NIC_SHIFT EXO_NIC_SHIFT

/* The named invariants of a NIC's filters: NULL or the one that does not hold. */
const char *nic_check(uint32_t number);
/* Make `n` NIC number `number`, which interrupts by `irq`, or with 0 does not; `headers` holds the
 * copied packet heads, NIC_HEADERS_BYTES. Boot. Filter 0 is the whole NIC. */
#define NIC_HEAD_BYTES    256 /* EXO_TRANSMIT_SPAN, or a handler's reply */
#define NIC_HEAD_ROOM     320
#define NIC_HEADERS_BYTES (NET_TAGS_MAX * NIC_HEAD_ROOM)
_Static_assert(NIC_HEADERS_BYTES % PAGE_SIZE == 0, "whole pages");
_Static_assert(NET_FRAME_ROOM + NET_FRAME_SKEW + NIC_HEAD_BYTES + 8 <= NIC_HEAD_ROOM,
	       "the last word too");
void nic_attach(struct kernel *k, uint32_t number, struct net *n, struct dma_area headers,
		uint32_t irq, uint32_t context);
/* What nobody can guess, for the tables of all NICs: before there are filters. Boot. */
void nic_stir(const uint8_t *bytes, uint32_t count);
/* A filter for a child of PACKET capability `parent`, not yet in the tree, from which `below` more
 * may be derived, which its quota pays for: 0 and *name; NIC_AGAIN: that is not done yet, and is
 * to be asked for again on this hart; or E_INVAL (also: no packet can pass) E_RANGE E_LIMIT
 * E_NOSPACE (also: of the parent's part); E_TAKEN: of a carved one that may meet a sibling,
 * *in_the_way. nic_filter_discard gives it back if the derivation fails. */
#define NIC_AGAIN 1
int nic_filter_make(uint32_t hart, const struct cap *parent, const struct exo_filter *f,
		    bool is_shared, uint64_t below, uint64_t *name, uint64_t *in_the_way);
void nic_filter_discard(uint64_t name);
/* What stands about filter `number` of its NIC, if it is that of the PACKET capability whose start
 * is `above`, or was derived from it. *info is zeroed. 0; E_NOENT: it is not; E_RANGE: nor is any
 * behind it. */
int nic_filter_detail(uint64_t above, uint64_t number, struct exo_filter_info *info);
/* In the type table. */
bool nic_disjoint(struct captree *t, const struct cap *c, const struct cap *with);
void nic_filter_free(struct captree *t, struct cap *c);

/* Packets of PACKET capability c go to / leave by ring r. 0 or E_BUSY (it has a receive ring),
 * E_INVAL. With `reroute` the receive ring it has gives it up, from one packet to the next. */
int nic_bind(struct ring *r, struct cap *c, bool reroute);
/* End that. */
void nic_detach(struct ring *r);
/* As extent_submit, for a TRANSMIT ring. */
int nic_submit(struct kernel *k, struct ring *r, struct cspace *s);

#endif
