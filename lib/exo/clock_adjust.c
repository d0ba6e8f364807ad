/* SPDX-License-Identifier: MIT
 * clock_adjust.c: see clock_adjust.h. The rate is the nominal one and what makes up for the
 * difference, so an error of the oscillator shows as a small difference that stays, not as one that
 * grows.
 */
#include "lib/exo/clock_adjust.h"

#include "lib/exo/time.h"

static uint64_t
absolute(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* How much faster the clock has to go to gain `lag_ns` in the interval. */
static int64_t
slew(int64_t lag_ns, uint64_t rate, uint64_t interval_ticks)
{
	uint64_t most = rate / EXO_CLOCK_SLEW_SHARE;
	uint64_t wanted = exo_scale(absolute(lag_ns), 1ull << EXO_CLOCK_RATE_SHIFT, interval_ticks);
	uint64_t change = wanted < most ? wanted : most;

	return lag_ns < 0 ? -(int64_t)change : (int64_t)change;
}

struct exo_clock_line
exo_clock_adjust(const struct exo_clock_line *line, const struct exo_clock_reading *reading,
		 uint64_t hz, uint64_t interval_ticks)
{
	struct exo_clock_line next = {
		.ticks = reading->ticks,
		.ns = exo_clock_at(line, reading->ticks),
		.rate = exo_scale(EXO_NS_PER_S, 1ull << EXO_CLOCK_RATE_SHIFT, hz),
		.generation = line->generation,
	};
	int64_t lag_ns = (int64_t)(reading->ns - next.ns);

	if (!line->generation || absolute(lag_ns) >= EXO_CLOCK_JUMP_NS) {
		next.ns = reading->ns;
		next.generation++;
	} else {
		next.rate += (uint64_t)slew(lag_ns, next.rate, interval_ticks);
	}
	return next;
}
