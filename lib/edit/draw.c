/* SPDX-License-Identifier: MIT
 * draw.c: what the terminal is told. ECMA-48: ESC [ K erases to the end of the line, ESC [ n D goes
 * n to the left, ESC [ H ESC [ 2 J clears the screen. Pure.
 *
 *   prompt text[left .. left + width)      The cursor is always within; the last column stays
 * empty, ^ left        ^ cursor          so that no terminal breaks the line.
 */
#include "lib/base/print.h"
#include "lib/base/string.h"
#include "lib/edit/parts.h"

#define BELL "\a"

void
draw_text(const struct edit *edit, const char *text)
{
	edit->user->show(edit->user->context, text, strlen(text));
}

void
draw_bell(const struct edit *edit)
{
	draw_text(edit, BELL);
}

/* Characters of the line that are seen at once. */
static size_t
width_of(const struct edit *edit)
{
	size_t prompt = strlen(edit->user->prompt);

	return prompt < EDIT_COLUMNS / 2 ? EDIT_COLUMNS - 1 - prompt : EDIT_COLUMNS / 2;
}

/* Moves what is seen so that the cursor is. */
static void
scroll(struct edit *edit)
{
	size_t width = width_of(edit);

	if (edit->cursor < edit->left) {
		edit->left = edit->cursor;
	} else if (edit->cursor > edit->left + width) {
		edit->left = edit->cursor - width;
	}
	if (edit->left && edit->length < edit->left + width) {
		edit->left = edit->length > width ? edit->length - width : 0;
	}
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void
edit_show(struct edit *edit)
{
	char motion[24];
	size_t seen;

	if (!edit->is_stale) {
		return;
	}
	edit->is_stale = false;
	scroll(edit);
	seen = smaller(edit->length - edit->left, width_of(edit));
	draw_text(edit, "\r");
	draw_text(edit, edit->user->prompt);
	edit->user->show(edit->user->context, edit->text + edit->left, seen);
	draw_text(edit, "\033[K");
	if (edit->cursor - edit->left < seen) {
		snformat(motion, sizeof(motion), "\033[%luD",
			 (unsigned long)(seen - (edit->cursor - edit->left)));
		draw_text(edit, motion);
	}
}

void
draw_line(struct edit *edit)
{
	edit->is_stale = true;
}

void
draw_insert(struct edit *edit, size_t bytes)
{
	bool is_at_end = edit->cursor == edit->length;
	bool is_first = edit->length == bytes; /* others may have printed behind the prompt */

	if (!edit->is_stale && !is_first && is_at_end &&
	    edit->length <= edit->left + width_of(edit)) {
		edit->user->show(edit->user->context, edit->text + edit->length - bytes, bytes);
	} else {
		draw_line(edit);
	}
}

void
draw_clear(struct edit *edit)
{
	draw_text(edit, "\033[H\033[2J");
	draw_line(edit);
}
