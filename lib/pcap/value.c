/* SPDX-License-Identifier: MIT
 * value.c: what qualifiers qualify: addresses, nets, ports, protocols.
 *
 * Which combinations make sense is libpcap's choice. Nothing here asks a resolver.
 */
#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/string.h"
#include "lib/pcap/parts.h"

static void
fill_mask(struct address *address, uint32_t bits)
{
	memset(address->mask, 0, sizeof(address->mask));
	for (uint32_t i = 0; i < bits; i++) {
		address->mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
}

static bool
is_inside_mask(const struct address *address)
{
	for (uint32_t i = 0; i < address->size; i++) {
		if (address->bytes[i] & ~address->mask[i]) {
			return false;
		}
	}
	return true;
}

/* "/24" or "mask 255.255.255.0" behind the address of a net. */
static int
read_mask(struct parser *parser, struct address *address)
{
	struct lexer *lexer = &parser->lexer;
	const struct token *token = &lexer->token;
	bool is_length = lex_is_mark(lexer, '/');

	if (!is_length && !lex_is_word(lexer, "mask")) {
		return 0;
	}
	if (parser->qualifiers.thing != THING_NET) {
		return parser_refuse(parser, "only a net has a mask; write net");
	}
	lex_next(lexer);
	if (is_length ? token->kind != TOKEN_NUMBER || token->number > address->size * 8
		      : token->kind != TOKEN_IP || address->size != 4) {
		return parser_refuse(parser, "no mask for %u bits stands here", address->size * 8);
	}
	if (is_length) {
		fill_mask(address, token->number);
	} else {
		memcpy(address->mask, token->bytes, 4);
	}
	if (!is_inside_mask(address)) {
		return parser_refuse(parser, "the address has bits outside of this mask");
	}
	lex_next(lexer);
	return 0;
}

/* The address in IPv4, ARP and RARP, or in the one that was named. */
static int
make_ip_hosts(struct parser *parser, const struct maker *maker, const struct address *address)
{
	static const uint16_t types[] = {NAMES_IP, NAMES_ARP, NAMES_RARP};
	uint32_t first = maker->graph->count;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		uint32_t second = maker->graph->count;

		if (!is_layer(parser, LAYER_ANY) && !is_network(parser, types[i])) {
			continue;
		}
		make_host(maker, address, types[i], parser->qualifiers.direction);
		if (second > first) {
			graph_or(maker->graph, first, second);
		}
	}
	return maker->graph->count > first || maker->graph->is_full
		       ? 0
		       : pcap_refuse(parser->out, maker->column,
				     "only ip, arp and rarp have addresses of this kind");
}

/* An IPv4 address or net: with dots, maybe not all four numbers, or as one number. */
static int
read_ip(struct parser *parser)
{
	struct token token = parser->lexer.token;
	struct maker maker = maker_of(parser);
	struct address address = {.size = 4};
	uint32_t bits = token.kind == TOKEN_IP ? token.octets * 8 : 32;
	int status;

	if (token.kind == TOKEN_NUMBER) {
		if (parser->qualifiers.thing == THING_NET) {
			for (; bits > 8 && !(token.number >> 24); bits -= 8) {
				token.number <<= 8;
			}
		}
		for (int i = 0; i < 4; i++) {
			token.bytes[i] = (uint8_t)(token.number >> (24 - 8 * i));
		}
	}
	memcpy(address.bytes, token.bytes, 4);
	fill_mask(&address, bits);
	lex_next(&parser->lexer);
	status = read_mask(parser, &address);
	return status ? status : make_ip_hosts(parser, &maker, &address);
}

static int
read_ip6(struct parser *parser)
{
	struct maker maker = maker_of(parser);
	struct address address = {.size = 16};
	int status;

	if (!is_layer(parser, LAYER_ANY) && !is_network(parser, NAMES_IP6)) {
		return parser_refuse(parser, "only ip6 has addresses of this kind");
	}
	memcpy(address.bytes, parser->lexer.token.bytes, 16);
	fill_mask(&address, 128);
	lex_next(&parser->lexer);
	status = read_mask(parser, &address);
	if (!status) {
		make_host(&maker, &address, NAMES_IP6, parser->qualifiers.direction);
	}
	return status;
}

/* An Ethernet address, or "nic" for that of the card itself. */
static int
read_mac(struct parser *parser, const uint8_t *mac)
{
	struct maker maker = maker_of(parser);
	struct address address = {.size = 6};

	if (!is_layer(parser, LAYER_LINK) || parser->qualifiers.thing != THING_HOST) {
		return parser_refuse(parser,
				     "an Ethernet address belongs to ether host, src or dst");
	}
	memcpy(address.bytes, mac, 6);
	fill_mask(&address, 48);
	make_host(&maker, &address, 0, parser->qualifiers.direction);
	lex_next(&parser->lexer);
	return 0;
}

static int
read_host(struct parser *parser)
{
	const struct token *token = &parser->lexer.token;

	if (token->kind == TOKEN_IP || token->kind == TOKEN_NUMBER) {
		return read_ip(parser);
	}
	if (token->kind == TOKEN_IP6) {
		return read_ip6(parser);
	}
	if (token->kind == TOKEN_MAC) {
		return read_mac(parser, token->bytes);
	}
	if (parser->mac && lex_is_word(&parser->lexer, "nic")) {
		return read_mac(parser, parser->mac);
	}
	return parser_refuse(parser, "no address stands here; names would need a resolver");
}

/* Which transport protocol the ports are of: 0 for all. */
static int
port_transport(struct parser *parser, uint8_t *transport)
{
	const struct protocol *protocol = parser->qualifiers.protocol;

	*transport = protocol ? (uint8_t)protocol->number : 0;
	if (!protocol || (protocol->layer == LAYER_TRANSPORT &&
			  (protocol->number == NAMES_TCP || protocol->number == NAMES_UDP ||
			   protocol->number == NAMES_SCTP))) {
		return 0;
	}
	return parser_refuse(parser, "only tcp, udp and sctp have ports");
}

static int
read_port_name(struct parser *parser, uint32_t *number, uint8_t *transport)
{
	const struct port *port = names_port(&parser->lexer.token.word);

	if (!port) {
		return parser_refuse(parser, "no port of this name is known; write its number");
	}
	if (port->transport && *transport && port->transport != *transport) {
		return parser_refuse(parser, "%s is a port of %s", port->name,
				     port->transport == NAMES_TCP ? "tcp" : "udp");
	}
	*transport = port->transport ? port->transport : *transport;
	*number = port->number;
	return 0;
}

static int
read_port(struct parser *parser)
{
	const struct token *token = &parser->lexer.token;
	struct maker maker = maker_of(parser);
	bool is_range = parser->qualifiers.thing == THING_PORTRANGE && token->kind == TOKEN_RANGE;
	uint32_t low = token->number;
	uint32_t high = is_range ? token->last : low;
	uint8_t transport;
	int status = port_transport(parser, &transport);

	if (!status && (token->kind == TOKEN_WORD || token->kind == TOKEN_ESCAPED)) {
		status = read_port_name(parser, &low, &transport);
		high = low;
	} else if (!status && token->kind != TOKEN_NUMBER && !is_range) {
		status = parser_refuse(parser, "no port stands here; a range is portrange 80-90");
	}
	if (!status && (low > UINT16_MAX || high > UINT16_MAX)) {
		status = parser_refuse(parser, "ports are at most 65535");
	}
	if (status) {
		return status;
	}
	make_ports(&maker, (uint16_t)(low < high ? low : high), (uint16_t)(low < high ? high : low),
		   transport, parser->qualifiers.direction);
	lex_next(&parser->lexer);
	return 0;
}

static int
make_ether_type(struct parser *parser, const struct maker *maker, uint32_t number)
{
	if (number <= 1500 || number > UINT16_MAX) {
		return parser_refuse(parser,
				     "Ethernet types are from 1501 to 65535; 802.2 headers are not "
				     "known, compare ether[...]");
	}
	if (number == 0x809b || number == 0x80f3) {
		return parser_refuse(parser,
				     "this protocol has more than one Ethernet type; compare "
				     "ether[...]");
	}
	make_network(maker, (uint16_t)number);
	return 0;
}

/* `number` inside of IPv4, IPv6 or both, or right behind the Ethernet header. */
static int
make_proto(struct parser *parser, const struct maker *maker, uint32_t number)
{
	struct protocol protocol = {.layer = LAYER_TRANSPORT, .number = (uint16_t)number};

	if (is_layer(parser, LAYER_LINK)) {
		return make_ether_type(parser, maker, number);
	}
	protocol.in_ip = is_layer(parser, LAYER_ANY) || is_network(parser, NAMES_IP);
	protocol.in_ip6 = is_layer(parser, LAYER_ANY) || is_network(parser, NAMES_IP6);
	if (!protocol.in_ip && !protocol.in_ip6) {
		return parser_refuse(parser, "proto belongs to ether, ip or ip6");
	}
	if (number > UINT8_MAX) {
		return parser_refuse(parser, "protocol numbers of ip and ip6 are at most 255");
	}
	make_protocol(maker, &protocol);
	return 0;
}

static int
read_proto(struct parser *parser)
{
	const struct token *token = &parser->lexer.token;
	struct maker maker = maker_of(parser);
	uint32_t number = token->number;
	int status;

	if (parser->qualifiers.direction != DIRECTION_ANY) {
		return parser_refuse(parser, "a protocol has no source or destination");
	}
	if (token->kind == TOKEN_WORD || token->kind == TOKEN_ESCAPED) {
		const struct protocol *protocol = names_protocol(&token->word);
		enum layer wanted = is_layer(parser, LAYER_LINK) ? LAYER_NETWORK : LAYER_TRANSPORT;

		if (!protocol || protocol->layer != wanted) {
			return parser_refuse(parser,
					     "no protocol of this name is known here; write its "
					     "number");
		}
		number = protocol->number;
	} else if (token->kind != TOKEN_NUMBER) {
		return parser_refuse(parser, "no protocol stands here");
	}
	status = make_proto(parser, &maker, number);
	lex_next(&parser->lexer);
	return status;
}

int
value_read(struct parser *parser)
{
	parser->wants_value = false;
	switch (parser->qualifiers.thing) {
	case THING_HOST:
	case THING_NET:
		return read_host(parser);
	case THING_PORT:
	case THING_PORTRANGE:
		return read_port(parser);
	case THING_PROTO:
		return read_proto(parser);
	default:
		return parser_refuse(parser,
				     "say what this is: host, net, port, portrange or proto");
	}
}
