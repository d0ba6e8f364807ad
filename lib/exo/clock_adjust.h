/* SPDX-License-Identifier: MIT
 * clock_adjust.h: keeps the line of the clock page close to a clock that is read once in a while.
 * Pure.
 */
#ifndef LIB_EXO_CLOCK_ADJUST_H
#define LIB_EXO_CLOCK_ADJUST_H

#include <stdint.h>

#include "lib/exo/clock_page.h"

#define EXO_CLOCK_JUMP_NS    1000000000ull /* a difference of so much is no drift */
#define EXO_CLOCK_SLEW_SHARE 512           /* the rate changes by 1 / so much at most */

/* What a clock said. */
struct exo_clock_reading {
	uint64_t ticks; /* the `time` counter meanwhile */
	uint64_t ns;
};

/* The next line: from the reading on, until the next one in `interval_ticks` (not 0). It goes on
 * where `line` is, faster or slower so that the difference is gone by then, as far as that goes; if
 * `line` has generation 0, or the difference is no drift, it begins at the reading and has a new
 * generation. */
struct exo_clock_line exo_clock_adjust(const struct exo_clock_line *line,
				       const struct exo_clock_reading *reading, uint64_t hz,
				       uint64_t interval_ticks);

#endif
