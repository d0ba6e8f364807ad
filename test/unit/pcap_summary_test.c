/* SPDX-License-Identifier: MIT
 * pcap_summary_test.c: lines about packets, against those of tcpdump itself; and that no packet,
 * however short, makes it read behind its end (ASan).
 *
 * tcpdump knows more protocols inside of TCP and UDP, and says what it finds there behind the
 * length; where it says something else instead, the ports are left out here.
 *
 * links: test/unit/pcap_rig.c lib/pcap/summary.c lib/pcap/transport.c
 * links: lib/base/print.c; libs: -lpcap
 */
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "lib/pcap/summary.h"
#include "test/unit/pcap_rig.h"

#define LINE_MAX 8192

static size_t scapy_packets; /* the whole ones, before their mutants */

/* Writes the packets that scapy made where tcpdump can read them. */
static void
write_packets(const char *path)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = pcap_dump_open(dead, path);

	assert_non_null(dumper);
	for (size_t i = 0; i < scapy_packets; i++) {
		struct pcap_pkthdr header = {.caplen = (bpf_u_int32)rig_packets[i].bytes,
					     .len = (bpf_u_int32)rig_packets[i].bytes};

		pcap_dump((uint8_t *)dumper, &header, rig_packets[i].data);
	}
	pcap_dump_close(dumper);
	pcap_close(dead);
}

/* tcpdump's line about packet `number`, counted from 1; lines without a number show bytes. */
static const char *
find_line(FILE *from, unsigned long number, char line[LINE_MAX])
{
	while (fgets(line, LINE_MAX, from)) {
		char *text;

		line[strcspn(line, "\n")] = 0;
		if (strtoul(line, &text, 10) == number && !strncmp(text, "  ", 2)) {
			return text + 2;
		}
	}
	return NULL;
}

static bool
is_decoded_port(const uint8_t *at)
{
	static const unsigned ports[] = {22, 53, 67, 68};
	unsigned port = (unsigned)at[0] << 8 | at[1];

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		if (ports[i] == port) {
			return true;
		}
	}
	return false;
}

/* Is it of those that are shown in the same words? */
static bool
is_alike(const struct rig_packet *packet)
{
	const uint8_t *at = packet->data;
	unsigned type = (unsigned)at[12] << 8 | at[13];
	bool is_ip6 = type == 0x86dd;
	size_t header = is_ip6 ? 54 : 14 + (at[14] & 15) * 4u;
	unsigned protocol = is_ip6 ? at[20] : at[23];

	if (type == 0x0806) {
		return true;
	}
	if ((type != 0x0800 && !is_ip6) || (!is_ip6 && (at[20] & 0x1f || at[21]))) {
		return false;
	}
	if (protocol == 17) {
		return !is_decoded_port(at + header) && !is_decoded_port(at + header + 2);
	}
	if (protocol == 1 && !is_ip6) {
		return at[header] == 0 || at[header] == 8;
	}
	return protocol == 6 || (protocol == 58 && at[header] == 128);
}

static bool
begins_with(const char *theirs, const char *ours)
{
	size_t length = strlen(ours);

	return !strncmp(theirs, ours, length) && (!theirs[length] || strchr(":, ", theirs[length]));
}

static void
compare(const char *options, bool shows_link, const char *path)
{
	char command[160];
	char line[LINE_MAX];
	char ours[SUMMARY_BYTES];
	size_t compared = 0;
	FILE *tcpdump;

	snprintf(command, sizeof(command), "tcpdump --number -n -t -S -K %s -r %s 2>/dev/null",
		 options, path);
	tcpdump = popen(command, "r");
	assert_non_null(tcpdump);
	for (size_t i = 0; i < scapy_packets; i++) {
		const struct rig_packet *packet = &rig_packets[i];

		const char *theirs = find_line(tcpdump, i + 1, line);

		assert_non_null(theirs);
		pcap_summary(ours, packet->data, packet->bytes, shows_link);
		if (!is_alike(packet)) {
			continue;
		}
		if (!begins_with(theirs, ours)) {
			fail_msg("packet %zu:\n  here    %s\n  tcpdump %s", i, ours, theirs);
		}
		compared++;
	}
	assert_int_equal(pclose(tcpdump), 0);
	print_message("# %zu of %zu lines compared\n", compared, scapy_packets);
	assert_true(compared > scapy_packets / 3);
}

static void
test_as_tcpdump(void **state)
{
	char path[] = "/tmp/pcap-XXXXXX";
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	write_packets(path);
	compare("", false, path);
	compare("-e", true, path);
	close(file);
	unlink(path);
}

/* Every length of every packet, each in memory of exactly that size. */
static void
test_short_packets(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < rig_packet_count; i++) {
		size_t whole = rig_packets[i].bytes < 120 ? rig_packets[i].bytes : 120;
		size_t bytes = rand_below(&seed, whole + 1);
		uint8_t *copy = malloc(bytes ? bytes : 1);
		char text[SUMMARY_BYTES];
		size_t length;

		assert_non_null(copy);
		memcpy(copy, rig_packets[i].data, bytes);
		length = pcap_summary(text, copy, bytes, i % 2);
		assert_int_equal(length, strlen(text));
		assert_true(text[0] && !strchr(text, '\n'));
		free(copy);
	}
}

static int
start(void **state)
{
	(void)state;
	rig_make_packets();
	scapy_packets = rig_packet_count / 3;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_tcpdump),
		cmocka_unit_test(test_short_packets),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
