/* SPDX-License-Identifier: MIT
 * line.c: puts typed characters together to a line, with echo and backspace.
 *
 * Invariant: length < LINE_BYTES, text[length] is 0. What is no printable ASCII is neither kept nor
 * echoed: it could drive the terminal.
 */
#include "user/init/line.h"

#define BACKSPACE 8
#define DELETE    127

static bool
erase(struct line *line, const char **echo)
{
	if (line->length) {
		line->text[--line->length] = 0;
		*echo = "\b \b";
	}
	return false;
}

bool
line_put(struct line *line, char c, const char **echo)
{
	*echo = "";
	if (line->is_complete) {
		*line = (struct line){0};
	}
	if (c == '\r' || c == '\n') {
		*echo = "\n";
		line->is_complete = true;
		return true;
	}
	if (c == BACKSPACE || c == DELETE) {
		return erase(line, echo);
	}
	if (c < ' ' || c > '~') {
		return false;
	}
	if (line->length == LINE_BYTES - 1) {
		line->is_too_long = true;
		return false;
	}
	line->text[line->length++] = c;
	line->text[line->length] = 0;
	line->echo[0] = c;
	*echo = line->echo;
	return false;
}
