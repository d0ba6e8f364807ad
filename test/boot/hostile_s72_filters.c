/* SPDX-License-Identifier: MIT
 * hostile_s72_filters.c: S72: who may have half of a NIC's filters makes the dearest there are, of
 * all kinds, as many as it can; what others may have, they can have.
 *
 * boot: init SMP=1
 */
#include "lib/exo/net.h"
#include "test/boot/hostile.h"
#include "test/boot/packets.h"

#define VICTIMS      8
#define VICTIM_OWN   16 /* filters of each */
#define VICTIM_ATOMS 6
#define WIDE_ATOMS   11 /* each lies across two words */
#define SENT_ATOMS   15 /* with that of its share as many as there may be */
#define ROUNDS       3

static exo_handle nic;
static uint32_t serial;

/* Below `parent`, told apart by its serial number. The handle or an error. */
static int64_t
make(exo_handle parent, struct exo_filter *f, uint64_t below)
{
	uint32_t slot = free_slot();
	int64_t result = exo_carve(parent, slot, (uint64_t)f, below, EXO_PACKET_RECEIVE, 0);

	if (result < 0) {
		exo_slot_free(slot);
	}
	return result;
}

/* Atoms of the most words; those of one kind have the same first ones, or none of them has. */
static int64_t
make_dear(exo_handle parent, uint32_t kind)
{
	struct exo_filter f = {.receive_atoms = WIDE_ATOMS, .transmit_atoms = SENT_ATOMS};

	for (uint32_t i = 0; i < WIDE_ATOMS + SENT_ATOMS; i++) {
		f.atoms[i] = (struct exo_atom){
			.kind = EXO_ATOM_COMPARE,
			.width = 8,
			.offset = (uint16_t)(i < WIDE_ATOMS ? 19 + 16 * i : 3),
			.mask = ~0ul,
			.value = i < WIDE_ATOMS && (kind || !i) ? serial : 0,
		};
	}
	serial++;
	return make(parent, &f, 0);
}

/* A port, as programs have them. */
static int64_t
make_usual(exo_handle parent, uint32_t number)
{
	struct exo_filter f = {.receive_atoms = VICTIM_ATOMS};

	for (uint32_t i = 0; i < VICTIM_ATOMS; i++) {
		f.atoms[i] = (struct exo_atom){.kind = EXO_ATOM_COMPARE,
					       .width = 2,
					       .offset = (uint16_t)(20 + 4 * i),
					       .mask = 0xffff,
					       .value = i ? i : number};
	}
	return make(parent, &f, 0);
}

/* Until no more are to be had, for whatever reason. */
static uint32_t
make_all(exo_handle parent, uint32_t kind)
{
	uint32_t made = 0;

	while (make_dear(parent, kind) > 0) {
		made++;
	}
	return made;
}

/* All that was promised to all of them. */
static uint32_t
serve(const exo_handle *victim)
{
	uint32_t made = 0;

	for (uint32_t v = 0; v < VICTIMS; v++) {
		for (uint32_t i = 0; i < VICTIM_OWN; i++) {
			made += make_usual(victim[v], i) > 0;
		}
	}
	return made;
}

int
main(void)
{
	exo_handle victim[VICTIMS];
	uint32_t first = 0, again = 0, bad = 0;
	int64_t attacker;

	tap_plan(3 + 2 * ROUNDS + 2);
	nic = exo_boot()->packets[EXO_NIC_LOOP];
	for (uint16_t v = 0; v < VICTIMS; v++) {
		int64_t made = packets_carve(nic, 0x8800 + v, (uint8_t)v, VICTIM_OWN);

		bad += made <= 0;
		victim[v] = (exo_handle)made;
	}
	tap_is(bad, 0, "some have small shares of the NIC");
	attacker = packets_carve(nic, 0x9000, 9, exo_sysinfo()->nic[EXO_NIC_LOOP].filters / 2);
	tap_ok(attacker > 0, "one may have half of its filters");
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t made = make_all((exo_handle)attacker, round & 1);

		first = round ? first : made;
		again = made;
		tap_ok(made, "of the dearest it has %u", made);
		tap_is(serve(victim), VICTIMS * VICTIM_OWN, "others have all of theirs");
		for (uint32_t v = 0; v < VICTIMS; v++) {
			bad += exo_revoke(victim[v], 0, 0) != 0;
		}
		bad += exo_revoke((exo_handle)attacker, 0, 0) != 0;
	}
	tap_is(bad, 0, "all can be taken");
	tap_is(again, first, "and nothing is lost");
	tap_is(exo_revoke(nic, 0, 0), 0, "then all go");
	return tap_end();
}
