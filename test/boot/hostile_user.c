/* SPDX-License-Identifier: MIT
 * hostile_user.c: what user mode must not do: reach the kernel, firmware and devices by any
 * address, use privileged instructions and registers, change its own text, run its data. Each
 * attempt is an exception, and nothing else happens.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

static struct {
	volatile uint64_t count, cause, tval;
	volatile uint64_t back; /* where to go on; 0: behind the instruction */
} seen;

static int
handler(struct exo_fault *fault)
{
	seen.count++;
	seen.cause = fault->cause;
	seen.tval = fault->tval;
	fault->pc = seen.back ? seen.back : fault->pc + 4;
	return 0;
}

/* --- memory --- */
static void
load(uint64_t address)
{
	__asm__ volatile("ld zero, 0(%0)" : : "r"(address) : "memory");
}

static void
store(uint64_t address)
{
	__asm__ volatile(".option push\n.option norvc\nsd %0, 0(%0)\n.option pop"
			 :
			 : "r"(address)
			 : "memory");
}

static void
swap(uint64_t address)
{
	__asm__ volatile("amoswap.d zero, zero, (%0)" : : "r"(address) : "memory");
}

static void
reserve(uint64_t address)
{
	__asm__ volatile("lr.d zero, (%0)" : : "r"(address) : "memory");
}

static void
jump(uint64_t address)
{
	__asm__ volatile("la t0, 1f\n"
			 "sd t0, %0\n"
			 "jalr t0, 0(%1)\n"
			 "1: sd zero, %0"
			 : "+m"(seen.back)
			 : "r"(address)
			 : "t0", "memory");
}

static const uint64_t addresses[] = {
	KERNEL_IMAGE,
	KERNEL_IMAGE + 0x1000,
	KERNEL_IMAGE + 0x10000,
	KERNEL_IMAGE + 0x20000,
	KERNEL_DIRECT,
	KERNEL_DIRECT + 0x200000,
	KERNEL_DIRECT + 0x4000000,
	KERNEL_STACKS + 0x7ff0,
	KERNEL_MMIO,
	KERNEL_MMIO + 0x1000,
	~7ul,
	EXO_USER_END,
	EXO_USER_END + 0x1000,
	1ul << 63,
	0x0123456789abcde0ul,
	0,
	8,
	0x1000,
	0x100000,
	0x2000000,
	0xc000000,
	0x10000000,
	0x10001000,
	0x80000000,
	0x80200000,
	0x3000000000,
};

/* True if the last attempt ended in one exception of one of these causes. */
static bool
excepted(uint64_t before, uint64_t cause, uint64_t other)
{
	return seen.count == before + 1 && (seen.cause == cause || seen.cause == other);
}

static void
check_addresses(void)
{
	static void (*const attempts[])(uint64_t address) = {load, store, swap, reserve, jump};
	static const uint64_t causes[] = {EXO_CAUSE_LOAD_PAGE, EXO_CAUSE_STORE_PAGE,
					  EXO_CAUSE_STORE_PAGE, EXO_CAUSE_LOAD_PAGE,
					  EXO_CAUSE_FETCH_PAGE};

	for (uint32_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		uint32_t right = 0;

		for (uint32_t k = 0; k < ARRAY_SIZE(attempts); k++) {
			uint64_t before = seen.count;

			attempts[k](addresses[i]);
			/* QEMU 7.2 says "load" for an amo on a page that is not there */
			right += excepted(before, causes[k],
					  attempts[k] == swap ? EXO_CAUSE_LOAD_PAGE : 0);
		}
		tap_ok(right == ARRAY_SIZE(attempts), "0x%lx cannot be reached: %u exceptions",
		       (unsigned long)addresses[i], right);
	}
}

static void
check_own_memory(void)
{
	static uint64_t data[] = {0x0000806700008067ul}; /* ret, ret */
	uint64_t before = seen.count;
	static const uint64_t constant = 1;

	store((uint64_t)check_own_memory & ~7ul);
	tap_ok(excepted(before, EXO_CAUSE_STORE_PAGE, 0), "text cannot be written");
	store((uint64_t)&constant);
	tap_ok(excepted(before + 1, EXO_CAUSE_STORE_PAGE, 0), "constants cannot be written");
	jump((uint64_t)data);
	tap_ok(excepted(before + 2, EXO_CAUSE_FETCH_PAGE, 0), "data cannot be executed");
	jump((uint64_t)&before & ~7ul);
	tap_ok(excepted(before + 3, EXO_CAUSE_FETCH_PAGE, 0), "nor the stack");
	jump(exo_start()->uarea);
	tap_ok(excepted(before + 4, EXO_CAUSE_FETCH_PAGE, 0), "nor the u-area");
}

/* --- instructions --- */
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
		before = seen.count;
		execute(code.memory, address, privileged[i].word);
		tap_ok(excepted(before, EXO_CAUSE_ILLEGAL, 0), "%s is illegal", privileged[i].name);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(registers); i++) {
		before = seen.count;
		execute(code.memory, address, CSR_READ(registers[i]));
		readable += !excepted(before, EXO_CAUSE_ILLEGAL, 0);
		before = seen.count;
		execute(code.memory, address, CSR_WRITE(registers[i]));
		writable += !excepted(before, EXO_CAUSE_ILLEGAL, 0);
	}
	tap_is(readable, 0, "no register of the kernel can be read");
	tap_is(writable, 0, "nor written");
	before = seen.count;
	execute(code.memory, address, CSR_WRITE(0xc01));
	tap_ok(excepted(before, EXO_CAUSE_ILLEGAL, 0), "time cannot be written");
}

/* --- registers --- */
/* Call number nr with wild arguments; returns the OR of all registers that the ABI says come back
 * 0, and of the changes in those it says are kept. */
static uint64_t
dirt_of_call(int64_t nr)
{
	register uint64_t a0 __asm__("a0") = (uint64_t)-nr;

	__asm__ volatile("mv a7, a0\n"
			 "li t0, 0x5555\n mv t1, t0\n mv t2, t0\n mv t3, t0\n mv t4, t0\n mv t5, "
			 "t0\n mv t6, t0\n"
			 "mv s2, t0\n mv s3, t0\n mv s4, t0\n mv s5, t0\n mv s6, t0\n mv s7, t0\n "
			 "mv s8, t0\n mv s9, t0\n"
			 "mv s10, t0\n mv s11, t0\n mv s1, sp\n fmv.d.x ft3, t0\n fmv.d.x fs3, t0\n"
			 "li a0, -1\n mv a1, a0\n mv a2, a0\n mv a3, a0\n mv a4, a0\n mv a5, a0\n "
			 "mv a6, a0\n"
			 "ecall\n"
			 "mv a0, a2\n or a0, a0, a3\n or a0, a0, a4\n or a0, a0, a5\n or a0, a0, "
			 "a6\n or a0, a0, a7\n"
			 "or a0, a0, a1\n"
			 "or a0, a0, t0\n or a0, a0, t1\n or a0, a0, t2\n or a0, a0, t3\n or a0, "
			 "a0, t4\n or a0, a0, t5\n or a0, a0, t6\n"
			 "li t0, 0x5555\n"
			 "xor s2, s2, t0\n or a0, a0, s2\n xor s3, s3, t0\n or a0, a0, s3\n xor "
			 "s4, s4, t0\n or a0, a0, s4\n"
			 "xor s5, s5, t0\n or a0, a0, s5\n xor s6, s6, t0\n or a0, a0, s6\n xor "
			 "s7, s7, t0\n or a0, a0, s7\n"
			 "xor s8, s8, t0\n or a0, a0, s8\n xor s9, s9, t0\n or a0, a0, s9\n xor "
			 "s10, s10, t0\n or a0, a0, s10\n"
			 "xor s11, s11, t0\n or a0, a0, s11\n xor s1, s1, sp\n or a0, a0, s1\n"
			 "fmv.x.d t1, ft3\n xor t1, t1, t0\n or a0, a0, t1\n fmv.x.d t1, fs3\n xor "
			 "t1, t1, t0\n or a0, a0, t1\n"
			 : "+r"(a0)
			 :
			 : "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4",
			   "t5", "t6", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",
			   "s11", "ft3", "fs3", "memory");
	return a0;
}

static void
check_registers(void)
{
	uint64_t dirty = 0;

	for (int64_t nr = 1; nr <= EXO_CALLS_MAX; nr++) {
		uint64_t dirt = nr == EXO_NR_exit || nr == EXO_NR_sleep ? 0 : dirt_of_call(nr);

		if (dirt) {
			printf("# call %ld leaves 0x%lx\n", (long)nr, (unsigned long)dirt);
			dirty++;
		}
	}
	tap_is((int64_t)dirty, 0,
	       "no call leaves a register of the kernel or changes one of the caller");
}

int
main(void)
{
	tap_plan(ARRAY_SIZE(addresses) + 5 + 1 + ARRAY_SIZE(privileged) + 3 + 1);
	exo_on_exception(handler);
	check_addresses();
	check_own_memory();
	check_instructions();
	check_registers();
	return tap_end();
}
