/* SPDX-License-Identifier: MIT
 * summary.c: an Ethernet frame as one line: Ethernet, ARP, IPv4 and IPv6.
 *
 * The form of every line is tcpdump 4.99's, so that one can compare. Headers: IEEE 802.3 3.2, RFC
 * 826, RFC 791 3.1, RFC 8200 3; IPv6 addresses as RFC 5952 4 wants them.
 */
#include "lib/pcap/summary.h"

#include "lib/base/print.h"
#include "lib/pcap/names.h"
#include "lib/pcap/say.h"

#define ETHER_BYTES 14
#define ARP_BYTES   28
#define IP_BYTES    20
#define IP6_BYTES   40

void
say(struct line *line, const char *format, ...)
{
	va_list arguments;
	int wanted;

	va_start(arguments, format);
	wanted = vsnformat(line->text + line->used, line->room - line->used, format, arguments);
	va_end(arguments);
	line->used += (size_t)wanted;
	line->used = line->used < line->room ? line->used : line->room - 1;
}

static void
say_mac(struct line *line, const uint8_t *mac)
{
	say(line, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void
say_ip(struct line *line, const uint8_t *address)
{
	say(line, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
}

/* The first of the longest runs of at least two groups that are 0, as [*first, *end). */
static void
longest_gap(const uint8_t *address, uint32_t *first, uint32_t *end)
{
	*first = 0;
	*end = 0;
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t behind = i;

		while (behind < 8 && !address[behind * 2] && !address[behind * 2 + 1]) {
			behind++;
		}
		if (behind - i >= 2 && behind - i > *end - *first) {
			*first = i;
			*end = behind;
		}
	}
}

static void
say_ip6(struct line *line, const uint8_t *address)
{
	uint32_t first;
	uint32_t end;

	longest_gap(address, &first, &end);
	for (uint32_t i = 0; i < 8; i++) {
		if (end && i == first) {
			say(line, "::");
			i = end - 1;
			continue;
		}
		say(line, "%s%x", i && i != end ? ":" : "",
		    (uint32_t)address[i * 2] << 8 | address[i * 2 + 1]);
	}
}

/* RFC 826 with addresses of Ethernet and IPv4; RARP: RFC 903. */
static void
say_arp(struct line *line, const struct piece *piece)
{
	const uint8_t *at = piece->at;
	uint32_t operation;

	if (piece->bytes < ARP_BYTES) {
		say(line, "[|arp]");
		return;
	}
	operation = piece_16(piece, 6);
	if (operation == 1) {
		say(line, "Request who-has ");
		say_ip(line, at + 24);
		if (piece_32(piece, 18) | piece_16(piece, 22)) {
			say(line, " (");
			say_mac(line, at + 18);
			say(line, ")");
		}
		say(line, " tell ");
		say_ip(line, at + 14);
	} else if (operation == 2) {
		say(line, "Reply ");
		say_ip(line, at + 14);
		say(line, " is-at ");
		say_mac(line, at + 8);
	} else {
		say(line, "operation %u", operation);
	}
	say(line, ", length %lu", piece->length);
}

static struct line
line_of(char *text, size_t room)
{
	text[0] = 0;
	return (struct line){.text = text, .room = room};
}

static void
say_ip_packet(struct line *line, const struct piece *piece)
{
	struct hosts hosts = {.is_ip6 = false};
	struct line source = line_of(hosts.source, sizeof(hosts.source));
	struct line destination = line_of(hosts.destination, sizeof(hosts.destination));
	struct piece packet = *piece;
	size_t header = piece->bytes ? (piece->at[0] & 0x0f) * 4u : 0;
	struct piece content;

	if (piece->bytes < IP_BYTES || header < IP_BYTES) {
		say(line, piece->bytes < IP_BYTES ? "[|ip]" : "bad-hlen %lu", header);
		return;
	}
	packet.length = piece_16(piece, 2);
	if (packet.length < header) {
		say(line, "bad-len %lu", packet.length);
		return;
	}
	if (packet.length > packet.bytes) {
		say(line, "truncated-ip - %lu bytes missing! ", packet.length - packet.bytes);
	} else {
		packet.bytes = packet.length; /* the rest is Ethernet's padding */
	}
	say_ip(&source, piece->at + 12);
	say_ip(&destination, piece->at + 16);
	content = piece_behind(&packet, header);
	if (piece_16(piece, 6) & 0x1fff) { /* a later fragment has no header of its own */
		say(line, "%s > %s: ip-proto-%u, fragment at %u, length %lu", hosts.source,
		    hosts.destination, piece->at[9], (piece_16(piece, 6) & 0x1fff) * 8,
		    content.length);
		return;
	}
	say_transport(line, &hosts, piece->at[9], &content);
}

static void
say_ip6_packet(struct line *line, const struct piece *piece)
{
	struct hosts hosts = {.is_ip6 = true};
	struct line source = line_of(hosts.source, sizeof(hosts.source));
	struct line destination = line_of(hosts.destination, sizeof(hosts.destination));
	struct piece content = piece_behind(piece, IP6_BYTES);

	if (piece->bytes < IP6_BYTES) {
		say(line, "[|ip6]");
		return;
	}
	content.length = piece_16(piece, 4);
	if (content.length > content.bytes) {
		say(line, "truncated-ip6 - %lu bytes missing!", content.length - content.bytes);
	} else {
		content.bytes = content.length;
	}
	say_ip6(&source, piece->at + 8);
	say_ip6(&destination, piece->at + 24);
	say_transport(line, &hosts, piece->at[6], &content);
}

static const struct {
	uint32_t type;
	const char *name; /* with -e */
	const char *mark; /* without */
	void (*say)(struct line *line, const struct piece *piece);
} networks[] = {
	{NAMES_IP, "IPv4", "IP ", say_ip_packet},
	{NAMES_ARP, "ARP", "ARP, ", say_arp},
	{NAMES_RARP, "Reverse ARP", "ARP, Reverse ", say_arp},
	{NAMES_IP6, "IPv6", "IP6 ", say_ip6_packet},
};

static void
say_link(struct line *line, const struct piece *frame, const char *name)
{
	say_mac(line, frame->at + 6);
	say(line, " > ");
	say_mac(line, frame->at);
	say(line, ", ethertype %s (0x%04x), length %lu", name, piece_16(frame, 12), frame->length);
}

size_t
pcap_summary(char to[SUMMARY_BYTES], const uint8_t *frame, size_t bytes, bool shows_link)
{
	struct line line = line_of(to, SUMMARY_BYTES);
	struct piece whole = {frame, bytes, bytes};
	struct piece content = piece_behind(&whole, ETHER_BYTES);

	if (bytes < ETHER_BYTES) {
		say(&line, "[|ether], length %lu", bytes);
		return line.used;
	}
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		if (networks[i].type != piece_16(&whole, 12)) {
			continue;
		}
		if (shows_link) {
			say_link(&line, &whole, networks[i].name);
			say(&line, ": ");
		} else {
			say(&line, "%s", networks[i].mark);
		}
		networks[i].say(&line, &content);
		return line.used;
	}
	say_link(&line, &whole, "Unknown");
	return line.used;
}
