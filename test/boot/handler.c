/* SPDX-License-Identifier: MIT
 * handler.c: a program in the kernel looks at packets before they come into a ring: it answers,
 * counts, wakes and drops; one that goes wrong only loses its turn, and revoking detaches it.
 *
 * boot: init SMP=2
 * boot: init SMP=2 MEM=32M paranoid
 */
#include <string.h>

#include "lib/base/bpf.h"
#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/slots.h"
#include "test/boot/tap.h"

#define RECEIVE_BIT  10
#define TRANSMIT_BIT 11
#define BYTES        60
#define KIND         14 /* byte of a packet: what the handler does with it */
#define MARK         15
#define LONG         128 /* a packet of which this byte, behind all others, is not 0: */
#define SECRET       104
#define PATIENCE_NS  (EXO_NS_PER_S / 2)

enum kind { DELIVERED, ANSWERED, ENDLESS, WILD, WAKING, FORGED, AS_IT_IS, LOOKING };

static struct {
	struct exo_code head;
	struct exo_insn insn[80];
} image = {{.magic = EXO_CODE_MAGIC, .code_class = EXO_CODE_handler}, {{0}}};

static struct exo_net net;
static struct exo_pages out;
static struct exo_pages state;
static exo_handle code;

static uint32_t
put(uint8_t opcode, unsigned to, unsigned from, int offset, int32_t imm)
{
	image.insn[image.head.insns] =
		(struct exo_insn){opcode, (uint8_t)(to | from << 4), (int16_t)offset, imm};
	return image.head.insns++;
}

/* A jump if r9 is `kind`, to where land() is called for it. */
static uint32_t
when(enum kind kind)
{
	return put(BPF_JMP | BPF_JEQ | BPF_K, 9, 0, 0, (int32_t)kind);
}

static void
land(uint32_t jump)
{
	image.insn[jump].offset = (int16_t)(image.head.insns - jump - 1);
}

static void
ends(int32_t result)
{
	put(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, result);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* The packet into the reply, where it is already. */
static void
places(void)
{
	put(BPF_ALU64 | BPF_MOV | BPF_X, 1, 8, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 2, 6, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, BYTES);
	put(BPF_JMP | BPF_CALL, 0, 0, 0, EXO_HELPER_place);
}

/* The reply is the packet, marked, for the ring; if `forged` from another address. */
static void
answers(bool forged)
{
	put(BPF_ST | BPF_MEM | BPF_B, 8, 0, KIND, DELIVERED);
	put(BPF_ST | BPF_MEM | BPF_B, 8, 0, MARK, 99);
	if (forged) {
		put(BPF_ST | BPF_MEM | BPF_B, 8, 0, 11, 0x77);
	}
	put(BPF_ALU64 | BPF_MOV | BPF_X, 1, 8, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, BYTES);
	put(BPF_JMP | BPF_CALL, 0, 0, 0, EXO_HELPER_reply);
	ends(EXO_HANDLER_DROP);
}

static void
make_handler(void)
{
	uint32_t jump[LOOKING + 1];

	put(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 7, 3, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 8, 5, 0, 0);
	put(BPF_LDX | BPF_MEM | BPF_B, 9, 6, KIND, 0);
	put(BPF_LDX | BPF_MEM | BPF_DW, 2, 7, 0, 0);
	put(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, 1);
	put(BPF_STX | BPF_MEM | BPF_DW, 7, 2, 0, 0);
	for (unsigned kind = ANSWERED; kind <= LOOKING; kind++) {
		jump[kind] = when((enum kind)kind);
	}
	ends(EXO_HANDLER_DELIVER);
	land(jump[ANSWERED]);
	places();
	land(jump[AS_IT_IS]);
	answers(false);
	land(jump[FORGED]);
	answers(true);
	land(jump[ENDLESS]);
	put(BPF_JMP | BPF_JA, 0, 0, -1, 0);
	land(jump[WILD]);
	put(BPF_STX | BPF_MEM | BPF_DW, 6, 2, 0, 0); /* the packet cannot be written */
	ends(EXO_HANDLER_DROP);
	land(jump[WAKING]);
	put(BPF_JMP | BPF_CALL, 0, 0, 0, EXO_HELPER_wake);
	ends(EXO_HANDLER_DROP);
	land(jump[LOOKING]);
	put(BPF_LDX | BPF_MEM | BPF_DW, 2, 8, SECRET, 0);
	put(BPF_STX | BPF_MEM | BPF_DW, 7, 2, sizeof(uint64_t), 0);
	ends(EXO_HANDLER_DROP);
}

static uint64_t
mac(void)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 6; i++) {
		value = value << 8 | exo_sysinfo()->nic[EXO_NIC_LOOP].mac[i];
	}
	return value << 16;
}

/* To the own address, and from it only. */
static exo_handle
own_packets(void)
{
	const struct exo_filter filter = {
		.receive_atoms = 1,
		.transmit_atoms = 1,
		.atoms =
			{{.kind = EXO_ATOM_COMPARE, .width = 8, .mask = ~0ul << 16, .value = mac()},
			 {.kind = EXO_ATOM_COMPARE,
			  .width = 8,
			  .offset = 6,
			  .mask = ~0ul << 16,
			  .value = mac()}},
	};

	return (exo_handle)exo_carve(exo_boot()->packets[EXO_NIC_LOOP], (uint32_t)exo_slot_take(),
				     (uint64_t)&filter, 0, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT,
				     0);
}

static void
send_bytes(enum kind kind, uint32_t bytes)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, bytes)};
	uint8_t *packet = out.memory;
	struct exo_completion done;

	memset(packet, 0, LONG);
	packet[SECRET] = 1;
	memcpy(packet, exo_sysinfo()->nic[EXO_NIC_LOOP].mac, 6);
	memcpy(packet + 6, exo_sysinfo()->nic[EXO_NIC_LOOP].mac, 6);
	packet[KIND] = (uint8_t)kind;
	exo_net_send(&net, &all, 1, 1);
	while (!exo_net_sent(&net, &done)) {
		exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS);
	}
}

static void
send(enum kind kind)
{
	send_bytes(kind, BYTES);
}

/* The mark of the packet that comes; -1: none does. */
static int
arrives(void)
{
	const uint8_t *packet;
	int mark;

	while (exo_net_receive(&net, &packet) <= 0) {
		if (!exo_wait(EXO_EVENT(RECEIVE_BIT), PATIENCE_NS)) {
			return -1;
		}
	}
	mark = packet[MARK];
	exo_net_release(&net);
	return mark;
}

static uint64_t
counted(void)
{
	return *(volatile uint64_t *)state.memory;
}

/* A reply is the packet before its handler has done anything; behind it is nothing of what others
 * sent from the same memory, which every round uses in another order. */
static void
reply_begins(void)
{
	volatile uint64_t *seen = (volatile uint64_t *)state.memory + 1;
	uint64_t any = 0;

	send(AS_IT_IS);
	tap_is(arrives(), 99, "its reply is the packet where nothing was written");
	for (unsigned round = 0; round < 4; round++) {
		send_bytes(DELIVERED, LONG);
		arrives();
		send(round % 2 ? ANSWERED : AS_IT_IS);
		arrives();
		*seen = 1;
		send(LOOKING);
		exo_wait(EXO_EVENT(RECEIVE_BIT), PATIENCE_NS / 10);
		any |= *seen;
	}
	tap_is((int64_t)any, 0, "and behind it is nothing of other packets");
}

static void
does_its_work(void)
{
	send(DELIVERED);
	tap_is(arrives(), 0, "a packet that it delivers comes");
	tap_is((int64_t)counted(), 1, "and is counted in the owner's frame");
	send(ANSWERED);
	tap_is(arrives(), 99, "its reply goes out");
	tap_is((int64_t)counted(), 3, "the packet itself was dropped, the reply seen");
	tap_is(net.receive.page->handled, 1, "one was dealt with");
	send(WAKING);
	tap_is((int64_t)exo_sleep(EXO_EVENT(RECEIVE_BIT), exo_ticks() + exo_sysinfo()->timebase_hz),
	       (int64_t)EXO_EVENT(RECEIVE_BIT), "it wakes its owner");
	tap_is(arrives(), -1, "for nothing in the ring");
}

static void
goes_wrong(void)
{
	uint64_t refused = exo_sysinfo()->nic[EXO_NIC_LOOP].refused;

	send(ENDLESS);
	tap_is(arrives(), 0, "out of fuel, the packet is delivered");
	send(WILD);
	tap_is(arrives(), 0, "so it is when the handler writes into the packet");
	tap_is(net.receive.page->failed, 2, "both are told");
	send(FORGED);
	tap_is(arrives(), -1, "a reply from another address is not sent");
	tap_is((int64_t)(exo_sysinfo()->nic[EXO_NIC_LOOP].refused - refused), 1, "but refused");
}

static void
is_detached(void)
{
	uint64_t before = counted();

	tap_is(exo_unbind(EXO_BIND_CODE, code), E_BUSY, "its program cannot go under it");
	tap_is(exo_revoke(code, 0, 0), 0, "its code is revoked");
	send(ANSWERED);
	tap_is(arrives(), 0, "then packets are delivered");
	tap_is((int64_t)(counted() - before), 0, "without a look at them");
	tap_is(exo_bind(EXO_BIND_HANDLER, net.receive.ring, code, state.frames), E_STATE,
	       "nothing is there to be bound");
	tap_is(exo_code_load(code, &image.head), 0, "loaded again");
	tap_is(exo_bind(EXO_BIND_HANDLER, net.receive.ring, code, state.frames), 0, "and bound");
	send(DELIVERED);
	tap_is(arrives(), 0, "it works again");
	tap_is((int64_t)(counted() - before), 1, "as before");
	tap_is(exo_unbind(EXO_BIND_HANDLER, net.receive.ring), 0, "unbound");
	tap_is(exo_unbind(EXO_BIND_HANDLER, net.receive.ring), E_STATE, "once");
	tap_is(exo_bind(EXO_BIND_HANDLER, net.transmit.ring, code, EXO_NONE), E_INVAL,
	       "only a ring that receives has a handler");
}

int
main(void)
{
	tap_plan(31);
	tap_is(exo_net_open(&net, own_packets(), 4, RECEIVE_BIT, TRANSMIT_BIT), 0, "rings");
	tap_is(exo_pages_make(&out, 1), 0, "memory to send from");
	tap_is(exo_pages_make(&state, 1), 0, "memory for the handler");
	make_handler();
	code = (exo_handle)exo_carve(exo_boot()->code, (uint32_t)exo_slot_take(), 0, 4,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	tap_is(exo_code_load(code, &image.head), 0, "a handler is loaded");
	tap_is(exo_bind(EXO_BIND_HANDLER, net.receive.ring, code, state.frames), 0, "and bound");
	does_its_work();
	reply_begins();
	goes_wrong();
	is_detached();
	return tap_end();
}
