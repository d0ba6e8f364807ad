/* SPDX-License-Identifier: MIT
 * net_reply.c: a handler answers each packet that comes from an environment of the same card, while
 * as many as can be wait to be received there: its answers wait as well, or are dropped, but take
 * the place of no packet that somebody is still to get.
 *
 * boot: init SMP=1 ICOUNT=1 NET=hub,hub
 */
#include "lib/base/bpf.h"
#include "lib/base/checked.h"
#include "test/boot/packets.h"
#include "test/boot/tap.h"

#define SENDERS 2 /* rings: as many packets as the card has under way at most */
#define READERS 2 /* who get each packet before and after the one with the handler */
#define TYPE    0x88b5
#define BYTES   60
#define ROUNDS  20
#define SENT    0xa5
#define ANSWER  0x77
#define FILL    20 /* byte of a packet that tells them apart */
#define BIT     10
#define MS      1000000ul

/* Fills the reply and has it sent; the packet goes on. */
static struct {
	struct exo_code head;
	struct exo_insn insn[9];
} image = {{.magic = EXO_CODE_MAGIC, .code_class = EXO_CODE_handler, .insns = 9},
	   {{BPF_ALU64 | BPF_MOV | BPF_X, 6 | 5 << 4, 0, 0},
	    {BPF_ST | BPF_MEM | BPF_B, 6, PACKET_TYPE, TYPE >> 8},
	    {BPF_ST | BPF_MEM | BPF_B, 6, PACKET_TYPE + 1, TYPE & 0xff},
	    {BPF_ST | BPF_MEM | BPF_B, 6, FILL, ANSWER},
	    {BPF_ALU64 | BPF_MOV | BPF_X, 1 | 6 << 4, 0, 0},
	    {BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, BYTES},
	    {BPF_JMP | BPF_CALL, 0, 0, EXO_HELPER_reply},
	    {BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, EXO_HANDLER_DELIVER},
	    {BPF_JMP | BPF_EXIT, 0, 0, 0}}};

static struct exo_net sender[SENDERS];
static struct exo_pages out;
static struct hostile_thread receiver; /* an environment of its own: who sends gets nothing back */
static struct exo_net reader[READERS], answering;
static volatile int64_t opened = 1;
static volatile uint64_t came, wrong;

static int64_t
share(uint16_t type)
{
	const struct exo_filter filter = {
		.receive_atoms = 1,
		.atoms = {{EXO_ATOM_COMPARE, 2, 0, 0, PACKET_TYPE, 0, 0xffff, type}}};

	return exo_share(exo_boot()->packets[0], free_slot(), (uint64_t)&filter, 0,
			 EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
}

static int64_t
open_shared(struct exo_net *net, uint16_t type)
{
	int64_t result = share(type);

	return result < 0 ? result : exo_net_open(net, (exo_handle)result, 64, BIT, BIT);
}

static int64_t
open_receivers(void)
{
	exo_handle code = (exo_handle)exo_carve(exo_boot()->code, free_slot(), 0, 2,
						EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	int64_t result = open_shared(&reader[0], TYPE);

	result = result < 0 ? result : open_shared(&answering, TYPE);
	result = result < 0 ? result : open_shared(&reader[1], TYPE);
	result = result < 0 ? result : exo_code_load(code, &image.head);
	return result < 0 ? result
			  : exo_bind(EXO_BIND_HANDLER, answering.receive.ring, code, EXO_NONE);
}

static void
drain(struct exo_net *net)
{
	const uint8_t *p;

	while (exo_net_receive(net, &p) > 0) {
		wrong += p[FILL] != SENT;
		came++;
		exo_net_release(net);
	}
}

static void
receive(uint64_t unused)
{
	(void)unused;
	opened = open_receivers();
	for (;;) {
		exo_sleep(EXO_EVENT(BIT), exo_ticks() + exo_sysinfo()->timebase_hz / 1000);
		drain(&reader[0]);
		drain(&reader[1]);
		drain(&answering);
	}
}

/* All rings are filled, and the card with them. */
static void
send_all(void)
{
	const union exo_request q = {
		.packet = {.segments = 1, .segment = {{out.frames, EXO_SEGMENT(0, BYTES)}}}};
	struct exo_completion done;

	for (uint32_t i = 0; i < SENDERS; i++) {
		while (exo_queue_put(&sender[i].transmit, &q) == 0) {
		}
	}
	for (uint32_t i = 0; i < SENDERS; i++) {
		exo_queue_submit(&sender[i].transmit);
	}
	exo_pause(10 * MS);
	for (uint32_t i = 0; i < SENDERS; i++) {
		while (exo_net_sent(&sender[i], &done) == 1) {
		}
	}
}

int
main(void)
{
	const struct exo_nic_info *info = &exo_sysinfo()->nic[0];
	int64_t result = exo_pages_make(&out, 1);

	tap_plan(5);
	packets_build(out.memory, TYPE, 1, SENT, BYTES);
	for (uint32_t i = 0; i < SENDERS && result == 0; i++) {
		result = open_shared(&sender[i], (uint16_t)(0x9000 + i));
	}
	tap_is(result, 0, "rings to send by");
	tap_is(hostile_thread_start(&receiver, 0, receive, 0), 0, "who receives");
	while (opened > 0) {
		exo_pause(MS);
	}
	tap_is(opened, 0, "and answers");
	for (uint32_t i = 0; i < ROUNDS; i++) {
		send_all();
	}
	tap_ok(came > ROUNDS && info->dropped > 0, "%lu were sent, %lu came, %lu found no room",
	       info->transmitted, came, info->dropped);
	tap_is((int64_t)wrong, 0, "all are what was sent");
	hostile_thread_end(&receiver);
	return tap_end();
}
