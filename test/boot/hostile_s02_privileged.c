/* SPDX-License-Identifier: MIT
 * hostile_s02_privileged.c: S2: privileged instructions and registers are exceptions of the
 * program that tries them, and nothing else happens.
 *
 * boot: init SMP=1
 */
#include "test/boot/attempt.h"

/* csrrs a0, csr, zero and csrrw zero, csr, a0. */
#define CSR_READ(csr)  (0x00002573u | (uint32_t)(csr) << 20)
#define CSR_WRITE(csr) (0x00051073u | (uint32_t)(csr) << 20)

static const struct {
	uint32_t word;
	const char *name;
} privileged[] = {
	{0x10200073, "sret"},
	{0x30200073, "mret"},
	{0x00200073, "uret"},
	{0x7b200073, "dret"},
	{0x10500073, "wfi"},
	{0x12000073, "sfence.vma"},
	{0x22000073, "hfence.vvma"},
	{0x62000073, "hfence.gvma"},
	{0x16000073, "sinval.vma"},
	{0x6c05c573, "hlv.d"},
	{0x0d0572d7, "vsetvli"},
	{0x02050007, "vle8.v"},
	{0x00000000, "a word of zeros"},
	{0xffffffff, "a word of ones"},
};

static const uint16_t registers[] = {
	0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14d, 0x180, 0x5a8,
	0x600, 0x200, 0x280, 0x300, 0x301, 0x302, 0x304, 0x305, 0x306, 0x340, 0x341, 0x344, 0x3a0,
	0x3b0, 0xf11, 0xf14, 0xb00, 0x7a0, 0x7b0, 0x008, 0xc03, 0xc1f, 0x015, 0xdb0,
};

/* Run one instruction: in a page that is written, then executed. */
static void
execute(uint32_t *page, uint64_t address, uint32_t word)
{
	page[0] = word;
	page[1] = 0x00008067; /* ret */
	exo_fence_i();
	__asm__ volatile("li a0, 0\n"
			 "jalr ra, 0(%0)"
			 :
			 : "r"(address)
			 : "ra", "a0", "memory");
}

static void
check_instructions(void)
{
	struct exo_pages code;
	uint64_t address, before;
	uint32_t readable = 0, writable = 0;

	exo_pages_make(&code, 1);
	tap_is(exo_vm_map(exo_own_vm(), code.frames, 0, 1, EXO_READ | EXO_EXEC, &address), 0,
	       "a page for code");
	for (uint32_t i = 0; i < ARRAY_SIZE(privileged); i++) {
		before = attempted.count;
		execute(code.memory, address, privileged[i].word);
		tap_ok(attempt_excepted(before, EXO_CAUSE_ILLEGAL, 0), "%s is illegal",
		       privileged[i].name);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(registers); i++) {
		before = attempted.count;
		execute(code.memory, address, CSR_READ(registers[i]));
		readable += !attempt_excepted(before, EXO_CAUSE_ILLEGAL, 0);
		before = attempted.count;
		execute(code.memory, address, CSR_WRITE(registers[i]));
		writable += !attempt_excepted(before, EXO_CAUSE_ILLEGAL, 0);
	}
	tap_is(readable, 0, "no register of the kernel can be read");
	tap_is(writable, 0, "nor written");
	before = attempted.count;
	execute(code.memory, address, CSR_WRITE(0xc01));
	tap_ok(attempt_excepted(before, EXO_CAUSE_ILLEGAL, 0), "time cannot be written");
}

int
main(void)
{
	tap_plan(1 + ARRAY_SIZE(privileged) + 3);
	exo_on_exception(attempt_handler);
	check_instructions();
	return tap_end();
}
