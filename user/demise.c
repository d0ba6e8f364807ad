/* SPDX-License-Identifier: MIT
 * demise.c: ends in the way its argument says, to see what init makes of it.
 *
 *   demise exit STATUS | illegal | null | kernel | jump | idle | spin
 *
 * after SECONDS, if a third word says so. idle and spin do not end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/start.h"

#define KERNEL_ADDRESS 0xffffffffc0000000ul

static volatile char *volatile nowhere;

static int
end(const char *how, const char *status)
{
	if (!strcmp(how, "exit")) {
		return atoi(status);
	}
	if (!strcmp(how, "illegal")) {
		__asm__ volatile("unimp");
	}
	if (!strcmp(how, "null")) {
		*nowhere = 1;
	}
	if (!strcmp(how, "kernel")) {
		return *(volatile char *)KERNEL_ADDRESS;
	}
	if (!strcmp(how, "jump")) {
		((void (*)(void))KERNEL_ADDRESS)();
	}
	while (!strcmp(how, "spin")) {
		nowhere = NULL;
	}
	exo_pause(EXO_FOREVER);
	return 0;
}

int
main(int argc, char **argv)
{
	printf("%s: here\n", exo_name());
	if (argc > 3) {
		exo_pause(strtoul(argv[3], NULL, 10) * EXO_NS_PER_S);
	}
	return end(argc > 1 ? argv[1] : "exit", argc > 2 ? argv[2] : "0");
}
