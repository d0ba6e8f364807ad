/* SPDX-License-Identifier: MIT
 * vec_words.c: takes a line apart, and reads numbers.
 */
#include "test/model/vec_words.h"

#include <stddef.h>
#include <string.h>
#include <exo/code.h>

static const struct {
	char name[8];
	uint32_t nr;
} regions[] = {
	{"stack", EXO_REGION_STACK}, {"data", EXO_REGION_DATA},   {"input", EXO_REGION_INPUT},
	{"state", EXO_REGION_STATE}, {"reply", EXO_REGION_REPLY}, {"params", EXO_REGION_PARAMS},
};

bool
vec_split(struct vec_words *w, const char *line, const char *end)
{
	size_t bytes = (size_t)(end - line);
	bool in_word = false;

	w->count = 0;
	if (bytes >= sizeof(w->text)) {
		return false;
	}
	memcpy(w->text, line, bytes);
	w->text[bytes] = 0;
	for (char *c = w->text; *c; c++) {
		if (*c == '#') {
			*c = 0;
			break;
		}
		if (strchr(" \t\r,[]()", *c)) {
			*c = 0;
			in_word = false;
			continue;
		}
		if (!in_word && w->count == VEC_WORDS_MAX) {
			return false;
		}
		if (!in_word) {
			w->word[w->count++] = c;
		}
		in_word = true;
	}
	w->word[w->count] = NULL;
	return true;
}

static uint32_t
region_of(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		if (strlen(regions[i].name) == length && !memcmp(regions[i].name, word, length)) {
			return regions[i].nr;
		}
	}
	return 0;
}

static unsigned
digit_of(char c)
{
	return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
	       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
				      : 99;
}

uint32_t
vec_region(const char *word)
{
	return region_of(word, strlen(word));
}

bool
vec_digits(const char *word, uint64_t *value)
{
	unsigned base = word[0] == '0' && word[1] == 'x' ? 16 : 10;

	word += base == 16 ? 2 : 0;
	for (*value = 0; *word; word++) {
		unsigned digit = digit_of(*word);

		if (digit >= base || __builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit, value)) {
			return false;
		}
	}
	return digit_of(word[-1]) < base;
}

bool
vec_number(const char *word, uint64_t *value)
{
	const char *sign = strpbrk(word, "+-");
	size_t length = sign ? (size_t)(sign - word) : strlen(word);
	uint64_t base = (uint64_t)region_of(word, length) << EXO_REGION_SHIFT;

	*value = base;
	if (base && !sign) {
		return true;
	}
	if ((length && !base && sign) || !vec_digits(sign ? sign + 1 : word, value)) {
		return false;
	}
	*value = sign && *sign == '-' ? base - *value : base + *value;
	return true;
}
