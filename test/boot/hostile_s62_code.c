/* SPDX-License-Identifier: MIT
 * hostile_s62_code.c: S62: a program is loaded by one share of its pages, bound to a ring by
 * another and run by a third, on other harts, while the one that it was loaded by is dropped, or
 * all are revoked. When that returns it runs no more, and what runs in its pages later is the next
 * one.
 *
 * boot: init SMP=4
 */
#include "lib/base/bpf.h"
#include "test/boot/packets.h"

#define MS      1000000ul
#define ROUNDS  2 /* of each way to lose it: one with each program */
#define RUNNERS 2
#define SENDERS 1
#define BYTES   60
#define TYPE    0x88b5
#define BIT     10
#define PAGES   2 /* of code */
#define FEW     2
#define RIGHTS  (EXO_CODE_LOAD | EXO_CODE_RUN)

/* Two different ones: each counts in its state, and returns a number of its own. The packet goes on
 * for both. */
#define PROGRAM(number, more)                                                                      \
	{                                                                                          \
		{.magic = EXO_CODE_MAGIC, .code_class = EXO_CODE_handler, .insns = 6},             \
		{                                                                                  \
			{BPF_LDX | BPF_MEM | BPF_DW, 2 | 3 << 4, 0, 0},                            \
				{BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 1},                            \
				{BPF_STX | BPF_MEM | BPF_DW, 3 | 2 << 4, 8 * (more), 0},           \
				{BPF_STX | BPF_MEM | BPF_DW, 3 | 2 << 4, 0, 0},                    \
				{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, number},                       \
				{BPF_JMP | BPF_EXIT, 0, 0, 0},                                     \
		}                                                                                  \
	}
static const struct {
	struct exo_code head;
	struct exo_insn insn[6];
} image[2] = {PROGRAM(100, 1), PROGRAM(200, 2)};

/* What of its kind may be seen from now on: a bit each; and since when. */
static volatile uint64_t allowed;
static volatile uint64_t phase; /* odd while `allowed` changes */

static struct runner {
	struct hostile_thread thread;
	struct exo_pages state;
	volatile uint64_t ran, refused, wrong;
	volatile bool is_over;
} runner[RUNNERS];

static struct {
	struct hostile_thread thread;
	struct exo_net net;
	struct exo_pages out;
	volatile bool is_over;
} sender;
static volatile bool stop;
static struct exo_net net;
static struct exo_pages state; /* of the handler */
static exo_handle code, loaded_by, bound_by;
static volatile uint64_t run_by; /* an exo_handle; the runners' own */

static exo_handle
share(uint64_t rights)
{
	int64_t result = exo_share(code, free_slot(), 0, PAGES, rights, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

/* --- who runs it, on other harts ----------------------------------------------------------- */
/* A result is right if its program could be there at some time during the call. */
static void
run_once(struct runner *r)
{
	struct exo_code_run run = {
		.region[EXO_REGION_STATE] = {r->state.frames, 0, EXO_PAGE_SIZE},
		.argument[2] = (uint64_t)EXO_REGION_STATE << EXO_REGION_SHIFT,
	};
	uint64_t before = phase, may = allowed;
	int64_t result = exo_code_run((exo_handle)run_by, &run);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	may |= allowed;
	if (result) {
		r->refused++;
		r->wrong += result != E_STATE && result != E_HANDLE && result != E_REVOKED;
		return;
	}
	r->ran++;
	r->wrong += run.result != 100 && run.result != 200;
	if (!(before & 1) && before == phase) {
		r->wrong += !(may >> (run.result == 200) & 1);
	}
}

static void
run_on(uint64_t which)
{
	while (!stop) {
		run_once(&runner[which]);
		exo_sleep(0, exo_ticks() + PACKETS_PAUSE);
	}
	packets_end(&runner[which].is_over);
}

static void
flood(uint64_t unused)
{
	const struct exo_segment all = {sender.out.frames, EXO_SEGMENT(0, BYTES)};

	(void)unused;
	while (!stop) {
		packets_send(&sender.net, &all, &stop);
	}
	packets_end(&sender.is_over);
}

/* From now on these may run, or none. */
static void
allow(uint64_t which)
{
	phase++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	allowed = which;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	phase++;
}

/* --- one round ---------------------------------------------------------------------------- */
static volatile uint64_t *
counts(void)
{
	return state.memory;
}

static uint64_t
runs(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < RUNNERS; i++) {
		sum += runner[i].ran;
	}
	return sum;
}

static void
take_packets(void)
{
	const uint8_t *p;

	while (exo_net_receive(&net, &p) > 0) {
		exo_net_release(&net);
	}
}

/* The handler has seen some packets, and others have run it. */
static bool
is_busy(uint64_t handled, uint64_t ran)
{
	for (int i = 0; i < 3000; i++) {
		exo_wait(EXO_EVENT(BIT), MS);
		take_packets();
		if (counts()[0] >= handled + FEW && runs() >= ran + FEW) {
			return true;
		}
	}
	return false;
}

/* Neither program counts any more. */
static bool
is_still(void)
{
	uint64_t handled = counts()[0];

	for (int i = 0; i < FEW; i++) {
		exo_wait(EXO_EVENT(BIT), MS);
		take_packets();
	}
	return counts()[0] == handled;
}

static int64_t
set_up(uint32_t which)
{
	int64_t result;

	loaded_by = share(RIGHTS);
	bound_by = share(EXO_CODE_RUN);
	run_by = share(EXO_CODE_RUN);
	allow(1ul << which);
	result = exo_code_load(loaded_by, &image[which].head);
	return result ? result
		      : exo_bind(EXO_BIND_HANDLER, net.receive.ring, bound_by, state.frames);
}

static int64_t
lose(bool all)
{
	int64_t result = all ? exo_revoke(code, 0, 0) : exo_drop(loaded_by, 0, 0);

	allow(0);
	return result;
}

/* Number `n`: one program, then it goes. True if all was as it must be. */
static bool
play(uint32_t n, bool all)
{
	uint64_t handled = counts()[0], ran = runs();
	int64_t result = set_up(n % 2);
	bool right = result == 0 && is_busy(handled, ran);
	uint64_t other = counts()[2 - n % 2];

	result = result ? result : lose(all);
	right = right && is_still() && counts()[2 - n % 2] == other;
	if (!all) {
		exo_drop(bound_by, 0, 0);
		exo_drop((exo_handle)run_by, 0, 0);
	}
	if (result || !right) {
		printf("# round %u: %s\n", n, exo_error_name((int)result));
	}
	return result == 0 && right;
}

static void
play_all(bool all, const char *what)
{
	uint32_t played = 0;

	while (played < ROUNDS && play(played, all)) {
		played++;
	}
	tap_is(played, ROUNDS, what);
}

/* --- set-up ------------------------------------------------------------------------------- */
static int64_t
start_sender(void)
{
	int64_t result = packets_carve(exo_boot()->packets[packets_from()], 0x9000, 0x11, 0);

	result = result < 0 ? result : exo_net_open(&sender.net, (exo_handle)result, 1, BIT, BIT);
	result = result < 0 ? result : exo_pages_make(&sender.out, 1);
	if (result == 0) {
		packets_build(sender.out.memory, TYPE, 0x11, 0, BYTES);
		result = hostile_thread_start(&sender.thread, 1 % hostile_harts(), flood, 0);
	}
	return result;
}

static int64_t
start_runners(void)
{
	int64_t result = 0;

	for (uint32_t i = 0; i < RUNNERS && !result; i++) {
		result = exo_pages_make(&runner[i].state, 1);
		result = result ? result
				: hostile_thread_start(&runner[i].thread, (2 + i) % hostile_harts(),
						       run_on, i);
	}
	return result;
}

static int64_t
open_ring(void)
{
	int64_t result = packets_carve(exo_boot()->packets[packets_to()], TYPE, 0, 0);

	code = (exo_handle)exo_carve(exo_boot()->code, free_slot(), 0, PAGES, RIGHTS, 0);
	result = result < 0 ? result : exo_net_open_receive(&net, (exo_handle)result, 2, BIT);
	return result < 0 ? result : exo_pages_make(&state, 1);
}

static void
check_runners(void)
{
	uint64_t refused = 0, wrong = 0;
	uint32_t over = 0;

	stop = true;
	for (uint32_t i = 0; i < RUNNERS; i++) {
		over += packets_await(&runner[i].is_over) && !hostile_thread_end(&runner[i].thread);
		refused += runner[i].refused;
		wrong += runner[i].wrong;
	}
	over += packets_await(&sender.is_over) && !hostile_thread_end(&sender.thread);
	tap_is(over, RUNNERS + 1, "the others end");
	tap_ok(runs() && refused && counts()[1] && counts()[2],
	       "it ran %lu times, %lu were refused; packets: %lu", runs(), refused, counts()[0]);
	tap_is((int64_t)wrong, 0, "none ran that was gone, and none was another one");
}

int
main(void)
{
	tap_plan(3 + 2 + 3);
	memset(runner, 0, sizeof(runner));
	memset(&sender, 0, sizeof(sender));
	stop = false;
	tap_is(open_ring(), 0, "a ring, and pages for code");
	tap_is(start_sender(), 0, "one sends");
	tap_is(start_runners(), 0, "two run what there is");
	play_all(false, "what it was loaded by is dropped: it is gone");
	play_all(true, "all is revoked: it is gone");
	check_runners();
	packets_forget();
	return tap_end();
}
