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
#include "lib/base/rand.h"
#include "test/model/calls.h"

#define FREED 10
#define OTHER 0x9000
#define HARTS 2
#define LIVE  100
#define STEPS 20000

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

/* --- whatever order ------------------------------------------------------------------------- */
/* Filters that there are, [0] the whole NIC; what each hart is at. */
static struct made {
	uint64_t name;
	uint64_t below; /* that it may still derive */
	uint32_t parent;
	uint32_t children;
	uint32_t number; /* no other one has it; 0: there is none */
} live[LIVE];
static struct {
	struct exo_filter filter;
	uint32_t parent;
	uint32_t number;
	uint64_t below;
	bool is_shared;
} draft[HARTS];
static struct shapes random_shapes;
static uint64_t random_state = 4711;
static uint32_t numbers;

static uint64_t
draw(uint64_t limit)
{
	return rand_next(&random_state) % limit;
}

static struct exo_atom
draw_atom(void)
{
	uint8_t width = (uint8_t)(1u << draw(3));
	uint64_t mask = draw(4) ? (1ul << 8 * width) - 1 : 1 + draw(255);

	if (!draw(6)) {
		return (struct exo_atom){EXO_ATOM_SHIFT, 1, 2, 0, (uint16_t)draw(60), 0, 15, 0};
	}
	return (struct exo_atom){
		EXO_ATOM_COMPARE, width, 0, 0, (uint16_t)(4 * draw(20)), 0, mask, mask & draw(300),
	};
}

static void
draw_draft(uint32_t hart)
{
	uint32_t parent = draw(2) ? 0 : (uint32_t)draw(LIVE);

	while (!live[parent].number) {
		parent = (uint32_t)draw(LIVE);
	}
	draft[hart].parent = parent;
	draft[hart].number = live[parent].number;
	draft[hart].below = draw(3) ? 0 : draw(parent ? 4 : 60);
	draft[hart].is_shared = draw(2);
	draft[hart].filter.receive_atoms = (uint32_t)draw(5);
	for (uint32_t i = 0; i < draft[hart].filter.receive_atoms; i++) {
		draft[hart].filter.atoms[i] = draw_atom();
	}
}

/* It is made; sometimes its capability does not come to be. */
static void
keep(uint32_t hart, uint64_t name)
{
	struct made *parent = &live[draft[hart].parent];
	uint32_t i = 1;

	while (i < LIVE && live[i].number) {
		i++;
	}
	if (i == LIVE || !draw(20)) {
		nic_filter_discard(name);
		return;
	}
	live[i] = (struct made){name, draft[hart].below, draft[hart].parent, 0, ++numbers};
	parent->children++;
	parent->below -= draft[hart].below + 1;
}

static void
step_draft(uint32_t hart)
{
	const struct made *parent = &live[draft[hart].parent];
	const struct cap c = {.start = parent->name};
	uint64_t name, in_the_way;
	int result = E_RANGE;

	if (parent->number == draft[hart].number && draft[hart].below < parent->below) {
		result = nic_filter_make(hart, &c, &draft[hart].filter, draft[hart].is_shared,
					 draft[hart].below, &name, &in_the_way);
	}
	if (!result) {
		keep(hart, name);
	}
	if (result != NIC_AGAIN || !draw(20)) {
		draw_draft(hart);
	}
}

static void
discard(struct made *m)
{
	if (m->number && !m->children) {
		live[m->parent].children--;
		live[m->parent].below += m->below + 1;
		m->number = 0;
		nic_filter_discard(m->name);
	}
}

/* Blocks are counted, and shapes: for each filter those that name it. */
static void
check(void)
{
	assert_null(nic_check(nic_cap->start >> NIC_SHIFT));
	for (uint32_t i = 0; i < nic->fresh; i++) {
		uint32_t named = 0;

		for (uint32_t n = 0; n < random_shapes.used; n++) {
			named += random_shapes.shape[n].nodes &&
				 random_shapes.shape[n].share == &nic->filter[i].shapes;
		}
		assert_int_equal(named, nic->filter[i].is_used ? nic->filter[i].shapes : 0);
		assert_in_range(named, 0, SHAPES_SHARE);
	}
}

/* Filters on two harts, begun, left and finished, while others end: at the end nothing is left. */
static void
whatever_order(void **state)
{
	(void)state;
	shapes_init(&random_shapes, 1);
	nic->store.shapes = &random_shapes;
	live[0] = (struct made){nic_cap->start, nic_cap->count, 0, 0, ++numbers};
	for (uint32_t i = 0; i < STEPS; i++) {
		if (draw(3)) {
			step_draft((uint32_t)draw(HARTS));
		} else {
			discard(&live[1 + draw(LIVE - 1)]);
		}
		if (!draw(10)) {
			check();
		}
	}
	while (live[0].children) {
		discard(&live[1 + draw(LIVE - 1)]);
	}
	check();
	assert_true(numbers > STEPS / 50);
	assert_null(nic->filter[0].children.root);
	assert_int_equal(live[0].below, nic_cap->count);
	nic->store.shapes = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parent_ends),
		cmocka_unit_test(never_finished),
		cmocka_unit_test(whatever_order),
	};

	boot = calls_boot();
	nic_cap = calls_cap(EXO_HANDLE_INDEX(boot->packets[0]));
	nic = nic_of(nic_cap->start);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
