/* SPDX-License-Identifier: MIT
 * handler_worst.c: handlers that take as long as their fuel lets them: by themselves, and in the
 * helpers. It counts for irqs_off_max, as code_worst.c does. Here each packet
 * must still come, and each run be told as one that ended early.
 *
 * boot: init SMP=1
 */
#include <string.h>

#include "lib/base/bpf.h"
#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/slots.h"
#include "test/boot/tap.h"

#define RECEIVE_BIT  10
#define TRANSMIT_BIT 11
#define PACKETS      8
#define LARGE        1700 /* bytes: the fuel that is left is too little for the same again */
#define PATIENCE_NS  EXO_NS_PER_S

static struct {
	struct exo_code head;
	struct exo_insn insn[16];
} image = {{.magic = EXO_CODE_MAGIC, .code_class = EXO_CODE_handler}, {{0}}};

static struct exo_net net;
static struct exo_pages out;
static struct exo_pages state;
static exo_handle code;

static void
put(uint8_t opcode, unsigned to, unsigned from, int offset, int32_t imm)
{
	image.insn[image.head.insns++] =
		(struct exo_insn){opcode, (uint8_t)(to | from << 4), (int16_t)offset, imm};
}

/* Calls the helper again and again with r1 and r2 so far behind the start of the regions in r6 and
 * r7; r7 0: r2 is a number. */
static void
repeats(enum exo_code_helper helper, int32_t first, int32_t second, int32_t third)
{
	put(BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0);
	put(BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, first);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 2, 7, 0, 0);
	put(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, second);
	put(BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, third);
	put(BPF_JMP | BPF_CALL, 0, 0, 0, (int32_t)helper);
	put(BPF_JMP | BPF_JA, 0, 0, -7, 0);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void
begins(unsigned first, unsigned second)
{
	image.head.insns = 0;
	put(BPF_ALU64 | BPF_MOV | BPF_X, 6, first, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 7, second, 0, 0);
}

static void
sums(int32_t from, int32_t bytes)
{
	begins(3, 0);
	repeats(EXO_HELPER_checksum, from, bytes, 0);
}

static void
moves(int32_t to, int32_t from, int32_t bytes)
{
	begins(3, 3);
	repeats(EXO_HELPER_place, to, from, bytes);
}

static void
sends(void)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, EXO_PACKET_MAX)};
	struct exo_completion done;

	exo_net_send(&net, &all, 1, 1);
	while (!exo_net_sent(&net, &done)) {
		exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS);
	}
}

static bool
arrives(void)
{
	const uint8_t *packet;

	while (exo_net_receive(&net, &packet) <= 0) {
		if (!exo_wait(EXO_EVENT(RECEIVE_BIT), PATIENCE_NS)) {
			return false;
		}
	}
	exo_net_release(&net);
	return true;
}

/* The program in image looks at some packets; how many runs ended early. */
static void
is_ended(const char *what)
{
	uint32_t before = net.receive.page->failed;
	uint32_t came = 0;

	exo_unbind(EXO_BIND_HANDLER, net.receive.ring);
	exo_unbind(EXO_BIND_CODE, code);
	if (exo_code_load(code, &image.head) ||
	    exo_bind(EXO_BIND_HANDLER, net.receive.ring, code, state.frames)) {
		tap_ok(false, "%s: it is loaded and bound", what);
		return;
	}
	for (uint32_t i = 0; i < PACKETS; i++) {
		sends();
		came += arrives();
	}
	tap_ok(came == PACKETS && net.receive.page->failed - before == PACKETS,
	       "%s: %u packets came, %u runs were ended", what, came,
	       net.receive.page->failed - before);
}

/* A jump to itself that compares 32 bits: six instructions of the seven that are paid for. */
static void
spins(void)
{
	image.head.insns = 0;
	put(BPF_JMP32 | BPF_JSGE | BPF_X, 2, 2, -1, 0);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

int
main(void)
{
	tap_plan(12);
	tap_is(exo_net_open(&net, exo_boot()->packets[EXO_NIC_LOOP], 4, RECEIVE_BIT, TRANSMIT_BIT),
	       0, "rings");
	tap_is(exo_pages_make(&out, 1), 0, "memory to send from");
	tap_is(exo_pages_make(&state, 2), 0, "memory for the handler");
	code = (exo_handle)exo_carve(exo_boot()->code, (uint32_t)exo_slot_take(), 0, 4,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	spins();
	is_ended("jumps");
	sums(1, LARGE);
	is_ended("a large sum");
	sums(0, 7);
	is_ended("small sums");
	moves(0, EXO_PAGE_SIZE, LARGE);
	is_ended("a large copy");
	moves(1, EXO_PAGE_SIZE, LARGE);
	is_ended("one across words");
	moves(1, 0, LARGE);
	is_ended("one onto itself");
	moves(0, 9, 7);
	is_ended("small copies");
	begins(5, 0);
	repeats(EXO_HELPER_reply, 0, 60, 0);
	is_ended("replies");
	begins(3, 0);
	repeats(EXO_HELPER_wake, 0, 0, 0);
	is_ended("wakes");
	return tap_end();
}
