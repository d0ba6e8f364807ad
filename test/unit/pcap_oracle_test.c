/* SPDX-License-Identifier: MIT
 * pcap_oracle_test.c: expressions lowered to atoms match the packets that libpcap's match.
 *
 * Fixed expressions of every kind and random ones, against whole and cut packets. The differences
 * that docs/pcap.md lists are exactly these two:
 * - fragments: a filter that looks behind the IPv4 header takes no first fragment either. So
 *   libpcap is asked about the packet as if it were a later fragment;
 * - packets that end early: libpcap gives up at the first field that it cannot read, in the order
 *   its optimizer chose; here only the filters with that field do not match. So they may
 *   disagree, but only if the expression, read from the left, comes to such a field.
 *
 * links: test/unit/pcap_rig.c lib/pcap/parse.c lib/pcap/term.c lib/pcap/value.c lib/pcap/relation.c
 * links: lib/pcap/lex.c lib/pcap/names.c lib/pcap/primitive.c lib/pcap/graph.c lib/pcap/solve.c
 * links: lib/pcap/match.c lib/base/print.c lib/base/disjoint.c kern/net/filter.c
 * links: kern/net/canon.c; libs: -lpcap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/net/canon.h"
#include "kern/net/filter.h"
#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "lib/pcap/match.h"
#include "test/unit/pcap_rig.h"

#define RANDOM_EXPRESSIONS 3000
#define TERMS_MAX          4

static struct pcap_filter filters[PCAP_FILTERS_MAX];
static struct pcap_lowered lowered = {.filter = filters, .room = PCAP_FILTERS_MAX};
static uint64_t seed = 20261128;

static struct {
	uint32_t compared;
	uint32_t matched;
	uint32_t cut_short; /* disagreed: the packet ended before a field that was asked for */
	uint32_t too_many;  /* expressions refused for their size */
	uint32_t nothing;   /* that no packet matches */
} seen;

static const char *const primitives[] = {
	"host %a",
	"src host %a",
	"dst %a",
	"src and dst host %a",
	"ip src %a",
	"ip host %a",
	"arp host %a",
	"arp src %a",
	"rarp host %a",
	"net 10.0.0.0/8",
	"net 10.0",
	"src net 10",
	"net 10.0.1.0 mask 255.255.255.0",
	"dst net 224.0.0.0/4",
	"ip net 10.0.0.0/31",
	"net 0.0.0.0/0",
	"host %6",
	"ip6 src %6",
	"dst host %6",
	"net 2001:db8::/32",
	"ip6 dst net ff00::/8",
	"host %a or %a",
	"src %a or %a or %a",
	"port %p",
	"src port %p",
	"dst port %p",
	"tcp port %p",
	"udp port %p",
	"sctp port %p",
	"tcp dst port %p",
	"udp src port %p",
	"tcp src and dst port %p",
	"udp src or dst port %p",
	"port %p or %p",
	"tcp dst port (%p or %p)",
	"tcp dst port not %p",
	"portrange 1000-1023",
	"udp portrange 1000-1025",
	"tcp dst portrange 60-81",
	"ether host %m",
	"ether src %m",
	"ether dst %m",
	"ether src and dst %m",
	"ether broadcast",
	"broadcast",
	"multicast",
	"ether multicast",
	"ip multicast",
	"ip6 multicast",
	"arp",
	"rarp",
	"ip",
	"ip6",
	"tcp",
	"udp",
	"icmp",
	"icmp6",
	"igmp",
	"igrp",
	"sctp",
	"pim",
	"ah",
	"esp",
	"vrrp",
	"ip proto 17",
	"proto 6",
	"ip proto \\tcp",
	"ip6 proto 58",
	"ip6 proto 6",
	"proto 103",
	"ip proto 1 or 2",
	"ether proto 0x88cc",
	"ether proto \\arp",
	"ether proto \\ip6",
	"ether proto 0x800 or 0x806",
	"tcp[13] & 2 != 0",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn",
	"(tcp[13] & 0x12) == 2",
	"((tcp[13])) = 16",
	"tcp[tcpflags] == tcp-syn|tcp-ack",
	"tcp[0:2] = 80",
	"tcp[2:2] & 0xff00 = 0",
	"tcp[13] != 2",
	"tcp[4:4] > 0x7fffffff",
	"ip[8] < 5",
	"ip[8] >= 64",
	"ip[8] > 4",
	"ip[8] <= 5",
	"ip[2:2] > 100",
	"ip[2:2] & 0xff <= 50",
	"ip[0] & 0xf != 5",
	"ip[1] & 0xfc = 0xb8",
	"ip[16:4] = 0xe0000001",
	"icmp[icmptype] = icmp-echo",
	"icmp[0] != 8",
	"icmp[0:2] = 0x301",
	"udp[4:2] = 8",
	"udp[8] = 0",
	"igmp[0] = 17",
	"sctp[0:2] = 80",
	"ether[12:2] = 0x806",
	"ether[0] & 1 = 0",
	"ether[0:4] = 0xffffffff",
	"ether[200] != 0",
	"link[6:2] = 0x5254",
	"arp[6:2] = 1",
	"arp[7] != 1",
	"rarp[7] = 2",
	"ip6[6] = 17",
	"ip6[40] = 0",
	"ip6[0] & 0xf0 = 0x60",
	"icmp6[0] = 135",
	"icmp6[icmp6type] != icmp6-echo",
	"ip[6:2] & 0x1fff = 0",
	"ip[6:2] & 0x3fff != 0",
};

static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.1.1", "192.168.1.7",
					"224.0.0.1"};
static const char *const addresses6[] = {"fe80::1", "2001:db8::1", "ff02::1",
					 "2001:db8:1:0:0:0:0:2", "::"};
static const char *const macs[] = {"52:54:00:12:34:56", "2:0:0:0:0:1", "ff:ff:ff:ff:ff:ff",
				   "33-33-00-00-00-01"};
static const char *const ports[] = {"7",    "22",  "53",   "67",   "80",
				    "0x51", "443", "1023", "8080", "65535"};

#define PICK(table) ((table)[rand_below(&seed, ARRAY_SIZE(table))])

/* A primitive with its addresses and ports filled in, appended to the text. */
static void
append_primitive(char *text, size_t room, const char *primitive)
{
	size_t used = strlen(text);

	for (const char *from = primitive; *from && used + 40 < room; from++) {
		const char *value = NULL;

		if (from[0] == '%') {
			from++;
			value = *from == 'a'   ? PICK(addresses)
				: *from == '6' ? PICK(addresses6)
				: *from == 'm' ? PICK(macs)
					       : PICK(ports);
		}
		used += (size_t)snprintf(text + used, room - used, value ? "%s" : "%.1s",
					 value ? value : from);
	}
}

static void
append(char *text, size_t room, const char *what)
{
	size_t used = strlen(text);

	snprintf(text + used, room - used, "%s", what);
}

static void
make_expression(char *text, size_t room)
{
	size_t terms = 1 + rand_below(&seed, TERMS_MAX);
	int open = 0;

	text[0] = 0;
	for (size_t i = 0; i < terms; i++) {
		append(text, room, !i ? "" : rand_below(&seed, 2) ? " and " : " or ");
		append(text, room, rand_below(&seed, 4) ? "" : "not ");
		if (!rand_below(&seed, 3)) {
			append(text, room, "(");
			open++;
		}
		append(text, room, rand_below(&seed, 8) ? "" : "! ");
		append_primitive(text, room, PICK(primitives));
		if (open && !rand_below(&seed, 2)) {
			append(text, room, ")");
			open--;
		}
	}
	while (open--) {
		append(text, room, ")");
	}
}

/* The packet as libpcap is to see it: a first fragment is like a later one. */
static void
as_later_fragment(struct rig_packet *copy, size_t bytes, bool reads_fragment)
{
	uint8_t *data = copy->data;

	if (bytes >= 22 && data[12] == 8 && !data[13] && data[20] & 0x20 && !(data[20] & 0x1f) &&
	    !data[21] && !reads_fragment) {
		data[21] = 1;
	}
}

static bool
looks_behind_ip(void)
{
	for (uint32_t i = 0; i < lowered.graph.count; i++) {
		if (lowered.graph.leaf[i].is_shifted) {
			return true;
		}
	}
	return false;
}

/* The filters, if there are not too many, and the expression itself against libpcap. */
static void
compare(const char *text, const struct rig_packet *packet, size_t bytes, bool has_filters)
{
	struct rig_packet copy = *packet;
	enum match itself = pcap_match_graph(&lowered.graph, packet->data, bytes);
	bool ours = has_filters ? pcap_match(&lowered, packet->data, bytes) : itself == MATCH_YES;
	bool theirs;
	bool reads_fragment = strstr(text, "ip[6:2]") != NULL;

	if (reads_fragment && looks_behind_ip() && bytes >= 22 && packet->data[20] & 0x20) {
		return; /* what libpcap were to be shown would not be the packet any more */
	}
	as_later_fragment(&copy, bytes, reads_fragment);
	theirs = rig_libpcap_matches(copy.data, bytes);
	seen.compared++;
	seen.matched += ours;
	if (itself == MATCH_SHORT) {
		seen.cut_short += ours != theirs;
	} else if (ours != theirs || ours != (itself == MATCH_YES)) {
		fail_msg("%s: packet %zu of %zu bytes cut to %zu: here %d, itself %d, libpcap %d",
			 text, (size_t)(packet - rig_packets), packet->bytes, bytes, ours, itself,
			 theirs);
	}
}

/* What goes to the kernel passes its check, fits into its merged filter, and the kernel's own
 * matcher agrees with ours. */
static void
check_filters(void)
{
	for (uint32_t i = 0; i < lowered.count; i++) {
		const struct pcap_filter *filter = &lowered.filter[i];
		struct exo_filter kernel = {.receive_atoms = filter->count};
		struct canon canon;
		const struct rig_packet *packet = &rig_packets[rand_below(&seed, rig_packet_count)];

		memcpy(kernel.atoms, filter->atoms, filter->count * sizeof(filter->atoms[0]));
		assert_int_equal(filter_check(&kernel), 0);
		assert_int_equal(canon_make(&canon, NULL, 0, filter->atoms, filter->count), 0);
		assert_int_equal(
			filter_match(filter->atoms, filter->count, packet->data, packet->bytes),
			pcap_match_one(filter, packet->data, packet->bytes) == MATCH_YES);
	}
}

static void
compare_all(const char *text, size_t step, bool has_filters)
{
	for (size_t i = rand_below(&seed, step); i < rig_packet_count; i += step) {
		const struct rig_packet *packet = &rig_packets[i];

		compare(text, packet, packet->bytes, has_filters);
		compare(text, packet, rand_below(&seed, packet->bytes + 1), has_filters);
		compare(text, packet,
			rand_below(&seed, packet->bytes < 64 ? packet->bytes + 1 : 64),
			has_filters);
	}
}

/* Why it was refused, which must be its size or that nothing matches; has it filters (maybe none)?
 */
static bool
explain(const char *text, bool may_be_large)
{
	if (strstr(lowered.sentence, "no packet could match")) {
		seen.nothing++;
		return true;
	}
	if (!may_be_large || (!strstr(lowered.sentence, "more than 128 filters") &&
			      !strstr(lowered.sentence, "more than 16 atoms"))) {
		fail_msg("%s: refused at column %u: %s", text, lowered.column, lowered.sentence);
	}
	seen.too_many++;
	return false;
}

/* Both accept it and agree about packets. */
static void
check_expression(const char *text, size_t step, bool may_be_large)
{
	bool has_filters = !pcap_lower(text, NULL, &lowered) || explain(text, may_be_large);
	bool is_theirs = rig_compile(text);

	if (!is_theirs && !strstr(rig_reason, "rejects all packets")) {
		fail_msg("%s: libpcap does not know it: %s", text, rig_reason);
	}
	assert_null(graph_check(&lowered.graph));
	if (has_filters) {
		check_filters();
	}
	if (is_theirs) {
		compare_all(text, step, has_filters);
		return;
	}
	for (size_t i = 0; i < rig_packet_count; i++) { /* it does not compile what matches none */
		assert_int_not_equal(
			pcap_match_graph(&lowered.graph, rig_packets[i].data, rig_packets[i].bytes),
			MATCH_YES);
	}
}

static void
test_every_primitive(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(primitives); i++) {
		char text[512] = "";

		append_primitive(text, sizeof(text), primitives[i]);
		check_expression(text, 1, strstr(primitives[i], "not") != NULL);
	}
}

/* What users write, and what is built for the limits. */
static void
test_common_expressions(void **state)
{
	static const char *const texts[] = {
		"",
		"tcp port 80 and host 10.0.0.1",
		"port 80 or 443",
		"ip and not tcp",
		"not ip and not arp",
		"not arp",
		"arp or icmp or (udp and port 67 or 68)",
		"tcp[13] & 7 != 0 and not src net 192.168.1.7/32",
		"ether dst 52:54:00:12:34:56 and (arp or ip)",
		"icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply",
		"ip6 and not icmp6",
		"not (not (tcp) or not port 80)",
		"ip host 10.0.0.1 and ip host 10.0.0.2 and tcp",
		"net 10.0.0.0/8 and ip and not dst net 10.0.1.0/24",
		"udp and not multicast and not broadcast",
		"ip and (ip[6:2] & 0x3fff != 0)",
		"ip[0] = 0x44 and ip[16:4] = 0xe0000001 and icmp[0:2] = 0x301 or arp",
		"ip[8] = 64 or ip[8:4] & 0xff000000 = 0x40000000", /* the first reads less */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		check_expression(texts[i], 1, false);
	}
}

static void
test_random_expressions(void **state)
{
	(void)state;
	for (int i = 0; i < RANDOM_EXPRESSIONS; i++) {
		char text[1024];

		make_expression(text, sizeof(text));
		check_expression(text, 17, true);
	}
	assert_true(seen.too_many < RANDOM_EXPRESSIONS / 2);
}

static int
start(void **state)
{
	(void)state;
	rig_make_packets();
	return 0;
}

/* Without this a test that compares nothing would pass. */
static int
finish(void **state)
{
	(void)state;
	print_message("# %u packets compared, %u matched, %u judged otherwise for their early end; "
		      "%u expressions too "
		      "large, %u that match nothing\n",
		      seen.compared, seen.matched, seen.cut_short, seen.too_many, seen.nothing);
	return seen.compared > 1000000 && seen.matched > 100000 && seen.cut_short ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_primitive),
		cmocka_unit_test(test_common_expressions),
		cmocka_unit_test(test_random_expressions),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
