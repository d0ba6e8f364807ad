/* SPDX-License-Identifier: MIT
 * hostile_s56_peep.c: S56: a predicate reads the bytes that it was bound with, for as long as its
 * environment may read them: none beside them, none of what others have there later, none that its
 * environment has no right to.
 *
 * boot: init SMP=2
 */
#include "lib/base/bpf.h"
#include "lib/exo/predicate.h"
#include "test/boot/hostile.h"

#define SECRET 0x5ecu
#define BYTES  64

/* The byte at r1 + the word at r1, or 1 if that is 0. */
static const struct {
	struct exo_code head;
	struct exo_insn insn[7];
} image = {{EXO_CODE_MAGIC, EXO_CODE_predicate, 7, 0, 0, 0},
	   {{BPF_LDX | BPF_MEM | BPF_DW, 3 | 1 << 4, 0, 0},
	    {BPF_ALU64 | BPF_ADD | BPF_X, 1 | 3 << 4, 0, 0},
	    {BPF_LDX | BPF_MEM | BPF_B, 0 | 1 << 4, 0, 0},
	    {BPF_JMP | BPF_JNE | BPF_K, 0, 1, 0},
	    {BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 1},
	    {BPF_ALU64 | BPF_MOV | BPF_X, 0 | 0 << 4, 0, 0},
	    {BPF_JMP | BPF_EXIT, 0, 0, 0}}};

static struct exo_pages memory;
static struct exo_cap_info info;
static exo_handle code;

static int64_t
bind(exo_handle what, uint64_t offset, uint64_t bytes)
{
	exo_predicate_unbind();
	return exo_bind(EXO_BIND_PREDICATE, what, code, offset << 32 | bytes);
}

static uint64_t
look(void)
{
	return exo_sleep_until(0, exo_ticks() + exo_sysinfo()->timebase_hz).tag;
}

static exo_handle
share(uint64_t rights)
{
	int64_t result = exo_share(memory.frames, free_slot(), info.start, info.count, rights, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

static void
reads_beside(void)
{
	static const uint64_t wild[] = {
		BYTES,         BYTES + 8,          (uint64_t)-1,  (uint64_t)-8,
		1ul << 32,     (uint64_t)-1 << 32, 2ul << 32,     3ul << 32,
		5ul << 32,     1ul << 63,          KERNEL_DIRECT, KERNEL_IMAGE,
		KERNEL_STACKS, 0x80000000ul,       4096,
	};
	volatile uint64_t *word = (volatile uint64_t *)memory.memory + 8;
	uint32_t right = 0;

	memset(memory.memory, 0xa5, EXO_PAGE_SIZE);
	tap_is(bind(memory.frames, BYTES, BYTES), 0, "bound with a few bytes of a page");
	for (uint64_t i = 0; i < ARRAY_SIZE(wild); i++) {
		*word = wild[i];
		right += look() == EXO_TAG_FAULT;
	}
	tap_is(right, ARRAY_SIZE(wild), "whatever lies beside them ends its run");
	*word = BYTES - 1;
	tap_is(look(), 0xa5, "the last of them does not");
}

static void
is_refused(void)
{
	exo_handle unread = share(EXO_WRITE), whole = share(EXO_READ);

	tap_is(bind(unread, 0, 8), E_RIGHTS, "what cannot be read");
	tap_is(bind(memory.frames, EXO_PAGE_SIZE - 4, 8), E_RANGE, "what is half outside");
	tap_is(bind(memory.frames, 0xfffffff8, 16), E_RANGE, "what would wrap");
	tap_is(bind(memory.frames, 0, 0xffffffff), E_RANGE, "what is far too much");
	exo_drop(whole, 0, 0);
	tap_is(bind(whole, 0, 8), E_HANDLE, "what is held no more");
	tap_is(bind(exo_start()->frames, 0, 8), E_POOL, "what others have been given");
	exo_drop(unread, 0, 0);
}

/* What is bound is nobody's to give on while it is. */
static void
is_kept(void)
{
	tap_is(bind(memory.frames, 0, BYTES), 0, "bound");
	tap_is(exo_carve(memory.frames, free_slot(), info.start, 1, EXO_READ, 0), E_BOUND,
	       "and it cannot be carved for somebody else");
	exo_predicate_unbind();
}

static void
is_taken(void)
{
	volatile uint64_t *word = memory.memory;
	exo_handle part = share(EXO_READ);

	word[0] = 8;
	word[1] = SECRET & 0xff;
	tap_is(bind(part, 0, BYTES), 0, "a share is bound");
	tap_is(look(), SECRET & 0xff, "it is read");
	exo_drop(part, 0, 0);
	tap_is(look(), 0, "it is taken: nothing is read");
	exo_predicate_unbind();
}

/* What was thrown away, with something in it, comes back empty. */
static void
is_new(void)
{
	exo_handle pages;
	uint64_t tags = 0;

	memset(memory.memory, 0xa5, EXO_PAGE_SIZE);
	exo_pages_end(&memory);
	for (int i = 0; i < 8; i++) {
		if (exo_frames_carve(exo_own_frames(), 1, 1, &pages) == 0 &&
		    bind(pages, 0, EXO_PAGE_SIZE) == 0) {
			tags += look() == 1;
		}
		exo_predicate_unbind();
	}
	tap_is(tags, 8, "pages that were never written read as 0");
}

int
main(void)
{
	tap_plan(17);
	tap_is(exo_pages_make(&memory, 1), 0, "memory");
	exo_inspect(memory.frames, 0, &info);
	code = (exo_handle)exo_carve(exo_boot()->code, free_slot(), 0, 2,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	tap_is(exo_code_load(code, &image.head), 0, "a predicate that looks where it is told");
	reads_beside();
	is_refused();
	is_kept();
	is_taken();
	is_new();
	return tap_end();
}
