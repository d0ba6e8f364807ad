/* SPDX-License-Identifier: MIT
 * parse.c: filters in the syntax of tcpdump: and, or, not and parentheses; pcap_lower.
 *
 * pcap-filter(7): `and` and `or` bind alike, from left to right; `not` binds the next primitive or
 * parenthesis. So nothing but open parentheses has to be remembered, and they are a small array.
 */
#include <exo/errors.h>

#include "lib/base/print.h"
#include "lib/pcap/parts.h"
#include "lib/pcap/solve.h"

int
pcap_refuse(struct pcap_lowered *out, uint32_t column, const char *why, ...)
{
	va_list arguments;

	va_start(arguments, why);
	vsnformat(out->sentence, sizeof(out->sentence), why, arguments);
	va_end(arguments);
	out->column = column;
	return E_INVAL;
}

int
parser_refuse(struct parser *parser, const char *why, ...)
{
	const struct token *token = &parser->lexer.token;
	va_list arguments;

	if (token->kind == TOKEN_BAD) {
		return pcap_refuse(parser->out, token->column, "%s", token->why);
	}
	va_start(arguments, why);
	vsnformat(parser->out->sentence, sizeof(parser->out->sentence), why, arguments);
	va_end(arguments);
	parser->out->column = token->column;
	return E_INVAL;
}

static int
open_frame(struct parser *parser)
{
	struct frame *frame = &parser->frame[parser->depth + 1];

	if (parser->depth == PARSE_DEPTH) {
		return parser_refuse(parser, "there are more than %u parentheses inside each other",
				     PARSE_DEPTH);
	}
	*frame = (struct frame){.first = parser->out->graph.count,
				.column = parser->lexer.token.column,
				.outside = parser->qualifiers};
	parser->depth++;
	lex_next(&parser->lexer);
	return 0;
}

/* The leaves from `at` on are an operand of the innermost frame. */
static void
join(struct parser *parser, uint32_t at)
{
	struct graph *graph = &parser->out->graph;
	struct frame *frame = &parser->frame[parser->depth];

	if (frame->is_negated) {
		graph_not(graph, at);
		frame->is_negated = false;
	}
	if (!frame->has_left) {
		frame->has_left = true;
		frame->first = at;
	} else if (frame->is_and) {
		graph_and(graph, frame->first, at);
	} else {
		graph_or(graph, frame->first, at);
	}
}

/* One primitive, with every `not` and parenthesis before it. */
static int
read_operand(struct parser *parser)
{
	uint32_t at = parser->out->graph.count;
	bool is_done = false;
	int status = 0;

	while (!status && !is_done) {
		struct frame *frame = &parser->frame[parser->depth];

		if (lex_take_word(&parser->lexer, "not") || lex_take_mark(&parser->lexer, '!')) {
			frame->is_negated = !frame->is_negated;
		} else if (lex_is_mark(&parser->lexer, '(')) {
			status = open_frame(parser);
		} else {
			status = term_read(parser, &is_done);
		}
	}
	if (!status && parser->out->graph.is_full) {
		return parser_refuse(parser, "up to here there are more than %u comparisons",
				     GRAPH_LEAVES_MAX);
	}
	if (!status) {
		join(parser, at);
	}
	return status;
}

static int
close_frames(struct parser *parser)
{
	while (lex_is_mark(&parser->lexer, ')')) {
		uint32_t at = parser->frame[parser->depth].first;

		if (!parser->depth) {
			return parser_refuse(parser, "no parenthesis is open here");
		}
		parser->qualifiers = parser->frame[parser->depth].outside;
		parser->depth--;
		join(parser, at);
		lex_next(&parser->lexer);
	}
	return 0;
}

/* What stands behind an operand. */
static int
read_operator(struct parser *parser, bool *is_end)
{
	struct lexer *lexer = &parser->lexer;
	struct frame *frame = &parser->frame[parser->depth];

	*is_end = lexer->token.kind == TOKEN_END;
	if (*is_end) {
		return parser->depth ? pcap_refuse(parser->out, frame->column,
						   "this parenthesis is not closed")
				     : 0;
	}
	frame->is_and = lex_is_word(lexer, "and") || lex_is_mark(lexer, MARK2('&', '&'));
	if (!frame->is_and && !lex_is_word(lexer, "or") && !lex_is_mark(lexer, MARK2('|', '|'))) {
		const char *why =
			lexer->token.kind == TOKEN_WORD ? names_refusal(&lexer->token.word) : NULL;

		return parser_refuse(parser, "%s",
				     why ? why : "and, or, ) or the end must follow here");
	}
	lex_next(lexer);
	return 0;
}

static int
parse(struct parser *parser)
{
	bool is_end = parser->lexer.token.kind == TOKEN_END;
	int status = 0;

	while (!status && !is_end) {
		status = read_operand(parser);
		status = status ? status : close_frames(parser);
		status = status ? status : read_operator(parser, &is_end);
	}
	return status;
}

int
pcap_parse(const char *text, const uint8_t mac[6], struct pcap_lowered *out)
{
	struct parser parser = {.out = out, .mac = mac};

	out->count = 0;
	out->column = 0;
	out->sentence[0] = 0;
	out->graph.count = 0;
	out->graph.is_full = false;
	lex_start(&parser.lexer, text);
	return parse(&parser);
}

int
pcap_lower(const char *text, const uint8_t mac[6], struct pcap_lowered *out)
{
	int status = pcap_parse(text, mac, out);

	return status ? status : pcap_solve(out);
}
