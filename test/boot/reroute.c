/* SPDX-License-Identifier: MIT
 * reroute.c: a filter's packets go to another ring from one packet to the next: while others send
 * without a pause each arrives once, in order, in one ring or the other; and env_detail tells
 * which.
 *
 * boot: init SMP=4
 * boot: init SMP=1
 */
#include "test/boot/packets.h"

#define BIT         10
#define SENDERS     3
#define PACKETS     400 /* of each sender */
#define AHEAD       40  /* may be on their way, so that no ring is ever full */
#define BYTES       60
#define PAGES       64
#define PATIENCE_NS EXO_NS_PER_S
#define ETHERTYPE   0x88b5

static struct sender {
	struct hostile_thread thread;
	struct exo_net net;
	struct exo_pages out;
	volatile uint32_t sent;
	volatile uint32_t wrong;
	volatile uint32_t came; /* here */
} sender[SENDERS];

static struct exo_net rings[2];
static exo_handle packets;
static uint32_t strange;

/* --- others send -------------------------------------------------------------------------- */
static void
send_one(struct sender *s, uint64_t which)
{
	const struct exo_segment all = {s->out.frames, EXO_SEGMENT(0, BYTES)};
	uint8_t *packet = s->out.memory;
	struct exo_completion done = {0};

	packet[14] = (uint8_t)which;
	packet[16] = (uint8_t)s->sent;
	packet[17] = (uint8_t)(s->sent >> 8);
	s->wrong += exo_net_send(&s->net, &all, 1, s->sent) != 0;
	while (!exo_net_sent(&s->net, &done)) {
		linger(50);
	}
	s->wrong += done.result < 0;
	s->sent++;
}

static void
send_all(uint64_t which)
{
	struct sender *s = &sender[which];

	while (s->sent < PACKETS) {
		if (s->sent - s->came < AHEAD) {
			send_one(s, which);
		} else {
			linger(200);
		}
	}
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static int64_t
sender_start(uint32_t which)
{
	struct sender *s = &sender[which];
	int64_t result = packets_open_loop(&s->net, &s->out, (uint16_t)(0x9000 + which), ETHERTYPE,
					   BIT + 1 + which);

	return result ? result
		      : hostile_thread_start(&s->thread, (which + 1) % hostile_harts(), send_all,
					     which);
}

/* --- packets come ------------------------------------------------------------------------- */
/* Takes all that are in a ring: each is the next one of its sender. How many. */
static uint32_t
take(struct exo_net *net)
{
	const uint8_t *packet;
	uint32_t count = 0;

	while (exo_net_receive(net, &packet) > 0) {
		struct sender *s = &sender[packet[14] % SENDERS];
		uint32_t number = packet[16] | (uint32_t)packet[17] << 8;

		strange += number != s->came;
		s->came = number + 1;
		exo_net_release(net);
		count++;
	}
	return count;
}

static uint32_t
all_came(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < SENDERS; i++) {
		sum += sender[i].came;
	}
	return sum;
}

/* To and fro, at once and after some have come. What the old ring has came first. */
static uint32_t
reroute_all(uint32_t came[2])
{
	uint32_t to = 1, wrong = 0, rounds = 0;
	uint64_t end_ns = exo_now_ns() + 30 * EXO_NS_PER_S;

	while (all_came() < SENDERS * PACKETS && exo_now_ns() < end_ns) {
		to ^= 1;
		wrong += exo_bind(EXO_BIND_PACKET, rings[to].receive.ring, packets,
				  EXO_PACKET_REROUTE) != 0;
		came[to ^ 1] += take(&rings[to ^ 1]);
		linger(++rounds % 3 * 5000);
		came[to] += take(&rings[to]);
	}
	tap_ok(rounds > 30 && !wrong, "re-routed %u times, %u refused", rounds, wrong);
	return to;
}

/* --- what is told ------------------------------------------------------------------------- */
static struct exo_ring_info
told_of(exo_handle ring)
{
	union exo_detail detail = {.ring = {.kind = 99}};

	exo_env_detail(exo_start()->env, ring, 0, &detail);
	return detail.ring;
}

static void
check_told(uint32_t bound, const uint32_t came[2])
{
	struct exo_ring_info here = told_of(rings[bound].receive.ring);
	struct exo_ring_info there = told_of(rings[bound ^ 1].receive.ring);
	union exo_detail detail;
	struct exo_cap_info info;

	exo_inspect(packets, 0, &info);
	tap_ok(here.kind == EXO_RING_RECEIVE && here.packets == info.start &&
		       here.buffers == PAGES * 2 && here.cq_tail == came[bound] &&
		       here.cq_head == came[bound] && !here.dropped && !here.error,
	       "the ring tells what it is bound to and what came");
	tap_ok(there.packets == UINT32_MAX && there.cq_tail == came[bound ^ 1],
	       "the other one that it is bound to nothing");
	tap_is(exo_env_detail(exo_start()->env, packets, info.start & 0xffff, &detail), 0,
	       "a filter is told of");
	tap_ok(detail.filter.hits == SENDERS * PACKETS && detail.filter.has_ring &&
		       !detail.filter.is_shared && !detail.filter.parent,
	       "its hits, and that it has a ring");
	tap_ok(detail.filter.first == EXO_TESTS_MAX - 1 &&
		       detail.filter.test[EXO_TESTS_MAX - 1].offset == 12 &&
		       detail.filter.test[EXO_TESTS_MAX - 1].mask == 0xffff &&
		       detail.filter.test[EXO_TESTS_MAX - 1].value == 0xb588 &&
		       detail.filter.test[EXO_TESTS_MAX - 1].table &&
		       detail.filter.test[EXO_TESTS_MAX - 1].node != detail.filter.end,
	       "its test, in a table beside those of others");
}

static void
check_refused(void)
{
	exo_handle env = exo_start()->env;
	union exo_detail detail;
	struct exo_cap_info info;

	exo_inspect(packets, 0, &info);
	tap_is(exo_env_detail(env, packets, 0, &detail), E_NOENT, "not the filter above it");
	tap_is(exo_env_detail(env, packets, (info.start & 0xffff) + 1, &detail), E_NOENT,
	       "nor one beside it");
	tap_is(exo_env_detail(env, packets, 0xffff, &detail), E_RANGE, "nor behind all");
	tap_is(exo_env_detail(env, packets, UINT64_MAX, &detail), E_RANGE, "nor anywhere");
	tap_is(exo_env_detail(env, env, 0, &detail), E_TYPE, "there is no more about an ENV");
	tap_is(exo_env_detail(env, EXO_NONE, 0, &detail), E_HANDLE, "nor about nothing");
	tap_is(exo_env_detail(packets, packets, 0, &detail), E_TYPE, "a PACKET holds nothing");
	tap_is(exo_bind(EXO_BIND_PACKET, rings[0].receive.ring, packets, 2), E_INVAL,
	       "there is no such way to bind");
	tap_is(exo_bind(EXO_BIND_PACKET, sender[0].net.transmit.ring, packets, EXO_PACKET_REROUTE),
	       E_BUSY, "a bound ring is not re-routed to");
}

int
main(void)
{
	const struct exo_nic_info *info = &exo_sysinfo()->nic[EXO_NIC_LOOP];
	uint32_t started = 0, wrong = 0, came[2] = {0, 0}, bound;

	tap_plan(5 + 5 + 4 + 9);
	packets =
		(exo_handle)packets_carve_loop(ETHERTYPE, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);
	tap_is(exo_net_open_receive(&rings[0], packets, PAGES, BIT), 0, "a ring");
	tap_is(exo_net_open_receive(&rings[1], packets, PAGES, BIT), E_BUSY, "and no second one");
	tap_is(exo_net_take_over(&rings[1], packets, PAGES, BIT), 0, "but one in its place");
	tap_is(info->rings, 1, "one is counted");
	for (uint32_t i = 0; i < SENDERS; i++) {
		started += sender_start(i) == 0;
	}
	tap_is(started, SENDERS, "others send");
	bound = reroute_all(came);
	for (uint32_t i = 0; i < SENDERS; i++) {
		wrong += sender[i].wrong + (sender[i].came != PACKETS);
	}
	tap_ok(!wrong && came[0] && came[1], "all came, %u and %u", came[0], came[1]);
	tap_is(strange, 0, "each once and in order");
	tap_is((int64_t)(info->dropped + info->unmatched), 0, "none was dropped or nobody's");
	check_told(bound, came);
	check_refused();
	return tap_end();
}
