/* SPDX-License-Identifier: MIT
 * call_storm.c: calls without end on three harts to servers that have a space and a
 * capability space of their own, while a fourth one takes these away under them in every order, or
 * revokes what the calls go through, and uses all that they were made of as memory.
 *
 * boot: init SMP=4 TIMEOUT=240 MEM=64M
 */
#include "test/boot/serve.h"

#define CODE   0x10000000ul /* in the server's space */
#define ENTRY  (CODE + 16)
#define WHERE  0x3200000000ul
#define ROUNDS 12 /* each part goes first twice */
#define STORM  3
#define RW     (EXO_READ | EXO_WRITE)

/* Opens; each call is answered with its first word + 1. */
static const uint32_t code[] = {
	0xfc100893, /* li a7, -63 */
	0x00000073, /* ecall */
	0x0000006f, /* j . */
	0x00000013, /* nop */
	0x00150513, /* addi a0, a0, 1 */
	0xfc100893, /* li a7, -63 */
	0x00000073, /* ecall */
	0x0000006f, /* j . */
};

/* What a server is made of, in the order in which it is made. */
enum { SPACE, TOP, TABLE, ROOT, LEAF, ENV, PARTS };

static struct part {
	exo_handle object;
	exo_handle memory;
	uint64_t pages;
} part[PARTS];
static struct exo_pages text;
static struct {
	struct server caller;
	volatile uint64_t calls, answers, refused, strange;
} hart[STORM + 1];
static volatile exo_handle through; /* what is called */
static volatile bool over;

static void
storm(uint64_t argument)
{
	struct server *s = (struct server *)argument;
	uint32_t i = serve_context(s->thread.env).hart;
	uint64_t n = 0;

	while (!over) {
		struct exo_message m = {.word = {n}};
		int64_t result;

		*at(s->uarea + EXO_U_CALL_DEADLINE) =
			n % 3 ? 0 : exo_ticks() + exo_sysinfo()->timebase_hz / 1000;
		result = serve_call(s->uarea, through, &m);
		hart[i].calls++;
		hart[i].answers += result == 0 && m.word[0] == n + 1;
		hart[i].strange += result == 0 && m.word[0] != n + 1;
		hart[i].refused += result != 0;
		if (++n % 64 == 0) {
			linger(200);
		}
	}
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

static int64_t
make_part(uint32_t which, uint32_t type, uint64_t arg0, uint64_t arg1)
{
	part[which].pages = type == EXO_CAP_CSPACE ? 1 : 2;
	return exo_frames_create(exo_own_frames(), type, arg0, arg1, &part[which].object,
				 &part[which].memory);
}

static int64_t
make_server(uint32_t home)
{
	struct exo_context context = {.pc = CODE};
	int64_t result = 0;

	result |= make_part(SPACE, EXO_CAP_SPACE, 0, 0);
	result |= make_part(TOP, EXO_CAP_TABLE, 1, 0);
	result |= make_part(TABLE, EXO_CAP_TABLE, 0, 0);
	result |= exo_map(0, part[TOP].object, 0, 1, EXO_WRITE, NULL, part[SPACE].object);
	result |= exo_map(CODE, part[TABLE].object, 0, 1, EXO_WRITE, NULL, part[SPACE].object);
	result |= exo_map(CODE, text.frames, 0, 1, EXO_READ | EXO_EXEC, NULL, part[SPACE].object);
	result |= make_part(ROOT, EXO_CAP_CSPACE, 0, 0);
	result |= make_part(LEAF, EXO_CAP_CSPACE, part[ROOT].object, 0);
	result |= make_part(ENV, EXO_CAP_ENV, home | EXO_ENV_FP << 8, THREAD_UAREAS);
	result |= exo_bind(EXO_BIND_SPACE, part[ENV].object, part[SPACE].object, 0);
	result |= exo_bind(EXO_BIND_CSPACE, part[ENV].object, part[ROOT].object, 0);
	result |= exo_env_entry(part[ENV].object, EXO_ENTRY_CALL, ENTRY, 1);
	result |= exo_env_write(part[ENV].object, &context);
	return result | exo_env_start(part[ENV].object);
}

static uint64_t
drop_part(uint32_t which)
{
	int64_t result = E_BUSY;

	for (int tries = 0; tries < 100000 && result == E_BUSY; tries++) {
		result = exo_drop(part[which].object, 0, 0);
	}
	return result != 0;
}

/* Words that look like valid entries, handles and links: nobody may follow or change them. */
static uint64_t
use_as_memory(uint32_t which)
{
	uint64_t pages = part[which].pages, changed = 0;
	int64_t result = E_BUSY;

	for (int tries = 0; tries < 100000 && result == E_BUSY; tries++) {
		result = exo_map(WHERE, part[which].memory, 0, pages, RW, NULL, EXO_NONE);
	}
	for (uint64_t i = 0; result == 0 && i < 512 * pages; i++) {
		at(WHERE)[i] = i << 32 | 0xffdf;
	}
	linger(500);
	for (uint64_t i = 0; result == 0 && i < 512 * pages; i++) {
		changed += at(WHERE)[i] != (i << 32 | 0xffdf);
	}
	changed += (result != 0) + (exo_unmap(WHERE, pages, 0, NULL, EXO_NONE) < 0);
	return changed + (exo_frames_release(exo_own_frames(), part[which].memory) != 0);
}

/* The server comes, is called, and goes, `first` of its parts first. */
static uint64_t
round_of(uint32_t home, uint32_t first)
{
	uint64_t wrong = make_server(home) != 0;
	int64_t share = exo_share(part[ENV].object, free_slot(), 0, 0, EXO_ENV_CALL, 1);

	wrong += share < 0;
	serve_await(part[ENV].object, EXO_STATE_OPEN);
	through = (exo_handle)share;
	linger(10000);
	if (first % 2) { /* what they call through goes before */
		exo_revoke(part[ENV].object, 0, 0);
		linger(2000);
		through = part[ENV].object;
		linger(5000);
	}
	for (uint32_t i = 0; i < PARTS; i++) {
		wrong += drop_part((first + i) % PARTS);
		linger(200);
	}
	for (uint32_t i = 0; i < PARTS; i++) {
		wrong += use_as_memory(i);
	}
	exo_slot_drop((exo_handle)share);
	return wrong;
}

static void
prepare(void)
{
	exo_handle table;

	for (uint32_t level = 2; level-- > 0;) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &table, NULL);
		exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	}
	exo_pages_make(&text, 1);
	memcpy(text.memory, code, sizeof(code));
	for (uint32_t i = 1; i <= STORM; i++) {
		serve_make(&hart[i].caller, i, storm);
		exo_env_start(hart[i].caller.thread.env);
	}
}

int
main(void)
{
	uint64_t wrong = 0;

	tap_plan(3 * STORM + 1);
	prepare();
	for (uint32_t round = 0; round < ROUNDS; round++) {
		wrong += round_of(1 + round % STORM, round % PARTS);
	}
	over = true;
	exo_pause(10 * MS);
	tap_is((int64_t)wrong, 0, "servers come and go; nobody looks at what they were made of");
	for (uint32_t i = 1; i <= STORM; i++) {
		tap_ok(hart[i].answers > 0, "hart %u: %lu answers, %lu refused", i,
		       (unsigned long)hart[i].answers, (unsigned long)hart[i].refused);
		tap_is((int64_t)hart[i].strange, 0, "all of them the right ones");
		tap_is((int64_t)(hart[i].calls - hart[i].answers - hart[i].refused), 0,
		       "the others are refused");
	}
	return tap_end();
}
