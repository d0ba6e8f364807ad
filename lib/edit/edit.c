/* SPDX-License-Identifier: MIT
 * edit.c: what each key does to the line. Pure; invariants as in edit.h.
 */
#include "lib/edit/edit.h"

#include "lib/base/string.h"
#include "lib/edit/parts.h"

void
edit_open(struct edit *edit, const struct edit_user *user)
{
	memset(edit, 0, sizeof(*edit));
	edit->user = user;
}

void
edit_begin(struct edit *edit)
{
	edit->length = 0;
	edit->cursor = 0;
	edit->left = 0;
	edit->is_too_long = false;
	edit->past_shown = 0;
	edit->text[0] = 0;
	draw_line(edit);
}

void
edit_insert(struct edit *edit, const char *text, size_t bytes)
{
	size_t room = EDIT_BYTES - 1 - edit->length;

	if (bytes > room) {
		if (!edit->is_too_long) {
			draw_bell(edit);
		}
		edit->is_too_long = true;
		bytes = room;
	}
	memmove(edit->text + edit->cursor + bytes, edit->text + edit->cursor,
		edit->length - edit->cursor + 1);
	memcpy(edit->text + edit->cursor, text, bytes);
	edit->length += bytes;
	edit->cursor += bytes;
	if (bytes) {
		draw_insert(edit, bytes);
	}
}

void
edit_set(struct edit *edit, const char *text)
{
	edit->length = strnlen(text, EDIT_BYTES - 1);
	memmove(edit->text, text, edit->length);
	edit->text[edit->length] = 0;
	edit->cursor = edit->length;
	edit->is_too_long = false;
	draw_line(edit);
}

/* Takes the characters [start, end) out; the cursor stands where they were. */
static void
cut(struct edit *edit, size_t start, size_t end)
{
	memmove(edit->text + start, edit->text + end, edit->length - end + 1);
	edit->length -= end - start;
	edit->cursor = start;
	edit->is_too_long = false;
	draw_line(edit);
}

static void
move(struct edit *edit, size_t cursor)
{
	edit->cursor = cursor;
	draw_line(edit);
}

static size_t
word_start(const struct edit *edit)
{
	size_t at = edit->cursor;

	while (at && edit->text[at - 1] == ' ') {
		at--;
	}
	while (at && edit->text[at - 1] != ' ') {
		at--;
	}
	return at;
}

static enum edit_result
finish(struct edit *edit)
{
	move(edit, edit->length);
	edit_show(edit);
	draw_text(edit, "\n");
	if (!edit->is_too_long) {
		history_keep(edit);
	}
	return EDIT_LINE;
}

static enum edit_result
give_up(struct edit *edit)
{
	move(edit, edit->length);
	edit_show(edit);
	draw_text(edit, "^C\n");
	return EDIT_GIVEN_UP;
}

/* Keys that only move the cursor or take something out. */
static void
change(struct edit *edit, enum key key)
{
	size_t left = edit->cursor - (edit->cursor > 0);
	size_t right = edit->cursor + (edit->cursor < edit->length);

	switch (key) {
	case KEY_LEFT:
		move(edit, left);
		break;
	case KEY_RIGHT:
		move(edit, right);
		break;
	case KEY_HOME:
		move(edit, 0);
		break;
	case KEY_END:
		move(edit, edit->length);
		break;
	case KEY_BACKSPACE:
		cut(edit, left, edit->cursor);
		break;
	case KEY_DELETE:
		cut(edit, edit->cursor, right);
		break;
	case KEY_CUT_RIGHT:
		cut(edit, edit->cursor, edit->length);
		break;
	case KEY_CUT_LEFT:
		cut(edit, 0, edit->cursor);
		break;
	case KEY_CUT_WORD:
		cut(edit, word_start(edit), edit->cursor);
		break;
	default:
		break;
	}
}

enum edit_result
edit_put(struct edit *edit, char c)
{
	enum key key = keys_put(edit, c);

	switch (key) {
	case KEY_TEXT:
		edit_insert(edit, &c, 1);
		break;
	case KEY_RETURN:
		return finish(edit);
	case KEY_GIVE_UP:
		return give_up(edit);
	case KEY_OLDER:
	case KEY_NEWER:
		history_move(edit, key == KEY_OLDER);
		break;
	case KEY_COMPLETE:
		complete(edit);
		break;
	case KEY_CLEAR:
		draw_clear(edit);
		break;
	default:
		change(edit, key);
		break;
	}
	return EDIT_MORE;
}
