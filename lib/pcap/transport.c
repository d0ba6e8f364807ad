/* SPDX-License-Identifier: MIT
 * transport.c: a TCP, UDP or ICMP packet as the end of a line. RFC 9293 3.1, 768, 792, 4443.
 */
#include "lib/pcap/names.h"
#include "lib/pcap/say.h"

#define TCP_BYTES  20
#define UDP_BYTES  8
#define ECHO_BYTES 8

enum tcp_option { /* RFC 9293 3.1, 7323, 2018 */
		  TCP_OPTION_END = 0,
		  TCP_OPTION_NOP = 1,
		  TCP_OPTION_MSS = 2,
		  TCP_OPTION_WSCALE = 3,
		  TCP_OPTION_SACK_OK = 4,
		  TCP_OPTION_TIMES = 8,
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_URG 0x20

static void
say_flags(struct line *line, uint32_t flags)
{
	static const char letters[] = "FSRP.UEW"; /* from the lowest bit on */

	say(line, "Flags [%s", flags ? "" : "none");
	for (uint32_t i = 0; i < 8; i++) {
		if (flags >> i & 1) {
			say(line, "%c", letters[i]);
		}
	}
	say(line, "]");
}

static void
say_option(struct line *line, const uint8_t *at, uint32_t length)
{
	struct piece piece = {at, length, length};

	if (at[0] == TCP_OPTION_MSS && length == 4) {
		say(line, "mss %u", piece_16(&piece, 2));
	} else if (at[0] == TCP_OPTION_WSCALE && length == 3) {
		say(line, "wscale %u", at[2]);
	} else if (at[0] == TCP_OPTION_SACK_OK && length == 2) {
		say(line, "sackOK");
	} else if (at[0] == TCP_OPTION_TIMES && length == 10) {
		say(line, "TS val %u ecr %u", piece_32(&piece, 2), piece_32(&piece, 6));
	} else {
		say(line, "kind-%u", at[0]);
	}
}

/* The options, `bytes` of them; they end at the first that makes no sense. */
static void
say_options(struct line *line, const uint8_t *at, size_t bytes)
{
	const char *before = ", options [";

	for (size_t i = 0; i < bytes; before = ",") {
		uint32_t length = at[i] <= TCP_OPTION_NOP || i + 1 == bytes ? 1 : at[i + 1];

		say(line, "%s", before);
		if (at[i] <= TCP_OPTION_NOP) {
			say(line, "%s", at[i] == TCP_OPTION_NOP ? "nop" : "eol");
		} else if (length < 2 || length > bytes - i) {
			say(line, "bad");
		} else {
			say_option(line, at + i, length);
		}
		if (at[i] == TCP_OPTION_END || (at[i] != TCP_OPTION_NOP && length < 2)) {
			break;
		}
		i += length;
	}
	say(line, bytes ? "]" : "");
}

static void
say_tcp(struct line *line, const struct hosts *hosts, const struct piece *piece)
{
	size_t header = piece->bytes >= TCP_BYTES ? (piece->at[12] >> 4) * 4u : 0;
	size_t content;
	uint32_t flags;

	if (piece->bytes < TCP_BYTES) {
		say(line, "%s > %s: [|tcp]", hosts->source, hosts->destination);
		return;
	}
	say(line, "%s.%u > %s.%u: ", hosts->source, piece_16(piece, 0), hosts->destination,
	    piece_16(piece, 2));
	flags = piece->at[13];
	say_flags(line, flags);
	if (header < TCP_BYTES || header > piece->length) {
		say(line, " [bad hdr length %lu]", header);
		return;
	}
	content = piece->length - header;
	if (content || flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
		say(line, ", seq %u", piece_32(piece, 4));
	}
	if (content) {
		say(line, ":%u", (uint32_t)(piece_32(piece, 4) + content));
	}
	if (flags & TCP_ACK) {
		say(line, ", ack %u", piece_32(piece, 8));
	}
	say(line, ", win %u", piece_16(piece, 14));
	if (flags & TCP_URG) {
		say(line, ", urg %u", piece_16(piece, 18));
	}
	if (header <= piece->bytes) {
		say_options(line, piece->at + TCP_BYTES, header - TCP_BYTES);
	}
	say(line, ", length %lu", content);
}

static void
say_udp(struct line *line, const struct hosts *hosts, const struct piece *piece)
{
	uint32_t length;

	if (piece->bytes < UDP_BYTES) {
		say(line, "%s > %s: [|udp]", hosts->source, hosts->destination);
		return;
	}
	length = piece_16(piece, 4);
	say(line, "%s.%u > %s.%u: ", hosts->source, piece_16(piece, 0), hosts->destination,
	    piece_16(piece, 2));
	if (length < UDP_BYTES) {
		say(line, "UDP, bad length %u", length);
	} else {
		say(line, "UDP, length %u", length - UDP_BYTES);
	}
}

/* Echo has the same form in ICMP and ICMP6, with other types. */
static void
say_icmp(struct line *line, const struct hosts *hosts, const struct piece *piece)
{
	uint32_t request = hosts->is_ip6 ? 128 : 8;
	uint32_t reply = hosts->is_ip6 ? 129 : 0;

	say(line, "%s > %s: ", hosts->source, hosts->destination);
	if (piece->bytes < ECHO_BYTES) {
		say(line, "[|icmp%s]", hosts->is_ip6 ? "6" : "");
		return;
	}
	say(line, hosts->is_ip6 ? "ICMP6, " : "ICMP ");
	if (piece->at[0] == request || piece->at[0] == reply) {
		say(line, "echo %s, id %u, seq %u", piece->at[0] == request ? "request" : "reply",
		    piece_16(piece, 4), piece_16(piece, 6));
	} else {
		say(line, "type %u code %u", piece->at[0], piece->at[1]);
	}
	say(line, ", length %lu", piece->length);
}

void
say_transport(struct line *line, const struct hosts *hosts, uint32_t number,
	      const struct piece *piece)
{
	if (number == NAMES_TCP) {
		say_tcp(line, hosts, piece);
	} else if (number == NAMES_UDP) {
		say_udp(line, hosts, piece);
	} else if (number == (hosts->is_ip6 ? NAMES_ICMP6 : 1)) {
		say_icmp(line, hosts, piece);
	} else {
		say(line, "%s > %s: ip-proto-%u %lu", hosts->source, hosts->destination, number,
		    piece->length);
	}
}
