/* SPDX-License-Identifier: MIT
 * names.c: the tables behind names.h.
 *
 * Ports: as Debian's /etc/services has them, for libpcap asks there: a service that is registered
 * for one protocol means packets of that protocol only. Numbers: IANA's registries.
 */
#include "lib/pcap/names.h"

#include "lib/base/checked.h"
#include "lib/base/string.h"

static const struct protocol protocols[] = {
	{"ether", LAYER_LINK, 0, false, false},
	{"link", LAYER_LINK, 0, false, false},
	{"ip", LAYER_NETWORK, NAMES_IP, false, false},
	{"ip6", LAYER_NETWORK, NAMES_IP6, false, false},
	{"arp", LAYER_NETWORK, NAMES_ARP, false, false},
	{"rarp", LAYER_NETWORK, NAMES_RARP, false, false},
	{"icmp", LAYER_TRANSPORT, 1, true, false},
	{"igmp", LAYER_TRANSPORT, 2, true, false},
	{"tcp", LAYER_TRANSPORT, NAMES_TCP, true, true},
	{"igrp", LAYER_TRANSPORT, 9, true, false},
	{"udp", LAYER_TRANSPORT, NAMES_UDP, true, true},
	{"esp", LAYER_TRANSPORT, 50, true, true},
	{"ah", LAYER_TRANSPORT, 51, true, true},
	{"icmp6", LAYER_TRANSPORT, NAMES_ICMP6, false, true},
	{"pim", LAYER_TRANSPORT, 103, true, true},
	{"vrrp", LAYER_TRANSPORT, 112, true, false},
	{"sctp", LAYER_TRANSPORT, NAMES_SCTP, true, true},
};

static const struct port ports[] = {
	{"bgp", 179, NAMES_TCP},
	{"bootpc", 68, NAMES_UDP},
	{"bootps", 67, NAMES_UDP},
	{"chargen", 19, 0},
	{"daytime", 13, 0},
	{"dhcpv6-client", 546, NAMES_UDP},
	{"dhcpv6-server", 547, NAMES_UDP},
	{"discard", 9, 0},
	{"domain", 53, 0},
	{"domain-s", 853, 0},
	{"echo", 7, 0},
	{"ftp", 21, NAMES_TCP},
	{"ftp-data", 20, NAMES_TCP},
	{"git", 9418, NAMES_TCP},
	{"http", 80, NAMES_TCP},
	{"http-alt", 8080, NAMES_TCP},
	{"https", 443, 0},
	{"imap2", 143, NAMES_TCP},
	{"imaps", 993, NAMES_TCP},
	{"iscsi-target", 3260, NAMES_TCP},
	{"ldap", 389, 0},
	{"mdns", 5353, NAMES_UDP},
	{"mysql", 3306, NAMES_TCP},
	{"nfs", 2049, 0},
	{"ntp", 123, NAMES_UDP},
	{"pop3", 110, NAMES_TCP},
	{"postgresql", 5432, NAMES_TCP},
	{"rtsp", 554, 0},
	{"sip", 5060, 0},
	{"smtp", 25, NAMES_TCP},
	{"snmp", 161, 0},
	{"snmp-trap", 162, 0},
	{"ssh", 22, NAMES_TCP},
	{"sunrpc", 111, 0},
	{"syslog", 514, NAMES_UDP},
	{"telnet", 23, NAMES_TCP},
	{"tftp", 69, NAMES_UDP},
	{"time", 37, 0},
};

/* Offsets and values inside of headers, as pcap-filter(7) calls them. */
static const struct {
	const char *name;
	uint32_t value;
} constants[] = {
	{"tcpflags", 13},
	{"tcp-fin", 0x01},
	{"tcp-syn", 0x02},
	{"tcp-rst", 0x04},
	{"tcp-push", 0x08},
	{"tcp-ack", 0x10},
	{"tcp-urg", 0x20},
	{"tcp-ece", 0x40},
	{"tcp-cwr", 0x80},
	{"icmptype", 0},
	{"icmpcode", 1},
	{"icmp-echoreply", 0},
	{"icmp-unreach", 3},
	{"icmp-redirect", 5},
	{"icmp-sourcequench", 4},
	{"icmp-echo", 8},
	{"icmp-timxceed", 11},
	{"icmp-paramprob", 12},
	{"icmp-tstamp", 13},
	{"icmp-tstampreply", 14},
	{"icmp6type", 0},
	{"icmp6code", 1},
	{"icmp6-echo", 128},
	{"icmp6-echoreply", 129},
	{"icmp6-neighborsolicit", 135},
	{"icmp6-neighboradvert", 136},
};

static const struct {
	const char *name;
	const char *why;
} refusals[] = {
	{"len", "atoms cannot test the length of a packet"},
	{"less", "atoms cannot test the length of a packet"},
	{"greater", "atoms cannot test the length of a packet"},
	{"vlan", "headers between Ethernet and IP are not followed; write ether[12:2] = 0x8100"},
	{"mpls", "headers between Ethernet and IP are not followed; write ether proto 0x8847"},
	{"pppoed", "headers between Ethernet and IP are not followed; write ether proto 0x8863"},
	{"pppoes", "headers between Ethernet and IP are not followed; write ether proto 0x8864"},
	{"geneve", "headers inside of UDP are not followed"},
	{"protochain", "a chain of headers has no end that atoms could count to; write proto"},
	{"gateway", "it needs a resolver; write ether host MAC and not host ADDRESS"},
	{"inbound", "a filter sees received packets only"},
	{"outbound", "a filter sees received packets only"},
	{"ifname", "a filter belongs to one NIC already"},
	{"on", "a filter belongs to one NIC already"},
	{"wlan", "the NICs are Ethernet"},
	{"fddi", "the NICs are Ethernet"},
	{"tr", "the NICs are Ethernet"},
	{"atalk", "it is more than one Ethernet type; compare ether[...]"},
	{"aarp", "it is more than one Ethernet type; compare ether[...]"},
	{"ipx", "it is more than one Ethernet type; compare ether[...]"},
	{"decnet", "DECnet addresses are not known; write ether proto 0x6003"},
	{"iso", "802.2 headers are not known; compare ether[...]"},
	{"stp", "802.2 headers are not known; compare ether[...]"},
	{"netbeui", "802.2 headers are not known; compare ether[...]"},
	{"llc", "802.2 headers are not known; compare ether[...]"},
};

bool
word_is(const struct word *word, const char *name)
{
	return strlen(name) == word->length && !strncmp(word->at, name, word->length);
}

const struct protocol *
names_protocol(const struct word *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (word_is(word, protocols[i].name)) {
			return &protocols[i];
		}
	}
	return NULL;
}

const struct port *
names_port(const struct word *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		if (word_is(word, ports[i].name)) {
			return &ports[i];
		}
	}
	return NULL;
}

const uint32_t *
names_constant(const struct word *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++) {
		if (word_is(word, constants[i].name)) {
			return &constants[i].value;
		}
	}
	return NULL;
}

const char *
names_refusal(const struct word *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (word_is(word, refusals[i].name)) {
			return refusals[i].why;
		}
	}
	return NULL;
}
