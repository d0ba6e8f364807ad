/* SPDX-License-Identifier: MIT
 * parts.h: what parse.c (and, or, not, parentheses), term.c (protocols and qualifiers), value.c
 * (what they qualify) and relation.c (comparisons of fields) of the filter parser share.
 */
#ifndef LIB_PCAP_PARTS_H
#define LIB_PCAP_PARTS_H

#include "lib/pcap/lex.h"
#include "lib/pcap/lower.h"
#include "lib/pcap/primitive.h"

#define PARSE_DEPTH 16 /* of parentheses */

enum thing {
	THING_NONE, /* nothing can be left out: what came before has no qualifiers */
	THING_HOST, /* also where only a direction was given: src 10.0.0.1 */
	THING_NET,
	THING_PORT,
	THING_PORTRANGE,
	THING_PROTO,
};

/* What stands before an address, port or number; the next one may leave it out. */
struct qualifiers {
	const struct protocol *protocol; /* or a null pointer */
	enum direction direction;
	enum thing thing;
};

/* An open parenthesis, or the whole text. */
struct frame {
	uint32_t first; /* the leaf where its operands begin */
	uint32_t column;
	bool has_left; /* an operand stands before */
	bool is_and;   /* how the next one is joined to it */
	bool is_negated;
	struct qualifiers outside; /* those before the parenthesis */
};

struct parser {
	struct lexer lexer;
	struct pcap_lowered *out;
	const uint8_t *mac;
	struct qualifiers qualifiers;
	bool wants_value; /* the qualifiers have just been read: an address or number must follow */
	uint32_t depth;   /* frame[depth] is the innermost one */
	struct frame frame[PARSE_DEPTH + 1];
};

/* Refuses at the token: with what is wrong with itself, if it is TOKEN_BAD, else with `why`.
 * Returns E_INVAL. */
int parser_refuse(struct parser *parser, const char *why, ...)
	__attribute__((format(printf, 2, 3)));

static inline struct maker
maker_of(struct parser *parser)
{
	return (struct maker){&parser->out->graph, parser->lexer.token.column};
}

static inline bool
is_layer(const struct parser *parser, enum layer layer)
{
	const struct protocol *protocol = parser->qualifiers.protocol;

	return (protocol ? protocol->layer : LAYER_ANY) == layer;
}

static inline bool
is_network(const struct parser *parser, uint16_t ether_type)
{
	return is_layer(parser, LAYER_NETWORK) && parser->qualifiers.protocol->number == ether_type;
}

/* A primitive, or the qualifiers before one (then the token is what follows them and *is_done is
 * false). 0 or E_INVAL. */
int term_read(struct parser *parser, bool *is_done);

/* The token as the value of the qualifiers, with what belongs to it. 0 or E_INVAL. */
int value_read(struct parser *parser);

/* A comparison of a field, from the [ behind the protocol on. May close parentheses that opened
 * right before it. 0 or E_INVAL. */
int relation_read(struct parser *parser, const struct protocol *protocol);

#endif
