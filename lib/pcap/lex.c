/* SPDX-License-Identifier: MIT
 * lex.c: the text of a filter cut into tokens.
 *
 * The text is read left to right and never behind its final 0 byte: every reader below stops at
 * the first character that it does not want. What begins with a digit or a colon may be many
 * things; addresses are tried before numbers, as the longer ones.
 */
#include "lib/pcap/lex.h"

#include "lib/base/string.h"

#define MAC_BYTES 6
#define IP6_PARTS 8

/* The value of a hexadecimal digit, or -1. */
static int
digit_of(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	c |= 0x20;
	return (c >= 'a' && c <= 'z') || c == '_';
}

/* What cannot stand directly behind a number or an address. */
static bool
goes_on(char c)
{
	return is_letter(c) || is_digit(c) || c == '.' || c == ':';
}

/* Up to `most` digits of a base. Returns how many there were; too large a number is UINT64_MAX. */
static uint32_t
read_digits(const char **at, uint32_t base, uint32_t most, uint64_t *number)
{
	uint32_t digits = 0;

	*number = 0;
	for (; digits < most; digits++, ++*at) {
		int value = digit_of(**at);

		if (value < 0 || value >= (int)base) {
			break;
		}
		*number = *number > UINT32_MAX ? UINT64_MAX : *number * base + (uint32_t)value;
	}
	return digits;
}

static bool
read_mac(const char **at, uint8_t bytes[16])
{
	const char *from = *at;

	for (int i = 0; i < MAC_BYTES; i++) {
		uint64_t byte;

		if (i && *from != ':' && *from != '-') {
			return false;
		}
		from += i != 0;
		if (!read_digits(&from, 16, 2, &byte)) {
			return false;
		}
		bytes[i] = (uint8_t)byte;
	}
	if (goes_on(*from)) {
		return false;
	}
	*at = from;
	return true;
}

/* Groups of up to 4 digits with a colon between them; where two colons stand is the gap. Returns
 * how many groups there were. */
static int
read_groups(const char **at, uint8_t bytes[16], int *gap)
{
	int parts = 0;
	uint64_t part;

	*gap = -1;
	for (;;) {
		if ((*at)[0] == ':' && (*at)[1] == ':' && *gap < 0) {
			*gap = parts;
			*at += 2;
		} else if (parts && (*at)[0] == ':' && digit_of((*at)[1]) >= 0) {
			++*at;
		} else if (parts) {
			return parts;
		}
		if (parts == IP6_PARTS || !read_digits(at, 16, 4, &part)) {
			return parts;
		}
		bytes[parts * 2] = (uint8_t)(part >> 8);
		bytes[parts * 2 + 1] = (uint8_t)part;
		parts++;
	}
}

/* RFC 4291 2.2, forms 1 and 2. */
static bool
read_ip6(const char **at, uint8_t bytes[16])
{
	const char *from = *at;
	uint8_t groups[16] = {0};
	int gap;
	int parts = read_groups(&from, groups, &gap);

	if (goes_on(*from) || (gap < 0) != (parts == IP6_PARTS)) {
		return false;
	}
	gap = gap < 0 ? parts : gap;
	memset(bytes, 0, 16);
	memcpy(bytes, groups, (size_t)gap * 2);
	memcpy(bytes + 16 - (size_t)(parts - gap) * 2, groups + (size_t)gap * 2,
	       (size_t)(parts - gap) * 2);
	*at = from;
	return true;
}

/* Two to four decimal numbers of a byte each, with dots between them. */
static bool
read_ip(const char **at, struct token *token)
{
	const char *from = *at;
	uint64_t part;

	memset(token->bytes, 0, sizeof(token->bytes));
	token->octets = 0;
	do {
		from += token->octets != 0;
		if (token->octets == 4 || !read_digits(&from, 10, 3, &part) || part > 255) {
			return false;
		}
		token->bytes[token->octets++] = (uint8_t)part;
	} while (*from == '.');
	if (token->octets < 2 || goes_on(*from)) {
		return false;
	}
	*at = from;
	return true;
}

static bool
read_number(const char **at, uint32_t *number)
{
	uint32_t base = **at != '0' ? 10 : ((*at)[1] | 0x20) == 'x' ? 16 : 8;
	uint64_t value;

	*at += base == 16 ? 2 : 0;
	if (!read_digits(at, base, UINT32_MAX, &value) || value > UINT32_MAX) {
		return false;
	}
	*number = (uint32_t)value;
	return true;
}

static void
lex_number(struct lexer *lexer)
{
	struct token *token = &lexer->token;

	token->kind = TOKEN_NUMBER;
	if (!read_number(&lexer->at, &token->number)) {
		token->kind = TOKEN_BAD;
		token->why = "this number does not fit into 32 bits, or has no digits";
	} else if (lexer->at[0] == '-' && is_digit(lexer->at[1])) {
		token->kind = TOKEN_RANGE;
		lexer->at++;
		if (!read_number(&lexer->at, &token->last)) {
			token->kind = TOKEN_BAD;
			token->why = "the second number does not fit into 32 bits";
		}
	}
	if (token->kind != TOKEN_BAD && *lexer->at != ':' && goes_on(*lexer->at)) {
		token->kind = TOKEN_BAD;
		token->why = "this is neither a number nor an address";
	}
}

/* Names: letters, digits, and inside of them dots and hyphens. */
static void
lex_word(struct lexer *lexer, enum token_kind kind)
{
	const char *from = lexer->at;

	while (is_letter(*lexer->at) || is_digit(*lexer->at) || *lexer->at == '.' ||
	       *lexer->at == '-') {
		lexer->at++;
	}
	lexer->token.kind = kind;
	lexer->token.word = (struct word){from, (uint32_t)(lexer->at - from)};
}

static void
lex_mark(struct lexer *lexer)
{
	static const char pairs[][3] = {"&&", "||", "==", "!=", "<=", ">=", "<<", ">>"};
	struct token *token = &lexer->token;

	token->kind = TOKEN_MARK;
	token->mark = (uint8_t)*lexer->at++;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (token->mark == (uint8_t)pairs[i][0] && *lexer->at == pairs[i][1]) {
			token->mark = MARK2(pairs[i][0], pairs[i][1]);
			lexer->at++;
			return;
		}
	}
	if (!strchr("()[]:/&|!=<>+-*%^~", token->mark)) {
		token->kind = TOKEN_BAD;
		token->why = "this character means nothing here";
	}
}

static bool
lex_address(struct lexer *lexer)
{
	struct token *token = &lexer->token;

	if (read_mac(&lexer->at, token->bytes)) {
		token->kind = TOKEN_MAC;
	} else if (read_ip6(&lexer->at, token->bytes)) {
		token->kind = TOKEN_IP6;
	} else if (read_ip(&lexer->at, token)) {
		token->kind = TOKEN_IP;
	} else {
		return false;
	}
	return true;
}

void
lex_next(struct lexer *lexer)
{
	while (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\n') {
		lexer->at++;
	}
	lexer->token = (struct token){.column = (uint32_t)(lexer->at - lexer->text) + 1};
	if (!*lexer->at) {
		lexer->token.kind = TOKEN_END;
	} else if (lex_address(lexer)) {
		return;
	} else if (is_digit(*lexer->at)) {
		lex_number(lexer);
	} else if (is_letter(*lexer->at)) {
		lex_word(lexer, TOKEN_WORD);
	} else if (*lexer->at == '\\' && is_letter(lexer->at[1])) {
		lexer->at++;
		lex_word(lexer, TOKEN_ESCAPED);
	} else {
		lex_mark(lexer);
	}
}

void
lex_start(struct lexer *lexer, const char *text)
{
	*lexer = (struct lexer){.text = text, .at = text};
	lex_next(lexer);
}

bool
lex_is_mark(const struct lexer *lexer, uint16_t mark)
{
	return lexer->token.kind == TOKEN_MARK && lexer->token.mark == mark;
}

bool
lex_is_word(const struct lexer *lexer, const char *word)
{
	return lexer->token.kind == TOKEN_WORD && word_is(&lexer->token.word, word);
}

bool
lex_take_mark(struct lexer *lexer, uint16_t mark)
{
	bool is_it = lex_is_mark(lexer, mark);

	if (is_it) {
		lex_next(lexer);
	}
	return is_it;
}

bool
lex_take_word(struct lexer *lexer, const char *word)
{
	bool is_it = lex_is_word(lexer, word);

	if (is_it) {
		lex_next(lexer);
	}
	return is_it;
}
