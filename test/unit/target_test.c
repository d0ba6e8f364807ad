/* SPDX-License-Identifier: MIT
 * target_test.c: request targets: what they name, and that none leaves the root.
 *
 * links: user/web/target.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "user/web/target.h"

static const struct vector {
	const char *target;
	const char *path; /* 0: E_FORMAT */
} vectors[] = {
	{"/", ""},
	{"/index.html", "index.html"},
	{"/a/b", "a/b"},
	{"/a/b/", "a/b/"},
	{"//a///b//", "a/b/"},
	{"/a?b=/../..", "a"},
	{"/?x", ""},
	{"/a%20b+c", "a b+c"},
	{"/a%2Fb", "a/b"},
	{"/%e4%BD%a0", "\xe4\xbd\xa0"},
	{"/\xe4\xbd\xa0", "\xe4\xbd\xa0"},
	{"/100%25", "100%"},
	{"/%3fx", "?x"},
	{"/.", ""},
	{"/./a/./b/.", "a/b/"},
	{"/a/..", ""},
	{"/a/b/..", "a/"},
	{"/a/b/../", "a/"},
	{"/a/../b", "b"},
	{"/a//../b", "b"},
	{"/a/%2e%2E/b", "b"},
	{"/a%2f..%2fb", "b"},
	{"/...", "..."},
	{"/..a/b..", "..a/b.."},
	{"/.a", ".a"},
	{"/..", 0},
	{"/../etc/passwd", 0},
	{"/a/../../b", 0},
	{"/%2e%2e/x", 0},
	{"/..%2fx", 0},
	{"/.//../x", 0},
	{"/%", 0},
	{"/%2", 0},
	{"/%2g", 0},
	{"/%g2", 0},
	{"/%00", 0},
	{"/%0a", 0},
	{"/%7f", 0},
};

static void
test_decode(void **state)
{
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		char *copy = malloc(strlen(v->target));
		assert_non_null(copy);
		memcpy(copy, v->target, strlen(v->target));
		int bytes = target_decode(copy, strlen(v->target), path, sizeof(path));
		free(copy);
		if (!v->path) {
			assert_int_equal(bytes, E_FORMAT);
			continue;
		}
		if (bytes != (int)strlen(v->path)) {
			print_error("%s gave %d\n", v->target, bytes);
		}
		assert_int_equal(bytes, strlen(v->path));
		assert_memory_equal(path, v->path, (size_t)bytes);
	}
}

static void
test_room(void **state)
{
	char path[8];

	(void)state;
	assert_int_equal(target_decode("/12345678", 9, path, sizeof(path)), 8);
	assert_int_equal(target_decode("/123456789", 10, path, sizeof(path)), E_NOSPACE);
	assert_int_equal(target_decode("/12345/../x", 11, path, sizeof(path)), 1);
}

/* What was encoded decodes to itself. */
static void
test_encode(void **state)
{
	char name[200];
	char target[600];
	char path[200];
	size_t bytes = 0;

	(void)state;
	for (int c = ' '; c < 256 && bytes < sizeof(name); c++) {
		if (c != 0x7f) {
			name[bytes++] = (char)c;
		}
	}
	name['/' - ' '] = '+';
	int length = target_encode(name, bytes, target, sizeof(target));
	assert_true(length > 0);
	for (int i = 0; i < length; i++) {
		assert_true(target[i] > ' ' && target[i] < 0x7f &&
			    !strchr("\"<>\\^`{|}?#", target[i]));
	}
	assert_int_equal(target_decode(target, (size_t)length, path, sizeof(path)), bytes);
	assert_memory_equal(path, name, bytes);
	assert_int_equal(target_encode("a/b c", 5, target, sizeof(target)), 8);
	assert_memory_equal(target, "/a/b%20c", 8);
	assert_int_equal(target_encode("abc", 3, target, 3), E_NOSPACE);
	assert_int_equal(target_encode("", 0, target, 0), E_NOSPACE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_encode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
