/* SPDX-License-Identifier: MIT
 * demise.c: ends in the way its argument says, to see what init makes of it.
 *
 *   demise exit STATUS | illegal | null | kernel | jump | idle | spin
 *   demise deep | recursion | wild | circle | overrun
 *
 * after SECONDS, if a third word says so. idle and spin do not end. deep: null, three calls down;
 * recursion: out of stack; wild, circle: null with a stack pointer to nowhere, to words that point
 * at each other and are addresses of calls; overrun: it asks to be told of the ends of its slices
 * and goes on, which ends it if it has slots of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/upcall.h"

#define KERNEL_ADDRESS 0xffffffffc0000000ul

static volatile char *volatile nowhere;

/* Each of these does something after its call, so that it stays on the stack. */
static __attribute__((noinline)) int
innermost(int depth)
{
	*nowhere = (char)depth;
	return depth;
}

static __attribute__((noinline)) int
middle(int depth)
{
	return innermost(depth + 1) + (nowhere ? 1 : 2);
}

static __attribute__((noinline)) int
outermost(int depth)
{
	return middle(depth + 1) + (nowhere ? 1 : 2);
}

static __attribute__((noinline)) int
deeper(int depth)
{
	return nowhere ? depth : deeper(depth + 1) + deeper(depth + 2);
}

/* Stores to address 0 with that stack pointer. */
static void
fault_at(uint64_t sp)
{
	__asm__ volatile("mv sp, %0\n\tsd zero, 0(zero)" : : "r"(sp) : "memory");
}

/* A chain of frames that comes back to itself, full of addresses behind a call: those of exit. */
static void
fault_in_circle(void)
{
	static uint64_t words[1024];
	uint64_t back;

	__asm__ volatile("la %0, 1f\n\tj 1f\n\t.option push\n\t.option norvc\n\tjal ra, exit\n"
			 "1:\t.option pop"
			 : "=r"(back));
	for (uint32_t i = 0; i < 1024; i++) {
		words[i] = i % 2 ? back : (uint64_t)&words[(i + 2) % 1024];
	}
	fault_at((uint64_t)words);
}

static void
ignore(void)
{
}

static int
end_deep(const char *how)
{
	if (!strcmp(how, "deep")) {
		return outermost(0);
	}
	if (!strcmp(how, "recursion")) {
		return deeper(0);
	}
	if (!strcmp(how, "wild")) {
		fault_at(0x123456789abcdef0);
	}
	if (!strcmp(how, "circle")) {
		fault_in_circle();
	}
	return exo_on_slice(EXO_ENTRY_END, ignore);
}

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
	if (strcmp(how, "idle") && strcmp(how, "spin")) {
		end_deep(how);
	}
	while (strcmp(how, "idle")) {
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
