/* SPDX-License-Identifier: MIT
 * hostile_s69_lock.c: S69: all other harts are in the kernel nearly all the time, so that whoever
 * serves a device has to wait for its lock. That is no work of the device: it has its turns, though
 * its hart is never idle.
 *
 * In real time, so only where four harts have processors of their own:
 *
 * boot: init SMP=4 nightly
 */
#include "test/boot/packets.h"

#define OTHERS 3
#define BYTES  60
#define TYPE   0x88b5
#define BIT    10
#define WINDOW 3 /* s, in which */
#define TRIES  4
#define WANTED 30 /* packets at least come, one behind the other */

static struct hostile_thread thread[OTHERS];
static volatile bool stop, over[OTHERS];
static volatile uint64_t calls[OTHERS];
static struct exo_net net;
static struct exo_pages out;

static void
call(uint64_t number)
{
	struct exo_cap_info info;

	while (!stop) {
		exo_inspect(out.frames, 0, &info);
		calls[number]++;
	}
	packets_end(&over[number]);
}

static int64_t
start(void)
{
	int64_t result = 0;

	for (uint32_t i = 0; i < OTHERS && result == 0; i++) {
		result = hostile_thread_start(&thread[i], (i + 1) % hostile_harts(), call, i);
	}
	return result;
}

static bool
end(void)
{
	bool ended = true;

	stop = true;
	for (uint32_t i = 0; i < OTHERS; i++) {
		ended &= packets_await(&over[i]) && !hostile_thread_end(&thread[i]);
	}
	return ended;
}

/* Packets to itself, each as soon as the one before has come. How many. */
static uint64_t
send_and_receive(void)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, BYTES)};
	uint64_t end_time = exo_ticks() + WINDOW * exo_start()->timebase_hz, came = 0;
	struct exo_completion done;

	while (exo_ticks() < end_time) {
		if (exo_net_come(&net) > 0) {
			exo_net_release(&net);
			came++;
			exo_net_sent(&net, &done);
			exo_net_send(&net, &all, 1, 0);
		}
	}
	return came;
}

int
main(void)
{
	int64_t packets = packets_carve_loop(TYPE, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);
	uint64_t came;

	tap_plan(5);
	tap_is(exo_pages_make(&out, 1), 0, "a page");
	packets_build(out.memory, TYPE, 1, 0, BYTES);
	tap_is(exo_net_open(&net, (exo_handle)packets, 8, BIT, BIT), 0, "the loop");
	exo_net_send(&net, &(struct exo_segment){out.frames, EXO_SEGMENT(0, BYTES)}, 1, 0);
	tap_is(start(), 0, "others call the kernel");
	came = send_and_receive();
	for (uint32_t i = 1; i < TRIES && came < WANTED; i++) { /* the host may be busy */
		came = send_and_receive();
	}
	tap_ok(came >= WANTED, "%lu packets come in %u s", came, WINDOW);
	tap_ok(end(), "%lu calls meanwhile", calls[0] + calls[1] + calls[2]);
	return tap_end();
}
