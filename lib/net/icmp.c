/* SPDX-License-Identifier: MIT
 * icmp.c: see icmp.h.
 */
#include "lib/net/icmp.h"

#include <exo/errors.h>

#include "lib/base/checksum.h"

int
icmp_parse(const struct ip_packet *packet, struct icmp_message *message)
{
	const uint8_t *data = packet->data;

	if (packet->bytes < ICMP_HEADER) {
		return E_TRUNCATED;
	}
	*message = (struct icmp_message){
		.type = data[0],
		.code = data[1],
		.id = get16(data + 4),
		.sequence = get16(data + 6),
		.data = data + ICMP_HEADER,
		.bytes = packet->bytes - ICMP_HEADER,
	};
	return ip_checksum(data, packet->bytes, 0) ? E_FORMAT : 0;
}

bool
icmp_is_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER;
}

/* The header in an error message need not be whole but for its first 20 bytes and what the sender
 * promises to add, 8 of what followed; its checksum may have changed on the way. */
int
icmp_parse_about(const struct icmp_message *message, uint32_t own, struct icmp_about *about)
{
	const uint8_t *header = message->data;

	if (message->bytes < IP_HEADER) {
		return E_TRUNCATED;
	}
	uint32_t header_bytes = (header[0] & 15u) * 4;
	if (message->bytes < header_bytes + 8) {
		return E_TRUNCATED;
	}
	if (header[0] >> 4 != 4 || header_bytes < IP_HEADER || get32(header + 12) != own) {
		return E_FORMAT;
	}
	const uint8_t *behind = header + header_bytes;
	bool is_icmp = header[9] == IP_ICMP;
	*about = (struct icmp_about){
		.to = get32(header + 16),
		.protocol = header[9],
		.from_port = get16(behind + (is_icmp ? 4 : 0)),
		.to_port = get16(behind + (is_icmp ? 6 : 2)),
	};
	return 0;
}

void
icmp_build(uint8_t *header, const struct icmp_message *message)
{
	header[0] = message->type;
	header[1] = message->code;
	put16(header + 2, 0);
	put16(header + 4, message->id);
	put16(header + 6, message->sequence);
	uint32_t sum = checksum_of(header, ICMP_HEADER);
	ip_store_checksum(header + 2, ip_checksum(message->data, message->bytes, sum));
}

void
icmp_turn(uint8_t *header, const uint8_t *asked)
{
	uint32_t echo = ICMP_ECHO | (uint32_t)asked[1] << 8; /* as loaded */
	uint32_t reply = ICMP_ECHO_REPLY | (uint32_t)asked[1] << 8;
	uint32_t sum = ip_load_checksum(asked + 2) + echo + (uint16_t)~reply;

	header[0] = ICMP_ECHO_REPLY;
	header[1] = asked[1];
	ip_store_checksum(header + 2, checksum_fold(sum));
}

bool
icmp_may_tell(const struct ip_packet *packet, uint32_t own)
{
	bool is_query =
		packet->protocol != IP_ICMP || (packet->bytes > 0 && packet->data[0] == ICMP_ECHO);

	return packet->to == own && packet->offset == 0 && ip_is_host(packet->from) && is_query;
}

bool
icmp_take(struct icmp_rate *rate, uint64_t now_ns)
{
	uint64_t returned = (now_ns - rate->last_ns) / ICMP_PACE_NS;

	if (returned >= rate->used) {
		rate->used = 0;
		rate->last_ns = now_ns;
	} else {
		rate->used -= (uint32_t)returned;
		rate->last_ns += returned * ICMP_PACE_NS;
	}
	if (rate->used == ICMP_BURST) {
		return false;
	}
	rate->used++;
	return true;
}
