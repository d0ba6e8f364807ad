/* SPDX-License-Identifier: MIT
 * net_usual_test.c: the short way for the most usual datagrams against the careful readers, and the
 * answers that go back over the frame that brought the question.
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

#include "lib/base/rand.h"
#include "lib/net/usual.h"
#include "test/unit/net_down.h"

#define TRIES 200000

_Alignas(4) static uint8_t memory[IP_HEADER + UDP_HEADER + 64];
static uint64_t seed = 7;

static void
compose(uint8_t *header, uint32_t bytes, bool has_sum)
{
	struct ip_packet packet = {.from = RIG_PEER,
				   .to = RIG_OURS,
				   .id = (uint16_t)rand_next(&seed),
				   .protocol = IP_UDP,
				   .bytes = UDP_HEADER + bytes};
	uint8_t *data = header + USUAL_DATA;
	struct udp_packet udp = {(uint16_t)(rand_next(&seed) | 1), 7, data, bytes};

	for (uint32_t i = 0; i < bytes; i++) {
		data[i] = (uint8_t)rand_next(&seed);
	}
	ip_build(&packet, header);
	udp_build(header + IP_HEADER, packet.from, packet.to, &udp);
	if (!has_sum) {
		put16(header + IP_HEADER + 6, 0);
	}
}

/* Puts the sums right again, so that what else was changed is looked at. */
static void
repair(uint8_t *header, uint32_t bytes)
{
	uint32_t behind = get16(header + IP_HEADER + 4);

	put16(header + 10, 0);
	ip_store_checksum(header + 10, ip_checksum(header, IP_HEADER, 0));
	if (behind >= UDP_HEADER && behind <= bytes - IP_HEADER) {
		struct udp_packet udp = {get16(header + IP_HEADER), get16(header + IP_HEADER + 2),
					 header + USUAL_DATA, behind - UDP_HEADER};
		udp_build(header + IP_HEADER, get32(header + 12), get32(header + 16), &udp);
	}
}

/* What both say of the first `bytes` of the packet. */
static int
compare(size_t bytes)
{
	struct ip_packet packet;
	struct udp_packet udp;
	int data_bytes = usual_bytes(memory, bytes);

	if (data_bytes >= 0) {
		assert_int_equal(ip_parse(memory, bytes, &packet), 0);
		assert_int_equal(packet.protocol, IP_UDP);
		assert_false(packet.more || packet.offset);
		assert_true(!udp_parse(&packet, &udp) || !udp.to_port);
		assert_int_equal(udp.bytes, data_bytes);
		assert_ptr_equal(udp.data, memory + USUAL_DATA);
		assert_int_equal(packet.from, get32(memory + USUAL_FROM));
		assert_int_equal(packet.to, get32(memory + USUAL_TO));
		assert_int_equal(udp.from_port, get16_pair(memory + USUAL_PORTS) & 0xffff);
		assert_int_equal(udp.to_port, get16_pair(memory + USUAL_PORTS) >> 16);
	} else if (!ip_parse(memory, bytes, &packet) && packet.protocol == IP_UDP) {
		assert_true(packet.more || packet.offset || packet.header_bytes != IP_HEADER ||
			    udp_parse(&packet, &udp));
	}
	return data_bytes;
}

/* One to three bytes are anything, the sums are wrong or right. */
static void
both_ways_agree(void **state)
{
	uint32_t taken = 0;

	(void)state;
	for (uint32_t n = 0; n < TRIES; n++) {
		uint32_t bytes = (uint32_t)rand_below(&seed, 64);
		uint32_t total = IP_HEADER + UDP_HEADER + bytes;

		compose(memory, bytes, n & 1);
		for (uint64_t changes = rand_below(&seed, 4); changes; changes--) {
			memory[rand_below(&seed, n & 2 ? total : IP_HEADER + UDP_HEADER)] =
				(uint8_t)rand_next(&seed);
		}
		if (n & 4) {
			repair(memory, total);
		}
		taken += compare(n & 8 ? rand_below(&seed, sizeof(memory) + 1) : total) >= 0;
	}
	assert_in_range(taken, TRIES / 8, TRIES * 3 / 4);
}

static void
flags_and_runts(void **state)
{
	(void)state;
	compose(memory, 18, true);
	assert_int_equal(usual_bytes(memory, sizeof(memory)), 18);
	put16(memory + 6, 0xc000); /* it may say that it is not to be cut, or is evil */
	repair(memory, 46);
	assert_int_equal(usual_bytes(memory, 46), 18);
	for (uint32_t bit = 0; bit < 16; bit++) {
		compose(memory, 18, true);
		put16(memory + 6, 1u << bit);
		repair(memory, 46);
		assert_true(bit >= 14 || usual_bytes(memory, 46) == E_FORMAT);
	}
	for (size_t bytes = 0; bytes < 46; bytes++) {
		compose(memory, 18, true);
		assert_int_equal(usual_bytes(memory, bytes), E_FORMAT);
	}
}

static struct {
	const uint8_t *data; /* what to answer with; a null pointer: what came */
	uint32_t bytes;
	bool had_frame;
	int result;
	uint32_t count;
} answer;

static void
receive(struct net *net, void *context, const struct net_datagram *datagram)
{
	(void)context;
	answer.count++;
	answer.had_frame = datagram->frame != NULL;
	answer.result = net_udp_answer(net, datagram, answer.data ? answer.data : datagram->data,
				       answer.data ? answer.bytes : datagram->bytes);
}

static int
up(void **state)
{
	(void)state;
	rig_start(false);
	memset(&answer, 0, sizeof(answer));
	return net_udp_listen(&rig.net, 7, receive, NULL);
}

/* The only frame sent is a datagram with `data` to whoever has asked in `memory`. */
static void
assert_answered(const uint8_t *data, uint32_t bytes)
{
	struct ip_packet packet;
	struct udp_packet udp;

	assert_int_equal(answer.result, 0);
	assert_int_equal(rig_sent(), 1);
	assert_memory_equal(rig.sent[0].data + ETH_TO, rig_peer_mac, MAC_BYTES);
	assert_memory_equal(rig.sent[0].data + ETH_FROM, rig_mac, MAC_BYTES);
	assert_int_equal(rig_read(0, &packet), 0);
	assert_int_equal(packet.from, RIG_OURS);
	assert_int_equal(packet.to, get32(memory + USUAL_FROM));
	assert_int_equal(packet.header[8], IP_TTL);
	assert_int_equal(packet.protocol, IP_UDP);
	assert_false(packet.more || packet.offset);
	assert_int_equal(udp_parse(&packet, &udp), 0);
	assert_int_not_equal(get16(packet.data + 6), 0);
	assert_int_equal(udp.from_port, 7);
	assert_int_equal(udp.to_port, get16(memory + USUAL_PORTS));
	assert_int_equal(udp.bytes, bytes);
	assert_memory_equal(udp.data, data, bytes);
}

/* Nobody is asked for, though the table of neighbours is empty. */
static void
what_came_goes_back(void **state)
{
	(void)state;
	for (uint32_t bytes = 0; bytes <= 64; bytes++) {
		compose(memory, bytes, bytes & 1);
		rig_frame(rig_mac, ETH_TYPE_IP, memory, IP_HEADER + UDP_HEADER + bytes);
		assert_true(answer.had_frame);
		assert_answered(memory + USUAL_DATA, bytes);
	}
}

static void
other_data_goes_back(void **state)
{
	static const uint8_t text[] = "something else";

	(void)state;
	answer.data = text;
	answer.bytes = sizeof(text);
	compose(memory, 18, true);
	rig_frame(rig_mac, ETH_TYPE_IP, memory, IP_HEADER + UDP_HEADER + 18);
	assert_answered(text, sizeof(text));
}

/* One to us in a frame to all is not answered to the frame; larger ones go in fragments. */
static void
long_ways(void **state)
{
	static uint8_t large[3000];

	(void)state;
	rig_arp(ARP_REQUEST, RIG_PEER);
	assert_int_equal(rig_sent(), 1);
	answer.data = large;
	answer.bytes = sizeof(large);
	compose(memory, 18, true);
	rig_frame(rig_mac, ETH_TYPE_IP, memory, IP_HEADER + UDP_HEADER + 18);
	assert_int_equal(answer.result, 0);
	assert_int_equal(rig_sent(), 3);
	answer.bytes = UDP_MAX + 1;
	rig_frame(rig_mac, ETH_TYPE_IP, memory, IP_HEADER + UDP_HEADER + 18);
	assert_int_equal(answer.result, E_RANGE);
	memset(rig.is_taken, true, sizeof(rig.is_taken));
	answer.bytes = 18;
	rig_frame(rig_mac, ETH_TYPE_IP, memory, IP_HEADER + UDP_HEADER + 18);
	assert_int_equal(answer.result, E_BUSY);
	memset(rig.is_taken, false, sizeof(rig.is_taken));
	assert_int_equal(answer.count, 3);
}

/* With options, or in pieces, it is answered over the table of neighbours. */
static void
unusual_ones(void **state)
{
	uint8_t data[IP_HEADER + 4 + UDP_HEADER + 18];

	(void)state;
	rig_arp(ARP_REQUEST, RIG_PEER);
	assert_int_equal(rig_sent(), 1);
	compose(memory, 18, true);
	memcpy(data, memory, IP_HEADER);
	memset(data + IP_HEADER, 1, 4);
	memcpy(data + IP_HEADER + 4, memory + IP_HEADER, UDP_HEADER + 18);
	data[0] = 0x46;
	put16(data + 2, sizeof(data));
	put16(data + 10, 0);
	ip_store_checksum(data + 10, ip_checksum(data, IP_HEADER + 4, 0));
	rig_frame(rig_mac, ETH_TYPE_IP, data, sizeof(data));
	assert_false(answer.had_frame);
	assert_answered(memory + USUAL_DATA, 18);

	struct ip_packet piece = {.from = RIG_PEER, .to = RIG_OURS, .protocol = IP_UDP};
	for (uint32_t at = 0; at < UDP_HEADER + 18; at += 16) {
		piece.offset = at;
		piece.more = at == 0;
		piece.data = memory + IP_HEADER + at;
		piece.bytes = piece.more ? 16 : UDP_HEADER + 18 - at;
		rig_ip(&piece);
	}
	assert_int_equal(answer.count, 2);
	assert_false(answer.had_frame);
	assert_answered(memory + USUAL_DATA, 18);
}

/* Whatever id, flags and TTL were, the sum is what it would be if it were formed anew. */
static void
headers_turn(void **state)
{
	_Alignas(4) uint8_t header[IP_HEADER];
	struct ip_packet packet;

	(void)state;
	for (uint32_t n = 0; n < TRIES; n++) {
		uint16_t id = (uint16_t)rand_next(&seed);

		compose(memory, 18, true);
		put16(memory + 4, (uint32_t)rand_next(&seed));
		memory[6] = (uint8_t)rand_next(&seed) & 0xc0;
		memory[8] = (uint8_t)rand_next(&seed);
		repair(memory, IP_HEADER + UDP_HEADER + 18);
		ip_turn(header, memory, id);
		assert_int_equal(ip_parse(header, IP_HEADER + UDP_HEADER + 18, &packet), 0);
		assert_int_equal(packet.from, RIG_OURS);
		assert_int_equal(packet.to, RIG_PEER);
		assert_memory_equal(header + 4, &id, sizeof(id));
		assert_int_equal(header[8], IP_TTL);
		uint16_t checksum = ip_load_checksum(header + 10);
		put16(header + 10, 0);
		assert_int_equal(checksum, ip_checksum(header, IP_HEADER, 0));
	}
}

/* The sum follows the type, whatever it was. */
static void
echoes_go_back(void **state)
{
	uint8_t *echo = memory + IP_HEADER;
	struct ip_packet packet;
	struct icmp_message message;

	(void)state;
	for (uint32_t n = 0; n < 70000; n++) {
		struct icmp_message asked = {
			.type = ICMP_ECHO, .code = n & 3, .id = (uint16_t)n, .bytes = n % 32};
		asked.data = echo + ICMP_HEADER;
		put32(echo + ICMP_HEADER, (uint32_t)rand_next(&seed));
		icmp_build(echo, &asked);
		packet = (struct ip_packet){.from = RIG_PEER,
					    .to = RIG_OURS,
					    .protocol = IP_ICMP,
					    .bytes = ICMP_HEADER + asked.bytes};
		ip_build(&packet, memory);
		rig_frame(rig_mac, ETH_TYPE_IP, memory, IP_HEADER + packet.bytes);
		assert_int_equal(rig_sent(), 1);
		assert_int_equal(rig_read(0, &packet), 0);
		assert_int_equal(packet.to, RIG_PEER);
		assert_int_equal(icmp_parse(&packet, &message), 0);
		assert_int_equal(message.type, ICMP_ECHO_REPLY);
		assert_int_equal(message.id, asked.id);
		assert_int_equal(message.bytes, asked.bytes);
		assert_memory_equal(message.data, asked.data, asked.bytes);
	}
	assert_int_equal(rig.net.counts.echoes, 70000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(flags_and_runts),
		cmocka_unit_test(headers_turn),
		cmocka_unit_test_setup_teardown(what_came_goes_back, up, down),
		cmocka_unit_test_setup_teardown(other_data_goes_back, up, down),
		cmocka_unit_test_setup_teardown(long_ways, up, down),
		cmocka_unit_test_setup_teardown(unusual_ones, up, down),
		cmocka_unit_test_setup_teardown(echoes_go_back, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
