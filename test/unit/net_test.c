/* SPDX-License-Identifier: MIT
 * net_test.c: a whole interface that has its address: what is answered and what is not, fragments
 * both ways, neighbours, errors told and heard. How it gets one: net_config_test.c.
 *
 * links: lib/net/input.c lib/net/usual.c lib/net/output.c lib/net/config.c lib/net/arp.c
 * links: lib/net/ip.c lib/net/icmp.c lib/net/reassemble.c lib/net/dhcp.c lib/net/dhcp_message.c
 * links: lib/base/checksum.c test/unit/net_rig.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "test/unit/net_down.h"

#define S 1000000000ull

static const uint8_t everybody[MAC_BYTES] = {255, 255, 255, 255, 255, 255};
static uint8_t content[IP_MAX];

static struct {
	struct net_datagram datagram;
	struct net_echo echo;
	struct net_error error;
	uint32_t datagrams;
	uint32_t echoes;
	uint32_t errors;
	uint8_t data[IP_MAX];
} heard;

static void
hear_datagram(struct net *net, void *context, const struct net_datagram *datagram)
{
	assert_ptr_equal(net, &rig.net);
	assert_ptr_equal(context, &heard);
	heard.datagram = *datagram;
	heard.datagrams++;
	memcpy(heard.data, datagram->data, datagram->bytes);
}

static void
hear_echo(struct net *net, const struct net_echo *echo)
{
	(void)net;
	heard.echo = *echo;
	heard.echoes++;
	memcpy(heard.data, echo->data, echo->bytes);
}

static void
hear_error(struct net *net, const struct net_error *error)
{
	(void)net;
	heard.error = *error;
	heard.errors++;
}

static void
set_hooks(void)
{
	uint64_t seed = 4;

	memset(&heard, 0, sizeof(heard));
	rig.net.hooks = (struct net_hooks){NULL, hear_echo, hear_error};
	for (size_t i = 0; i < sizeof(content); i++) {
		content[i] = (uint8_t)rand_next(&seed);
	}
}

/* An interface with an address, a listener at port 7, a known peer and a known gateway. */
static int
up(void **state)
{
	(void)state;
	rig_start(false);
	set_hooks();
	assert_int_equal(rig.net.address, RIG_OURS);
	assert_int_equal(net_udp_listen(&rig.net, 7, hear_datagram, &heard), 0);
	rig_arp(ARP_REQUEST, RIG_PEER);
	rig_arp(ARP_REQUEST, RIG_GATEWAY);
	assert_int_equal(rig_sent(), 2); /* it answers */
	return 0;
}

/* A UDP datagram in `data`, with its header. Returns its bytes. */
static uint32_t
compose_udp(uint8_t *data, uint32_t from, uint32_t to, uint16_t port, uint32_t bytes)
{
	struct udp_packet udp = {1234, port, content, bytes};

	udp_build(data, from, to, &udp);
	memcpy(data + UDP_HEADER, content, bytes);
	return UDP_HEADER + bytes;
}

static void
give_udp(uint32_t from, uint32_t to, uint16_t port, uint32_t bytes)
{
	uint8_t data[UDP_HEADER + UDP_IN_PLACE];
	struct ip_packet packet = {.from = from, .to = to, .protocol = IP_UDP, .data = data};

	packet.bytes = compose_udp(data, from, to, port, bytes);
	rig_ip(&packet);
}

static uint32_t
compose_echo(uint8_t *data, uint8_t type, uint16_t sequence, uint32_t bytes)
{
	struct icmp_message message = {
		.type = type, .id = 99, .sequence = sequence, .data = content, .bytes = bytes};

	icmp_build(data, &message);
	memcpy(data + ICMP_HEADER, content, bytes);
	return ICMP_HEADER + bytes;
}

static void
give_echo(uint8_t type, uint32_t from, uint32_t to)
{
	uint8_t data[ICMP_HEADER + 56];
	struct ip_packet packet = {.from = from, .to = to, .protocol = IP_ICMP, .data = data};

	packet.bytes = compose_echo(data, type, 5, 56);
	rig_ip(&packet);
}

/* The ICMP error in frame 0, sent alone. */
static struct icmp_about
expect_error(enum icmp_type type, enum icmp_code code)
{
	struct ip_packet packet;
	struct icmp_message message;
	struct icmp_about about = {0};

	assert_int_equal(rig_sent(), 1);
	assert_int_equal(rig_read(0, &packet), 0);
	assert_int_equal(packet.protocol, IP_ICMP);
	assert_int_equal(packet.to, RIG_PEER);
	assert_int_equal(icmp_parse(&packet, &message), 0);
	assert_int_equal(message.type, type);
	assert_int_equal(message.code, code);
	assert_int_equal(message.id, 0);
	assert_int_equal(icmp_parse_about(&message, RIG_PEER, &about), 0);
	return about;
}

static void
a_datagram_comes(void **state)
{
	(void)state;
	for (uint32_t bytes = 0; bytes <= UDP_IN_PLACE; bytes += 1 + bytes / 3) {
		give_udp(RIG_PEER, RIG_OURS, 7, bytes);
		assert_int_equal(heard.datagram.bytes, bytes);
		assert_memory_equal(heard.data, content, bytes);
		assert_int_equal(heard.datagram.from, RIG_PEER);
		assert_int_equal(heard.datagram.from_port, 1234);
		assert_int_equal(heard.datagram.to_port, 7);
		assert_false(heard.datagram.is_broadcast);
	}
	assert_int_equal(rig_sent(), 0);
}

static void
every_changed_bit_is_seen(void **state)
{
	uint8_t udp[UDP_HEADER + 18];
	uint8_t data[IP_HEADER + sizeof(udp)];
	struct ip_packet packet = {
		.from = RIG_PEER, .to = RIG_OURS, .protocol = IP_UDP, .bytes = sizeof(udp)};

	(void)state;
	compose_udp(udp, RIG_PEER, RIG_OURS, 7, 18);
	for (uint32_t bit = 0; bit < 8 * sizeof(data); bit++) {
		ip_build(&packet, data);
		memcpy(data + IP_HEADER, udp, sizeof(udp));
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rig_frame(rig_mac, ETH_TYPE_IP, data, sizeof(data));
	}
	assert_int_equal(heard.datagrams, 0);
	assert_int_equal(rig.net.counts.malformed, 8 * sizeof(data));
	assert_int_equal(rig_sent(), 0);
}

static void
lengths_that_lie(void **state)
{
	uint8_t data[100] = {0};
	struct ip_packet packet = {
		.from = RIG_PEER, .to = RIG_OURS, .protocol = IP_UDP, .bytes = 40};

	(void)state;
	for (size_t cut = 0; cut < 60; cut++) { /* runts */
		ip_build(&packet, data);
		rig_frame(rig_mac, ETH_TYPE_IP, data, cut);
	}
	for (uint32_t length = 0; length < 100; length++) { /* of UDP */
		compose_udp(data + IP_HEADER, RIG_PEER, RIG_OURS, 7, 32);
		put16(data + IP_HEADER + 4, length);
		put16(data + IP_HEADER + 6, 0); /* no checksum */
		ip_build(&packet, data);
		rig_frame(rig_mac, ETH_TYPE_IP, data, 60);
	}
	assert_int_equal(heard.datagrams, 40 - UDP_HEADER + 1); /* shorter ones are all right */
	heard.datagrams = 0;
	for (uint32_t words = 0; words < 16; words++) { /* of the header */
		ip_build(&packet, data);
		compose_udp(data + IP_HEADER, RIG_PEER, RIG_OURS, 7, 32);
		data[0] = (uint8_t)(0x40 | words);
		put16(data + 10, 0);
		ip_store_checksum(data + 10, ip_checksum(data, words * 4, 0));
		rig_frame(rig_mac, ETH_TYPE_IP, data, 60);
	}
	assert_int_equal(heard.datagrams, 1);
	packet.bytes = 0; /* a header longer than the packet, whose sum is right */
	ip_build(&packet, data);
	data[0] = 0x46;
	put16(data + 10, 0);
	ip_store_checksum(data + 10, ip_checksum(data, 24, 0));
	uint64_t malformed = rig.net.counts.malformed;
	rig_frame(rig_mac, ETH_TYPE_IP, data, 60);
	assert_int_equal(rig.net.counts.malformed, malformed + 1);
}

static void
options_and_padding_are_passed_over(void **state)
{
	uint8_t data[100] = {0};
	struct ip_packet packet = {
		.from = RIG_PEER, .to = RIG_OURS, .protocol = IP_UDP, .bytes = 40 + UDP_HEADER};

	(void)state;
	compose_udp(data + 60, RIG_PEER, RIG_OURS, 7, 0);
	ip_build(&packet, data);
	data[0] = 0x4f;
	memset(data + 20, 0x44, 40); /* whatever they say */
	put16(data + 10, 0);
	ip_store_checksum(data + 10, ip_checksum(data, 60, 0));
	rig_frame(rig_mac, ETH_TYPE_IP, data, sizeof(data));
	assert_int_equal(heard.datagrams, 1);
	assert_int_equal(heard.datagram.bytes, 0);
}

static void
not_for_us(void **state)
{
	static const uint8_t another[MAC_BYTES] = {0x52, 0x54, 0, 0x12, 0x34, 0x57};
	static const uint32_t senders[] = {0,          0x7f000001, 0xe0000001, 0xffffffff,
					   0x0a0002ff, RIG_OURS,   0xf0000001};
	static const uint32_t receivers[] = {RIG_PEER, 0x0a0002ff, 0xffffffff, 0xe0000001, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(senders); i++) {
		give_udp(senders[i], RIG_OURS, 7, 4);
		give_udp(senders[i], RIG_OURS, 8, 4);
		give_echo(ICMP_ECHO, senders[i], RIG_OURS);
	}
	for (size_t i = 0; i < ARRAY_SIZE(receivers); i++) { /* in a frame to us alone */
		give_udp(RIG_PEER, receivers[i], 7, 4);
		give_echo(ICMP_ECHO, RIG_PEER, receivers[i]);
	}
	uint8_t arp[ARP_BYTES];
	struct arp_packet packet = {.operation = ARP_REQUEST, .from = RIG_PEER, .about = RIG_OURS};
	memcpy(packet.from_mac, rig_peer_mac, MAC_BYTES);
	arp_build(&packet, arp);
	rig_frame(another, ETH_TYPE_ARP, arp, sizeof(arp));
	rig_frame(rig_mac, 0x0807, arp, sizeof(arp));
	rig_frame(another, ETH_TYPE_IP, content, 60);
	rig_frame(rig_mac, 0x86dd, content, 60);
	rig_frame(rig_mac, ETH_TYPE_IP, content, 0);
	rig_give(content, 13);
	assert_int_equal(heard.datagrams, 0);
	assert_int_equal(rig_sent(), 0);
}

static void
broadcasts_are_heard_not_answered(void **state)
{
	static const uint32_t all[] = {0x0a0002ff, 0xffffffff};
	uint8_t data[IP_HEADER + 64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		for (uint16_t port = 7; port < 9; port++) {
			struct ip_packet packet = {
				.from = RIG_PEER, .to = all[i], .protocol = IP_UDP};
			packet.bytes = compose_udp(data + IP_HEADER, RIG_PEER, all[i], port, 8);
			ip_build(&packet, data);
			rig_frame(everybody, ETH_TYPE_IP, data, IP_HEADER + packet.bytes);
		}
		struct ip_packet packet = {.from = RIG_PEER, .to = all[i], .protocol = IP_ICMP};
		packet.bytes = compose_echo(data + IP_HEADER, ICMP_ECHO, 1, 8);
		ip_build(&packet, data);
		rig_frame(everybody, ETH_TYPE_IP, data, IP_HEADER + packet.bytes);
		assert_int_equal(heard.datagrams, i + 1);
		assert_true(heard.datagram.is_broadcast);
	}
	/* one to us in a frame to all (RFC 1122 3.3.6) */
	struct ip_packet packet = {.from = RIG_PEER, .to = RIG_OURS, .protocol = IP_UDP};
	packet.bytes = compose_udp(data + IP_HEADER, RIG_PEER, RIG_OURS, 7, 8);
	ip_build(&packet, data);
	rig_frame(everybody, ETH_TYPE_IP, data, IP_HEADER + packet.bytes);
	assert_int_equal(heard.datagrams, 2);
	assert_int_equal(rig_sent(), 0);
}

static void
an_echo_is_answered(void **state)
{
	struct ip_packet packet;
	struct icmp_message message;

	(void)state;
	give_echo(ICMP_ECHO, RIG_PEER, RIG_OURS);
	assert_int_equal(rig_sent(), 1);
	assert_memory_equal(rig.sent[0].data, rig_peer_mac, MAC_BYTES);
	assert_memory_equal(rig.sent[0].data + ETH_FROM, rig_mac, MAC_BYTES);
	assert_int_equal(rig_read(0, &packet), 0);
	assert_int_equal(packet.from, RIG_OURS);
	assert_int_equal(packet.to, RIG_PEER);
	assert_int_equal(icmp_parse(&packet, &message), 0);
	assert_int_equal(message.type, ICMP_ECHO_REPLY);
	assert_int_equal(message.id, 99);
	assert_int_equal(message.sequence, 5);
	assert_int_equal(message.bytes, 56);
	assert_memory_equal(message.data, content, 56);
}

static void
an_echo_of_ours_comes_back(void **state)
{
	struct ip_packet packet;
	struct icmp_message message;

	(void)state;
	assert_int_equal(net_ping(&rig.net, RIG_PEER, 99, 5, content, 56), 0);
	assert_int_equal(rig_read(0, &packet), 0);
	assert_int_equal(icmp_parse(&packet, &message), 0);
	assert_int_equal(message.type, ICMP_ECHO);
	give_echo(ICMP_ECHO_REPLY, RIG_PEER, RIG_OURS);
	assert_int_equal(heard.echoes, 1);
	assert_int_equal(heard.echo.from, RIG_PEER);
	assert_int_equal(heard.echo.id, 99);
	assert_int_equal(heard.echo.sequence, 5);
	assert_int_equal(heard.echo.bytes, 56);
	assert_memory_equal(heard.data, content, 56);
}

static void
errors_are_told(void **state)
{
	struct ip_packet packet = {
		.from = RIG_PEER, .to = RIG_OURS, .protocol = 47, .data = content, .bytes = 30};

	(void)state;
	give_udp(RIG_PEER, RIG_OURS, 8, 100);
	struct icmp_about about = expect_error(ICMP_UNREACHABLE, ICMP_PORT);
	assert_int_equal(about.to, RIG_OURS);
	assert_int_equal(about.protocol, IP_UDP);
	assert_int_equal(about.from_port, 1234);
	assert_int_equal(about.to_port, 8);
	rig_ip(&packet);
	assert_int_equal(expect_error(ICMP_UNREACHABLE, ICMP_PROTOCOL).protocol, 47);
	packet.bytes = 0; /* nothing behind the header to repeat */
	rig_ip(&packet);
	assert_int_equal(rig_sent(), 1);
}

static void
errors_are_not_told(void **state)
{
	uint8_t data[ICMP_HEADER + 56];
	struct ip_packet packet = {.from = RIG_PEER, .to = RIG_OURS, .protocol = 47};

	(void)state;
	for (int type = 1; type < 256; type++) { /* about ICMP of any kind but echo */
		give_echo((uint8_t)(type == ICMP_ECHO ? 0 : type), RIG_PEER, RIG_OURS);
	}
	packet.data = data;
	packet.bytes = compose_echo(data, ICMP_ECHO, 0, 56);
	packet.offset = 8; /* about a fragment that is not the first */
	rig_ip(&packet);
	assert_int_equal(rig_sent(), 0);
}

static void
errors_are_told_at_a_pace(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		give_udp(RIG_PEER, RIG_OURS, 8, 1);
	}
	assert_int_equal(rig_sent(), ICMP_BURST);
	assert_int_equal(rig.net.counts.untold, 100 - ICMP_BURST);
	rig.net.now_ns += 3 * ICMP_PACE_NS;
	for (int i = 0; i < 100; i++) {
		give_udp(RIG_PEER, RIG_OURS, 8, 1);
	}
	assert_int_equal(rig_sent(), 3);
	rig.net.now_ns += S;
	for (int i = 0; i < 100; i++) {
		give_udp(RIG_PEER, RIG_OURS, 8, 1);
	}
	assert_int_equal(rig_sent(), ICMP_BURST);
}

static void
errors_are_heard(void **state)
{
	struct net_path path = {RIG_FAR, 53, 4000};
	uint8_t data[ICMP_HEADER + IP_HEADER + 8];
	struct ip_packet packet = {
		.from = RIG_GATEWAY, .to = RIG_OURS, .protocol = IP_ICMP, .data = data};
	struct icmp_message message = {.type = ICMP_UNREACHABLE,
				       .code = ICMP_HOST,
				       .data = rig.sent[0].data + ETH_HEADER,
				       .bytes = IP_HEADER + 8};

	(void)state;
	assert_int_equal(net_udp_send(&rig.net, &path, content, 20), 0);
	assert_int_equal(rig_sent(), 1);
	for (message.bytes = 0; message.bytes <= IP_HEADER + 8; message.bytes++) {
		icmp_build(data, &message);
		memcpy(data + ICMP_HEADER, message.data, message.bytes);
		packet.bytes = ICMP_HEADER + message.bytes;
		rig_ip(&packet);
	}
	assert_int_equal(heard.errors, 1); /* what is cut says nothing */
	assert_int_equal(heard.error.from, RIG_GATEWAY);
	assert_int_equal(heard.error.type, ICMP_UNREACHABLE);
	assert_int_equal(heard.error.about.to, RIG_FAR);
	assert_int_equal(heard.error.about.from_port, 4000);
	assert_int_equal(heard.error.about.to_port, 53);
	message.data = data + ICMP_HEADER;
	for (int kind = 0; kind < 256; kind++) { /* all errors, and nothing else */
		heard.errors = 0;
		message.type = (uint8_t)kind;
		message.bytes = IP_HEADER + 8;
		icmp_build(data, &message);
		rig_ip(&packet);
		bool is_error = kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12;
		assert_int_equal(heard.errors, is_error);
	}
	static const uint8_t places[] = {0, 0, 15}; /* another version, no header, not of ours */
	static const uint8_t bits[] = {0x20, 0x05, 0x01};
	message.type = ICMP_UNREACHABLE;
	heard.errors = 0;
	for (int i = 0; i < 3; i++) {
		data[ICMP_HEADER + places[i]] ^= bits[i];
		icmp_build(data, &message);
		rig_ip(&packet);
		data[ICMP_HEADER + places[i]] ^= bits[i];
	}
	assert_int_equal(heard.errors, 0);
}

/* Cuts an IP payload into fragments of `size` and gives them in a random order. */
static void
give_fragments(uint8_t protocol, const uint8_t *data, uint32_t bytes, uint32_t size, uint64_t *seed)
{
	uint32_t order[1024];
	uint32_t count = (bytes + size - 1) / size;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t other = (uint32_t)rand_below(seed, i + 1);
		order[i] = order[other];
		order[other] = i;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = order[i] * size;
		struct ip_packet packet = {.from = RIG_PEER,
					   .to = RIG_OURS,
					   .id = (uint16_t)*seed,
					   .protocol = protocol,
					   .offset = at,
					   .more = at + size < bytes,
					   .data = data + at,
					   .bytes = at + size < bytes ? size : bytes - at};
		rig_ip(&packet);
	}
}

static void
fragments_come(void **state)
{
	static const uint32_t sizes[] = {1480, 1024, 512, 200, 64};
	static uint8_t data[IP_MAX];
	uint64_t seed = 8;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t bytes = sizes[i] * 40 < UDP_MAX ? sizes[i] * 40 : UDP_MAX;
		uint32_t total = compose_udp(data, RIG_PEER, RIG_OURS, 7, bytes);

		give_fragments(IP_UDP, data, total, sizes[i], &seed);
		assert_int_equal(heard.datagrams, i + 1);
		assert_int_equal(heard.datagram.bytes, bytes);
		assert_memory_equal(heard.data, content, bytes);
		data[total / 2] ^= 1; /* and a wrong checksum over all of them */
		give_fragments(IP_UDP, data, total, sizes[i], &seed);
		assert_int_equal(heard.datagrams, i + 1);
	}
}

/* An echo of 20000 bytes is answered in fragments; put together they are the answer. */
static void
fragments_go(void **state)
{
	static uint8_t data[20000 + ICMP_HEADER];
	uint32_t total = compose_echo(data, ICMP_ECHO, 3, 20000);
	uint64_t seed = 8;

	(void)state;
	give_fragments(IP_ICMP, data, total, 1480, &seed);
	uint32_t count = rig_sent();
	assert_int_equal(count, 14);
	for (uint32_t i = 0; i < count; i++) { /* back to us, as an answer of the peer */
		struct ip_packet packet;

		assert_int_equal(rig_read(i, &packet), 0);
		assert_int_equal(packet.from, RIG_OURS);
		packet.from = RIG_PEER;
		packet.to = RIG_OURS;
		rig_ip(&packet);
	}
	assert_int_equal(heard.echoes, 1);
	assert_int_equal(heard.echo.bytes, 20000);
	assert_memory_equal(heard.data, content, 20000);
}

static void
fragments_that_never_come(void **state)
{
	uint8_t data[UDP_HEADER + 16];
	struct ip_packet packet = {.from = RIG_PEER,
				   .to = RIG_OURS,
				   .id = 3,
				   .protocol = IP_UDP,
				   .more = true,
				   .data = data,
				   .bytes = sizeof(data)};

	(void)state;
	compose_udp(data, RIG_PEER, RIG_OURS, 7, 16);
	rig_ip(&packet);
	packet.id = 4; /* one whose first fragment is missing: nobody is told */
	packet.offset = 800;
	rig_ip(&packet);
	rig_arp(ARP_REQUEST, RIG_PEER);
	rig_sent();
	rig_pass(REASSEMBLE_NS - 1);
	rig_arp(ARP_REQUEST, RIG_PEER);
	rig_sent();
	rig_pass(1);
	struct icmp_about about = expect_error(ICMP_TIME_EXCEEDED, ICMP_FRAGMENTS);
	assert_int_equal(about.to_port, 7);
	assert_int_equal(rig.net.counts.expired, 2);
}

/* RFC 1122 3.2.2: an echo whose fragments do not come is told of, an error is not. */
static void
expired_icmp(void **state)
{
	static const uint8_t kinds[] = {ICMP_ECHO, ICMP_UNREACHABLE};
	uint8_t data[ICMP_HEADER + 16];
	struct ip_packet packet = {.from = RIG_PEER,
				   .to = RIG_OURS,
				   .protocol = IP_ICMP,
				   .more = true,
				   .data = data,
				   .bytes = sizeof(data)};

	(void)state;
	for (int i = 0; i < 2; i++) {
		packet.id++;
		compose_echo(data, kinds[i], 1, 16);
		rig_ip(&packet);
		rig_pass(REASSEMBLE_NS - S);
		rig_arp(ARP_REQUEST, RIG_PEER);
		rig_sent();
		rig_pass(S);
		assert_int_equal(rig_sent(), kinds[i] == ICMP_ECHO);
	}
}

/* Only from port 67 to port 68 is DHCP; everything else is as everywhere. */
static void
ports_of_dhcp(void **state)
{
	uint8_t data[UDP_HEADER + 4];
	struct ip_packet packet = {.from = RIG_PEER,
				   .to = RIG_OURS,
				   .protocol = IP_UDP,
				   .data = data,
				   .bytes = sizeof(data)};
	struct udp_packet udp = {DHCP_SERVER_PORT, 7, content, 4};

	(void)state;
	give_udp(RIG_PEER, RIG_OURS, DHCP_CLIENT_PORT, 4);
	expect_error(ICMP_UNREACHABLE, ICMP_PORT);
	udp_build(data, RIG_PEER, RIG_OURS, &udp);
	memcpy(data + UDP_HEADER, content, 4);
	rig_ip(&packet);
	assert_int_equal(heard.datagrams, 1);
}

static void
where_packets_go(void **state)
{
	struct net_path path = {RIG_PEER, 9, 4000};
	struct ip_packet packet;
	struct udp_packet udp;

	(void)state;
	for (uint32_t bytes = 0; bytes <= UDP_IN_PLACE; bytes += 1 + bytes / 2) {
		assert_int_equal(net_udp_send(&rig.net, &path, content, bytes), 0);
		uint8_t *room = net_udp_take(&rig.net);
		memcpy(room, content, bytes);
		assert_int_equal(net_udp_put(&rig.net, &path, room, bytes), 0);
		assert_int_equal(rig_sent(), 2);
		for (uint32_t i = 0; i < 2; i++) {
			assert_int_equal(rig_read(i, &packet), 0);
			assert_int_equal(udp_parse(&packet, &udp), 0);
			assert_int_equal(udp.bytes, bytes);
			assert_memory_equal(udp.data, content, bytes);
			assert_int_equal(udp.to_port, 9);
			assert_int_equal(udp.from_port, 4000);
		}
	}
	for (uint32_t i = 42 + 1; i < FRAME_MIN; i++) { /* nothing of ours in the padding */
		net_udp_send(&rig.net, &path, content, 1);
		rig_sent();
		assert_int_equal(rig.sent[0].data[i], 0);
	}
	assert_int_equal(net_udp_send(&rig.net, &path, content, UDP_IN_PLACE), 0);
	assert_int_equal(net_udp_put(&rig.net, &path, net_udp_take(&rig.net), UDP_IN_PLACE), 0);
	assert_int_equal(rig_sent(), 2);
	assert_int_equal(net_udp_send(&rig.net, &path, content, UDP_IN_PLACE + 1), 0);
	assert_int_equal(rig_sent(), 2);
	assert_int_equal(net_udp_send(&rig.net, &path, content, UDP_MAX), 0);
	assert_int_equal(rig_sent(), 45);
	assert_int_equal(net_ping(&rig.net, RIG_PEER, 1, 1, content, UDP_MAX), 0);
	assert_int_equal(rig_sent(), 45);
	path.to = 0x0a0002ff;
	assert_int_equal(net_udp_send(&rig.net, &path, content, 1), 0);
	assert_memory_equal(rig.sent[0].data, everybody, MAC_BYTES);
	path.to = RIG_FAR;
	assert_int_equal(net_udp_send(&rig.net, &path, content, 1), 0); /* through the gateway */
	rig.net.gateway = 0;
	assert_int_equal(net_udp_send(&rig.net, &path, content, 1), E_NOENT);
	path.to = RIG_OURS;
	assert_int_equal(net_udp_send(&rig.net, &path, content, 1), E_INVAL);
	path.to = 0xe0000001;
	assert_int_equal(net_udp_send(&rig.net, &path, content, 1), E_INVAL);
	path.to = RIG_PEER;
	assert_int_equal(net_udp_send(&rig.net, &path, content, UDP_MAX + 1), E_RANGE);
	assert_int_equal(net_udp_put(&rig.net, &path, net_udp_take(&rig.net), UDP_IN_PLACE + 1),
			 E_RANGE);
	net_udp_give(&rig.net, net_udp_take(&rig.net));
	assert_int_equal(net_ping(&rig.net, RIG_PEER, 1, 1, content, UDP_MAX + 1), E_RANGE);
}

static void
nobody_answers_arp(void **state)
{
	struct net_path path = {RIG_PEER + 1, 9, 4000};

	(void)state;
	assert_int_equal(net_udp_send(&rig.net, &path, content, 10), 0);
	rig_pass(0);
	assert_int_equal(rig_sent(), 1); /* the question */
	assert_int_equal(net_udp_send(&rig.net, &path, content, 20), 0);
	rig_arp(ARP_REPLY, RIG_PEER + 1);
	assert_int_equal(rig_sent(), 1); /* the newer one */
	assert_int_equal(rig.sent[0].bytes, 42 + 20);
	path.to++;
	assert_int_equal(net_udp_send(&rig.net, &path, content, 10), 0);
	rig_pass(ARP_TRIES * ARP_ASK_NS);
	assert_int_equal(rig_sent(), ARP_TRIES);
	assert_int_equal(heard.errors, 1);
	assert_int_equal(heard.error.from, RIG_OURS);
	assert_int_equal(heard.error.about.to, RIG_PEER + 2);
	assert_int_equal(heard.error.about.from_port, 4000);
}

static void
no_buffers(void **state)
{
	uint8_t *room[RIG_BUFFERS];
	struct net_path path = {RIG_PEER, 9, 4000};

	(void)state;
	for (int i = 0; i < RIG_BUFFERS; i++) {
		room[i] = net_udp_take(&rig.net);
		assert_non_null(room[i]);
	}
	assert_null(net_udp_take(&rig.net));
	assert_int_equal(net_udp_send(&rig.net, &path, content, 10), E_BUSY);
	give_echo(ICMP_ECHO, RIG_PEER, RIG_OURS);
	rig_arp(ARP_REQUEST, RIG_PEER);
	assert_int_equal(rig_sent(), 0);
	for (int i = 0; i < RIG_BUFFERS; i++) {
		net_udp_give(&rig.net, room[i]);
	}
}

static void
ports(void **state)
{
	(void)state;
	assert_int_equal(net_udp_listen(&rig.net, 0, hear_datagram, &heard), E_INVAL);
	assert_int_equal(net_udp_listen(&rig.net, 7, hear_datagram, &heard), E_BUSY);
	for (uint16_t i = 1; i < NET_PORTS; i++) {
		assert_int_equal(net_udp_listen(&rig.net, 100 + i, hear_datagram, &heard), 0);
	}
	assert_int_equal(net_udp_listen(&rig.net, 99, hear_datagram, &heard), E_NOSPACE);
	net_udp_close(&rig.net, 7);
	net_udp_close(&rig.net, 7);
	net_udp_close(&rig.net, 0);
	give_udp(RIG_PEER, RIG_OURS, 7, 4);
	expect_error(ICMP_UNREACHABLE, ICMP_PORT);
	give_udp(RIG_PEER, RIG_OURS, 0, 4); /* a free place of the table is no port */
	assert_int_equal(heard.datagrams, 0);
	for (int i = 0; i < 1000; i++) {
		assert_in_range(net_udp_free_port(&rig.net), 49152, 65535);
	}
}

int
main(void)
{
#define UP(test) cmocka_unit_test_setup_teardown(test, up, down)
	const struct CMUnitTest tests[] = {
		UP(a_datagram_comes),
		UP(every_changed_bit_is_seen),
		UP(lengths_that_lie),
		UP(options_and_padding_are_passed_over),
		UP(not_for_us),
		UP(broadcasts_are_heard_not_answered),
		UP(an_echo_is_answered),
		UP(an_echo_of_ours_comes_back),
		UP(errors_are_told),
		UP(errors_are_not_told),
		UP(errors_are_told_at_a_pace),
		UP(errors_are_heard),
		UP(fragments_come),
		UP(fragments_go),
		UP(fragments_that_never_come),
		UP(expired_icmp),
		UP(ports_of_dhcp),
		UP(where_packets_go),
		UP(nobody_answers_arp),
		UP(no_buffers),
		UP(ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
