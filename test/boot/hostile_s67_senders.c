/* SPDX-License-Identifier: MIT
 * hostile_s67_senders.c: S67: all that a NIC takes is sent on it all the time, to others here or to
 * nobody. Packets still come from it to who is to get them, and who receives what is sent here
 * takes nothing from them.
 *
 * The sender stands for one on another hart: it never sleeps, so devices get no more than their
 * share of the time.
 *
 * boot: init SMP=1 ICOUNT=1 NET=hub,hub
 */
#include "test/boot/packets.h"

#define RINGS   3   /* together more than a NIC has under way */
#define BYTES   600 /* too long to be copied, so each is awaited */
#define VICTIM  0x88b5
#define LOCAL   0x88b6
#define NOBODYS 0x88b7
#define OWN     0x9000 /* nobody sends those */
#define BIT     10
#define WINDOW  40 /* ms in which one packet comes in each */
#define TRIES   5  /* for the emulator's host may be slow */
#define WANTED  30 /* of them for the victim */

static struct exo_queue flood[RINGS];
static struct exo_pages wild;
static struct exo_net victim, local, honest;
static struct exo_pages out;

static int64_t
open_receiver(struct exo_net *net, uint16_t type)
{
	int64_t packets = packets_carve(exo_boot()->packets[1], type, 0, 0);

	return packets < 0 ? packets : exo_net_open_receive(net, (exo_handle)packets, 32, BIT);
}

static int64_t
open_honest(void)
{
	int64_t packets = packets_carve(exo_boot()->packets[0], OWN, 1, 0);
	int64_t result = packets < 0 ? packets : exo_pages_make(&out, 1);

	packets_build(out.memory, VICTIM, 1, 0, BYTES);
	return result ? result : exo_net_open(&honest, (exo_handle)packets, 1, BIT, BIT);
}

static int64_t
open_flood(void)
{
	int64_t packets = packets_carve(exo_boot()->packets[1], OWN, 2, 0);
	int64_t result = packets < 0 ? packets : exo_pages_make(&wild, 1);

	for (uint32_t i = 0; i < RINGS && result == 0; i++) {
		result = exo_queue_open(&flood[i], EXO_RING_TRANSMIT, BIT);
		result |= exo_bind(EXO_BIND_PACKET, flood[i].ring, (exo_handle)packets, 0);
	}
	return result;
}

/* As much as the NIC takes. How many have left. */
static uint64_t
send_all(void)
{
	const union exo_request all = {
		.packet = {.segments = 1, .segment = {{wild.frames, EXO_SEGMENT(0, BYTES)}}}};
	struct exo_completion done;
	uint64_t left = 0;

	for (uint32_t i = 0; i < RINGS; i++) {
		while (exo_queue_put(&flood[i], &all) == 0) {
		}
		exo_submit(flood[i].ring);
		while (exo_queue_poll(&flood[i], &done) == 1) {
			left++;
		}
	}
	return left;
}

static uint64_t
take(struct exo_net *net)
{
	uint64_t count = 0;

	for (; exo_net_come(net) > 0; count++) {
		exo_net_release(net);
	}
	return count;
}

static uint64_t
receive_meanwhile(uint64_t *left)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, BYTES)};
	uint64_t ms = exo_start()->timebase_hz / 1000, next = exo_ticks();
	uint64_t came = 0;
	struct exo_completion done;

	for (uint32_t i = 0; i < WINDOW; i++) {
		exo_net_send(&honest, &all, 1, i);
		for (next += ms; exo_ticks() < next;) {
			*left += send_all();
			exo_net_sent(&honest, &done);
			came += take(&victim);
			take(&local);
		}
	}
	return came;
}

static void
check(const char *to_whom, uint16_t type)
{
	uint64_t left = 0, came;

	packets_build(wild.memory, type, 2, 0, BYTES);
	came = receive_meanwhile(&left);
	tap_ok(left > WINDOW, "%lu packets are sent to %s", left, to_whom);
	for (uint32_t i = 1; i < TRIES && came < WANTED; i++) {
		came = receive_meanwhile(&left);
	}
	tap_ok(came >= WANTED, "%lu of %u come from outside meanwhile", came, WINDOW);
}

int
main(void)
{
	tap_plan(2 + 2 * 2);
	tap_is(open_receiver(&victim, VICTIM) | open_receiver(&local, LOCAL), 0, "rings");
	tap_is(open_honest() | open_flood(), 0, "to send by");
	check("nobody", NOBODYS);
	check("others here", LOCAL);
	return tap_end();
}
