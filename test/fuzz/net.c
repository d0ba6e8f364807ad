/* SPDX-License-Identifier: MIT
 * net.c: fuzz target of a whole interface of lib/net: frames, time, and what the program does.
 *
 * An input is a list of steps: one byte what, two bytes how much, then so many bytes. Frames are
 * given as they are, or with the checksums and addresses put right so that what lies behind is
 * reached. Properties: the invariants hold after each step, no buffer is lost, and what is sent is
 * well-formed.
 *
 * links: lib/net/input.c lib/net/usual.c lib/net/output.c lib/net/config.c lib/net/arp.c
 * links: lib/net/ip.c lib/net/icmp.c lib/net/reassemble.c lib/net/dhcp.c lib/net/dhcp_message.c
 * links: lib/base/checksum.c lib/net/sntp.c test/unit/net_rig.c
 */
#include <stdlib.h>
#include <string.h>

#include "lib/net/sntp.h"
#include "test/unit/net_rig.h"

#define STEPS 200

enum step {
	FRAME,    /* as it is */
	REPAIRED, /* as an IP packet for us, with right sums */
	FRAGMENT, /* the same, with few different ids */
	DHCP,     /* a message for us */
	ARP,
	PASS, /* time, in 1/16 s */
	SEND,
	SNTP,
	KINDS,
};

static void
require(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void
echo(struct net *net, void *context, const struct net_datagram *datagram)
{
	struct net_path back = {datagram->from, datagram->from_port, datagram->to_port};

	(void)context;
	(void)net_udp_send(net, &back, datagram->data, datagram->bytes);
}

/* Reads all of an answer. */
static void
hear_echo(struct net *net, const struct net_echo *one)
{
	volatile uint8_t sum = 0;

	(void)net;
	for (uint32_t i = 0; i < one->bytes; i++) {
		sum = (uint8_t)(sum + one->data[i]);
	}
}

static void
hear_error(struct net *net, const struct net_error *error)
{
	(void)net;
	require(error->from != 0);
}

/* Everything that went out can be read by whoever gets it. */
static void
check_sent(void)
{
	uint32_t count = rig_sent();

	for (uint32_t i = 0; i < count && i < RIG_FRAMES; i++) {
		const struct rig_frame *one = &rig.sent[i];
		struct arp_packet arp;
		struct ip_packet packet;
		struct udp_packet udp;
		struct icmp_message message;

		require(!memcmp(one->data + ETH_FROM, rig_mac, MAC_BYTES));
		if (get16(one->data + ETH_TYPE) == ETH_TYPE_ARP) {
			require(!arp_parse(one->data + ETH_HEADER, ARP_BYTES, &arp));
			continue;
		}
		require(!rig_read(i, &packet));
		if (packet.offset || packet.more) {
			continue;
		}
		require(packet.protocol == IP_UDP ? !udp_parse(&packet, &udp)
						  : !icmp_parse(&packet, &message));
	}
}

/* Puts right what a checksum would refuse. */
static void
repair(uint8_t *data, size_t bytes, bool is_fragment)
{
	if (bytes < IP_HEADER) {
		return;
	}
	uint32_t header_bytes = (data[0] & 15u) * 4;
	header_bytes = header_bytes < IP_HEADER || header_bytes > bytes ? IP_HEADER : header_bytes;
	data[0] = (uint8_t)(0x40 | header_bytes / 4);
	put16(data + 2, (uint32_t)bytes);
	put32(data + 12, RIG_PEER + (data[15] & 1));
	put32(data + 16, RIG_OURS);
	if (is_fragment) {
		put16(data + 4, data[5] & 7);
		data[9] = data[9] & 1 ? IP_UDP : IP_ICMP;
	}
	put16(data + 10, 0);
	ip_store_checksum(data + 10, ip_checksum(data, header_bytes, 0));
	if (data[9] == IP_UDP && bytes >= header_bytes + UDP_HEADER) {
		put16(data + header_bytes + 6, 0);
	} else if (data[9] == IP_ICMP && bytes >= header_bytes + ICMP_HEADER) {
		uint32_t behind = (uint32_t)bytes - header_bytes;
		put16(data + header_bytes + 2, 0);
		ip_store_checksum(data + header_bytes + 2,
				  ip_checksum(data + header_bytes, behind, 0));
	}
}

static void
give_ip(const uint8_t *data, size_t bytes, bool is_fragment)
{
	uint8_t copy[IP_MTU];

	memcpy(copy, data, bytes);
	repair(copy, bytes, is_fragment);
	rig_frame(rig_mac, ETH_TYPE_IP, copy, bytes);
}

/* Options are the fuzzer's, what stands before them is right. */
static void
give_dhcp(const uint8_t *data, size_t bytes)
{
	uint8_t message[IP_MTU - IP_HEADER] = {0};
	uint8_t *at = message + UDP_HEADER;
	struct ip_packet packet = {.from = RIG_GATEWAY,
				   .to = RIG_OURS,
				   .protocol = IP_UDP,
				   .data = message,
				   .bytes = UDP_HEADER + 240};

	bytes = bytes < sizeof(message) - 256 ? bytes : sizeof(message) - 256;
	put32(at, 0x02010600);
	put32(at + 4, rig.net.dhcp.xid);
	put32(at + 16, RIG_OURS);
	memcpy(at + 28, rig_mac, MAC_BYTES);
	put32(at + 236, 0x63825363);
	memcpy(at + 240, data, bytes);
	packet.bytes += (uint32_t)bytes;
	struct udp_packet udp = {DHCP_SERVER_PORT, DHCP_CLIENT_PORT, at, 240 + (uint32_t)bytes};
	udp_build(message, packet.from, packet.to, &udp);
	rig_ip(&packet);
}

static void
send_some(const uint8_t *data, size_t bytes)
{
	static uint8_t large[UDP_MAX];
	uint32_t much = bytes > 2 ? get16(data) % UDP_MAX : 10;
	struct net_path path = {bytes > 6 ? get32(data + 2) : RIG_PEER + (uint32_t)bytes, 7, 7};

	if (bytes & 1) {
		(void)net_udp_send(&rig.net, &path, large, much);
	} else {
		(void)net_ping(&rig.net, path.to, 1, 1, large, much);
	}
}

static void
ask_time(const uint8_t *data, size_t bytes)
{
	struct sntp_question question = {0, 5};
	struct sntp_answer answer;

	if (!sntp_parse(data, bytes, &question, 1000000, &answer)) {
		require(answer.delay_ns <= 1000000 && bytes >= SNTP_BYTES);
	}
}

static void
step(enum step what, const uint8_t *data, size_t bytes)
{
	switch (what) {
	case FRAME:
		rig_give(data, bytes);
		break;
	case REPAIRED:
	case FRAGMENT:
		give_ip(data, bytes, what == FRAGMENT);
		break;
	case DHCP:
		give_dhcp(data, bytes);
		break;
	case ARP:
		rig_frame(rig_mac, ETH_TYPE_ARP, data, bytes);
		break;
	case PASS:
		rig_pass(bytes * 62500000ull);
		break;
	case SEND:
		send_some(data, bytes);
		break;
	default:
		ask_time(data, bytes);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes < 1) {
		return 0;
	}
	rig_start(data[0] & 1);
	rig.net.hooks = (struct net_hooks){NULL, hear_echo, hear_error};
	net_udp_listen(&rig.net, 7, echo, NULL);
	data++;
	bytes--;
	for (int n = 0; n < STEPS && bytes >= 3; n++) {
		size_t room = bytes - 3;
		size_t length = get16(data + 1) % (IP_MTU + 1);

		length = length < room ? length : room;
		step(data[0] % KINDS, data + 3, length);
		check_sent();
		require(net_check(&rig.net));
		require(rig_lost() == 0);
		data += 3 + length;
		bytes -= 3 + length;
	}
	return 0;
}
