/* SPDX-License-Identifier: MIT
 * hostile_s57_packets.c: S57: whatever atoms somebody carves by, another's packets stay another's.
 *
 * boot: init SMP=2
 */
#include "lib/base/rand.h"
#include "lib/exo/net.h"
#include "test/boot/hostile.h"

#define BIT         10
#define THEFT_BIT   11
#define TRIES       3000
#define PACKETS     16 /* of the victim, for each filter that was let through */
#define BYTES       60
#define SHOWN       80 /* of a packet, zeros behind BYTES are not there */
#define PATIENCE_NS EXO_NS_PER_S

#define COMPARE(width, offset, mask, value)                                                        \
	{                                                                                          \
		EXO_ATOM_COMPARE, width, 0, 0, offset, 0, mask, value                              \
	}
#define SHIFT(offset, mask, scale)                                                                 \
	{                                                                                          \
		EXO_ATOM_SHIFT, 1, scale, 0, offset, 0, mask, 0                                    \
	}

static const uint8_t victim_mac[6] = {2, 0x11, 0x22, 0x33, 0x44, 0x55};
static exo_handle nic;
static uint64_t seed = 57;

/* The victim's packets are those to its address. All of these would take some of them. */
static const struct {
	const char *what;
	struct exo_filter filter;
} theft[] = {
	{"the same", {1, 0, {COMPARE(8, 0, ~0ul << 16, 0x0211223344550000)}}},
	{"byte by byte",
	 {6,
	  0,
	  {COMPARE(1, 5, 0xff, 0x55), COMPARE(1, 4, 0xff, 0x44), COMPARE(1, 3, 0xff, 0x33),
	   COMPARE(1, 2, 0xff, 0x22), COMPARE(1, 1, 0xff, 0x11), COMPARE(1, 0, 0xff, 2)}}},
	{"overlapping words",
	 {2, 0, {COMPARE(4, 0, ~0u, 0x02112233), COMPARE(4, 2, ~0u, 0x22334455)}}},
	{"a part of the address", {1, 0, {COMPARE(4, 0, ~0u, 0x02112233)}}},
	{"half a byte", {1, 0, {COMPARE(1, 5, 0x0f, 5)}}},
	{"one bit", {1, 0, {COMPARE(8, 0, 1ul << 16, 1ul << 16)}}},
	{"more than the address",
	 {2, 0, {COMPARE(8, 0, ~0ul << 16, 0x0211223344550000), COMPARE(2, 12, 0xffff, 0x0800)}}},
	{"something else", {1, 0, {COMPARE(2, 12, 0xffff, 0x0800)}}},
	{"nothing", {0, 0, {{0}}}},
	{"a mask of nothing", {1, 0, {COMPARE(8, 0, 0, 0)}}},
	{"only long ones", {1, 0, {COMPARE(1, 1500, 0, 0)}}},
	{"a shift of nothing", {2, 0, {SHIFT(0, 0, 0), COMPARE(1, 0, 0xff, 2)}}},
	{"a shift by what is fixed",
	 {3, 0, {COMPARE(1, 0, 0xff, 2), SHIFT(0, 2, 0), COMPARE(1, 0, 0xff, 0x22)}}},
	{"a shift by what is not", {2, 0, {SHIFT(14, 0xf, 2), COMPARE(1, 0, 0xff, 0)}}},
	{"a value behind a shift that seems another",
	 {2, 0, {SHIFT(14, 0xf, 2), COMPARE(1, 5, 0xff, 0x56)}}},
};
#define THEFTS (sizeof(theft) / sizeof(theft[0]))

static int64_t
carve(const struct exo_filter *filter)
{
	uint32_t slot = free_slot();
	int64_t result = exo_carve(nic, slot, (uint64_t)filter, 0,
				   EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);

	if (result < 0) {
		exo_slot_free(slot);
	}
	return result;
}

/* --- what a filter means, from the description in exo/atom.h ------------------------------- */
static bool
matches(const struct exo_filter *f, const uint8_t *packet)
{
	uint64_t base = 0;

	for (uint32_t i = 0; i < f->receive_atoms; i++) {
		const struct exo_atom *a = &f->atoms[i];
		uint64_t number = 0;

		if (base + a->offset + a->width > BYTES) {
			return false;
		}
		for (uint32_t j = 0; j < a->width; j++) {
			number = number << 8 | packet[base + a->offset + j];
		}
		if (a->kind == EXO_ATOM_SHIFT) {
			base += (number & a->mask) << a->scale;
		} else if ((number & a->mask) != a->value) {
			return false;
		}
	}
	return base <= BYTES;
}

/* One of the victim's: its address, and anything behind it. */
static void
draw_packet(uint8_t *packet)
{
	memset(packet, 0, SHOWN);
	memcpy(packet, victim_mac, sizeof(victim_mac));
	for (uint32_t i = sizeof(victim_mac); i < BYTES; i++) {
		packet[i] = (uint8_t)(rand_below(&seed, 2) ? rand_next(&seed) : 0);
	}
}

/* Atoms close to the victim's address, with values that some packet of its has, mostly. */
static void
draw_filter(struct exo_filter *f)
{
	uint8_t packet[SHOWN];

	draw_packet(packet);
	f->receive_atoms = 1 + (uint32_t)rand_below(&seed, 3);
	f->transmit_atoms = 0;
	for (uint32_t i = 0; i < f->receive_atoms; i++) {
		uint8_t width = (uint8_t)(1u << rand_below(&seed, 4));
		uint16_t offset = (uint16_t)rand_below(&seed, 9);
		uint64_t mask = rand_next(&seed) & (~0ul >> (64 - 8 * width));
		uint64_t value = 0;

		mask &= rand_next(&seed);
		for (uint32_t j = 0; j < width; j++) {
			value = value << 8 | packet[offset + j];
		}
		value ^= rand_below(&seed, 3) == 0 ? 0
						   : 1ul << (rand_next(&seed) & (8u * width - 1));
		f->atoms[i] = (struct exo_atom)COMPARE(width, offset, mask, value & mask);
		if (!rand_below(&seed, 4)) {
			f->atoms[i] = (struct exo_atom)SHIFT(offset, 7, 0);
		}
	}
}

/* What is let through takes no packet that is the victim's. */
static void
try_at_random(void)
{
	uint32_t let_through = 0, stolen = 0, strange = 0;
	uint8_t packet[SHOWN];
	struct exo_filter f;

	for (uint32_t n = 0; n < TRIES; n++) {
		int64_t result;

		draw_filter(&f);
		result = carve(&f);
		strange += result < 0 && result != E_TAKEN && result != E_INVAL;
		if (result < 0) {
			continue;
		}
		let_through++;
		for (uint32_t i = 0; i < PACKETS; i++) {
			draw_packet(packet);
			stolen += matches(&f, packet);
		}
		strange += exo_slot_drop((exo_handle)result) != 0;
	}
	tap_ok(let_through > TRIES / 20, "of %u filters %u are let through", TRIES, let_through);
	tap_is(stolen, 0, "which take nothing of the victim's");
	tap_is(strange, 0, "the others are refused for the right reason");
}

/* --- packets ------------------------------------------------------------------------------ */
static struct exo_net victim, thief;
static struct exo_pages out;

static void
send(void)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, BYTES)};
	struct exo_completion done;

	exo_net_send(&thief, &all, 1, 1);
	while (!exo_net_sent(&thief, &done)) {
		exo_wait(EXO_EVENT(THEFT_BIT), PATIENCE_NS);
	}
}

static uint32_t
come(struct exo_net *net)
{
	const uint8_t *packet;
	uint32_t count = 0;

	while (exo_net_receive(net, &packet) > 0) {
		exo_net_release(net);
		count++;
	}
	return count;
}

static void
check_packets(void)
{
	for (uint32_t i = 0; i < PACKETS; i++) {
		draw_packet(out.memory);
		send();
	}
	tap_is(come(&victim), PACKETS, "the victim gets its packets");
	tap_is(come(&thief), 0, "and the thief none");
	((uint8_t *)out.memory)[5] ^= 1;
	send();
	tap_is(come(&victim), 0, "what is not its own it does not get");
	tap_is(come(&thief), 1, "but the neighbour does");
}

int
main(void)
{
	static const struct exo_filter neighbour = {
		1, 0, {COMPARE(8, 0, ~0ul << 16, 0x0211223344540000)}};
	int64_t own, other;

	tap_plan(3 + THEFTS + 2 + 3 + 4);
	nic = exo_boot()->packets[EXO_NIC_LOOP];
	own = carve(&theft[0].filter);
	tap_ok(own > 0, "the victim's filter");
	tap_is(exo_net_open(&victim, (exo_handle)own, 16, BIT, BIT), 0, "and its rings");
	tap_is(exo_pages_make(&out, 1), 0, "memory to send from");
	for (uint32_t i = 0; i < THEFTS; i++) {
		tap_is(carve(&theft[i].filter), E_TAKEN, theft[i].what);
	}
	other = carve(&neighbour);
	tap_is(other > 0, true, "the neighbour's filter");
	tap_is(exo_net_open(&thief, (exo_handle)other, 16, THEFT_BIT, THEFT_BIT), 0,
	       "and its rings");
	try_at_random();
	check_packets();
	return tap_end();
}
