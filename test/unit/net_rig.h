/* SPDX-License-Identifier: MIT
 * net_rig.h: a struct net on a wire that remembers what was sent, for unit tests and the fuzzer.
 */
#ifndef TEST_UNIT_NET_RIG_H
#define TEST_UNIT_NET_RIG_H

#include "lib/net/parts.h"

#define RIG_BUFFERS 64
#define RIG_FRAMES  64
#define RIG_SKEW    2 /* of frames, see lib/net/wire.h */

#define RIG_OURS    0x0a00020fu /* 10.0.2.15/24 */
#define RIG_GATEWAY 0x0a000202u
#define RIG_PEER    0x0a000203u
#define RIG_FAR     0x08080808u

struct rig_frame {
	size_t bytes;
	uint8_t skew[RIG_SKEW];
	uint8_t data[FRAME_MAX];
};

struct rig {
	struct net net;
	struct rig_frame buffers[RIG_BUFFERS];
	bool is_taken[RIG_BUFFERS];
	struct rig_frame sent[RIG_FRAMES]; /* the oldest first */
	uint32_t sent_count;
};

extern struct rig rig;
extern const uint8_t rig_mac[MAC_BYTES];
extern const uint8_t rig_peer_mac[MAC_BYTES]; /* of the gateway and of everybody else */

/* An interface that waits for DHCP, or has RIG_OURS already. The time is 100 s. */
void rig_start(bool wants_dhcp);

/* Lets time pass in steps of the interface's own deadlines. */
void rig_pass(uint64_t ns);

/* Gives a frame to the interface, as it is. */
void rig_give(const void *data, size_t bytes);

/* Gives a frame of the peer to the interface: `bytes` of data of `type`, to `mac`. */
void rig_frame(const uint8_t *mac, uint16_t type, const void *data, size_t bytes);

/* The same of an IP packet, whose header is made of `packet`. */
void rig_ip(const struct ip_packet *packet);

/* RIG_PEER says in ARP where `address` is. */
void rig_arp(enum arp_operation operation, uint32_t address);

/* The number of frames sent since it was asked last; frames are in rig.sent from 0 on. */
uint32_t rig_sent(void);

/* Reads frame `index` of those as IP. Its parser's result. */
int rig_read(uint32_t index, struct ip_packet *packet);

/* Buffers that are neither free nor wait for a neighbour. */
uint32_t rig_lost(void);

#endif
