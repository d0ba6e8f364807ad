/* SPDX-License-Identifier: MIT
 * irq_plic.c: the platform-level interrupt controller.
 *
 *   0x000000 + 4 * source              priority
 *   0x002000 + 0x80 * context          enable bits, 32 sources per word
 *   0x200000 + 0x1000 * context        threshold; + 4 claim (read), complete (write)
 *
 * State:   struct plic, constant after plic_init.
 * Callers: any hart; claim and complete only for the hart's own context.
 * Spec:    RISC-V PLIC specification 1.0, chapters 3 to 9.
 */
#include "kern/dev/irq_plic.h"

#include <exo/errors.h>

#include "lib/base/checked.h"

#define PRIORITY       0x000000u
#define ENABLE         0x002000u
#define ENABLE_STRIDE  0x80u
#define CONTEXT        PLIC_CONTEXT
#define CONTEXT_STRIDE PLIC_CONTEXT_STRIDE
#define THRESHOLD      0x0u

static uintptr_t
enable_word(const struct plic *plic, uint32_t context, uint32_t source)
{
	return plic->base + ENABLE + (uintptr_t)ENABLE_STRIDE * context + source / 32 * 4;
}

static uintptr_t
context_register(const struct plic *plic, uint32_t context, uint32_t reg)
{
	return plic->base + CONTEXT + (uintptr_t)CONTEXT_STRIDE * context + reg;
}

int
plic_init(struct plic *plic, uintptr_t base, uint64_t bytes, uint32_t sources)
{
	if (!is_aligned(base, 4) || bytes < CONTEXT + CONTEXT_STRIDE || !sources ||
	    sources > PLIC_SOURCES_MAX) {
		return E_INVAL;
	}
	uint64_t contexts = (bytes - CONTEXT) / CONTEXT_STRIDE;

	*plic = (struct plic){
		.base = base,
		.sources = sources,
		.contexts = contexts < PLIC_CONTEXTS_MAX ? (uint32_t)contexts : PLIC_CONTEXTS_MAX,
	};
	for (uint32_t source = 1; source <= sources; source++) {
		mmio_write32(base + PRIORITY + 4 * source, 0);
	}
	return 0;
}

int
plic_context_init(const struct plic *plic, uint32_t context)
{
	if (context >= plic->contexts) {
		return E_RANGE;
	}
	for (uint32_t source = 0; source <= plic->sources; source += 32) {
		mmio_write32(enable_word(plic, context, source), 0);
	}
	mmio_write32(context_register(plic, context, THRESHOLD), 0);
	return 0;
}

int
plic_enable(const struct plic *plic, uint32_t context, uint32_t source, bool on)
{
	if (context >= plic->contexts || !plic_has(plic, source)) {
		return E_RANGE;
	}
	uintptr_t word = enable_word(plic, context, source);
	uint32_t bit = 1u << (source % 32);
	uint32_t others = mmio_read32(word) & ~bit;

	mmio_write32(word, others | (on ? bit : 0));
	return 0;
}

int
plic_set_priority(const struct plic *plic, uint32_t source, uint32_t priority)
{
	if (!plic_has(plic, source)) {
		return E_RANGE;
	}
	mmio_write32(plic->base + PRIORITY + 4 * source, priority);
	return 0;
}
