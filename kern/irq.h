/* SPDX-License-Identifier: MIT
 * irq.h: interrupts of the devices that the kernel shares among all.
 */
#ifndef KERN_IRQ_H
#define KERN_IRQ_H

#include <stdbool.h>
#include <stdint.h>

struct hart;

enum irq_user {
	IRQ_NOBODY = 0,
	IRQ_CONSOLE,
	IRQ_DISK,
	IRQ_NIC,
};

/* Boot: the controller, false if it makes no sense; source `irq` belongs to device `number` of a
 * class, and goes to `context`. */
bool irq_controller(uintptr_t base, uint64_t bytes, uint32_t sources);
void irq_attach(uint32_t irq, enum irq_user user, uint32_t number, uint32_t context);
/* Each hart: accept interrupts at this context. False if the controller has none of this number. */
bool irq_context_init(uint32_t context);
/* Handle what is pending for a hart: at most 16 claims. Takes the tree lock. */
void irq_handle(struct hart *h);

#endif
