/* SPDX-License-Identifier: MIT
 * edit_test.c: the line editor: every key against a terminal of one row, history, completion, lines
 * that are too long, sequences cut anywhere, noise.
 *
 * links: lib/edit/edit.c lib/edit/keys.c lib/edit/history.c lib/edit/complete.c lib/edit/draw.c
 * links: lib/base/print.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "lib/edit/edit.h"

#define PROMPT "chitin> "

/* A terminal of which only the row of the cursor counts. */
static struct terminal {
	char row[EDIT_COLUMNS + 1];
	size_t column;
	char sequence[16]; /* of escape, so far */
	size_t sequence_bytes;
	uint32_t rows; /* ended */
	uint32_t bells;
	char before[EDIT_COLUMNS + 1]; /* the row that ended last */
} terminal;

static struct edit edit;
static const char *const words[] = {"envs", "timeline", "trace", "top", NULL};
static const char *const names[] = {"web", "web-2", "heartbeat", NULL};

static void
terminal_clear_from(size_t column)
{
	memset(terminal.row + column, ' ', EDIT_COLUMNS - column);
}

static void
terminal_sequence(void)
{
	const char *s = terminal.sequence;

	if (!strcmp(s, "\033[K")) {
		terminal_clear_from(terminal.column);
	} else if (!strcmp(s, "\033[H")) {
		terminal.column = 0;
	} else if (!strcmp(s, "\033[2J")) {
		terminal_clear_from(0);
	} else {
		size_t left = strtoul(s + 2, NULL, 10);

		assert_true(s[strlen(s) - 1] == 'D' && left <= terminal.column);
		terminal.column -= left;
	}
	terminal.sequence_bytes = 0;
}

static void
terminal_put(char c)
{
	if (c == '\033' || terminal.sequence_bytes) {
		assert_true(terminal.sequence_bytes < sizeof(terminal.sequence) - 1);
		terminal.sequence[terminal.sequence_bytes++] = c;
		terminal.sequence[terminal.sequence_bytes] = 0;
		if (c != '[' && c >= '@' && c <= '~') {
			terminal_sequence();
		}
	} else if (c == '\n') {
		memcpy(terminal.before, terminal.row, sizeof(terminal.row));
		terminal.rows++;
		terminal.column = 0;
		terminal_clear_from(0);
	} else if (c == '\r') {
		terminal.column = 0;
	} else if (c == '\a') {
		terminal.bells++;
	} else {
		assert_true(c >= ' ' && c <= '~');
		if (terminal.column == EDIT_COLUMNS) { /* of what is not the line */
			terminal.column = 0;
			terminal_clear_from(0);
		}
		terminal.row[terminal.column++] = c;
	}
}

static void
show(void *context, const char *text, size_t bytes)
{
	assert_ptr_equal(context, &terminal);
	for (size_t i = 0; i < bytes; i++) {
		terminal_put(text[i]);
	}
}

static const char *
word(void *context, const char *text, size_t start, uint32_t n)
{
	(void)context;
	(void)text;
	return start ? names[n] : words[n];
}

static const struct edit_user user = {&terminal, show, word, PROMPT};

static int
begin(void **state)
{
	(void)state;
	memset(&terminal, 0, sizeof(terminal));
	memset(terminal.row, ' ', EDIT_COLUMNS);
	edit_open(&edit, &user);
	edit_begin(&edit);
	edit_show(&edit);
	return 0;
}

/* What is on the row is the prompt and a part of the line, the cursor where it belongs. */
static void
check(void)
{
	size_t seen;
	size_t most = EDIT_COLUMNS - 1 - strlen(PROMPT);
	char row[EDIT_COLUMNS + 1];

	edit_show(&edit);
	assert_true(edit.length < EDIT_BYTES && edit.text[edit.length] == 0);
	assert_true(edit.cursor <= edit.length && strlen(edit.text) == edit.length);
	assert_true(edit.left <= edit.cursor && edit.cursor - edit.left <= most);
	seen = edit.length - edit.left;
	seen = seen < most ? seen : most;
	snprintf(row, sizeof(row), "%s%-*.*s", PROMPT, (int)(EDIT_COLUMNS - strlen(PROMPT)),
		 (int)seen, edit.text + edit.left);
	assert_string_equal(terminal.row, row);
	assert_int_equal(terminal.column, strlen(PROMPT) + edit.cursor - edit.left);
}

/* Types; returns what the last byte did. A line is begun again as soon as it is over. */
static enum edit_result
type(const char *text)
{
	enum edit_result result = EDIT_MORE;

	for (; *text; text++) {
		result = edit_put(&edit, *text);
		if (result == EDIT_MORE) {
			check();
		} else if (text[1]) {
			edit_begin(&edit);
		}
	}
	return result;
}

static void
expect(const char *typed, const char *line)
{
	assert_int_equal(type(typed), EDIT_LINE);
	assert_string_equal(edit.text, line);
	assert_false(edit.is_too_long);
	edit_begin(&edit);
	check();
}

static void
test_plain(void **state)
{
	(void)state;
	expect("envs\r", "envs");
	assert_string_equal(strtok(terminal.before, " "), "chitin>");
	expect("\r", "");
	expect("  a ; b  \r", "  a ; b  ");
	assert_int_equal(terminal.rows, 3);
}

static void
test_keys(void **state)
{
	(void)state;
	expect("kil\033[Dxy\033[C\033[Cz\r", "kixylz");
	expect("ac\033ODb\033OC\r", "abc");
	expect("bc\033[Ha\033[Fd\r", "abcd");
	expect("bc\033[1~a\033[4~d\033[7~0\033[8~e\033OH<\033OF>\r", "<0abcde>");
	expect("bc\001a\005d\002\002-\006=\r", "ab-c=d");
	expect("abc\177\bx\r", "ax");
	expect("\177\b\033[3~\004\r", "");
	expect("abc\001\033[3~\004\r", "c");
	expect("abcdef\002\002\002\013\r", "abc");
	expect("abcdef\002\002\002\025\r", "def");
	expect("kill  web  \027x\r", "kill  x");
	expect("one two\002\027\r", "one o");
	expect("\027\025\013\r", "");
	expect("ab\033[1;5Dc\033[5Cd\r", "acbd");
}

static void
test_clear_and_give_up(void **state)
{
	(void)state;
	assert_int_equal(type("abc\002\014"), EDIT_MORE);
	check();
	expect("d\r", "abdc");
	assert_int_equal(type("abc\003"), EDIT_GIVEN_UP);
	assert_non_null(strstr(terminal.before, "abc^C "));
	edit_begin(&edit);
	expect("\033[A\r", "abdc"); /* it is not remembered */
}

static void
test_return(void **state)
{
	(void)state;
	assert_int_equal(type("a\r\n"), EDIT_MORE);
	expect("b\n", "b");
	assert_int_equal(type("c\r"), EDIT_LINE);
	edit_begin(&edit);
	assert_int_equal(type("\r"), EDIT_LINE);
	edit_begin(&edit);
	assert_int_equal(type("\n"), EDIT_MORE);
	expect("\n", "");
}

static void
test_history(void **state)
{
	char line[16];

	(void)state;
	expect("\033[A\020\033[B\016\r", "");
	expect("one\r", "one");
	expect("two\r", "two");
	expect("two\r", "two"); /* once is enough */
	expect("\033[A\033[A\r", "one");
	expect("typ\033[A\033[A\033[A\033[A\033[A\033[B\033[B\033[B\033[Bed\r", "typed");
	expect("\020\020\020x\r", "twox");
	for (int i = 0; i < 3 * EDIT_HISTORY; i++) {
		snprintf(line, sizeof(line), "n%d\r", i);
		type(line);
		edit_begin(&edit);
	}
	for (int i = 0; i < 2 * EDIT_HISTORY; i++) {
		type("\033OA");
	}
	expect("\r", "n32"); /* the oldest of 16 */
}

static void
test_complete(void **state)
{
	(void)state;
	expect("e\t\r", "envs ");
	expect("t\t\r", "t");
	assert_int_equal(terminal.rows, 4);
	expect("ti\tw\t\t-\t\r", "timeline web-2 ");
	expect("x\t\r", "x");
	assert_int_equal(terminal.bells, 1);
	expect("envs w\002\t\005h\t\r", "envs wh");
	expect("\t\t\r", "");
	assert_int_equal(type("top ;"), EDIT_MORE);
	expect("w\t\r", "top ;web");
}

static void
test_too_long(void **state)
{
	(void)state;
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(type(i % 10 ? "x" : "y"), EDIT_MORE);
	}
	assert_int_equal(terminal.bells, 1);
	assert_int_equal(edit.length, EDIT_BYTES - 1);
	assert_true(edit.is_too_long);
	type("\t\001\033[C\005");
	assert_int_equal(type("\r"), EDIT_LINE);
	assert_true(edit.is_too_long);
	edit_begin(&edit);
	expect("\020\r", ""); /* nor is it remembered */
	for (int i = 0; i < 300; i++) {
		type("z");
	}
	expect("\025ok\r", "ok");
}

static void
test_sequences(void **state)
{
	static const char *const whole[] = {
		"\033[1;5C", "\033[200~", "\033OA", "\033[?25h", "\033[99999999999999999999999D",
		"\033x",     "\033\033[C"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		for (size_t bytes = 1; bytes < strlen(whole[i]); bytes++) {
			char cut[64] = "ab";

			strncat(cut, whole[i], bytes);
			strcat(cut, "\r");
			expect(cut, "ab");
		}
	}
	expect("ab\033[12345678901234567890~c\033[\005d\033[Zx\033[@y\r", "abcdxy");
}

/* What comes quickly is drawn once; and what is drawn then is right. */
static void
test_burst(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		if (edit_put(&edit, (char)(rand_next(&seed) % 160)) != EDIT_MORE) {
			edit_begin(&edit);
		}
		if (rand_next(&seed) % 16 == 0) {
			check();
		}
	}
	type("\025");
	terminal.column = 0;
	for (int i = 0; i < 1000; i++) {
		edit_put(&edit, 'x');
	}
	assert_true(terminal.column < EDIT_COLUMNS); /* nothing was drawn since the row was full */
	check();
}

/* The obvious editor: what each key does to a text and a cursor. */
struct model {
	char text[EDIT_BYTES];
	size_t cursor;
};

static void
model_put(struct model *m, int key)
{
	size_t length = strlen(m->text);
	size_t *at = &m->cursor;

	switch (key) {
	case 1:
		*at = 0;
		break;
	case 2:
		*at -= *at > 0;
		break;
	case 4:
		memmove(m->text + *at, m->text + *at + (*at < length),
			length - *at + (*at == length));
		break;
	case 5:
		*at = length;
		break;
	case 6:
		*at += *at < length;
		break;
	case 8:
		if (*at) {
			memmove(m->text + *at - 1, m->text + *at, length - *at + 1);
			--*at;
		}
		break;
	case 11:
		m->text[*at] = 0;
		break;
	case 21:
		memmove(m->text, m->text + *at, length - *at + 1);
		*at = 0;
		break;
	default:
		if (length < EDIT_BYTES - 1) {
			memmove(m->text + *at + 1, m->text + *at, length - *at + 1);
			m->text[(*at)++] = (char)key;
		}
		break;
	}
}

static void
test_random_keys(void **state)
{
	static const int keys[] = {1, 2, 4, 5, 6, 8};
	static struct model model;
	uint64_t seed = 11;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t r = rand_next(&seed) % 1024;
		int key = r < 2     ? (r ? 11 : 21)
			  : r < 300 ? keys[r % ARRAY_SIZE(keys)]
				    : (int)(' ' + r % 95);

		model_put(&model, key);
		assert_int_equal(edit_put(&edit, (char)key), EDIT_MORE);
		check();
		assert_string_equal(edit.text, model.text);
		assert_int_equal(edit.cursor, model.cursor);
	}
}

static void
test_noise(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		if (edit_put(&edit, (char)rand_next(&seed)) != EDIT_MORE) {
			edit_begin(&edit);
		}
		check();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_plain, begin),
		cmocka_unit_test_setup(test_keys, begin),
		cmocka_unit_test_setup(test_clear_and_give_up, begin),
		cmocka_unit_test_setup(test_return, begin),
		cmocka_unit_test_setup(test_history, begin),
		cmocka_unit_test_setup(test_complete, begin),
		cmocka_unit_test_setup(test_too_long, begin),
		cmocka_unit_test_setup(test_sequences, begin),
		cmocka_unit_test_setup(test_burst, begin),
		cmocka_unit_test_setup(test_random_keys, begin),
		cmocka_unit_test_setup(test_noise, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
