/* SPDX-License-Identifier: MIT
 * time.h: ticks of the `time` counter and nanoseconds.
 *
 * Conversions round down and saturate at UINT64_MAX; nothing overflows for any argument with hz >
 * 0. Pure; the clock itself is in events.h.
 */
#ifndef LIB_EXO_TIME_H
#define LIB_EXO_TIME_H

#include <stdint.h>

#define EXO_NS_PER_S 1000000000ull
#define EXO_FOREVER  UINT64_MAX

/* value * to / from, exactly, or UINT64_MAX when it does not fit. Numbers of 128 bits are divided
 * by a loop, so that is left for where 64 bits do not suffice. */
static inline uint64_t
exo_scale(uint64_t value, uint64_t to, uint64_t from)
{
	unsigned __int128 scaled = (unsigned __int128)(value / from) * to;
	uint64_t rest;

	if (!__builtin_mul_overflow(value % from, to, &rest)) {
		scaled += rest / from;
	} else {
		scaled += (unsigned __int128)(value % from) * to / from;
	}
	return scaled > UINT64_MAX ? UINT64_MAX : (uint64_t)scaled;
}

static inline uint64_t
exo_ns_of_ticks(uint64_t ticks, uint64_t hz)
{
	return exo_scale(ticks, EXO_NS_PER_S, hz);
}

/* The same without limits, for what a clock shows: nothing overflows in 500 years. */
static inline uint64_t
exo_clock_of_ticks(uint64_t ticks, uint64_t hz)
{
	return ticks / hz * EXO_NS_PER_S + ticks % hz * EXO_NS_PER_S / hz;
}

static inline uint64_t
exo_ticks_of_ns(uint64_t ns, uint64_t hz)
{
	return exo_scale(ns, hz, EXO_NS_PER_S);
}

/* The deadline `ns` after `now`; EXO_FOREVER stays EXO_FOREVER. */
static inline uint64_t
exo_deadline_after(uint64_t now, uint64_t ns, uint64_t hz)
{
	uint64_t ticks = exo_ticks_of_ns(ns, hz);

	return ns == EXO_FOREVER || ticks > UINT64_MAX - now ? EXO_FOREVER : now + ticks;
}

#endif
