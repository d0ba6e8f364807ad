/* SPDX-License-Identifier: MIT
 * timeline.c: whose turn it is on one hart.
 *
 * Time is a row of slots of one quantum. A slot whose position is bound belongs to its owner while
 * that is ready; adjacent ones are one slice. All other time is slack and goes round the ring of
 * those who take it, a slot a turn. Who wakes in the ring goes to its front, before the one that
 * runs there, but only once for each quantum it got: so a server that sleeps most of the time
 * need not wait, and one that naps all the time gains nothing by it.
 *
 * State:      the caller's struct timeline and members; no globals.
 * Invariants: named in timeline_check().
 * Callers:    hart.c, on the hart whose timeline it is. Pure: builds on the host.
 * Design:     docs/design/time.md
 */
#include "kern/timeline.h"

static struct timeline_position *
position_of(struct timeline *t, uint64_t slot)
{
	return &t->at[slot % CONFIG_TIMELINE_SLOTS];
}

/* Where a run of an owner begins; CONFIG_TIMELINE_SLOTS: nowhere. */
static uint32_t
first_run(const struct timeline *t)
{
	const struct timeline_member *before = t->at[CONFIG_TIMELINE_SLOTS - 1].owner;
	uint32_t i = 0;

	while (i < CONFIG_TIMELINE_SLOTS && (!t->at[i].owner || t->at[i].owner == before)) {
		before = t->at[i++].owner;
	}
	return i;
}

struct measure {
	const struct timeline_member *behind; /* the owner of the position that was measured last */
	uint16_t run, next;
};

/* Positions [to, from), backwards. */
static inline struct measure
measure_part(struct timeline_position *from, const struct timeline_position *to, struct measure m)
{
	while (from > to) {
		const struct timeline_member *owner = (--from)->owner;

		m.run = owner == m.behind ? (uint16_t)(m.run + 1) : 1;
		from->run = m.run;
		from->next = m.next;
		m.next = owner ? 1 : (uint16_t)(m.next + 1);
		m.behind = owner;
	}
	return m;
}

/* Once round, backwards from a run that begins at `at`. */
static void
measure_from(struct timeline *t, uint32_t at)
{
	struct measure m = {.behind = t->at[at].owner, .run = 0, .next = 1};

	m = measure_part(&t->at[at], &t->at[0], m);
	measure_part(&t->at[CONFIG_TIMELINE_SLOTS], &t->at[at], m);
}

void
timeline_measure(struct timeline *t)
{
	uint32_t at = t->owned ? first_run(t) : CONFIG_TIMELINE_SLOTS;

	if (at < CONFIG_TIMELINE_SLOTS) {
		measure_from(t, at);
		return;
	}
	for (uint32_t i = 0; i < CONFIG_TIMELINE_SLOTS; i++) {
		t->at[i].run = CONFIG_TIMELINE_SLOTS;
		t->at[i].next = t->at[i].owner != NULL;
	}
}

void
timeline_init(struct timeline *t, uint64_t epoch, uint64_t quantum)
{
	*t = (struct timeline){.epoch = epoch,
			       .quantum = quantum,
			       .slot = TIMELINE_NEVER,
			       .slot_begin = epoch - quantum};
	list_init(&t->ring);
	timeline_measure(t);
}

/* When the slot begins that is `far` behind the current one. */
static inline uint64_t
begin_of(const struct timeline *t, uint64_t far)
{
	return t->slot_begin + far * t->quantum;
}

/* `position` is another's from now on: of a slice that was given, what begins there is so too. */
static __attribute__((noinline)) void
withdraw(struct timeline *t, uint32_t position)
{
	uint64_t far = (position + CONFIG_TIMELINE_SLOTS - t->slot % CONFIG_TIMELINE_SLOTS) %
		       CONFIG_TIMELINE_SLOTS;

	if (t->slot + far < t->donated_to) {
		t->donated_to = t->slot + far;
		t->donee = far ? t->donee : NULL;
	}
}

void
timeline_set(struct timeline *t, uint32_t position, struct timeline_member *m, bool is_quiet)
{
	struct timeline_position *p = &t->at[position];

	if (t->donee && !t->donates_slack && p->owner != m) {
		withdraw(t, position);
	}
	if (p->owner) {
		p->owner->positions--;
		t->owned--;
	}
	if (m) {
		m->positions++;
		t->owned++;
	}
	p->owner = m;
	p->is_quiet = is_quiet;
}

void
timeline_forget(struct timeline *t, struct timeline_member *m)
{
	for (uint32_t i = 0; m->positions && i < CONFIG_TIMELINE_SLOTS; i++) {
		if (t->at[i].owner == m) {
			timeline_set(t, i, NULL, false);
		}
	}
	timeline_measure(t);
}

/* Does the current slot belong to `m` if it is ready? */
static bool
owns_now(struct timeline *t, const struct timeline_member *m)
{
	return !t->is_given_up && position_of(t, t->slot)->owner == m;
}

/* A slot begins: whoever had the last one as slack has had his turn; an owner in debt forfeits. */
static __attribute__((noinline)) void
enter_slot(struct timeline *t, uint64_t now)
{
	uint64_t slot = (now - t->epoch) / t->quantum;
	struct timeline_member *owner = position_of(t, slot)->owner;
	struct timeline_member *last = t->running;

	if (last && t->runs_slack) {
		list_remove(&last->turn);
		list_push_back(&t->ring, &last->turn);
	}
	if (t->donee && slot >= t->donated_to) {
		t->donee = NULL;
	}
	t->slot = slot;
	t->slot_begin = t->epoch + slot * t->quantum;
	t->is_given_up = false;
	if (owner && timeline_can_run(owner) && owner->debt >= t->quantum) {
		owner->debt -= t->quantum;
		owner->forfeits++;
		t->is_given_up = true;
	}
}

/* True if another slot has begun. */
static inline bool
look(struct timeline *t, uint64_t now)
{
	bool is_new = now - t->slot_begin >= t->quantum;

	if (is_new) {
		enter_slot(t, now);
	}
	return is_new;
}

bool
timeline_wake(struct timeline *t, struct timeline_member *m, uint64_t now)
{
	bool is_new = look(t, now);

	m->is_ready = true;
	m->jumps = m->takes_slack && m->has_credit;
	if (m->jumps) {
		m->has_credit = false;
		list_push_front(&t->ring, &m->turn);
	} else if (m->takes_slack) {
		list_push_back(&t->ring, &m->turn);
	}
	if (is_new || owns_now(t, m)) {
		return is_new || !t->donee || t->donates_slack;
	}
	if (!t->running) {
		return m->takes_slack;
	}
	return t->runs_slack && (m->jumps || t->end - t->slot_begin > t->quantum);
}

void
timeline_sleep(struct timeline *t, struct timeline_member *m)
{
	m->is_ready = false;
	list_remove(&m->turn);
	if (t->donee == m) {
		t->donee = NULL;
	}
	if (t->running == m) {
		t->running = NULL;
	}
}

void
timeline_yield(struct timeline *t, uint64_t now)
{
	struct timeline_member *m = t->running;

	look(t, now);
	if (t->donee == m) {
		t->donee = NULL;
	} else if (owns_now(t, m)) {
		t->is_given_up = true;
	}
	if (!list_is_empty(&m->turn)) {
		list_remove(&m->turn);
		list_push_back(&t->ring, &m->turn);
	}
	t->running = NULL;
}

/* The one that runs gives what it has by itself, not what it was given: that must not grow. */
static void
donate_own(struct timeline *t)
{
	t->donates_slack = t->runs_slack;
	t->donated_to = t->slot + 1;
	if (!t->runs_slack) {
		t->donated_to = t->slot + position_of(t, t->slot)->run;
	} else if (t->running) { /* it has had its turn */
		list_remove(&t->running->turn);
		list_push_back(&t->ring, &t->running->turn);
	}
}

void
timeline_donate(struct timeline *t, struct timeline_member *m, uint64_t now)
{
	bool is_over = now >= t->end;

	look(t, now);
	if (is_over) {
		return;
	}
	if (!t->donee || t->donee != t->running) {
		donate_own(t);
	}
	t->donee = m;
}

/* The turn in the ring, if it was one, is over: timeline_donate has seen to that. */
void
timeline_follow(struct timeline *t, struct timeline_member *m, uint64_t now)
{
	timeline_donate(t, m, now);
	t->running = m;
	t->runs_slack = false;
}

uint64_t
timeline_overrun(struct timeline_member *m, uint64_t grace)
{
	m->debt += grace;
	return ++m->overruns;
}

/* Where the next slot begins whose owner is ready. */
static uint64_t
next_owned(struct timeline *t)
{
	for (uint64_t far = position_of(t, t->slot)->next; far && far <= CONFIG_TIMELINE_SLOTS;
	     far += position_of(t, t->slot + far)->next) {
		if (timeline_can_run(position_of(t, t->slot + far)->owner)) {
			return begin_of(t, far);
		}
	}
	return TIMELINE_NEVER;
}

/* When the slack that begins now ends: with the slot if somebody else waits for a turn, else where
 * the slot of an owner begins that is ready. */
static uint64_t
slack_end(struct timeline *t, const struct timeline_member *m)
{
	bool is_alone = t->ring.next == &m->turn && t->ring.prev == &m->turn;

	if (is_alone) {
		return t->owned ? next_owned(t) : TIMELINE_NEVER;
	}
	return begin_of(t, 1);
}

/* A turn that came by itself pays for the next jump to the front. */
static void
begin_turn(struct timeline_member *m)
{
	m->has_credit |= !m->jumps;
	m->jumps = false;
}

/* The first in the ring. */
static inline void
choose_slack(struct timeline *t)
{
	struct timeline_member *m = container_of(t->ring.next, struct timeline_member, turn);

	if (m != t->running) {
		begin_turn(m);
	}
	t->running = m;
	t->runs_slack = true;
	t->end = slack_end(t, m);
}

/* Does its owner take it? */
static inline bool
is_owned(const struct timeline *t, const struct timeline_position *p)
{
	return p->owner && timeline_can_run(p->owner) && !t->is_given_up;
}

struct timeline_member *
timeline_choose(struct timeline *t, uint64_t now)
{
	struct timeline_position *p;

	look(t, now);
	p = position_of(t, t->slot);
	if (t->donee && timeline_can_run(t->donee) && !(t->donates_slack && is_owned(t, p))) {
		t->running = t->donee;
		t->end = begin_of(t, t->donated_to - t->slot);
	} else if (is_owned(t, p)) {
		t->running = p->owner;
		t->end = begin_of(t, p->run);
	} else if (list_is_empty(&t->ring)) {
		t->running = NULL;
		t->end = next_owned(t);
	} else {
		choose_slack(t);
		return t->running;
	}
	t->runs_slack = false;
	return t->running;
}

bool
timeline_is_quiet(struct timeline *t)
{
	return position_of(t, t->slot)->is_quiet && !t->runs_slack && t->running;
}

struct timeline_member *
timeline_owner(struct timeline *t, uint64_t now)
{
	return position_of(t, (now - t->epoch) / t->quantum)->owner;
}

/* --- invariants ----------------------------------------------------------------------------- */
static bool
ring_holds(const struct timeline *t)
{
	const struct list_node *n;

	list_for_each(n, &t->ring)
	{
		const struct timeline_member *m =
			container_of((struct list_node *)n, struct timeline_member, turn);

		if (!m->is_ready || !m->takes_slack || n->next->prev != n) {
			return false;
		}
	}
	return true;
}

static bool
positions_hold(const struct timeline *t)
{
	uint32_t owned = 0;

	for (uint32_t i = 0; i < CONFIG_TIMELINE_SLOTS; i++) {
		uint32_t own = 0;

		owned += t->at[i].owner != NULL;
		for (uint32_t j = 0; t->at[i].owner && j < CONFIG_TIMELINE_SLOTS; j++) {
			own += t->at[j].owner == t->at[i].owner;
		}
		if (t->at[i].owner && own != t->at[i].owner->positions) {
			return false;
		}
	}
	return owned == t->owned;
}

static bool
distances_hold(const struct timeline *t)
{
	for (uint32_t i = 0; i < CONFIG_TIMELINE_SLOTS; i++) {
		uint32_t run = 1, next = 1;

		while (run < CONFIG_TIMELINE_SLOTS &&
		       t->at[(i + run) % CONFIG_TIMELINE_SLOTS].owner == t->at[i].owner) {
			run++;
		}
		while (next <= CONFIG_TIMELINE_SLOTS &&
		       !t->at[(i + next) % CONFIG_TIMELINE_SLOTS].owner) {
			next++;
		}
		if (t->at[i].run != run ||
		    (t->at[i].next ? t->at[i].next : CONFIG_TIMELINE_SLOTS + 1u) != next) {
			return false;
		}
	}
	return true;
}

const char *
timeline_check(const struct timeline *t)
{
	if (!ring_holds(t)) {
		return "the ring has the ready ones that take slack, and no other";
	}
	if (!positions_hold(t)) {
		return "a member counts the positions that are bound to it, the timeline all";
	}
	if (!distances_hold(t)) {
		return "each position knows how far it is to another owner, and to the next one";
	}
	if (t->running && !timeline_can_run(t->running)) {
		return "who runs is ready";
	}
	if (t->donee && !timeline_can_run(t->donee)) {
		return "what is donated goes to one that is ready";
	}
	return NULL;
}
