/* SPDX-License-Identifier: MIT
 * history.c: the lines before this one: a ring of EDIT_HISTORY. Pure; state in struct edit.
 *
 * Invariants: past_count <= EDIT_HISTORY, past_shown <= past_count; every line in it ends with a 0.
 */
#include "lib/base/string.h"
#include "lib/edit/parts.h"

_Static_assert((EDIT_HISTORY & (EDIT_HISTORY - 1)) == 0, "a power of two");

/* The line `back` before the one being typed, which is 0. */
static char *
line_at(struct edit *edit, uint32_t back)
{
	return back ? edit->past[(edit->past_end - back) & (EDIT_HISTORY - 1)] : edit->typed;
}

void
history_keep(struct edit *edit)
{
	if (!edit->length || (edit->past_count && !strcmp(line_at(edit, 1), edit->text))) {
		return;
	}
	edit->past_end++;
	edit->past_count += edit->past_count < EDIT_HISTORY;
	memcpy(line_at(edit, 1), edit->text, edit->length + 1);
}

void
history_move(struct edit *edit, bool older)
{
	if (older ? edit->past_shown == edit->past_count : !edit->past_shown) {
		return;
	}
	if (!edit->past_shown) {
		memcpy(edit->typed, edit->text, edit->length + 1);
	}
	edit->past_shown += older ? 1 : UINT32_MAX;
	edit_set(edit, line_at(edit, edit->past_shown));
}
