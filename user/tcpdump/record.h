/* SPDX-License-Identifier: MIT
 * record.h: packets as a capture file, in lines on the console. scripts/pcap.py makes a file of
 * them.
 *
 *   pcap NAME NUMBER BASE64     the file's bytes, 144 a line at most; NUMBER counts lines from 0
 *   pcap NAME end LINES CRC32   so many there were, and the CRC-32 of all bytes, 8 digits
 *
 * The file is that of pcap(5), little-endian, in nanoseconds, of Ethernet. Every packet begins a
 * line, so what came before the end of a program that was killed can be used.
 */
#ifndef USER_TCPDUMP_RECORD_H
#define USER_TCPDUMP_RECORD_H

#include <stddef.h>
#include <stdint.h>

void record_open(const char *name);
void record_packet(uint64_t ns, const uint8_t *frame, size_t bytes);
void record_close(void);

#endif
