/* SPDX-License-Identifier: MIT
 * net_local.c: environments on one NIC reach each other: by address and by broadcast, at once and
 * many in a row; nobody gets back what he sent, and nobody what is for somebody else.
 *
 * boot: init NET=user
 * boot: init SMP=2 NET=user
 */
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/slots.h"
#include "lib/exo/thread.h"
#include "test/boot/tap.h"

#define BIT         10 /* packets; what was sent is waited for by BIT + 1 */
#define BYTES       300
#define ROUNDS      200
#define PATIENCE_NS (EXO_NS_PER_S * 2)
#define QUIET_NS    (EXO_NS_PER_S / 5)
#define MAC_MASK    (~0ul << 16)

static const uint8_t own_mac[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
static const uint8_t all_macs[6] = {255, 255, 255, 255, 255, 255};

struct host {
	struct exo_net own;
	struct exo_net shared; /* broadcasts */
	struct exo_pages out;
};

static struct host host[2];
static exo_handle broadcast;
static struct exo_thread other;
static uint64_t heard; /* by the other one, of what it must not */

static uint64_t
number_of(const uint8_t mac[6])
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 6; i++) {
		value = value << 8 | mac[i];
	}
	return value << 16;
}

/* Packets to this address; sent ones from `from`, if there is one. */
static int64_t
carve(const uint8_t to[6], const uint8_t *from)
{
	struct exo_filter filter = {
		.receive_atoms = 1,
		.transmit_atoms = from ? 1 : 0,
		.atoms = {{.kind = EXO_ATOM_COMPARE,
			   .width = 8,
			   .mask = MAC_MASK,
			   .value = number_of(to)},
			  {.kind = EXO_ATOM_COMPARE, .width = 8, .offset = 6, .mask = MAC_MASK}},
	};

	filter.atoms[1].value = from ? number_of(from) : 0;
	return exo_carve(exo_boot()->packets[0], (uint32_t)exo_slot_take(), (uint64_t)&filter, 4,
			 EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
}

static int
open_host(unsigned number)
{
	static const struct exo_filter everything;
	struct host *h = &host[number];
	int64_t own = carve(own_mac[number], own_mac[number]);
	int64_t ear = exo_share(broadcast, (uint32_t)exo_slot_take(), (uint64_t)&everything, 0,
				EXO_PACKET_RECEIVE, 0);

	return own < 0 || ear < 0 || exo_pages_make(&h->out, 1) ||
	       exo_net_open(&h->own, (exo_handle)own, 16, BIT, BIT + 1) ||
	       exo_net_open_receive(&h->shared, (exo_handle)ear, 4, BIT);
}

static void
send(struct host *h, const uint8_t to[6], uint32_t number)
{
	const struct exo_segment piece[2] = {{h->out.frames, EXO_SEGMENT(0, 200)},
					     {h->out.frames, EXO_SEGMENT(200, BYTES - 200)}};
	uint8_t *packet = h->out.memory;
	struct exo_completion done;

	memset(packet, (int)number, BYTES);
	memcpy(packet, to, 6);
	memcpy(packet + 6, own_mac[h - host], 6);
	exo_net_send(&h->own, piece, 2, number);
	while (!exo_net_sent(&h->own, &done)) {
		exo_wait(EXO_EVENT(BIT + 1), PATIENCE_NS);
	}
}

/* The number of the next packet, if all of it is there; -1: none comes, -2: it is another one. */
static int
arrives(struct exo_net *net, uint64_t patience_ns)
{
	const uint8_t *packet;
	bool is_whole;
	int number;

	while (exo_net_receive(net, &packet) <= 0) {
		if (!exo_wait(EXO_EVENT(BIT), patience_ns)) {
			return -1;
		}
	}
	number = packet[20];
	is_whole = packet[199] == number && packet[BYTES - 1] == number;
	exo_net_release(net);
	return is_whole ? number : -2;
}

/* Answers each packet to it; then hears a broadcast, and nothing else. */
static uint64_t
other_main(void *argument)
{
	uint64_t answered = 0;

	(void)argument;
	if (open_host(1)) {
		return 0;
	}
	send(&host[1], own_mac[0], 7);
	for (int number; answered < ROUNDS && (number = arrives(&host[1].own, PATIENCE_NS)) >= 0;
	     answered++) {
		send(&host[1], own_mac[0], (uint32_t)number);
	}
	if (arrives(&host[1].shared, PATIENCE_NS) == 99) {
		answered++;
	}
	heard = arrives(&host[1].own, QUIET_NS) != -1;
	return answered;
}

static unsigned
rounds(void)
{
	unsigned done = 0;

	while (done < ROUNDS) {
		send(&host[0], own_mac[1], done & 0xff);
		if (arrives(&host[0].own, PATIENCE_NS) != (int)(done & 0xff)) {
			break;
		}
		done++;
	}
	return done;
}

int
main(void)
{
	uint64_t answered = 0;

	tap_plan(8);
	broadcast = (exo_handle)carve(all_macs, NULL);
	tap_is(open_host(0), 0, "a host");
	tap_is(exo_thread_start(&other, exo_sysinfo()->harts - 1, other_main, NULL), 0,
	       "and another one");
	tap_is(arrives(&host[0].own, PATIENCE_NS), 7, "which sends a packet");
	tap_is(rounds(), ROUNDS, "each packet to it is answered");
	send(&host[0], all_macs, 99);
	tap_is(exo_thread_join(&other, &answered), 0, "it ends");
	tap_is((int64_t)answered, ROUNDS + 1, "and has heard the broadcast");
	tap_is((int64_t)heard, 0, "and nothing else");
	tap_is(arrives(&host[0].shared, QUIET_NS), -1, "whose sender did not hear it");
	return tap_end();
}
