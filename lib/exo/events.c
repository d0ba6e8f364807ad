/* SPDX-License-Identifier: MIT
 * events.c: see events.h.
 */
#include "lib/exo/events.h"

#include "lib/exo/call.h"
#include "lib/exo/start.h"

uint64_t
exo_now_ns(void)
{
	uint64_t hz = exo_start()->timebase_hz;

	return exo_clock_of_ticks(exo_ticks(), hz);
}

uint64_t
exo_wait(uint64_t mask, uint64_t timeout_ns)
{
	return exo_wait_until(mask, timeout_ns == 0 ? 0
						    : exo_deadline_after(exo_ticks(), timeout_ns,
									 exo_start()->timebase_hz));
}

void
exo_pause(uint64_t ns)
{
	exo_wait(0, ns);
}
