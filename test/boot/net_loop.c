/* SPDX-License-Identifier: MIT
 * net_loop.c: the NIC in software: a program sends to itself, past the filters of its capability.
 *
 * boot: init
 * boot: init SMP=4 NET=user
 */
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/slots.h"
#include "test/boot/tap.h"

#define RECEIVE_BIT  10
#define TRANSMIT_BIT 11
#define PAGES        32
#define FRAMES       500
#define BURST        30
#define PATIENCE_NS  (3 * EXO_NS_PER_S)
#define MAC_BITS     0xffffffffffff0000ul /* of the eight bytes that begin with an address */

static struct {
	struct exo_net net;
	struct exo_pages out; /* where packets are built, two to a page */
	const struct exo_nic_info *info;
	uint64_t mac; /* in the upper 48 bits */
} loop;

/* Receives what is sent to the own address, sends as itself only. */
static exo_handle
own_packets(void)
{
	const struct exo_filter filter = {
		.receive_atoms = 1,
		.transmit_atoms = 1,
		.atoms = {{.kind = EXO_ATOM_COMPARE,
			   .width = 8,
			   .mask = MAC_BITS,
			   .value = loop.mac},
			  {.kind = EXO_ATOM_COMPARE,
			   .width = 8,
			   .offset = 6,
			   .mask = MAC_BITS,
			   .value = loop.mac}},
	};
	uint32_t slot = (uint32_t)exo_slot_take();

	return (exo_handle)exo_carve(exo_boot()->packets[EXO_NIC_LOOP], slot, (uint64_t)&filter, 0,
				     EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
}

static uint8_t *
built_at(unsigned number)
{
	return (uint8_t *)loop.out.memory + number % (2 * PAGES) * EXO_PACKET_BYTES;
}

/* A packet of `bytes` from and to the own address, if nobody changes that. */
static uint8_t *
build(unsigned number, unsigned bytes)
{
	uint8_t *packet = built_at(number);

	memcpy(packet, loop.info->mac, 6);
	memcpy(packet + 6, loop.info->mac, 6);
	for (unsigned i = 12; i < bytes; i++) {
		packet[i] = (uint8_t)(i * 7 + number + number / 256);
	}
	return packet;
}

/* Queues it in `pieces`. */
static int
post(unsigned number, unsigned bytes, unsigned pieces)
{
	uint64_t at = number % (2 * PAGES) * EXO_PACKET_BYTES;
	unsigned first = pieces == 1 ? bytes : 130;
	unsigned rest = bytes - first;
	const struct exo_segment segment[EXO_SEGMENTS] = {
		{loop.out.frames, EXO_SEGMENT(at, first)},
		{loop.out.frames, EXO_SEGMENT(at + first, rest / 2)},
		{loop.out.frames, EXO_SEGMENT(at + first + rest / 2, rest - rest / 2)},
	};

	return exo_net_send(&loop.net, segment, pieces, number);
}

/* The result of the next one that has left. */
static int
sent(uint64_t *number)
{
	struct exo_completion done = {0};
	int result;

	while ((result = exo_net_sent(&loop.net, &done)) == 0) {
		if (!exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS)) {
			return E_TIMEOUT;
		}
	}
	*number = done.cookie;
	return result < 0 ? result : done.result;
}

/* Takes the next packet: is it number `number`, unchanged? */
static bool
arrives(unsigned number, unsigned bytes)
{
	const uint8_t *packet;
	bool is_right;
	int got;

	while ((got = exo_net_receive(&loop.net, &packet)) == 0) {
		if (!exo_wait(EXO_EVENT(RECEIVE_BIT), PATIENCE_NS)) {
			return false;
		}
	}
	is_right = got == (int)bytes && !memcmp(packet, built_at(number), bytes);
	exo_net_release(&loop.net);
	return is_right;
}

static bool
goes_round(unsigned number, unsigned bytes, unsigned pieces)
{
	uint64_t which = ~0ul;

	build(number, bytes);
	return post(number, bytes, pieces) == 0 && arrives(number, bytes) && sent(&which) >= 0 &&
	       which == number;
}

static void
check_packets(void)
{
	unsigned right = 0;

	tap_ok(goes_round(1, 60, 1), "a packet comes back");
	tap_ok(goes_round(2, EXO_PACKET_MAX, 3), "one of three pieces too");
	for (unsigned i = 0; i < FRAMES; i++) {
		unsigned pieces = 1 + i % 2 * 2;

		right += goes_round(i, (pieces == 1 ? 14 : 132) + i * 2, pieces);
	}
	tap_is(right, FRAMES, "of every length");
}

/* Nobody looks before all are on their way. */
static void
check_burst(void)
{
	unsigned posted = 0;
	unsigned right = 0;
	unsigned left = 0;
	uint64_t which;

	for (unsigned i = 0; i < BURST; i++) {
		build(i, 300);
		posted += post(i, 300, 1) == 0;
	}
	for (unsigned i = 0; i < BURST; i++) {
		right += arrives(i, 300);
		left += sent(&which) >= 0 && which == i;
	}
	tap_is(posted, BURST, "many are sent");
	tap_is(right, BURST, "and come back in order");
	tap_is(left, BURST, "and each was told to have left");
}

static void
check_filters(void)
{
	uint64_t unmatched = loop.info->unmatched;
	uint64_t refused = loop.info->refused;
	const uint8_t *packet;
	uint64_t which;

	build(0, 60)[5] ^= 1;
	post(0, 60, 1);
	tap_ok(sent(&which) >= 0, "a packet to somebody else leaves");
	tap_is((int64_t)(loop.info->unmatched - unmatched), 1, "it is nobody's");
	build(0, 60)[11] ^= 1;
	post(0, 60, 1);
	tap_is(sent(&which), E_DENIED, "one from somebody else does not");
	tap_is((int64_t)(loop.info->refused - refused), 1, "that is counted");
	tap_is(exo_net_receive(&loop.net, &packet), 0, "neither comes back");
}

int
main(void)
{
	uint64_t before;
	exo_handle packets;

	loop.info = &exo_sysinfo()->nic[EXO_NIC_LOOP];
	tap_plan(16);
	tap_ok(loop.info->present && !strcmp(loop.info->device, "loop"), "it is there");
	for (unsigned i = 0; i < 6; i++) {
		loop.mac |= (uint64_t)loop.info->mac[i] << (56 - 8 * i);
	}
	packets = own_packets();
	tap_is(exo_pages_make(&loop.out, PAGES), 0, "memory");
	tap_is(exo_net_open(&loop.net, packets, PAGES, RECEIVE_BIT, TRANSMIT_BIT), 0, "rings");
	tap_is(loop.info->rings, 2, "are counted");
	before = loop.info->received;
	check_packets();
	check_burst();
	tap_is((int64_t)(loop.info->received - before), 2 + FRAMES + BURST, "all are counted");
	check_filters();
	return tap_end();
}
