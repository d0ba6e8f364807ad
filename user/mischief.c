/* SPDX-License-Identifier: MIT
 * mischief.c: a program that means harm, for ever, and does none: wild calls, wild pointers, as
 * many children as it can get, all of them spinning, calls that take long. It tells now and then
 * what it has tried.
 *
 *   mischief [SECONDS]     a line every 60 seconds where not given
 *
 * What it tries is refused or costs only itself; test/boot/hostile_*.c try harder and look closer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/thread.h"
#include "lib/exo/upcall.h"

#define SECONDS      60
#define CALLS        1000  /* in a row */
#define HANDLE       64    /* slots that guessed handles name: all but those of one's own things */
#define KERNEL_IMAGE 0xffffffff80000000ul
#define KERNEL_RAM   0xffffffc000000000ul
#define HOG_NS       20000000ul
#define REST_NS      100000000ul

static struct {
	unsigned long calls, refused, pointers, faults, children, hogs;
} tried;

static uint64_t
noise(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ul;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Calls that could only end, stop or blind it: no harm to anybody else. */
static bool
is_dull(uint64_t nr)
{
	static const uint64_t dull[] = {
		EXO_NR_exit,  EXO_NR_sleep,   EXO_NR_resume, EXO_NR_env_stop, EXO_NR_env_entry,
		EXO_NR_unmap, EXO_NR_protect, EXO_NR_reply,  EXO_NR_call,     EXO_NR_send,
	};

	for (size_t i = 0; i < ARRAY_SIZE(dull); i++) {
		if (nr == dull[i]) {
			return true;
		}
	}
	return false;
}

/* Numbers of all sizes, pointers into the kernel, handles that somebody else might have. */
static uint64_t
wild(void)
{
	switch (noise() % 4) {
	case 0:
		return noise() >> noise() % 64;
	case 1:
		return KERNEL_IMAGE + noise() % (1 << 20);
	case 2:
		return KERNEL_RAM + noise() % (1 << 28);
	default:
		return (noise() % 16 << 32) + HANDLE + noise() % 1000;
	}
}

static int64_t
call_with(uint64_t nr)
{
	return exo_ecall6((int)nr, wild(), wild(), wild(), wild(), wild(), wild()).value;
}

static void
call_wildly(void)
{
	for (int i = 0; i < CALLS; i++) {
		uint64_t nr = 1 + noise() % EXO_CALLS_MAX;

		if (!is_dull(nr)) {
			tried.calls++;
			tried.refused += call_with(nr) < 0;
		}
	}
}

/* Each time it touches what is not its own: goes on behind the instruction. */
static int
step_over(struct exo_fault *fault)
{
	tried.faults++;
	fault->pc += exo_instruction_bytes(fault->pc);
	return 0;
}

static void
touch_wildly(void)
{
	for (int i = 0; i < CALLS; i++) {
		volatile uint64_t *where = (volatile uint64_t *)(wild() | 1ul << 63);

		tried.pointers++;
		if (i % 2) {
			*where = noise();
		} else {
			(void)*where;
		}
	}
}

static uint64_t
child_body(void *argument)
{
	uint64_t end = exo_now_ns() + HOG_NS;

	(void)argument;
	while (exo_now_ns() < end) {
	}
	return 0;
}

/* As many as its memory makes, all of which want the hart. */
static void
breed(void)
{
	static struct exo_thread child[EXO_THREADS_MAX];
	uint32_t count = 0;

	while (count < EXO_THREADS_MAX &&
	       exo_thread_start(&child[count], exo_start()->hart, child_body, NULL) == 0) {
		count++;
	}
	tried.children += count;
	while (count > 0) {
		exo_thread_join(&child[--count], NULL);
	}
}

/* The calls that have most to do, one after the other. */
static void
hog(void)
{
	uint64_t end = exo_now_ns() + HOG_NS;
	struct exo_pages pages;

	if (exo_pages_make(&pages, 64) < 0) {
		return;
	}
	while (exo_now_ns() < end) {
		exo_protect((uint64_t)pages.memory, 64,
			    tried.hogs++ % 2 ? EXO_READ : EXO_READ | EXO_WRITE, NULL, EXO_NONE);
		exo_signal(exo_own_env(), 1);
		exo_yield(EXO_NONE);
	}
	exo_pages_end(&pages);
}

static void
tell(void)
{
	printf("%s: so far %lu wild calls, %lu refused; %lu wild pointers, %lu faults; %lu "
	       "children\n",
	       exo_name(), tried.calls, tried.refused, tried.pointers, tried.faults,
	       tried.children);
}

int
main(int argc, char **argv)
{
	uint64_t every = (argc > 1 ? strtoul(argv[1], NULL, 10) : SECONDS) * EXO_NS_PER_S;
	uint64_t next = exo_now_ns() + every;

	if (exo_on_exception(step_over) < 0) {
		return 1;
	}
	printf("%s: begins\n", exo_name());
	for (;;) {
		call_wildly();
		touch_wildly();
		breed();
		hog();
		if (exo_now_ns() >= next) {
			next += every;
			tell();
		}
		exo_pause(REST_NS);
	}
}
