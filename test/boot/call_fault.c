/* SPDX-License-Identifier: MIT
 * call_fault.c: what goes wrong in a server is its supervisor's business: without one the call
 * waits for its deadline; with one it is answered after a repair, or ends with the server. And what
 * is taken away during a call: the capability, the caller, the slot for what comes along.
 *
 * boot: init SMP=1
 */
#include "test/boot/serve.h"

#define FAULT_BIT 7
#define GO_BIT    5
#define SLOT      70 /* for what comes along; a slot that the library does not know */

static struct server server, client;
static struct hostile_thread supervisor;
static volatile int64_t late[2];
static volatile uint64_t late_answers, told, client_result, client_done;
static volatile bool repairs, is_asked;

static void
soon(void)
{
	exo_call_deadline(exo_ticks() + exo_sysinfo()->timebase_hz / 100);
}

static int64_t
call_with(uint64_t word, exo_handle along)
{
	struct exo_message m = {.word = {word}, .gift = along};
	int64_t result = exo_call(server.thread.env, &m);

	exo_call_deadline(0);
	return result ? result : (int64_t)m.word[0];
}

/* --- faults ---------------------------------------------------------------------------------- */
static void
stumble(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	if (m->word[0] == 1) {
		__asm__ volatile(".word 0" : : : "memory");
	} else if (m->word[0] == 2) {
		__asm__ volatile(".option push\n.option norvc\nsd zero, 0(%0)\n.option pop"
				 :
				 : "r"(0x123000ul)
				 : "memory");
	}
	m->word[0] += 10;
}

/* Registers its server for its own exceptions first. */
static void
careful_body(uint64_t argument)
{
	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
		      (uint64_t)exo_skip_window);
	serve_body(argument);
}

static void
check_alone(void)
{
	for (uint64_t kind = 1; kind <= 2; kind++) {
		serve_start(&server, 0, stumble, 0);
		tap_is(call_with(5, EXO_NONE), 15, "a server answers");
		soon();
		tap_is(call_with(kind, EXO_NONE), E_TIMEOUT,
		       "it stumbles and nobody looks after it: the deadline ends the call");
		tap_is(serve_context(server.thread.env).state, EXO_STATE_FAULTED, "it is stopped");
		tap_is(call_with(5, EXO_NONE), E_BUSY, "and serves nobody");
		hostile_thread_end(&server.thread);
		tap_is(call_with(5, EXO_NONE), E_HANDLE, "when it is ended it is nobody");
	}
}

static void
check_own_handler(void)
{
	server.function = stumble;
	serve_make(&server, 0, careful_body);
	exo_env_start(server.thread.env);
	serve_await(server.thread.env, EXO_STATE_OPEN);
	tap_is(call_with(1, EXO_NONE), 11, "one that handles its exceptions itself answers");
	tap_is(call_with(2, EXO_NONE), 12, "whatever they are");
	hostile_thread_end(&server.thread);
}

/* Steps over what its server stumbled at, or ends it. */
static void
look_after(uint64_t argument)
{
	(void)argument;
	for (;;) {
		struct exo_context c;

		exo_sleep(1ul << FAULT_BIT, ~0ul);
		told++;
		exo_env_read(server.thread.env, &c);
		if (repairs && c.state == EXO_STATE_FAULTED) {
			c.pc += 4;
			exo_env_write(server.thread.env, &c);
			exo_env_start(server.thread.env);
		} else if (c.state == EXO_STATE_FAULTED) {
			exo_drop(server.thread.env, 0, 0);
		}
	}
}

static void
check_looked_after(void)
{
	hostile_thread_start(&supervisor, 0, look_after, 0);
	serve_start(&server, 0, stumble, 0);
	tap_is(exo_env_supervisor(server.thread.env, supervisor.env, FAULT_BIT), 0,
	       "a server is looked after");
	repairs = true;
	for (uint64_t kind = 1; kind <= 2; kind++) {
		tap_is(call_with(kind, EXO_NONE), 10 + (int64_t)kind,
		       "it is repaired, and its caller gets the answer");
		tap_is((int64_t)told, (int64_t)kind, "its supervisor was told once");
	}
	repairs = false;
	tap_is(call_with(1, EXO_NONE), E_DEAD, "it is ended, and its caller is told");
	exo_frames_release(exo_own_frames(), server.thread.memory);
	exo_pages_end(&server.thread.stack);
	hostile_thread_end(&supervisor);
}

/* --- what is taken away ---------------------------------------------------------------------- */
/* Waits until it is told to answer, and notes what became of that. */
static void
answer_when_told(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	is_asked = true;
	exo_sleep(1ul << GO_BIT, ~0ul);
	if (m->word[0] == 1) {
		late[late_answers % 2] =
			exo_transfer(EXO_NONE, m, server.uarea, -(int64_t)EXO_NR_reply, 1);
		late_answers++;
	}
	m->word[0] += 10;
}

static exo_handle client_name;

static void
call_once(uint64_t argument)
{
	struct server *s = (struct server *)argument;
	struct exo_message m = {.word = {2}};
	int64_t result = serve_call(s->uarea, client_name, &m);

	client_result = result ? (uint64_t)result : m.word[0];
	client_done++;
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static void
start_client(void)
{
	is_asked = false;
	client_done = 0;
	client_name = (exo_handle)exo_share(server.thread.env, free_slot(), 0, 0, EXO_ENV_CALL, 9);
	serve_make(&client, 0, call_once);
	exo_env_start(client.thread.env);
	for (int tries = 0; tries < 1000 && !is_asked; tries++) {
		exo_pause(MS / 10);
	}
}

/* An answer needs no capability. */
static void
check_revoked(void)
{
	serve_start(&server, 0, answer_when_told, SLOT);
	start_client();
	tap_is(exo_drop(client_name, 0, 0), 0, "what a call was made through is revoked meanwhile");
	exo_signal(server.thread.env, 1ul << GO_BIT);
	for (int tries = 0; tries < 1000 && !client_done; tries++) {
		exo_pause(MS / 10);
	}
	tap_is((int64_t)client_result, 12, "the answer comes all the same");
	tap_ok(serve_await(server.thread.env, EXO_STATE_OPEN), "and the server is open again");
	hostile_thread_end(&client.thread);
}

/* The answer to a caller that is gone is refused once, also of a call that timed out. */
static void
check_gone(void)
{
	late_answers = 0;
	soon();
	tap_is(call_with(1, EXO_NONE), E_TIMEOUT, "a caller's time is up");
	tap_is(call_with(3, EXO_NONE), E_BUSY, "its server still serves it");
	exo_signal(server.thread.env, 1ul << GO_BIT);
	tap_ok(serve_await(server.thread.env, EXO_STATE_OPEN), "then it is open again");
	tap_ok(late_answers == 1 && late[0] == E_GONE, "its first answer was refused");
	start_client();
	hostile_thread_end(&client.thread);
	exo_signal(server.thread.env, 1ul << GO_BIT);
	tap_ok(serve_await(server.thread.env, EXO_STATE_OPEN), "so it is when the caller ends");
	exo_drop(client_name, 0, 0);
}

/* What goes along stays with the caller when the call is refused, for whatever reason. */
static void
check_gift(void)
{
	struct exo_cap_info info;
	exo_handle along =
		(exo_handle)exo_share(server.thread.env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);

	start_client();
	tap_is(call_with(3, along), E_BUSY, "what goes along to one that is busy");
	tap_is(exo_inspect(along, 0, &info), 0, "stays where it was");
	exo_signal(server.thread.env, 1ul << GO_BIT);
	serve_await(server.thread.env, EXO_STATE_OPEN);
	soon();
	tap_is(call_with(3, along), E_TIMEOUT, "to one that does not answer in time");
	tap_is(exo_inspect(along, 0, &info), E_HANDLE, "it is gone");
	exo_signal(server.thread.env, 1ul << GO_BIT);
	serve_await(server.thread.env, EXO_STATE_OPEN);
	hostile_thread_end(&client.thread);
	hostile_thread_end(&server.thread);
}

int
main(void)
{
	tap_plan(30);
	check_alone();
	check_own_handler();
	check_looked_after();
	check_revoked();
	check_gone();
	check_gift();
	return tap_end();
}
