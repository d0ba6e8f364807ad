/* SPDX-License-Identifier: MIT
 * console.c: the keyboard of the monitor. State: bytes that were read and not yet taken.
 */
#include "user/monitor/console.h"

#include <stdio.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "user/monitor/world.h"

#define INPUT_BYTES 128
#define GIVE_UP_KEY 3

static struct {
	int64_t next;
	int64_t count;
	char bytes[INPUT_BYTES];
} input;

bool
console_open(void)
{
	int64_t status = exo_bind(EXO_BIND_CONSOLE, exo_start()->console, EXO_NONE, EVENT_INPUT);

	if (status < 0) {
		printf("the console cannot be read: %s; write `monitor;` into the manifest\n",
		       exo_error_sentence(status));
	}
	return status >= 0;
}

bool
console_has_input(void)
{
	if (input.next == input.count) {
		input.next = 0;
		input.count = exo_console_read(exo_start()->console, input.bytes, INPUT_BYTES);
		input.count = input.count < 0 ? 0 : input.count;
	}
	return input.next < input.count;
}

char
console_get(void)
{
	while (!console_has_input()) {
		fflush(stdout);
		exo_wait(EXO_EVENT(EVENT_INPUT), EXO_FOREVER);
	}
	return input.bytes[input.next++];
}

bool
console_wait_key(char wanted, uint64_t timeout_ns)
{
	uint64_t end_ns = exo_now_ns() + timeout_ns;
	uint64_t now_ns;

	fflush(stdout);
	do {
		while (console_has_input()) {
			char c = input.bytes[input.next++];

			if (c == wanted || c == GIVE_UP_KEY) {
				return true;
			}
		}
		now_ns = exo_now_ns();
		if (now_ns < end_ns) {
			exo_wait(EXO_EVENT(EVENT_INPUT), end_ns - now_ns);
		}
	} while (now_ns < end_ns);
	return false;
}
