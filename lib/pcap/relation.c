/* SPDX-License-Identifier: MIT
 * relation.c: comparisons of a field with a number: tcp[13] & 2 != 0.
 *
 *   PROTOCOL [ NUMBER [ : 1|2|4 ] ] [ & NUMBER ] RELATION NUMBER
 *
 * The first three may stand in parentheses. Numbers may be names (tcp-syn) and joined by |.
 * Relations other than = and != need the field's low bits: few prefixes are few comparisons.
 */
#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/pcap/parts.h"

#define FRAME_END 1514 /* no frame is longer */

enum relation {
	RELATION_EQUAL,
	RELATION_UNEQUAL,
	RELATION_LESS,
	RELATION_LESS_EQUAL,
	RELATION_GREATER,
	RELATION_GREATER_EQUAL,
};

static int
read_one(struct parser *parser, uint32_t *number)
{
	const struct token *token = &parser->lexer.token;
	const uint32_t *constant = token->kind == TOKEN_WORD ? names_constant(&token->word) : NULL;

	if (token->kind != TOKEN_NUMBER && !constant) {
		return parser_refuse(parser,
				     "a number must stand here; fields are compared with numbers "
				     "only");
	}
	*number |= constant ? *constant : token->number;
	lex_next(&parser->lexer);
	return 0;
}

/* Numbers with | between them, maybe in parentheses. */
static int
read_number(struct parser *parser, uint32_t *number)
{
	bool is_open = lex_take_mark(&parser->lexer, '(');
	int status;

	*number = 0;
	do {
		status = read_one(parser, number);
	} while (!status && lex_take_mark(&parser->lexer, '|'));
	if (!status && is_open && !lex_take_mark(&parser->lexer, ')')) {
		return parser_refuse(parser,
				     "this parenthesis needs its ) here: only | joins numbers");
	}
	return status;
}

/* Leaves parentheses that were opened around the field alone, as in (tcp[13] & 2) != 0. */
static void
close_around(struct parser *parser)
{
	while (parser->depth && lex_is_mark(&parser->lexer, ')')) {
		const struct frame *frame = &parser->frame[parser->depth];

		if (frame->has_left || frame->is_negated) {
			return;
		}
		parser->depth--;
		lex_next(&parser->lexer);
	}
}

/* [ OFFSET : SIZE ], counted from `base`. */
static int
read_place(struct parser *parser, uint32_t base, struct field *field)
{
	struct lexer *lexer = &parser->lexer;
	uint32_t offset;
	uint32_t width = 1;
	int status;

	lex_next(lexer);
	status = read_number(parser, &offset);
	if (!status && lex_take_mark(lexer, ':')) {
		status = read_number(parser, &width);
	}
	if (status) {
		return status;
	}
	if (width != 1 && width != 2 && width != 4) {
		return parser_refuse(parser, "a field has 1, 2 or 4 bytes");
	}
	if (offset > FRAME_END || base + offset + width > FRAME_END) {
		return parser_refuse(parser, "this field lies behind the end of the longest frame");
	}
	if (!lex_is_mark(lexer, ']')) {
		return parser_refuse(parser, "a ] must follow; an offset is a plain number");
	}
	field->offset = (uint16_t)(base + offset);
	field->width = (uint8_t)width;
	field->mask = width == 4 ? UINT32_MAX : (1u << width * 8) - 1;
	lex_next(lexer);
	return 0;
}

static int
read_field_mask(struct parser *parser, struct field *field)
{
	uint32_t mask;
	int status;

	if (!lex_is_mark(&parser->lexer, '&')) {
		return 0;
	}
	lex_next(&parser->lexer);
	status = read_number(parser, &mask);
	if (status) {
		return status;
	}
	field->mask &= mask;
	return field->mask ? 0 : parser_refuse(parser, "this mask leaves nothing of the field");
}

static int
read_relation(struct parser *parser, enum relation *relation)
{
	static const struct {
		uint16_t mark;
		enum relation relation;
	} relations[] = {
		{'=', RELATION_EQUAL},
		{MARK2('=', '='), RELATION_EQUAL},
		{'<', RELATION_LESS},
		{MARK2('<', '='), RELATION_LESS_EQUAL},
		{'>', RELATION_GREATER},
		{MARK2('>', '='), RELATION_GREATER_EQUAL},
		{MARK2('!', '='), RELATION_UNEQUAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(relations); i++) {
		if (lex_take_mark(&parser->lexer, relations[i].mark)) {
			*relation = relations[i].relation;
			return 0;
		}
	}
	return parser_refuse(parser, "a field can be masked (& NUMBER) and compared, nothing else");
}

/* The values that are less or greater, as [low, high]; false if there are none, or all. */
static bool
find_range(enum relation relation, uint32_t mask, uint32_t value, uint32_t *low, uint32_t *high)
{
	*low = 0;
	*high = mask;
	switch (relation) {
	case RELATION_LESS:
		*high = value - 1;
		return value && value <= mask;
	case RELATION_LESS_EQUAL:
		*high = value;
		return value < mask;
	case RELATION_GREATER:
		*low = value + 1;
		return value < mask;
	default:
		*low = value;
		return value && value <= mask;
	}
}

static int
make_order(struct parser *parser, const struct maker *maker, const struct field *field,
	   enum relation relation, uint32_t value)
{
	uint32_t low;
	uint32_t high;

	if (field->mask & (field->mask + 1)) {
		return pcap_refuse(parser->out, maker->column,
				   "less and greater need a mask of low bits (0x0f); the others "
				   "compare with = and !=");
	}
	if (!find_range(relation, field->mask, value, &low, &high)) {
		return pcap_refuse(parser->out, maker->column,
				   "this holds for all packets, or for none");
	}
	make_range(maker, field, low, high);
	return 0;
}

static int
make_relation(struct parser *parser, const struct maker *maker, const struct field *field,
	      enum relation relation, uint32_t value)
{
	uint32_t first = maker->graph->count;

	if (relation != RELATION_EQUAL && relation != RELATION_UNEQUAL) {
		return make_order(parser, maker, field, relation, value);
	}
	if (value & ~field->mask) {
		return pcap_refuse(parser->out, maker->column,
				   "the value has bits outside of the mask or the field, so this "
				   "holds for all packets, or for none");
	}
	make_equal(maker, field, value);
	if (relation == RELATION_UNEQUAL) {
		graph_not(maker->graph, first);
	}
	return 0;
}

int
relation_read(struct parser *parser, const struct protocol *protocol)
{
	struct maker maker = {&parser->out->graph, parser->lexer.token.column};
	uint32_t first = maker.graph->count;
	struct field field = {0};
	enum relation relation = RELATION_EQUAL;
	uint32_t base;
	uint32_t value;
	bool has_before = make_access(&maker, protocol, &base, &field.is_shifted);
	uint32_t second = maker.graph->count;
	int status = read_place(parser, base, &field);

	for (int masks = 0; !status && masks < 2; masks++) { /* (tcp[13]) & 2 and (tcp[13] & 2) */
		close_around(parser);
		status = read_field_mask(parser, &field);
	}
	close_around(parser);
	status = status ? status : read_relation(parser, &relation);
	status = status ? status : read_number(parser, &value);
	status = status ? status : make_relation(parser, &maker, &field, relation, value);
	if (!status && has_before) {
		graph_and(maker.graph, first, second);
	}
	return status;
}
