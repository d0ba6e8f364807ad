/* SPDX-License-Identifier: MIT
 * predicate.c: sleep until a condition holds, see predicate.h. No state.
 */
#include "lib/exo/predicate.h"

#include "lib/exo/call.h"

int
exo_predicate_bind(exo_handle code, exo_handle memory, uint64_t offset, uint64_t bytes)
{
	if (offset > UINT32_MAX || bytes > UINT32_MAX) {
		return E_RANGE;
	}
	exo_unbind(EXO_BIND_PREDICATE, EXO_NONE);
	return (int)exo_bind(EXO_BIND_PREDICATE, memory, code, offset << 32 | bytes);
}

int
exo_predicate_unbind(void)
{
	return (int)exo_unbind(EXO_BIND_PREDICATE, EXO_NONE);
}

struct exo_woken
exo_sleep_until(uint64_t events, uint64_t deadline)
{
	struct exo_result result = exo_sleep2(events | EXO_SLEEP_PREDICATE, deadline);

	return (struct exo_woken){(uint64_t)result.value, result.second};
}
