/* SPDX-License-Identifier: MIT
 * wake.c: what it costs to wake one sleeper by its predicate among many that sleep by theirs, from
 * the call that signals it and gives it the turn to its running (wake_10, wake_10000; the kernel's
 * command line has sleepers=N).
 *
 * Sleepers share a space and a capability space with init, and one program; each looks at a word of
 * its own. Which one is woken goes through all of them, so that none is a special one.
 */
#include <string.h>

#include "lib/base/bpf.h"
#include "lib/exo/events.h"
#include "lib/exo/frames.h"
#include "lib/exo/slots.h"
#include "lib/exo/slotset.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"
#include "test/bench/wake/sleeper.h"

#define SAMPLES      100
#define SLEEPERS_MAX 10000
#define STRIDE       4001 /* a prime: from one that is woken to the next */
#define CODE_PAGES   2
#define NOTHING      0x5eed

_Static_assert(NR_BIND == EXO_NR_bind && NR_SLEEP == EXO_NR_sleep && NR_SIGNAL == EXO_NR_signal,
	       "sleeper.h");

/* The word. */
static const struct {
	struct exo_code head;
	struct exo_insn insn[2];
} program = {
	{EXO_CODE_MAGIC, EXO_CODE_predicate, 2, 0, 0, 0},
	{{BPF_LDX | BPF_MEM | BPF_DW, 0x10, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0}},
};

static struct exo_pages words;
static exo_handle code;
static exo_handle room;
static uint64_t room_start;
static exo_handle env[SLEEPERS_MAX];
static volatile uint64_t tag;

static volatile uint64_t *
word(uint64_t number)
{
	return (volatile uint64_t *)words.memory + number;
}

static void
load(void)
{
	code = (exo_handle)must("carve", exo_carve(exo_boot()->code, (uint32_t)exo_slot_take(), 0,
						   CODE_PAGES, EXO_CODE_LOAD | EXO_CODE_RUN, 0));
	must("code_load", exo_code_load(code, &program.head));
}

/* Pages for them, of which the capabilities stand in leaves behind those that lib/exo manages. */
static void
make_room(uint64_t sleepers)
{
	struct exo_cap_info info;
	exo_handle leaf;

	must("room", exo_frames_carve(exo_own_frames(), 2 * sleepers, 2, &room));
	must("inspect", exo_inspect(room, 0, &info));
	room_start = info.start;
	for (uint64_t n = 0; n < sleepers; n += EXO_SLOTS_PER_LEAF) {
		must("leaf",
		     exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, exo_start()->cspace,
				       (EXO_SLOTS_MAX + n) / EXO_SLOTS_PER_LEAF, &leaf, NULL));
	}
}

static void
create(uint64_t number)
{
	int64_t pages = exo_carve(room, (uint32_t)(EXO_SLOTS_MAX + number), room_start + 2 * number,
				  2, EXO_READ | EXO_WRITE, 0);

	env[number] = (exo_handle)must("create",
				       exo_create(EXO_CAP_ENV, (exo_handle)must("carve", pages),
						  (uint32_t)exo_slot_take(), 0, EXO_UAREA_BASE));
}

/* Without floating point. It has no u-area mapped, for it needs none. */
static void
start(uint64_t number)
{
	struct exo_context begin = {.pc = (uint64_t)sleeper};

	create(number);
	must("bind", exo_bind(EXO_BIND_SPACE, env[number], exo_start()->space, 0));
	must("bind", exo_bind(EXO_BIND_CSPACE, env[number], exo_start()->cspace, 0));
	begin.x[8] = (uint64_t)word(number);
	begin.x[9] = (uint64_t)&tag;
	begin.x[18] = exo_start()->env;
	begin.x[10] = EXO_BIND_PREDICATE;
	begin.x[11] = words.frames;
	begin.x[12] = code;
	begin.x[13] = number * sizeof(uint64_t) << 32 | sizeof(uint64_t);
	must("write", exo_env_write(env[number], &begin));
	must("start", exo_env_start(env[number]));
	exo_yield(EXO_NONE);
	must("the sleeper's bind", (int64_t)tag - NOTHING);
}

/* It alone wakes, and for its own reason. In its own slots init goes on as soon as the sleeper
 * tells it so: that one has the turn once more, to go to sleep before the next one is woken. */
static void
wake(uint64_t number, uint64_t why)
{
	uint64_t deadline = exo_ticks() + exo_sysinfo()->timebase_hz;
	int64_t result;

	*word(number) = why;
	tag = NOTHING;
	BEGIN(OP_WAKE);
	result = exo_notify(env[number], 0, EXO_EVENT(WAKE_BIT), deadline);
	must("notify", result);
	must("the tag", tag == why ? 0 : E_STATE);
	exo_yield(EXO_NONE);
}

int
main(void)
{
	const char *option = strstr(exo_boot()->bootargs, "sleepers=");
	uint64_t sleepers = option ? strtoul(option + strlen("sleepers="), NULL, 10) : 10;

	must("sleepers", sleepers && sleepers <= SLEEPERS_MAX ? 0 : E_RANGE);
	must("words", exo_pages_make(&words, (SLEEPERS_MAX * 8 >> EXO_PAGE_SHIFT) + 1));
	make_room(sleepers);
	load();
	tag = NOTHING;
	for (uint64_t i = 0; i < sleepers; i++) {
		start(i);
	}
	bench_empty();
	for (uint64_t i = 0; i < SAMPLES; i++) {
		wake(i * STRIDE % sleepers, i + 1);
	}
	return bench_end();
}
