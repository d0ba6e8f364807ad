/* SPDX-License-Identifier: MIT
 * clock.c: the clock page: see clock.h. State: the page.
 */
#include "user/init/clock.h"

#include "lib/exo/error.h"
#include "lib/exo/vm.h"
#include "user/init/say.h"

static struct exo_pages page; /* zeros: there is no time yet */

void
clock_open(const struct manifest *manifest)
{
	int status = 0;

	for (uint32_t i = 0; i < manifest->count; i++) {
		if (manifest->env[i].publishes_clock) {
			status = exo_pages_make(&page, 1);
		}
	}
	if (status < 0) {
		give_up("there is no memory for the clock page: %s; give the machine more",
			exo_error_sentence(status));
	}
}

exo_handle
clock_frame(void)
{
	return page.frames;
}
