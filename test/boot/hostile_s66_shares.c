/* SPDX-License-Identifier: MIT
 * hostile_s66_shares.c: S66: a thousand shares of one filter, all of which a packet matches. It is
 * handed to them in turns, between which others run as always; and whoever leaves meanwhile takes
 * it from nobody behind him.
 *
 * In counted time: a nanosecond is an instruction.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "test/boot/packets.h"

#define SHARES   1000
#define RINGS    8
#define PACKETS  20
#define BYTES    60
#define TYPE     0x88b5
#define BIT      10
#define TICK_NS  100
#define LONGEST  12000   /* ns that others may be kept from running; it was 15 300 */
#define PATIENCE 3000000 /* ns that a packet may take to all */

static exo_handle share[SHARES];
static uint32_t slot_of[SHARES];
static struct exo_net ring[RINGS];
static struct exo_net sender;
static struct exo_pages out;
static exo_handle packets;

/* Which share has ring number i: the first and the last, and some between them. */
static uint32_t
place_of(uint32_t i)
{
	return i * (SHARES - 1) / (RINGS - 1);
}

static bool
has_ring(uint32_t number)
{
	for (uint32_t i = 0; i < RINGS; i++) {
		if (place_of(i) == number) {
			return true;
		}
	}
	return false;
}

static bool
make(uint32_t number)
{
	const struct exo_filter all = {0};
	int64_t result =
		exo_share(packets, slot_of[number], (uint64_t)&all, 0, EXO_PACKET_RECEIVE, 0);

	share[number] = result < 0 ? EXO_NONE : (exo_handle)result;
	return result > 0;
}

static uint32_t
set_up(void)
{
	const struct exo_filter type = {
		.receive_atoms = 1,
		.atoms = {{EXO_ATOM_COMPARE, 2, 0, 0, PACKET_TYPE, 0, 0xffff, TYPE}},
	};
	int64_t result = exo_carve(exo_boot()->packets[EXO_NIC_LOOP], free_slot(), (uint64_t)&type,
				   SHARES, EXO_PACKET_RECEIVE, 0);
	uint32_t made = 0;

	packets = result < 0 ? EXO_NONE : (exo_handle)result;
	for (uint32_t i = 0; i < SHARES; i++) {
		slot_of[i] = free_slot();
		made += make(i);
	}
	for (uint32_t i = 0; i < RINGS; i++) {
		made -= exo_net_open_receive(&ring[i], share[place_of(i)], 1, BIT) != 0;
	}
	return made;
}

static uint64_t
nanoseconds(void)
{
	return exo_ticks() * TICK_NS;
}

/* All that have no ring leave, the newest first. That is the order in which they get packets too,
 * but faster: so each leaves just when it is its turn. */
static uint32_t
leave(void)
{
	uint32_t failed = 0;

	for (uint32_t i = SHARES; i-- > 0;) {
		failed += !has_ring(i) && exo_drop(share[i], 0, 0) != 0;
	}
	return failed;
}

static uint32_t
come_again(void)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < SHARES; i++) {
		failed += !has_ring(i) && !make(i);
	}
	return failed;
}

/* Until the packet has come to all rings, as it should, and some more. The longest time between two
 * looks at the clock. */
static uint64_t
watch(void)
{
	uint64_t begin = nanoseconds(), last = begin, longest = 0;

	while (last < begin + PATIENCE) {
		uint64_t now = nanoseconds();

		longest = now - last > longest ? now - last : longest;
		last = now;
	}
	return longest;
}

/* How many rings did not get just one packet. */
static uint32_t
take(void)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < RINGS; i++) {
		wrong += exo_net_come(&ring[i]) != 1;
		while (exo_net_come(&ring[i]) > 0) {
			exo_net_release(&ring[i]);
		}
	}
	return wrong;
}

/* The longest time. */
static uint64_t
check(const char *how, uint32_t count, bool changes)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, BYTES)};
	struct exo_completion done;
	uint32_t failed = 0, wrong = 0;
	uint64_t longest = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t gap;

		failed += exo_net_send(&sender, &all, 1, 1) != 0;
		failed += changes ? leave() : 0;
		gap = watch();
		longest = gap > longest ? gap : longest;
		failed += exo_net_sent(&sender, &done) != 1;
		wrong += take();
		failed += changes ? come_again() : 0;
	}
	tap_ok(!failed, "%s: %u packets are sent", how, count);
	tap_ok(!wrong, "%s: each comes to each ring once, but for %u", how, wrong);
	return longest;
}

int
main(void)
{
	uint64_t longest;

	tap_plan(2 + 2 * 2 + 1);
	tap_is(packets_open_loop(&sender, &out, 0x9000, TYPE, BIT + 1), 0, "a sender");
	tap_is(set_up(), SHARES, "a thousand shares, some with rings");
	longest = check("nobody leaves", PACKETS, false);
	tap_ok(longest < LONGEST, "others run at least every %lu ns", longest);
	check("all but those with rings leave", PACKETS / 4, true);
	return tap_end();
}
