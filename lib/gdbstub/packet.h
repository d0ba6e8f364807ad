/* SPDX-License-Identifier: MIT
 * packet.h: the frames of gdb's remote protocol, `$text#checksum`, and hexadecimal numbers in them.
 *
 * Any byte may come, in any number: what is no packet is passed over, what is one and damaged is
 * told as such. gdb manual, "Remote Protocol", Overview. Pure.
 */
#ifndef LIB_GDBSTUB_PACKET_H
#define LIB_GDBSTUB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_TEXT 240 /* longest text; with its frame and an acknowledgement before it, */
#define PACKET_BYTES                                                                               \
	256 /* a packet fits into one exo_console_write, so nobody's line gets into it */

/* One that is being received. A new one is all 0. */
struct packet_in {
	uint32_t state; /* enum of packet.c */
	uint32_t length;
	uint8_t sum;
	uint8_t told; /* checksum, first digit */
	bool is_too_long;
	char text[PACKET_TEXT + 1];
};

enum packet_event {
	PACKET_NOTHING = 0,
	PACKET_GOOD,      /* in->text is complete and ends in 0 */
	PACKET_DAMAGED,   /* to be sent again */
	PACKET_AGAIN,     /* the other side wants the last one again */
	PACKET_INTERRUPT, /* ^C between packets */
	PACKET_END,       /* ^D between packets: a person wants to leave */
};

enum packet_event packet_put(struct packet_in *in, char c);

/* One that is being made. */
struct packet_out {
	uint32_t length;
	char text[PACKET_TEXT];
};

/* Append; what is too long is cut off. */
void packet_char(struct packet_out *out, char c);
void packet_text(struct packet_out *out, const char *text);
/* `digits` hexadecimal digits, the most significant first. */
void packet_number(struct packet_out *out, uint64_t number, uint32_t digits);
/* Bytes as they lie in memory, two digits each. */
void packet_memory(struct packet_out *out, const void *memory, size_t bytes);
/* The frame of it, of at most PACKET_TEXT + 4 bytes. Returns how many. */
size_t packet_frame(const struct packet_out *out, char to[PACKET_TEXT + 4]);

/* The value of a hexadecimal digit, or 16. */
uint32_t packet_digit(char c);
/* The number at *text, of at most 16 digits; *text is then behind it. False if there is none. */
bool packet_take_number(const char **text, uint64_t *number);
/* The same for a letter that must stand there. */
bool packet_take(const char **text, char c);
/* `bytes` bytes of two digits each, which are all there is. */
bool packet_take_memory(const char *text, void *memory, size_t bytes);

#endif
