/* SPDX-License-Identifier: MIT
 * cpu.c: harts: bringing them up, telling them things, their timers, power.
 *
 * State: the hardware id of each hart number, and whether the harts have the Sstc timer; written
 * at boot only. Priv. spec 4.1; SBI 2.0 chapters 6 to 10; Sstc extension.
 */
#include <exo/errors.h>
#include <exo/types.h>
#include "arch/arch.h"
#include "arch/riscv/cpu.h"
#include "arch/riscv/early.h"
#include "arch/riscv/mmu.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/tlb.h"
#include "lib/base/fdt.h"

#define COUNTERS_USER    7 /* cycle, time, instret: more makes some firmware die */
#define TEST_DEVICE_PASS 0x5555
#define TEST_DEVICE_FAIL 0x3333

/* What entry.S tells the hart that is being started; one at a time. Whoever changes `ticket` from
 * hart id + 1 to 0 decides: the hart that it comes, the boot hart that it is given up. */
struct start_args {
	uint64_t ticket;
	uint64_t satp;
	uint64_t offset;
	uint64_t stack;
	uint64_t number;
};
extern struct start_args start_args;
struct start_args start_args
	__attribute__((section(".data"))); /* not .bss: a hart may look before that is cleared */

static struct {
	uint64_t hartid[CONFIG_MAX_HARTS];
	uint64_t timebase_hz;
	bool sstc;
	uint64_t load;
} cpu = {.timebase_hz = 1000000}; /* until the tree says */

extern uint8_t image_start[], image_end[], other_hart[];

/* Control registers that a hart has for itself. */
static void
cpu_init(void)
{
	csr_write_sstatus(
		SSTATUS_UXL_64); /* interrupts, floating point, vectors, user memory: all off */
	cpu_clear_optional();
	csr_write_scounteren(COUNTERS_USER);
	csr_write_sie(SIP_SSIP | SIP_STIP);
	tlb_init();
}

static bool
is_readable(uintptr_t at, uint64_t bytes)
{
	for (uintptr_t end = at + bytes; at < end; at = (at | 4095) + 1) {
		if (!cpu_probe_registers(at)) {
			return false;
		}
	}
	return true;
}

/* The tree, NULL unless every page of the size it claims can be read. */
static const void *
readable_tree(uint64_t device_tree)
{
	uintptr_t at = EARLY_TREE_BASE + (device_tree & ((1ul << 30) - 1));
	const void *tree = (const void *)at;
	int bytes = is_readable(at, FDT_PEEK_BYTES) ? fdt_peek_size(tree) : 0;

	return bytes && (bytes < 0 || is_readable(at, (uint64_t)bytes)) ? tree : NULL;
}

void
arch_boot(uint64_t hartid, uint64_t device_tree, uint64_t load)
{
	mmu_init(load);
	cpu.load = load;
	sbi_init();
	cpu_init();
	cpu.sstc = cpu_probe_stimecmp();
	kern_boot(hartid, readable_tree(device_tree), device_tree, load,
		  (uint64_t)(image_end - image_start));
}

void
arch_boot_other(uint64_t hartid, uint64_t number)
{
	(void)hartid;
	cpu_init();
	if (!cpu_probe_stimecmp()) {
		cpu.sstc = false; /* before anybody runs: then all go through the firmware */
	}
	mmu_probe_ad();
	kern_hart_main((uint32_t)number);
}

void
arch_hart_id(uint32_t number, uint64_t hartid)
{
	cpu.hartid[number] = hartid;
}

int
arch_hart_start(uint32_t number)
{
	int64_t error;

	start_args = (struct start_args){
		.ticket = cpu.hartid[number] + 1,
		.satp = mmu_satp(),
		.offset = (uint64_t)image_start - cpu.load,
		.stack = cpu_stack_end(number),
		.number = number,
	};
	__asm__ volatile("fence w, w" ::: "memory");
	error = sbi_hart_start(cpu.hartid[number], mmu_image_physical(other_hart), 0);
	return error == 0 ? 0 : error == -2 ? E_UNSUPPORTED : E_NODEV;
}

bool
arch_hart_give_up(void)
{
	return __atomic_exchange_n(&start_args.ticket, 0, __ATOMIC_ACQ_REL) != 0;
}

void
arch_stack_enter(uint32_t hart, void (*run)(uint32_t hart))
{
	register uint64_t a0 __asm__("a0") = hart;

	__asm__ volatile("mv sp, %0\n\tjr %1" ::"r"(cpu_stack_end(hart)), "r"(run), "r"(a0)
			 : "memory");
	__builtin_unreachable();
}

/* Tell the firmware about the harts in `mask`: in one call but for ids that no mask from 0 on
 * reaches. */
static void
tell_harts(uint64_t mask,
	   void (*tell)(uint64_t mask, uint64_t base, const struct arch_fence *fence),
	   const struct arch_fence *fence)
{
	uint64_t ids = 0;

	for (uint32_t i = 0; mask; i++, mask >>= 1) {
		if (!(mask & 1)) {
			continue;
		}
		if (cpu.hartid[i] < 64) {
			ids |= 1ul << cpu.hartid[i];
		} else {
			tell(1, cpu.hartid[i], fence);
		}
	}
	if (ids) {
		tell(ids, 0, fence);
	}
}

void
arch_send_ipi(uint64_t mask)
{
	__asm__ volatile("fence rw, rw" ::: "memory");
	tell_harts(mask, sbi_send_ipi, NULL);
}

void
arch_remote_fence(uint64_t mask, const struct arch_fence *f)
{
	struct arch_fence told = {
		.address = f->address,
		.pages = arch_fence_pages_miss ? 0 : f->pages,
		.asid = f->asid,
	};

	__asm__ volatile("fence rw, rw" ::: "memory");
	tell_harts(mask, sbi_remote_sfence, &told);
}

void
arch_remote_fence_i(uint64_t mask)
{
	__asm__ volatile("fence rw, rw" ::: "memory");
	tell_harts(mask, sbi_remote_fence_i, NULL);
}

void
arch_timebase_set(uint64_t hz)
{
	cpu.timebase_hz = hz;
}

uint64_t
arch_timebase_hz(void)
{
	return cpu.timebase_hz;
}

bool
arch_has_sstc(void)
{
	return cpu.sstc;
}

void
arch_timer_set(uint64_t time)
{
	if (cpu.sstc) {
		csr_write_stimecmp(time);
	} else {
		sbi_set_timer(time);
	}
}

void
arch_wait(void)
{
	wait_for_interrupt();
}

void
arch_ipi_clear(void)
{
	csr_clear_sip(SIP_SSIP);
	__asm__ volatile("fence rw, rw" ::: "memory");
}

void
arch_external_enable(bool enable)
{
	if (enable) {
		csr_set_sie(SIP_SEIP);
	} else {
		csr_clear_sie(SIP_SEIP);
	}
}

void
arch_power(uint32_t how, uintptr_t test_device)
{
	if (test_device && how != EXO_POWER_REBOOT) {
		mmio_write32(test_device, how == EXO_POWER_FAIL ? 1u << 16 | TEST_DEVICE_FAIL
								: TEST_DEVICE_PASS);
	}
	if (how != EXO_POWER_REBOOT) {
		sbi_reset(0, how == EXO_POWER_FAIL);
	}
	sbi_reset(1, how == EXO_POWER_FAIL); /* reboot, or better than hanging */
}

void
arch_console_put(char c)
{
	sbi_putchar(c);
}

int
arch_console_get(void)
{
	int c = sbi_getchar();

	return c < 0 ? E_NOENT : c & 0xff;
}
