/* SPDX-License-Identifier: MIT
 * hostile_s35_console.c: S35: the console is written, read and listened to, and the board switched
 * off, only by who has the right; and no flood of output or of questions stops anybody.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

static exo_handle console;

static exo_handle
with(uint64_t rights)
{
	return (exo_handle)exo_share(console, free_slot(), 0, 0, rights, 0);
}

static void
check_rights(void)
{
	exo_handle writer = with(EXO_WRITE), reader = with(EXO_READ), switcher;
	char text[4] = "";

	tap_ok(writer && reader, "there is a writer and a reader");
	tap_is(exo_console_read(writer, text, 1), E_RIGHTS, "who may write does not read");
	tap_is(exo_bind(EXO_BIND_CONSOLE, writer, EXO_NONE, 5), E_RIGHTS, "nor listen");
	tap_is(exo_console_write(reader, text, 1), E_RIGHTS, "who may read does not write");
	tap_is(exo_power(reader, EXO_POWER_REBOOT), E_RIGHTS, "nor reboot");
	tap_is(exo_power(writer, EXO_POWER_OFF), E_RIGHTS, "neither switches the board off");
	tap_is(exo_share(writer, free_slot(), 0, 0, EXO_CONSOLE_POWER, 0), E_RIGHTS,
	       "nor finds somebody who does");
	tap_is(exo_share(console, free_slot(), 0, 1, EXO_READ, 0), E_RANGE,
	       "the console has no parts");
	tap_is(exo_carve(console, free_slot(), 0, 0, EXO_READ, 0), E_TYPE, "to carve");
	switcher = with(EXO_CONSOLE_POWER);
	tap_is(exo_console_write(switcher, text, 1), E_RIGHTS, "who switches does not write");
	tap_is(exo_power(switcher, EXO_POWER_FAIL + 1), E_INVAL, "nor switch it to what is not");
	tap_is(exo_power(exo_start()->env, EXO_POWER_OFF), E_TYPE, "an environment is no switch");
}

/* As much as it takes, and no call waits for the device. */
static void
check_flood(void)
{
	static const char line[] =
		"# ............................................................\n";
	uint64_t begin = exo_now_ns(), calls = 0, taken = 0;
	exo_handle writer = with(EXO_WRITE);

	while (calls < 20000 && taken < 20000) {
		int64_t result = exo_console_write(writer, line, sizeof(line) - 1);

		taken += result > 0 ? (uint64_t)result : 0;
		calls++;
		if (result >= 0 && result < (int64_t)sizeof(line) - 1) {
			exo_yield(EXO_NONE);
		}
	}
	while (exo_console_write(writer, "\n", 1) == 0) {
		exo_pause(1000000);
	}
	tap_ok(taken > 0, "%lu calls, %lu bytes", (unsigned long)calls, (unsigned long)taken);
	tap_ok(exo_now_ns() - begin < 20 * EXO_NS_PER_S, "the console takes what it can");
	tap_is(exo_drop(writer, 0, 0), 0, "the writer goes");
	tap_is(exo_console_write(writer, line, 1), E_HANDLE, "and writes no more");
}

int
main(void)
{
	tap_plan(12 + 4);
	console = exo_start()->console;
	check_rights();
	check_flood();
	return tap_end();
}
