/* SPDX-License-Identifier: MIT
 * hostile_s46_transfer.c: S46: control goes only to who is open, on this hart, through a capability
 * with the right CALL; the message, the badge and what goes along arrive, and nothing else does.
 *
 * boot: init SMP=2 TIMEOUT=30
 * boot: init SMP=2 TIMEOUT=30 APPEND=chitin.asid=off
 */
#include "test/boot/probe.h"

#define SLOT  120 /* for what comes along; a slot that the library does not know */
#define BADGE 0x5a5a0000a5a50001ul

static struct server server, other;
static volatile uint64_t calls, last_status;

static void
count(struct exo_message *m, uint64_t badge)
{
	(void)m;
	(void)badge;
	calls++;
}

static void
nap(struct exo_message *m, uint64_t badge)
{
	(void)m;
	(void)badge;
	exo_sleep(1ul << 5, ~0ul);
}

static void
spin(uint64_t argument)
{
	(void)argument;
	for (;;) {
		exo_yield(EXO_NONE);
	}
}

static int64_t
try(exo_handle env, exo_handle gift)
{
	struct exo_message m = {.word = {1}, .gift = gift};

	return exo_call(env, &m);
}

static exo_handle
share_of(exo_handle env, uint64_t rights, uint64_t badge)
{
	int64_t result = exo_share(env, free_slot(), 0, 0, rights, badge);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

/* --- who is named --------------------------------------------------------------------------- */
static void
check_handles(void)
{
	static const uint64_t wild[] = {0,         ~0ul,       1ul << 63,     KERNEL_IMAGE,
					1ul << 32, 0xffffffff, KERNEL_DIRECT, 504 * 64};
	exo_handle gone = share_of(server.thread.env, EXO_ENV_CALL, 0);
	exo_handle env = server.thread.env;
	uint64_t before, failed = 0;

	tap_is(try(gone, EXO_NONE), 0, "a share with the right CALL calls");
	before = calls;
	exo_drop(gone, 0, 0);
	tap_is(try(gone, EXO_NONE), E_HANDLE, "not when it is gone");
	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		failed += try(wild[i], EXO_NONE) != E_HANDLE;
		failed += try(i ? env ^ (wild[i] & ~0xffful) : 0, EXO_NONE) != E_HANDLE;
		failed += exo_send(wild[i], &(struct exo_message){.word = {1}}) != E_HANDLE;
	}
	tap_is((int64_t)failed, 0, "nor does any word that is no handle");
	tap_is(try(share_of(env, EXO_RIGHTS_ALL & ~EXO_ENV_CALL, 0), EXO_NONE), E_RIGHTS,
	       "other rights are not the right");
	tap_is(try(exo_start()->space, EXO_NONE), E_TYPE, "a space is not called");
	tap_is(try(exo_start()->frames, EXO_NONE), E_TYPE, "nor are pages");
	tap_is((int64_t)(calls - before), 0, "nobody was called");
}

static void
check_states(void)
{
	tap_is(try(exo_start()->env, EXO_NONE), E_BUSY, "one's own: not open");
	serve_make(&other, 0, spin);
	tap_is(try(other.thread.env, EXO_NONE), E_BUSY, "one that never began");
	exo_env_start(other.thread.env);
	tap_is(try(other.thread.env, EXO_NONE), E_BUSY, "one that runs");
	exo_drop(other.thread.env, 0, 0);
	tap_is(try(other.thread.env, EXO_NONE), E_HANDLE, "one whose capability is gone");
	serve_start(&other, 1, count, 0);
	tap_is(try(other.thread.env, EXO_NONE), E_HART, "one of another hart");
	hostile_thread_end(&other.thread);
	serve_start(&other, 0, count, 0);
	exo_env_stop(other.thread.env);
	tap_is(try(other.thread.env, EXO_NONE), E_BUSY, "one that is stopped");
	exo_env_start(other.thread.env);
	serve_await(other.thread.env, EXO_STATE_OPEN);
	tap_is(try(other.thread.env, EXO_NONE), 0, "it opens again when it has started");
	hostile_thread_end(&other.thread);
	serve_start(&other, 0, nap, 0);
	exo_send(other.thread.env, &(struct exo_message){.word = {1}});
	exo_pause(MS);
	tap_is(try(other.thread.env, EXO_NONE), E_BUSY, "one that sleeps");
	hostile_thread_end(&other.thread);
}

/* --- entry points ----------------------------------------------------------------------------- */
static void
second(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	m->word[0] = 2;
}

void second_entry(void);
/* Another entry of the same server, with its own answer. */
__asm__(".text\n.globl second_entry\nsecond_entry:\nli a0, 77\nli a7, -63\nli t1, 0\necall\n1: j "
	"1b\n");

static void
move_entry(struct exo_message *m, uint64_t badge)
{
	(void)badge;
	m->word[1] = (uint64_t)exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, m->word[0], 0);
}

static void
check_entry(void)
{
	struct exo_message m = {.word = {(uint64_t)second_entry}};

	serve_start(&other, 0, move_entry, 0);
	tap_is(exo_call(other.thread.env, &m), 0, "a server sets another entry point");
	tap_is(exo_call(other.thread.env, &m), 0, "the next call");
	tap_is((int64_t)m.word[0], 77, "enters there");
	hostile_thread_end(&other.thread);
	serve_start(&other, 0, move_entry, 0);
	m.word[0] = 0;
	exo_call_deadline(exo_ticks() + exo_sysinfo()->timebase_hz / 100);
	tap_is(exo_call(other.thread.env, &m), E_TIMEOUT, "one without an entry cannot reply");
	exo_call_deadline(0);
	tap_is(try(other.thread.env, EXO_NONE), E_BUSY, "nor be called");
	hostile_thread_end(&other.thread);
}

/* --- what goes along ---------------------------------------------------------------------- */
static void
empty_slot(void)
{
	for (uint64_t generation = 0; generation < 64; generation++) {
		exo_drop(generation << 32 | SLOT, 0, 0);
	}
}

static void
check_gifts(void)
{
	exo_handle used = share_of(server.thread.env, EXO_ENV_CALL, 0);
	exo_handle page;
	struct exo_message m = {.gift = used};

	tap_is(exo_call(used, &m), 0, "the very capability that is used goes along");
	tap_is(exo_call(used, &m), E_HANDLE, "and is gone here");
	exo_frames_carve(exo_own_frames(), 1, 1, &page);
	tap_is(try(server.thread.env, page), E_SLOT, "a slot that is filled takes nothing");
	tap_ok(exo_inspect(page, 0, &(struct exo_cap_info){0}) == 0, "it is still here");
	empty_slot();
	tap_is(try(server.thread.env, page ^ 1), E_HANDLE, "what is no handle cannot go along");
	tap_is(try(server.thread.env, KERNEL_DIRECT), E_HANDLE, "whatever it is");
	serve_start(&other, 0, count, 0);
	tap_is(try(other.thread.env, page), E_SLOT, "nothing goes to one that opened no slot");
	tap_is(exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, 0, 504 * 64), E_RANGE,
	       "there is no slot behind the last");
	hostile_thread_end(&other.thread);
	exo_frames_release(exo_own_frames(), page);
}

/* One that calls gives its own ENV, its space and its capability space away. */
static exo_handle own_gift;

static void
give_own(uint64_t argument)
{
	struct server *s = (struct server *)argument;
	struct exo_message m = {.word = {1}, .gift = own_gift};

	last_status = (uint64_t)serve_call(s->uarea, server.thread.env, &m);
	calls += 100;
	for (;;) {
		exo_yield(EXO_NONE);
	}
}

static void
check_own(void)
{
	static const char *const what[] = {"its ENV", "its space", "its capability space"};

	for (uint32_t i = 0; i < 3; i++) {
		exo_handle caps[3];
		uint64_t before = calls;

		serve_make(&other, 0, give_own);
		caps[0] = other.thread.env;
		caps[1] = share_of(exo_start()->space, EXO_RIGHTS_ALL, 0);
		caps[2] = share_of(exo_start()->cspace, EXO_RIGHTS_ALL, 0);
		own_gift = caps[i];
		last_status = 1;
		exo_env_start(other.thread.env);
		for (int n = 0; n < 1000 && (last_status || calls < before + 101); n++) {
			exo_pause(2 * MS);
		}
		tap_ok(last_status == 0 && calls == before + 101, "one gives away %s: %ld, %lu",
		       what[i], (long)last_status, (unsigned long)(calls - before));
		for (uint32_t j = 0; j < 3; j++) {
			exo_drop(caps[j], 0, 0);
		}
		exo_drop(other.thread.memory, 0, 0); /* and with it what stands in the slot */
		hostile_thread_end(&server.thread);
		empty_slot();
		serve_start(&server, 0, count, SLOT);
	}
}

/* --- replies ------------------------------------------------------------------------------ */
static volatile int64_t replies[3];

static void
reply_early(uint64_t argument)
{
	struct server *s = (struct server *)argument;
	struct exo_message m = {.gift = exo_start()->space};

	replies[0] = exo_transfer(EXO_NONE, &m, s->uarea, -(int64_t)EXO_NR_reply, 1);
	exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, (uint64_t)exo_serve_entry, 0);
	replies[1] = exo_transfer(EXO_NONE, &m, s->uarea, -(int64_t)EXO_NR_reply, 1);
	s->function = second;
	serve_body((uint64_t)s);
}

static void
check_replies(void)
{
	struct exo_message m = {.word = {1}};

	serve_make(&other, 0, reply_early);
	exo_env_start(other.thread.env);
	serve_await(other.thread.env, EXO_STATE_OPEN);
	tap_is(replies[0], E_STATE, "who has no entry point cannot reply");
	tap_is(replies[1], E_GONE, "nor give something to nobody");
	tap_is(exo_call(other.thread.env, &m), 0, "it serves as if nothing had been");
	hostile_thread_end(&other.thread);
}

/* --- registers ---------------------------------------------------------------------------- */
static struct probe out_call, in_call, out_reply, in_reply, was;
static struct server asker;
static volatile uint64_t asked;
static bool asker_plain;

static void
ask(uint64_t argument)
{
	struct server *s = (struct server *)argument;

	(asker_plain ? probe_transfer_plain : probe_transfer)(s->uarea);
	asked++;
	for (;;) {
		exo_yield(EXO_NONE);
	}
}

static void
set_words(uint64_t uarea, struct probe *out, struct probe *in)
{
	*at(uarea + PROBE_OUT) = (uint64_t)out;
	*at(uarea + PROBE_IN) = (uint64_t)in;
}

/* x registers that arrived wrong: status in t0, gift in t1. */
static uint64_t
wrong(const struct probe *to, const struct probe *from, uint64_t uarea, uint64_t t0, uint64_t t1)
{
	uint64_t result =
		(to->x[3] != uarea) + (to->x[5] != t0) + (to->x[6] != t1) + (to->x[7] != 0);

	for (uint32_t i = 1; i < 32; i++) {
		result += i != 3 && (i < 5 || i > 7) && to->x[i] != from->x[i];
	}
	return result;
}

static uint64_t
wrong_floats(const struct probe *to, const struct probe *from)
{
	uint64_t result = to->fcsr != from->fcsr;

	for (uint32_t i = 0; i < 32; i++) {
		result += to->f[i] != from->f[i];
	}
	return result;
}

static void
probe_pair(bool plain_asker, bool plain_server, exo_handle gift)
{
	uint64_t seed = 4711 + plain_asker + 2 * plain_server + gift;
	exo_handle env;

	probe_fill(&out_call, seed);
	probe_fill(&out_reply, seed + 1);
	probe_fill(&in_call, seed + 2);
	probe_fill(&in_reply, seed + 3);
	was = in_call;
	hostile_thread_create(&other.thread, plain_server ? 0 : EXO_ENV_FP << 8, serve_body,
			      (uint64_t)&other);
	other.uarea = serve_context(other.thread.env).uarea;
	exo_env_entry(other.thread.env, EXO_ENTRY_CALL,
		      (uint64_t)(plain_server ? probe_entry_plain : probe_entry), SLOT);
	struct exo_context c = serve_context(other.thread.env);

	c.pc = (uint64_t)probe_entry_plain; /* until it is told better: opens after its probe */
	c.x[3] = other.uarea;
	set_words(other.uarea, &out_reply, &was);
	out_reply.x[17] = (uint64_t) - (int64_t)EXO_NR_reply;
	out_reply.x[6] = 0;
	exo_env_write(other.thread.env, &c);
	exo_env_start(other.thread.env);
	serve_await(other.thread.env, EXO_STATE_OPEN);
	set_words(other.uarea, &out_reply, &in_call);
	env = share_of(other.thread.env, EXO_ENV_CALL, BADGE);
	asker_plain = plain_asker;
	hostile_thread_create(&asker.thread, plain_asker ? 0 : EXO_ENV_FP << 8, ask,
			      (uint64_t)&asker);
	asker.uarea = serve_context(asker.thread.env).uarea;
	set_words(asker.uarea, &out_call, &in_reply);
	out_call.x[5] = env;
	out_call.x[6] = gift;
	out_call.x[17] = (uint64_t) - (int64_t)EXO_NR_call;
	asked = 0;
	exo_env_start(asker.thread.env);
	for (int tries = 0; tries < 1000 && !asked; tries++) {
		exo_pause(MS / 10);
	}
}

static void
check_registers(void)
{
	for (uint32_t i = 0; i < 5; i++) {
		bool plain_asker = i == 1 || i == 3, plain_server = i == 2 || i == 3;
		exo_handle gift = i == 4 ? share_of(server.thread.env, EXO_ENV_CALL, 0) : EXO_NONE;
		uint64_t floats = 0;

		probe_pair(plain_asker, plain_server, gift);
		tap_ok(asked == 1, "a probe returns, kind %u", i);
		tap_is((int64_t)wrong(&in_call, &out_call, other.uarea, BADGE,
				      gift ? in_call.x[6] : 0),
		       0, "what it loads arrives");
		tap_is((int64_t)wrong(&in_reply, &out_reply, asker.uarea, 0, 0), 0,
		       "and so does the answer");
		if (!plain_server && !plain_asker) {
			floats = wrong_floats(&in_call, &out_call) +
				 wrong_floats(&in_reply, &out_reply);
		} else if (!plain_asker) {
			floats = wrong_floats(&in_reply, &out_call);
		} else if (!plain_server) {
			for (uint32_t n = 0; n < 32; n++) {
				floats += in_call.f[n] != 0;
			}
		}
		tap_is((int64_t)floats, 0, "floating point goes along where both have it");
		tap_ok(!gift || exo_inspect(in_call.x[6], 0, &(struct exo_cap_info){0}) == 0,
		       "t1 is the handle of what came along");
		exo_drop(in_call.x[6], 0, 0);
		hostile_thread_end(&asker.thread);
		hostile_thread_end(&other.thread);
	}
}

int
main(void)
{
	tap_plan(59);
	serve_start(&server, 0, count, SLOT);
	check_handles();
	check_states();
	check_entry();
	check_gifts();
	check_own();
	check_replies();
	check_registers();
	return tap_end();
}
