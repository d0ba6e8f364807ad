/* SPDX-License-Identifier: MIT
 * sample.c: a program for elf_test.c to be linked in several ways: text, constants, data, zeroed
 * memory and thread-local variables. It is never run.
 */
static volatile _Thread_local int local = 5;
static volatile _Thread_local char zeroed_local[100];
static volatile int data[3] = {1, 2, 3};
static volatile char zeroed[10000];

void _start(void);

void
_start(void)
{
	for (;;) {
		zeroed_local[local] = zeroed[data[0]]++;
		data[1] += local++;
	}
}
