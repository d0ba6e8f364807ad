/* SPDX-License-Identifier: MIT
 * record.c: packets as a capture file, in lines on the console.
 *
 * A guest has no file system of its host's, and a disk would have to be set up, filled and taken
 * apart; the console is there on every board and its text is kept by who runs it. The cost is a
 * third more bytes, and the speed of the line: on a board with 115200 baud about 8 kB/s of packets.
 * A line is shorter than EXO_CONSOLE_BYTES, so it stays whole among those of others.
 */
#include "user/tcpdump/record.h"

#include <stdio.h>

#include "lib/base/crc32.h"

#define MAGIC_NS   0xa1b23c4du /* pcap(5): time stamps in nanoseconds */
#define ETHERNET   1
#define LINE_BYTES 144
#define S_NS       1000000000ull

static struct {
	const char *name;
	uint32_t lines;
	uint32_t crc;
	size_t used; /* of line[] */
	uint8_t line[LINE_BYTES];
} record;

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648 4: three bytes as four characters, the last ones padded with =. */
static void
print_base64(const uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 3) {
		size_t left = bytes - i;
		uint32_t group = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
				 (left > 2 ? at[i + 2] : 0u);

		putchar(digits[group >> 18]);
		putchar(digits[group >> 12 & 63]);
		putchar(left > 1 ? digits[group >> 6 & 63] : '=');
		putchar(left > 2 ? digits[group & 63] : '=');
	}
}

static void
end_line(void)
{
	if (!record.used) {
		return;
	}
	printf("pcap %s %u ", record.name, record.lines++);
	print_base64(record.line, record.used);
	putchar('\n');
	record.crc = crc32_update(record.crc, record.line, record.used);
	record.used = 0;
}

static void
put(const uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		record.line[record.used++] = at[i];
		if (record.used == LINE_BYTES) {
			end_line();
		}
	}
}

static void
put_32(uint32_t value)
{
	uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
			    (uint8_t)(value >> 24)};

	put(bytes, sizeof(bytes));
}

void
record_open(const char *name)
{
	record.name = name;
	put_32(MAGIC_NS);
	put_32(2 | 4 << 16); /* version 2.4 */
	put_32(0);
	put_32(0);
	put_32(UINT16_MAX); /* no packet is longer */
	put_32(ETHERNET);
	end_line();
}

void
record_packet(uint64_t ns, const uint8_t *frame, size_t bytes)
{
	put_32((uint32_t)(ns / S_NS));
	put_32((uint32_t)(ns % S_NS));
	put_32((uint32_t)bytes);
	put_32((uint32_t)bytes);
	put(frame, bytes);
	end_line();
}

void
record_close(void)
{
	printf("pcap %s end %u %08x\n", record.name, record.lines, record.crc);
}
