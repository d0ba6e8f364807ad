/* SPDX-License-Identifier: MIT
 * complete.c: the Tab key: puts in what all words that fit have in common, or shows them. Pure.
 *
 * A word begins behind a blank or a semicolon and ends at the cursor.
 */
#include "lib/base/string.h"
#include "lib/edit/parts.h"

#define WORDS_MAX 256 /* looked at */

/* Words that begin with what stands before the cursor. */
struct fitting {
	uint32_t count;
	size_t common; /* characters that all of them begin with */
	const char *first;
};

static size_t
start_of_word(const struct edit *edit)
{
	size_t at = edit->cursor;

	while (at && edit->text[at - 1] != ' ' && edit->text[at - 1] != ';') {
		at--;
	}
	return at;
}

/* The n-th word that could stand there; *fits if it begins with what is there. */
static const char *
word_at(const struct edit *edit, size_t start, uint32_t n, bool *fits)
{
	const char *word =
		n < WORDS_MAX ? edit->user->word(edit->user->context, edit->text, start, n) : NULL;

	*fits = word && !strncmp(word, edit->text + start, edit->cursor - start);
	return word;
}

static void
add(struct fitting *fitting, const char *word)
{
	size_t same = 0;

	if (!fitting->count++) {
		fitting->first = word;
		fitting->common = strlen(word);
		return;
	}
	while (same < fitting->common && word[same] == fitting->first[same]) {
		same++;
	}
	fitting->common = same;
}

static void
show_all(struct edit *edit, size_t start)
{
	const char *word;
	bool fits;

	edit_show(edit);
	draw_text(edit, "\n");
	for (uint32_t n = 0; (word = word_at(edit, start, n, &fits)); n++) {
		if (fits) {
			draw_text(edit, word);
			draw_text(edit, " ");
		}
	}
	draw_text(edit, "\n");
	draw_line(edit);
}

void
complete(struct edit *edit)
{
	struct fitting fitting = {0};
	size_t start = start_of_word(edit);
	size_t there = edit->cursor - start;
	const char *word;
	bool fits;

	for (uint32_t n = 0; (word = word_at(edit, start, n, &fits)); n++) {
		if (fits) {
			add(&fitting, word);
		}
	}
	if (!fitting.count) {
		draw_bell(edit);
	} else if (fitting.count == 1) {
		edit_insert(edit, fitting.first + there, fitting.common - there);
		edit_insert(edit, " ", 1);
	} else if (fitting.common > there) {
		edit_insert(edit, fitting.first + there, fitting.common - there);
	} else {
		show_all(edit, start);
	}
}
