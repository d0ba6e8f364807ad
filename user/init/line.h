/* SPDX-License-Identifier: MIT
 * line.h: puts typed characters together to a line, with echo and backspace.
 *
 * Any byte may come, in any number. Pure: the echo is handed back, not written.
 */
#ifndef USER_INIT_LINE_H
#define USER_INIT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_BYTES 80

struct line {
	size_t length;
	bool is_too_long; /* characters behind the end were dropped */
	bool is_complete;
	char text[LINE_BYTES]; /* ends with a 0 */
	char echo[2];
};

/* Takes one character and sets *echo to what the terminal should see of it. True when it ended the
 * line: text is complete, and the next call begins a new one. */
bool line_put(struct line *line, char c, const char **echo);

#endif
