/* SPDX-License-Identifier: MIT
 * storm.c: an environment that does one thing as often as it can, for ever: storm ATTACK.
 *
 * Each is allowed, so none is refused; the others must go on beside it. test/sys/test_isolation.py
 * runs all of them beside the web server.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/frames.h"
#include "lib/exo/start.h"
#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"

#define PAGES 16

static volatile uint64_t turns;

static void
spin(void)
{
}

static void
yield(void)
{
	exo_yield(EXO_NONE);
}

static void
nap(void)
{
	exo_sleep(~0ul, exo_ticks() + 1);
}

static void
signal_self(void)
{
	exo_signal(exo_start()->env, turns >> 1);
	exo_sleep(~0ul, 0);
}

static void
except(void)
{
	__asm__ volatile(".word 0");
}

static void
carve(void)
{
	exo_handle frames;

	if (exo_frames_carve(exo_own_frames(), 1 + turns % PAGES, 1, &frames) == 0) {
		exo_frames_release(exo_own_frames(), frames);
	}
}

static void
map(void)
{
	struct exo_pages pages;

	if (exo_pages_make(&pages, PAGES) == 0) {
		exo_protect((uint64_t)pages.memory, PAGES, EXO_READ, NULL, EXO_NONE);
		exo_pages_end(&pages);
	}
}

static void
create(void)
{
	static const uint32_t types[] = {EXO_CAP_SPACE, EXO_CAP_TABLE, EXO_CAP_CSPACE};
	exo_handle object, memory;

	if (exo_frames_create(exo_own_frames(), types[turns % ARRAY_SIZE(types)], 0, 0, &object,
			      &memory) == 0) {
		exo_frames_destroy(exo_own_frames(), object, memory);
	}
}

static void
revoke(void)
{
	uint32_t first = exo_start()->slots - PAGES; /* nobody takes so many */
	struct exo_cap_info info;
	exo_handle frames;

	if (exo_frames_carve(exo_own_frames(), 1, 1, &frames) < 0 ||
	    exo_inspect(frames, 0, &info) < 0) {
		return;
	}
	for (uint32_t i = 0; i < PAGES; i++) {
		exo_share(frames, first + i, info.start, 1, EXO_READ, 0);
	}
	exo_revoke(frames, 0, 0);
	exo_frames_release(exo_own_frames(), frames);
}

static void
fence(void)
{
	exo_fence_i();
}

static void
scribble(void)
{
	memset((void *)exo_start()->uarea, (int)turns, EXO_U_LIBRARY);
	exo_resume();
	exo_null();
}

static const struct {
	const char *name;
	void (*turn)(void);
} storms[] = {
	{"spin", spin},     {"yield", yield}, {"nap", nap},           {"signal", signal_self},
	{"except", except}, {"carve", carve}, {"map", map},           {"create", create},
	{"revoke", revoke}, {"fence", fence}, {"scribble", scribble},
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(storms); i++) {
		if (!strcmp(storms[i].name, argv[1])) {
			printf("storm: %s: begins\n", argv[1]);
			fflush(stdout);
			exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
				      (uint64_t)exo_skip_window);
			for (;;) {
				storms[i].turn();
				turns++;
			}
		}
	}
	printf("storm: there is no such storm\n");
	return 1;
}
