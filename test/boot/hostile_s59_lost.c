/* SPDX-License-Identifier: MIT
 * hostile_s59_lost.c: S59: what a handler needs is taken away while packets come to it: its state,
 * its code, its ring, its filter, on one hart, while others send. None hurts anybody, and each
 * packet is received, dropped or nobody's.
 *
 * boot: init SMP=4
 */
#include "test/boot/counting.h"
#include "test/boot/packets.h"

#define BIT         10
#define ROUNDS      2
#define SENDERS     3
#define BYTES       60
#define PATIENCE_NS EXO_NS_PER_S

static struct sender {
	struct hostile_thread thread;
	struct exo_net net;
	struct exo_pages out;
	volatile uint64_t sent;
	volatile uint64_t wrong;
	volatile bool is_over;
} sender[SENDERS];
static volatile bool stop;
static struct exo_net net; /* the one that loses things */
static exo_handle code;

/* Sends without end to the one that loses things. */
static void
flood(uint64_t which)
{
	struct sender *s = &sender[which];
	const struct exo_segment all = {s->out.frames, EXO_SEGMENT(0, BYTES)};
	struct exo_completion done;

	while (!stop) {
		s->wrong += exo_net_send(&s->net, &all, 1, s->sent) != 0;
		while (!exo_net_sent(&s->net, &done) && !stop) {
			linger(10);
		}
		s->wrong += done.result < 0;
		s->sent++;
	}
	s->is_over = true;
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static int64_t
sender_start(uint32_t which)
{
	struct sender *s = &sender[which];
	int64_t result = packets_open_loop(&s->net, &s->out, (uint16_t)(0x9000 + which), 0x88b5,
					   BIT + 1 + which);

	return result ? result
		      : hostile_thread_start(&s->thread, (which + 1) % hostile_harts(), flood,
					     which);
}

/* Packets that come now; each must be whole. */
static uint32_t
come(uint32_t *strange)
{
	const uint8_t *packet;
	uint32_t count = 0;

	while (exo_net_receive(&net, &packet) > 0) {
		*strange += packet[12] != 0x88 || packet[13] != 0xb5;
		exo_net_release(&net);
		count++;
	}
	return count;
}

enum loss { STATE, CODE, RING, FILTER, LOSSES };

static struct {
	uint32_t received, strange;
	uint32_t counted; /* by handlers */
} seen;

/* Packets come for a while: until the handler has counted some, if there is a count. */
static void
let_come(const volatile uint64_t *count)
{
	for (uint32_t i = 0; i < 200 && count && *count < 3; i++) {
		exo_wait(EXO_EVENT(BIT), PATIENCE_NS / 1000);
		seen.received += come(&seen.strange);
	}
	seen.counted += count ? (uint32_t)*count : 0;
	linger(1000);
	seen.received += come(&seen.strange);
}

/* One round: a filter, a ring, a handler that counts; then one of them is taken. */
static int64_t
lose(enum loss what)
{
	int64_t own = packets_carve_loop(0x88b5, EXO_PACKET_RECEIVE);
	struct exo_pages state;
	int64_t result = own < 0 ? own : exo_pages_make(&state, 1);

	if (result || (result = exo_net_open_receive(&net, (exo_handle)own, 4, BIT)) ||
	    (result = exo_code_load(code, &counting.head)) ||
	    (result = exo_bind(EXO_BIND_HANDLER, net.receive.ring, code, state.frames))) {
		return result;
	}
	let_come(state.memory);
	result = what == STATE  ? exo_revoke(state.frames, 0, 0)
		 : what == CODE ? exo_revoke(code, 0, 0)
		 : what == RING ? exo_net_close(&net)
				: exo_revoke((exo_handle)own, 0, 0);
	if (what != RING) {
		let_come(NULL);
		result = result ? result : exo_net_close(&net);
	}
	exo_unbind(EXO_BIND_CODE, code);
	result = result ? result : exo_slot_drop((exo_handle)own);
	return result ? result : exo_pages_end(&state);
}

static void
lose_all(void)
{
	static const char *const names[LOSSES] = {"its state", "its code", "its ring",
						  "its filter"};

	for (uint32_t what = 0; what < LOSSES; what++) {
		int64_t result = 0;

		for (uint32_t i = 0; i < ROUNDS && !result; i++) {
			result = lose((enum loss)what);
		}
		tap_is(result, 0, names[what]);
	}
}

static void
stop_senders(void)
{
	uint64_t sent = 0, wrong = 0;
	uint32_t over = 0;

	stop = true;
	for (uint32_t i = 0; i < SENDERS; i++) {
		for (uint32_t j = 0; j < 1000 && !sender[i].is_over; j++) {
			exo_wait(EXO_EVENT(BIT), PATIENCE_NS / 1000);
		}
		over += sender[i].is_over;
		sent += sender[i].sent;
		wrong += sender[i].wrong;
	}
	tap_is(over, SENDERS, "the others end");
	tap_ok(sent > 100 && !wrong, "%lu were sent, %lu went wrong", sent, wrong);
}

int
main(void)
{
	const struct exo_nic_info *info = &exo_sysinfo()->nic[EXO_NIC_LOOP];
	uint32_t started = 0;

	tap_plan(1 + LOSSES + 2 + 3);
	code = (exo_handle)exo_carve(exo_boot()->code, free_slot(), 0, 4,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	for (uint32_t i = 0; i < SENDERS; i++) {
		started += sender_start(i) == 0;
	}
	tap_is(started, SENDERS, "others send");
	lose_all();
	stop_senders();
	tap_ok(seen.received && seen.counted, "%u came, %u counted by a handler", seen.received,
	       seen.counted);
	tap_is(seen.strange, 0, "each was whole");
	tap_is((int64_t)(info->received + info->unmatched + info->dropped),
	       (int64_t)info->transmitted, "each that was sent was received, dropped or nobody's");
	return tap_end();
}
