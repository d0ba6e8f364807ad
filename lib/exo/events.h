/* SPDX-License-Identifier: MIT
 * events.h: wait for event bits or for time to pass; the monotonic clock.
 *
 * Each environment has 64 event bits, all its own to assign (63 is never raised; 62 is what threads
 * and their locks use, where there are any). A bit that was raised stays pending until a wait
 * names it.
 */
#ifndef LIB_EXO_EVENTS_H
#define LIB_EXO_EVENTS_H

#include <stdint.h>

#include "lib/exo/call.h"
#include "lib/exo/time.h"

#define EXO_EVENT(bit) (1ull << (bit))
#define EXO_THREAD_BIT 62

/* Nanoseconds since the `time` counter was 0: when the board was switched on. */
uint64_t exo_now_ns(void);

/* Waits until one of the event bits in `mask` is pending, at most `timeout_ns` (0: only looks;
 * EXO_FOREVER: no limit). Returns the bits, which are cleared, or 0 when the time is over. */
uint64_t exo_wait(uint64_t mask, uint64_t timeout_ns);

/* The same until the `time` counter shows `deadline` (EXO_FOREVER: no limit). */
static inline uint64_t
exo_wait_until(uint64_t mask, uint64_t deadline)
{
	int64_t bits;

	do { /* an event handler ends a sleep early */
		bits = exo_sleep(mask, deadline);
	} while (bits == 0 && exo_ticks() < deadline);
	return bits > 0 ? (uint64_t)bits : 0;
}

/* Lets `ns` nanoseconds pass; events stay pending. */
void exo_pause(uint64_t ns);

#endif
