/* SPDX-License-Identifier: MIT
 * string_test.c: the kernel's memory and string functions against the C library's.
 *
 * string.c is included under other names, because the test itself needs the library's. Buffers
 * are of exact size on the heap, so that the sanitizer sees every byte too far.
 * links: ; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp
#define memchr  kernel_memchr
#define strlen  kernel_strlen
#define strnlen kernel_strnlen
#define strcmp  kernel_strcmp
#define strncmp kernel_strncmp
#define strchr  kernel_strchr
#undef LIB_BASE_STRING_H
#include "lib/base/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr

#include "lib/base/rand.h"

#define EDGE 24

static uint64_t seed = 1;

static void
fill_random(unsigned char *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		at[i] = (unsigned char)rand_next(&seed);
	}
}

static void
try_memset(size_t shift, size_t bytes)
{
	unsigned char *ours = malloc(shift + bytes + 1);
	unsigned char *theirs = malloc(shift + bytes + 1);

	fill_random(ours, shift + bytes + 1);
	memcpy(theirs, ours, shift + bytes + 1);
	assert_ptr_equal(kernel_memset(ours + shift, (int)bytes + 0x180, bytes), ours + shift);
	memset(theirs + shift, (int)bytes + 0x180, bytes);
	assert_memory_equal(ours, theirs, shift + bytes + 1);
	free(ours);
	free(theirs);
}

static void
try_memcpy(size_t to_shift, size_t from_shift, size_t bytes)
{
	unsigned char *from = malloc(from_shift + bytes);
	unsigned char *to = malloc(to_shift + bytes);

	fill_random(from, from_shift + bytes);
	fill_random(to, to_shift + bytes);
	assert_ptr_equal(kernel_memcpy(to + to_shift, from + from_shift, bytes), to + to_shift);
	assert_memory_equal(to + to_shift, from + from_shift, bytes);
	free(from);
	free(to);
}

static void
test_memset_memcpy(void **state)
{
	(void)state;
	for (size_t bytes = 0; bytes < 600; bytes += bytes < 80 ? 1 : 13) {
		for (size_t shift = 0; shift < 9; shift++) {
			try_memset(shift, bytes);
			for (size_t from = 0; from < 9; from++) {
				try_memcpy(shift, from, bytes);
			}
		}
	}
	try_memset(0, 4096);
	try_memset(3, 4096);
	try_memcpy(0, 0, 4096);
	try_memcpy(5, 5, 4096);
}

static void
test_memmove(void **state)
{
	unsigned char ours[400];
	unsigned char theirs[400];

	(void)state;
	for (size_t to = 0; to < 200; to += 3) {
		for (size_t from = 0; from < 200; from += 7) {
			size_t bytes = rand_below(&seed, 200);

			fill_random(ours, sizeof(ours));
			memcpy(theirs, ours, sizeof(ours));
			assert_ptr_equal(kernel_memmove(ours + to, ours + from, bytes), ours + to);
			memmove(theirs + to, theirs + from, bytes);
			assert_memory_equal(ours, theirs, sizeof(ours));
		}
	}
}

static int
sign(int value)
{
	return (value > 0) - (value < 0);
}

/* A string on the heap, without a byte behind its 0, of few letters so that many are equal. */
static char *
random_string(void)
{
	size_t length = rand_below(&seed, EDGE);
	char *string = malloc(length + 1);

	for (size_t i = 0; i < length; i++) {
		string[i] = "ab\x80\xff"[rand_below(&seed, 2 + 2 * rand_below(&seed, 2))];
	}
	string[length] = 0;
	return string;
}

static void
test_strings(void **state)
{
	const char edges[] = "a\xff";

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char *a = random_string();
		char *b = random_string();
		size_t shorter = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
		size_t limit = rand_below(&seed, EDGE);

		assert_int_equal(kernel_strlen(a), strlen(a));
		assert_int_equal(kernel_strnlen(a, limit), strnlen(a, limit));
		assert_int_equal(sign(kernel_strcmp(a, b)), sign(strcmp(a, b)));
		assert_int_equal(sign(kernel_strncmp(a, b, limit)), sign(strncmp(a, b, limit)));
		assert_int_equal(sign(kernel_memcmp(a, b, shorter)), sign(memcmp(a, b, shorter)));
		assert_ptr_equal(kernel_memchr(a, 'b', strlen(a)), memchr(a, 'b', strlen(a)));
		assert_ptr_equal(kernel_strchr(a, 'b'), strchr(a, 'b'));
		assert_ptr_equal(kernel_strchr(a, 0xff), strchr(a, 0xff));
		assert_ptr_equal(kernel_strchr(a, 0), strchr(a, 0));
		free(a);
		free(b);
	}
	assert_ptr_equal(kernel_memchr(edges, 0x1ff, 2), edges + 1);
	assert_int_equal(sign(kernel_memcmp("\x80", "\x7f", 1)), 1);
}

/* One byte that differs, at each place of each length, at each alignment of the two to a word. */
static void
test_memcmp(void **state)
{
	uint64_t left[20], right[20];

	(void)state;
	memset(left, 0x5a, sizeof(left));
	memset(right, 0x5a, sizeof(right));
	for (size_t shift = 0; shift < 64; shift++) {
		const char *a = (const char *)left + shift % 8;
		char *b = (char *)right + shift / 8;

		for (size_t bytes = 0; bytes < sizeof(left) - 8; bytes++) {
			assert_int_equal(kernel_memcmp(a, b, bytes), 0);
			b[bytes] ^= 0x80;
			assert_int_equal(kernel_memcmp(a, b, bytes), 0);
			assert_true(kernel_memcmp(a, b, bytes + 1) < 0);
			assert_true(kernel_memcmp(b, a, sizeof(left) - 8) > 0);
			b[bytes] ^= 0x80;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memset_memcpy),
		cmocka_unit_test(test_memmove),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_memcmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
