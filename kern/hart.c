/* SPDX-License-Identifier: MIT
 * hart.c: what a hart does: whom its timeline says, until a timer, an interrupt or a request.
 *
 * State:      struct hart, one per hart, touched by that hart only (inbox and fence words by all,
 *             atomically).
 * Invariants: on the timeline exactly the READY environments at home here are ready; the deadline
 *             tree has exactly the SLEEPING ones that have a deadline; the timer is armed for the
 *             earliest deadline, the end of the slice or one second ahead, whatever comes first:
 *             never not at all (an emulator may hang in wfi without).
 * Callers:    trap handlers on this hart, interrupts off. hart_dispatch ends a handler.
 */
#include "kern/hart.h"
#include "kern/console.h"
#include "kern/env.h"
#include "kern/irq.h"
#include "kern/kernel.h"
#include "kern/quiet.h"
#include "kern/slots.h"
#include "kern/space.h"
#include "kern/tick.h"
#include "kern/trace.h"
#include "kern/transfer.h"
#include "kern/upcall.h"
#include "lib/base/checked.h"
#include "lib/base/store.h"

#define INBOX_TURN        4       /* requests dealt with in one go, of some 300 instructions each */
#define PREDICATE_COST    4       /* so many of them is one whose predicate is looked at */
#define TURNS_MAX         100     /* a turn of devices counts for 1 ms at most (hart_pause) */
#define BREATH_HZ         2500000 /* one takes 400 ns, and what is left of a tick */
#define RETRIES_PER_SLICE 8       /* of an upcall that an exception holds back */

struct hart *
hart_self(void)
{
	return &kernel_get()->hart[arch_hart()];
}

/* Who runs is to be found out before this hart leaves the kernel. */
static void
hart_choose_again(struct hart *h)
{
	h->slice_end = 0;
	h->pokes |= 1ul << h->number;
}

void
hart_device_soon(struct hart *h, uint64_t again)
{
	h->irq_again |= again;
	hart_choose_again(h); /* else the timer would not be armed for it */
}

void
hart_ready(struct hart *h, struct env *e)
{
	if (timeline_wake(&h->timeline, &e->member, arch_time()) ||
	    h->slice_end == TIMELINE_NEVER) {
		hart_choose_again(h);
	}
}

_Static_assert(offsetof(struct hart, turn_seen) - offsetof(struct hart, turn) == TURN_SEEN &&
		       offsetof(struct hart, napped) - offsetof(struct hart, turn) == TURN_NAPPED,
	       "frame.h");

/* Since this hart was here, those that had turns have passed them on by the short way: by yields,
 * all of them still ready; or by notices, each fell asleep and woke the next one, so that the first
 * sleeps now and the last is awake, and nothing else has changed. */
void
hart_follow_turn(struct hart *h)
{
	struct env *was = transfer_env(h->turn_seen);
	uint64_t now = arch_time();

	tick_charge(h, h->running, now);
	if (now >= h->boundary && h->timeline.slot_begin < h->boundary) {
		now = h->boundary - 1; /* what is given is of that slice */
	}
	h->turn_seen = h->turn;
	h->running = transfer_env(h->turn);
	timeline_follow(&h->timeline, &h->running->member, now);
	if (h->napped) {
		env_napped(was, h->running);
	}
	h->napped = 0;
	h->tells = false;
	h->grace_time = TIMELINE_NEVER;
	hart_choose_again(h);
}

void
hart_unready(struct hart *h, struct env *e)
{
	e->arch.rested = 0;
	timeline_sleep(&h->timeline, &e->member);
	if (h->running == e) {
		tick_charge(h, e, arch_time());
		h->running = NULL;
		h->slice_end = 0;
		h->grace_time = TIMELINE_NEVER;
		h->gave_up = false;
	}
}

void
hart_yield(struct hart *h, struct env *next)
{
	hart_sync(h);
	h->gave_up = true;
	if (next) {
		timeline_donate(&h->timeline, &next->member, arch_time());
	} else {
		timeline_yield(&h->timeline, arch_time());
	}
	h->slice_end = 0;
}

/* When what devices have for this hart may be handled: while an environment could run instead,
 * devices get CONFIG_IRQ_PERCENT of the time, and none in quiet slots. */
static uint64_t
device_time(const struct hart *h, uint64_t now)
{
	uint64_t time = h->irq_rest > h->quiet_end ? h->irq_rest : h->quiet_end;

	return h->running && time > now ? time : now;
}

/* When to come back for them. Not before the environment that goes on now has run, or the way out
 * of one turn would lead into the next. */
static uint64_t
device_time_after(const struct hart *h, uint64_t now)
{
	uint64_t pause = h->running ? hart_pause() : 0;
	uint64_t time = device_time(h, now);

	return time < now + pause ? now + pause : time;
}

static inline void
arm_timer(struct hart *h, uint64_t now, uint64_t time)
{
	if (time < h->timer || h->timer <= now) { /* too early does no harm */
		h->timer = time;
		arch_timer_set(time);
	}
}

/* hart_arm, when there is more to do than one turn allowed. */
static __attribute__((noinline)) void
arm_again(struct hart *h, uint64_t now, uint64_t time)
{
	if (h->irq_again || h->irq_held) {
		uint64_t devices = device_time_after(h, now);

		time = devices < time ? devices : time;
	}
	if (h->inbox_rest || hart_is_behind(h)) {
		uint64_t soon = now + (h->running ? hart_pause() : 0);

		time = soon < time ? soon : time;
	}
	arm_timer(h, now, time);
}

/* At `time` at the latest. Of many deadlines that are over at once the next ones are looked at when
 * an environment has run for a while: nobody's slice begins late for others' sleep. */
static void
hart_arm(struct hart *h, uint64_t now, uint64_t time)
{
	struct tree_node *first = tree_first(&h->deadlines);

	if (first && first->key < time) {
		time = first->key < h->late_rest ? h->late_rest : first->key;
	}
	if (h->slice_end < time) {
		time = h->slice_end;
	}
	if (h->grace_time < time) {
		time = h->grace_time;
	}
	if (h->poll_time < time) {
		time = h->poll_time;
	}
	if (h->irq_again || h->irq_held || h->inbox_rest || hart_is_behind(h)) {
		arm_again(h, now, time);
	} else {
		arm_timer(h, now, time);
	}
}

void
hart_poke(struct hart *h)
{
	struct hart *self = hart_self();

	self->pokes |= 1ul << h->number;
}

/* Who changes the slots of a hart pokes it. Of many the next ones are looked at when an environment
 * has run for a while. */
static __attribute__((noinline)) void
follow_slots(struct hart *h)
{
	if (arch_time() >= h->follow_rest) {
		slots_follow(h);
		h->follow_rest = hart_is_behind(h) ? arch_time() + hart_pause() : 0;
	}
}

void
hart_send_ipis(struct hart *h)
{
	uint64_t others = h->pokes & ~(1ul << h->number);

	h->pokes = 0;
	if (hart_is_behind(h)) {
		follow_slots(h);
	}
	if (others) {
		arch_send_ipi(others);
	}
}

/* Of each pause requests of other harts have no more than one turn while somebody runs: who asks
 * without end would take that one's time. */
static inline bool
rests(struct hart *h)
{
	uint64_t now = arch_time();

	if (now >= h->asked_end) {
		h->asked_end = now + hart_pause();
		h->asked = 0;
	}
	return h->running && h->asked >= INBOX_TURN;
}

/* The first of those who were asked for something, NULL: nobody was. */
static inline struct env *
first_asked(struct hart *h)
{
	if (!h->inbox_rest && __atomic_load_n(&h->inbox, __ATOMIC_RELAXED)) {
		return __atomic_exchange_n(&h->inbox, NULL, __ATOMIC_ACQUIRE);
	}
	return h->inbox_rest;
}

/* Afterwards inbox_rest is not empty if there is more. */
void
hart_inbox(struct hart *h)
{
	uint32_t turn = 0;
	struct env *e;

	while ((e = first_asked(h)) && turn < INBOX_TURN && !rests(h)) {
		uint32_t cost = e->predicate.waits ? PREDICATE_COST : 1;

		h->inbox_rest = e->inbox_next; /* it can be posted again as soon as it is taken */
		turn += cost;
		h->asked += cost;
		env_take_requests(e); /* then others may have it, and its memory */
	}
	h->inbox_rest = e;
}

/* The one that was interrupted or has called does not go on while its turn has not come. */
static void
hart_stop_current(struct hart *h)
{
	struct env *e = h->running ? transfer_active(h->running) : NULL;

	if (e && __atomic_load_n(&e->requests, __ATOMIC_ACQUIRE) & (REQUEST_STOP | REQUEST_KILL)) {
		env_take_early(e);
	}
}

static void
hart_poll(struct hart *h)
{
	if (h->poll_time != TIMELINE_NEVER) {
		uint64_t next = arch_time() + arch_timebase_hz() * CONSOLE_POLL_MS / 1000;

		kernel_lock(h->kernel);
		console_interrupt(CONSOLE_TURN_BYTES);
		h->poll_time = console_needs_polling() ? next : TIMELINE_NEVER;
		kernel_unlock(h->kernel);
	}
}

/* Keep external interrupts pending, or not. */
static void
hart_hold(struct hart *h, bool hold)
{
	if (hold != h->irq_held) {
		h->irq_held = hold;
		if (h->has_plic) {
			arch_external_enable(!hold);
		}
	}
}

/* A turn for the devices, or none before their time: else a flood of packets that nobody is given
 * the time to look at would take the whole hart. What has come up meanwhile waits as well, or it
 * would interrupt before an environment has run. A turn that seems to have taken very long has
 * waited for the lock, and under an emulator for its host: for that the devices do not pay. */
static void
hart_devices(struct hart *h)
{
	uint64_t begin = arch_time();
	uint64_t took;
	uint64_t end;
	bool more;

	hart_hold(h, device_time(h, begin) > begin);
	if (h->irq_held) {
		return;
	}
	more = irq_handle(h);
	end = arch_time();
	if (h->running) {
		h->running->stolen_ticks += end - begin;
	}
	took = end - begin;
	if (took > TURNS_MAX * hart_pause()) {
		took = TURNS_MAX * hart_pause();
	}
	h->irq_rest = end + took * (100 - CONFIG_IRQ_PERCENT) / CONFIG_IRQ_PERCENT;
	hart_hold(h, more && device_time(h, end) > end);
}

static __attribute__((noinline)) void
timer_came(struct hart *h)
{
	h->timer = 0;
	hart_deadlines(h, arch_time());
	hart_poll(h);
}

/* What they have led to. */
static __attribute__((noinline)) void
finish_interrupts(struct hart *h)
{
	if (h->inbox_rest || __atomic_load_n(&h->inbox, __ATOMIC_RELAXED)) {
		hart_inbox(h);
	}
	hart_send_pokes(h);
}

/* Devices and changed slots alternate: not both in one turn. */
static void
handle_pending(struct hart *h, uint32_t pending)
{
	bool has_devices;

	if (pending & ARCH_PENDING_IPI) {
		arch_ipi_clear();
		quiet_pass(h);
	}
	has_devices =
		(pending & ARCH_PENDING_EXTERNAL && h->has_plic) || h->irq_again || h->irq_held;
	if (hart_is_behind(h) && !(has_devices && h->had_slots)) {
		h->had_slots = true;
		follow_slots(h);
	} else if (has_devices) {
		h->had_slots = false;
		hart_devices(h);
	}
	if (pending & ARCH_PENDING_TIMER || (h->breath && arch_time() >= h->breath)) {
		h->breath = 0;
		timer_came(h);
	}
	finish_interrupts(h);
}

void
hart_interrupts(struct hart *h)
{
	handle_pending(h, arch_pending());
}

/* Once only, and its next trap ends it: who does nothing but long calls puts nothing off for
 * longer than until the next one. If another hart has ended the last one, by asking for something,
 * what waits is no longer put off than by that: or who asks without end would put it off for ever.
 */
struct arch_env *
hart_breathe(struct hart *h, struct arch_env *a)
{
	uint64_t until = arch_time() + 1 + arch_timebase_hz() / BREATH_HZ;

	h->entered = HART_NOWHERE;
	if (!h->breath) {
		h->breath = until;
		h->irq_rest = h->irq_rest > until ? h->irq_rest : until;
	}
	hart_hold(h, true);
	h->timer = until;
	arch_timer_set(until);
	arch_trap_once(a);
	return a;
}

void
hart_gone_on(struct hart *h)
{
	if (h->breath) {
		h->irq_rest = h->irq_rest == h->breath ? 0 : h->irq_rest;
		handle_pending(h, arch_pending() | ARCH_PENDING_TIMER);
	}
}

/* The slice of `e` is over. One that asked to be told of the end and still runs owes the grace, and
 * ends if it has done so too often. */
static inline void
slice_over(struct hart *h, struct env *e, bool at_end)
{
	if (h->gave_up) {
		return;
	}
	e->was_cut = true;
	e->owed = 0;
	if (at_end && h->tells && !e->arch.callee &&
	    timeline_overrun(&e->member, h->grace_ticks) > CONFIG_OVERRUNS_MAX) {
		env_overrun(e);
	}
}

/* A slice of `e` begins. */
static inline void
slice_begin(struct hart *h, struct env *e)
{
	bool is_bound = !h->timeline.runs_slack && !e->arch.callee;

	if (is_bound && e->begin_entry && !e->was_cut) {
		e->owed |= OWED_BEGIN;
	}
	e->was_cut = false;
	e->slices++;
	h->tells = is_bound && e->end_entry;
	h->grace_time = h->tells ? h->boundary - h->grace_ticks : TIMELINE_NEVER;
	if (is_bound && timeline_is_quiet(&h->timeline)) {
		h->quiet_end = h->boundary;
		hart_hold(h, true);
	}
}

/* hart_choose(), where nobody could run. */
static inline void
choose_nobody(struct hart *h, uint64_t now)
{
	tick_charge(h, NULL, now);
	h->turn = PAGE_SIZE;
	h->turn_seen = PAGE_SIZE;
	h->slice_end = TIMELINE_NEVER;
	h->boundary = TIMELINE_NEVER;
	h->gave_up = false;
}

/* The owner of the slot may sleep until its predicate holds: once a slot it is looked at. */
static __attribute__((noinline)) void
look_at_owner(struct hart *h, uint64_t now)
{
	struct timeline_member *m = timeline_owner(&h->timeline, now);
	struct env *e = m ? container_of(m, struct env, member) : NULL;
	uint64_t slot = (now - h->timeline.epoch) / h->timeline.quantum;

	if (e && e->predicate.waits && slot != h->looked_at) {
		h->looked_at = slot;
		kernel_lock(h->kernel);
		env_look_by_predicate(e);
		kernel_unlock(h->kernel);
	}
}

static __attribute__((noinline)) void
choose_somebody(struct hart *h, uint64_t now)
{
	struct env *was = h->running;
	struct timeline_member *m;

	tick_charge(h, was, now);
	if (was && now >= h->boundary) {
		slice_over(h, was, true);
		was = NULL;
	}
	if (h->by_predicate) {
		look_at_owner(h, now);
	}
	m = timeline_choose(&h->timeline, now);
	h->running = m ? container_of(m, struct env, member) : NULL;
	h->turn = (uint64_t)h->running + PAGE_SIZE;
	h->turn_seen = h->turn;
	h->slice_end = h->timeline.end;
	h->boundary = h->timeline.end;
	if (was && was != h->running) {
		slice_over(h, was, false);
	}
	if (h->running && h->running != was) {
		slice_begin(h, h->running);
	}
	h->gave_up = false;
}

static inline void
hart_choose(struct hart *h, uint64_t now)
{
	if (!h->running && timeline_choose_nobody(&h->timeline)) {
		choose_nobody(h, now);
	} else {
		choose_somebody(h, now);
	}
}

/* Is there anything to do but what has just come up? */
static inline bool
has_left(const struct hart *h)
{
	return (h->irq_again | (uint64_t)__atomic_load_n(&h->inbox, __ATOMIC_RELAXED) |
		(uint64_t)h->inbox_rest | hart_is_behind(h) | h->irq_held | trace_armed(h)) != 0;
}

/* Those that come while nobody runs. */
static inline void
idle_interrupts(struct hart *h)
{
	uint32_t pending;

	if (!has_left(h) && irq_quick(h, NULL)) {
		finish_interrupts(h);
		return;
	}
	pending = trace_armed(h) ? arch_pending() : 0;
	trace_record_armed(h, NULL, EXO_TRACE_INTERRUPT, pending);
	hart_interrupts(h);
	trace_record_armed(h, NULL, EXO_TRACE_INTERRUPT_END, pending);
}

/* Others could run, or something is to be done that needs the one that runs here put away. */
static inline bool
cannot_doze(const struct hart *h, const struct env *e)
{
	return h->slice_end != TIMELINE_NEVER || h->running != e || e->arch.token ||
	       (h->pokes | h->by_predicate | (h->turn ^ h->turn_seen)) || has_left(h);
}

/* The timer is armed for all but `deadline`. That time passes is nobody's. */
bool
hart_doze(struct hart *h, struct env *e, uint64_t deadline)
{
	bool handled;

	if (cannot_doze(h, e)) {
		return false;
	}
	if (deadline < h->timer) {
		h->timer = deadline;
		arch_timer_set(deadline);
	}
	tick_charge(h, e, arch_time());
	store_release(&h->since, TIMELINE_NEVER);
	arch_wait();
	handled = irq_quick(h, NULL);
	h->since = arch_time();
	if (has_left(h)) {
		hart_choose_again(h);
	}
	return handled;
}

/* Until there is somebody to run. Returns the time. */
static uint64_t
hart_idle(struct hart *h)
{
	uint64_t now = arch_time();

	trace_run(h, NULL);
	h->grace_time = TIMELINE_NEVER; /* of a slice that was given up before */
	while (!h->running) {
		h->late_rest = 0;
		hart_arm(h, now, now + h->second_ticks);
		arch_wait();
		idle_interrupts(h);
		now = arch_time();
		hart_choose(h, now);
	}
	return now;
}

struct arch_env *
hart_dispatch(struct hart *h)
{
	uint64_t now = arch_time();
	struct env *e;

	if (__atomic_load_n(&h->inbox, __ATOMIC_RELAXED)) {
		hart_inbox(h);
		hart_stop_current(h);
	}
	hart_send_pokes(h);
	if (now >= h->slice_end) {
		hart_choose(h, now);
	}
	if (!h->running) {
		now = hart_idle(h);
	}
	e = h->running;
	if (e->arch.callee) {
		transfer_begin(e, now);
		e = transfer_active(e);
	}
	e->arch.rested = 0;
	if (now >= h->grace_time) {
		h->grace_time = TIMELINE_NEVER;
		e->owed |= e == h->running && e->end_entry ? OWED_END : 0;
	}
	/* the library cannot tell when an exception is over: look for it */
	hart_arm(h, now,
		 now + (upcall_deliver(e) == UPCALL_EXCEPTION
				? h->kernel->sysinfo->quantum_ticks / RETRIES_PER_SLICE
				: h->second_ticks));
	h->entered = e->arch.x[0];
	return tick_switch(h, h->current, e);
}
