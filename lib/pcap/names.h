/* SPDX-License-Identifier: MIT
 * names.h: the words of the filter syntax, and names of ports and protocols that need no resolver.
 */
#ifndef LIB_PCAP_NAMES_H
#define LIB_PCAP_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum layer {
	LAYER_ANY, /* no protocol was named */
	LAYER_LINK,
	LAYER_NETWORK,   /* an Ethernet type */
	LAYER_TRANSPORT, /* a protocol in IPv4, in IPv6, or in both */
};

#define NAMES_ARP   0x0806 /* Ethernet types */
#define NAMES_RARP  0x8035
#define NAMES_IP    0x0800
#define NAMES_IP6   0x86dd
#define NAMES_ICMP6 58
#define NAMES_TCP   6
#define NAMES_UDP   17
#define NAMES_SCTP  132

struct protocol {
	const char *name;
	enum layer layer;
	uint16_t number; /* Ethernet type, or protocol */
	bool in_ip;
	bool in_ip6;
};

struct port {
	const char *name;
	uint16_t number;
	uint8_t transport; /* NAMES_TCP, NAMES_UDP, or 0 for both */
};

/* A text inside another one; it does not end with a 0 byte. */
struct word {
	const char *at;
	uint32_t length;
};

bool word_is(const struct word *word, const char *name);

/* Each a null pointer where there is no such name. */
const struct protocol *names_protocol(const struct word *word);
const struct port *names_port(const struct word *word);
const uint32_t *names_constant(const struct word *word); /* tcpflags, tcp-syn, icmp-echo, ... */
const char *names_refusal(const struct word *word);      /* why a known word is not understood */

#endif
