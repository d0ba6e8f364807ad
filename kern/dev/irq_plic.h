/* SPDX-License-Identifier: MIT
 * irq_plic.h: the platform-level interrupt controller, by context number. Knows no device tree: who
 * finds out which context belongs to which hart passes the number.
 */
#ifndef KERN_DEV_IRQ_PLIC_H
#define KERN_DEV_IRQ_PLIC_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"

#define PLIC_SOURCES_MAX  1023u
#define PLIC_CONTEXTS_MAX 15872u
/* Where the registers of context 0 are, and in them that of claims. */
#define PLIC_CONTEXT        0x200000u
#define PLIC_CONTEXT_STRIDE 0x1000u
#define PLIC_CLAIM          0x4u

struct plic {
	uintptr_t base;
	uint32_t sources;  /* valid ones are 1 to this */
	uint32_t contexts; /* whose registers lie inside the mapped range */
};

/* `bytes` of registers are mapped at base; sources is the property riscv,ndev. Gives all sources
 * priority 0: none interrupts until plic_set_priority. Returns 0, or E_INVAL for ranges or numbers
 * that no PLIC has. */
int plic_init(struct plic *plic, uintptr_t base, uint64_t bytes, uint32_t sources);

/* Takes a context over from the firmware: no source enabled, threshold 0. 0 or E_RANGE. */
int plic_context_init(const struct plic *plic, uint32_t context);

/* Lets a source interrupt a context, or not. Calls for one context must not run at the same time. 0
 * or E_RANGE. */
int plic_enable(const struct plic *plic, uint32_t context, uint32_t source, bool on);

/* 0 never interrupts; implementations have 1 to at least 7. 0 or E_RANGE. */
int plic_set_priority(const struct plic *plic, uint32_t source, uint32_t priority);

static inline bool
plic_has(const struct plic *plic, uint32_t source)
{
	return source && source <= plic->sources;
}

/* Where a context claims (read) and completes (write). */
static inline uintptr_t
plic_claim_register(const struct plic *plic, uint32_t context)
{
	return plic->base + PLIC_CONTEXT + (uintptr_t)PLIC_CONTEXT_STRIDE * context + PLIC_CLAIM;
}

/* The interrupt that is now being served, or 0 if there is none (another hart may have taken it).
 * Every source returned must be completed on the same context before it can interrupt again. `at`
 * is the register of a context that there is. */
static inline uint32_t
plic_claim_at(const struct plic *plic, uintptr_t at)
{
	uint32_t source = mmio_read32(at);

	return source <= plic->sources ? source : 0;
}

static inline uint32_t
plic_claim(const struct plic *plic, uint32_t context)
{
	return context < plic->contexts ? plic_claim_at(plic, plic_claim_register(plic, context))
					: 0;
}

/* Of a source that was claimed there. */
static inline void
plic_complete_at(uintptr_t at, uint32_t source)
{
	mmio_write32(at, source);
}

static inline void
plic_complete(const struct plic *plic, uint32_t context, uint32_t source)
{
	if (context < plic->contexts && plic_has(plic, source)) {
		plic_complete_at(plic_claim_register(plic, context), source);
	}
}

#endif
