/* SPDX-License-Identifier: MIT
 * call.c: call, reply and send between environments of one hart: the message arrives, by the short
 * and by the long way; a capability goes along; who is not open is busy; chains; time-outs; death.
 *
 * boot: init SMP=1
 */
#include "lib/exo/transfer.h"
#include "test/boot/hostile.h"

#define MS    1000000ul
#define SLOT  120 /* for what comes along; a slot that the library does not know */
#define CHAIN 18

static struct hostile_thread server, other, chain[CHAIN];

static uint64_t
uarea_of(const struct hostile_thread *t)
{
	struct exo_context c;

	exo_env_read(t->env, &c);
	return c.uarea;
}

/* The u-area of a thread stands where its stack says. */
static struct {
	exo_server *function;
	uint64_t uarea;
	uint32_t slot;
} serve;

static void
serve_body(uint64_t uarea)
{
	exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, (uint64_t)exo_serve_entry, serve.slot);
	*(uint64_t *)(uarea + EXO_UL_SERVER) = (uint64_t)serve.function;
	exo_serve_begin(uarea);
}

static void
start_server(struct hostile_thread *t, exo_server *function, uint32_t slot)
{
	struct exo_context c;

	serve.function = function;
	serve.slot = slot;
	hostile_thread_make(t, 0, serve_body, 0);
	exo_env_read(t->env, &c);
	c.x[10] = c.uarea;
	exo_env_write(t->env, &c);
	exo_env_start(t->env);
	exo_pause(MS);
}

static uint32_t
state_of(const struct hostile_thread *t)
{
	struct exo_context c;

	exo_env_read(t->env, &c);
	return c.state;
}

/* --- servers ------------------------------------------------------------------------------ */
static volatile uint64_t seen_badge, seen_gift, calls;

static void
count(struct exo_message *m, uint64_t badge)
{
	calls++;
	seen_badge = badge;
	seen_gift = m->gift;
	for (int i = 0; i < 7; i++) {
		m->word[i] += (uint64_t)i + 1;
	}
}

static void
never(struct exo_message *m, uint64_t badge)
{
	(void)m;
	(void)badge;
	for (;;) {
		calls++;
	}
}

static void
nap(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	exo_sleep(0, exo_ticks() + m->word[0]);
}

static void
die(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	exo_exit(m->word[0]);
}

/* --- what is tested ----------------------------------------------------------------------- */
static bool
is_answered(exo_handle env, uint64_t first)
{
	struct exo_message m = {.word = {first, 2, 3, 4, 5, 6, 7}};
	bool right = exo_call(env, &m) == 0 && m.gift == EXO_NONE;

	for (uint64_t i = 1; i < 7; i++) {
		right = right && m.word[i] == 2 * (i + 1);
	}
	return right && m.word[0] == first + 1;
}

static void
check_answers(void)
{
	int64_t badged = exo_share(server.env, free_slot(), 0, 0, EXO_ENV_CALL, 77);
	int64_t weak = exo_share(server.env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);
	struct exo_message m = {{0}, EXO_NONE};
	unsigned right = 0;

	tap_is(state_of(&server), EXO_STATE_OPEN, "a server waits for calls");
	tap_ok(is_answered(server.env, 1), "a call is answered, the first one by the long way");
	for (uint64_t i = 0; i < 1000; i++) {
		right += is_answered(server.env, i << 32);
	}
	tap_is(right, 1000, "so are a thousand, by the short one");
	tap_is((int64_t)calls, 1001, "each was served once");
	tap_ok(badged > 0 && is_answered((exo_handle)badged, 5) && seen_badge == 77,
	       "the server sees the badge of the capability");
	tap_is(exo_call((exo_handle)weak, &m), E_RIGHTS, "the right CALL is needed");
	tap_is(exo_call(server.env + (1ul << 32), &m), E_HANDLE, "a stale handle is refused");
	tap_is(exo_call(exo_start()->console, &m), E_TYPE, "only environments are called");
	tap_is(exo_call(~0ul, &m), E_HANDLE, "so is a wild one");
	tap_is(exo_call(exo_start()->env, &m), E_BUSY, "nobody calls itself");
}

static void
check_gift(void)
{
	struct exo_message m = {.word = {1}};
	struct exo_cap_info info = {0};

	m.gift = (exo_handle)exo_share(server.env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);
	tap_is(exo_call(server.env, &m), 0, "a capability goes along");
	tap_ok(seen_gift && EXO_HANDLE_INDEX(seen_gift) == SLOT &&
		       exo_inspect(seen_gift, 0, &info) == 0 && info.rights == EXO_ENV_SIGNAL,
	       "into the slot that was opened");
	m.gift = (exo_handle)exo_share(server.env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0);
	tap_is(exo_call(server.env, &m), E_SLOT, "which takes one only");
	tap_is(exo_inspect(m.gift, 0, &info), 0, "and the second stays where it was");
	exo_drop(seen_gift, 0, 0);
	exo_drop(m.gift, 0, 0);
	m.gift = m.gift + 1;
	tap_is(exo_call(server.env, &m), E_HANDLE, "what is gone cannot go along");
}

static void
check_send(void)
{
	struct exo_message m = {.word = {1}};
	uint64_t before = calls;

	tap_is(exo_send(server.env, &m), 0, "a message is sent");
	for (int i = 0; i < 1000 && calls == before; i++) {
		exo_pause(MS);
	}
	tap_is((int64_t)(calls - before), 1, "and served");
	tap_is(state_of(&server), EXO_STATE_OPEN, "and opens again");
}

static void
check_time(void)
{
	struct exo_message m = {.word = {1}};
	uint64_t before;

	start_server(&other, never, 0);
	exo_call_deadline(exo_ticks() + exo_sysinfo()->timebase_hz / 100);
	tap_is(exo_call(other.env, &m), E_TIMEOUT, "a call ends at its deadline");
	before = calls;
	exo_pause(5 * MS);
	tap_ok(calls > before, "its server goes on in its own time");
	tap_is(exo_call(other.env, &m), E_BUSY, "it is not open");
	hostile_thread_end(&other);
	start_server(&other, nap, 0);
	exo_call_deadline(0);
	m.word[0] = 10000;
	tap_is(exo_call(other.env, &m), 0, "a server may sleep");
	exo_call_deadline(exo_ticks() + exo_sysinfo()->timebase_hz / 100);
	m.word[0] = 1ul << 40;
	tap_is(exo_call(other.env, &m), E_TIMEOUT, "a deadline is seen while it does");
	exo_call_deadline(0);
	hostile_thread_end(&other);
}

static void
check_death(void)
{
	struct exo_message m = {.word = {1}};

	start_server(&other, die, 0);
	tap_is(exo_call(other.env, &m), E_DEAD, "who calls one that ends is told");
	tap_is(exo_call(other.env, &m), E_DEAD, "and so is who calls it later");
	hostile_thread_end(&other);
}

/* Each calls the next; the last one answers. */
static void
forward(struct exo_message *m, uint64_t badge)
{
	uint64_t next = ++m->word[0];
	int64_t status = 0;

	(void)badge;
	if (next < m->word[1]) {
		status = exo_transfer(chain[next].env, m,
				      m->word[3] + (next - 1) * EXO_PAGE_SIZE,
				      -(int64_t)EXO_NR_call, 1);
	}
	m->word[2] = status ? (uint64_t)status : m->word[2];
}

static void
check_chain(void)
{
	struct exo_message m = {{0}, EXO_NONE};

	for (int i = 0; i < CHAIN; i++) {
		start_server(&chain[i], forward, 0);
	}
	for (uint64_t length = 2; length <= CHAIN; length += 14) {
		m = (struct exo_message){.word = {0, length, 0, uarea_of(&chain[0])}};
		tap_is(exo_call(chain[0].env, &m), 0, "a chain of calls is answered");
		tap_is((int64_t)m.word[0], (int64_t)length, "by the last of them");
	}
	m = (struct exo_message){.word = {0, 18, 0, uarea_of(&chain[0])}};
	tap_is(exo_call(chain[0].env, &m), 0, "one that is too deep as well");
	tap_is((int64_t)m.word[0], 16, "by the sixteenth");
	tap_is((int64_t)m.word[2], E_DEPTH, "the seventeenth call is refused");
	for (int i = 0; i < CHAIN; i++) {
		hostile_thread_end(&chain[i]);
	}
}

int
main(void)
{
	tap_plan(32);
	start_server(&server, count, SLOT);
	check_answers();
	check_gift();
	check_send();
	check_time();
	check_death();
	check_chain();
	return tap_end();
}
