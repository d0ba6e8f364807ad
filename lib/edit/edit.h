/* SPDX-License-Identifier: MIT
 * edit.h: edits a line of text at a terminal: arrows, Home, End, Delete, ^A ^E ^B ^F ^D ^H ^K ^U
 * ^W ^L, history with the vertical arrows or ^P ^N, completion with Tab, ^C gives a line up.
 *
 * Any byte may come, in any number, and an escape sequence may end anywhere. Kept is only printable
 * ASCII, of which a line takes EDIT_BYTES - 1; what goes to the terminal is that, and the sequences
 * of draw.c. Long lines scroll sideways. Pure: no state but struct edit, no allocation.
 */
#ifndef LIB_EDIT_EDIT_H
#define LIB_EDIT_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDIT_BYTES   256
#define EDIT_HISTORY 16 /* lines */
#define EDIT_COLUMNS 80 /* of the terminal, at least */

/* What the caller provides; `context` goes with each call. */
struct edit_user {
	void *context;
	/* Shows `bytes` bytes at `text` on the terminal. */
	void (*show)(void *context, const char *text, size_t bytes);
	/* The n-th of the words that could stand at text + start, the rest of `text` being what
	 * stands before it; NULL behind the last. They need not begin with what is there already.
	 */
	const char *(*word)(void *context, const char *text, size_t start, uint32_t n);
	const char *prompt;
};

struct edit {
	/* The line: length < EDIT_BYTES, cursor <= length, text[length] is 0. */
	size_t length;
	size_t cursor;
	size_t left;      /* the first character that is shown */
	bool is_too_long; /* characters did not fit and were left out */
	bool is_stale;    /* the terminal shows something else */
	char text[EDIT_BYTES];
	/* A key that is not complete yet. */
	uint32_t keys; /* enum keys_state */
	uint32_t number;
	bool after_return; /* a newline now belongs to it */
	/* The lines before, past[past_end - 1 & EDIT_HISTORY - 1] the last of them. */
	uint32_t past_count;
	uint32_t past_end;
	uint32_t past_shown;    /* how far back the line on show stands, 0: it is being typed */
	char typed[EDIT_BYTES]; /* meanwhile */
	char past[EDIT_HISTORY][EDIT_BYTES];
	const struct edit_user *user;
};

enum edit_result {
	EDIT_MORE = 0,     /* the line goes on */
	EDIT_LINE = 1,     /* it is complete: edit->text, if it is not too long */
	EDIT_GIVEN_UP = 2, /* ^C: it is not wanted */
};

/* `user` must stay in place. */
void edit_open(struct edit *edit, const struct edit_user *user);

/* Begins a line. Before the first edit_put and after each complete line. */
void edit_begin(struct edit *edit);

/* Takes one byte. */
enum edit_result edit_put(struct edit *edit, char c);

/* Brings the terminal up to date: to be called when no more bytes are there, so that what comes
 * quickly is not drawn in between. */
void edit_show(struct edit *edit);

#endif
