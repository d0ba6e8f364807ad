/* SPDX-License-Identifier: MIT
 * hostile_s71_unpaid.c: S71: programs of one endless block, whose costs add up to what a shorter
 * number takes for little, or for nothing: so that they would run for next to no fuel, or in a
 * circle for none, or begin a block that is taken for a part of the one before it, with what that
 * has checked. None of them runs.
 *
 * boot: init SMP=1
 */
#include "lib/base/bpf.h"
#include "test/boot/hostile.h"

#define PAGES  20
#define PLACE  192 /* what the dearest instruction costs */
#define SPAN   65536
#define PLACES 340
#define TURNS  1000
#define BEHIND 1000 /* the region, from 4088 on */
#define SECRET 0x7365637265740000

static struct {
	struct exo_code head;
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
} image;

static exo_handle code;
static struct exo_pages memory;

static void
put(uint8_t opcode, unsigned to, unsigned from, int offset, int32_t imm)
{
	image.insn[image.head.insns++] =
		(struct exo_insn){opcode, (uint8_t)(to | from << 4), (int16_t)offset, imm};
}

static void
begin(void)
{
	memset(&image, 0, sizeof(image));
	image.head.magic = EXO_CODE_MAGIC;
	image.head.code_class = EXO_CODE_handler;
}

static void
end(void)
{
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void
places(uint32_t count)
{
	while (count--) {
		put(BPF_JMP | BPF_CALL, 0, 0, 0, EXO_HELPER_place);
	}
}

/* Instructions that cost as much as is missing in a block of SPAN with the PLACES, which costs
 * `others` besides. */
static void
fill(uint32_t others)
{
	uint32_t left = SPAN - 2 - PLACES * PLACE - others;

	for (; left % 3; left -= 4) {
		put(BPF_ALU | BPF_ADD | BPF_K, 8, 0, 0, 0);
	}
	for (; left; left -= 3) {
		put(BPF_ALU64 | BPF_ADD | BPF_K, 8, 0, 0, 0);
	}
}

static void
little(void)
{
	begin();
	places(PLACES + 2);
	end();
}

static void
circle(void)
{
	begin();
	put(BPF_ALU64 | BPF_MOV | BPF_K, 6, 0, 0, TURNS);
	fill(3 + 4);
	places(PLACES);
	put(BPF_ALU64 | BPF_SUB | BPF_K, 6, 0, 0, 1);
	put(BPF_JMP | BPF_JNE | BPF_K, 6, 0, -(int)image.head.insns, 0);
	end();
}

/* A byte near the end of the region is looked at; then what is far behind another one, which is
 * looked at only by who does not jump. */
static void
behind(void)
{
	begin();
	put(BPF_ALU64 | BPF_MOV | BPF_X, 4, 1, 0, 0);
	put(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, EXO_PAGE_SIZE - 8);
	put(BPF_LDX | BPF_MEM | BPF_B, 0, 4, 0, 0);
	put(BPF_LDX | BPF_MEM | BPF_B, 0, 4, 1, 0);
	put(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 2, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 2, 1, 0, 0);
	put(BPF_LDX | BPF_MEM | BPF_B, 0, 2, 0, 0);
	put(BPF_LDX | BPF_MEM | BPF_DW, 6, 2, BEHIND, 0);
	fill(12 + 3 + 3);
	places(PLACES);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 0, 6, 0, 0);
	end();
}

static void
check(void (*make)(void), const char *name)
{
	struct exo_code_run q = {
		.region[EXO_REGION_INPUT] = {memory.frames, 0, EXO_PAGE_SIZE},
		.argument = {(uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT},
	};
	int64_t result;

	make();
	result = exo_code_load(code, &image.head);
	if (result == 0) {
		result = exo_code_run(code, &q);
	}
	tap_ok(result == E_LIMIT, "%s: %d", name, (int)result);
	tap_is((int64_t)q.calls, 0, "and has done nothing");
	tap_ok(q.result != SECRET, "and seen nothing");
	exo_unbind(EXO_BIND_CODE, code);
}

int
main(void)
{
	int64_t result =
		exo_carve(exo_boot()->code, free_slot(), 0, PAGES, EXO_CODE_LOAD | EXO_CODE_RUN, 0);

	tap_plan(11);
	code = (exo_handle)result;
	tap_ok(result > 0, "pages for code: %d", (int)result);
	tap_is(exo_pages_make(&memory, 2), 0, "memory, of which they see the first page");
	*at((uint64_t)memory.memory + EXO_PAGE_SIZE - 8 + BEHIND) = SECRET;
	check(little, "342 calls for the price of none");
	check(behind, "behind the region by a check that was none");
	check(circle, "a circle for nothing");
	return tap_end();
}
