/* SPDX-License-Identifier: MIT
 * code_worst.c: the programs that take the kernel most time to compile and to run: the latter is
 * ended by its fuel, and the former is as good as any. Both count for irqs_off_max.
 *
 * boot: init SMP=1
 */
#include "lib/base/bpf.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define PAGES 12

static struct {
	struct exo_code head;
	struct exo_insn insn[EXO_CODE_INSNS_MAX];
} image = {.head = {.magic = EXO_CODE_MAGIC,
		    .code_class = EXO_CODE_handler,
		    .insns = EXO_CODE_INSNS_MAX}};

/* Each load has the compiler look at as many instructions as it ever does, all of them of the same
 * base; each other one has a constant that it does not find. */
static void
make_slow_to_compile(void)
{
	for (int n = 0; n < EXO_CODE_INSNS_MAX - 1; n++) {
		image.insn[n] = n % 4 == 3 ? (struct exo_insn){BPF_ST | BPF_MEM | BPF_W, 3,
							       (int16_t)-n, n * 1000 + 777}
				: n % 2 ? (struct exo_insn){BPF_LDX | BPF_MEM | BPF_W, 0 | 1 << 4,
							    (int16_t)(n % 64 * 4), 0}
					: (struct exo_insn){BPF_ALU64 | BPF_ADD | BPF_K, 2, 0,
							    n * 1000 + 100};
	}
	image.insn[EXO_CODE_INSNS_MAX - 1] = (struct exo_insn){BPF_JMP | BPF_EXIT, 0, 0, 0};
}

/* A jump to itself that compares 32 bits: six instructions of the seven that are paid for. */
static void
make_slow_to_run(void)
{
	image.head.insns = 2;
	image.insn[0] = (struct exo_insn){BPF_JMP32 | BPF_JSGE | BPF_X, 2 | 2 << 4, -1, 0};
	image.insn[1] = (struct exo_insn){BPF_JMP | BPF_EXIT, 0, 0, 0};
}

int
main(void)
{
	exo_handle code = (exo_handle)exo_carve(exo_boot()->code, (uint32_t)exo_slot_take(), 0,
						PAGES, EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	struct exo_code_run run = {.fuel = 0};

	tap_plan(4);
	make_slow_to_compile();
	tap_is(exo_code_load(code, &image.head), 0, "the slowest to compile is loaded");
	tap_is(exo_unbind(EXO_BIND_CODE, code), 0, "and goes");
	make_slow_to_run();
	tap_is(exo_code_load(code, &image.head), 0, "the slowest to run is loaded");
	tap_is(exo_code_run(code, &run), E_LIMIT, "and its fuel ends it");
	return tap_end();
}
