/* SPDX-License-Identifier: MIT
 * turns.c: the slots of the manifest: carved once, bound anew for each life.
 *
 * State: the SLOT capabilities that were carved. Those of a life that ended are free to be bound,
 * for a binding goes with its ENV.
 */
#include "user/init/turns.h"

#include "lib/exo/call.h"
#include "lib/exo/slots.h"
#include "lib/exo/start.h"

#define HELD_MAX 512

static struct {
	struct held {
		uint64_t first; /* name of the first position */
		exo_handle handle;
	} held[HELD_MAX];
	uint32_t count;
} turns;

/* Positions [first, first + count): carved before, or now. */
static int64_t
turns_carve(uint32_t hart, uint64_t first, uint64_t count)
{
	uint64_t name = (uint64_t)hart << EXO_SLOT_HART_SHIFT | first;
	int64_t result;

	for (uint32_t i = 0; i < turns.count; i++) {
		if (turns.held[i].first == name) {
			return (int64_t)turns.held[i].handle;
		}
	}
	result = turns.count < HELD_MAX ? exo_slot_take() : E_NOSPACE;
	if (result >= 0) {
		result = exo_carve(exo_boot()->timelines[hart], (uint32_t)result, name, count,
				   EXO_SLOT_BIND, 0);
	}
	if (result >= 0) {
		turns.held[turns.count++] = (struct held){name, (exo_handle)result};
	}
	return result;
}

static int64_t
turns_bind_run(const struct manifest_env *env, exo_handle child, uint64_t first, uint64_t count)
{
	int64_t slots = turns_carve(env->hart, first, count);

	return slots < 0 ? slots
			 : exo_bind(EXO_BIND_SLOT, child, (exo_handle)slots,
				    env->is_quiet ? EXO_SLOT_QUIET : 0);
}

int
turns_bind(const struct manifest_env *env, exo_handle child, const char **step)
{
	int64_t result = 0;

	*step = "bind its slots";
	for (uint32_t i = 0; i < env->slot_count && result >= 0; i++) {
		const struct manifest_slots *s = &env->slots[i];

		if (s->step == 1) {
			result = turns_bind_run(env, child, s->first, s->count);
			continue;
		}
		for (uint32_t j = 0; j < s->count && result >= 0; j++) {
			result = turns_bind_run(env, child, s->first + j * (uint64_t)s->step, 1);
		}
	}
	return result < 0 ? (int)result : 0;
}
