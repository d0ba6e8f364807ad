/* SPDX-License-Identifier: MIT
 * net_nics.c: several NICs: what comes to one is seen by nobody at another.
 *
 * NIC 0 and NIC 1 are on one wire, NIC 2 is on another, where nobody answers.
 *
 * boot: init NET=hub,hub,user
 */
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "test/boot/tap.h"

#define CARDS       3
#define ALL         EXO_NICS_MAX
#define PAGES       4
#define ROUNDS      100
#define FRAME_BYTES 100
#define TYPE        0x88b5 /* IEEE 802: for local experiments */
#define PATIENCE_NS (3 * EXO_NS_PER_S)
#define QUIET_NS    (EXO_NS_PER_S / 5)

_Static_assert(CARDS == EXO_NIC_LOOP, "the loop is the last one");

static struct {
	struct exo_net net[ALL]; /* each with the whole NIC; event bits 8 + NIC, 16 + NIC */
	struct exo_pages out;
	uint32_t got[ALL]; /* frames received */
	uint32_t wrong;    /* of them those that are not what NIC `from` had sent */
} nics;

static uint32_t
receive_bit(uint32_t nic)
{
	return 8 + nic;
}

static uint32_t
transmit_bit(uint32_t nic)
{
	return 16 + nic;
}

/* Opens all of them; how many could be. */
static uint32_t
open_all(void)
{
	uint32_t opened = 0;

	for (uint32_t i = 0; i < ALL; i++) {
		opened += exo_net_open(&nics.net[i], exo_boot()->packets[i], PAGES, receive_bit(i),
				       transmit_bit(i)) == 0;
	}
	return opened;
}

/* One frame that has come to a NIC; QEMU says things, too. */
static void
take(uint32_t nic, const uint8_t *frame, int bytes, uint32_t from, uint8_t number)
{
	if (frame[12] == TYPE >> 8 && frame[13] == (TYPE & 0xff)) {
		nics.got[nic]++;
		nics.wrong += bytes != FRAME_BYTES || frame[14] != from || frame[15] != number;
	}
}

/* Takes what has come to any NIC; it should have been sent by `from`, as number `number`. */
static void
look(uint32_t from, uint8_t number)
{
	for (uint32_t i = 0; i < ALL; i++) {
		const uint8_t *frame;
		int bytes;

		while ((bytes = exo_net_receive(&nics.net[i], &frame)) > 0) {
			take(i, frame, bytes, from, number);
			exo_net_release(&nics.net[i]);
		}
	}
}

/* Sends a broadcast on a NIC and waits until it has left. */
static bool
broadcast(uint32_t from, uint8_t number)
{
	struct exo_segment segment = {nics.out.frames, EXO_SEGMENT(0, FRAME_BYTES)};
	struct exo_completion done;
	uint8_t *frame = nics.out.memory;
	int result;

	memset(frame, 0xff, 6);
	memcpy(frame + 6, exo_sysinfo()->nic[from].mac, 6);
	frame[12] = TYPE >> 8;
	frame[13] = TYPE & 0xff;
	frame[14] = (uint8_t)from;
	frame[15] = number;
	if (exo_net_send(&nics.net[from], &segment, 1, 1)) {
		return false;
	}
	while ((result = exo_net_sent(&nics.net[from], &done)) == 0) {
		if (!exo_wait(EXO_EVENT(transmit_bit(from)), PATIENCE_NS)) {
			return false;
		}
	}
	return result == 1 && done.result >= 0;
}

/* ROUNDS broadcasts from one NIC; `to` (ALL: none) is where they should come. How many did. */
static uint32_t
talk(uint32_t from, uint32_t to)
{
	uint32_t left = 0;

	memset(nics.got, 0, sizeof(nics.got));
	for (uint32_t i = 0; i < ROUNDS; i++) {
		left += broadcast(from, (uint8_t)i);
		if (to < ALL) {
			while (nics.got[to] <= i && (look(from, (uint8_t)i), nics.got[to] <= i) &&
			       exo_wait(EXO_EVENT(receive_bit(to)), PATIENCE_NS)) {
			}
		}
	}
	exo_wait(EXO_EVENT(receive_bit(0)), QUIET_NS); /* anything that should not come */
	look(from, ROUNDS - 1);
	tap_is(left, ROUNDS, "they leave");
	return to < ALL ? nics.got[to] : 0;
}

static uint32_t
got_in_all(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < ALL; i++) {
		sum += nics.got[i];
	}
	return sum;
}

static void
check_cards(void)
{
	const struct exo_nic_info *nic = exo_sysinfo()->nic;
	uint32_t cards = 0;

	for (uint32_t i = 0; i < CARDS; i++) {
		cards += nic[i].present && !strcmp(nic[i].device, "virtio-net") &&
			 nic[i].mac[5] == 0x56 + i;
	}
	tap_is(cards, CARDS, "three cards, in the order of QEMU's command line");
	tap_ok(nic[EXO_NIC_LOOP].present, "and the loop behind them");
}

int
main(void)
{
	static const uint32_t pairs[][2] = {{0, 1}, {1, 0}, {2, ALL}, {EXO_NIC_LOOP, EXO_NIC_LOOP}};

	tap_plan(5 + 3 * 4);
	check_cards();
	tap_is(exo_pages_make(&nics.out, 1), 0, "memory");
	tap_is(open_all(), ALL, "rings on all of them");
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t to = pairs[i][1];
		uint32_t got = talk(pairs[i][0], to);

		tap_is(got, to < ALL ? ROUNDS : 0, "they come where they should");
		tap_is(got_in_all(), got, "and nowhere else");
	}
	tap_is(nics.wrong, 0, "each as it was sent");
	return tap_end();
}
