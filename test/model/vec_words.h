/* SPDX-License-Identifier: MIT
 * vec_words.h: lines of a vector file as words, and words as numbers. No heap, no files.
 */
#ifndef TEST_MODEL_VEC_WORDS_H
#define TEST_MODEL_VEC_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define VEC_WORDS_MAX 40
#define VEC_LINE_MAX  128

/* A line taken apart. */
struct vec_words {
	char text[VEC_LINE_MAX];
	const char *word[VEC_WORDS_MAX + 1]; /* the last one is followed by NULL */
	uint32_t count;
};

/* Splits [line, end) at blanks, commas, parentheses and brackets; # begins a comment. False when it
 * is too long. */
bool vec_split(struct vec_words *w, const char *line, const char *end);
/* A decimal or 0x number, also negative, or REGION or REGION+number: a pointer. False if it is no
 * such thing. */
bool vec_number(const char *word, uint64_t *value);
/* enum exo_code_region of a name; 0 when there is none of that name. */
uint32_t vec_region(const char *word);
/* A number without sign: digits, or 0x and digits. False if it is none, or above 64 bits. */
bool vec_digits(const char *word, uint64_t *value);

#endif
