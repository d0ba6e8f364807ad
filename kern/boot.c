/* SPDX-License-Identifier: MIT
 * boot.c: the order of start-up, one call per line; after it the kernel allocates nothing.
 *
 * State: the machine as the tree describes it, and how far the free RAM is used up by start-up itself; dead afterwards.
 */
#include "kern/boot.h"
#include <stdarg.h>
#include "kern/ask.h"
#include "kern/console.h"
#include "kern/irq.h"
#include "kern/object.h"
#include "lib/base/checked.h"
#include "lib/base/print.h"
#include "lib/base/string.h"

#define RAM_MIN_PAGES 2048 /* 8 MiB: less cannot hold init and one environment */
#define HART_START_MS 1000

static struct machine machine;
static struct env *init;

void
boot_fail(const char *text, ...)
{
	char message[256];
	va_list arguments;

	va_start(arguments, text);
	vsnformat(message, sizeof(message), text, arguments);
	va_end(arguments);
	kprint("chitin: cannot start: %s\n", message);
	arch_power(EXO_POWER_FAIL, kernel_get()->test_device);
	for (;;) {
		arch_wait();
	}
}

void
boot_init_ended(const struct env *e, uint32_t kind, uint64_t cause, uint64_t tval)
{
	kprint("chitin: init ended: %s %lu at pc 0x%lx, tval 0x%lx\n",
	       kind == EXO_DEATH_EXIT ? "exit with status" : kind == EXO_DEATH_FAULT ? "fault" : "its memory was taken, ",
	       cause, e->arch.x[0], tval);
	arch_power(EXO_POWER_FAIL, e->kernel->test_device);
	for (;;) {
		arch_wait();
	}
}

uint64_t
boot_pages(uint64_t count, uint64_t align)
{
	uint32_t largest = ranges_largest(&machine.free);
	struct range *r = &machine.free.range[largest];
	uint64_t start;

	if (largest == machine.free.count) {
		boot_fail("no free RAM; give the machine more memory");
	}
	start = machine.ram_start + align_up_u64(r->start - machine.ram_start, align << PAGE_SHIFT);
	if (start + (count << PAGE_SHIFT) > r->end) {
		boot_fail("too little RAM: %lu KiB free; give the machine at least 32 MiB", (r->end - r->start) >> 10);
	}
	r->start = start + (count << PAGE_SHIFT);
	memset(arch_ram(start), 0, count << PAGE_SHIFT);
	return start;
}

static struct paddr
boot_table_page(void)
{
	return (struct paddr){ boot_pages(1, 1) };
}

static void
make_tree(struct kernel *k)
{
	uint64_t pages = (machine.ram_end - machine.ram_start) >> PAGE_SHIFT;
	uint64_t table = boot_pages((pages * sizeof(struct frame) + PAGE_SIZE - 1) >> PAGE_SHIFT, 1);

	k->tree = (struct captree){
		.base = arch_ram(machine.ram_start),
		.base_page = machine.ram_start >> PAGE_SHIFT,
		.pages = pages,
		.frames = arch_ram(table),
		.types = object_types,
		.next_carve = 1,
		.seed = arch_time() | 1,
		.fenced = kernel_fenced,
		.lost = ask_lost,
	};
}

static void
make_sysinfo(struct kernel *k)
{
	struct exo_sysinfo *s = arch_ram(boot_pages(1, 1));

	k->sysinfo = s;
	s->magic = EXO_SYSINFO_MAGIC;
	s->abi_version = EXO_ABI_VERSION;
	s->harts = k->harts;
	s->timebase_hz = machine.timebase_hz;
	s->quantum_ticks = machine.timebase_hz * CONFIG_SLICE_US / 1000000;
	s->ram_start = machine.ram_start;
	s->ram_bytes = machine.ram_end - machine.ram_start;
	s->kernel_start = machine.image.start;
	s->kernel_bytes = machine.image.end - machine.image.start;
	s->isa_fp = machine.has_fp;
	s->isa_sstc = arch_has_sstc();
	snformat(s->model, sizeof(s->model), "%s", machine.model ? machine.model : "unknown board");
}

static void
make_harts(struct kernel *k)
{
	k->harts = machine.harts;
	k->has_fp = machine.has_fp;
	for (uint32_t i = 0; i < k->harts; i++) {
		k->hart[i].kernel = k;
		k->hart[i].number = i;
		k->hart[i].plic_context = machine.context[i];
		k->hart[i].has_plic = machine.context[i] != MACHINE_NO_CONTEXT;
		arch_hart_id(i, machine.hartid[i]);
	}
}

static void
hart_setup(struct hart *h)
{
	struct exo_hart_info *info = &h->kernel->sysinfo->hart[h->number];

	info->hartid = (uint32_t)machine.hartid[h->number];
	info->online = 1;
	__atomic_store_n(&h->online, 1, __ATOMIC_RELEASE);
}

static void
start_harts(struct kernel *k)
{
	for (uint32_t i = 1; i < k->harts; i++) {
		uint64_t end = arch_time() + machine.timebase_hz * HART_START_MS / 1000;

		if (arch_hart_start(i) != 0) {
			boot_fail("the firmware cannot start hart %lu", machine.hartid[i]);
		}
		while (!__atomic_load_n(&k->hart[i].online, __ATOMIC_ACQUIRE) && arch_time() < end) {
		}
		if (!__atomic_load_n(&k->hart[i].online, __ATOMIC_ACQUIRE)) {
			boot_fail("hart %lu does not come up", machine.hartid[i]);
		}
	}
}

static void
boot_on_own_stack(uint32_t number)
{
	struct kernel *k = kernel_get();
	struct hart *h = &k->hart[number];

	make_tree(k);
	make_sysinfo(k);
	devices_console(k, &machine);
	devices_start(k, &machine);
	hart_setup(h);
	init = init_make(k, &machine);
	init_give_ram(k, &machine);
	start_harts(k);
	kprint("chitin: %s, %u harts, %lu MiB RAM, ABI %u\n", k->sysinfo->model, k->harts, k->sysinfo->ram_bytes >> 20,
	       EXO_ABI_VERSION);
	k->sysinfo->boot_time = arch_time();
	k->init = init;
	init->state = EXO_STATE_READY;
	hart_ready(h, init);
	arch_enter(hart_dispatch(h));
}

void
kern_hart_main(uint32_t number)
{
	struct hart *h = &kernel_get()->hart[number];

	if (h->has_plic) {
		irq_context_init(h->plic_context);
	}
	hart_setup(h);
	arch_enter(hart_dispatch(h));
}

void
kern_boot(uint64_t hartid, const void *tree, uint64_t tree_address, uint64_t load, uint64_t image_bytes)
{
	struct range image = { load, align_up_u64(load + image_bytes, PAGE_SIZE) };
	const char *why = NULL;

	arch_timebase_set(1000000); /* until the tree says */
	if (machine_read(&machine, tree, tree_address, image, hartid, &why) != 0) {
		boot_fail("%s", why);
	}
	arch_timebase_set(machine.timebase_hz);
	if (tree_address < machine.ram_start || tree_address >= machine.ram_end) {
		boot_fail("the device tree lies outside the RAM that the kernel reaches");
	}
	make_harts(kernel_get());
	arch_map_kernel(machine.ram_start, machine.ram_end - machine.ram_start, machine.harts, boot_table_page);
	machine_rebase(&machine, arch_ram(tree_address));
	arch_stack_enter(0, boot_on_own_stack);
}
