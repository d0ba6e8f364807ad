/* SPDX-License-Identifier: MIT
 * hostile_s58_sources.c: S58: nobody sends under another's address: not in pieces, not by changing
 * the packet from another hart while it is sent, nor when the call has returned.
 *
 * boot: init SMP=2
 */
#include "lib/exo/net.h"
#include "test/boot/hostile.h"

#define RECEIVE_BIT  10
#define TRANSMIT_BIT 11
#define PACKETS      2000
#define LEAST_PART   10 /* of a second: so long a neighbour is watched */
#define AFTER        50 /* times */
#define BYTES        200
#define SOURCE       11 /* the byte of the source address that is forged */
#define MINE         0x55
#define FORGED       0x66
#define PATIENCE_NS  EXO_NS_PER_S

static struct exo_net net;
static struct exo_pages out;
static struct hostile_thread thread;
static volatile uint32_t stop;
static volatile uint64_t changes;

/* Receives everything, sends as itself only. */
static exo_handle
packets(void)
{
	const struct exo_filter filter = {
		.transmit_atoms = 1,
		.atoms = {{EXO_ATOM_COMPARE, 8, 0, 0, 6, 0, ~0ul << 16, 0x0211223344550000}},
	};

	return (exo_handle)exo_carve(exo_boot()->packets[EXO_NIC_LOOP], free_slot(),
				     (uint64_t)&filter, 0, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT,
				     0);
}

static uint8_t *
packet(void)
{
	return out.memory;
}

static void
build(uint8_t source)
{
	static const uint8_t own[6] = {2, 0x11, 0x22, 0x33, 0x44, MINE};

	memset(packet(), 0xff, BYTES);
	memcpy(packet() + 6, own, sizeof(own));
	packet()[SOURCE] = source;
}

/* What became of a packet of these pieces, each [start, start + bytes) of the memory. */
static int64_t
send(const struct exo_segment *segment, uint32_t pieces)
{
	struct exo_completion done = {0};
	int result = exo_net_send(&net, segment, pieces, 1);

	while (!result && !exo_net_sent(&net, &done)) {
		if (!exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS)) {
			return E_TIMEOUT;
		}
	}
	return result ? result : done.result;
}

/* How many packets come, and how many of them are forged. */
static uint32_t
come(uint32_t *forged)
{
	const uint8_t *p;
	uint32_t count = 0;

	while (exo_net_receive(&net, &p) > 0) {
		*forged += p[SOURCE] != MINE;
		exo_net_release(&net);
		count++;
	}
	return count;
}

static void
send_in_pieces(void)
{
	const struct exo_segment whole = {out.frames, EXO_SEGMENT(0, BYTES)};
	const struct exo_segment short_head[] = {{out.frames, EXO_SEGMENT(0, 8)},
						 {out.frames, EXO_SEGMENT(8, BYTES - 8)}};
	const struct exo_segment head_of_127[] = {{out.frames, EXO_SEGMENT(0, 127)},
						  {out.frames, EXO_SEGMENT(127, BYTES - 127)}};
	const struct exo_segment tiny = {out.frames, EXO_SEGMENT(0, 10)};
	uint32_t forged = 0;

	build(MINE);
	tap_is(send(&whole, 1) >= 0, true, "an honest packet is sent");
	build(FORGED);
	tap_is(send(&whole, 1), E_DENIED, "a forged one is not");
	tap_is(send(short_head, 2), E_RANGE, "nor one whose source is in the second piece");
	tap_is(send(head_of_127, 2), E_RANGE, "nor one with too short a first piece");
	tap_is(send(&tiny, 1), E_RANGE, "nor one that ends before the source does");
	tap_is(come(&forged), 1, "the honest one came");
	tap_is(forged, 0, "and was what was sent");
}

/* The call returns before the packet leaves, mostly: as many as a ring takes are on their way, and
 * then the one header that all of them were sent from is another's. */
static void
change_after_the_call(void)
{
	const struct exo_segment whole = {out.frames, EXO_SEGMENT(0, BYTES)};
	uint32_t begun = 0, sent = 0, came = 0, forged = 0;

	for (uint32_t i = 0; i < AFTER; i++) {
		struct exo_completion done;
		uint32_t some = 0;

		build(MINE);
		while (some < EXO_SQ_SIZE / 2 && exo_net_send(&net, &whole, 1, 1) == 0) {
			some++;
		}
		build(FORGED);
		for (begun += some; some; some--) {
			while (!exo_net_sent(&net, &done) &&
			       exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS)) {
			}
			sent += done.result >= 0;
		}
		came += come(&forged);
	}
	tap_ok(begun >= AFTER && sent == begun && came == begun,
	       "the header changes after the call: %u were sent, %u came", begun, came);
	tap_is(forged, 0, "and none was forged");
}

/* On the other hart, as long as packets are sent. */
static void
change(uint64_t unused)
{
	volatile uint8_t *source = &packet()[SOURCE];

	(void)unused;
	while (!stop) {
		*source = FORGED;
		linger(20);
		*source = MINE;
		linger(60);
		changes++;
	}
	stop = 2;
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static void
send_while_it_changes(void)
{
	uint32_t done = 0;
	uint64_t end;
	const struct exo_segment whole = {out.frames, EXO_SEGMENT(0, BYTES)};
	uint32_t sent = 0, denied = 0, came = 0, forged = 0;

	end = exo_ticks() + exo_sysinfo()->timebase_hz / LEAST_PART;
	tap_is(hostile_thread_start(&thread, hostile_harts() - 1, change, 0), 0,
	       "another hart changes the packet");
	for (; done < PACKETS || exo_ticks() < end; done++) {
		int64_t result = send(&whole, 1);

		sent += result >= 0;
		denied += result == E_DENIED;
		came += come(&forged);
	}
	stop = 1;
	tap_is(sent + denied, done, "each is sent or denied");
	tap_ok(changes && sent, "%u were sent, %u denied", sent, denied);
	tap_is(came, sent, "those that were sent came");
	tap_is(forged, 0, "and none was forged");
	tap_is(hostile_thread_end(&thread), 0, "it ends");
}

int
main(void)
{
	tap_plan(2 + 7 + 2 + 6);
	tap_is(exo_pages_make(&out, 1), 0, "memory to send from");
	tap_is(exo_net_open(&net, packets(), 16, RECEIVE_BIT, TRANSMIT_BIT), 0, "rings");
	send_in_pieces();
	change_after_the_call();
	send_while_it_changes();
	return tap_end();
}
