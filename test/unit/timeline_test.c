/* SPDX-License-Identifier: MIT
 * timeline_test.c: the timeline against its model, and what docs/design/time.md says in so many
 * words. 10^5 steps; LONG=1: 10^6.
 *
 * links: kern/timeline.c test/model/timeline_model.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kern/timeline.h"
#include "lib/base/rand.h"
#include "test/model/timeline_model.h"

#define Q 1000ul

static struct timeline t;
static struct timeline_member member[MODEL_MEMBERS];
static struct timeline_model model;

static int
number_of(const struct timeline_member *m)
{
	return m ? (int)(m - member) : MODEL_NOBODY;
}

/* All but the last two take slack. */
static int
clear(void **state)
{
	(void)state;
	timeline_init(&t, 0, Q);
	model_init(&model, Q);
	for (int i = 0; i < MODEL_MEMBERS; i++) {
		member[i] = (struct timeline_member){0};
		timeline_member_init(&member[i], i < MODEL_MEMBERS - 2);
		model.slack[i] = i < MODEL_MEMBERS - 2;
		model.credit[i] = true;
	}
	return 0;
}

static void
bind(uint32_t position, struct timeline_member *m, bool is_quiet)
{
	timeline_set(&t, position, m, is_quiet);
	timeline_measure(&t);
}

/* --- against the model ---------------------------------------------------------------------- */
static void
random_binding(uint64_t *r)
{
	uint32_t position = (uint32_t)rand_below(r, CONFIG_TIMELINE_SLOTS);
	int who = (int)rand_below(r, MODEL_MEMBERS);

	if (model.owner[position] != MODEL_NOBODY) {
		bind(position, NULL, false);
		model_bind(&model, position, MODEL_NOBODY);
	} else {
		bind(position, &member[who], false);
		model_bind(&model, position, who);
	}
}

static void
random_event(uint64_t *r, uint64_t now)
{
	int who = (int)rand_below(r, MODEL_MEMBERS);
	bool sleeps = model.ready[who];

	if (sleeps) {
		timeline_sleep(&t, &member[who]);
		model_sleep(&model, who);
		return;
	}
	int before = model.running;
	bool is_new = now / Q != t.slot;
	bool is_long = before != MODEL_NOBODY && t.runs_slack && t.end > (t.slot + 1) * Q;
	bool told = timeline_wake(&t, &member[who], now);
	struct timeline_model later;
	uint64_t end;
	bool goes_first;

	model_wake(&model, who, now);
	later = model;
	goes_first = model_choose(&later, now, &end) == who && before != who;
	assert_int_equal(told, is_new || is_long || goes_first);
	assert_true(told || before == MODEL_NOBODY || end == t.end); /* it need not choose again */
}

static void
random_step(uint64_t *r, uint64_t now)
{
	int who = (int)rand_below(r, MODEL_MEMBERS);
	uint64_t kind = rand_below(r, 10);

	if (kind < 2) {
		random_binding(r);
	} else if (kind < 7) {
		random_event(r, now);
	} else if (kind == 7 && model.running != MODEL_NOBODY) {
		timeline_yield(&t, now);
		model_yield(&model, now);
	} else if (kind == 8 && model.running != MODEL_NOBODY && model.ready[who]) {
		timeline_donate(&t, &member[who], now);
		model_donate(&model, who, now);
	} else if (kind == 9) {
		timeline_overrun(&member[who], Q / 4);
		model.debt[who] += Q / 4;
	}
}

/* Where there is a short way to the next slice it comes to the same. 1: there was one. */
static uint64_t
choose(uint64_t now)
{
	const struct timeline_member *next = timeline_next(&t, now);
	struct timeline quick = t;

	if (next) {
		timeline_advance(&quick);
	}
	timeline_choose(&t, now);
	if (next) {
		assert_ptr_equal(next, t.running);
		assert_ptr_equal(quick.running, t.running);
		assert_int_equal(quick.end, t.end);
		assert_int_equal(quick.slot, t.slot);
		assert_int_equal(quick.slot_begin, t.slot_begin);
		assert_int_equal(quick.is_given_up, t.is_given_up);
		assert_int_equal(quick.runs_slack, t.runs_slack);
	}
	return next != NULL;
}

static void
test_model(void **state)
{
	uint64_t steps = getenv("LONG") ? 1000000 : 100000;
	uint64_t r = 7;
	uint64_t now = 0;
	uint64_t short_ways = 0;

	(void)state;
	for (uint64_t i = 0; i < steps; i++) {
		uint64_t end;

		if (t.end != TIMELINE_NEVER && t.end > now && !rand_below(&r, 4)) {
			now = t.end + rand_below(&r, Q / 8); /* and nothing but the boundary */
		} else {
			now += rand_below(&r, rand_below(&r, 4) ? Q / 2 : 100 * Q);
			random_step(&r, now);
		}
		short_ways += choose(now);
		assert_int_equal(number_of(t.running), model_choose(&model, now, &end));
		assert_int_equal(t.end, end);
		assert_true(t.end > now);
		assert_null(timeline_check(&t));
	}
	assert_true(short_ways > steps / 100);
	for (int i = 0; i < MODEL_MEMBERS; i++) {
		assert_int_equal(member[i].debt, model.debt[i]);
		assert_int_equal(member[i].forfeits, model.forfeits[i]);
	}
}

/* --- in so many words ----------------------------------------------------------------------- */
static void
runs(uint64_t now, int who, uint64_t end)
{
	assert_int_equal(number_of(timeline_choose(&t, now)), who);
	assert_int_equal(t.end, end);
}

static void
test_slices(void **state)
{
	(void)state;
	bind(2, &member[5], true);
	bind(3, &member[5], false);
	timeline_wake(&t, &member[0], 0);
	runs(0, 0, TIMELINE_NEVER);
	timeline_wake(&t, &member[5], 10);
	runs(10, 0, 2 * Q);
	runs(2 * Q, 5, 4 * Q); /* adjacent slots are one slice */
	assert_true(timeline_is_quiet(&t));
	timeline_choose(&t, 3 * Q);
	assert_false(timeline_is_quiet(&t));
	runs(4 * Q, 0, (2 + CONFIG_TIMELINE_SLOTS) * Q);
}

static void
test_sleeping_owner(void **state)
{
	(void)state;
	bind(0, &member[5], false);
	timeline_wake(&t, &member[0], 0);
	runs(0, 0, TIMELINE_NEVER);
	assert_true(timeline_wake(&t, &member[5], 100)); /* its slot, at once */
	runs(100, 5, Q);
	timeline_sleep(&t, &member[5]);
	runs(200, 0, TIMELINE_NEVER);
	assert_true(timeline_wake(&t, &member[5], 300));
	timeline_choose(&t, 300);
	timeline_yield(&t, 400); /* it gives up the rest */
	runs(400, 0, CONFIG_TIMELINE_SLOTS * Q);
}

/* A woken one goes to the front once for each turn it had. */
static void
test_credit(void **state)
{
	(void)state;
	timeline_wake(&t, &member[0], 0);
	timeline_wake(&t, &member[1], 0);
	timeline_choose(&t, 0);
	assert_true(timeline_wake(&t, &member[2], 10));
	runs(10, 2, Q);
	timeline_sleep(&t, &member[2]);
	timeline_choose(&t, 20);
	assert_false(timeline_wake(&t, &member[2], 30));
	timeline_choose(&t, 30);
	while (number_of(timeline_choose(&t, 30)) != 2) {
		timeline_yield(&t, 30);
	}
	timeline_sleep(&t, &member[2]);
	timeline_choose(&t, 40);
	assert_true(timeline_wake(&t, &member[2], 50));
}

static void
test_debt(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		bind(2 * i, &member[5], false);
	}
	timeline_wake(&t, &member[0], 0);
	timeline_wake(&t, &member[5], 0);
	runs(0, 5, Q);
	assert_int_equal(timeline_overrun(&member[5], Q / 2), 1);
	assert_int_equal(timeline_overrun(&member[5], 2 * Q), 2);
	runs(Q, 0, 2 * Q);
	runs(2 * Q, 0, 4 * Q); /* one slot for each full quantum */
	runs(4 * Q, 0, 6 * Q);
	runs(6 * Q, 5, 7 * Q); /* half a quantum is owed still */
	assert_int_equal(member[5].debt, Q / 2);
	assert_int_equal(member[5].forfeits, 2);
	assert_int_equal(member[5].overruns, 2);
}

static void
test_donation(void **state)
{
	(void)state;
	bind(0, &member[5], false);
	bind(1, &member[5], false);
	timeline_wake(&t, &member[5], 0);
	timeline_wake(&t, &member[4], 0); /* takes no slack, has no slots */
	runs(0, 5, 2 * Q);
	timeline_donate(&t, &member[4], 100);
	runs(100, 4, 2 * Q); /* the rest of the slice */
	timeline_sleep(&t, &member[4]);
	runs(200, 5, 2 * Q);
	runs(2 * Q, MODEL_NOBODY, CONFIG_TIMELINE_SLOTS * Q); /* it is ready, but not its time */
	timeline_sleep(&t, &member[5]);
	runs(3 * Q, MODEL_NOBODY, TIMELINE_NEVER);
}

/* Two that hand slack to each other all the time do not get more of it. */
static void
test_donation_to_and_fro(void **state)
{
	(void)state;
	timeline_wake(&t, &member[0], 0);
	timeline_wake(&t, &member[1], 0);
	timeline_wake(&t, &member[2], 0);
	timeline_choose(&t, 0);
	for (uint64_t now = 10; now < Q; now += 10) {
		struct timeline_member *to = &member[number_of(t.running) == 0];

		timeline_donate(&t, to, now);
		runs(now, (int)(to - member), Q);
	}
	assert_ptr_not_equal(timeline_choose(&t, Q), NULL);
	assert_true(t.end == 2 * Q);
}

/* What was donated does not grow when it is passed on, and not when the slice is over. */
static void
test_passed_on(void **state)
{
	(void)state;
	timeline_wake(&t, &member[0], 0);
	timeline_wake(&t, &member[1], 0);
	timeline_wake(&t, &member[2], 0);
	runs(0, 2, Q);
	timeline_donate(&t, &member[1], 10);
	runs(10, 1, Q);
	timeline_donate(&t, &member[2], 20);
	runs(20, 2, Q);
	runs(Q, 1, 2 * Q); /* who donated has had his turn, who was given it has not */
	timeline_donate(&t, &member[2], Q + 1);
	runs(Q + 1, 2, 2 * Q);
	runs(2 * Q, 0, 3 * Q);
	bind(3, &member[5], false);
	bind(4, &member[5], false);
	timeline_wake(&t, &member[5], 2 * Q);
	timeline_donate(&t, &member[1], 3 * Q + 1); /* too late: that is another's slice */
	runs(3 * Q + 1, 5, 5 * Q);
}

/* One that takes no slack gets none by a turn that was passed on behind the timeline's back. */
static void
test_followed(void **state)
{
	const int bound = MODEL_MEMBERS - 1;

	(void)state;
	timeline_wake(&t, &member[0], 0);
	timeline_wake(&t, &member[bound], 0);
	runs(0, 0, TIMELINE_NEVER);
	timeline_follow(&t, &member[bound], 10);
	assert_int_equal(number_of(t.running), bound);
	runs(20, bound, Q);
	timeline_follow(&t, &member[bound], 30);
	runs(Q, 0, TIMELINE_NEVER);
	assert_null(timeline_check(&t));
}

/* A slot that is donated as slack returns to its owner like any other slack. */
static void
test_slack_donated(void **state)
{
	(void)state;
	bind(0, &member[5], false);
	timeline_wake(&t, &member[0], 0);
	timeline_wake(&t, &member[1], 0);
	timeline_choose(&t, 0);
	timeline_donate(&t, &member[1], 10);
	runs(10, 1, Q);
	assert_true(timeline_wake(&t, &member[5], 20));
	runs(20, 5, Q);
	timeline_sleep(&t, &member[5]);
	runs(30, 1, Q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_model, clear),
		cmocka_unit_test_setup(test_slices, clear),
		cmocka_unit_test_setup(test_sleeping_owner, clear),
		cmocka_unit_test_setup(test_credit, clear),
		cmocka_unit_test_setup(test_debt, clear),
		cmocka_unit_test_setup(test_donation, clear),
		cmocka_unit_test_setup(test_donation_to_and_fro, clear),
		cmocka_unit_test_setup(test_passed_on, clear),
		cmocka_unit_test_setup(test_slack_donated, clear),
		cmocka_unit_test_setup(test_followed, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
