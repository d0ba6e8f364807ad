/* SPDX-License-Identifier: MIT
 * parts.h: what the files of a struct net call of each other. Pure but for rings.c and open.c.
 *
 *	open.c -> rings.c -> input.c -> output.c -> the carrier (rings.c, or a test)
 *	                     config.c (DHCP, ARP) -> output.c
 */
#ifndef LIB_NET_PARTS_H
#define LIB_NET_PARTS_H

#include "lib/net/net.h"

/* config.c: makes a struct net that is all zeros but for its rings and hooks; at time now_ns. */
void net_start(struct net *net, const struct net_settings *settings,
	       const struct net_carrier *carrier, uint64_t now_ns);

/* config.c: what net->now_ns has brought about, and when there is something next. Who brings a
 * deadline forward sets net->deadline_ns to 0; net_deadline computes it then. */
void net_tick(struct net *net);
uint64_t net_find_deadline(const struct net *net);

static inline uint64_t
net_deadline(struct net *net)
{
	if (!net->deadline_ns) {
		net->deadline_ns = net_find_deadline(net);
	}
	return net->deadline_ns;
}

/* config.c: a DHCP message. */
void net_configure(struct net *net, const uint8_t *data, uint32_t bytes);

/* input.c: a frame that came; it is not needed any more afterwards. */
void net_input(struct net *net, const uint8_t *frame, size_t bytes);

/* input.c: tells the sender of a packet an error, if that may be (RFC 1122 3.2.2). */
void net_tell(struct net *net, const struct ip_packet *packet, enum icmp_type type,
	      enum icmp_code code);

/* True if `address` means all hosts of this network. */
static inline bool
net_is_broadcast(const struct net *net, uint32_t address)
{
	uint32_t hosts = ~net->mask;

	/* In a network of one or two addresses none is a broadcast (RFC 3021). */
	return address == IP_BROADCAST ||
	       (net->address && hosts > 1 && (address | hosts) == address &&
		(address & net->mask) == (net->address & net->mask));
}

/* Who listens at `port`; with 0, a place where nobody does. NULL: there is none. */
static inline struct net_port *
net_port_of(struct net *net, uint16_t port)
{
	for (struct net_port *one = net->ports; one < net->ports + NET_PORTS; one++) {
		if (one->port == port) {
			return one;
		}
	}
	return NULL;
}

/* output.c: sends a datagram of 8 bytes of header and `bytes` of data, in fragments if need be.
 * Errors as net_udp_send. */
int net_output(struct net *net, enum ip_protocol protocol, uint32_t to, const uint8_t *header,
	       const uint8_t *data, uint32_t bytes);

/* output.c: as net_udp_send, also without an address: for DHCP. */
int net_udp_output(struct net *net, const struct net_path *path, const void *data, uint32_t bytes);

/* output.c: sends an echo, an ICMP message of `bytes` in the frame net->asked, back. 0 or E_BUSY.
 */
int net_echo_answer(struct net *net, uint32_t bytes);

void net_send_arp(struct net *net, const struct arp_packet *packet);

/* output.c: the frame that waited for `entry` goes out. */
void net_send_waiting(struct net *net, struct neighbour *entry);

/* rings.c: opens the program's PACKET capabilities. 0 or an error. */
int net_rings_open(struct net *net, uint32_t bit);

/* rings.c: counts what has become of the packets that were handed to the kernel. */
void net_rings_look(struct net *net);
extern const struct net_carrier net_rings_carrier;

#endif
