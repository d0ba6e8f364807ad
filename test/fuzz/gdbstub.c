/* SPDX-License-Identifier: MIT
 * gdbstub.c: fuzz target of gdb's remote protocol: the bytes are those of the line, but 0x80 to
 * 0x8f stop the target for one reason or another, and 0x90 to 0x9f send a packet of what follows,
 * with its right checksum.
 *
 * Properties: whatever comes, what is sent are acknowledgements and well-formed packets that fit
 * into one write; and when the session is over, no breakpoint is left in the memory.
 *
 * links: lib/gdbstub/packet.c lib/gdbstub/stub.c lib/gdbstub/command.c
 * links: lib/gdbstub/registers.c lib/gdbstub/breaks.c lib/gdbstub/step.c
 */
#include <stdint.h>
#include <stdlib.h>

#include "test/fake/gdb_target.h"

static struct fake_target fake;
static uint8_t ghost[FAKE_BYTES]; /* the memory as gdb wrote it */

static void
require(int holds)
{
	if (!holds) {
		abort();
	}
}

static void
check_sent(void *context, const char *text, size_t bytes)
{
	struct packet_in in = {0};
	size_t start = bytes && text[0] == '+';

	(void)context;
	require(bytes <= PACKET_BYTES);
	if (bytes == start || (bytes == 1 && text[0] == '-')) {
		return;
	}
	require(text[start] == '$');
	for (size_t i = start; i < bytes; i++) {
		enum packet_event event = packet_put(&in, text[i]);

		require((event == PACKET_GOOD) == (i == bytes - 1));
	}
}

static struct gdb_target
target_of(void)
{
	struct gdb_target target = fake_target;

	target.send = check_sent;
	return target;
}

static size_t
send_packet(struct gdb_stub *stub, const uint8_t *data, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum = 0;
	size_t length = 0;

	gdb_put(stub, '$');
	for (; length < bytes && data[length] < 0x80 && data[length] != '#' && data[length] != '$';
	     length++) {
		gdb_put(stub, (char)data[length]);
		sum += data[length];
	}
	gdb_put(stub, '#');
	gdb_put(stub, digits[sum >> 4]);
	gdb_put(stub, digits[sum & 15]);
	return length;
}

static void
stop(struct gdb_stub *stub, uint8_t how)
{
	fake.why = (struct gdb_why){how & 3, how};
	gdb_look(stub);
}

/* Asked through the stub, memory shows no breakpoint; so it is compared in the end. */
static void
look(struct gdb_stub *stub)
{
	for (uint64_t i = 0; i < FAKE_BYTES; i++) {
		breaks_read(&stub->breaks, FAKE_START + i, &ghost[i], 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const struct gdb_target target = target_of();
	struct gdb_stub stub;

	fake_open(&fake);
	gdb_open(&stub, &target, &fake);
	for (size_t i = 0; i < bytes; i++) {
		if (data[i] >= 0x80 && data[i] < 0x90) {
			stop(&stub, data[i]);
		} else if (data[i] >= 0x90 && data[i] < 0xa0) {
			i += send_packet(&stub, data + i + 1, bytes - i - 1);
		} else {
			gdb_put(&stub, (char)data[i]);
		}
	}
	look(&stub);
	gdb_close(&stub);
	require(!memcmp(ghost, fake.memory, FAKE_BYTES));
	return 0;
}
