/* SPDX-License-Identifier: MIT
 * primitive.c: what the primitives of the filter syntax compare.
 *
 * Offsets: IEEE 802.3 3.2, RFC 826, RFC 791 3.1, RFC 8200 3 and 4.5; the ports are the first four
 * bytes of TCP, UDP and SCTP alike (RFC 9293, 768, 9260). State: the caller's graph.
 */
#include "lib/pcap/primitive.h"

#include "lib/base/checked.h"

#define ETHER_TYPE      12
#define IP_FRAGMENT     20     /* flags and fragment offset */
#define IP_FRAGMENT_ANY 0x3fff /* more fragments, or not the first */
#define IP_PROTOCOL     23
#define IP6_NEXT        20
#define IP6_FRAGMENT    44 /* the next header is a fragment header */

/* Where the two addresses of a header stand. */
struct ends {
	uint16_t ether_type;
	uint16_t source;
	uint16_t destination;
};

static const struct ends all_ends[] = {
	{0, 6, 0}, /* Ethernet */
	{NAMES_IP, 26, 30}, {NAMES_ARP, 28, 38}, {NAMES_RARP, 28, 38}, {NAMES_IP6, 22, 38},
};

static const uint8_t port_carriers[] = {NAMES_TCP, NAMES_UDP, NAMES_SCTP};

static uint32_t
here(const struct maker *maker)
{
	return maker->graph->count;
}

static void
test(const struct maker *maker, const struct field *field, uint32_t value)
{
	struct leaf leaf = {.column = maker->column, .is_shifted = field->is_shifted};

	leaf.test = (struct exo_atom){.kind = EXO_ATOM_COMPARE,
				      .width = field->width,
				      .offset = field->offset,
				      .mask = field->mask,
				      .value = value};
	graph_add(maker->graph, &leaf);
}

static void
test_byte(const struct maker *maker, uint16_t offset, uint8_t value)
{
	test(maker, &(struct field){.offset = offset, .width = 1, .mask = 0xff}, value);
}

void
make_network(const struct maker *maker, uint16_t ether_type)
{
	test(maker, &(struct field){.offset = ETHER_TYPE, .width = 2, .mask = 0xffff}, ether_type);
}

void
make_in_ip(const struct maker *maker, uint8_t number)
{
	uint32_t first = here(maker);

	make_network(maker, NAMES_IP);
	uint32_t second = here(maker);
	test_byte(maker, IP_PROTOCOL, number);
	graph_and(maker->graph, first, second);
}

void
make_in_ip6(const struct maker *maker, uint8_t number)
{
	uint32_t first = here(maker);

	make_network(maker, NAMES_IP6);
	uint32_t second = here(maker);
	test_byte(maker, IP6_NEXT, number);
	uint32_t third = here(maker);
	test_byte(maker, IP6_NEXT, IP6_FRAGMENT);
	uint32_t fourth = here(maker);
	test_byte(maker, PRIMITIVE_IP6, number);
	graph_and(maker->graph, third, fourth);
	graph_or(maker->graph, second, third);
	graph_and(maker->graph, first, second);
}

void
make_protocol(const struct maker *maker, const struct protocol *protocol)
{
	uint32_t first = here(maker);

	if (protocol->layer == LAYER_NETWORK) {
		make_network(maker, protocol->number);
		return;
	}
	if (protocol->in_ip) {
		make_in_ip(maker, (uint8_t)protocol->number);
	}
	if (protocol->in_ip6) {
		uint32_t second = here(maker);

		make_in_ip6(maker, (uint8_t)protocol->number);
		if (second > first) {
			graph_or(maker->graph, first, second);
		}
	}
}

static uint32_t
word_at(const uint8_t *bytes, uint32_t width)
{
	uint32_t word = 0;

	for (uint32_t i = 0; i < width; i++) {
		word = word << 8 | bytes[i];
	}
	return word;
}

/* `width` bytes of an address, from byte `from` on; the address stands at `at`. */
static void
test_part(const struct maker *maker, const struct address *address, uint16_t at, uint32_t from,
	  uint32_t width)
{
	struct field field = {.offset = (uint16_t)(at + from),
			      .width = (uint8_t)width,
			      .mask = word_at(address->mask + from, width)};

	test(maker, &field, word_at(address->bytes + from, width) & field.mask);
}

/* An address at offset `at`: 4 bytes at a time; of 6 bytes, the last four come first. */
static void
test_address(const struct maker *maker, const struct address *address, uint16_t at)
{
	uint32_t first = here(maker);

	if (address->size == 6) {
		test_part(maker, address, at, 2, 4);
		uint32_t second = here(maker);
		test_part(maker, address, at, 0, 2);
		graph_and(maker->graph, first, second);
		return;
	}
	for (uint32_t i = 0; i < address->size; i += 4) {
		uint32_t second = here(maker);

		test_part(maker, address, at, i, 4);
		if (i) {
			graph_and(maker->graph, first, second);
		}
	}
}

/* Joins what was said of the source, [first, second), with what follows of the destination. */
static void
join_ends(const struct maker *maker, enum direction direction, uint32_t first, uint32_t second)
{
	if (direction == DIRECTION_BOTH) {
		graph_and(maker->graph, first, second);
	} else if (direction == DIRECTION_ANY) {
		graph_or(maker->graph, first, second);
	}
}

static void
test_addresses(const struct maker *maker, const struct address *address, const struct ends *ends,
	       enum direction direction)
{
	uint32_t first = here(maker);

	if (direction != DIRECTION_DESTINATION) {
		test_address(maker, address, ends->source);
	}
	uint32_t second = here(maker);
	if (direction != DIRECTION_SOURCE) {
		test_address(maker, address, ends->destination);
	}
	join_ends(maker, direction, first, second);
}

void
make_host(const struct maker *maker, const struct address *address, uint16_t ether_type,
	  enum direction direction)
{
	uint32_t first = here(maker);
	const struct ends *ends = all_ends;

	while (ends->ether_type != ether_type && ends < all_ends + ARRAY_SIZE(all_ends) - 1) {
		ends++;
	}
	if (!ether_type) {
		test_addresses(maker, address, ends, direction);
		return;
	}
	make_network(maker, ether_type);
	uint32_t second = here(maker);
	test_addresses(maker, address, ends, direction);
	graph_and(maker->graph, first, second);
}

void
make_equal(const struct maker *maker, const struct field *field, uint32_t value)
{
	test(maker, field, value);
}

/* The largest aligned block of values that begins at `low` and ends at or before `high`, as the
 * number of its free low bits. */
static uint32_t
free_bits(uint32_t low, uint32_t high, uint32_t mask)
{
	uint32_t bits = 0;

	while (mask >> bits) {
		uint32_t block = (uint32_t)((1ull << (bits + 1)) - 1);

		if (low & block || block > high - low) {
			break;
		}
		bits++;
	}
	return bits;
}

void
make_range(const struct maker *maker, const struct field *field, uint32_t low, uint32_t high)
{
	uint32_t first = here(maker);

	for (;;) {
		uint32_t second = here(maker);
		uint32_t block = (uint32_t)((1ull << free_bits(low, high, field->mask)) - 1);
		struct field part = *field;

		part.mask &= ~block;
		test(maker, &part, low);
		if (second > first) {
			graph_or(maker->graph, first, second);
		}
		if (high - low <= block) {
			return;
		}
		low += block + 1;
	}
}

/* The transport header, in IPv4 or IPv6, has the ports. */
static void
test_ports(const struct maker *maker, const struct field ends[2], uint32_t low, uint32_t high,
	   enum direction direction)
{
	uint32_t first = here(maker);

	if (direction != DIRECTION_DESTINATION) {
		make_range(maker, &ends[0], low, high);
	}
	uint32_t second = here(maker);
	if (direction != DIRECTION_SOURCE) {
		make_range(maker, &ends[1], low, high);
	}
	join_ends(maker, direction, first, second);
}

static void
test_no_fragment(const struct maker *maker)
{
	struct field field = {.offset = IP_FRAGMENT, .width = 2, .mask = IP_FRAGMENT_ANY};

	test(maker, &field, 0);
}

/* The protocol byte is one of those that have ports, and it is `transport` if that is not 0. */
static void
test_carrier(const struct maker *maker, uint16_t offset, uint8_t transport)
{
	uint32_t first = here(maker);

	for (size_t i = 0; i < ARRAY_SIZE(port_carriers); i++) {
		uint32_t second = here(maker);

		if (transport && transport != port_carriers[i]) {
			continue;
		}
		test_byte(maker, offset, port_carriers[i]);
		if (second > first) {
			graph_or(maker->graph, first, second);
		}
	}
}

/* Where the ports of TCP and UDP stand behind a network protocol. */
struct port_place {
	uint16_t network; /* its Ethernet type */
	uint16_t carrier; /* the byte that says which of them it is */
	bool has_fragments;
	struct field ends[2]; /* source, destination */
};

static const struct port_place over_ip = {
	.network = NAMES_IP,
	.carrier = IP_PROTOCOL,
	.has_fragments = true,
	.ends = {{PRIMITIVE_LINK, 2, true, 0xffff}, {PRIMITIVE_LINK + 2, 2, true, 0xffff}},
};

static const struct port_place over_ip6 = {
	.network = NAMES_IP6,
	.carrier = IP6_NEXT,
	.ends = {{PRIMITIVE_IP6, 2, false, 0xffff}, {PRIMITIVE_IP6 + 2, 2, false, 0xffff}},
};

static void
make_ports_over(const struct maker *maker, const struct port_place *place, uint16_t low,
		uint16_t high, uint8_t transport, enum direction direction)
{
	uint32_t first = here(maker);

	make_network(maker, place->network);
	uint32_t second = here(maker);
	test_carrier(maker, place->carrier, transport);
	graph_and(maker->graph, first, second);
	if (place->has_fragments) {
		second = here(maker);
		test_no_fragment(maker);
		graph_and(maker->graph, first, second);
	}
	second = here(maker);
	test_ports(maker, place->ends, low, high, direction);
	graph_and(maker->graph, first, second);
}

void
make_ports(const struct maker *maker, uint16_t low, uint16_t high, uint8_t transport,
	   enum direction direction)
{
	uint32_t first = here(maker);

	make_ports_over(maker, &over_ip, low, high, transport, direction);
	uint32_t second = here(maker);
	make_ports_over(maker, &over_ip6, low, high, transport, direction);
	graph_or(maker->graph, first, second);
}

bool
make_access(const struct maker *maker, const struct protocol *protocol, uint32_t *base,
	    bool *is_shifted)
{
	uint32_t first = here(maker);

	*base = protocol->layer == LAYER_LINK ? 0 : PRIMITIVE_LINK;
	*is_shifted = protocol->layer == LAYER_TRANSPORT && protocol->in_ip;
	if (protocol->layer == LAYER_LINK) {
		return false;
	}
	if (protocol->layer == LAYER_NETWORK) {
		make_network(maker, protocol->number);
	} else if (protocol->in_ip) {
		make_in_ip(maker, (uint8_t)protocol->number);
		uint32_t second = here(maker);
		test_no_fragment(maker);
		graph_and(maker->graph, first, second);
	} else {
		make_network(maker, NAMES_IP6);
		uint32_t second = here(maker);
		test_byte(maker, IP6_NEXT, (uint8_t)protocol->number);
		graph_and(maker->graph, first, second);
		*base = PRIMITIVE_IP6;
	}
	return true;
}
