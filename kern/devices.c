/* SPDX-License-Identifier: MIT
 * devices.c: start the drivers of the devices that the tree names and the kernel shares among all.
 *
 * Callers: boot, once. A device that is described impossibly or does not start is reported and
 * skipped.
 */
#include "kern/boot.h"
#include <exo/errors.h>
#include "kern/console.h"
#include "kern/dev/drivers.h"
#include "kern/dev/net_loop.h"
#include "kern/disk/extent.h"
#include "kern/irq.h"
#include "kern/net/nic.h"

#define DEVICES_MAX   32
#define NAMES_MAX     32
#define REGISTERS_MAX (1ul << 26)
#define PLIC_CONTEXTS                                                                              \
	0x200000 /* where the registers of its contexts begin, and how long those of one are */
#define PLIC_CONTEXT_BYTES 0x1000

static struct {
	struct {
		const struct driver *driver;
		int node;
	} found[DEVICES_MAX];
	uint32_t count;
	uint32_t too_many; /* that had no place in it */
	uint32_t disks;
	uint32_t nics;
	bool interrupts; /* reach this hart */
	int owned[DEVICES_MAX +
		  1]; /* nodes of those that a driver has set up, if only to give up */
	uint32_t owned_count;
	struct device_resources
		spare; /* DMA area and state of a probe that found nothing, for the next one */
	void *spare_state;
} devices;

/* --- what the tree says of a device ------------------------------------------------------- */
static const struct driver *
driver_for(const struct fdt *f, int node)
{
	for (uint32_t i = 0; drivers[i]; i++) {
		if (fdt_compatible_any(f, node, drivers[i]->compatible)) {
			return fdt_status_ok(f, node) ? drivers[i] : NULL;
		}
	}
	return NULL;
}

/* Everything that any driver is compatible with: one walk through the tree is enough then. */
static void
collect_names(const char *names[NAMES_MAX + 1])
{
	uint32_t n = 0;

	for (uint32_t i = 0; drivers[i]; i++) {
		for (const char *const *name = drivers[i]->compatible; *name && n < NAMES_MAX;
		     name++) {
			names[n++] = *name;
		}
	}
	names[n] = NULL;
}

static void
find_devices(const struct fdt *f)
{
	const char *names[NAMES_MAX + 1];
	int node = FDT_NODE_NONE;

	collect_names(names);
	while ((node = fdt_next_compatible(f, node, names)) >= 0) {
		const struct driver *d = driver_for(f, node);

		if (!d) {
			continue;
		}
		if (devices.count == DEVICES_MAX) {
			devices.too_many++;
			continue;
		}
		devices.found[devices.count].driver = d;
		devices.found[devices.count++].node = node;
	}
}

/* At most `most` bytes of the registers of a node, mapped; *bytes is how many. 0, with *why, if
 * there is nothing to map. */
static uintptr_t
map_registers(const struct machine *m, int node, uint64_t most, uint64_t *bytes, const char **why)
{
	uint64_t start;
	uintptr_t address;

	if (fdt_reg(&m->tree, node, 0, &start, bytes) != 0 || !*bytes) {
		*why = "the device tree does not say where its registers are";
		return 0;
	}
	*bytes = *bytes < most ? *bytes : most;
	if (ranges_overlap(&m->ram, start, *bytes)) {
		*why = "the device tree puts its registers into RAM";
		return 0;
	}
	address = arch_map_registers(start, *bytes);
	*why = address ? NULL : "nothing answers at its registers";
	return address;
}

/* The source that interrupts this hart for a node, 0: none. */
static uint32_t
source_of(const struct machine *m, int node)
{
	struct fdt_interrupt interrupt;
	bool reaches = devices.interrupts && fdt_interrupt(&m->tree, node, 0, &interrupt) == 0 &&
		       interrupt.controller == m->plic && interrupt.cells[0] <= m->plic_sources;

	return reaches ? interrupt.cells[0] : 0;
}

static int
resources_of(const struct machine *m, int node, struct device_resources *r, const char **why)
{
	uint32_t hz = 0;

	r->base = map_registers(m, node, REGISTERS_MAX, &r->bytes, why);
	r->io_width = 1;
	fdt_u32(&m->tree, node, "reg-shift", &r->reg_shift);
	fdt_u32(&m->tree, node, "reg-io-width", &r->io_width);
	fdt_u32(&m->tree, node, "clock-frequency", &hz);
	r->clock_hz = hz;
	return r->base ? 0 : E_FORMAT;
}

/* --- starting one ------------------------------------------------------------------------- */
static void
give_dma(const struct driver *d, struct device_resources *r)
{
	if (!devices.spare_state) {
		devices.spare_state = arch_ram(boot_pages(DRIVER_STATE_BYTES >> PAGE_SHIFT, 1));
	}
	if (d->wants_dma && !devices.spare.dma.memory) {
		uint64_t area = boot_pages(DRIVER_DMA_BYTES >> PAGE_SHIFT, 1);

		devices.spare.dma = (struct dma_area){arch_ram(area), {area}, DRIVER_DMA_BYTES};
	}
	r->dma = devices.spare.dma;
}

/* `irq` 0: it has none. */
static void
attach_nic(struct kernel *k, struct net *net, uint32_t number, uint32_t irq, uint32_t context)
{
	uint64_t headers = boot_pages(NIC_HEADERS_BYTES >> PAGE_SHIFT, 1);

	nic_attach(k, number, net,
		   (struct dma_area){arch_ram(headers), {headers}, NIC_HEADERS_BYTES}, irq,
		   context);
}

/* NULL, or why it is of no use. */
static const char *
attach(struct kernel *k, const struct device *found, uint32_t irq, uint32_t context)
{
	devices.spare =
		(struct device_resources){0}; /* the device has them now, whatever becomes of it */
	devices.spare_state = NULL;
	if (!irq) {
		return "its interrupt reaches no hart that runs";
	}
	if ((found->blk && devices.disks == EXO_DISKS_MAX) ||
	    (found->net && devices.nics == EXO_NIC_LOOP)) {
		return "there are more of its kind than the kernel takes";
	}
	if (found->blk) {
		irq_attach(irq, extent_interrupt, extent_attach(k, devices.disks++, found->blk),
			   context);
	} else if (found->net) {
		attach_nic(k, found->net, devices.nics++, irq, context);
	} else {
		console_attach(found->uart);
		irq_attach(irq, irq_console, NULL, context);
	}
	return NULL;
}

static void
start(struct kernel *k, struct machine *m, uint32_t index)
{
	const struct driver *d = devices.found[index].driver;
	int node = devices.found[index].node;
	struct device_resources r = {0};
	struct device found = {0};
	int error = resources_of(m, node, &r, &found.why);

	if (!error && d->is_there && !d->is_there(&r)) {
		return;
	}
	if (!error) {
		r.irq = source_of(m, node);
		give_dma(d, &r);
		error = d->probe(&r, devices.spare_state, &found);
		if (!error) {
			devices.owned[devices.owned_count++] = node;
			found.why = attach(k, &found, r.irq, m->context[0]);
		}
	}
	if (found.why) {
		kprint("chitin: device %s is left out: %s\n", fdt_name(&m->tree, node), found.why);
	} else if (error && error != E_NODEV) {
		kprint("chitin: device %s is left out: error %d\n", fdt_name(&m->tree, node),
		       error);
	}
}

/* --- all of them -------------------------------------------------------------------------- */
static bool
start_controller(struct kernel *k, const struct machine *m, uintptr_t base, uint64_t bytes)
{
	uint64_t lines = (m->plic_sources + 1ul) * sizeof(struct irq_line);

	if (m->plic_sources > IRQ_SOURCES_MAX ||
	    !irq_controller(base, bytes, m->plic_sources, boot_table(k, lines)) ||
	    !irq_context_init(m->context[0])) {
		return false;
	}
	k->sysinfo->irq_sources = m->plic_sources;
	return true;
}

static void
start_plic(struct kernel *k, const struct machine *m)
{
	/* the last contexts are those of harts that nobody runs */
	uint64_t most = PLIC_CONTEXTS;
	uint64_t bytes;
	uintptr_t base;
	const char *why = "the device tree names none";

	for (uint32_t i = 0; i < m->harts; i++) {
		uint64_t end = PLIC_CONTEXTS + (m->context[i] + 1ul) * PLIC_CONTEXT_BYTES;

		most = m->context[i] != MACHINE_NO_CONTEXT && end > most ? end : most;
	}
	base = m->plic < 0 ? 0
			   : map_registers(m, m->plic, most < REGISTERS_MAX ? most : REGISTERS_MAX,
					   &bytes, &why);
	if (base) {
		why = "the device tree describes it impossibly";
		/* the context first of all disables all sources, so before any is attached */
		devices.interrupts = start_controller(k, m, base, bytes);
	}
	if (!devices.interrupts) {
		kprint("chitin: no interrupt controller: %s\n", why);
	}
}

/* What /chosen names, else the first one there is a driver for. */
static uint32_t
console_index(const struct fdt *f)
{
	int chosen = fdt_stdout(f);
	uint32_t first = devices.count;

	for (uint32_t i = devices.count; i-- > 0;) {
		if (devices.found[i].driver->class == DRIVER_UART) {
			first = i;
			if (devices.found[i].node == chosen) {
				break;
			}
		}
	}
	return first;
}

void
devices_console(struct kernel *k, struct machine *m)
{
	static const char *const test[] = {"sifive,test0", "sifive,test1", NULL};
	int node = fdt_next_compatible(&m->tree, FDT_NODE_NONE, test);
	const char *ignored;
	uint64_t bytes;
	uint32_t console;

	if (node >= 0) {
		k->test_device = map_registers(m, node, PAGE_SIZE, &bytes, &ignored);
	}
	find_devices(&m->tree);
	start_plic(k, m);
	console = console_index(&m->tree);
	if (console < devices.count) {
		start(k, m, console);
	}
}

void
devices_start(struct kernel *k, struct machine *m)
{
	if (devices.too_many) {
		kprint("chitin: further devices are left out: %u; the kernel drives %u at most\n",
		       devices.too_many, DEVICES_MAX);
	}
	for (uint32_t i = 0; i < devices.count; i++) {
		if (devices.found[i].driver->class != DRIVER_UART) {
			start(k, m, i);
		}
	}
	attach_nic(k, net_loop_open(), EXO_NIC_LOOP, 0, 0);
}

void
devices_windows(struct windows *w, const struct machine *m)
{
	/* the firmware's console, if it is not ours */
	devices.owned[devices.owned_count++] = fdt_stdout(&m->tree);
	windows_find(w, m, &(struct windows_kept){devices.owned, devices.owned_count});
}
