/* SPDX-License-Identifier: MIT
 * slots.c: whether the slots that environments want are there, and free.
 *
 * Each entry is compared with those before it, position by position: a timeline has at most
 * MANIFEST_TIMELINE_MAX.
 */
#include "lib/manifest/slots.h"

static bool
has_slot(const struct manifest_slots *slots, uint64_t position)
{
	uint64_t after = position - slots->first;

	return position >= slots->first && after % slots->step == 0 &&
	       after / slots->step < slots->count;
}

/* A position that two entries have, or -1. */
static int64_t
slots_meet(const struct manifest_slots *a, const struct manifest_slots *b)
{
	for (uint64_t i = 0; i < a->count; i++) {
		if (has_slot(b, a->first + i * a->step)) {
			return (int64_t)(a->first + i * a->step);
		}
	}
	return -1;
}

static int
check_slots_free(const struct manifest *manifest, uint32_t index, uint32_t nth,
		 struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];

	for (uint32_t i = 0; i <= index; i++) {
		const struct manifest_env *other = &manifest->env[i];

		for (uint32_t j = 0;
		     other->hart == env->hart && j < (i == index ? nth : other->slot_count); j++) {
			int64_t meets = slots_meet(&env->slots[nth], &other->slots[j]);

			if (meets >= 0) {
				return manifest_refuse(refusal, env->name, "slots",
						       "slot %ld of hart %u is taken by \"%s\"; "
						       "choose another one",
						       meets, env->hart, other->name);
			}
		}
	}
	return 0;
}

int
manifest_check_slots(const struct manifest *manifest, uint32_t index,
		     const struct manifest_machine *machine, struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];
	int status = 0;

	for (uint32_t i = 0; !status && i < env->slot_count; i++) {
		const struct manifest_slots *s = &env->slots[i];
		uint64_t last = s->first + (s->count - 1ull) * s->step;

		if (last >= machine->timeline_slots) {
			return manifest_refuse(refusal, env->name, "slots",
					       "there is no slot %lu; a timeline has %u here, "
					       "counted from 0",
					       last, machine->timeline_slots);
		}
		status = check_slots_free(manifest, index, i, refusal);
	}
	return status;
}
