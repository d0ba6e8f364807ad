/* SPDX-License-Identifier: MIT
 * summary.h: an Ethernet frame as one line, in the words of tcpdump -n.
 *
 * ARP, IPv4 and IPv6 with TCP, UDP, ICMP echo; of everything else the addresses, the protocol and
 * the length. The frame may be anything and end anywhere: "[|tcp]" is a header that is not all
 * there. Pure.
 */
#ifndef LIB_PCAP_SUMMARY_H
#define LIB_PCAP_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUMMARY_BYTES 320

/* Writes the line without its end; `shows_link`: with the Ethernet header, as -e does. What does
 * not fit is cut. Returns the length. */
size_t pcap_summary(char to[SUMMARY_BYTES], const uint8_t *frame, size_t bytes, bool shows_link);

#endif
