/* SPDX-License-Identifier: MIT
 * output.c: packets out: routes, headers, fragments, neighbours.
 *
 * A frame is put together in a buffer of the carrier: 14 bytes of Ethernet, 20 of IP, 8 of UDP or
 * ICMP, data. Datagrams that do not fit into one frame are cut here; their receivers' ARP must be
 * known, or all but the last piece are lost, for one frame waits for each neighbour.
 */
#include <exo/errors.h>

#include "lib/base/rand.h"
#include "lib/base/string.h"
#include "lib/base/words.h"
#include "lib/net/parts.h"

#define PIECE   ((IP_MTU - IP_HEADER) / 8 * 8) /* data of a fragment */
#define BEHIND  8                              /* the header behind the IP header */
#define UDP_AT  (ETH_HEADER + IP_HEADER)
#define DATA_AT (UDP_AT + BEHIND)
#define TURNED  4 /* of what is behind the IP header: words follow */

_Static_assert(UDP_HEADER == BEHIND && ICMP_HEADER == BEHIND, "net_output takes both");

_Alignas(2) static const uint8_t everybody[MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* The neighbour that a packet to `to` is given to; IP_BROADCAST is all. RFC 1122 3.3.1.1. */
static int
route(const struct net *net, uint32_t to, uint32_t *hop)
{
	if (net_is_broadcast(net, to)) {
		*hop = IP_BROADCAST;
		return 0;
	}
	if (!net->address) {
		return E_STATE;
	}
	if (!ip_is_host(to) || to == net->address) {
		return E_INVAL;
	}
	*hop = ((to ^ net->address) & net->mask) == 0 ? to : net->gateway;
	return *hop ? 0 : E_NOENT;
}

static uint8_t *
take(struct net *net)
{
	uint8_t *frame = net->carrier->take(net);

	net->counts.no_buffer += !frame;
	return frame;
}

/* Adds the Ethernet header and lets the frame go; what is too short for Ethernet is filled up
 * with zeros. */
static void
send_to(struct net *net, uint8_t *frame, size_t bytes, const uint8_t *mac, uint16_t type)
{
	mac_copy(frame + ETH_TO, mac);
	mac_put_from(frame, net->mac);
	put16(frame + ETH_TYPE, type);
	if (bytes < FRAME_MIN) {
		memset(frame + bytes, 0, FRAME_MIN - bytes);
		bytes = FRAME_MIN;
	}
	net->counts.sent++;
	net->carrier->send(net, frame, bytes);
}

/* A frame with the IP header of `asked` turned round and the `bytes` behind that, but for the first
 * TURNED of them, which are the caller's to write; or a null pointer. */
static uint8_t *
turn(struct net *net, const uint8_t *asked, size_t bytes)
{
	uint8_t *frame = take(net);

	if (frame) {
		ip_turn(frame + ETH_HEADER, asked + ETH_HEADER, net->next_id++);
		words_copy_bytes(frame + UDP_AT + TURNED, asked + UDP_AT + TURNED, bytes - TURNED);
	}
	return frame;
}

/* Sends to where the frame `asked` came from: no route and no neighbour has to be looked up. */
static void
send_back(struct net *net, uint8_t *frame, const uint8_t *asked, size_t bytes)
{
	send_to(net, frame, UDP_AT + bytes, asked + ETH_FROM, ETH_TYPE_IP);
}

/* Sends to a neighbour, or lets the frame wait until it answers. */
static void
send_hop(struct net *net, uint8_t *frame, size_t bytes, uint32_t hop)
{
	struct neighbour *entry;
	const uint8_t *mac =
		hop == IP_BROADCAST ? everybody : arp_resolve(&net->arp, hop, net->now_ns, &entry);

	if (mac) {
		send_to(net, frame, bytes, mac, ETH_TYPE_IP);
		return;
	}
	net->deadline_ns = 0;
	uint8_t *loser = entry ? arp_wait(entry, frame, bytes) : frame;
	if (loser) {
		net->counts.no_neighbour++;
		net->carrier->give(net, loser);
	}
}

void
net_send_waiting(struct net *net, struct neighbour *entry)
{
	uint8_t *frame = entry->waiting;

	entry->waiting = NULL;
	if (frame) {
		send_to(net, frame, entry->waiting_bytes, entry->mac, ETH_TYPE_IP);
	}
}

void
net_send_arp(struct net *net, const struct arp_packet *packet)
{
	uint8_t *frame = take(net);

	if (frame) {
		arp_build(packet, frame + ETH_HEADER);
		send_to(net, frame, ETH_HEADER + ARP_BYTES, packet->to, ETH_TYPE_ARP);
	}
}

static struct ip_packet
packet_to(struct net *net, enum ip_protocol protocol, uint32_t to, uint32_t bytes)
{
	return (struct ip_packet){
		.from = net->address,
		.to = to,
		.id = net->next_id++,
		.protocol = (uint8_t)protocol,
		.bytes = bytes,
	};
}

/* Copies [at, at + bytes) of a datagram that consists of its header and of `data`. */
static void
copy_piece(uint8_t *out, const uint8_t *header, const uint8_t *data, uint32_t at, uint32_t bytes)
{
	uint32_t first = at < BEHIND ? BEHIND : 0; /* pieces begin with the header or behind it */

	memcpy(out, header, first);
	if (bytes > first) {
		memcpy(out + first, data + (at + first - BEHIND), bytes - first);
	}
}

int
net_output(struct net *net, enum ip_protocol protocol, uint32_t to, const uint8_t *header,
	   const uint8_t *data, uint32_t bytes)
{
	uint32_t hop;
	uint32_t total = BEHIND + bytes;
	int result = route(net, to, &hop);
	struct ip_packet packet = packet_to(net, protocol, to, total);

	for (uint32_t at = 0; !result && at < total; at += packet.bytes) {
		uint8_t *frame = take(net);

		if (!frame) {
			return E_BUSY;
		}
		packet.offset = at;
		packet.more = total - at > IP_MTU - IP_HEADER;
		packet.bytes = packet.more ? PIECE : total - at;
		copy_piece(frame + UDP_AT, header, data, at, packet.bytes);
		ip_build(&packet, frame + ETH_HEADER);
		send_hop(net, frame, UDP_AT + packet.bytes, hop);
	}
	return result;
}

int
net_udp_output(struct net *net, const struct net_path *path, const void *data, uint32_t bytes)
{
	uint8_t header[UDP_HEADER];
	struct udp_packet udp = {path->from_port, path->to_port, data, bytes};

	if (bytes > UDP_MAX) {
		return E_RANGE;
	}
	udp_build(header, net->address, path->to, &udp);
	return net_output(net, IP_UDP, path->to, header, data, bytes);
}

int
net_udp_send(struct net *net, const struct net_path *path, const void *data, uint32_t bytes)
{
	return net->address ? net_udp_output(net, path, data, bytes) : E_STATE;
}

int
net_echo_answer(struct net *net, uint32_t bytes)
{
	uint8_t *frame = turn(net, net->asked, bytes);

	if (!frame) {
		return E_BUSY;
	}
	icmp_turn(frame + UDP_AT, net->asked + UDP_AT);
	send_back(net, frame, net->asked, bytes);
	return 0;
}

/* What came goes back; the sum over it stands. */
static int
udp_return(struct net *net, const uint8_t *asked, size_t bytes)
{
	uint8_t *frame = turn(net, asked, bytes);

	if (!frame) {
		return E_BUSY;
	}
	udp_turn(frame + UDP_AT, asked + UDP_AT);
	send_back(net, frame, asked, bytes);
	return 0;
}

/* Other data than what came. Apart, so that sending that back needs few registers. */
static __attribute__((noinline)) int
udp_answer_new(struct net *net, const struct net_datagram *datagram, const void *data,
	       uint32_t bytes)
{
	uint8_t *frame = take(net);

	if (!frame) {
		return E_BUSY;
	}
	struct udp_packet udp = {datagram->to_port, datagram->from_port, data, bytes};
	struct ip_packet packet = packet_to(net, IP_UDP, datagram->from, UDP_HEADER + bytes);
	memcpy(frame + DATA_AT, data, bytes);
	udp_build(frame + UDP_AT, net->address, datagram->from, &udp);
	ip_build(&packet, frame + ETH_HEADER);
	send_back(net, frame, datagram->frame, packet.bytes);
	return 0;
}

static __attribute__((noinline)) int
udp_answer_apart(struct net *net, const struct net_datagram *datagram, const void *data,
		 uint32_t bytes)
{
	struct net_path path = {datagram->from, datagram->from_port, datagram->to_port};

	return net_udp_send(net, &path, data, bytes);
}

int
net_udp_answer(struct net *net, const struct net_datagram *datagram, const void *data,
	       uint32_t bytes)
{
	const uint8_t *asked = datagram->frame;

	if (!asked || bytes > UDP_IN_PLACE) {
		return udp_answer_apart(net, datagram, data, bytes);
	}
	if (data == datagram->data && bytes == datagram->bytes &&
	    ip_load_checksum(asked + UDP_AT + 6)) {
		return udp_return(net, asked, UDP_HEADER + (size_t)bytes);
	}
	return udp_answer_new(net, datagram, data, bytes);
}

uint8_t *
net_udp_take(struct net *net)
{
	uint8_t *frame = take(net);

	return frame ? frame + DATA_AT : NULL;
}

void
net_udp_give(struct net *net, uint8_t *data)
{
	net->carrier->give(net, data - DATA_AT);
}

int
net_udp_put(struct net *net, const struct net_path *path, uint8_t *data, uint32_t bytes)
{
	uint8_t *frame = data - DATA_AT;
	uint32_t hop;
	int result = bytes > UDP_IN_PLACE ? E_RANGE
		     : net->address       ? route(net, path->to, &hop)
					  : E_STATE;

	if (result) {
		net->carrier->give(net, frame);
		return result;
	}
	struct udp_packet udp = {path->from_port, path->to_port, data, bytes};
	struct ip_packet packet = packet_to(net, IP_UDP, path->to, UDP_HEADER + bytes);
	udp_build(frame + UDP_AT, net->address, path->to, &udp);
	ip_build(&packet, frame + ETH_HEADER);
	send_hop(net, frame, DATA_AT + bytes, hop);
	return 0;
}

int
net_ping(struct net *net, uint32_t to, uint16_t id, uint16_t sequence, const void *data,
	 uint32_t bytes)
{
	uint8_t header[ICMP_HEADER];
	struct icmp_message message = {
		.type = ICMP_ECHO, .id = id, .sequence = sequence, .data = data, .bytes = bytes};

	if (!net->address || bytes > UDP_MAX) {
		return net->address ? E_RANGE : E_STATE;
	}
	icmp_build(header, &message);
	return net_output(net, IP_ICMP, to, header, data, bytes);
}

int
net_udp_listen(struct net *net, uint16_t port, net_receive *receive, void *context)
{
	if (!port || net_port_of(net, port)) {
		return port ? E_BUSY : E_INVAL;
	}
	struct net_port *chosen = net_port_of(net, 0);
	if (!chosen) {
		return E_NOSPACE;
	}
	*chosen = (struct net_port){port, receive, context};
	return 0;
}

void
net_udp_close(struct net *net, uint16_t port)
{
	struct net_port *one = port ? net_port_of(net, port) : NULL;

	if (one) {
		one->port = 0;
	}
}

uint16_t
net_udp_free_port(struct net *net)
{
	uint16_t port;

	do {
		port = (uint16_t)(49152 + rand_below(&net->random, 65536 - 49152));
	} while (net_port_of(net, port));
	return port;
}
