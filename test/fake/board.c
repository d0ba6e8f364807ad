/* SPDX-License-Identifier: MIT
 * board.c: a board for the whole kernel on arch/host, see board.h.
 */
#include "test/fake/board.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "arch/arch.h"
#include "arch/host/mmio.h"
#include "kern/dev/drivers.h"
#include "kern/kernel.h"
#include "lib/base/checked.h"
#include "test/fake/plic.h"

#define TREE         0x40000ul
#define TREE_BYTES   0x2000ul
#define INITRD       0x42000ul
#define TAGS         64
#define FRAME_BYTES  1514
#define PLIC_PHANDLE 100

enum { DISK_IRQ = 1, NIC_IRQ = 2, UART_IRQ = 3, LINES_IRQ = 8 };

/* A transfer in flight. */
struct transfer {
	bool busy;
	bool finished;
	bool writes; /* memory */
	uint32_t parts;
	struct net_segment part[NET_SEGMENTS_MAX];
	uint64_t owner[NET_SEGMENTS_MAX];
};

static struct {
	struct fake_plic plic;
	struct blk *disk;
	struct net *nic;
	struct transfer transfers[2][TAGS]; /* the disk's, the NIC's */
	_Alignas(8) uint8_t frame[NET_FRAME_SKEW + FRAME_BYTES + 8];
	size_t frame_bytes; /* 0: none has come */
	bool key;
} board;

static void
require(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "a device finds: %s\n", what);
		abort();
	}
}

/* --- memory ------------------------------------------------------------------------------- */
static uint64_t
owner_of(uint64_t physical)
{
	return frame_at(&kernel_get()->tree, physical >> PAGE_SHIFT)->holder;
}

static int
transfer_start(struct transfer *t, bool writes, const struct net_segment *part, uint32_t parts)
{
	if (t->busy) {
		return E_BUSY;
	}
	*t = (struct transfer){.busy = true, .writes = writes, .parts = parts};
	for (uint32_t i = 0; i < parts; i++) {
		require(host_ram_contains(part[i].address.value, part[i].bytes),
			"memory to transfer is no RAM");
		t->part[i] = part[i];
		t->owner[i] = owner_of(part[i].address.value);
	}
	return 0;
}

/* All but `first` parts (the kernel's own copies) are pinned and have not changed hands. */
static void
transfer_finish(struct transfer *t, uint32_t first)
{
	for (uint32_t i = first; i < t->parts; i++) {
		uint64_t from = t->part[i].address.value;
		uint64_t last = from + t->part[i].bytes - 1;

		for (uint64_t at = align_down_u64(from, PAGE_SIZE); at <= last; at += PAGE_SIZE) {
			require(frame_at(&kernel_get()->tree, at >> PAGE_SHIFT)->pins > 0,
				"memory it transfers is not pinned");
		}
		require(owner_of(from) == t->owner[i], "memory it transfers has changed hands");
		if (t->writes) {
			memset(host_ram_at(from), 0, t->part[i].bytes);
		}
	}
	t->finished = true;
}

static void
works(uint32_t device, uint32_t which, uint32_t first, uint32_t irq)
{
	struct transfer *t = &board.transfers[device][which % TAGS];

	if (t->busy && !t->finished) {
		transfer_finish(t, first);
		board.plic.line[irq] = true;
	}
}

/* Report what is finished; true if the budget was too small. */
static bool
report(uint32_t device, uint32_t budget, uint32_t irq, void (*done)(void *, uint32_t, int),
       void *context)
{
	for (uint32_t tag = 0; tag < TAGS; tag++) {
		struct transfer *t = &board.transfers[device][tag];

		if (!t->busy || !t->finished) {
			continue;
		}
		if (!budget--) {
			return true;
		}
		t->busy = false;
		done(context, tag, tag % 16 == 15 ? E_IO : 0);
	}
	board.plic.line[irq] = false;
	return false;
}

/* --- disk --------------------------------------------------------------------------------- */
static int
disk_submit(struct blk *b, enum blk_op op, uint64_t block, const struct blk_segment *segments,
	    uint32_t count, uint32_t tag)
{
	struct net_segment part[BLK_SEGMENTS_MAX];
	uint64_t bytes = 0;

	require(tag < TAGS && count <= BLK_SEGMENTS_MAX, "a tag or count is too large");
	for (uint32_t i = 0; i < count; i++) {
		part[i] = (struct net_segment){segments[i].address, segments[i].bytes};
		bytes += segments[i].bytes;
	}
	require(op == BLK_FLUSH || range_within(block, bytes / PAGE_SIZE, b->blocks),
		"blocks are not on the disk");
	return transfer_start(&board.transfers[0][tag], op == BLK_READ, part, count);
}

static bool
disk_interrupt(struct blk *b, uint32_t budget)
{
	return report(0, budget, DISK_IRQ, b->done, b->context);
}

static int
disk_probe(const struct device_resources *r, void *state, struct device *found)
{
	static const struct blk_ops ops = {"test", disk_submit, disk_interrupt};

	(void)r;
	board.disk = state;
	*board.disk = (struct blk){
		.ops = &ops,
		.blocks = BOARD_BLOCKS,
		.volatile_cache = true,
		.segments_max = BLK_SEGMENTS_MAX,
		.segment_bytes_max = 1 << 20,
	};
	found->blk = board.disk;
	return 0;
}

void
board_disk_works(uint32_t which)
{
	works(0, which, 0, DISK_IRQ);
}

/* --- NIC ---------------------------------------------------------------------------------- */
static int
nic_transmit(struct net *n, const struct net_segment *segments, uint32_t count, uint32_t tag,
	     bool is_awaited)
{
	(void)n;
	(void)is_awaited;
	require(tag < TAGS && count <= NET_SEGMENTS_MAX, "a tag or count is too large");
	return transfer_start(&board.transfers[1][tag], false, segments, count);
}

static int
nic_filter(struct net *n, bool all, const uint8_t (*addresses)[6], uint32_t count)
{
	(void)n;
	(void)addresses;
	require(all && !count, "the kernel asks for all frames");
	return 0;
}

static bool
nic_interrupt_test(struct net *n, uint32_t budget)
{
	if (board.frame_bytes) {
		n->receive(n->context, board.frame + NET_FRAME_SKEW, board.frame_bytes);
		board.frame_bytes = 0;
	}
	return report(1, budget, NIC_IRQ, n->done, n->context);
}

static int
nic_probe(const struct device_resources *r, void *state, struct device *found)
{
	static const struct net_ops ops = {"test", nic_transmit, nic_filter, nic_interrupt_test};

	(void)r;
	board.nic = state;
	*board.nic = (struct net){.ops = &ops, .mac = {2, 0, 0, 0, 0, 1}};
	found->net = board.nic;
	return 0;
}

void
board_nic_works(uint32_t which)
{
	works(1, which, 1, NIC_IRQ);
}

void
board_frame_comes(uint64_t head, size_t bytes)
{
	memset(board.frame, 0, sizeof(board.frame));
	memcpy(board.frame + NET_FRAME_SKEW, &head, sizeof(head));
	board.frame_bytes = bytes < NET_FRAME_MIN ? NET_FRAME_MIN
			    : bytes > FRAME_BYTES ? FRAME_BYTES
						  : bytes;
	board.plic.line[NIC_IRQ] = true;
}

/* --- console ------------------------------------------------------------------------------ */
static size_t
uart_put(struct uart *u, const char *text, size_t bytes)
{
	(void)u;
	(void)text;
	return bytes;
}

static int
uart_get(struct uart *u)
{
	bool key = board.key;

	(void)u;
	board.key = false;
	board.plic.line[UART_IRQ] = false;
	return key ? 'x' : E_NOENT;
}

static void
uart_interrupt(struct uart *u, bool on)
{
	(void)u;
	(void)on;
}

static int
uart_probe(const struct device_resources *r, void *state, struct device *found)
{
	static const struct uart_ops ops = {"test", uart_put, uart_get, uart_interrupt,
					    uart_interrupt};

	(void)r;
	found->uart = state;
	found->uart->ops = &ops;
	return 0;
}

void
board_key_pressed(void)
{
	board.key = true;
	board.plic.line[UART_IRQ] = true;
}

void
board_line_set(uint32_t line, bool on)
{
	board.plic.line[LINES_IRQ + line % BOARD_LINES] = on;
}

/* --- the list of drivers ------------------------------------------------------------------ */
static const char *const disk_names[] = {"test,disk", NULL};
static const char *const nic_names[] = {"test,nic", NULL};
static const char *const uart_names[] = {"test,uart", NULL};
static const struct driver disk_driver = {disk_names, DRIVER_VIRTIO, true, NULL, disk_probe};
static const struct driver nic_driver = {nic_names, DRIVER_VIRTIO, true, NULL, nic_probe};
static const struct driver uart_driver = {uart_names, DRIVER_UART, false, NULL, uart_probe};
const struct driver *const drivers[] = {&uart_driver, &disk_driver, &nic_driver, NULL};

/* --- device tree -------------------------------------------------------------------------- */
static void
reg(void *tree, uint64_t start, uint64_t bytes)
{
	fdt64_t cells[2] = {cpu_to_fdt64(start), cpu_to_fdt64(bytes)};

	fdt_property(tree, "reg", cells, sizeof(cells));
}

static void
add_cpu(void *tree, uint32_t number)
{
	char name[16];

	snprintf(name, sizeof(name), "cpu@%u", number);
	fdt_begin_node(tree, name);
	fdt_property_string(tree, "device_type", "cpu");
	fdt_property_string(tree, "riscv,isa", "rv64imafdc");
	fdt_property_string(tree, "mmu-type", "riscv,sv39");
	fdt_property_u32(tree, "reg", number);
	fdt_begin_node(tree, "interrupt-controller");
	fdt_property_u32(tree, "#interrupt-cells", 1);
	fdt_property(tree, "interrupt-controller", NULL, 0);
	fdt_property_u32(tree, "phandle", number + 1);
	fdt_end_node(tree);
	fdt_end_node(tree);
}

static void
add_plic(void *tree, uint32_t harts)
{
	fdt32_t lines[2 * HOST_HARTS];

	for (uint32_t i = 0; i < harts; i++) {
		lines[2 * i] = cpu_to_fdt32(i + 1);
		lines[2 * i + 1] = cpu_to_fdt32(9);
	}
	fdt_begin_node(tree, "plic@c000000");
	fdt_property_string(tree, "compatible", "riscv,plic0");
	reg(tree, FAKE_PLIC_BASE, FAKE_PLIC_BYTES);
	fdt_property(tree, "interrupts-extended", lines, (int)(harts * 8));
	fdt_property(tree, "interrupt-controller", NULL, 0);
	fdt_property_u32(tree, "#interrupt-cells", 1);
	fdt_property_u32(tree, "riscv,ndev", FAKE_PLIC_SOURCES);
	fdt_property_u32(tree, "phandle", PLIC_PHANDLE);
	fdt_end_node(tree);
}

static void
add_device(void *tree, const char *name, const char *compatible, uint64_t base, uint64_t bytes,
	   uint32_t irq)
{
	fdt_begin_node(tree, name);
	fdt_property_string(tree, "compatible", compatible);
	reg(tree, base, bytes);
	fdt_property_u32(tree, "interrupt-parent", PLIC_PHANDLE);
	fdt_property_u32(tree, "interrupts", irq);
	fdt_end_node(tree);
}

static void
make_tree(void *tree, uint32_t harts, uint64_t initrd_bytes)
{
	fdt_create(tree, TREE_BYTES);
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_u32(tree, "#address-cells", 2);
	fdt_property_u32(tree, "#size-cells", 2);
	fdt_property_string(tree, "model", "test board");
	fdt_begin_node(tree, "chosen");
	fdt_property_u64(tree, "linux,initrd-start", BOARD_RAM + INITRD);
	fdt_property_u64(tree, "linux,initrd-end", BOARD_RAM + INITRD + initrd_bytes);
	fdt_end_node(tree);
	fdt_begin_node(tree, "memory@80000000");
	fdt_property_string(tree, "device_type", "memory");
	reg(tree, BOARD_RAM, BOARD_RAM_BYTES);
	fdt_end_node(tree);
	fdt_begin_node(tree, "cpus");
	fdt_property_u32(tree, "#address-cells", 1);
	fdt_property_u32(tree, "#size-cells", 0);
	fdt_property_u32(tree, "timebase-frequency", HOST_TIMEBASE_HZ);
	for (uint32_t i = 0; i < harts; i++) {
		add_cpu(tree, i);
	}
	fdt_end_node(tree);
	add_plic(tree, harts);
	add_device(tree, "uart@10000000", "test,uart", 0x10000000, PAGE_SIZE, UART_IRQ);
	add_device(tree, "disk@10001000", "test,disk", 0x10001000, PAGE_SIZE, DISK_IRQ);
	add_device(tree, "nic@10002000", "test,nic", 0x10002000, PAGE_SIZE, NIC_IRQ);
	add_device(tree, "nobody@40000000", "test,nobody", BOARD_WINDOW, BOARD_WINDOW_BYTES,
		   LINES_IRQ);
	fdt_end_node(tree);
	if (fdt_finish(tree)) {
		abort();
	}
}

/* --- initrd ------------------------------------------------------------------------------- */
static const uint8_t elf[] = {
	/* file header: 64 bits, little-endian, executable, RISC-V, entry, one program header */
	0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 243, 0, 1, 0, 0, 0, 0, 0, 1,
	0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 56, 0, 1,
	0, 64, 0, 0, 0, 0, 0,
	/* load 4 bytes, R-X, at the entry */
	1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
	0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0};

static size_t
add_file(char *at, const char *name, const void *data, size_t bytes)
{
	size_t n = (size_t)sprintf(
			   at, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s", 1,
			   0100755, 0, 0, 1, 0, bytes, 0, 0, 0, 0, strlen(name) + 1, 0, name) +
		   1;

	n = align_up_u64(n, 4);
	memcpy(at + n, data, bytes);
	return align_up_u64(n + bytes, 4);
}

static size_t
make_initrd(char *at)
{
	size_t bytes = add_file(at, "init", elf, sizeof(elf));

	return bytes + add_file(at + bytes, "TRAILER!!!", "", 0);
}

/* --- start -------------------------------------------------------------------------------- */
bool
board_interrupts(uint32_t hart)
{
	bool any = false;

	for (uint32_t i = 1; i < LINES_IRQ + BOARD_LINES; i++) {
		any |= board.plic.line[i];
	}
	return any && fake_plic_interrupts(&board.plic, hart);
}

static void
boot(void *tree)
{
	kern_boot(0, tree, BOARD_RAM + TREE, BOARD_RAM, BOARD_IMAGE);
}

void
board_boot(void *ram, uint32_t harts)
{
	uint8_t *at = ram;
	size_t initrd_bytes = make_initrd((char *)at + INITRD);

	host_ram_set(ram, BOARD_RAM, BOARD_RAM_BYTES);
	fake_plic_plug(&board.plic);
	make_tree(at + TREE, harts, initrd_bytes);
	if (host_run(0, boot, at + TREE) != HOST_ENTERED) {
		fprintf(stderr, "the kernel does not start\n");
		abort();
	}
}
