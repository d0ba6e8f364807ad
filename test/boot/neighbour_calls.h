/* SPDX-License-Identifier: MIT
 * neighbour_calls.h: neighbours (neighbours.h) that call and serve as badly as they can.
 */
#ifndef TEST_BOOT_NEIGHBOUR_CALLS_H
#define TEST_BOOT_NEIGHBOUR_CALLS_H

#include "lib/exo/slots.h"
#include "lib/exo/transfer.h"
#include "test/boot/neighbours.h"

#define NEIGHBOUR_LATE  4000 /* ticks: more than a slot */
#define NEIGHBOUR_DEPTH 16   /* calls below each other */

static inline uint64_t
neighbour_serves(void *server)
{
	return (uint64_t)exo_serve((exo_server *)server, 0);
}

static inline int64_t
neighbour_call(uint32_t helper, uint64_t word)
{
	struct exo_message m = {.word = {word}};

	return exo_call(neighbour_helpers[helper].env, &m);
}

static inline void
neighbour_linger(uint64_t ticks)
{
	uint64_t end = exo_ticks() + ticks;

	while (exo_ticks() < end && !neighbour_is_over) {
	}
}

/* Itself. */
static inline uint64_t
neighbour_calls_itself(void *argument)
{
	struct exo_message m = {.gift = EXO_NONE};

	(void)argument;
	while (!neighbour_is_over) {
		neighbour_deeds += exo_call(exo_own_env(), &m) == E_BUSY;
	}
	return 0;
}

/* Each calls the next one, one more than can wait below each other. */
static inline void
neighbour_link(struct exo_message *m, uint64_t badge)
{
	uint64_t next = m->word[0] + 1;

	(void)badge;
	if (next <= NEIGHBOUR_DEPTH) {
		neighbour_deeds += neighbour_call((uint32_t)next, next) == E_DEPTH;
	}
}

static inline void
neighbour_chain(void)
{
	for (uint32_t i = 0; i <= NEIGHBOUR_DEPTH; i++) {
		neighbour_help(i, neighbour_serves, (void *)neighbour_link);
	}
}

static inline uint64_t
neighbour_calls(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		neighbour_call(0, 0);
	}
	return 0;
}

/* Takes a call and does not answer for long; the caller's time is up meanwhile. */
static inline void
neighbour_does_not_answer(struct exo_message *m, uint64_t badge)
{
	(void)m;
	(void)badge;
	neighbour_linger(3 * NEIGHBOUR_LATE);
}

static inline void
neighbour_mute(void)
{
	neighbour_help(0, neighbour_serves, (void *)neighbour_does_not_answer);
}

static inline uint64_t
neighbour_waits(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		exo_call_deadline(exo_ticks() + NEIGHBOUR_LATE);
		neighbour_deeds += neighbour_call(0, 0) == E_TIMEOUT;
	}
	return 0;
}

/* Answers at about the time at which the caller's is up, which is about the end of a slot. */
static inline void
neighbour_answers_late(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	neighbour_linger(m->word[0]);
}

static inline void
neighbour_racer(void)
{
	neighbour_help(0, neighbour_serves, (void *)neighbour_answers_late);
}

static inline uint64_t
neighbour_races(void *argument)
{
	(void)argument;
	for (uint64_t i = 0; !neighbour_is_over; i = (i + 7) % 61) {
		uint64_t left = exo_sysinfo()->slot_ticks - neighbour_into_slot();

		exo_call_deadline(exo_ticks() + left);
		neighbour_deeds +=
			neighbour_call(0, left + i > 30 ? left + i - 30 : 0) == E_TIMEOUT;
	}
	return 0;
}

/* The last one of a chain dies while the others wait for it. */
static inline void
neighbour_dies(struct exo_message *m, uint64_t badge)
{
	(void)m;
	(void)badge;
	exo_exit(0);
}

static inline void
neighbour_passes_on(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	neighbour_deeds += neighbour_call((uint32_t)m->word[0] - 1, m->word[0] - 1) == E_DEAD;
}

static inline void
neighbour_short_chain(void)
{
	for (uint32_t i = 0; i < 8; i++) {
		neighbour_help(i, neighbour_serves,
			       (void *)(i ? neighbour_passes_on : neighbour_dies));
	}
}

static inline uint64_t
neighbour_loses_chain(void *argument)
{
	(void)argument;
	while (!neighbour_is_over) {
		if (neighbour_call(7, 7) == 0 && neighbour_helpers[0].env != EXO_NONE) {
			exo_thread_end(&neighbour_helpers[0]);
			neighbour_help(0, neighbour_serves, (void *)neighbour_dies);
		}
	}
	return 0;
}

/* What it was called through is gone before it answers. */
static inline void
neighbour_revokes(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	exo_drop(m->word[0], 0, 0);
}

static inline void
neighbour_revoker(void)
{
	neighbour_help(0, neighbour_serves, (void *)neighbour_revokes);
}

static inline uint64_t
neighbour_is_revoked(void *argument)
{
	uint32_t slot = (uint32_t)exo_slot_take();

	(void)argument;
	while (!neighbour_is_over) {
		int64_t share = exo_share(neighbour_helpers[0].env, slot, 0, 0, EXO_ENV_CALL, 0);
		struct exo_message m = {.word = {(uint64_t)share}};

		neighbour_deeds += exo_call((exo_handle)share, &m) == 0;
	}
	exo_slot_free(slot);
	return 0;
}

#endif
