/* SPDX-License-Identifier: MIT
 * string.c: the kernel's own memory and string functions (C11 7.24).
 *
 * Built for the kernel only: user programs and host tests have their C library's. memset and
 * memcpy work in unrolled turns of whole words when both ends allow it, because clearing and
 * copying frames is what the kernel does most: clearing 4 KiB takes 16 turns of 32 stores.
 * Misaligned word accesses are never made: some harts trap them to M-mode.
 * The compiler is told (build.mk) not to turn these loops into calls of themselves.
 */
#include "lib/base/string.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/words.h"

#define WORD_MASK  (WORD_BYTES - 1)
#define HALF_BYTES sizeof(half)
#define HALF_MASK  (HALF_BYTES - 1)

enum { /* words per turn; the pragmas below want constants, not macros */
       FILL_WORDS = 32,
       COPY_WORDS = 8,
       SAME_WORDS = 4,
       SAME_BYTES = SAME_WORDS * WORD_BYTES,
};

/* `bytes` is a multiple of WORD_BYTES. */
static void
words_fill(word *to, word value, size_t bytes)
{
	const word *turns_end = to + bytes / WORD_BYTES / FILL_WORDS * FILL_WORDS;
	const word *end = to + bytes / WORD_BYTES;

	for (; to < turns_end; to += FILL_WORDS) {
#pragma GCC unroll FILL_WORDS
		for (size_t i = 0; i < FILL_WORDS; i++) {
			to[i] = value;
		}
	}
	for (; end - to >= COPY_WORDS; to += COPY_WORDS) {
#pragma GCC unroll COPY_WORDS
		for (size_t i = 0; i < COPY_WORDS; i++) {
			to[i] = value;
		}
	}
	while (to < end) {
		*to++ = value;
	}
}

void *
memset(void *to, int value, size_t bytes)
{
	unsigned char *at = to;

	for (; bytes && ((uintptr_t)at & WORD_MASK); bytes--) {
		*at++ = (unsigned char)value;
	}
	words_fill((word *)at, (unsigned char)value * 0x0101010101010101u, bytes & ~WORD_MASK);
	at += bytes & ~WORD_MASK;
	for (bytes &= WORD_MASK; bytes; bytes--) {
		*at++ = (unsigned char)value;
	}
	return to;
}

/* Where both are aligned to half a word only, as in cpio archives. `bytes` is a multiple of
 * HALF_BYTES. */
static void
halves_copy(half *restrict to, const half *restrict from, size_t bytes)
{
	const half *turns_end = to + bytes / HALF_BYTES / COPY_WORDS * COPY_WORDS;
	const half *end = to + bytes / HALF_BYTES;

	for (; to < turns_end; to += COPY_WORDS, from += COPY_WORDS) {
		half turn[COPY_WORDS];

#pragma GCC unroll COPY_WORDS
		for (size_t i = 0; i < COPY_WORDS; i++) {
			turn[i] = from[i];
		}
#pragma GCC unroll COPY_WORDS
		for (size_t i = 0; i < COPY_WORDS; i++) {
			to[i] = turn[i];
		}
	}
	while (to < end) {
		*to++ = *from++;
	}
}

/* Apart, so that the others need not save registers for it. Returns `to`. */
static __attribute__((noinline)) void *
copy_alike(void *restrict to, const void *restrict from, size_t bytes)
{
	words_copy_alike(to, from, bytes);
	return to;
}

/* Where the two are never aligned at the same time. Returns how many bytes were copied; only words
 * that lie within `from` are read. */
static size_t
shifted(unsigned char *to, const unsigned char *from, size_t bytes)
{
	size_t head = WORD_BYTES + (-(uintptr_t)to & WORD_MASK);
	size_t words = bytes < head + WORD_BYTES ? 0 : (bytes - head) / WORD_BYTES - 1;
	uintptr_t behind = (uintptr_t)(from + head) & WORD_MASK;

	if (!words) {
		return 0;
	}
	for (size_t i = 0; i < head; i++) {
		to[i] = from[i];
	}
	words_copy_shifted((word *)(to + head), (const word *)(from + head - behind),
			   (unsigned)(8 * behind), words);
	return head + words * WORD_BYTES;
}

static __attribute__((noinline)) void *
copy_unlike(void *restrict to, const void *restrict from, size_t bytes)
{
	unsigned char *at = to;
	const unsigned char *source = from;

	if (!(((uintptr_t)at ^ (uintptr_t)source) & HALF_MASK)) {
		for (; bytes && ((uintptr_t)at & HALF_MASK); bytes--) {
			*at++ = *source++;
		}
		halves_copy((half *)at, (const half *)source, bytes & ~HALF_MASK);
		at += bytes & ~HALF_MASK;
		source += bytes & ~HALF_MASK;
		bytes &= HALF_MASK;
	} else {
		size_t done = shifted(at, source, bytes);

		at += done;
		source += done;
		bytes -= done;
	}
	while (bytes--) {
		*at++ = *source++;
	}
	return to;
}

/* The two are apart, so that the first need not make room for what the other one does. */
void *
memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	if (!(((uintptr_t)to ^ (uintptr_t)from) & WORD_MASK) && bytes >= WORD_BYTES) {
		return copy_alike(to, from, bytes);
	}
	return copy_unlike(to, from, bytes);
}

/* A copy that starts at the lower end is right when `to` lies below or behind `from`'s bytes. */
void *
memmove(void *to, const void *from, size_t bytes)
{
	unsigned char *at = to;
	const unsigned char *source = from;

	if ((uintptr_t)at - (uintptr_t)source >= bytes) {
		if ((uintptr_t)source - (uintptr_t)at >= bytes) {
			return memcpy(to, from, bytes);
		}
		while (bytes--) {
			*at++ = *source++;
		}
		return to;
	}
	while (bytes--) {
		at[bytes] = source[bytes];
	}
	return to;
}

static bool
is_same_turn(const word *x, const word *y)
{
#pragma GCC unroll SAME_WORDS
	for (size_t i = 0; i < SAME_WORDS; i++) {
		if (x[i] != y[i]) {
			return false;
		}
	}
	return true;
}

int
memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a;
	const unsigned char *y = b;
	const unsigned char *end = x + bytes;

	if (!(((uintptr_t)x | (uintptr_t)y) & WORD_MASK)) {
		const unsigned char *turns_end = end - bytes % SAME_BYTES;
		const unsigned char *last = end - bytes % WORD_BYTES;

		for (; x < turns_end && is_same_turn((const word *)x, (const word *)y);
		     x += SAME_BYTES) {
			y += SAME_BYTES;
		}
		for (; x < last && *(const word *)x == *(const word *)y; x += WORD_BYTES) {
			y += WORD_BYTES;
		}
	}
	for (; x < end; x++, y++) {
		if (*x != *y) {
			return *x - *y;
		}
	}
	return 0;
}

void *
memchr(const void *from, int value, size_t bytes)
{
	const unsigned char *at = from;

	for (; bytes; bytes--, at++) {
		if (*at == (unsigned char)value) {
			return (void *)(uintptr_t)at;
		}
	}
	return NULL;
}

size_t
strnlen(const char *string, size_t bytes)
{
	size_t length = 0;

	while (length < bytes && string[length]) {
		length++;
	}
	return length;
}

size_t
strlen(const char *string)
{
	return strnlen(string, SIZE_MAX);
}

int
strncmp(const char *a, const char *b, size_t bytes)
{
	for (; bytes; bytes--, a++, b++) {
		if (*a != *b) {
			return (unsigned char)*a - (unsigned char)*b;
		}
		if (!*a) {
			break;
		}
	}
	return 0;
}

int
strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *
strchr(const char *string, int value)
{
	for (; *string != (char)value; string++) {
		if (!*string) {
			return NULL;
		}
	}
	return (char *)(uintptr_t)string;
}
