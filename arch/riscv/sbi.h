/* SPDX-License-Identifier: MIT
 * sbi.h: calls into the firmware. RISC-V Supervisor Binary Interface 2.0; every extension is
 * probed, legacy calls are the fallback.
 */
#ifndef ARCH_RISCV_SBI_H
#define ARCH_RISCV_SBI_H

#include <stdbool.h>
#include <stdint.h>

struct sbi_result {
	int64_t error;
	uint64_t value;
};

/* Find out which extensions there are; first of all. */
void sbi_init(void);
/* Debug console (DBCN) or legacy putchar / getchar. sbi_getchar: 0..255 or negative. */
void sbi_putchar(char c);
int sbi_getchar(void);
/* Absolute time of the next timer interrupt. */
void sbi_set_timer(uint64_t time);
/* The masks have bit i for hart base + i. `fence` says what sbi_remote_sfence is about, the others
 * do without. */
struct arch_fence;
void sbi_send_ipi(uint64_t mask, uint64_t base, const struct arch_fence *fence);
void sbi_remote_sfence(uint64_t mask, uint64_t base, const struct arch_fence *fence);
void sbi_remote_fence_i(uint64_t mask, uint64_t base, const struct arch_fence *fence);
/* Of this hart. */
uint64_t sbi_marchid(void);
uint64_t sbi_mimpid(void);
/* HSM hart_start; 0 or the SBI error. */
int64_t sbi_hart_start(uint64_t hartid, uint64_t address, uint64_t argument);
/* SRST: type 0 shutdown, 1 cold reboot; legacy shutdown as fallback. Returns if the firmware
 * cannot. */
void sbi_reset(uint32_t type, uint32_t reason);

#endif
