/* SPDX-License-Identifier: MIT
 * areas.c: see areas.h.
 */
#include "lib/exo/areas.h"

#include <exo/errors.h>

#include "lib/base/checked.h"

void
exo_areas_open(struct exo_areas *areas, uint64_t start, uint64_t end)
{
	areas->start = start;
	areas->end = end;
	areas->count = 0;
}

static void
entry_remove(struct exo_areas *areas, uint32_t at)
{
	areas->count--;
	for (uint32_t i = at; i < areas->count; i++) {
		areas->used[i] = areas->used[i + 1];
	}
}

static int
entry_insert(struct exo_areas *areas, uint32_t at, uint64_t start, uint64_t end)
{
	if (areas->count == EXO_AREAS_MAX) {
		return E_NOSPACE;
	}
	for (uint32_t i = areas->count++; i > at; i--) {
		areas->used[i] = areas->used[i - 1];
	}
	areas->used[at] = (struct exo_area){start, end};
	return 0;
}

int
exo_areas_take(struct exo_areas *areas, uint64_t pages, uint64_t *start)
{
	uint64_t free_from = areas->start;
	uint32_t at = 0;

	if (pages == 0) {
		return E_INVAL;
	}
	while (at < areas->count && areas->used[at].start - free_from < pages) {
		free_from = areas->used[at++].end;
	}
	if (at == areas->count && areas->end - free_from < pages) {
		return E_NOSPACE;
	}
	*start = free_from;
	if (at > 0 && areas->used[at - 1].end == free_from) {
		areas->used[at - 1].end += pages;
	} else if (entry_insert(areas, at, free_from, free_from + pages) < 0) {
		return E_NOSPACE;
	} else {
		at++;
	}
	if (at < areas->count && areas->used[at].start == areas->used[at - 1].end) {
		areas->used[at - 1].end = areas->used[at].end;
		entry_remove(areas, at);
	}
	return 0;
}

/* Frees the part of entry `at` inside [start, end), which overlaps it. */
static int
entry_cut(struct exo_areas *areas, uint32_t at, uint64_t start, uint64_t end)
{
	struct exo_area *used = &areas->used[at];
	uint64_t used_end = used->end;

	if (start <= used->start && end >= used_end) {
		entry_remove(areas, at);
	} else if (start <= used->start) {
		used->start = end;
	} else {
		if (end < used_end && entry_insert(areas, at + 1, end, used_end) < 0) {
			return E_NOSPACE;
		}
		used->end = start;
	}
	return 0;
}

int
exo_areas_free(struct exo_areas *areas, uint64_t start, uint64_t pages)
{
	uint64_t end;

	if (!checked_add_u64(start, pages, &end)) {
		end = UINT64_MAX;
	}
	for (uint32_t at = areas->count; at-- > 0;) {
		if (start < areas->used[at].end && end > areas->used[at].start &&
		    entry_cut(areas, at, start, end) < 0) {
			return E_NOSPACE;
		}
	}
	return 0;
}
