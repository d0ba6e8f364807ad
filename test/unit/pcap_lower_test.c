/* SPDX-License-Identifier: MIT
 * pcap_lower_test.c: what libpcap cannot be asked about: every sentence of refusal with its column,
 * names without a resolver, "nic", the exact atoms of some expressions, the limits.
 *
 * links: lib/pcap/parse.c lib/pcap/term.c lib/pcap/value.c lib/pcap/relation.c lib/pcap/lex.c
 * links: lib/pcap/names.c lib/pcap/primitive.c lib/pcap/graph.c lib/pcap/solve.c
 * links: lib/base/print.c lib/base/disjoint.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/checked.h"
#include "lib/base/disjoint.h"
#include "lib/pcap/lower.h"

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
static struct pcap_filter filters[PCAP_FILTERS_MAX];
static struct pcap_lowered lowered = {.filter = filters, .room = PCAP_FILTERS_MAX};

static uint32_t
accept(const char *text)
{
	if (pcap_lower(text, mac, &lowered)) {
		fail_msg("%s: column %u: %s", text, lowered.column, lowered.sentence);
	}
	return lowered.count;
}

static const struct {
	const char *text;
	uint32_t column;
	const char *sentence;
} refusals[] = {
	{"and", 1, "this word is not known"},
	{"tcp and", 8, "something to look for is missing here"},
	{"tcp && ", 8, "something to look for is missing here"},
	{"not", 4, "something to look for is missing here"},
	{"tcp udp", 5, "and, or, ) or the end must follow here"},
	{"(tcp", 1, "this parenthesis is not closed"},
	{"tcp or (udp and (arp)", 8, "this parenthesis is not closed"},
	{"tcp)", 4, "no parenthesis is open here"},
	{"()", 2, "something to look for is missing here"},
	{"((((((((((((((((((arp", 17, "there are more than 16 parentheses inside each other"},
	{"arp # ip", 5, "this character means nothing here"},
	{"10.0.0.1", 1, "say what this is: host, net, port, portrange or proto"},
	{"arp or 10.0.0.1", 8, "say what this is: host, net, port, portrange or proto"},
	{"arp or web", 8, "this word is not known"},
	{"host", 5, "a value is missing here"},
	{"host tcp", 6, "a value must follow here"},
	{"host web", 6, "no address stands here; names would need a resolver"},
	{"host 10.0.0.256", 6, "this is neither a number nor an address"},
	{"host 10.0.0.1.2", 6, "this is neither a number nor an address"},
	{"host 1:2:3", 7, "and, or, ) or the end must follow here"},
	{"host 4294967296", 6, "this number does not fit into 32 bits, or has no digits"},
	{"host 0x", 6, "this number does not fit into 32 bits, or has no digits"},
	{"host 10.0.0.1/8", 14, "only a net has a mask; write net"},
	{"net 10.0.0.1/8", 14, "the address has bits outside of this mask"},
	{"net 10.0.0.0/33", 14, "no mask for 32 bits stands here"},
	{"net fe80::/129", 12, "no mask for 128 bits stands here"},
	{"net 10.0.0.0 mask 8", 19, "no mask for 32 bits stands here"},
	{"tcp host 10.0.0.1", 10, "only ip, arp and rarp have addresses of this kind"},
	{"ip6 host 10.0.0.1", 10, "only ip, arp and rarp have addresses of this kind"},
	{"ip host fe80::1", 9, "only ip6 has addresses of this kind"},
	{"host 1:2:3:4:5:6", 6, "an Ethernet address belongs to ether host, src or dst"},
	{"ip host nic", 9, "an Ethernet address belongs to ether host, src or dst"},
	{"port http2", 6, "no port of this name is known; write its number"},
	{"udp port ssh", 10, "ssh is a port of tcp"},
	{"tcp port tftp", 10, "tftp is a port of udp"},
	{"port 65536", 6, "ports are at most 65535"},
	{"port 80-90", 6, "no port stands here; a range is portrange 80-90"},
	{"icmp port 7", 11, "only tcp, udp and sctp have ports"},
	{"ip port 7", 9, "only tcp, udp and sctp have ports"},
	{"ip proto 256", 10, "protocol numbers of ip and ip6 are at most 255"},
	{"ip proto web", 10, "no protocol of this name is known here; write its number"},
	{"ip proto arp", 10, "no protocol of this name is known here; write its number"},
	{"ip proto 10.0.0.1", 10, "no protocol stands here"},
	{"src proto 6", 11, "a protocol has no source or destination"},
	{"tcp proto 6", 11, "proto belongs to ether, ip or ip6"},
	{"ether proto 1500", 13,
	 "Ethernet types are from 1501 to 65535; 802.2 headers are not known, compare ether[...]"},
	{"ether proto 0x809b", 13,
	 "this protocol has more than one Ethernet type; compare ether[...]"},
	{"ether", 6, "ether must be followed by host, src, dst, proto, broadcast, multicast or ["},
	{"ip broadcast", 4,
	 "the broadcast address of the net is not known; write dst host ADDRESS"},
	{"arp multicast", 5, "only ether, ip and ip6 have multicast"},
	{"tcp[13", 7, "a ] must follow; an offset is a plain number"},
	{"tcp[13:3] = 0", 9, "a field has 1, 2 or 4 bytes"},
	{"tcp[x] = 0", 5, "a number must stand here; fields are compared with numbers only"},
	{"tcp[ip[0]] = 0", 5, "a number must stand here; fields are compared with numbers only"},
	{"tcp[13] = ip[0]", 11, "a number must stand here; fields are compared with numbers only"},
	{"tcp[13] = (2", 13, "this parenthesis needs its ) here: only | joins numbers"},
	{"ether[1511:4] = 0", 13, "this field lies behind the end of the longest frame"},
	{"ether[0xffffffff] = 0", 17, "this field lies behind the end of the longest frame"},
	{"tcp[13] & 0x100 = 0", 17, "this mask leaves nothing of the field"},
	{"tcp[13] + 1 = 0", 9, "a field can be masked (& NUMBER) and compared, nothing else"},
	{"tcp[13]", 8, "a field can be masked (& NUMBER) and compared, nothing else"},
	{"tcp[13] & 1 = 2", 4,
	 "the value has bits outside of the mask or the field, so this holds for all packets, or "
	 "for none"},
	{"tcp[13] & 0x12 > 2", 4,
	 "less and greater need a mask of low bits (0x0f); the others compare with = and !="},
	{"ip[8] < 0", 3, "this holds for all packets, or for none"},
	{"ip[8] <= 255", 3, "this holds for all packets, or for none"},
	{"len > 100", 1, "atoms cannot test the length of a packet"},
	{"tcp and greater 100", 9, "atoms cannot test the length of a packet"},
	{"vlan 7", 1,
	 "headers between Ethernet and IP are not followed; write ether[12:2] = 0x8100"},
	{"ip6 protochain 6", 5,
	 "a chain of headers has no end that atoms could count to; write proto"},
	{"gateway web", 1, "it needs a resolver; write ether host MAC and not host ADDRESS"},
	{"ip and arp", 1, "no packet could match all of it"},
	{"tcp port 80 and udp", 1, "no packet could match all of it"},
	{"not port 80", 10, "with this it falls apart into more than 128 filters"},
	{"tcp and not port 22", 18, "with this it falls apart into more than 128 filters"},
};

static void
test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (!pcap_lower(refusals[i].text, mac, &lowered)) {
			fail_msg("%s: accepted", refusals[i].text);
		}
		assert_string_equal(lowered.sentence, refusals[i].sentence);
		if (lowered.column != refusals[i].column) {
			fail_msg("%s: column %u, not %u", refusals[i].text, lowered.column,
				 refusals[i].column);
		}
	}
	assert_int_not_equal(pcap_lower("ether dst nic", NULL, &lowered), 0);
}

static void
check_atoms(const struct exo_atom *wanted, uint32_t count)
{
	assert_int_equal(lowered.filter[0].count, count);
	assert_memory_equal(lowered.filter[0].atoms, wanted, count * sizeof(*wanted));
}

static void
test_atoms(void **state)
{
	const struct exo_atom port[] = {
		{EXO_ATOM_COMPARE, 2, 0, 0, 12, 0, 0xffff, 0x0800},
		{EXO_ATOM_COMPARE, 1, 0, 0, 23, 0, 0xff, 6},
		{EXO_ATOM_COMPARE, 2, 0, 0, 20, 0, 0x3fff, 0},
		{EXO_ATOM_SHIFT, 1, 2, 0, 14, 0, 0x0f, 0},
		{EXO_ATOM_COMPARE, 2, 0, 0, 16, 0, 0xffff, 80},
	};
	const struct exo_atom nic[] = {
		{EXO_ATOM_COMPARE, 4, 0, 0, 2, 0, 0xffffffff, 0x00123456},
		{EXO_ATOM_COMPARE, 2, 0, 0, 0, 0, 0xffff, 0x5254},
	};

	(void)state;
	assert_int_equal(accept(""), 1);
	assert_int_equal(lowered.filter[0].count, 0);
	assert_int_equal(accept("ip and tcp dst port http"), 1);
	check_atoms(port, ARRAY_SIZE(port));
	assert_int_equal(accept("ether dst nic"), 1);
	check_atoms(nic, ARRAY_SIZE(nic));
}

/* Names mean numbers; a service that is registered for one protocol means only that. */
static void
test_names(void **state)
{
	static const char *const same[][2] = {
		{"dst port http", "tcp dst port 80"},
		{"dst port bootps", "udp dst port 67"},
		{"src port domain", "src port 53"},
		{"tcp port echo", "tcp port 7"},
		{"ip proto \\udp", "ip proto 17"},
		{"ip proto udp", "ip proto 17"},
		{"ether proto \\rarp", "rarp"},
		{"tcp[tcpflags] & tcp-push != 0", "tcp[13] & 8 != 0"},
		{"icmp[icmptype] = icmp-timxceed", "icmp[0] = 11"},
		{"host 10.1", "net 10.1"},
		{"net 10", "net 10.0.0.0/8"},
		{"host 0x0a000001", "host 10.0.0.1"},
		{"host 1::2", "host 1:0:0:0:0:0:0:2"},
		{"host ::", "host 0:0:0:0:0:0:0:0"},
		{"host 1:2:3:4:5:6:7::", "host 1:2:3:4:5:6:7:0"},
		{"ether src 2-0-0-0-0-1", "ether src 02:00:00:00:00:01"},
		{"portrange 90-80", "portrange 80-90"},
		{"port 0x50", "port 0120"},
		{"!(arp)&&ip||arp", "not arp and ip or arp"},
	};
	static struct pcap_filter first[PCAP_FILTERS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		uint32_t count = accept(same[i][0]);

		memcpy(first, filters, sizeof(first));
		if (accept(same[i][1]) != count || memcmp(first, filters, count * sizeof(*first))) {
			fail_msg("%s is not %s", same[i][0], same[i][1]);
		}
	}
}

/* What follows from `not` and from one comparison excludes each other, so it can be carved. */
static void
test_disjoint(void **state)
{
	static const char *const texts[] = {"not arp",
					    "ip and not tcp",
					    "tcp dst port 80",
					    "ip and not (src host 10.0.0.1 and tcp)",
					    "udp dst portrange 1000-2000",
					    "ip[8] >= 5"};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(texts); t++) {
		assert_true(accept(texts[t]) > 1);
		for (uint32_t i = 0; i < lowered.count; i++) {
			for (uint32_t j = 0; j < i; j++) {
				assert_true(atoms_disjoint(filters[i].atoms, filters[i].count,
							   filters[j].atoms, filters[j].count));
			}
		}
	}
}

static void
repeat(char *text, size_t room, const char *part, uint32_t times)
{
	text[0] = 0;
	for (uint32_t i = 0; i < times; i++) {
		snprintf(text + strlen(text), room - strlen(text), part, i);
	}
}

static void
test_limits(void **state)
{
	static char text[16384];

	(void)state;
	repeat(text, sizeof(text), "ether[%u] = 1 and ", 15);
	strcat(text, "ether[15] = 1");
	assert_int_equal(accept(text), 1);
	assert_int_equal(lowered.filter[0].count, EXO_ATOMS_MAX);
	strcat(text, " and ether[16] = 1");
	assert_int_not_equal(pcap_lower(text, mac, &lowered), 0);
	assert_string_equal(lowered.sentence, "with this, one filter has more than 16 atoms");
	repeat(text, sizeof(text), "ether[0] = %u or ", 128);
	strcat(text, "arp");
	assert_int_not_equal(pcap_lower(text, mac, &lowered), 0);
	repeat(text, sizeof(text), "ether[0] = %u or ", 127);
	strcat(text, "arp");
	assert_int_equal(accept(text), 128);
	repeat(text, sizeof(text), "ether[%u] = 1 or ", 256);
	strcat(text, "ether[0] = 1");
	assert_int_not_equal(pcap_lower(text, mac, &lowered), 0);
	assert_string_equal(lowered.sentence, "up to here there are more than 256 comparisons");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_atoms),
		cmocka_unit_test(test_names),    cmocka_unit_test(test_disjoint),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
