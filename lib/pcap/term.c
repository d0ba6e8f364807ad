/* SPDX-License-Identifier: MIT
 * term.c: primitives of the filter syntax: protocols, and qualifiers with what they qualify.
 *
 * [PROTOCOL] [src|dst|src or dst|src and dst] [host|net|port|portrange|proto] VALUE; a VALUE alone
 * takes the qualifiers of the one before it. Which combinations make sense is libpcap's choice.
 */
#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/string.h"
#include "lib/pcap/parts.h"

/* --- qualifiers ----------------------------------------------------------------------------- */

static bool
take_end(struct lexer *lexer, enum direction *direction)
{
	if (lex_take_word(lexer, "src")) {
		*direction = DIRECTION_SOURCE;
	} else if (lex_take_word(lexer, "dst")) {
		*direction = DIRECTION_DESTINATION;
	} else {
		return false;
	}
	return true;
}

/* src, dst, or both of them with `or` or `and` between; those words may also join primitives. */
static bool
take_direction(struct lexer *lexer, enum direction *direction)
{
	enum direction other;
	struct lexer ahead;
	bool is_and;

	if (!take_end(lexer, direction)) {
		return false;
	}
	ahead = *lexer;
	is_and = lex_is_word(&ahead, "and") || lex_is_mark(&ahead, MARK2('&', '&'));
	if (is_and || lex_is_word(&ahead, "or") || lex_is_mark(&ahead, MARK2('|', '|'))) {
		lex_next(&ahead);
		if (take_end(&ahead, &other) && other != *direction) {
			*direction = is_and ? DIRECTION_BOTH : DIRECTION_ANY;
			*lexer = ahead;
		}
	}
	return true;
}

static bool
take_thing(struct lexer *lexer, enum thing *thing)
{
	static const struct {
		const char *word;
		enum thing thing;
	} things[] = {
		{"host", THING_HOST},           {"net", THING_NET},     {"port", THING_PORT},
		{"portrange", THING_PORTRANGE}, {"proto", THING_PROTO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
		if (lex_take_word(lexer, things[i].word)) {
			*thing = things[i].thing;
			return true;
		}
	}
	return false;
}

/* --- primitives without a value ------------------------------------------------------------- */

/* The address that reaches all, or many. */
static int
make_group(struct parser *parser, bool is_broadcast)
{
	struct maker maker = maker_of(parser);
	uint32_t first = maker.graph->count;
	uint32_t second;

	if (is_layer(parser, LAYER_ANY) || is_layer(parser, LAYER_LINK)) {
		static const struct address all = {
			.size = 6,
			.bytes = {255, 255, 255, 255, 255, 255},
			.mask = {255, 255, 255, 255, 255, 255},
		};

		if (is_broadcast) {
			make_host(&maker, &all, 0, DIRECTION_DESTINATION);
		} else {
			make_equal(&maker, &(struct field){.width = 1, .mask = 1}, 1);
		}
		return 0;
	}
	if (is_broadcast || (!is_network(parser, NAMES_IP) && !is_network(parser, NAMES_IP6))) {
		return parser_refuse(parser, is_broadcast
						     ? "the broadcast address of the net is not "
						       "known; write dst host ADDRESS"
						     : "only ether, ip and ip6 have multicast");
	}
	make_network(&maker, parser->qualifiers.protocol->number);
	second = maker.graph->count;
	if (is_network(parser, NAMES_IP)) { /* 224.0.0.0 and above: RFC 1112 4 */
		make_equal(&maker, &(struct field){.offset = 30, .width = 1, .mask = 0xe0}, 0xe0);
	} else { /* RFC 4291 2.7 */
		make_equal(&maker, &(struct field){.offset = 38, .width = 1, .mask = 0xff}, 0xff);
	}
	graph_and(maker.graph, first, second);
	return 0;
}

/* A protocol by itself: tcp. */
static int
make_alone(struct parser *parser, const struct protocol *protocol, uint32_t column)
{
	struct maker maker = {&parser->out->graph, column};

	if (protocol->layer == LAYER_LINK) {
		return parser_refuse(parser, "ether must be followed by host, src, dst, proto, "
					     "broadcast, multicast or [");
	}
	make_protocol(&maker, protocol);
	return 0;
}

/* Qualifiers, or a primitive that consists of words alone. */
static int
read_words(struct parser *parser, bool *is_done)
{
	struct lexer *lexer = &parser->lexer;
	uint32_t column = lexer->token.column;
	const struct protocol *protocol = names_protocol(&lexer->token.word);
	struct qualifiers *qualifiers = &parser->qualifiers;
	bool has_direction;

	*qualifiers = (struct qualifiers){.protocol = protocol};
	if (protocol) {
		lex_next(lexer);
	}
	*is_done = true;
	if (protocol && lex_is_mark(lexer, '[')) {
		return relation_read(parser, protocol);
	}
	if (lex_is_word(lexer, "broadcast") || lex_is_word(lexer, "multicast")) {
		int status = make_group(parser, lex_is_word(lexer, "broadcast"));

		lex_next(lexer);
		return status;
	}
	has_direction = take_direction(lexer, &qualifiers->direction);
	if (take_thing(lexer, &qualifiers->thing) || has_direction) {
		qualifiers->thing = qualifiers->thing ? qualifiers->thing : THING_HOST;
		parser->wants_value = true;
		*is_done = false;
		return 0;
	}
	return protocol ? make_alone(parser, protocol, column)
			: parser_refuse(parser, "this word is not known");
}

/* Does the word begin a primitive? Else it is a name. */
static bool
begins(const struct parser *parser)
{
	static const char *const words[] = {"src",       "dst",   "host",      "net",      "port",
					    "portrange", "proto", "broadcast", "multicast"};
	const struct token *token = &parser->lexer.token;

	if (token->kind != TOKEN_WORD ||
	    (parser->wants_value && parser->qualifiers.thing == THING_PROTO)) {
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (word_is(&token->word, words[i])) {
			return true;
		}
	}
	return names_protocol(&token->word) != NULL;
}

int
term_read(struct parser *parser, bool *is_done)
{
	const struct token *token = &parser->lexer.token;
	const char *why = token->kind == TOKEN_WORD ? names_refusal(&token->word) : NULL;

	if (why) {
		return parser_refuse(parser, "%s", why);
	}
	if (token->kind == TOKEN_END || token->kind == TOKEN_MARK || token->kind == TOKEN_BAD) {
		return parser_refuse(parser, parser->wants_value
						     ? "a value is missing here"
						     : "something to look for is missing here");
	}
	if (begins(parser)) {
		return parser->wants_value ? parser_refuse(parser, "a value must follow here")
					   : read_words(parser, is_done);
	}
	*is_done = true;
	if (parser->qualifiers.thing == THING_NONE && token->kind == TOKEN_WORD) {
		return parser_refuse(parser, "this word is not known");
	}
	return value_read(parser);
}
