/* SPDX-License-Identifier: MIT
 * overruns.c: asks to be told of the end of its slices and stays all the same, each time.
 */
#include <stdio.h>

#include "lib/exo/start.h"
#include "lib/exo/upcall.h"

static void
stay(void)
{
	for (;;) {
	}
}

int
main(void)
{
	printf("%s: stays\n", exo_name());
	fflush(stdout);
	if (exo_on_slice(EXO_ENTRY_END, stay) < 0) {
		return 1;
	}
	for (;;) {
	}
}
