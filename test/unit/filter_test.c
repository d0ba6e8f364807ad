/* SPDX-License-Identifier: MIT
 * filter_test.c: packet filters: what is well formed, what matches, what is provably disjoint.
 *
 * Disjointness is checked against packets: whatever is called disjoint must never match both, for
 * packets made so that they satisfy one of the two.
 *
 * links: kern/net/filter.c lib/base/disjoint.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <exo/errors.h>
#include "kern/net/filter.h"
#include "lib/base/disjoint.h"
#include "lib/base/rand.h"

#define COMPARE(o, w, m, v)                                                                        \
	{                                                                                          \
		.kind = EXO_ATOM_COMPARE, .width = (w), .offset = (o), .mask = (m), .value = (v)   \
	}
#define SHIFT(o, w, m, s)                                                                          \
	{                                                                                          \
		.kind = EXO_ATOM_SHIFT, .width = (w), .offset = (o), .mask = (m), .scale = (s)     \
	}
#define PACKET_BYTES 24

static uint64_t seed = 20261122;

static uint32_t
random_below(uint32_t n)
{
	return (uint32_t)(rand_next(&seed) >> 33) % n;
}

static int
check_one(struct exo_atom atom, bool transmit)
{
	struct exo_filter f = {.receive_atoms = !transmit, .transmit_atoms = transmit};

	f.atoms[0] = atom;
	return filter_check(&f);
}

static void
well_formed(void **state)
{
	struct exo_filter many = {.receive_atoms = EXO_ATOMS_MAX + 1};

	(void)state;
	assert_int_equal(check_one((struct exo_atom)COMPARE(12, 2, 0xffff, 0x800), false), 0);
	assert_int_equal(check_one((struct exo_atom)SHIFT(14, 1, 0xf, 2), false), 0);
	assert_int_equal(check_one((struct exo_atom)COMPARE(12, 3, 0xff, 0), false), E_INVAL);
	assert_int_equal(check_one((struct exo_atom)COMPARE(12, 1, 0x1ff, 0), false), E_INVAL);
	assert_int_equal(check_one((struct exo_atom)COMPARE(12, 1, 0xf0, 1), false), E_INVAL);
	assert_int_equal(check_one((struct exo_atom)COMPARE(2048, 1, 1, 1), false), E_RANGE);
	assert_int_equal(check_one((struct exo_atom)SHIFT(14, 1, 0xf, 9), false), E_INVAL);
	assert_int_equal(check_one((struct exo_atom){.kind = 3, .width = 1}, false), E_INVAL);
	assert_int_equal(check_one((struct exo_atom)COMPARE(120, 8, 1, 1), true), 0);
	assert_int_equal(check_one((struct exo_atom)COMPARE(121, 8, 1, 1), true), E_RANGE);
	assert_int_equal(check_one((struct exo_atom)SHIFT(14, 1, 0xf, 2), true), E_RANGE);
	assert_int_equal(filter_check(&many), E_LIMIT);
}

/* Atoms as those of a transmit filter, one by one and as words, of packets that mostly pass. */
static void
words_match_as_atoms_do(void **state)
{
	static const uint8_t widths[] = {1, 2, 4, 8};
	_Alignas(8) uint8_t room[256] = {0};
	uint8_t *head = room + FRAME_SKEW;
	unsigned passed = 0;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		uint8_t width = widths[random_below(4)];
		struct exo_atom a = COMPARE((uint16_t)random_below(EXO_TRANSMIT_SPAN - width + 1),
					    width, rand_next(&seed) >> (64 - 8 * width), 0);
		struct exo_atom as_word = a;
		size_t bytes = 14 + random_below(EXO_TRANSMIT_SPAN - 13);
		bool passes;

		for (unsigned i = 0; i < sizeof(room) - FRAME_SKEW; i++) {
			head[i] = (uint8_t)random_below(256);
		}
		for (unsigned i = 0; i < width; i++) {
			a.value = a.value << 8 | head[a.offset + i];
		}
		a.value &= a.mask;
		a.value ^= random_below(4) ? 0 : a.mask & -a.mask;
		as_word.value = a.value;
		filter_words(&as_word, 1);
		passes = filter_match(&a, 1, head, bytes);
		assert_int_equal(filter_match_head(&as_word, 1, head, bytes), passes);
		passed += passes;
	}
	assert_true(passed > 50000 && passed < 150000);
}

static void
matches_by_hand(void **state)
{
	const uint8_t packet[] = {0x45, 0x01, 0x02, 0x03, 0x11, 0x22};
	const struct exo_atom both[] = {COMPARE(0, 1, 0xf0, 0x40), COMPARE(1, 2, 0xffff, 0x0102)};
	const struct exo_atom moved[] = {SHIFT(0, 1, 0x0c, 0), COMPARE(1, 1, 0xff, 0x22)};
	const struct exo_atom far[] = {SHIFT(0, 1, 0xff, 2), COMPARE(0, 1, 0, 0)};
	const struct exo_atom past[] = {COMPARE(5, 2, 0, 0)};

	(void)state;
	assert_true(filter_match(both, 2, packet, sizeof(packet)));
	assert_false(filter_match(both, 2, packet, 2));
	assert_true(filter_match(moved, 2, packet, sizeof(packet)));
	assert_false(filter_match(far, 2, packet, sizeof(packet)));
	assert_false(filter_match(past, 1, packet, sizeof(packet)));
	assert_true(filter_match(past, 0, packet, 0));
}

static void
derives(void **state)
{
	struct exo_filter own = {.receive_atoms = 2, .transmit_atoms = 1};
	struct filter parent = {.receive_atoms = 1};
	struct filter child;

	(void)state;
	parent.receive[0] = (struct exo_atom)COMPARE(0, 1, 0xff, 7);
	own.atoms[0] = (struct exo_atom)COMPARE(1, 1, 0xff, 8);
	own.atoms[1] = (struct exo_atom)COMPARE(2, 1, 0xff, 9);
	own.atoms[2] = (struct exo_atom)COMPARE(6, 1, 0xff, 5);
	assert_int_equal(filter_derive(&child, &parent, &own), 0);
	assert_int_equal(child.receive_atoms, 3);
	assert_int_equal(child.receive[0].value, 7);
	assert_int_equal(child.receive[2].value, 9);
	assert_int_equal(child.transmit_atoms, 1);
	assert_int_equal(child.transmit[0].value, 5);
	parent.receive_atoms = EXO_ATOMS_MAX - 1;
	assert_int_equal(filter_derive(&child, &parent, &own), E_LIMIT);
}

static struct exo_atom
random_atom(void)
{
	static const uint8_t widths[] = {1, 1, 2, 2, 4, 8};
	struct exo_atom a = {.width = widths[random_below(6)], .offset = random_below(6) & 0xffff};

	if (random_below(6) == 0) {
		a.kind = EXO_ATOM_SHIFT;
		a.width = 1;
		a.mask = 1u + random_below(3);
		a.scale = random_below(2) & 0xff;
		return a;
	}
	a.kind = EXO_ATOM_COMPARE;
	a.mask = a.width == 8 ? rand_next(&seed) : rand_next(&seed) & ((1ull << 8 * a.width) - 1);
	a.mask &= rand_next(&seed); /* few bits, so that many pairs agree */
	a.value = a.mask & rand_next(&seed);
	return a;
}

/* Change the packet so that it satisfies the atoms, as far as later ones do not undo earlier ones.
 */
static void
satisfy(const struct exo_atom *atoms, uint32_t count, uint8_t *packet)
{
	uint64_t base = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct exo_atom *a = &atoms[i];
		uint64_t at = base + a->offset;

		if (at + a->width > PACKET_BYTES) {
			return;
		}
		if (a->kind == EXO_ATOM_SHIFT) {
			base += (packet[at] & a->mask) << a->scale;
			continue;
		}
		for (uint32_t j = 0; j < a->width; j++) {
			uint32_t shift = 8 * (a->width - 1 - j);
			uint8_t mask = (uint8_t)(a->mask >> shift);

			packet[at + j] =
				(uint8_t)((packet[at + j] & ~mask) | (uint8_t)(a->value >> shift));
		}
	}
}

static void
disjoint_never_meet(void **state)
{
	uint32_t disjoint = 0;
	uint32_t met = 0;

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		struct exo_atom a[4], b[4];
		uint32_t a_count = 1 + random_below(4);
		uint32_t b_count = 1 + random_below(4);

		for (uint32_t i = 0; i < 4; i++) {
			a[i] = random_atom();
			b[i] = random_below(3) == 0 ? a[i] : random_atom();
		}
		bool apart = atoms_disjoint(a, a_count, b, b_count);

		assert_int_equal(apart, atoms_disjoint(b, b_count, a, a_count));
		disjoint += apart;
		for (uint32_t n = 0; n < 20; n++) {
			uint8_t packet[PACKET_BYTES];

			for (uint32_t i = 0; i < PACKET_BYTES; i++) {
				packet[i] = (uint8_t)random_below(256);
			}
			satisfy(n & 1 ? a : b, n & 1 ? a_count : b_count, packet);
			satisfy(n & 2 ? a : b, n & 2 ? a_count : b_count, packet);
			if (filter_match(a, a_count, packet, PACKET_BYTES) &&
			    filter_match(b, b_count, packet, PACKET_BYTES)) {
				assert_false(apart);
				met++;
			}
		}
	}
	assert_in_range(disjoint, 2000, 18000); /* else the test would say nothing */
	assert_true(met > 2000);
}

static void
disjoint_by_hand(void **state)
{
	const struct exo_atom ip[] = {COMPARE(12, 2, 0xffff, 0x0800)};
	const struct exo_atom arp[] = {COMPARE(12, 2, 0xffff, 0x0806)};
	const struct exo_atom inside[] = {COMPARE(13, 1, 0x0f, 0x06)};
	const struct exo_atom port80[] = {COMPARE(12, 2, 0xffff, 0x0800), SHIFT(14, 1, 0xf, 2),
					  COMPARE(16, 2, 0xffff, 80)};
	const struct exo_atom port81[] = {COMPARE(12, 2, 0xffff, 0x0800), SHIFT(14, 1, 0xf, 2),
					  COMPARE(16, 2, 0xffff, 81)};
	const struct exo_atom other[] = {COMPARE(12, 2, 0xffff, 0x0800), SHIFT(14, 1, 0xf, 1),
					 COMPARE(16, 2, 0xffff, 81)};

	(void)state;
	assert_true(atoms_disjoint(ip, 1, arp, 1));
	assert_true(atoms_disjoint(ip, 1, inside, 1));
	assert_false(atoms_disjoint(arp, 1, inside, 1));
	assert_true(atoms_disjoint(port80, 3, port81, 3));
	assert_false(atoms_disjoint(port80, 3, other, 3));
	assert_false(atoms_disjoint(port80, 3, ip, 1));
	assert_false(atoms_disjoint(ip, 0, ip, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed),
		cmocka_unit_test(matches_by_hand),
		cmocka_unit_test(words_match_as_atoms_do),
		cmocka_unit_test(derives),
		cmocka_unit_test(disjoint_by_hand),
		cmocka_unit_test(disjoint_never_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
