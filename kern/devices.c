/* SPDX-License-Identifier: MIT
 * devices.c: start the drivers of the devices that the tree names and the kernel shares among all.
 *
 * Callers: boot, once. A device that is described impossibly or does not start is reported and skipped.
 */
#include "kern/boot.h"
#include "kern/console.h"
#include "kern/dev/drivers.h"
#include "kern/disk/extent.h"
#include "kern/irq.h"
#include "kern/net/nic.h"

static struct {
	uint32_t disks;
	uint32_t nics;
	struct device_resources spare; /* DMA area and state of a probe that found nothing, for the next one */
	void *spare_state;
} started;

static const struct driver *
driver_for(const struct fdt *f, int node)
{
	for (uint32_t i = 0; drivers[i]; i++) {
		for (const char *const *name = drivers[i]->compatible; *name; name++) {
			if (fdt_compatible(f, node, *name)) {
				return drivers[i];
			}
		}
	}
	return NULL;
}

static uint64_t
clock_of(const struct fdt *f, int node)
{
	uint32_t hz = 0;

	fdt_u32(f, node, "clock-frequency", &hz);
	return hz;
}

/* Registers, interrupt and properties of a node. False if the tree describes it impossibly. */
static bool
resources_of(const struct machine *m, int node, struct device_resources *r)
{
	struct fdt_interrupt interrupt;
	uint64_t start, bytes;

	if (fdt_reg(&m->tree, node, 0, &start, &bytes) != 0 || !bytes || bytes > 1ul << 26) {
		return false;
	}
	r->base = arch_map_registers(start, bytes);
	r->bytes = bytes;
	r->clock_hz = clock_of(&m->tree, node);
	r->io_width = 1;
	r->reg_shift = 0;
	fdt_u32(&m->tree, node, "reg-shift", &r->reg_shift);
	fdt_u32(&m->tree, node, "reg-io-width", &r->io_width);
	r->irq = fdt_interrupt(&m->tree, node, 0, &interrupt) == 0 ? interrupt.cells[0] : 0;
	return r->base != 0;
}

static void
give_dma(const struct driver *d, struct device_resources *r)
{
	if (!started.spare_state) {
		started.spare_state = arch_ram(boot_pages(DRIVER_STATE_BYTES >> PAGE_SHIFT, 1));
	}
	if (d->wants_dma && !started.spare.dma.memory) {
		uint64_t area = boot_pages(DRIVER_DMA_BYTES >> PAGE_SHIFT, 1);

		started.spare.dma = (struct dma_area){ arch_ram(area), { area }, DRIVER_DMA_BYTES };
	}
	r->dma = started.spare.dma;
}

static void
attach(struct kernel *k, const struct device *found, uint32_t irq, uint32_t context)
{
	if (found->blk && started.disks < EXO_DISKS_MAX) {
		extent_attach(k, started.disks, found->blk);
		irq_attach(irq, IRQ_DISK, started.disks++, context);
	}
	if (found->net && started.nics < EXO_NICS_MAX) {
		uint64_t headers = boot_pages(NIC_HEADERS_BYTES >> PAGE_SHIFT, 1);

		nic_attach(k, started.nics, found->net,
			   (struct dma_area){ arch_ram(headers), { headers }, NIC_HEADERS_BYTES });
		irq_attach(irq, IRQ_NIC, started.nics++, context);
	}
	if (found->uart) {
		console_attach(found->uart);
		irq_attach(irq, IRQ_CONSOLE, 0, context);
	}
	started.spare = (struct device_resources){ 0 };
	started.spare_state = NULL;
}

/* 0, or the driver's error. */
static int
start(struct kernel *k, struct machine *m, const struct driver *d, int node)
{
	struct device_resources r = { 0 };
	struct device found = { 0 };
	int error;

	if (!resources_of(m, node, &r)) {
		return E_FORMAT;
	}
	give_dma(d, &r);
	error = d->probe(&r, started.spare_state, &found);
	if (!error) {
		attach(k, &found, r.irq, m->context[0]);
	}
	return error;
}

static void
start_and_report(struct kernel *k, struct machine *m, const struct driver *d, int node)
{
	int error = start(k, m, d, node);

	if (error && error != E_NODEV) {
		kprint("chitin: device %s: not started, error %d\n", fdt_name(&m->tree, node), error);
	}
}

static void
start_plic(const struct machine *m)
{
	uint64_t bytes = m->plic.end - m->plic.start;
	uintptr_t base = bytes ? arch_map_registers(m->plic.start, bytes) : 0;

	if (base) {
		irq_controller(base, bytes, m->plic_sources);
		irq_context_init(m->context[0]); /* disables all sources, so before any is attached */
	}
}

static bool
is_uart(const struct fdt *f, int node)
{
	const struct driver *d = driver_for(f, node);

	return d && d->class == DRIVER_UART && fdt_status_ok(f, node);
}

/* What /chosen names, else the first one there is a driver for. */
static int
console_node(const struct fdt *f)
{
	int node = fdt_stdout(f);

	if (node >= 0 && is_uart(f, node)) {
		return node;
	}
	for (node = f->root; node >= 0 && !is_uart(f, node); node = fdt_walk(f, node, NULL)) {
	}
	return node;
}

void
devices_console(struct kernel *k, struct machine *m)
{
	static const char *const test[] = { "sifive,test0", "sifive,test1", NULL };
	int node = fdt_next_compatible(&m->tree, FDT_NODE_NONE, test);
	struct device_resources r = { 0 };

	if (node >= 0 && resources_of(m, node, &r)) {
		k->test_device = r.base;
	}
	start_plic(m);
	node = console_node(&m->tree);
	if (node >= 0) {
		start_and_report(k, m, driver_for(&m->tree, node), node);
	}
}

void
devices_start(struct kernel *k, struct machine *m)
{
	const struct fdt *f = &m->tree;

	for (int node = f->root; node >= 0; node = fdt_walk(f, node, NULL)) {
		const struct driver *d = driver_for(f, node);

		if (d && d->class != DRIVER_UART && fdt_status_ok(f, node)) {
			start_and_report(k, m, d, node);
		}
	}
}
