/* SPDX-License-Identifier: MIT
 * irq.c: interrupts of the devices that the kernel shares among all.
 *
 * State:      which device each source belongs to; constant after boot.
 * Callers:    the trap path of the hart whose context it is, interrupts off. Work is bounded: 16
 * claims, 16 completions or packets each; what is left is taken up at a timer interrupt, once
 * the environments have had their share of the time (hart.c).
 */
#include "kern/irq.h"
#include "kern/console.h"
#include "kern/dev/irq_plic.h"
#include "kern/disk/extent.h"
#include "kern/net/nic.h"

#define DEVICES_MAX 64 /* bits of hart.irq_again */
#define SOURCES_MAX 1024
#define CLAIMS_MAX  16
#define WORK_MAX    16

static struct {
	struct plic plic;
	bool present;
	uint32_t devices;
	struct {
		uint8_t user; /* enum irq_user */
		uint8_t number;
	} device[DEVICES_MAX];          /* [0] is nobody */
	uint8_t of_source[SOURCES_MAX]; /* which of them a source belongs to */
} irqs;

bool
irq_controller(uintptr_t base, uint64_t bytes, uint32_t sources)
{
	irqs.present = plic_init(&irqs.plic, base, bytes, sources) == 0;
	return irqs.present;
}

bool
irq_context_init(uint32_t context)
{
	bool works = irqs.present && plic_context_init(&irqs.plic, context) == 0;

	if (works) {
		arch_external_enable(true);
	}
	return works;
}

void
irq_attach(uint32_t irq, enum irq_user user, uint32_t number, uint32_t context)
{
	if (!irqs.present || irq == 0 || irq >= SOURCES_MAX || irqs.devices == DEVICES_MAX - 1) {
		return;
	}
	irqs.devices++;
	irqs.device[irqs.devices].user = (uint8_t)user;
	irqs.device[irqs.devices].number = (uint8_t)number;
	irqs.of_source[irq] = (uint8_t)irqs.devices;
	plic_set_priority(&irqs.plic, irq, 1);
	plic_enable(&irqs.plic, context, irq, true);
}

/* Returns true if the device has more to do than one turn allows. */
static bool
handle(uint32_t device)
{
	struct kernel *k = kernel_get();
	bool more = false;

	kernel_lock(k);
	switch (irqs.device[device].user) {
	case IRQ_CONSOLE:
		console_interrupt();
		break;
	case IRQ_DISK:
		more = extent_interrupt(irqs.device[device].number, WORK_MAX);
		break;
	case IRQ_NIC:
		more = nic_interrupt(irqs.device[device].number, WORK_MAX);
		break;
	default:
		break;
	}
	kernel_unlock(k);
	return more;
}

static void
handle_for(struct hart *h, uint32_t device)
{
	uint64_t bit = 1ul << device;

	h->irq_again = handle(device) ? h->irq_again | bit : h->irq_again & ~bit;
}

void
irq_handle(struct hart *h)
{
	uint64_t again = h->irq_again;

	for (uint32_t device = 1; device < DEVICES_MAX && again >> device; device++) {
		if (again >> device & 1) {
			handle_for(h, device);
		}
	}
	for (uint32_t i = 0; i < CLAIMS_MAX; i++) {
		uint32_t irq = plic_claim(&irqs.plic, h->plic_context);

		if (!irq) {
			return;
		}
		handle_for(h, irq < SOURCES_MAX ? irqs.of_source[irq] : 0);
		plic_complete(&irqs.plic, h->plic_context, irq);
	}
}
