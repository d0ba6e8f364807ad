/* SPDX-License-Identifier: MIT
 * beside.c: puts the loop of 1 kHz (test/prog/loop.c) beside a hostile boot test, on the same hart.
 *
 * The test is linked with this file and `--wrap`, otherwise it is as it was. Before its main() the
 * loop is started in a space of its own, in every fourth slot, for as many slices as `loop=` on the
 * kernel's command line says; then the test does what it does, as init, with what is left: its
 * timeline is the three slots between two of the loop's, and its console cannot switch the machine
 * off: at its end it begins anew, among what it has left. One that wants several harts gets
 * environments on this one for them, because counted time (-icount) knows only one. So some of the
 * results it prints are wrong, and nobody looks at them here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "test/boot/hostile.h"
#include "test/boot/kin.h"

#define PERIOD 4 /* slots: 1 ms */
#define HARTS  4
#define BIT    61 /* the end of the loop; nobody waits for it */

int __wrap_main(int argc, char **argv);
int __real_main(int argc, char **argv);
const struct exo_boot *__wrap_exo_boot(void);
const struct exo_boot *__real_exo_boot(void);
const struct exo_start *__wrap_exo_start(void);
const struct exo_start *__real_exo_start(void);
int __wrap_exo_frames_create(struct exo_frames *frames, uint32_t type, uint64_t arg0, uint64_t arg1,
			     exo_handle *object, exo_handle *memory);
int __real_exo_frames_create(struct exo_frames *frames, uint32_t type, uint64_t arg0, uint64_t arg1,
			     exo_handle *object, exo_handle *memory);

/* What the test sees, once the loop runs. */
static struct exo_boot boot;
static struct exo_start start;

uint32_t
hostile_harts_instead(void)
{
	return HARTS;
}

const struct exo_boot *
__wrap_exo_boot(void)
{
	return boot.magic ? &boot : __real_exo_boot();
}

const struct exo_start *
__wrap_exo_start(void)
{
	return start.magic ? &start : __real_exo_start();
}

/* Who would be at home on another hart is at home on this one. */
int
__wrap_exo_frames_create(struct exo_frames *frames, uint32_t type, uint64_t arg0, uint64_t arg1,
			 exo_handle *object, exo_handle *memory)
{
	return __real_exo_frames_create(frames, type, type == EXO_CAP_ENV ? arg0 & ~0xfful : arg0,
					arg1, object, memory);
}

static int64_t
carve_slots(uint64_t first, uint64_t count)
{
	return exo_carve(__real_exo_boot()->timelines[0], free_slot(), first, count, EXO_SLOT_BIND,
			 0);
}

/* Every fourth slot is `env`'s: 0 or an error. */
static int
bind_slots(exo_handle env)
{
	int64_t result = 0;

	for (uint64_t i = 0; i < exo_sysinfo()->timeline_slots && result >= 0; i += PERIOD) {
		result = carve_slots(i, 1);
		result = result < 0
				 ? result
				 : exo_bind(EXO_BIND_SLOT, env, (exo_handle)result, 0);
	}
	return (int)result;
}

/* The loop, in an environment that has not begun. */
static int
loop_make(struct exo_child *child)
{
	static char slices[16];
	const char *const args[] = {slices};
	const char *wish = strstr(__real_exo_boot()->bootargs, "loop=");
	struct exo_gift gifts[] = {
		{kin_share(exo_start()->console, EXO_WRITE), EXO_GIFT(console)},
		{kin_share(exo_start()->sysinfo, EXO_READ), EXO_GIFT(sysinfo)},
	};
	struct exo_spawn spawn = {.name = "loop",
				  .elf = kin.elf,
				  .elf_bytes = kin.bytes,
				  .flags = EXO_ENV_FP | EXO_ENV_BOUND,
				  .self_rights = EXO_RIGHTS_ALL,
				  .args = args,
				  .arg_count = 1,
				  .gifts = gifts,
				  .gift_count = 2,
				  .supervisor = exo_start()->env,
				  .supervisor_bit = BIT,
				  .stopped = 1};
	int result = exo_frames_carve(exo_own_frames(), KIN_POOL_PAGES, 2, &spawn.pool);

	snprintf(slices, sizeof(slices), "%lu", wish ? strtoul(wish + 5, NULL, 10) : 1000);
	return result < 0 ? result : exo_spawn(&spawn, child);
}

static int
loop_start(void)
{
	static struct exo_child child;
	int result = kin_find("loop");

	result = result < 0 ? result : loop_make(&child);
	result = result < 0 ? result : bind_slots(child.env);
	return result < 0 ? result : (int)exo_env_start(child.env);
}

static void
set_scene(void)
{
	struct exo_boot seen_boot = *exo_boot();
	struct exo_start seen = *exo_start();

	seen.console = kin_share(exo_start()->console, EXO_READ | EXO_WRITE);
	seen_boot.console = seen.console;
	seen_boot.timelines[0] = (exo_handle)carve_slots(1, PERIOD - 1);
	start = seen;
	boot = seen_boot;
}

int
__wrap_main(int argc, char **argv)
{
	int result = loop_start();

	if (result < 0) {
		printf("# no loop: %s\n", exo_error_name(result));
		return 1;
	}
	set_scene();
	for (;;) {
		__real_main(argc, argv);
	}
}
