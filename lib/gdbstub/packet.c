/* SPDX-License-Identifier: MIT
 * packet.c: frames and numbers; see packet.h. Invariants: length <= PACKET_TEXT.
 */
#include "lib/gdbstub/packet.h"

#define INTERRUPT 3
#define END       4

enum { IDLE, TEXT, CHECKSUM, CHECKSUM2 };

static void
begin(struct packet_in *in)
{
	in->state = TEXT;
	in->length = 0;
	in->sum = 0;
	in->is_too_long = false;
}

static enum packet_event
put_idle(char c)
{
	return c == INTERRUPT ? PACKET_INTERRUPT
	       : c == END     ? PACKET_END
	       : c == '-'     ? PACKET_AGAIN
			      : PACKET_NOTHING;
}

static void
put_text(struct packet_in *in, char c)
{
	if (c == '#') {
		in->state = CHECKSUM;
		return;
	}
	in->sum += (uint8_t)c;
	in->is_too_long |= in->length == PACKET_TEXT;
	if (!in->is_too_long) {
		in->text[in->length++] = c;
	}
}

static enum packet_event
put_last(struct packet_in *in, char c)
{
	uint32_t sum = (uint32_t)in->told << 4 | packet_digit(c);

	in->state = IDLE;
	in->text[in->length] = 0;
	return packet_digit(c) < 16 && sum == in->sum && !in->is_too_long ? PACKET_GOOD
									  : PACKET_DAMAGED;
}

enum packet_event
packet_put(struct packet_in *in, char c)
{
	if (c == '$') { /* nowhere inside of one that gdb sends */
		begin(in);
		return PACKET_NOTHING;
	}
	switch (in->state) {
	case TEXT:
		put_text(in, c);
		return PACKET_NOTHING;
	case CHECKSUM:
		in->told = (uint8_t)packet_digit(c);
		in->state = in->told < 16 ? CHECKSUM2 : IDLE;
		return in->told < 16 ? PACKET_NOTHING : PACKET_DAMAGED;
	case CHECKSUM2:
		return put_last(in, c);
	default:
		return put_idle(c);
	}
}

void
packet_char(struct packet_out *out, char c)
{
	if (out->length < PACKET_TEXT) {
		out->text[out->length++] = c;
	}
}

void
packet_text(struct packet_out *out, const char *text)
{
	while (*text) {
		packet_char(out, *text++);
	}
}

void
packet_number(struct packet_out *out, uint64_t number, uint32_t digits)
{
	while (digits--) {
		packet_char(out, "0123456789abcdef"[number >> 4 * digits & 15]);
	}
}

void
packet_memory(struct packet_out *out, const void *memory, size_t bytes)
{
	const uint8_t *at = memory;

	for (size_t i = 0; i < bytes; i++) {
		packet_number(out, at[i], 2);
	}
}

size_t
packet_frame(const struct packet_out *out, char to[PACKET_TEXT + 4])
{
	struct packet_out sum = {0};
	uint8_t total = 0;

	*to = '$';
	for (uint32_t i = 0; i < out->length; i++) {
		to[1 + i] = out->text[i];
		total += (uint8_t)out->text[i];
	}
	packet_number(&sum, total, 2);
	to[out->length + 1] = '#';
	to[out->length + 2] = sum.text[0];
	to[out->length + 3] = sum.text[1];
	return out->length + 4;
}

uint32_t
packet_digit(char c)
{
	return c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
	       : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
	       : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
				      : 16;
}

bool
packet_take_number(const char **text, uint64_t *number)
{
	const char *at = *text;
	uint32_t digits = 0;

	for (*number = 0; packet_digit(*at) < 16 && digits < 16; at++, digits++) {
		*number = *number << 4 | packet_digit(*at);
	}
	*text = at;
	return digits && packet_digit(*at) == 16;
}

bool
packet_take(const char **text, char c)
{
	bool is_there = **text == c;

	*text += is_there;
	return is_there;
}

bool
packet_take_memory(const char *text, void *memory, size_t bytes)
{
	uint8_t *to = memory;

	for (size_t i = 0; i < bytes; i++) {
		uint32_t high = packet_digit(text[0]);
		uint32_t low = high < 16 ? packet_digit(text[1]) : 16;

		if (low == 16) {
			return false;
		}
		to[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return !*text;
}
