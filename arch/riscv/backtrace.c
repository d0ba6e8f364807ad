/* SPDX-License-Identifier: MIT
 * backtrace.c: who called whom, from a stack without frame pointers: nothing is kept on the way for
 * it.
 *
 * Every word between sp and the stack's end that could be a return address is looked at: the
 * instruction before it must be a call. If that call names its target, and the target is the
 * function that was found before, or one found since that is not certain, the caller is certain.
 * Others may be left over from earlier calls; they are reported as such. A call through a pointer
 * cannot be told apart from one, nor can any without symbols. Callers: panic, on any stack. No
 * state.
 */
#include "arch/arch.h"
#include "arch/riscv/cpu.h"
#include "lib/base/rv.h"
#include "lib/base/symbols.h"

extern const uint8_t image_start[], text_end[], bss_end[];
extern const uint32_t symbols_count[], symbols_offsets[];
extern const char symbols_names[];

const char *
arch_symbol(uint64_t address, uint64_t *offset)
{
	struct symbols all = {symbols_count[0], symbols_offsets, symbols_names};
	uint64_t start = 0;
	const char *name = NULL;

	if (address >= (uint64_t)image_start && address < (uint64_t)text_end) {
		name = symbols_find(&all, address - (uint64_t)image_start, &start);
		*offset = address - (uint64_t)image_start - start;
	}
	return name;
}

/* Where the function at an address begins; without symbols the address itself. */
static uint64_t
function_of(uint64_t address)
{
	uint64_t offset = 0;

	arch_symbol(address, &offset);
	return address - offset;
}

static uint32_t
word_at(uint64_t address)
{
	const uint16_t *half = (const uint16_t *)address;

	return half[0] | (uint32_t)half[1] << 16;
}

/* Is `target` one of those found since the last certain one, that one included? */
static bool
is_known(const struct arch_call *calls, uint32_t count, uint64_t target)
{
	bool known = false;
	bool certain = false;

	while (count && !known && !certain) {
		count--;
		known = function_of(count ? calls[count].pc - 1 : calls[0].pc) == target;
		certain = calls[count].certain;
	}
	return known;
}

/* Add a caller if `back` may be the address that it is returned to. */
static uint32_t
look_at(uint64_t back, struct arch_call *calls, uint32_t count)
{
	uint64_t target = 0;

	if (back > (uint64_t)image_start + 8 && back < (uint64_t)text_end && !(back & 1)) {
		target = rv_call_target(back, word_at(back - 8), word_at(back - 4));
	}
	if (!target) {
		return count;
	}
	calls[count] = (struct arch_call){back, is_known(calls, count, target)};
	return count + 1;
}

/* The memory of the stack that sp is in: *from and *end; both 0 if that is none of the kernel's. */
static void
find_stack(uint64_t sp, uint64_t *from, uint64_t *end)
{
	uint64_t hart = (sp - STACKS_BASE) / KERNEL_STACK_STRIDE;
	uint64_t lowest = 0;

	*from = 0;
	*end = 0;
	if (hart < CONFIG_MAX_HARTS) {
		*end = cpu_stack_end((uint32_t)hart);
		lowest = *end + 16 - KERNEL_STACK_PAGES * PAGE_SIZE; /* below is the guard */
	} else if (sp >= (uint64_t)text_end && sp < (uint64_t)bss_end) {
		*end = (uint64_t)bss_end - sp > PAGE_SIZE ? sp + PAGE_SIZE : (uint64_t)bss_end;
	}
	*from = *end ? (sp > lowest ? sp : lowest) & ~7ul : 0;
}

uint32_t
arch_backtrace(const struct arch_registers *at, struct arch_call *calls, uint32_t most)
{
	uint32_t count = 1;
	uint64_t from, end;

	calls[0] = (struct arch_call){at->x[0], true};
	if (most > 1) {
		count = look_at(at->x[RV_RA], calls, count);
	}
	find_stack(at->x[RV_SP], &from, &end);
	for (; from && from < end && count < most; from += 8) {
		count = look_at(*(const uint64_t *)from, calls, count);
	}
	return count;
}

void
arch_registers_here(struct arch_registers *at)
{
	__asm__ volatile("sd ra, 8(%0)\n\tsd sp, 16(%0)\n\tsd gp, 24(%0)\n\tsd tp, 32(%0)"
			 :
			 : "r"(at)
			 : "memory");
	at->x[0] = at->x[RV_RA];
	at->x[RV_RA] = 0;
}

uint32_t
arch_hart_at(const struct arch_registers *at)
{
	uint64_t hart = (at->x[RV_SP] - STACKS_BASE) / KERNEL_STACK_STRIDE;

	return hart < CONFIG_MAX_HARTS ? (uint32_t)hart : CONFIG_MAX_HARTS;
}
