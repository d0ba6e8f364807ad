/* SPDX-License-Identifier: MIT
 * clock_page.c: see clock_page.h.
 */
#include "lib/exo/clock_page.h"

#include <stdbool.h>

#include <exo/errors.h>

#define TRIES 1000 /* a writer that is that quick means no good */

uint64_t
exo_clock_at(const struct exo_clock_line *line, uint64_t ticks)
{
	bool is_after = ticks >= line->ticks;
	uint64_t distance = is_after ? ticks - line->ticks : line->ticks - ticks;
	uint64_t ns = (uint64_t)((unsigned __int128)distance * line->rate >> EXO_CLOCK_RATE_SHIFT);

	return is_after ? line->ns + ns : line->ns - ns;
}

static void
line_load(const struct exo_clock_line *from, struct exo_clock_line *to)
{
	to->ticks = __atomic_load_n(&from->ticks, __ATOMIC_RELAXED);
	to->ns = __atomic_load_n(&from->ns, __ATOMIC_RELAXED);
	to->rate = __atomic_load_n(&from->rate, __ATOMIC_RELAXED);
	to->generation = __atomic_load_n(&from->generation, __ATOMIC_RELAXED);
}

static void
line_store(struct exo_clock_line *to, const struct exo_clock_line *from)
{
	__atomic_store_n(&to->ticks, from->ticks, __ATOMIC_RELAXED);
	__atomic_store_n(&to->ns, from->ns, __ATOMIC_RELAXED);
	__atomic_store_n(&to->rate, from->rate, __ATOMIC_RELAXED);
	__atomic_store_n(&to->generation, from->generation, __ATOMIC_RELAXED);
}

int
exo_clock_load(const struct exo_clock_page *page, struct exo_clock_line *line)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t sequence = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);

		line_load(&page->line[sequence & 1], line);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == sequence) {
			return line->generation ? 0 : E_STATE;
		}
	}
	return E_STATE;
}

/* The fence keeps the stores to a line behind the sequence that sends readers to the other one. */
static void
sequence_set(struct exo_clock_page *page, uint64_t sequence)
{
	__atomic_store_n(&page->sequence, sequence, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* A writer that ended after making the sequence odd left line[0] in doubt: line[1] is good, and
 * readers are there. One that ended after making it even left line[1] in doubt, and readers are at
 * line[0]. So line[1] is made good first of all. */
void
exo_clock_store(struct exo_clock_page *page, const struct exo_clock_line *line)
{
	uint64_t sequence = page->sequence;

	if (!(sequence & 1)) {
		struct exo_clock_line good;

		line_load(&page->line[0], &good);
		line_store(&page->line[1], &good);
	}
	sequence_set(page, sequence | 1);
	line_store(&page->line[0], line);
	sequence_set(page, (sequence | 1) + 1);
	line_store(&page->line[1], line);
}
