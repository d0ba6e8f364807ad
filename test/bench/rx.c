/* SPDX-License-Identifier: MIT
 * rx.c: receive packets: sleep, interrupt, filter, copy into the ring, wake, take the packet.
 *
 * The filter is that of a UDP server: IPv4, UDP, not a fragment, destination port 7. The host sends
 * one packet at a time (rx_paced); or, when the kernel's command line has the word `burst`, BURST
 * that come at once (rx_burst32, all of them in one interval).
 */
#include <string.h>

#include "lib/exo/frames.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"

#define SAMPLES      200
#define BURST        32
#define BUFFER_PAGES 32
#define BUFFERS      (BUFFER_PAGES * 2)
#define NET_EVENT    1
#define UDP_BYTES    18

static const struct exo_filter udp_port_7 = {
	.receive_atoms = 5,
	.atoms =
		{
			{.kind = EXO_ATOM_COMPARE,
			 .width = 2,
			 .offset = 12,
			 .mask = 0xffff,
			 .value = 0x0800},
			{.kind = EXO_ATOM_COMPARE,
			 .width = 2,
			 .offset = 20,
			 .mask = 0x3fff,
			 .value = 0},
			{.kind = EXO_ATOM_COMPARE,
			 .width = 1,
			 .offset = 23,
			 .mask = 0xff,
			 .value = 17},
			{.kind = EXO_ATOM_SHIFT,
			 .width = 1,
			 .scale = 2,
			 .offset = 14,
			 .mask = 0x0f},
			{.kind = EXO_ATOM_COMPARE,
			 .width = 2,
			 .offset = 16,
			 .mask = 0xffff,
			 .value = 7},
		},
};

static volatile struct exo_ring *ring;
static struct exo_pages buffer;

static void
make_ring(void)
{
	exo_handle handle, memory, packets;
	uint64_t address;
	uint32_t slot = (uint32_t)must("slot", exo_slot_take());

	packets = (exo_handle)must("carve",
				   exo_carve(exo_boot()->packets[0], slot, (uint64_t)&udp_port_7, 0,
					     EXO_PACKET_RECEIVE, 0));
	must("ring", exo_frames_create(exo_own_frames(), EXO_CAP_RING, EXO_RING_RECEIVE, NET_EVENT,
				       &handle, &memory));
	must("map ring", exo_vm_map(exo_own_vm(), handle, 0, 1, EXO_READ | EXO_WRITE, &address));
	ring = (volatile struct exo_ring *)address;
	must("buffer", exo_pages_make(&buffer, BUFFER_PAGES));
	must("bind buffer", exo_bind(EXO_BIND_BUFFER, handle, buffer.frames, 0));
	must("bind packets", exo_bind(EXO_BIND_PACKET, handle, packets, 0));
}

/* Waits for packets behind the first `head`; how many have come in all. */
static uint32_t
wait_behind(uint32_t head)
{
	uint32_t tail;

	while ((tail = __atomic_load_n(&ring->cq_tail, __ATOMIC_ACQUIRE)) == head) {
		exo_sleep(1ul << NET_EVENT, UINT64_MAX);
	}
	return tail;
}

/* The number in the payload of packet `at`. */
static inline uint32_t
number_of(uint32_t at)
{
	uint32_t slot = at % BUFFERS;
	const uint8_t *packet =
		(const uint8_t *)buffer.memory + slot * EXO_PACKET_BYTES + EXO_PACKET_SKEW;

	if (ring->received[slot] < 42 + UDP_BYTES) {
		must("packet length", E_FORMAT);
	}
	return (uint32_t)packet[42] << 24 | (uint32_t)packet[43] << 16 | (uint32_t)packet[44] << 8 |
	       packet[45];
}

/* Takes those that have come, up to `most`, and gives their buffers back together; how many, and
 * the number of the last one. */
static uint32_t
take(uint32_t head, uint32_t most, uint32_t *number)
{
	uint32_t count = wait_behind(head) - head;
	uint32_t last = 0;

	count = count < most ? count : most;
	for (uint32_t n = 0; n < count; n++) {
		last = number_of(head + n);
	}
	*number = last;
	__atomic_store_n(&ring->cq_head, head + count, __ATOMIC_RELEASE);
	return count;
}

static void
take_paced(void)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint32_t number;

		BEGIN(OP_RX_PACED);
		take(i, 1, &number);
		END(OP_RX_PACED);
		if (i && number <= last) {
			must("packet order", E_FORMAT);
		}
		last = number;
	}
}

static void
take_bursts(void)
{
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint32_t last = 0;

		BEGIN(OP_RX_BURST32);
		for (uint32_t n = 0; n < BURST;) {
			n += take(i * BURST + n, BURST - n, &last);
		}
		END(OP_RX_BURST32);
		if (last % BURST != BURST - 1) {
			must("a burst has lost packets", E_FORMAT);
		}
	}
}

int
main(void)
{
	bool bursts = strstr(exo_boot()->bootargs, "burst") != NULL;

	make_ring();
	bench_empty();
	printf("READY\n");
	fflush(stdout);
	if (bursts) {
		take_bursts();
	} else {
		take_paced();
	}
	return bench_end();
}
