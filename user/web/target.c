/* SPDX-License-Identifier: MIT
 * target.c: request targets.
 *
 * Everything is decoded first and then cut into segments, so "%2e%2e%2f" is "../" like any other.
 * The result is only ever looked up in a table of names; still no result leaves the root: ".."
 * beyond it is an error.
 * Pure. Callers: conn.c, tests, fuzzing.
 */
#include "user/web/target.h"

#include <string.h>

#include <exo/errors.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
		return (c | 0x20) - 'a' + 10;
	}
	return E_FORMAT;
}

/* The next decoded byte at *at, which it advances; E_FORMAT for a bad escape or a control
 * character. */
static int
decode_byte(const char *target, size_t bytes, size_t *at)
{
	int c = (unsigned char)target[(*at)++];

	if (c == '%') {
		if (bytes - *at < 2 || hex_digit(target[*at]) < 0 ||
		    hex_digit(target[*at + 1]) < 0) {
			return E_FORMAT;
		}
		c = hex_digit(target[*at]) << 4 | hex_digit(target[*at + 1]);
		*at += 2;
	}
	return c < ' ' || c == 0x7f ? E_FORMAT : c;
}

/* The last segment of path[0, length) is complete: takes it away if it is ".", and if it is ".."
 * with the one before. Returns the new length, or E_FORMAT. */
static int
end_segment(const char *path, size_t length)
{
	size_t start = length;

	while (start > 0 && path[start - 1] != '/') {
		start--;
	}
	if (length - start == 1 && path[start] == '.') {
		return (int)start;
	}
	if (length - start != 2 || memcmp(path + start, "..", 2)) {
		return (int)length;
	}
	if (start == 0) {
		return E_FORMAT;
	}
	start--; /* the '/' that ends the segment before */
	while (start > 0 && path[start - 1] != '/') {
		start--;
	}
	return (int)start;
}

int
target_decode(const char *target, size_t bytes, char *path, size_t room)
{
	const char *query = memchr(target, '?', bytes);
	int length = 0;

	bytes = query ? (size_t)(query - target) : bytes;
	for (size_t at = 0; at < bytes;) {
		int c = decode_byte(target, bytes, &at);
		if (c < 0) {
			return c;
		}
		if (c == '/') {
			length = end_segment(path, (size_t)length);
			if (length < 0) {
				return length;
			}
			if (length == 0 || path[length - 1] == '/') {
				continue;
			}
		}
		if ((size_t)length == room) {
			return E_NOSPACE;
		}
		path[length++] = (char)c;
	}
	return end_segment(path, (size_t)length);
}

int
target_encode(const char *path, size_t bytes, char *target, size_t room)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
	static const char digits[] = "0123456789ABCDEF";
	size_t length = 0;

	if (room == 0) {
		return E_NOSPACE;
	}
	target[length++] = '/';
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)path[i];
		if (room - length < 3) {
			return E_NOSPACE;
		}
		if (c && strchr(plain, c)) {
			target[length++] = (char)c;
		} else {
			target[length++] = '%';
			target[length++] = digits[c >> 4];
			target[length++] = digits[c & 15];
		}
	}
	return (int)length;
}
