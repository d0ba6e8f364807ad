/* SPDX-License-Identifier: MIT
 * draft_test.c: filters in the making that are never finished: what they leave behind when what
 * they were to be derived from ends, and that others have all that was promised to them.
 *
 * links: $(kernel-host-y) test/model/calls.c test/model/short_way.c
 * links: test/fake/board.c test/fake/plic.c; libs: -lfdt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/net/nic_state.h"
#include "kern/net/shape.h"
#include "test/model/calls.h"

#define FREED 10
#define OTHER 0x9000

static const struct exo_boot *boot;
static struct cap *nic_cap;
static struct nic *nic;

/* Two bytes and two further on, of the whole NIC's or, behind them, of others. */
static struct exo_filter
filter_of(uint64_t parent, uint16_t first, uint16_t second)
{
	uint16_t at = parent == nic_cap->start ? 20 : 60;

	return (struct exo_filter){
		2,
		0,
		{{EXO_ATOM_COMPARE, 2, 0, 0, at, 0, 0xffff, first},
		 {EXO_ATOM_COMPARE, 2, 0, 0, (uint16_t)(at + 20), 0, 0xffff, second}}};
}

/* One step of it, on that hart: NIC_AGAIN, 0 or an error. */
static int
step(uint32_t hart, uint64_t parent, uint16_t first, uint16_t second, uint64_t below,
     uint64_t *name)
{
	const struct cap c = {.start = parent};
	struct exo_filter f = filter_of(parent, first, second);
	uint64_t in_the_way;

	return nic_filter_make(hart, &c, &f, false, below, name, &in_the_way);
}

static int
make(uint32_t hart, uint64_t parent, uint16_t first, uint16_t second, uint64_t below,
     uint64_t *name)
{
	int result;

	do {
		result = step(hart, parent, first, second, below, name);
	} while (result == NIC_AGAIN);
	return result;
}

/* A run is split for one that is not made, for what it was to be derived from ends, and has a place
 * among the records that are free. Those are not gone through. */
static void
parent_ends(void **state)
{
	static struct shapes shapes;
	uint64_t freed[FREED], parent, child, never;
	uint32_t blocks;

	(void)state;
	shapes_init(&shapes, 1);
	nic->store.shapes = &shapes;
	assert_int_equal(make(0, nic_cap->start, 1, 1, 4, &parent), 0);
	for (uint32_t i = 0; i < FREED; i++) {
		assert_int_equal(make(0, nic_cap->start, OTHER, (uint16_t)i, 0, &freed[i]), 0);
	}
	assert_int_equal(make(0, parent, 1, 1, 0, &child), 0);
	for (uint32_t i = 0; i < FREED; i++) {
		nic_filter_discard(freed[i]);
	}
	blocks = nic_filter_of(parent)->blocks;
	do {
		assert_int_equal(step(0, parent, 1, 2, 0, &never), NIC_AGAIN);
	} while (nic_filter_of(parent)->blocks == blocks);
	nic_filter_discard(child);
	nic_filter_discard(parent);
	assert_null(shapes.share);
	(void)step(0, nic_cap->start, 2, 2, 0, &never);
	assert_null(shapes.share);
	assert_int_equal(make(0, nic_cap->start, 2, 2, 0, &child), 0);
	nic_filter_discard(child);
	nic->store.shapes = NULL;
	assert_null(nic_check(nic_cap->start >> NIC_SHIFT));
}

/* Another hart is at one that it never finishes: all that may be derived from the NIC can be. */
static void
never_finished(void **state)
{
	static uint64_t name[NIC_FILTERS_MAX];
	uint64_t made = 0;
	uint64_t never;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(step(1, nic_cap->start, OTHER, 1, 0, &never), NIC_AGAIN);
	}
	for (uint64_t i = 0; i < nic_cap->count; i++) {
		made += !make(0, nic_cap->start, 3, (uint16_t)i, 0, &name[made]);
	}
	assert_int_equal(made, nic_cap->count);
	while (made) {
		nic_filter_discard(name[--made]);
	}
	assert_null(nic_check(nic_cap->start >> NIC_SHIFT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parent_ends),
		cmocka_unit_test(never_finished),
	};

	boot = calls_boot();
	nic_cap = calls_cap(EXO_HANDLE_INDEX(boot->packets[0]));
	nic = nic_of(nic_cap->start);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
