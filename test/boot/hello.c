/* SPDX-License-Identifier: MIT
 * hello.c: the least that must work: a program starts, prints, computes with floating point and
 * ends.
 *
 * The boot matrix (test/sys/test_boot.py) runs it on every machine.
 */
#include <stdlib.h>
#include <string.h>

#include "test/boot/tap.h"

static int counter = 41;
static int zeroed[2000];

static void
check_memory(void)
{
	char *block = malloc(100000);
	int sum = 0;

	for (size_t i = 0; i < sizeof(zeroed) / sizeof(zeroed[0]); i++) {
		sum |= zeroed[i];
	}
	tap_ok(!sum, "uninitialized data is zero");
	tap_ok(block && memset(block, 7, 100000) && block[99999] == 7, "malloc gives memory");
	free(block);
}

static void
check_printf(void)
{
	volatile double third = 1.0 / 3.0;
	char text[32];

	snprintf(text, sizeof(text), "%.3f %d %s", third * 2.0, ++counter, "x");
	tap_ok(!strcmp(text, "0.667 42 x"), "printf formats doubles, ints and strings: %s", text);
}

int
main(int argc, char **argv)
{
	tap_plan(4);
	tap_ok(argc >= 1 && argv[0][0], "the program has a name: %s", argv[0]);
	check_memory();
	check_printf();
	return tap_end();
}
