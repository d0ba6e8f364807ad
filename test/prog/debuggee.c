/* SPDX-License-Identifier: MIT
 * debuggee.c: counts aloud, five times a second; test/sys/test_gdb.py stops and changes it.
 *
 *   debuggee [faults]     each count loads from address 0, which its handler passes over
 *
 * It has ended with status 7 when the count is 1000 or more.
 */
#include <stdio.h>

#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/upcall.h"

#define PAUSE_NS (EXO_NS_PER_S / 5)
#define MOST     1000

static volatile long step = 1;
static volatile long passed;
static volatile long *volatile nowhere;

static int
pass(struct exo_fault *fault)
{
	passed++;
	fault->pc += exo_instruction_bytes(fault->pc);
	return 0;
}

static __attribute__((noinline)) void
say(long count)
{
	printf("%s: count %ld, passed over %ld\n", exo_name(), count, passed);
}

int
main(int argc, char **argv)
{
	(void)argv;
	exo_on_exception(pass);
	for (long count = 1; count < MOST; count += step) {
		say(count);
		if (argc > 1) {
			(void)*nowhere;
		}
		exo_pause(PAUSE_NS);
	}
	return 7;
}
