/* SPDX-License-Identifier: MIT
 * net_busy.c: others have filled a NIC with all that it can have under way. Whose packet found no
 * room is told as soon as there is some, so it need not ask again and again.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "lib/base/checked.h"
#include "test/boot/full.h"
#include "test/boot/packets.h"
#include "test/boot/tap.h"

#define RINGS    4 /* more than fill the NIC while it works */
#define ROUNDS   20
#define OTHERS   9 /* event bits */
#define OWN      10
#define TYPE     0x88b5
#define BYTES    60
#define PATIENCE EXO_NS_PER_S

static struct exo_net ring[RINGS];
static struct exo_queue *rings[RINGS];
static struct exo_net own;
static struct exo_pages out;

static int64_t
open_rings(void)
{
	int64_t result = exo_pages_make(&out, 1);

	packets_build(out.memory, TYPE, 1, 0, BYTES);
	for (uint32_t i = 0; i <= RINGS && result == 0; i++) {
		uint32_t bit = i == RINGS ? OWN : OTHERS;

		result = packets_carve(exo_boot()->packets[EXO_NIC_LOOP], (uint16_t)(0x9000 + i), 1,
				       0);
		result = result < 0 ? result
				    : exo_net_open(i == RINGS ? &own : &ring[i], (exo_handle)result,
						   1, bit, bit);
	}
	return result;
}

/* 1: it found no room, was told, and has left; 0: there was room; an error. */
static int64_t
send_when_full(void)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, BYTES)};
	const union exo_request q = {.packet = {.segments = 1, .segment = {all}}};
	struct exo_completion done;
	bool found_no_room;

	full_fill(rings, RINGS, &q);
	exo_net_send(&own, &all, 1, 1);
	found_no_room = exo_queue_has_more(&own.transmit);
	while (!exo_net_sent(&own, &done)) {
		if (!exo_wait(EXO_EVENT(OWN), PATIENCE)) {
			return E_TIMEOUT;
		}
	}
	return done.result < 0 ? done.result : found_no_room;
}

int
main(void)
{
	int64_t result = 0, found = 0;

	for (uint32_t i = 0; i < RINGS; i++) {
		rings[i] = &ring[i].transmit;
	}
	tap_plan(3);
	tap_is(open_rings(), 0, "rings");
	for (uint32_t i = 0; i < ROUNDS && result >= 0; i++) {
		result = send_when_full();
		found += result;
		full_empty(rings, RINGS, EXO_EVENT(OTHERS));
	}
	tap_is(result < 0 ? result : 0, 0, "each packet leaves in the end");
	tap_ok(found > 0, "%ld of %u found no room at first", (long)found, ROUNDS);
	return tap_end();
}
