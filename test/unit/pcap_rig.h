/* SPDX-License-Identifier: MIT
 * pcap_rig.h: packets and libpcap's opinion about them, for tests of lib/pcap.
 */
#ifndef TEST_UNIT_PCAP_RIG_H
#define TEST_UNIT_PCAP_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/pcap/lower.h"

#define RIG_BYTES 2048

struct rig_packet {
	size_t bytes;
	uint8_t data[RIG_BYTES];
};

extern struct rig_packet *rig_packets;
extern size_t rig_packet_count;

/* Fills rig_packets with what pcap_packets.py makes and with random ones derived from those. */
void rig_make_packets(void);

/* Makes libpcap compile the expression for Ethernet; false, with its reason in rig_reason. */
bool rig_compile(const char *expression);
extern char rig_reason[256];
bool rig_libpcap_matches(const uint8_t *data, size_t bytes);

#endif
