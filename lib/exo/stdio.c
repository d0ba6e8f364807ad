/* SPDX-License-Identifier: MIT
 * stdio.c: the C library's stdin, stdout and stderr over the CONSOLE capability.
 *
 * Output is kept until a line is complete, the buffer is full, input is wanted, fflush or the
 * end; so a line goes to the kernel in one call and lines of different environments do not mix.
 * When the console takes nothing, the program sleeps a little and tries again. Without a console
 * capability output vanishes and input is at its end. stdout and stderr share the buffer, so
 * their order is kept; each thread has its own. Input is what was typed, without echo or editing.
 */
#include "lib/exo/stdio.h"

#include <stdio.h>

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"

#define RETRY_NS 2000000
#define POLL_NS  20000000

static _Thread_local struct {
	size_t count;
	char bytes[EXO_CONSOLE_BYTES];
} out;

static struct {
	size_t next;
	size_t count;
	char bytes[64];
} in;

void
exo_stdio_flush(void)
{
	size_t done = 0;

	while (done < out.count) {
		int64_t taken =
			exo_console_write(exo_start()->console, out.bytes + done, out.count - done);

		if (taken < 0) {
			break;
		}
		if (taken == 0) {
			exo_pause(RETRY_NS);
		}
		done += (size_t)taken;
	}
	out.count = 0;
}

static int
console_put(char c, FILE *file)
{
	(void)file;
	out.bytes[out.count++] = c;
	if (c == '\n' || out.count == sizeof(out.bytes)) {
		exo_stdio_flush();
	}
	return (unsigned char)c;
}

static int
console_flush(FILE *file)
{
	(void)file;
	exo_stdio_flush();
	return 0;
}

static int
console_get(FILE *file)
{
	(void)file;
	exo_stdio_flush();
	while (in.next == in.count) {
		int64_t taken = exo_console_read(exo_start()->console, in.bytes, sizeof(in.bytes));

		if (taken < 0) {
			return _FDEV_EOF;
		}
		in.next = 0;
		in.count = (size_t)taken;
		if (taken == 0) {
			exo_pause(POLL_NS);
		}
	}
	return (unsigned char)in.bytes[in.next++];
}

static FILE console = FDEV_SETUP_STREAM(console_put, console_get, console_flush, _FDEV_SETUP_RW);
FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;
