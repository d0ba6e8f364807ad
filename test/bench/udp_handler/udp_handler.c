/* SPDX-License-Identifier: MIT
 * udp_handler.c: UDP datagrams of 18 bytes that a handler in the kernel sends back
 * (udp_echo_handler), while the program sleeps.
 *
 * Nothing is marked here: from the end of the wfi that an interrupt ends to the return of
 * nic_send_reply(), which has handed the reply to the device, is counted by the plugin (upto=). So
 * interrupt, filter, handler, transmit predicate are in it, the end of the transmission is not.
 */
#include <string.h>

#include "lib/exo/frames.h"
#include "lib/exo/net.h"
#include "lib/exo/slots.h"
#include "test/bench/common.h"

#define SAMPLES      200
#define NET_EVENT    1
#define BUFFER_PAGES 4
#define CODE_PAGES   4
#define LOOK_HZ      10
#define COMPARE(at, bytes, bits, is)                                                               \
	{                                                                                          \
		.kind = EXO_ATOM_COMPARE, .width = (bytes), .offset = (at), .mask = (bits),        \
		.value = (is)                                                                      \
	}

extern const struct exo_insn handler_code[], handler_code_end[];

static struct {
	struct exo_code head;
	struct exo_insn insn[64];
} image = {{.magic = EXO_CODE_MAGIC, .code_class = EXO_CODE_handler}, {{0}}};

static struct exo_net net;

/* UDP to port 7, no fragment, no IP options; from the NIC's own address. */
static exo_handle
carve_packets(void)
{
	struct exo_filter filter = {
		.receive_atoms = 5,
		.transmit_atoms = 1,
		.atoms =
			{
				COMPARE(12, 2, 0xffff, 0x0800),
				COMPARE(14, 1, 0xff, 0x45),
				COMPARE(20, 2, 0x3fff, 0),
				COMPARE(23, 1, 0xff, 17),
				COMPARE(36, 2, 0xffff, 7),
				COMPARE(6, 8, ~0ul << 16, 0),
			},
	};

	for (unsigned i = 0; i < 6; i++) {
		filter.atoms[5].value |= (uint64_t)exo_sysinfo()->nic[0].mac[i] << (56 - 8 * i);
	}
	return (exo_handle)must("carve", exo_carve(exo_boot()->packets[0],
						   (uint32_t)must("slot", exo_slot_take()),
						   (uint64_t)&filter, 0,
						   EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0));
}

static void
start_handler(void)
{
	exo_handle code = (exo_handle)must(
		"carve code", exo_carve(exo_boot()->code, (uint32_t)must("slot", exo_slot_take()),
					0, CODE_PAGES, EXO_CODE_LOAD | EXO_CODE_RUN, 0));
	size_t bytes = (size_t)((const uint8_t *)handler_code_end - (const uint8_t *)handler_code);

	if (bytes > sizeof(image.insn)) {
		must("length of the handler", E_LIMIT);
	}
	memcpy(image.insn, handler_code, bytes);
	image.head.insns = (uint32_t)(bytes / sizeof(struct exo_insn));
	must("load", exo_code_load(code, &image.head));
	must("bind handler", exo_bind(EXO_BIND_HANDLER, net.receive.ring, code, EXO_NONE));
}

int
main(void)
{
	must("open", exo_net_open_receive(&net, carve_packets(), BUFFER_PAGES, NET_EVENT));
	start_handler();
	bench_empty();
	printf("READY\n");
	fflush(stdout);
	while (net.receive.page->handled < SAMPLES) {
		if (net.receive.page->failed) {
			must("handler", E_FAULT);
		}
		exo_sleep(0, exo_ticks() + exo_sysinfo()->timebase_hz / LOOK_HZ);
	}
	return bench_end();
}
