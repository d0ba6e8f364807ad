/* SPDX-License-Identifier: MIT
 * hostile_s64_reroute.c: S64: a filter is re-routed to a ring that is being revoked on another
 * hart, with its memory, its packets or itself, while packets come. The call is refused or
 * succeeds, what was taken is never written again, and each packet is received, dropped or
 * nobody's.
 *
 * boot: init SMP=4
 */
#include "test/boot/packets.h"

#define BIT         10
#define ROUNDS      12
#define BYTES       60
#define PAGES       4
#define ETHERTYPE   0x88b5
#define CANARY      0x5a5a5a5a5a5a5a5aul
#define PATIENCE_NS EXO_NS_PER_S

/* One sends, one revokes, each on a hart of its own. */
static struct {
	struct hostile_thread thread;
	struct exo_net net;
	struct exo_pages out;
	volatile uint64_t sent;
	volatile uint64_t wrong;
	volatile bool is_over;
} sender;
static struct {
	struct hostile_thread thread;
	volatile exo_handle victim; /* EXO_NONE: none now */
	volatile uint64_t delay;
	volatile int64_t result;
} killer;
static volatile bool stop;

static struct exo_net safe;
static struct exo_net doomed;
static exo_handle packets;
static uint64_t noise_state = 61;

static void
flood(uint64_t unused)
{
	const struct exo_segment all = {sender.out.frames, EXO_SEGMENT(0, BYTES)};
	struct exo_completion done = {0};

	(void)unused;
	while (!stop) {
		sender.wrong += exo_net_send(&sender.net, &all, 1, sender.sent) != 0;
		while (!exo_net_sent(&sender.net, &done)) {
			linger(10);
		}
		sender.wrong += done.result < 0;
		sender.sent++;
	}
	sender.is_over = true;
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static void
kill(uint64_t unused)
{
	(void)unused;
	for (;;) {
		exo_handle victim = killer.victim;

		if (victim) {
			linger(killer.delay);
			killer.result = exo_revoke(victim, 0, 0);
			killer.victim = EXO_NONE;
		}
	}
}

static int64_t
start(void)
{
	int64_t result = packets_open_loop(&sender.net, &sender.out, 0x9000, ETHERTYPE, BIT + 1);

	if (result == 0) {
		result = hostile_thread_start(&sender.thread, 1 % hostile_harts(), flood, 0);
	}
	return result ? result : hostile_thread_start(&killer.thread, 2 % hostile_harts(), kill, 0);
}

static int64_t
route_to(const struct exo_net *net)
{
	return exo_bind(EXO_BIND_PACKET, net->receive.ring, packets, EXO_PACKET_REROUTE);
}

static uint32_t
take(struct exo_net *net)
{
	const uint8_t *packet;
	uint32_t count = 0;

	while (exo_net_receive(net, &packet) > 0) {
		count++;
		exo_net_release(net);
	}
	return count;
}

/* To and fro while the killer works. How many calls said something that they may not say. */
static uint32_t
reroute_meanwhile(exo_handle victim)
{
	uint32_t strange = 0;

	killer.delay = noise(&noise_state) % 20000;
	killer.victim = victim;
	while (killer.victim) {
		int64_t there = route_to(&doomed);
		int64_t back = route_to(&safe);

		strange += there != 0 && there != E_HANDLE && there != E_REVOKED;
		strange += back != 0 && !(back == E_BUSY && there != 0) && back != E_REVOKED;
		take(&safe);
		linger(noise(&noise_state) % 2000);
	}
	return strange + (killer.result != 0);
}

/* Are packets still put into the buffers that were those of `doomed`? Nobody says they are. */
static bool
is_written(void)
{
	uint64_t *word = doomed.buffers.memory;
	uint64_t words = PAGES * EXO_PAGE_SIZE / sizeof(*word), changed = 0;
	uint64_t sent = sender.sent;

	for (uint64_t i = 0; i < words; i++) {
		word[i] = CANARY;
	}
	for (uint32_t i = 0; i < 1000 && sender.sent < sent + 5; i++) {
		exo_wait(0, PATIENCE_NS / 1000);
	}
	for (uint64_t i = 0; i < words; i++) {
		changed += *at((uint64_t)&word[i]) != CANARY;
	}
	return changed != 0;
}

/* Packets come to `safe` again after this. */
static bool
is_well(void)
{
	int64_t result = route_to(&safe);
	uint32_t came = 0;

	take(&safe);
	for (uint32_t i = 0; i < 1000 && !came; i++) {
		exo_wait(EXO_EVENT(BIT), PATIENCE_NS / 1000);
		came = take(&safe);
	}
	return (result == 0 || result == E_BUSY) && came;
}

enum loss { RING, BUFFER, PACKETS, LOSSES };

/* A ring to re-route to, of which something is taken. */
static uint32_t
lose(enum loss what)
{
	uint32_t strange = exo_net_take_over(&doomed, packets, PAGES, BIT + 2) != 0;

	strange += route_to(&safe) != 0;
	strange += reroute_meanwhile(what == RING     ? doomed.receive.memory
				     : what == BUFFER ? doomed.buffers.frames
						      : packets);
	if (what == RING) {
		strange += route_to(&doomed) != E_HANDLE;
		strange += is_written();
	}
	strange += !is_well();
	exo_vm_unmap(exo_own_vm(), (uint64_t)doomed.receive.page, 1);
	strange += exo_frames_destroy(exo_own_frames(), doomed.receive.ring,
				      doomed.receive.memory) != 0;
	return strange + (exo_pages_end(&doomed.buffers) != 0);
}

int
main(void)
{
	static const char *const names[LOSSES] = {"the ring itself", "its memory", "its packets"};
	const struct exo_nic_info *info = &exo_sysinfo()->nic[EXO_NIC_LOOP];

	tap_plan(2 + LOSSES + 4);
	packets =
		(exo_handle)packets_carve_loop(ETHERTYPE, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);
	tap_is(exo_net_open_receive(&safe, packets, PAGES, BIT), 0, "a ring");
	tap_is(start(), 0, "one sends, one revokes");
	for (uint32_t what = 0; what < LOSSES; what++) {
		uint32_t strange = 0;

		for (uint32_t i = 0; i < ROUNDS; i++) {
			strange += lose((enum loss)what);
		}
		tap_is(strange, 0, names[what]);
	}
	stop = true;
	for (uint32_t i = 0; i < 5000 && !sender.is_over; i++) {
		exo_wait(0, PATIENCE_NS / 1000);
	}
	tap_ok(sender.is_over, "the sender ends");
	tap_ok(sender.sent > 100 && !sender.wrong, "%lu were sent, %lu went wrong", sender.sent,
	       sender.wrong);
	tap_is((int64_t)(info->received + info->unmatched + info->dropped),
	       (int64_t)info->transmitted, "each was received, dropped or nobody's");
	tap_is(info->rings, 3, "three rings are left");
	return tap_end();
}
