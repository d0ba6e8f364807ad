/* SPDX-License-Identifier: MIT
 * pcap_rig.c: packets, and libpcap's opinion about them.
 *
 * The packets are made by scapy at the start of the test and read back by libpcap; then come copies
 * with a few bytes changed, mostly in the headers, so that all lengths and versions lie about.
 */
#include "test/unit/pcap_rig.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/rand.h"

#define FROM_SCAPY_MAX 4000
#define MUTANTS        2 /* of each */

struct rig_packet *rig_packets;
size_t rig_packet_count;
char rig_reason[256];

static uint64_t seed = 0x9e3779b97f4a7c15;
static struct bpf_program program;
static bool is_compiled;

static void
fail(const char *what)
{
	fprintf(stderr, "pcap_rig: %s\n", what);
	abort();
}

static void
add(const uint8_t *data, size_t bytes)
{
	struct rig_packet *packet = &rig_packets[rig_packet_count++];

	packet->bytes = bytes < RIG_BYTES ? bytes : RIG_BYTES;
	memcpy(packet->data, data, packet->bytes);
}

static void
read_scapy(void)
{
	char path[] = "/tmp/pcap-XXXXXX";
	char command[128];
	char reason[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr header;
	const uint8_t *data;
	pcap_t *file;
	int handle = mkstemp(path);

	snprintf(command, sizeof(command), "/usr/bin/python3 test/unit/pcap_packets.py %s", path);
	if (handle < 0 || system(command)) {
		fail("scapy (python3-scapy) makes no packets");
	}
	file = pcap_open_offline(path, reason);
	while (file && rig_packet_count < FROM_SCAPY_MAX && (data = pcap_next(file, &header))) {
		add(data, header.caplen);
	}
	if (rig_packet_count < 1000) {
		fail("scapy made too few packets");
	}
	pcap_close(file);
	close(handle);
	unlink(path);
}

static void
mutate(const struct rig_packet *packet)
{
	uint8_t data[RIG_BYTES];
	size_t changes = rand_below(&seed, 4);

	memcpy(data, packet->data, packet->bytes);
	for (size_t i = 0; i <= changes; i++) {
		size_t reach = rand_below(&seed, 4) ? 60 : packet->bytes;

		data[rand_below(&seed, reach < packet->bytes ? reach : packet->bytes)] =
			(uint8_t)rand_next(&seed);
	}
	add(data, packet->bytes);
}

void
rig_make_packets(void)
{
	size_t whole;

	rig_packets = calloc(FROM_SCAPY_MAX * (1 + MUTANTS), sizeof(*rig_packets));
	if (!rig_packets) {
		fail("no memory");
	}
	read_scapy();
	whole = rig_packet_count;
	for (size_t i = 0; i < whole * MUTANTS; i++) {
		mutate(&rig_packets[i % whole]);
	}
}

bool
rig_compile(const char *expression)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);

	if (is_compiled) {
		pcap_freecode(&program);
	}
	is_compiled = !pcap_compile(dead, &program, expression, 1, PCAP_NETMASK_UNKNOWN);
	snprintf(rig_reason, sizeof(rig_reason), "%s", is_compiled ? "" : pcap_geterr(dead));
	pcap_close(dead);
	return is_compiled;
}

bool
rig_libpcap_matches(const uint8_t *data, size_t bytes)
{
	struct pcap_pkthdr header = {.caplen = (bpf_u_int32)bytes, .len = (bpf_u_int32)bytes};

	return pcap_offline_filter(&program, &header, data) != 0;
}
