/* SPDX-License-Identifier: MIT
 * fit.h: find a free range when the only way to know is to try.
 *
 * Pure: the attempt is a function of the caller.
 */
#ifndef LIB_EXO_FIT_H
#define LIB_EXO_FIT_H

#include <stdint.h>

/* Tries to take [at, at + count). Returns a non-negative value, E_TAKEN and *way = the end of
 * what is in the way, or another error. */
typedef int64_t exo_fit_try(void *context, uint64_t at, uint64_t *way);

struct exo_fit {
	uint64_t start; /* where to look: [start, end) */
	uint64_t end;
	uint64_t from; /* where to begin; it goes on from `start` when `end` is reached */
	uint64_t count;
	uint64_t align; /* a power of two */
};

/* Takes the first range found, its first name a multiple of align: *at and what `attempt`
 * returned; E_NOSPACE when there is none; or the first other error of `attempt`. */
int64_t exo_fit_take(const struct exo_fit *fit, exo_fit_try *attempt, void *context, uint64_t *at);

#endif
