/* SPDX-License-Identifier: MIT
 * exo_exception.c: the program handles its own exceptions: steps over, repairs, emulates, gives up.
 *
 * boot: init
 */
#include <string.h>

#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

static struct {
	struct exo_fault last;
	int count;
	exo_handle frames; /* what page faults are repaired with */
} seen;

/* What a handler changes, the compiler does not expect to change at an instruction that faults. */
#define FAULTED() __asm__ volatile("" : : : "memory")

static int
step_over(struct exo_fault *fault)
{
	seen.last = *fault;
	seen.count++;
	fault->pc += exo_instruction_bytes(fault->pc);
	return 0;
}

static void
check_illegal(void)
{
	uint64_t before = 0x1234;
	uint64_t after;

	tap_is(exo_on_exception(step_over), 0, "a handler is registered");
	__asm__ volatile("mv t3, %1\n\t.word 0x0b\n\tmv %0, t3"
			 : "=r"(after)
			 : "r"(before)
			 : "t3", "memory");
	tap_ok(seen.count == 1 && seen.last.cause == EXO_CAUSE_ILLEGAL,
	       "an illegal instruction arrives");
	tap_is((int64_t)after, 0x1234, "registers stay");
	__asm__ volatile("ebreak");
	FAULTED();
	tap_ok(seen.count == 2 && seen.last.cause == EXO_CAUSE_BREAKPOINT, "a breakpoint arrives");
}

/* The first argument goes where the handler finds it and the result comes from where it puts it. */
static int
add_one(struct exo_fault *fault)
{
	seen.last = *fault;
	fault->x[10]++;
	fault->pc += 4;
	return 0;
}

static void
check_foreign_call(void)
{
	uint64_t number = 41;

	exo_on_exception(add_one);
	__asm__ volatile("mv a0, %0\n\tli a7, 64\n\tecall\n\tmv %0, a0"
			 : "+r"(number)
			 :
			 : "a0", "a7", "memory");
	tap_is((int64_t)number, 42, "an ecall with a foreign number can be emulated");
	tap_ok(seen.last.cause == EXO_CAUSE_ECALL && seen.last.x[17] == 64,
	       "its number and cause are seen");
}

static int
map_page(struct exo_fault *fault)
{
	seen.last = *fault;
	seen.count++;
	return exo_vm_map_at(exo_own_vm(), fault->tval & -EXO_PAGE_SIZE, seen.frames, 0, 1,
			     EXO_READ | EXO_WRITE);
}

static void
check_paging(void)
{
	volatile uint64_t *nowhere = (volatile uint64_t *)(EXO_VM_END - EXO_PAGE_SIZE + 8);

	seen.count = 0;
	exo_on_exception(map_page);
	exo_frames_carve(exo_own_frames(), 1, 1, &seen.frames);
	*nowhere = 77;
	FAULTED();
	tap_ok(seen.count == 1 && seen.last.cause == EXO_CAUSE_STORE_PAGE &&
		       seen.last.tval == (uint64_t)nowhere,
	       "a store to an unmapped page arrives");
	tap_ok(*nowhere == 77 && seen.count == 1, "mapping a page repairs it");
	tap_is(exo_protect((uint64_t)nowhere & -EXO_PAGE_SIZE, 1, 0, NULL, EXO_NONE) < 0, 0,
	       "the page loses its rights");
	exo_on_exception(step_over);
	(void)*nowhere;
	FAULTED();
	tap_ok(seen.count == 2 && seen.last.cause == EXO_CAUSE_LOAD_PAGE, "a load from it arrives");
}

static int
spoil_floats(struct exo_fault *fault)
{
	volatile double x = (double)fault->pc;

	for (int i = 0; i < 10; i++) {
		x = x * 1.5 + i;
	}
	seen.count++;
	fault->pc += exo_instruction_bytes(fault->pc);
	return 0;
}

static void
check_floats(void)
{
	double kept = 2.5;

	seen.count = 0;
	exo_on_exception(spoil_floats);
	__asm__ volatile("fmv.d ft5, %0\n\t.word 0x0b\n\tfmv.d %0, ft5"
			 : "+f"(kept)
			 :
			 : "ft5", "memory");
	tap_ok(seen.count == 1 && kept == 2.5, "floating-point registers survive a handler");
}

static void
check_assembly_handler(void)
{
	uint64_t sum = 0;

	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
		      (uint64_t)exo_skip_window);
	for (uint64_t i = 0; i < 1000; i++) {
		__asm__ volatile("addi %0, %0, 1\n\t.word 0x0b" : "+r"(sum));
	}
	tap_is((int64_t)sum, 1000, "the assembly handler steps over a thousand times");
}

/* Two jumps through the handler must not grow the exception stack. */
static void
check_repetition(void)
{
	seen.count = 0;
	exo_on_exception(step_over);
	for (int i = 0; i < 10000; i++) {
		__asm__ volatile(".word 0x0b" : : : "memory");
	}
	tap_is(seen.count, 10000, "ten thousand exceptions in a row are handled");
}

int
main(void)
{
	tap_plan(13);
	check_illegal();
	check_foreign_call();
	check_paging();
	check_floats();
	check_assembly_handler();
	check_repetition();
	return tap_end();
}
