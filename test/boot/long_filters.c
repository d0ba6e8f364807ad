/* SPDX-License-Identifier: MIT
 * long_filters.c: filters that have as much in common as two can, and as many as there are: each is
 * compared with all others, and with every packet; those that take longest to bring into one form,
 * one more and one fewer among a thousand, and the longest way to one. `make bench
 * ONLY=irqs_off_max` measures how long that takes in one go.
 *
 * boot: init SMP=1 NET=user
 */
#include "test/boot/hostile.h"

#define FILTERS  48
#define SIBLINGS 1000
#define WORDS    24 /* that a filter may have */

static struct exo_filter filter;
static exo_handle all;
static uint32_t slot;

/* Nothing is said before the last atom: but for that one all are alike, and none says anything. */
static int64_t
carve(uint32_t atoms, uint32_t transmit, uint64_t number)
{
	filter.receive_atoms = atoms;
	filter.transmit_atoms = transmit;
	for (uint32_t i = 0; i < atoms + transmit; i++) {
		filter.atoms[i] = (struct exo_atom){
			.kind = EXO_ATOM_COMPARE, .width = 8, .offset = (uint16_t)(12 + i % 3)};
	}
	filter.atoms[atoms - 1].offset = 12;
	filter.atoms[atoms - 1].mask = ~0ul;
	filter.atoms[atoms - 1].value = number;
	return exo_carve(all, slot + (uint32_t)number, (uint64_t)&filter, 0, EXO_PACKET_RECEIVE, 0);
}

/* How many can be carved; those that are not say so. */
static uint32_t
carve_all(uint32_t atoms, uint32_t transmit)
{
	uint32_t carved = 0, strange = 0;

	for (uint32_t i = 0; i < FILTERS; i++) {
		int64_t result = carve(atoms, transmit, i);

		carved += result > 0;
		strange += result <= 0 && result != E_TAKEN;
	}
	tap_ok(!strange, "filters of %u and %u atoms: %u", atoms, transmit, carved);
	tap_is(exo_revoke(all, 0, 0), 0, "they go");
	return carved;
}

/* Each atom lies across two words and before all that came so far: each makes two words where all
 * others must move. */
static int64_t
carve_backwards(uint64_t number, uint32_t at)
{
	filter.receive_atoms = WORDS / 2;
	filter.transmit_atoms = EXO_ATOMS_MAX;
	for (uint32_t i = 0; i < WORDS / 2 + EXO_ATOMS_MAX; i++) {
		filter.atoms[i] = (struct exo_atom){
			.kind = EXO_ATOM_COMPARE,
			.width = 8,
			.offset = (uint16_t)(i < WORDS / 2 ? 11 + 16 * (WORDS / 2 - 1 - i) : 3),
			.mask = ~0ul,
			.value = number,
		};
	}
	return exo_carve(all, at, (uint64_t)&filter, 0, EXO_PACKET_RECEIVE, 0);
}

/* A thousand of the dearest; then some go and come again. */
static void
change_among_many(void)
{
	uint32_t at[SIBLINGS];
	uint32_t failed = 0;

	for (uint32_t i = 0; i < SIBLINGS; i++) {
		at[i] = free_slot();
		failed += carve_backwards(i, at[i]) <= 0;
	}
	tap_is(failed, 0, "a thousand filters of as many words as there may be");
	slot = free_slot();
	for (uint32_t i = 0; i < 20; i++) {
		int64_t made = carve_backwards(SIBLINGS + i, slot);

		failed += made <= 0 || exo_drop((exo_handle)made, 0, 0) != 0;
	}
	tap_is(failed, 0, "others come and go among them");
}

/* Of one that has as many tests as there may be, each seen. */
static void
see_ways(void)
{
	static union exo_detail detail;
	uint32_t longest = 0;

	for (uint32_t i = 0; exo_env_detail(exo_start()->env, all, i, &detail) != E_RANGE; i++) {
		uint32_t first = detail.filter.first;
		uint32_t tests = first < EXO_TESTS_MAX ? EXO_TESTS_MAX - first : 0;

		longest = tests > longest ? tests : longest;
	}
	tap_is(longest, WORDS, "the way to each is told");
}

int
main(void)
{
	tap_plan(3 * 2 + 2 + 2 + 1);
	all = exo_boot()->packets[0];
	slot = exo_start()->slots - FILTERS;
	tap_ok(carve_all(4, 0) > 32, "as many as are wanted");
	carve_all(EXO_ATOMS_MAX, 0);
	tap_ok(carve_all(EXO_ATOMS_MAX, EXO_ATOMS_MAX) > 0, "one at least");
	change_among_many();
	see_ways();
	return tap_end();
}
