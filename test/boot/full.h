/* SPDX-License-Identifier: MIT
 * full.h: devices that are full of what others have submitted.
 */
#ifndef TEST_BOOT_FULL_H
#define TEST_BOOT_FULL_H

#include "lib/exo/events.h"
#include "lib/exo/ring.h"

#define FULL_TRIES_MAX 300

/* Until the device takes no more of any of the `count` queues, whose requests are all `q`. */
static inline void
full_fill(struct exo_queue *const queue[], uint32_t count, const union exo_request *q)
{
	uint32_t behind = 0;

	for (uint32_t tries = 0; behind < count && tries < FULL_TRIES_MAX; tries++) {
		behind = 0;
		for (uint32_t i = 0; i < count; i++) {
			while (exo_queue_put(queue[i], q) == 0) {
			}
			exo_queue_submit(queue[i]);
			behind += exo_queue_has_more(queue[i]);
		}
	}
}

/* All that they have asked for is done, and of `events` none is left, so that all begins anew. */
static inline void
full_empty(struct exo_queue *const queue[], uint32_t count, uint64_t events)
{
	struct exo_completion done;
	uint32_t left = count;

	while (left) {
		left = 0;
		exo_pause(EXO_NS_PER_S / 1000);
		for (uint32_t i = 0; i < count; i++) {
			while (exo_queue_poll(queue[i], &done) == 1) {
			}
			exo_queue_submit(queue[i]);
			left += queue[i]->outstanding != 0;
		}
	}
	exo_wait(events, 0);
}

#endif
