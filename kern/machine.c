/* SPDX-License-Identifier: MIT
 * machine.c: what the device tree says about this machine: harts, RAM, reservations, timebase,
 * interrupt controller.
 *
 * Everything in the tree is foreign: impossible nodes are skipped, impossible trees refused with a
 * sentence. Callers: boot, once. Pure but for its CONFIG sizes. Spec: Devicetree Specification
 * 0.4, chapter 3; RISC-V bindings of cpus and PLIC.
 */
#include "kern/machine.h"
#include <exo/errors.h>
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define GIB                     (1ul << 30)
#define RAM_SPAN                (16 * GIB) /* what binding ids and the direct map reach */
#define TREE_MAX                (16 << 20)
#define IRQ_SUPERVISOR_EXTERNAL 9

/* --- ranges ------------------------------------------------------------------------------- */
static bool
ranges_add(struct ranges *r, uint64_t start, uint64_t end)
{
	if (start >= end) {
		return true;
	}
	if (r->count == MACHINE_RANGES) {
		return false;
	}
	r->range[r->count++] = (struct range){start, end};
	return true;
}

bool
ranges_remove(struct ranges *r, uint64_t start, uint64_t end)
{
	bool fits = true;

	start = align_down_u64(start, 4096);
	end = end > UINT64_MAX - 4095 ? UINT64_MAX & ~4095ul : align_up_u64(end, 4096);
	for (uint32_t i = 0; i < r->count; i++) {
		struct range *x = &r->range[i];
		uint64_t right = x->end;

		if (start >= x->end || end <= x->start) {
			continue;
		}
		x->end = start > x->start ? start : x->start;
		fits &= ranges_add(r, end, right);
	}
	return fits;
}

bool
ranges_overlap(const struct ranges *r, uint64_t start, uint64_t bytes)
{
	for (uint32_t i = 0; i < r->count; i++) {
		if (range_overlaps(start, bytes, r->range[i].start,
				   r->range[i].end - r->range[i].start)) {
			return true;
		}
	}
	return false;
}

uint32_t
ranges_largest(const struct ranges *r)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < r->count; i++) {
		if (r->range[i].end - r->range[i].start >
		    r->range[best].end - r->range[best].start) {
			best = i;
		}
	}
	return r->count ? best : r->count;
}

/* --- memory ------------------------------------------------------------------------------- */
bool
machine_is_memory(const struct fdt *f, int node)
{
	const char *type = fdt_text(f, node, "device_type");

	return type && strcmp(type, "memory") == 0 && fdt_status_ok(f, node);
}

/* Whole pages within reach of the kernel. What is described twice counts once: no page may have
 * two owners. */
static void
add_memory(struct machine *m, uint64_t start, uint64_t end)
{
	start = start < m->ram_start ? m->ram_start : start;
	end = end > m->ram_start + RAM_SPAN ? m->ram_start + RAM_SPAN : end;
	if (start >= end) {
		return;
	}
	start = align_up_u64(start, 4096);
	end = align_down_u64(end, 4096);
	if (start >= end) {
		return;
	}
	ranges_add(&m->ram, start, end);
	ranges_remove(&m->free, start, end);
	ranges_add(&m->free, start, end);
	m->ram_end = end > m->ram_end ? end : m->ram_end;
}

static void
read_memory(struct machine *m)
{
	const struct fdt *f = &m->tree;
	uint64_t start, bytes, end;

	for (int node = fdt_first_child(f, f->root); node >= 0; node = fdt_next_sibling(f, node)) {
		for (uint32_t i = 0;
		     machine_is_memory(f, node) && fdt_reg(f, node, i, &start, &bytes) == 0; i++) {
			if (checked_add_u64(start, bytes, &end)) {
				add_memory(m, start, end);
			}
		}
	}
}

static void
remove_reservations(struct machine *m)
{
	const struct fdt *f = &m->tree;
	int reserved = fdt_path(f, "/reserved-memory");
	uint64_t start, bytes, end;

	for (uint32_t i = 0; fdt_reservation(f, i, &start, &bytes); i++) {
		if (checked_add_u64(start, bytes, &end)) {
			ranges_remove(&m->free, start, end);
		}
	}
	for (int node = fdt_first_child(f, reserved); node >= 0; node = fdt_next_sibling(f, node)) {
		for (uint32_t i = 0; fdt_reg(f, node, i, &start, &bytes) == 0; i++) {
			if (checked_add_u64(start, bytes, &end)) {
				ranges_remove(&m->free, start, end);
			}
		}
	}
}

static struct range
read_initrd(const struct machine *m)
{
	int chosen = fdt_path(&m->tree, "/chosen");
	struct range r = {0, 0};
	bool named = fdt_u64(&m->tree, chosen, "linux,initrd-start", &r.start) == 0 &&
		     fdt_u64(&m->tree, chosen, "linux,initrd-end", &r.end) == 0 && r.start < r.end;

	return named ? r : (struct range){0, 0};
}

static bool
share_page(struct range a, struct range b)
{
	return align_down_u64(a.start, 4096) < b.end && align_down_u64(b.start, 4096) < a.end;
}

static bool
covered(const struct ranges *r, struct range x)
{
	for (uint32_t i = 0; i < r->count; i++) {
		if (x.start >= r->range[i].start && x.end <= r->range[i].end) {
			return true;
		}
	}
	return false;
}

static int
find_memory(struct machine *m, const char **why)
{
	struct range tree = {m->tree_address, m->tree_address + fdt_total_size(&m->tree)};

	m->ram_start = align_down_u64(m->image.start, GIB);
	read_memory(m);
	m->initrd = read_initrd(m);
	if (!covered(&m->ram, m->image)) {
		*why = "the device tree has no memory node that covers the kernel";
	} else if (!covered(&m->ram, tree) || share_page(tree, m->image)) {
		*why = "the device tree does not lie in RAM of its own that the kernel reaches";
	} else if (m->initrd.end &&
		   (!covered(&m->ram, m->initrd) || share_page(m->initrd, m->image) ||
		    share_page(m->initrd, tree))) {
		*why = "the initrd does not lie in RAM of its own that the kernel reaches; load it "
		       "somewhere else";
	}
	if (*why) {
		return E_RANGE;
	}
	ranges_remove(&m->free, m->ram_start, m->image.end); /* firmware, kernel */
	ranges_remove(&m->free, tree.start, tree.end);
	ranges_remove(&m->free, m->initrd.start, m->initrd.end);
	remove_reservations(m);
	return 0;
}

/* --- harts -------------------------------------------------------------------------------- */
static bool
is_usable_hart(const struct fdt *f, int node)
{
	const char *type = fdt_text(f, node, "device_type");
	const char *mmu = fdt_text(f, node, "mmu-type");

	return type && strcmp(type, "cpu") == 0 && mmu && strcmp(mmu, "riscv,none") != 0 &&
	       fdt_status_ok(f, node);
}

static bool
has_extension(const struct fdt *f, int node, const char *name)
{
	const char *extension;

	for (uint32_t i = 0; (extension = fdt_string_at(f, node, "riscv,isa-extensions", i)); i++) {
		if (strcmp(extension, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Single and double floating point? "rv64imafdc..." up to the first underscore, or the newer list.
 */
static bool
hart_has_fp(const struct fdt *tree, int node)
{
	const char *isa = fdt_text(tree, node, "riscv,isa");
	bool f = has_extension(tree, node, "f");
	bool d = has_extension(tree, node, "d");

	for (const char *p = isa && strlen(isa) > 4 ? isa + 4 : ""; *p && *p != '_'; p++) {
		f |= *p == 'f' || *p == 'g';
		d |= *p == 'd' || *p == 'g';
	}
	return f && d;
}

static void
add_hart(struct machine *m, int node, uint64_t hartid, uint64_t boot_hartid)
{
	uint32_t at = m->harts;
	bool has_fp = hart_has_fp(&m->tree, node);

	for (uint32_t i = 0; i < at; i++) {
		if (m->hartid[i] == hartid) {
			return; /* named twice */
		}
	}
	if (hartid == boot_hartid) {
		if (at == CONFIG_MAX_HARTS) {
			at--; /* the boot hart takes the place of the last one */
			m->harts--;
			m->harts_left++;
		}
		m->hartid[at] = m->hartid[0];
		m->has_fp[at] = m->has_fp[0];
		at = 0;
	}
	if (m->harts < CONFIG_MAX_HARTS) {
		m->hartid[at] = hartid;
		m->has_fp[at] = has_fp;
		m->harts++;
	} else {
		m->harts_left++;
	}
}

static int
find_harts(struct machine *m, uint64_t boot_hartid, const char **why)
{
	const struct fdt *f = &m->tree;
	int cpus = fdt_path(f, "/cpus");
	uint32_t hz;
	uint64_t hartid;

	for (int node = fdt_first_child(f, cpus); node >= 0; node = fdt_next_sibling(f, node)) {
		if (is_usable_hart(f, node) && fdt_reg_raw(f, node, 0, &hartid, NULL) == 0) {
			add_hart(m, node, hartid, boot_hartid);
		}
		if (!m->timebase_hz && fdt_u32(f, node, "timebase-frequency", &hz) == 0) {
			m->timebase_hz = hz;
		}
	}
	if (fdt_u32(f, cpus, "timebase-frequency", &hz) == 0) {
		m->timebase_hz = hz;
	}
	if (!m->harts || m->hartid[0] != boot_hartid) {
		*why = "the device tree does not name the hart that the kernel was started on, or "
		       "names it without an MMU";
		return E_FORMAT;
	}
	if (m->timebase_hz < 1000) {
		*why = "the device tree has no sensible /cpus/timebase-frequency";
		return E_FORMAT;
	}
	return 0;
}

/* --- interrupt controller ----------------------------------------------------------------- */
static uint32_t
hart_of_controller(const struct machine *m, int controller)
{
	uint64_t hartid;
	int cpu = fdt_parent(&m->tree, controller);

	if (fdt_reg_raw(&m->tree, cpu, 0, &hartid, NULL) != 0) {
		return CONFIG_MAX_HARTS;
	}
	for (uint32_t i = 0; i < m->harts; i++) {
		if (m->hartid[i] == hartid) {
			return i;
		}
	}
	return CONFIG_MAX_HARTS;
}

/* The context number is the place in interrupts-extended, never a formula. */
static void
read_contexts(struct machine *m, int plic)
{
	struct fdt_interrupt entry;

	for (int more = fdt_first_interrupt(&m->tree, plic, &entry); more == 0;
	     more = fdt_next_interrupt(&m->tree, &entry)) {
		uint32_t hart = hart_of_controller(m, entry.controller);

		if (entry.cells[0] == IRQ_SUPERVISOR_EXTERNAL && hart < m->harts &&
		    m->context[hart] == MACHINE_NO_CONTEXT) {
			m->context[hart] = entry.index;
		}
	}
}

static void
find_plic(struct machine *m)
{
	static const char *const compatible[] = {"riscv,plic0", "sifive,plic-1.0.0",
						 "thead,c900-plic", NULL};

	for (uint32_t i = 0; i < CONFIG_MAX_HARTS; i++) {
		m->context[i] = MACHINE_NO_CONTEXT;
	}
	m->plic = fdt_next_compatible(&m->tree, FDT_NODE_NONE, compatible);
	fdt_u32(&m->tree, m->plic, "riscv,ndev", &m->plic_sources);
	read_contexts(m, m->plic);
}

int
machine_read(struct machine *m, const void *tree, uint64_t tree_address, struct range image,
	     uint64_t boot_hartid, const char **why)
{
	int bytes = fdt_peek_size(tree);
	int error = bytes < 0          ? bytes
		    : bytes > TREE_MAX ? E_LIMIT
				       : fdt_open(&m->tree, tree, (size_t)bytes);

	if (error) {
		*why = "the firmware passed no valid device tree";
		return error;
	}
	m->tree_address = tree_address;
	m->image = image;
	error = find_memory(m, why);
	if (!error) {
		error = find_harts(m, boot_hartid, why);
	}
	if (error) {
		return error;
	}
	find_plic(m);
	m->bootargs = fdt_text(&m->tree, fdt_path(&m->tree, "/chosen"), "bootargs");
	m->model = fdt_text(&m->tree, m->tree.root, "model");
	return 0;
}

void
machine_rebase(struct machine *m, const void *tree)
{
	int64_t moved = (const uint8_t *)tree - m->tree.blob;

	m->tree.blob = tree;
	m->bootargs = m->bootargs ? m->bootargs + moved : NULL;
	m->model = m->model ? m->model + moved : NULL;
}
