/* SPDX-License-Identifier: MIT
 * net_kept.c: packets that have to be handed to more filters than fit a turn of the kernel, so that
 * they are kept for the next one: each comes to all whose it is, once, in order, and to nobody
 * else.
 *
 * boot: init SMP=1 ICOUNT=1
 * boot: init SMP=2 NET=hub,hub
 */
#include "lib/base/checked.h"
#include "test/boot/packets.h"
#include "test/boot/tap.h"

#define SHARES   3 /* of the whole NIC */
#define TYPES    4 /* filters below each */
#define TYPE     0x88b0
#define SENDER   0x9000
#define BURST    24
#define BURSTS   50
#define BYTES    60
#define SEQUENCE 16 /* byte of a packet: its number */
#define BIT      10
#define SENT_BIT 11
#define PATIENCE (EXO_NS_PER_S / 2)

static struct exo_net ring[SHARES][TYPES];
static uint32_t last[SHARES][TYPES]; /* number of the last packet */
static struct exo_net sender;
static struct exo_pages out;
static uint32_t number; /* of the packets, from 1 on */
static uint32_t came, strange, unordered;

static int64_t
share(uint32_t nic)
{
	static const struct exo_filter everything;

	return exo_share(exo_boot()->packets[nic], free_slot(), (uint64_t)&everything, TYPES + 1,
			 EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
}

static int64_t
open_rings(uint32_t s)
{
	int64_t result = share(packets_to());
	exo_handle parent = (exo_handle)result;

	for (uint16_t t = 0; t < TYPES && result >= 0; t++) {
		result = packets_carve(parent, TYPE + t, 0, 0);
		result = result < 0
				 ? result
				 : exo_net_open_receive(&ring[s][t], (exo_handle)result, 32, BIT);
	}
	return result;
}

static int64_t
open_all(void)
{
	int64_t result = share(packets_from());

	result = result < 0 ? result : packets_carve((exo_handle)result, SENDER, 1, 0);
	result = result < 0 ? result
			    : exo_net_open(&sender, (exo_handle)result, 1, SENT_BIT, SENT_BIT);
	for (uint32_t s = 0; s < SHARES && result >= 0; s++) {
		result = open_rings(s);
	}
	return result < 0 ? result : exo_pages_make(&out, BURST);
}

/* All of a burst are on their way before the first is looked at, if that can be. */
static void
send_burst(void)
{
	struct exo_completion done;
	uint32_t left = BURST;

	for (uint64_t i = 0; i < BURST; i++) {
		uint8_t *p = (uint8_t *)out.memory + i * EXO_PAGE_SIZE;
		const struct exo_segment all = {out.frames, EXO_SEGMENT(i * EXO_PAGE_SIZE, BYTES)};

		number++;
		packets_build(p, (uint16_t)(TYPE + number % TYPES), 1, 0, BYTES);
		memcpy(p + SEQUENCE, &number, sizeof(number));
		exo_net_send(&sender, &all, 1, i);
	}
	while (left) {
		left -= exo_net_sent(&sender, &done) == 1;
		exo_wait(EXO_EVENT(SENT_BIT), EXO_NS_PER_S / 10000);
	}
}

static void
look(uint32_t s, uint32_t t)
{
	const uint8_t *p;
	uint32_t n;

	while (exo_net_receive(&ring[s][t], &p) > 0) {
		memcpy(&n, p + SEQUENCE, sizeof(n));
		came++;
		strange += p[PACKET_TYPE + 1] != (uint8_t)(TYPE + t) || n % TYPES != t;
		unordered += n <= last[s][t];
		last[s][t] = n;
		exo_net_release(&ring[s][t]);
	}
}

static void
receive_burst(void)
{
	uint32_t wanted = number * SHARES;

	do {
		for (uint32_t i = 0; i < SHARES * TYPES; i++) {
			look(i / TYPES, i % TYPES);
		}
	} while (came < wanted && exo_wait(EXO_EVENT(BIT), PATIENCE));
}

int
main(void)
{
	const struct exo_nic_info *info = &exo_sysinfo()->nic[packets_to()];
	uint32_t missed = 0;

	tap_plan(5);
	tap_is(open_all(), 0, "rings");
	for (uint32_t i = 0; i < BURSTS && !missed; i++) {
		send_burst();
		receive_burst();
		missed = number * SHARES - came;
	}
	tap_is((int64_t)missed, 0, "each packet comes to all that it is for");
	tap_is((int64_t)strange, 0, "none to anybody else");
	tap_is((int64_t)unordered, 0, "all in order");
	tap_is((int64_t)info->received, (int64_t)number * SHARES, "and they are counted");
	return tap_end();
}
