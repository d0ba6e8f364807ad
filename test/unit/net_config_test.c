/* SPDX-License-Identifier: MIT
 * net_config_test.c: how an interface gets an address and loses it: DHCP, conflicts, the manifest.
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

#include "test/unit/net_down.h"

#define S 1000000000ull

static const uint8_t everybody[MAC_BYTES] = {255, 255, 255, 255, 255, 255};
static enum net_note heard;
static uint32_t notes;

static void
hear_note(struct net *net, enum net_note note)
{
	assert_ptr_equal(net, &rig.net);
	heard = note;
	notes++;
}

/* A new one that asks by DHCP, whose notes are heard. */
static void
listen_to_dhcp(void)
{
	rig_start(true);
	rig.net.hooks.note = hear_note;
	heard = NET_LOST;
	notes = 0;
}

static void
give_udp(uint32_t to)
{
	uint8_t data[UDP_HEADER + 1] = {0};
	struct udp_packet udp = {1234, 7, data + UDP_HEADER, 1};
	struct ip_packet packet = {.from = RIG_PEER,
				   .to = to,
				   .protocol = IP_UDP,
				   .data = data,
				   .bytes = sizeof(data)};

	udp_build(data, RIG_PEER, to, &udp);
	rig_ip(&packet);
}

static void
give_echo(void)
{
	uint8_t data[ICMP_HEADER] = {0};
	struct icmp_message message = {.type = ICMP_ECHO, .data = data};
	struct ip_packet packet = {.from = RIG_PEER,
				   .to = RIG_OURS,
				   .protocol = IP_ICMP,
				   .data = data,
				   .bytes = sizeof(data)};

	icmp_build(data, &message);
	rig_ip(&packet);
}

/* A DHCP server's answer to what was sent in frame `index`. */
static void
give_dhcp(enum dhcp_type type, uint32_t address)
{
	uint8_t message[300] = {0};
	uint8_t data[UDP_HEADER + sizeof(message)];
	uint8_t options[] = {53, 1, (uint8_t)type, 54,  4,   10, 0, 2, 2,  51, 4, 0, 0,  0, 100,
			     1,  4, 255,           255, 255, 0,  3, 4, 10, 0,  2, 2, 255};
	struct udp_packet udp = {DHCP_SERVER_PORT, DHCP_CLIENT_PORT, message, sizeof(message)};
	struct ip_packet packet = {.from = RIG_GATEWAY,
				   .to = address,
				   .protocol = IP_UDP,
				   .data = data,
				   .bytes = sizeof(data)};

	put32(message, 0x02010600);
	put32(message + 4, rig.net.dhcp.xid);
	put32(message + 16, address);
	memcpy(message + 28, rig_mac, MAC_BYTES);
	put32(message + 236, 0x63825363);
	memcpy(message + 240, options, sizeof(options));
	udp_build(data, RIG_GATEWAY, address, &udp);
	memcpy(data + UDP_HEADER, message, sizeof(message));
	rig_ip(&packet);
}

/* The offer, and then the lease. */
static void
give_lease(void)
{
	give_dhcp(DHCP_OFFER, RIG_OURS);
	rig_pass(0);
	give_dhcp(DHCP_ACK, RIG_OURS);
}

static void
an_address_by_dhcp(void **state)
{
	struct net_path path = {RIG_PEER, 9, 4000};
	uint8_t data[1] = {0};

	(void)state;
	listen_to_dhcp();
	assert_int_equal(rig_sent(), 1);
	assert_memory_equal(rig.sent[0].data, everybody, MAC_BYTES);
	assert_int_equal(get32(rig.sent[0].data + 26), 0); /* from nobody */
	assert_int_equal(net_udp_send(&rig.net, &path, data, 1), E_STATE);
	assert_int_equal(net_udp_put(&rig.net, &path, net_udp_take(&rig.net), 1), E_STATE);
	assert_int_equal(net_ping(&rig.net, RIG_PEER, 1, 1, data, 1), E_STATE);
	give_echo(); /* nobody yet */
	give_udp(RIG_OURS);
	give_udp(0);
	rig_arp(ARP_REQUEST, RIG_PEER);
	assert_int_equal(rig_sent(), 0);
	give_dhcp(DHCP_OFFER, RIG_OURS);
	rig_pass(0);
	assert_int_equal(rig_sent(), 1);
	give_dhcp(DHCP_ACK, RIG_OURS);
	rig_pass(0);
	assert_int_equal(rig.net.address, 0); /* probed first */
	rig_pass(S);
	assert_int_equal(rig.net.address, RIG_OURS);
	assert_int_equal(rig.net.gateway, RIG_GATEWAY);
	assert_int_equal(heard, NET_BOUND);
	rig_sent();
	rig_pass(40 * S); /* up to T1 nothing but announcements */
	assert_int_equal(rig_sent(), 1);
	rig_pass(200 * S); /* nobody renews it */
	assert_int_equal(rig.net.address, 0);
	assert_int_equal(heard, NET_LOST);
	assert_int_equal(notes, 2);
}

static void
an_address_that_somebody_has(void **state)
{
	(void)state;
	listen_to_dhcp();
	give_lease();
	rig_pass(0);
	rig_arp(ARP_REPLY, RIG_OURS);
	rig_sent();
	rig_pass(0);
	assert_int_equal(heard, NET_CONFLICT);
	assert_int_equal(rig_sent(), 1);
	assert_int_equal(rig.sent[0].data[42 + 242], DHCP_DECLINE);
	rig_pass(DHCP_DECLINED_NS - 1);
	assert_int_equal(rig_sent(), 0);
	rig_pass(1);
	assert_int_equal(rig_sent(), 1);
	assert_int_equal(rig.sent[0].data[42 + 242], DHCP_DISCOVER);
	assert_int_equal(rig.net.address, 0);
}

static void
the_address_of_the_manifest(void **state)
{
	(void)state;
	listen_to_dhcp();
	rig.net.settings.address = RIG_OURS;
	rig.net.fallback_ns = rig.net.now_ns + NET_FALLBACK_NS;
	rig_pass(NET_FALLBACK_NS - 1);
	assert_int_equal(notes, 0);
	rig_pass(1);
	assert_int_equal(heard, NET_FALLBACK);
	rig_arp(ARP_REPLY, RIG_OURS); /* somebody has that too */
	rig_pass(0);
	assert_int_equal(heard, NET_CONFLICT);
	rig_pass(NET_CLAIM_NS + S); /* later nobody has */
	assert_int_equal(heard, NET_BOUND);
	assert_int_equal(rig.net.address, RIG_OURS);
	assert_int_equal(rig.net.dhcp.state, DHCP_OFF);
}

/* Nobody answers, and the manifest has no address: that is said once, and DHCP asked on. */
static void
nobody_gives_an_address(void **state)
{
	(void)state;
	listen_to_dhcp();
	rig_pass(NET_FALLBACK_NS - 1);
	assert_int_equal(notes, 0);
	rig_pass(1);
	assert_int_equal(notes, 1);
	assert_int_equal(heard, NET_SILENT);
	rig_sent();
	rig_pass(200 * S);
	assert_int_equal(notes, 1);
	assert_true(rig_sent() > 1);
	give_lease();
	rig_pass(NET_FALLBACK_NS);
	assert_int_equal(heard, NET_BOUND);
}

static void
a_lease_is_kept(void **state)
{
	(void)state;
	for (uint64_t wait_ns = 0; wait_ns < 2 * S; wait_ns += S) { /* bound, or being checked */
		rig_start(true);
		rig.net.settings.address = RIG_PEER;
		rig.net.fallback_ns = rig.net.now_ns + 1 + wait_ns;
		rig.net.deadline_ns = 0;
		rig.net.hooks.note = hear_note;
		give_dhcp(DHCP_OFFER, RIG_OURS);
		rig_pass(0);
		give_dhcp(DHCP_ACK, RIG_OURS);
		rig_pass(NET_FALLBACK_NS);
		assert_int_equal(heard, NET_BOUND);
		assert_int_equal(rig.net.address, RIG_OURS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_address_by_dhcp, down),
		cmocka_unit_test_teardown(an_address_that_somebody_has, down),
		cmocka_unit_test_teardown(the_address_of_the_manifest, down),
		cmocka_unit_test_teardown(nobody_gives_an_address, down),
		cmocka_unit_test_teardown(a_lease_is_kept, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
