/* SPDX-License-Identifier: MIT
 * plic.h: a platform-level interrupt controller for tests: priorities, thresholds, gateways.
 */
#ifndef TEST_FAKE_PLIC_H
#define TEST_FAKE_PLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_PLIC_BASE     0xc000000ul
#define FAKE_PLIC_SOURCES  136 /* as the JH7110 */
#define FAKE_PLIC_CONTEXTS 9
#define FAKE_PLIC_BYTES    (0x200000ul + 0x1000ul * FAKE_PLIC_CONTEXTS)

struct fake_plic {
	uint32_t priority[FAKE_PLIC_SOURCES + 1];
	uint32_t enable[FAKE_PLIC_CONTEXTS][32];
	uint32_t threshold[FAKE_PLIC_CONTEXTS];
	bool line[FAKE_PLIC_SOURCES + 1];   /* level, set by the test */
	bool served[FAKE_PLIC_SOURCES + 1]; /* claimed and not completed */
	uint32_t lie;                       /* if not 0, what a claim returns */
};

/* As the firmware may leave it: everything enabled, thresholds high. */
void fake_plic_plug(struct fake_plic *p);

/* The interrupt wire to the hart. */
bool fake_plic_interrupts(const struct fake_plic *p, uint32_t context);

#endif
