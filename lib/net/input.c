/* SPDX-License-Identifier: MIT
 * input.c: packets in: what each is, whether it may be, who gets it.
 *
 * Whatever a packet says is checked before it is believed, by the reader of its layer (arp.c, ip.c,
 * icmp.c, reassemble.c); here stands which of them are for us. Data is handed on where it lies.
 */
#include <exo/errors.h>

#include "lib/base/string.h"
#include "lib/net/parts.h"
#include "lib/net/usual.h"

void
net_tell(struct net *net, const struct ip_packet *packet, enum icmp_type type, enum icmp_code code)
{
	uint8_t header[ICMP_HEADER];
	uint32_t behind = packet->bytes < 8 ? packet->bytes : 8;
	struct icmp_message message = {
		.type = (uint8_t)type,
		.code = (uint8_t)code,
		.data = packet->header,
		.bytes = packet->header_bytes + behind,
	};

	if (!icmp_may_tell(packet, net->address) || net_is_broadcast(net, packet->from)) {
		return;
	}
	if (!icmp_take(&net->errors, net->now_ns)) {
		net->counts.untold++;
		return;
	}
	icmp_build(header, &message);
	net->counts.told +=
		!net_output(net, IP_ICMP, packet->from, header, message.data, message.bytes);
}

static void
arp_frame(struct net *net, const uint8_t *data, size_t bytes)
{
	struct arp_packet packet;

	if (arp_parse(data, bytes, &packet)) {
		net->counts.malformed++;
		return;
	}
	net->deadline_ns = 0;
	struct arp_result result = arp_input(&net->arp, &packet, net->now_ns);
	if (result.has_reply) {
		net_send_arp(net, &result.reply);
	}
	if (result.answered) {
		net_send_waiting(net, result.answered);
	}
}

/* RFC 1122 3.2.2.6: answered with all of its data, but not if all hosts got it. */
static void
echo_input(struct net *net, const struct ip_packet *packet, struct icmp_message *message)
{
	uint8_t header[ICMP_HEADER];

	if (packet->to != net->address) {
		return;
	}
	if (net->asked) {
		net->counts.echoes += !net_echo_answer(net, packet->bytes);
		return;
	}
	message->type = ICMP_ECHO_REPLY;
	icmp_build(header, message);
	net->counts.echoes +=
		!net_output(net, IP_ICMP, packet->from, header, message->data, message->bytes);
}

static void
error_input(struct net *net, const struct ip_packet *packet, const struct icmp_message *message)
{
	struct net_error error = {
		.from = packet->from, .type = message->type, .code = message->code};

	if (icmp_parse_about(message, net->address, &error.about)) {
		net->counts.malformed++;
	} else if (net->hooks.error) {
		net->hooks.error(net, &error);
	}
}

static void
icmp_input(struct net *net, const struct ip_packet *packet)
{
	struct icmp_message message;

	if (icmp_parse(packet, &message)) {
		net->counts.malformed++;
	} else if (message.type == ICMP_ECHO) {
		echo_input(net, packet, &message);
	} else if (message.type == ICMP_ECHO_REPLY && net->hooks.echo) {
		struct net_echo echo = {packet->from, message.id, message.sequence, message.data,
					message.bytes};
		net->hooks.echo(net, &echo);
	} else if (icmp_is_error(message.type)) {
		error_input(net, packet, &message);
	}
}

static void
udp_input(struct net *net, const struct ip_packet *packet)
{
	struct udp_packet udp;

	if (udp_parse(packet, &udp)) {
		net->counts.malformed++;
		return;
	}
	if (udp.to_port == DHCP_CLIENT_PORT && udp.from_port == DHCP_SERVER_PORT) {
		net_configure(net, udp.data, udp.bytes);
		return;
	}
	const struct net_port *port = net->address ? net_port_of(net, udp.to_port) : NULL;
	if (!port) {
		net->counts.no_port++;
		net_tell(net, packet, ICMP_UNREACHABLE, ICMP_PORT);
		return;
	}
	struct net_datagram datagram = {
		.from = packet->from,
		.from_port = udp.from_port,
		.to_port = udp.to_port,
		.is_broadcast = packet->to != net->address,
		.data = udp.data,
		.bytes = udp.bytes,
		.frame = net->asked,
	};
	port->receive(net, port->context, &datagram);
}

/* A whole datagram. Without an address only DHCP is listened to. */
static void
deliver(struct net *net, const struct ip_packet *packet)
{
	if (packet->protocol == IP_UDP) {
		udp_input(net, packet);
	} else if (!net->address) {
		net->counts.strangers++;
	} else if (packet->protocol == IP_ICMP) {
		icmp_input(net, packet);
	} else {
		net->counts.strangers++;
		net_tell(net, packet, ICMP_UNREACHABLE, ICMP_PROTOCOL);
	}
}

static void
fragment_input(struct net *net, const struct ip_packet *packet)
{
	struct fragment fragment = {
		.from = packet->from,
		.to = packet->to,
		.id = packet->id,
		.protocol = packet->protocol,
		.more = packet->more,
		.offset = packet->offset,
		.header = packet->header,
		.header_bytes = packet->header_bytes,
		.data = packet->data,
		.bytes = packet->bytes,
	};

	net->deadline_ns = 0;
	net->counts.fragments++;
	struct reassembly *one = reassemble_add(&net->reassembler, &fragment, net->now_ns);
	if (one) {
		struct ip_packet whole = *packet;
		whole.more = false;
		whole.offset = 0;
		whole.header = one->head;
		whole.header_bytes = one->header_bytes;
		whole.data = one->data;
		whole.bytes = one->bytes;
		net->counts.reassembled++;
		net->asked = NULL;
		deliver(net, &whole);
		reassemble_free(one);
	}
}

/* RFC 1122 3.2.1.3, 3.3.6: to us alone, or to all hosts in a frame to all. Who has no address yet
 * listens to whatever its hardware address gets (RFC 2131 4.1). */
static bool
is_for_us(const struct net *net, const struct ip_packet *packet, bool is_frame_to_all)
{
	if (!net->address) {
		return true;
	}
	return is_frame_to_all ? net_is_broadcast(net, packet->to) : packet->to == net->address;
}

/* RFC 1122 3.2.1.3: only hosts send, and nobody else as us. */
static bool
can_be_sender(const struct net *net, uint32_t from)
{
	return ip_is_host(from) && from != net->address && !net_is_broadcast(net, from);
}

static void
ip_frame(struct net *net, const uint8_t *data, size_t bytes, bool is_frame_to_all)
{
	struct ip_packet packet;

	if (ip_parse(data, bytes, &packet) || !can_be_sender(net, packet.from)) {
		net->counts.malformed++;
	} else if (!is_for_us(net, &packet, is_frame_to_all)) {
		net->counts.strangers++;
	} else if (!packet.offset && !packet.more) {
		bool is_plain = packet.header_bytes == IP_HEADER && !is_frame_to_all;
		net->asked = is_plain ? data - ETH_HEADER : NULL;
		deliver(net, &packet);
	} else if (net->address) {
		fragment_input(net, &packet);
	}
}

/* What comes most: a datagram to us alone, for which there is a listener. False if it is not; then
 * nothing has been done. DHCP has no listener here. */
static bool
usual_frame(struct net *net, const uint8_t *frame, size_t bytes)
{
	const uint8_t *header = frame + ETH_HEADER;
	int data_bytes = get16_wide(frame + ETH_TYPE) == ETH_TYPE_IP
				 ? usual_bytes(header, bytes - ETH_HEADER)
				 : E_FORMAT;

	if (data_bytes < 0 || !net->address || get32_aligned(header + USUAL_TO) != net->address) {
		return false;
	}
	uint32_t ports = get16_pair(header + USUAL_PORTS);
	struct net_datagram datagram = {
		.from = get32_aligned(header + USUAL_FROM),
		.from_port = ports & 0xffff,
		.to_port = (uint16_t)(ports >> 16),
		.data = header + USUAL_DATA,
		.bytes = (uint32_t)data_bytes,
		.frame = frame,
	};
	const struct net_port *port = net_port_of(net, datagram.to_port);
	if (!port || !datagram.to_port || datagram.to_port == DHCP_CLIENT_PORT ||
	    !can_be_sender(net, datagram.from)) {
		return false;
	}
	port->receive(net, port->context, &datagram);
	return true;
}

/* All others. Apart, so that the usual ones need few registers. */
static __attribute__((noinline)) void
other_frame(struct net *net, const uint8_t *frame, size_t bytes)
{
	if (bytes < ETH_HEADER) {
		net->counts.malformed++;
		return;
	}
	uint64_t to = mac_to(frame);
	uint16_t type = get16(frame + ETH_TYPE);
	if (to != net->mac && to != MAC_ALL) {
		net->counts.strangers++;
	} else if (type == ETH_TYPE_IP) {
		ip_frame(net, frame + ETH_HEADER, bytes - ETH_HEADER, to == MAC_ALL);
	} else if (type == ETH_TYPE_ARP) {
		arp_frame(net, frame + ETH_HEADER, bytes - ETH_HEADER);
	} else {
		net->counts.strangers++;
	}
}

void
net_input(struct net *net, const uint8_t *frame, size_t bytes)
{
	net->counts.frames++;
	if (bytes < ETH_HEADER || mac_to(frame) != net->mac || !usual_frame(net, frame, bytes)) {
		other_frame(net, frame, bytes);
	}
}
