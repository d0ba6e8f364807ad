/* SPDX-License-Identifier: MIT
 * spinner.c: never yields, never sleeps, calls nobody: it takes all the time that it is given, to
 * show that this is no more than what others have left.
 */
#include <stdio.h>

#include "lib/exo/start.h"

int
main(void)
{
	printf("%s: takes whatever time is left, from now on\n", exo_name());
	fflush(stdout);
	for (volatile unsigned long turns = 0;; turns++) {
	}
}
