/* SPDX-License-Identifier: MIT
 * fit.c: see fit.h.
 *
 * Each refusal moves the candidate forward by at least one aligned step, so the search ends even
 * if `attempt` lies about what is in the way.
 */
#include "lib/exo/fit.h"

#include <stdbool.h>

#include <exo/errors.h>

#include "lib/base/checked.h"

/* Looks at candidates whose first name is in [from, limit). */
static int64_t
fit_between(const struct exo_fit *fit, uint64_t from, uint64_t limit, exo_fit_try *attempt,
	    void *context, uint64_t *at)
{
	uint64_t candidate = from;

	while (checked_align_up_u64(candidate, fit->align, &candidate) && candidate < limit &&
	       candidate <= fit->end && fit->count <= fit->end - candidate) {
		uint64_t way = 0;
		int64_t result = attempt(context, candidate, &way);

		if (result != E_TAKEN) {
			*at = candidate;
			return result;
		}
		candidate = way > candidate ? way : candidate + 1;
	}
	return E_NOSPACE;
}

int64_t
exo_fit_take(const struct exo_fit *fit, exo_fit_try *attempt, void *context, uint64_t *at)
{
	uint64_t from = fit->from > fit->start ? fit->from : fit->start;
	int64_t result = fit_between(fit, from, fit->end, attempt, context, at);

	if (result == E_NOSPACE && from > fit->start) {
		result = fit_between(fit, fit->start, from, attempt, context, at);
	}
	return result;
}
