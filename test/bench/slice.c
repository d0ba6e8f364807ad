/* SPDX-License-Identifier: MIT
 * slice.c: what the kernel does at the boundary of two slices (slice_switch): it saves the whole
 * context of one environment, floating point too, and loads that of the other one, in a space of
 * its own.
 *
 * Two children have every other position of the timeline. Each marks the begin of an interval and
 * spins until the other one has had its turn, which marks the end: so between the markers lies one
 * boundary, and S-mode has nothing else to do.
 */
#include "test/bench/common.h"
#include "test/boot/kin.h"

#define SAMPLES   100
#define POSITIONS 32
#define DONE_BIT  3

struct turns {
	_Atomic uint64_t of[2];
};

/* Floating point is in use all the time. */
static void
take_turns(struct turns *t, int self)
{
	volatile double sum = 0;

	for (int i = 0; i < SAMPLES; i++) {
		uint64_t seen = t->of[!self];

		t->of[self]++;
		BEGIN(OP_SLICE_SWITCH);
		while (t->of[!self] == seen) {
			sum = sum + 1;
		}
		END(OP_SLICE_SWITCH);
	}
}

static void
bind_positions(exo_handle env, uint64_t first)
{
	for (uint64_t at = first; at < POSITIONS; at += 2) {
		int64_t slot = exo_carve(exo_boot()->timelines[0], (uint32_t)exo_slot_take(), at, 1,
					 EXO_SLOT_BIND, 0);

		must("carve", slot);
		must("bind", exo_bind(EXO_BIND_SLOT, env, (exo_handle)slot, 0));
	}
}

int
main(int argc, char **argv)
{
	struct exo_child child[2];

	if (!exo_boot()) {
		take_turns(kin_shared(), argc > 1 && argv[1][0] == 'o');
		return 0;
	}
	must("kin", kin_open(1));
	bench_empty();
	must("child", kin_start(&child[0], "even", 0, EXO_ENV_BOUND, DONE_BIT));
	must("child", kin_start(&child[1], "odd", 0, EXO_ENV_BOUND, DONE_BIT));
	bind_positions(child[0].env, 0);
	bind_positions(child[1].env, 1);
	exo_wait(EXO_EVENT(DONE_BIT), EXO_FOREVER);
	return bench_end();
}
