/* SPDX-License-Identifier: MIT
 * call_float.c: nothing leaks: after a send, a time-out or a death every register of the caller is
 * 0 but gp and t0; and floating point goes from one that has it to one that has it, never past one
 * that has not, neither by the short way nor by the long one.
 *
 * boot: init SMP=1
 * boot: init SMP=1 APPEND=chitin.asid=off
 */
#include "test/boot/probe.h"

#define ROUNDS 3

static struct server caller, server, last;
static struct probe out, in, mine, served, at_last, answer;
static volatile uint64_t returned;
static bool caller_plain;

/* Load all registers, transfer, look at all registers. */
static void
probe_body(uint64_t argument)
{
	struct server *s = (struct server *)argument;

	(caller_plain ? probe_transfer_plain : probe_transfer)(s->uarea);
	returned++;
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static void
set_words(uint64_t uarea, const struct probe *load, struct probe *store)
{
	*at(uarea + PROBE_OUT) = (uint64_t)load;
	*at(uarea + PROBE_IN) = (uint64_t)store;
}

static void
make(struct server *s, bool plain, void (*body)(uint64_t))
{
	hostile_thread_create(&s->thread, plain ? 0 : EXO_ENV_FP << 8, body, (uint64_t)s);
	s->uarea = serve_context(s->thread.env).uarea;
}

static void
go_once(uint64_t nr, exo_handle to)
{
	probe_fill(&out, nr * 77 + to);
	out.x[5] = to;
	out.x[6] = 0;
	out.x[17] = (uint64_t) - (int64_t)nr;
	memset(&in, 0xee, sizeof(in));
	returned = 0;
	set_words(caller.uarea, &out, &in);
	exo_env_start(caller.thread.env);
	for (int tries = 0; tries < 2000 && !returned; tries++) {
		exo_pause(MS / 10);
	}
}

/* Registers that are not 0, but gp and t0. */
static uint64_t
left(int64_t status)
{
	uint64_t result = in.x[3] != caller.uarea || in.x[5] != (uint64_t)status || !returned;

	for (uint32_t i = 1; i < 32; i++) {
		result += i != 3 && i != 5 && in.x[i];
	}
	for (uint32_t i = 0; i < 32 && !caller_plain; i++) {
		result += in.f[i] != 0;
	}
	return result + (!caller_plain && in.fcsr);
}

/* --- what ends without an answer ----------------------------------------------------------------
 */
static void
count(struct exo_message *m, uint64_t badge)
{
	(void)m;
	(void)badge;
}

static void
never(struct exo_message *m, uint64_t badge)
{
	(void)m;
	(void)badge;
	exo_sleep(1ul << 9, ~0ul);
}

static void
die(struct exo_message *m, uint64_t badge)
{
	(void)m;
	(void)badge;
	exo_exit(0);
}

static void
check_blank(exo_server *function, uint64_t nr, int64_t status, const char *what)
{
	serve_start(&server, 0, function, 0);
	make(&caller, caller_plain, probe_body);
	*at(caller.uarea + EXO_U_CALL_DEADLINE) =
		status == E_TIMEOUT ? exo_ticks() + exo_sysinfo()->timebase_hz / 100 : 0;
	go_once(nr, server.thread.env);
	tap_is((int64_t)left(status), 0, what);
	hostile_thread_end(&caller.thread);
	hostile_thread_end(&server.thread);
}

/* --- a chain of three ---------------------------------------------------------------------------
 * The one in the middle passes all general registers on and back. In assembly, for it has no
 * register: t0 of what it calls stands in a word of its u-area. */
#define MIDDLE_NEXT 1688 /* behind those of probe.h */

void middle_entry(void);
__asm__(".text\n.globl middle_entry\nmiddle_entry:\n"
	"ld t0, 1688(gp)\nli a7, -64\necall\n"
	"li a7, -63\nli t1, 0\necall\n"
	"1: li a7, -63\nli t1, 0\necall\nj 1b\n");

/* Opens; later each call is looked at, and answered with what is loaded. It has had `mine` in its
 * registers before. */
static void
last_body(uint64_t argument)
{
	struct server *s = (struct server *)argument;

	exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, (uint64_t)probe_entry, 0);
	probe_transfer(s->uarea);
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static uint64_t
differing(const struct probe *a, const struct probe *b)
{
	uint64_t result = a->fcsr != b->fcsr;

	for (uint32_t i = 0; i < 32; i++) {
		result += a->f[i] != b->f[i];
	}
	return result;
}

/* Its library sets another entry point when it opens. */
static void
open_middle(bool plain)
{
	make(&server, plain, serve_body);
	server.function = count;
	exo_env_start(server.thread.env);
	serve_await(server.thread.env, EXO_STATE_OPEN);
	exo_env_stop(server.thread.env);
	exo_env_entry(server.thread.env, EXO_ENTRY_CALL, (uint64_t)middle_entry, 0);
	exo_env_start(server.thread.env);
	serve_await(server.thread.env, EXO_STATE_OPEN);
	*at(server.uarea + MIDDLE_NEXT) = last.thread.env;
}

static void
open_last(void)
{
	make(&last, false, last_body);
	probe_fill(&mine, 99);
	mine.x[17] = (uint64_t) - (int64_t)EXO_NR_reply;
	mine.x[6] = 0;
	probe_fill(&answer, 101);
	answer.x[17] = (uint64_t) - (int64_t)EXO_NR_reply;
	answer.x[6] = 0;
	set_words(last.uarea, &mine, &served);
	exo_env_start(last.thread.env);
	serve_await(last.thread.env, EXO_STATE_OPEN);
	set_words(last.uarea, &answer, &at_last);
}

static void
check_chain(bool plain_middle)
{
	uint64_t general = 0, here = 0, back = 0;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		open_last();
		open_middle(plain_middle);
		make(&caller, false, probe_body);
		go_once(EXO_NR_call, server.thread.env);
		for (uint32_t i = 8; i < 32; i++) {
			general += i != 17 && at_last.x[i] != out.x[i];
			general += i != 17 && in.x[i] != answer.x[i];
		}
		here += differing(&at_last, plain_middle ? &mine : &out);
		back += differing(&in, plain_middle ? &out : &answer);
		hostile_thread_end(&caller.thread);
		hostile_thread_end(&server.thread);
		hostile_thread_end(&last.thread);
	}
	tap_is((int64_t)general, 0, "general registers go through a chain of three, and back");
	tap_is((int64_t)here, 0,
	       plain_middle ? "the last one's floating point is its own"
			    : "floating point goes along");
	tap_is((int64_t)back, 0,
	       plain_middle ? "the first one's is its own afterwards" : "and comes back");
}

int
main(void)
{
	tap_plan(12);
	for (uint32_t i = 0; i < 2; i++) {
		caller_plain = i;
		check_blank(count, EXO_NR_send, 0, "after a send nothing is left");
		check_blank(never, EXO_NR_call, E_TIMEOUT, "nor when time was up");
		check_blank(die, EXO_NR_call, E_DEAD, "nor when the server has ended");
	}
	caller_plain = false;
	check_chain(false);
	check_chain(true);
	return tap_end();
}
