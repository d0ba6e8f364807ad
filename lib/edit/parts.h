/* SPDX-License-Identifier: MIT
 * parts.h: what the files of this library want of each other.
 */
#ifndef LIB_EDIT_PARTS_H
#define LIB_EDIT_PARTS_H

#include "lib/edit/edit.h"

enum key {
	KEY_NONE,
	KEY_TEXT, /* a printable character */
	KEY_RETURN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_OLDER,
	KEY_NEWER,
	KEY_BACKSPACE,
	KEY_DELETE,
	KEY_CUT_RIGHT,
	KEY_CUT_LEFT,
	KEY_CUT_WORD,
	KEY_COMPLETE,
	KEY_CLEAR,
	KEY_GIVE_UP,
};

/* keys.c: the key that `c` completes, or KEY_NONE. */
enum key keys_put(struct edit *edit, char c);

/* edit.c: puts `bytes` characters in at the cursor; what does not fit is left out, and noted. */
void edit_insert(struct edit *edit, const char *text, size_t bytes);
/* Replaces the whole line. */
void edit_set(struct edit *edit, const char *text);

/* history.c: keeps the line; shows the one before or after what is shown. */
void history_keep(struct edit *edit);
void history_move(struct edit *edit, bool older);

/* complete.c: as far as there is no doubt; else shows what there is. */
void complete(struct edit *edit);

/* draw.c: text goes out at once, the line when edit_show is called, or before text. */
void draw_text(const struct edit *edit, const char *text);
void draw_line(struct edit *edit);
/* After `bytes` characters were put in before the cursor: mostly they can just be shown. */
void draw_insert(struct edit *edit, size_t bytes);
void draw_clear(struct edit *edit);
void draw_bell(const struct edit *edit);

#endif
