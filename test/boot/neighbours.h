/* SPDX-License-Identifier: MIT
 * neighbours.h: what runs beside a loop that must begin on time: each is a thread on the same hart
 * that does the worst of one kind that it can, most of them in slack, some in the slots right
 * before the loop's. Those that need others to do it with have helpers.
 */
#ifndef TEST_BOOT_NEIGHBOURS_H
#define TEST_BOOT_NEIGHBOURS_H

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/thread.h"
#include "lib/exo/upcall.h"

#define NEIGHBOUR_PAGES   512
#define NEIGHBOUR_HELPERS 44

static struct exo_pages neighbour_pages;
static struct exo_thread neighbour_helpers[NEIGHBOUR_HELPERS];
static volatile bool neighbour_is_over;  /* it shall return */
static volatile uint64_t neighbour_deeds; /* how often it did what it is there for */

struct neighbour {
	const char *name;
	uint64_t (*body)(void *argument);
	void (*prepare)(void); /* its helpers, or 0 */
	bool has_slots;        /* right before the loop's, and no slack; else slack and no slots */
};

static inline void
neighbour_help(uint32_t index, uint64_t (*body)(void *argument), void *argument)
{
	struct exo_thread *t = &neighbour_helpers[index];

	if (exo_thread_start(t, 0, body, argument) != 0) {
		*t = (struct exo_thread){.env = EXO_NONE};
	}
}

static inline void
neighbour_helpers_end(void)
{
	for (uint32_t i = 0; i < NEIGHBOUR_HELPERS; i++) {
		if (neighbour_helpers[i].env != EXO_NONE) {
			exo_thread_end(&neighbour_helpers[i]);
			neighbour_helpers[i].env = EXO_NONE;
		}
	}
}

/* Ticks of its slot that are over. */
static inline uint64_t
neighbour_into_slot(void)
{
	const struct exo_sysinfo *s = exo_sysinfo();

	return (exo_ticks() - s->timeline_epoch) % s->slot_ticks;
}

static inline uint64_t
neighbour_spins(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		neighbour_deeds++;
	}
	return 0;
}

static inline uint64_t
neighbour_yields(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		neighbour_deeds += exo_yield(EXO_NONE) == 0;
	}
	return 0;
}

/* Deadlines all the time, and at the begin of slots. */
static inline uint64_t
neighbour_naps(void *argument)
{
	(void)argument;
	for (uint64_t i = 0; !neighbour_is_over; i = (i + 7) % 300) {
		neighbour_deeds += exo_sleep(0, exo_ticks() + i) == 0;
	}
	return 0;
}

/* Calls that have most to do. */
static inline uint64_t
neighbour_protects(void *argument)
{
	uint64_t address = (uint64_t)neighbour_pages.memory;

	(void)argument;
	for (uint64_t i = 0; !neighbour_is_over; i++) {
		uint64_t flags = i % 2 ? EXO_READ : EXO_READ | EXO_WRITE;

		neighbour_deeds +=
			exo_protect(address, NEIGHBOUR_PAGES, flags, NULL, EXO_NONE) >= 0;
	}
	return 0;
}

static inline uint64_t
neighbour_signals(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		exo_signal(exo_own_env(), EXO_EVENT(1));
		neighbour_deeds += exo_sleep(EXO_EVENT(1), 0) == EXO_EVENT(1);
	}
	return 0;
}

/* Objects come and go, with all that is bound to them. */
static inline uint64_t
neighbour_creates(void *argument)
{
	exo_handle object;
	exo_handle memory;

	(void)argument;
	while (!neighbour_is_over) {
		if (exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, EXO_UAREA_BASE, &object,
				      &memory) == 0) {
			neighbour_deeds +=
				exo_frames_destroy(exo_own_frames(), object, memory) == 0;
		}
	}
	return 0;
}

/* --- what slices are for --------------------------------------------------------------------- */

/* What it does is done by its handler. */
static inline uint64_t
neighbour_idles(void)
{
	while (!neighbour_is_over) {
	}
	return 0;
}

/* Runs over the end of every slice though it asked to be told: cut, charged, never the loop's loss.
 */
static inline void
neighbour_ignores(void)
{
	neighbour_deeds++;
	while (!neighbour_is_over) {
	}
}

static inline uint64_t
neighbour_overruns(void *argument)
{
	(void)argument;
	exo_on_slice(EXO_ENTRY_END, neighbour_ignores);
	return neighbour_idles();
}

/* Yields at the last tick, mostly: an instruction later it has overrun. */
static inline void
neighbour_stays(void)
{
	uint64_t last = exo_sysinfo()->slot_ticks - 1;

	neighbour_deeds++;
	while (neighbour_into_slot() < last && neighbour_into_slot() > last / 2) {
	}
	exo_yield(EXO_NONE);
}

static inline uint64_t
neighbour_is_last(void *argument)
{
	(void)argument;
	exo_on_slice(EXO_ENTRY_END, neighbour_stays);
	return neighbour_idles();
}

/* Is told of the end, and begins what takes long then. */
static inline void
neighbour_begins_late(void)
{
	neighbour_protects(NULL);
}

static inline uint64_t
neighbour_abuses_grace(void *argument)
{
	(void)argument;
	exo_on_slice(EXO_ENTRY_END, neighbour_begins_late);
	return neighbour_idles();
}

/* Some who pass their turns round, to have them all. */
static inline uint64_t
neighbour_hoards(void *argument)
{
	for (uint64_t i = (uint64_t)argument; !neighbour_is_over; i++) {
		neighbour_deeds += exo_yield(neighbour_helpers[i % 4].env) == 0;
	}
	return 0;
}

static inline void
neighbour_hoard(void)
{
	for (uint64_t i = 0; i < 4; i++) {
		neighbour_help((uint32_t)i, neighbour_hoards, (void *)i);
	}
}

/* Many who sleep to the begin of the next slot, and wake one another all the time. */
static inline uint64_t
neighbour_wakes(void *argument)
{
	for (uint64_t i = (uint64_t)argument; !neighbour_is_over; i += 5) {
		uint64_t left = exo_sysinfo()->slot_ticks - neighbour_into_slot();

		exo_signal(neighbour_helpers[i % NEIGHBOUR_HELPERS].env, EXO_EVENT(1));
		neighbour_deeds += exo_sleep(EXO_EVENT(1), exo_ticks() + left) == 0;
	}
	return 0;
}

static inline void
neighbour_wake(void)
{
	for (uint64_t i = 0; i < NEIGHBOUR_HELPERS; i++) {
		neighbour_help((uint32_t)i, neighbour_wakes, (void *)i);
	}
}

#endif
