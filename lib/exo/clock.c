/* SPDX-License-Identifier: MIT
 * clock.c: see clock.h.
 */
#include "lib/exo/clock.h"

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"

#define LOOK_NS 1000000 /* between two looks at a page that says nothing yet */

const struct exo_clock_page *
exo_clock_page(void)
{
	return (const struct exo_clock_page *)exo_start()->clock_address;
}

int
exo_clock_ns(uint64_t *ns)
{
	const struct exo_clock_page *page = exo_clock_page();
	struct exo_clock_line line;
	int status = page ? exo_clock_load(page, &line) : E_NODEV;

	if (status == 0) {
		*ns = exo_clock_at(&line, exo_ticks());
	}
	return status;
}

int
exo_clock_wait(uint64_t *ns, uint64_t timeout_ns)
{
	uint64_t begin_ns = exo_now_ns();
	int status = exo_clock_ns(ns);

	while (status == E_STATE) {
		if (exo_now_ns() - begin_ns >= timeout_ns) {
			return E_TIMEOUT;
		}
		exo_pause(LOOK_NS);
		status = exo_clock_ns(ns);
	}
	return status;
}
