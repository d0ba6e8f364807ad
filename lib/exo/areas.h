/* SPDX-License-Identifier: MIT
 * areas.h: which addresses of a region are in use: a sorted array of page ranges.
 *
 * Invariant: ranges are ascending, not empty, and neither overlap nor touch (touching ones are
 * merged), so allocation in order needs one entry however much is allocated. Pure.
 */
#ifndef LIB_EXO_AREAS_H
#define LIB_EXO_AREAS_H

#include <stdint.h>

#define EXO_AREAS_MAX 128

struct exo_areas {
	uint64_t start; /* the region, in pages: [start, end) */
	uint64_t end;
	uint32_t count;
	struct exo_area {
		uint64_t start;
		uint64_t end;
	} used[EXO_AREAS_MAX];
};

void exo_areas_open(struct exo_areas *areas, uint64_t start, uint64_t end);

/* Takes the first free range of `pages` pages: *start. 0, E_INVAL (pages = 0) or E_NOSPACE. */
int exo_areas_take(struct exo_areas *areas, uint64_t pages, uint64_t *start);

/* Marks [start, start + pages) free, whatever it was; what lies outside the region is ignored. 0,
 * or E_NOSPACE when that would split one range more than the array can hold (then nothing is
 * changed). */
int exo_areas_free(struct exo_areas *areas, uint64_t start, uint64_t pages);

#endif
