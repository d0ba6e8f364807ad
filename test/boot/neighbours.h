/* SPDX-License-Identifier: MIT
 * neighbours.h: what runs beside a loop that must begin on time: each is a thread on the same hart
 * that takes slack, and does the worst of one kind that it can.
 */
#ifndef TEST_BOOT_NEIGHBOURS_H
#define TEST_BOOT_NEIGHBOURS_H

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/thread.h"
#include "lib/exo/upcall.h"

#define NEIGHBOUR_PAGES 512

static struct exo_pages neighbour_pages;
static volatile bool neighbour_is_over; /* it shall return */

static inline uint64_t
neighbour_spins(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
	}
	return 0;
}

static inline uint64_t
neighbour_yields(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		exo_yield(EXO_NONE);
	}
	return 0;
}

/* Deadlines all the time, and at the begin of slots. */
static inline uint64_t
neighbour_naps(void *argument)
{
	(void)argument;
	for (uint64_t i = 0; !neighbour_is_over; i = (i + 7) % 300) {
		exo_sleep(0, exo_ticks() + i);
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
		exo_protect(address, NEIGHBOUR_PAGES, i % 2 ? EXO_READ : EXO_READ | EXO_WRITE, NULL,
			    EXO_NONE);
	}
	return 0;
}

static inline uint64_t
neighbour_signals(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		exo_signal(exo_own_env(), EXO_EVENT(1));
		exo_sleep(EXO_EVENT(1), 0);
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
			exo_frames_destroy(exo_own_frames(), object, memory);
		}
	}
	return 0;
}

/* Runs over the end of every slice though it asked to be told: cut, charged, never the loop's loss.
 */
static inline void
neighbour_ignores(void)
{
	neighbour_spins(NULL);
}

static inline uint64_t
neighbour_overruns(void *argument)
{
	exo_on_slice(EXO_ENTRY_END, neighbour_ignores);
	return neighbour_spins(argument);
}

static const struct neighbour {
	const char *name;
	uint64_t (*body)(void *argument);
} neighbours[] = {
	{"a spinner", neighbour_spins},
	{"one that yields", neighbour_yields},
	{"one that naps", neighbour_naps},
	{"one that protects pages", neighbour_protects},
	{"one that signals itself", neighbour_signals},
	{"one that makes objects", neighbour_creates},
	{"one that ignores the end", neighbour_overruns},
};
#define NEIGHBOURS (sizeof(neighbours) / sizeof(neighbours[0]))

#endif
