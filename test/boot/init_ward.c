/* SPDX-License-Identifier: MIT
 * init_ward.c: an environment that supervises two others hears of their ends and can look at them.
 */
#include "lib/exo/events.h"
#include "test/boot/tap.h"

#define WARDS      2
#define FIRST_BIT  32
#define TIMEOUT_NS (20 * EXO_NS_PER_S)

static struct exo_context context;

static void
check_ward(int index)
{
	exo_handle ward = exo_start()->others[index];
	uint64_t bit = EXO_EVENT(FIRST_BIT + index);

	tap_ok(ward != EXO_NONE, "there is a capability of ward %d", index);
	tap_is((int64_t)exo_wait(bit, TIMEOUT_NS), (int64_t)bit, "its end is told");
	tap_is(exo_env_read(ward, &context), 0, "it can be looked at");
	tap_ok(context.state == EXO_STATE_DEAD && context.death.kind == EXO_DEATH_EXIT &&
		       context.death.cause == 0,
	       "it has ended by itself");
}

int
main(void)
{
	tap_plan(4 * WARDS);
	for (int i = 0; i < WARDS; i++) {
		check_ward(i);
	}
	return tap_end();
}
