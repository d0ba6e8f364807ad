/* SPDX-License-Identifier: MIT
 * predicate.c: sleeping until a condition holds: it is looked at before the sleep and at each event
 * and signal, wakes with what it returned, and nobody hangs when it goes wrong or goes away.
 *
 * boot: init SMP=1 ICOUNT=1
 * boot: init SMP=2
 */
#include <string.h>

#include "lib/base/bpf.h"
#include "lib/exo/net.h"
#include "lib/exo/predicate.h"
#include "lib/exo/slots.h"
#include "lib/exo/thread.h"
#include "lib/exo/time.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define MS         1000000ul
#define BIT        5
#define BY_IT      EXO_SLEEP_PREDICATE
#define PROGRAMS   2
#define CODE_PAGES 2

struct image {
	struct exo_code head;
	struct exo_insn insn[8];
};

/* The word at r1 if it is at least 5, else 0. */
static const struct image at_least_5 = {
	{EXO_CODE_MAGIC, EXO_CODE_predicate, 4, 0, 0, 0},
	{{BPF_LDX | BPF_MEM | BPF_DW, 0x10, 0, 0},
	 {BPF_JMP | BPF_JGE | BPF_K, 0, 1, 5},
	 {BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0},
	 {BPF_JMP | BPF_EXIT, 0, 0, 0}},
};

/* The half word at r1. */
static const struct image not_0 = {
	{EXO_CODE_MAGIC, EXO_CODE_predicate, 2, 0, 0, 0},
	{{BPF_LDX | BPF_MEM | BPF_W, 0x10, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0}},
};

/* Reads behind its memory. */
static const struct image wild = {
	{EXO_CODE_MAGIC, EXO_CODE_predicate, 3, 0, 0, 0},
	{{BPF_ALU64 | BPF_ADD | BPF_X, 0x21, 0, 0},
	 {BPF_LDX | BPF_MEM | BPF_B, 0x10, 0, 0},
	 {BPF_JMP | BPF_EXIT, 0, 0, 0}},
};

static struct exo_pages memory;
static exo_handle code[PROGRAMS];
static exo_handle other; /* of the same pages as the first */
static struct exo_thread thread;
static struct exo_net net;

static volatile uint64_t *
word(void)
{
	return (volatile uint64_t *)memory.memory + 2;
}

static uint64_t
soon(uint64_t ms)
{
	return exo_ticks() + exo_sysinfo()->timebase_hz * ms / 1000;
}

static int64_t
bind(exo_handle program)
{
	return exo_bind(EXO_BIND_PREDICATE, memory.frames, program, 16ul << 32 | 8);
}

static void
load(unsigned number, const struct image *image)
{
	code[number] = (exo_handle)exo_carve(exo_boot()->code, (uint32_t)exo_slot_take(),
					     number * CODE_PAGES, CODE_PAGES,
					     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	tap_is(exo_code_load(code[number], &image->head), 0, "a predicate is loaded");
}

static void
pause(uint64_t ms)
{
	uint64_t end = soon(ms);

	while (exo_ticks() < end) {
		exo_yield(EXO_NONE);
	}
}

/* What the other one does while the first sleeps. */
static uint64_t
stores(void *argument)
{
	pause(20);
	exo_signal(exo_boot()->env, 1ul << BIT); /* nothing has changed */
	pause(20);
	*word() = (uint64_t)argument;
	exo_signal(exo_boot()->env, 0);
	return 0;
}

static uint64_t
revokes(void *argument)
{
	(void)argument;
	pause(20);
	return (uint64_t)exo_revoke(code[0], 0, 0);
}

static uint64_t
drops_other(void *argument)
{
	(void)argument;
	pause(20);
	return (uint64_t)exo_drop(other, 0, 0);
}

static struct exo_result
sleep_while(uint64_t (*body)(void *), uint64_t argument)
{
	struct exo_result result;
	uint64_t status;

	tap_is(exo_thread_start(&thread, exo_sysinfo()->harts - 1, body, (void *)argument), 0,
	       "another one goes to work");
	result = exo_sleep2(BY_IT | 1ul << 6, soon(5000));
	exo_thread_join(&thread, &status);
	return result;
}

static void
waits(void)
{
	struct exo_result result;

	tap_is(bind(code[0]), 0, "bound, with memory to look at");
	tap_is(bind(code[0]), E_BUSY, "once");
	*word() = 4;
	result = exo_sleep2(BY_IT, soon(10));
	tap_ok(result.value == 0 && result.second == 0, "it does not hold: the deadline comes");
	*word() = 7;
	result = exo_sleep2(BY_IT, UINT64_MAX);
	tap_ok(result.value == 0 && result.second == 7, "it holds: no sleep, and its result");
	*word() = 0;
	result = sleep_while(stores, 9);
	tap_ok(result.value == 0 && result.second == 9, "a store and a signal wake");
	tap_is(exo_sleep(1ul << BIT, 0), 1l << BIT, "an event that did not make it true is kept");
	*word() = 0;
	exo_signal(exo_boot()->env, 1ul << 6);
	result = exo_sleep2(BY_IT | 1ul << 6, soon(1000));
	tap_ok(result.value == 1l << 6 && result.second == 0, "an event of the mask wakes as well");
}

static void
goes_wrong(void)
{
	struct exo_result result;

	*word() = 0;
	result = sleep_while(revokes, 0);
	tap_ok(result.value == 0 && result.second == 0 && exo_ticks() < soon(4000),
	       "its code is revoked: it wakes");
	tap_is(exo_unbind(EXO_BIND_PREDICATE, EXO_NONE), 0, "what is left of it is unbound");
	tap_is(exo_unbind(EXO_BIND_PREDICATE, EXO_NONE), E_STATE, "once");
	tap_is(bind(code[0]), E_STATE, "nothing is loaded there");
	tap_is(bind(code[1]), 0, "another one, which reads too far");
	result = exo_sleep2(BY_IT, UINT64_MAX);
	tap_ok(result.value == 0 && result.second == EXO_TAG_FAULT, "that wakes, and is told");
	tap_is(exo_unbind(EXO_BIND_CODE, code[1]), E_BUSY, "its program cannot go under it");
	exo_unbind(EXO_BIND_PREDICATE, EXO_NONE);
	tap_is(exo_unbind(EXO_BIND_CODE, code[1]), 0, "but without it");
	tap_is(exo_sleep(BY_IT, soon(5)), 0, "without a predicate it is a sleep like any other");
}

/* A frame to itself on the loop, whose event nobody waits for. */
static uint64_t
sends(void *argument)
{
	const struct exo_segment segment = {memory.frames, EXO_SEGMENT(2048, 64)};

	(void)argument;
	pause(20);
	return (uint64_t)exo_net_send(&net, &segment, 1, 0);
}

/* What the kernel writes into a ring is looked at because of the ring's event. */
static void
watches_a_ring(void)
{
	static const struct exo_filter all;
	int64_t packets = exo_share(exo_boot()->packets[EXO_NIC_LOOP], (uint32_t)exo_slot_take(),
				    (uint64_t)&all, 1, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
	const uint64_t tail = offsetof(struct exo_ring, cq_tail);
	struct exo_woken woken;
	uint64_t status;

	exo_code_load(code[0], &not_0.head);
	tap_is(exo_net_open(&net, (exo_handle)packets, 1, 7, 8), 0, "rings on the loop");
	tap_is(exo_predicate_bind(code[0], net.receive.ring, tail, 4), 0, "it looks at a ring");
	exo_sleep(1ul << 7 | 1ul << 8, 0);
	exo_thread_start(&thread, exo_sysinfo()->harts - 1, sends, NULL);
	woken = exo_sleep_until(1ul << 6, soon(3000));
	exo_thread_join(&thread, &status);
	tap_ok(woken.events == 0 && woken.tag == 1, "a packet wakes, by its ring's index alone");
	tap_is(exo_sleep(1ul << 7, 0), 1l << 7, "and its event is pending");
	tap_is(exo_predicate_unbind(), 0, "it is unbound");
	tap_is(exo_net_close(&net), 0, "the rings are closed");
}

/* What was loaded through a capability goes with it, whatever it is bound by. */
static void
goes_by_another(void)
{
	struct exo_result result;

	exo_unbind(EXO_BIND_CODE, code[0]);
	other = (exo_handle)exo_share(code[0], (uint32_t)exo_slot_take(), 0, CODE_PAGES,
				      EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	tap_is(exo_code_load(other, &at_least_5.head), 0, "loaded through a share");
	tap_is(bind(code[0]), 0, "bound by what that was made of");
	tap_is(exo_unbind(EXO_BIND_CODE, other), E_BUSY, "it cannot be unloaded");
	*word() = 0;
	result = sleep_while(drops_other, 0);
	tap_ok(result.value == 0 && result.second == 0 && exo_ticks() < soon(4000),
	       "the share is dropped: it wakes");
	exo_signal(exo_boot()->env, 1ul << 6);
	result = exo_sleep2(BY_IT | 1ul << 6, UINT64_MAX);
	tap_ok(result.value == 1l << 6 && result.second == 0, "what is left of it hides no event");
	tap_is(exo_predicate_unbind(), 0, "it is unbound");
	tap_is(exo_code_load(code[0], &at_least_5.head), 0, "the pages are free again");
}

static void
is_refused(void)
{
	exo_code_load(code[1], &at_least_5.head);
	tap_is(exo_bind(EXO_BIND_PREDICATE, memory.frames, code[1], 4090ul << 32 | 8), E_RANGE,
	       "memory that the capability does not have");
	tap_is(exo_bind(EXO_BIND_PREDICATE, memory.frames, code[1], 0), E_RANGE, "no memory");
	tap_is(exo_bind(EXO_BIND_PREDICATE, exo_boot()->env, code[1], 8), E_TYPE, "no FRAME");
	tap_is(exo_bind(EXO_BIND_PREDICATE, EXO_NONE, memory.frames, 8), E_TYPE, "no CODE");
	tap_is(exo_bind(EXO_BIND_PREDICATE, EXO_NONE, exo_boot()->code, 8), E_POOL, "a pool");
}

int
main(void)
{
	tap_plan(40);
	tap_is(exo_pages_make(&memory, 1), 0, "memory");
	load(0, &at_least_5);
	load(1, &wild);
	waits();
	goes_wrong();
	watches_a_ring();
	goes_by_another();
	is_refused();
	return tap_end();
}
