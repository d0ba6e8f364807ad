/* SPDX-License-Identifier: MIT
 * sbi.c: calls into the firmware, see sbi.h.
 * State: which extensions the firmware has, found once at boot.
 */
#include "arch/riscv/sbi.h"
#include "arch/arch.h"

#define EID_BASE         0x10
#define EID_TIME         0x54494d45
#define EID_IPI          0x735049
#define EID_RFENCE       0x52464e43
#define EID_HSM          0x48534d
#define EID_SRST         0x53525354
#define EID_DBCN         0x4442434e
#define LEGACY_SET_TIMER 0
#define LEGACY_PUTCHAR   1
#define LEGACY_GETCHAR   2
#define LEGACY_SEND_IPI  4
#define LEGACY_FENCE_I   5
#define LEGACY_SFENCE    6
#define LEGACY_SHUTDOWN  8
#define FENCE_EVERYTHING UINT64_MAX /* bytes from 0 on: no page by page */

static struct {
	bool time, ipi, rfence, hsm, srst, dbcn;
} has;

static struct sbi_result
sbi_call5(uint64_t eid, uint64_t fid, uint64_t arg0, uint64_t arg1, uint64_t arg2, uint64_t arg3,
	  uint64_t arg4)
{
	register uint64_t a0 __asm__("a0") = arg0;
	register uint64_t a1 __asm__("a1") = arg1;
	register uint64_t a2 __asm__("a2") = arg2;
	register uint64_t a3 __asm__("a3") = arg3;
	register uint64_t a4 __asm__("a4") = arg4;
	register uint64_t a6 __asm__("a6") = fid;
	register uint64_t a7 __asm__("a7") = eid;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbi_result){.error = (int64_t)a0, .value = a1};
}

static struct sbi_result
sbi_call(uint64_t eid, uint64_t fid, uint64_t arg0, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	return sbi_call5(eid, fid, arg0, arg1, arg2, arg3, 0);
}

static bool
sbi_probe(uint64_t eid)
{
	struct sbi_result r = sbi_call(EID_BASE, 3, eid, 0, 0, 0);

	return r.error == 0 && r.value != 0;
}

void
sbi_init(void)
{
	has.time = sbi_probe(EID_TIME);
	has.ipi = sbi_probe(EID_IPI);
	has.rfence = sbi_probe(EID_RFENCE);
	has.hsm = sbi_probe(EID_HSM);
	has.srst = sbi_probe(EID_SRST);
	has.dbcn = sbi_probe(EID_DBCN);
}

void
sbi_putchar(char c)
{
	if (has.dbcn) {
		sbi_call(EID_DBCN, 2, (uint8_t)c, 0, 0, 0);
	} else {
		sbi_call(LEGACY_PUTCHAR, 0, (uint8_t)c, 0, 0, 0);
	}
}

int
sbi_getchar(void)
{
	/* DBCN reads into memory by physical address; the legacy call is enough for a fallback
	 * console. */
	return (int)sbi_call(LEGACY_GETCHAR, 0, 0, 0, 0, 0).error;
}

void
sbi_set_timer(uint64_t time)
{
	if (has.time) {
		sbi_call(EID_TIME, 0, time, 0, 0, 0);
	} else {
		sbi_call(LEGACY_SET_TIMER, 0, time, 0, 0, 0);
	}
}

/* Legacy calls take the address of a mask; it must be readable by the firmware through the current
 * page table. */
void
sbi_send_ipi(uint64_t mask, uint64_t base, const struct arch_fence *fence)
{
	uint64_t shifted = mask << base;

	(void)fence;
	if (has.ipi) {
		sbi_call(EID_IPI, 0, mask, base, 0, 0);
	} else {
		sbi_call(LEGACY_SEND_IPI, 0, (uint64_t)&shifted, 0, 0, 0);
	}
}

void
sbi_remote_sfence(uint64_t mask, uint64_t base, const struct arch_fence *fence)
{
	uint64_t bytes = fence->pages ? fence->pages << PAGE_SHIFT : FENCE_EVERYTHING;
	uint64_t from = fence->pages ? fence->address : 0;
	uint64_t shifted = mask << base;

	if (has.rfence && fence->asid) {
		sbi_call5(EID_RFENCE, 2, mask, base, from, bytes, fence->asid);
	} else if (has.rfence) {
		sbi_call(EID_RFENCE, 1, mask, base, from, bytes);
	} else {
		sbi_call(LEGACY_SFENCE, 0, (uint64_t)&shifted, from, bytes, 0);
	}
}

void
sbi_remote_fence_i(uint64_t mask, uint64_t base, const struct arch_fence *fence)
{
	uint64_t shifted = mask << base;

	(void)fence;
	if (has.rfence) {
		sbi_call(EID_RFENCE, 0, mask, base, 0, 0);
	} else {
		sbi_call(LEGACY_FENCE_I, 0, (uint64_t)&shifted, 0, 0, 0);
	}
}

uint64_t
sbi_marchid(void)
{
	return sbi_call(EID_BASE, 5, 0, 0, 0, 0).value;
}

uint64_t
sbi_mimpid(void)
{
	return sbi_call(EID_BASE, 6, 0, 0, 0, 0).value;
}

int64_t
sbi_hart_start(uint64_t hartid, uint64_t address, uint64_t argument)
{
	if (!has.hsm) {
		return -2;
	}
	return sbi_call(EID_HSM, 0, hartid, address, argument, 0).error;
}

void
sbi_reset(uint32_t type, uint32_t reason)
{
	/* SRST returns when it cannot; the legacy call then never does (OpenSBI 1.1), so it is the
	 * last resort only. */
	if (has.srst) {
		sbi_call(EID_SRST, 0, type, reason, 0, 0);
	} else if (type == 0) {
		sbi_call(LEGACY_SHUTDOWN, 0, 0, 0, 0, 0);
	}
}
