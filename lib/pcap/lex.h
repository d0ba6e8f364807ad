/* SPDX-License-Identifier: MIT
 * lex.h: the text of a filter cut into tokens.
 */
#ifndef LIB_PCAP_LEX_H
#define LIB_PCAP_LEX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/pcap/names.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,    /* word */
	TOKEN_ESCAPED, /* word, behind a \ */
	TOKEN_NUMBER,  /* number: at most 32 bits, decimal, 0x or 0 for octal */
	TOKEN_RANGE,   /* number to last: 80-90 */
	TOKEN_IP,      /* bytes[0..3], as far as given: `octets` of them */
	TOKEN_IP6,     /* bytes[0..15] */
	TOKEN_MAC,     /* bytes[0..5] */
	TOKEN_MARK,    /* mark: a character, or two as '&&' */
	TOKEN_BAD,     /* why */
};

struct token {
	enum token_kind kind;
	uint32_t column; /* counted from 1 */
	struct word word;
	uint32_t number;
	uint32_t last;
	uint32_t octets;
	uint16_t mark;
	uint8_t bytes[16];
	const char *why;
};

#define MARK2(a, b) ((uint16_t)((a) << 8 | (b)))

struct lexer {
	const char *text;
	const char *at; /* behind `token` */
	struct token token;
};

/* Makes lexer->token the first one of the text, and the next one. */
void lex_start(struct lexer *lexer, const char *text);
void lex_next(struct lexer *lexer);

bool lex_is_mark(const struct lexer *lexer, uint16_t mark);
bool lex_is_word(const struct lexer *lexer, const char *word);

/* Steps over the mark, or the word, if it is the token. */
bool lex_take_mark(struct lexer *lexer, uint16_t mark);
bool lex_take_word(struct lexer *lexer, const char *word);

#endif
