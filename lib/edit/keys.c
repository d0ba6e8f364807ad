/* SPDX-License-Identifier: MIT
 * keys.c: which bytes mean which key. State: edit->keys, edit->number, edit->after_return.
 *
 *   ESC O A   ESC [ A   ESC [ 1 ; 5 A   an arrow;   ESC [ 3 ~   a key with a number
 *
 * ECMA-48, 5.4: parameters are 0x30-0x3f, then come 0x20-0x2f, and 0x40-0x7e ends a sequence. A
 * control character in the middle ends it too and counts itself, so a sequence that was cut off
 * swallows no Return. Sequences that nobody knows are passed over as a whole.
 */
#include "lib/base/checked.h"
#include "lib/edit/parts.h"

#define ESCAPE     27
#define DELETE     127
#define CONTROL(c) ((c) - '@')
#define NUMBER_MAX 999

enum keys_state {
	KEYS_PLAIN,
	KEYS_ESCAPE,   /* after ESC */
	KEYS_SHIFT,    /* after ESC O */
	KEYS_SEQUENCE, /* after ESC [ */
};

static const uint8_t controls[' '] = {
	[CONTROL('A')] = KEY_HOME,      [CONTROL('B')] = KEY_LEFT,
	[CONTROL('C')] = KEY_GIVE_UP,   [CONTROL('D')] = KEY_DELETE,
	[CONTROL('E')] = KEY_END,       [CONTROL('F')] = KEY_RIGHT,
	[CONTROL('H')] = KEY_BACKSPACE, [CONTROL('I')] = KEY_COMPLETE,
	[CONTROL('J')] = KEY_RETURN,    [CONTROL('K')] = KEY_CUT_RIGHT,
	[CONTROL('L')] = KEY_CLEAR,     [CONTROL('M')] = KEY_RETURN,
	[CONTROL('N')] = KEY_NEWER,     [CONTROL('P')] = KEY_OLDER,
	[CONTROL('U')] = KEY_CUT_LEFT,  [CONTROL('W')] = KEY_CUT_WORD,
};

static const uint8_t letters[] = {
	['A' - 'A'] = KEY_OLDER, ['B' - 'A'] = KEY_NEWER, ['C' - 'A'] = KEY_RIGHT,
	['D' - 'A'] = KEY_LEFT,  ['F' - 'A'] = KEY_END,   ['H' - 'A'] = KEY_HOME,
};

static const uint8_t numbers[] = {
	[1] = KEY_HOME, [3] = KEY_DELETE, [4] = KEY_END, [7] = KEY_HOME, [8] = KEY_END,
};

/* A newline behind a carriage return is part of it. */
static enum key
control_key(struct edit *edit, char c)
{
	bool is_rest = c == '\n' && edit->after_return;

	edit->after_return = c == '\r';
	edit->keys = c == ESCAPE ? KEYS_ESCAPE : KEYS_PLAIN;
	edit->number = 0;
	return is_rest ? KEY_NONE : controls[(uint8_t)c];
}

/* The key of a sequence that ends with `c`. */
static enum key
last_key(const struct edit *edit, char c)
{
	uint32_t letter = (uint32_t)(c - 'A');

	if (c == '~') {
		return edit->number < ARRAY_SIZE(numbers) ? numbers[edit->number] : KEY_NONE;
	}
	return c >= 'A' && letter < ARRAY_SIZE(letters) ? letters[letter] : KEY_NONE;
}

static enum key
sequence_key(struct edit *edit, char c)
{
	if (c >= '0' && c <= '9' && edit->number <= NUMBER_MAX) {
		edit->number = edit->number * 10 + (uint32_t)(c - '0');
	}
	if (c < '@' && edit->keys == KEYS_SEQUENCE) {
		return KEY_NONE;
	}
	edit->keys = KEYS_PLAIN;
	return last_key(edit, c);
}

enum key
keys_put(struct edit *edit, char c)
{
	if ((uint8_t)c < ' ') {
		return control_key(edit, c);
	}
	edit->after_return = false;
	if (c == DELETE) {
		edit->keys = KEYS_PLAIN;
		return KEY_BACKSPACE;
	}
	if ((uint8_t)c > DELETE) {
		return KEY_NONE;
	}
	if (edit->keys == KEYS_PLAIN) {
		return KEY_TEXT;
	}
	if (edit->keys == KEYS_ESCAPE) {
		edit->keys = c == '[' ? KEYS_SEQUENCE : c == 'O' ? KEYS_SHIFT : KEYS_PLAIN;
		return KEY_NONE;
	}
	return sequence_key(edit, c);
}
