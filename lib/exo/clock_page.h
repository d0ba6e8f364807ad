/* SPDX-License-Identifier: MIT
 * clock_page.h: the clock page: how the driver of a clock tells everybody the time of day.
 *
 * A page that one environment writes (`clock;` in its manifest) and all others read. It holds a
 * line, twice: at counter value `ticks` it was `ns` nanoseconds since 1970 (UTC), and each tick
 * adds rate / 2^32 of them. Readers use line[sequence & 1]; the writer makes the sequence odd,
 * writes line[0], makes it even, writes line[1]. So a line is never written while readers are sent
 * to it, nobody waits for a writer that was stopped on the way, and a reader that saw the sequence
 * change reads again. `generation` is 0 before the first time; it changes when the time jumps, and
 * as long as it stays the time only goes forward. Pure.
 */
#ifndef LIB_EXO_CLOCK_PAGE_H
#define LIB_EXO_CLOCK_PAGE_H

#include <stdint.h>

#define EXO_CLOCK_RATE_SHIFT 32

struct exo_clock_line {
	uint64_t ticks;
	uint64_t ns;
	uint64_t rate;
	uint64_t generation;
};

struct exo_clock_page {
	uint64_t sequence;
	uint64_t reserved[7];
	struct exo_clock_line line[2];
};

/* The time of day at counter value `ticks`, before or after line->ticks. */
uint64_t exo_clock_at(const struct exo_clock_line *line, uint64_t ticks);

/* The line of the page. 0, or E_STATE while there is none, or if the writer never gives in. */
int exo_clock_load(const struct exo_clock_page *page, struct exo_clock_line *line);

/* Replaces it; one writer at a time, which may have ended anywhere in an earlier call. */
void exo_clock_store(struct exo_clock_page *page, const struct exo_clock_line *line);

#endif
