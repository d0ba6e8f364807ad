/* SPDX-License-Identifier: MIT
 * filters_many.c: ten thousand filters by address and port on one NIC. Each packet comes to the
 * ring of its own; they go in another order than they came, and all that they took comes back.
 *
 * boot: init TIMEOUT=60
 */
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/slots.h"
#include "test/boot/tap.h"
#include "test/model/services.h"

#define FILTERS      10000
#define STRIDE       3331 /* no divisor of FILTERS: the order in which they go */
#define LARGE        400  /* of the most atoms that there can be */
#define RINGS        8
#define PER_RING     40 /* packets */
#define BYTES        60
#define RECEIVE_BIT  8 /* and those behind it */
#define TRANSMIT_BIT 20
#define PATIENCE_NS  EXO_NS_PER_S

static exo_handle made[FILTERS];
static struct exo_net ring[RINGS];
static struct exo_net sender; /* transmits: a filter of its own that no packet here matches */
static struct exo_pages out;
static exo_handle nic;

/* TCP, no fragment, to the address and port of number i. */
static void
describe(struct exo_filter *filter, uint32_t i)
{
	*filter = (struct exo_filter){.receive_atoms = SERVICE_ATOMS};
	service_atoms(i, filter->atoms);
}

/* What exo_carve says, and its second result. */
static int64_t
carve(exo_handle parent, const struct exo_filter *filter, uint64_t *second)
{
	int64_t slot = exo_slot_take();
	struct exo_result result;

	if (slot < 0) {
		printf("# no slot\n");
		return E_SLOT;
	}
	result = exo_carve2(parent, (uint32_t)slot, (uint64_t)filter, 0, EXO_PACKET_RECEIVE, 0);
	if (result.value < 0) {
		exo_slot_free((uint32_t)slot);
	}
	*second = result.second;
	return result.value;
}

/* Number i, which was free; its handle or an error. */
static int64_t
carve_number(uint32_t i)
{
	struct exo_filter filter;
	uint64_t second;

	describe(&filter, i);
	return carve(nic, &filter, &second);
}

/* All of them: how many could not be. */
static uint32_t
carve_all(void)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < FILTERS; i++) {
		int64_t result = carve_number(i);

		made[i] = result < 0 ? EXO_NONE : (exo_handle)result;
		failed += result < 0;
	}
	return failed;
}

/* --- packets ------------------------------------------------------------------------------ */
/* Which filter ring r is bound to. */
static uint32_t
filter_of_ring(uint32_t r)
{
	return r * (FILTERS / RINGS) + r;
}

/* A packet of number i, with `mark` in it. */
static void
send(uint32_t i, uint16_t mark)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, BYTES)};
	uint8_t *p = out.memory;
	struct exo_completion done;

	service_packet(i, p, BYTES);
	memcpy(p + 40, &mark, sizeof(mark));
	exo_net_send(&sender, &all, 1, 1);
	while (!exo_net_sent(&sender, &done)) {
		exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS);
	}
}

/* Is the next packet of ring r its own, and the one with `mark`? */
static bool
arrives(uint32_t r, uint16_t mark)
{
	const uint8_t *p;
	uint32_t i = filter_of_ring(r);
	bool is_right;

	if (exo_net_receive(&ring[r], &p) != BYTES) {
		return false;
	}
	is_right = !memcmp(p + 40, &mark, sizeof(mark)) && p[33] == (uint8_t)service_address(i) &&
		   p[32] == (uint8_t)(service_address(i) >> 8) && p[37] == (uint8_t)service_port(i);
	exo_net_release(&ring[r]);
	return is_right;
}

static void
check_rings(void)
{
	uint32_t opened = 0;

	for (uint32_t r = 0; r < RINGS; r++) {
		opened += exo_net_open_receive(&ring[r], made[filter_of_ring(r)], 32,
					       RECEIVE_BIT + r) == 0;
	}
	tap_is(opened, RINGS, "some of them have rings");
}

/* Each packet with a ring comes there, and no other one anywhere. */
static void
check_packets(void)
{
	const struct exo_nic_info *info = &exo_sysinfo()->nic[EXO_NIC_LOOP];
	uint64_t received = info->received, unmatched = info->unmatched;
	uint32_t right = 0, strange = 0;
	const uint8_t *p;

	for (uint16_t n = 0; n < PER_RING; n++) {
		for (uint32_t r = 0; r < RINGS; r++) {
			send(filter_of_ring(r), n);
			send(filter_of_ring(r) + 1, n); /* nobody listens */
		}
	}
	send(FILTERS, 0); /* there is no such filter */
	for (uint16_t n = 0; n < PER_RING; n++) {
		for (uint32_t r = 0; r < RINGS; r++) {
			right += arrives(r, n);
		}
	}
	for (uint32_t r = 0; r < RINGS; r++) {
		strange += exo_net_receive(&ring[r], &p) != 0;
	}
	tap_is(right, RINGS * PER_RING, "each packet comes to its own ring, in order");
	tap_is(strange, 0, "and no other one does");
	tap_is((int64_t)(info->received - received), RINGS * PER_RING, "they are counted");
	tap_is((int64_t)(info->unmatched - unmatched), RINGS * PER_RING + 1,
	       "so are those that nobody wants");
}

/* --- errors ------------------------------------------------------------------------------- */
static void
check_taken(void)
{
	struct exo_filter filter;
	struct exo_cap_info info = {0};
	uint64_t second = 0;

	describe(&filter, 4711);
	tap_is(carve(nic, &filter, &second), E_TAKEN, "one that is there is not carved again");
	tap_is(exo_inspect(made[4711], 0, &info), 0, "it can be looked at");
	tap_is((int64_t)second, (int64_t)info.start, "the second result is its name");
	filter.receive_atoms = SERVICE_ATOMS - 1; /* any port */
	tap_is(carve(nic, &filter, &second), E_TAKEN, "nor is one that contains some");
	filter.receive_atoms = SERVICE_ATOMS;
	filter.atoms[6].offset = 15; /* the same port, told with the byte before it */
	filter.atoms[6].width = 4;
	filter.atoms[6].mask = 0x00ffff00;
	filter.atoms[6].value <<= 8;
	tap_is(carve(nic, &filter, &second), E_TAKEN, "nor the same in other words");
	tap_is((int64_t)second, (int64_t)info.start, "whose sibling is named");
}

/* As many atoms as there can be, and all to be kept: of its share's memory each takes most. */
static int64_t
carve_large(exo_handle share, uint64_t serial)
{
	struct exo_filter filter = {EXO_ATOMS_MAX - 1, EXO_ATOMS_MAX, {{0}}};
	uint64_t second;

	for (uint32_t a = 0; a < 2 * EXO_ATOMS_MAX - 1; a++) {
		filter.atoms[a] = (struct exo_atom){EXO_ATOM_COMPARE, 8, 0, 0, 14, 0, ~0ul, serial};
	}
	return carve(share, &filter, &second);
}

static void
check_full(void)
{
	struct exo_filter filter = {
		.receive_atoms = 1,
		.atoms = {{EXO_ATOM_COMPARE, 2, 0, 0, 12, 0, 0xffff, 0x88b6}},
	};
	exo_handle share, last = EXO_NONE;
	uint32_t count = 0;
	uint64_t second;
	int64_t result;

	result = exo_carve(nic, (uint32_t)exo_slot_take(), (uint64_t)&filter, LARGE,
			   EXO_PACKET_RECEIVE, 0);
	tap_ok(result > 0, "some are for filters with many atoms");
	share = (exo_handle)result;
	for (; (result = carve_large(share, count)) > 0; count++) {
		last = (exo_handle)result;
	}
	tap_is(result, E_NOSPACE, "there is an end of the memory");
	tap_ok(count > 100, "that was %u filters with many atoms later", count);
	filter.receive_atoms = filter.transmit_atoms = 0;
	tap_is(carve(made[1], &filter, &second), E_RANGE, "who was given none derives none");
	filter.receive_atoms = EXO_ATOMS_MAX + 1;
	tap_is(carve(nic, &filter, &second), E_LIMIT, "nor are there more atoms than the most");
	tap_is(exo_slot_drop(last), 0, "when one goes,");
	tap_ok(carve_large(share, count) > 0, "there is room again");
}

/* In steps of STRIDE, so that neighbours do not go together. */
static void
drop_all(void)
{
	uint32_t gone = 0;

	for (uint32_t i = 0; i < FILTERS; i++) {
		gone += exo_slot_drop(made[(uint64_t)i * STRIDE % FILTERS]) == 0;
	}
	tap_is(gone, FILTERS, "all go, in another order");
}

int
main(void)
{
	static const struct exo_filter nothing = {
		.receive_atoms = 1,
		.atoms = {{EXO_ATOM_COMPARE, 2, 0, 0, 12, 0, 0xffff, 0x88b5}},
	};
	uint64_t second;
	int64_t own;

	tap_plan(27);
	nic = exo_boot()->packets[EXO_NIC_LOOP];
	own = exo_carve(nic, (uint32_t)exo_slot_take(), (uint64_t)&nothing, 0,
			EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
	tap_ok(own > 0, "a filter to send by");
	tap_is(exo_net_open(&sender, (exo_handle)own, 1, RECEIVE_BIT, TRANSMIT_BIT), 0, "rings");
	tap_is(exo_pages_make(&out, 1), 0, "memory to send from");
	tap_is(carve_all(), 0, "ten thousand filters");
	check_taken();
	check_rings();
	check_packets();
	for (uint32_t r = 0; r < RINGS; r++) {
		exo_queue_close(&ring[r].receive);
	}
	check_full();
	drop_all();
	tap_is(exo_revoke(nic, 0, 0), 0, "the rest is revoked");
	tap_is(carve_all(), 0, "and all have room again");
	own = carve(nic, &nothing, &second);
	tap_ok(own > 0, "with the one to send by");
	drop_all();
	return tap_end();
}
