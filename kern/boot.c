/* SPDX-License-Identifier: MIT
 * boot.c: the order of start-up, one call per line; after it the kernel allocates nothing.
 *
 * State: the machine as the tree describes it, and how far the free RAM is used up by start-up
 * itself; dead afterwards.
 */
#include "kern/boot.h"
#include <stdarg.h>
#include <exo/errors.h>
#include "kern/arena.h"
#include "kern/ask.h"
#include "kern/console.h"
#include "kern/irq.h"
#include "kern/net/draft.h"
#include "kern/net/shapes.h"
#include "kern/object.h"
#include "kern/selftest.h"
#include "kern/slots.h"
#include "kern/space.h"
#include "kern/sys/dispatch.h"
#include "kern/trace.h"
#include "lib/base/checked.h"
#include "lib/base/print.h"
#include "lib/base/store.h"
#include "lib/base/string.h"

#define RAM_MIN_PAGES 2048 /* 8 MiB: less cannot hold init and one environment */
#define HART_START_MS 2000

_Static_assert(CONFIG_MAX_HARTS <= EXO_HARTS_MAX, "the system page has room for every hart");

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
	       kind == EXO_DEATH_EXIT    ? "exit with status"
	       : kind == EXO_DEATH_FAULT ? "fault"
					 : "its memory was taken, ",
	       cause, e->arch.x[0], tval);
	arch_power(EXO_POWER_FAIL, e->kernel->test_device);
	for (;;) {
		arch_wait();
	}
}

static uint64_t
take_pages(uint64_t count, uint64_t align)
{
	uint32_t largest = ranges_largest(&machine.free);
	struct range *r = &machine.free.range[largest];
	uint64_t start;

	if (largest == machine.free.count) {
		boot_fail("no free RAM; give the machine more memory");
	}
	start = machine.ram_start + align_up_u64(r->start - machine.ram_start, align << PAGE_SHIFT);
	if (start + (count << PAGE_SHIFT) > r->end) {
		boot_fail("too little RAM: %lu KiB free; give the machine at least 32 MiB",
			  (r->end - r->start) >> 10);
	}
	r->start = start + (count << PAGE_SHIFT);
	return start;
}

uint64_t
boot_pages(uint64_t count, uint64_t align)
{
	uint64_t start = take_pages(count, align);

	memset(arch_ram(start), 0, count << PAGE_SHIFT);
	return start;
}

static uint64_t
pages_of(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

void *
boot_room(struct kernel *k, uint64_t bytes)
{
	uint64_t start = take_pages(pages_of(bytes), 1);

	for (uint64_t i = 0; i < pages_of(bytes); i++) {
		frame_at(&k->tree, (start >> PAGE_SHIFT) + i)->kind = FRAME_KERNEL;
	}
	return arch_ram(start);
}

void *
boot_table(struct kernel *k, uint64_t bytes)
{
	void *table = boot_room(k, bytes);

	return memset(table, 0, pages_of(bytes) << PAGE_SHIFT);
}

const char *
boot_option(const char *arguments, const char *name, size_t *bytes)
{
	for (const char *at = arguments ? arguments : ""; *at; at++) {
		if ((at == arguments || at[-1] == ' ') && strncmp(at, name, strlen(name)) == 0) {
			const char *value = at + strlen(name);
			const char *space = strchr(value, ' ');

			*bytes = space ? (size_t)(space - value) : strlen(value);
			return value;
		}
	}
	return NULL;
}

static struct paddr
boot_table_page(void)
{
	return (struct paddr){boot_pages(1, 1)};
}

static void
make_tree(struct kernel *k)
{
	uint64_t pages = (machine.ram_end - machine.ram_start) >> PAGE_SHIFT;
	uint64_t table = boot_pages(pages_of(pages * sizeof(struct frame)), 1);

	k->tree = (struct captree){
		.base = arch_ram(machine.ram_start),
		.base_page = machine.ram_start >> PAGE_SHIFT,
		.pages = pages,
		.frames = arch_ram(table),
		.frame_zero = (struct frame *)arch_ram(table) - (machine.ram_start >> PAGE_SHIFT),
		.types = object_types,
		.next_carve = 1,
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
	s->timebase_hz = machine.timebase_hz;
	s->quantum_ticks = machine.timebase_hz * CONFIG_SLOT_US / 1000000;
	s->slot_ticks = machine.timebase_hz * CONFIG_SLOT_US / 1000000;
	s->timeline_slots = CONFIG_TIMELINE_SLOTS;
	s->timeline_epoch = arch_time();
	s->ram_start = machine.ram_start;
	s->ram_bytes = machine.ram_end - machine.ram_start;
	s->kernel_start = machine.image.start;
	s->kernel_bytes = machine.image.end - machine.image.start;
	snformat(s->model, sizeof(s->model), "%s", machine.model ? machine.model : "unknown board");
}

/* Hart `number` is the one that the tree names as its `from`th. */
static void
make_hart(struct kernel *k, uint32_t number, uint32_t from)
{
	machine.hartid[number] = machine.hartid[from];
	machine.context[number] = machine.context[from];
	machine.has_fp[number] = machine.has_fp[from];
	k->hart[number].kernel = k;
	k->hart[number].number = number;
	k->hart[number].second_ticks = arch_timebase_hz();
	k->hart[number].grace_ticks = arch_timebase_hz() * CONFIG_GRACE_US / 1000000;
	k->hart[number].plic_context = machine.context[number];
	k->hart[number].has_plic = machine.context[number] != MACHINE_NO_CONTEXT;
	arch_hart_id(number, machine.hartid[number]);
}

static void
hart_setup(struct hart *h)
{
	struct exo_hart_info *info = &h->kernel->sysinfo->hart[h->number];

	h->info = info;
	h->plic_claim = h->has_plic ? irq_claim_register(h->plic_context) : 0;
	h->has_plic = h->plic_claim != 0;
	h->grace_time = TIMELINE_NEVER;
	timeline_init(&h->timeline, h->kernel->sysinfo->timeline_epoch,
		      h->kernel->sysinfo->slot_ticks);
	info->hartid = (uint32_t)machine.hartid[h->number];
	h->poll_time = TIMELINE_NEVER;
	info->online = 1;
	store_release(&h->online, 1);
}

static bool
comes_up(const struct hart *h)
{
	uint64_t end = arch_time() + machine.timebase_hz * HART_START_MS / 1000;

	while (!__atomic_load_n(&h->online, __ATOMIC_ACQUIRE) && arch_time() < end) {
	}
	return __atomic_load_n(&h->online, __ATOMIC_ACQUIRE);
}

/* NULL, or why it does not run. */
static const char *
start_hart(const struct hart *h)
{
	int error = arch_hart_start(h->number);

	if (!error && comes_up(h)) {
		return NULL;
	}
	if (!arch_hart_give_up() && !comes_up(h)) {
		boot_fail("hart %lu stops on its way into the kernel", machine.hartid[h->number]);
	}
	return !error                   ? "it does not come up"
	       : error == E_UNSUPPORTED ? "the firmware starts no harts"
					: "the firmware refuses to start it";
}

/* The harts get their numbers as they come up, so all numbers below k->harts are of harts that
 * run.
 */
static void
start_harts(struct kernel *k)
{
	uint32_t running = 1;

	for (uint32_t i = 1; i < machine.harts; i++) {
		const char *why;

		make_hart(k, running, i);
		why = start_hart(&k->hart[running]);
		if (why) {
			kprint("chitin: hart %lu is left out: %s\n", machine.hartid[i], why);
		} else {
			running++;
			k->has_fp &= machine.has_fp[i];
		}
	}
	if (machine.harts_left) {
		kprint("chitin: %u harts are left out: this kernel runs %u (CONFIG_MAX_HARTS)\n",
		       machine.harts_left, CONFIG_MAX_HARTS);
	}
	k->harts = running;
	k->sysinfo->harts = running;
	k->sysinfo->isa_sstc = arch_has_sstc();
	k->sysinfo->isa_fp = k->has_fp;
	k->sysinfo->isa_ad = arch_has_ad();
	space_boot(k);
}

/* chitin.asid=BITS: use fewer bits than the harts have; off is the same as 0. */
static void
limit_asids(struct kernel *k)
{
	size_t bytes = 0;
	const char *value = boot_option(machine.bootargs, "chitin.asid=", &bytes);
	uint32_t bits = arch_asid_bits();
	uint32_t wanted = 0;

	for (size_t i = 0; i < bytes && i < 2 && value[i] >= '0' && value[i] <= '9'; i++) {
		wanted = wanted * 10 + (uint32_t)(value[i] - '0');
	}
	bits = value && wanted < bits ? wanted : bits;
	asid_init(&k->asids, bits);
	k->sysinfo->asid_bits = bits;
}

/* chitin.trace: record everything; chitin.trace=EVENTS: in rings of this size. */
static void
make_trace(struct kernel *k)
{
	size_t bytes = 0;
	const char *value = boot_option(machine.bootargs, "chitin.trace", &bytes);
	bool has_size = value && bytes && value[0] == '=';
	bool armed = value && (!bytes || has_size);
	uint32_t events = has_size ? trace_events(value + 1, bytes - 1) : CONFIG_TRACE_EVENTS;

	trace_start(k, boot_table(k, EXO_TRACE_RING(k->harts, events)), events, armed);
	arch_calls(dispatch_table_end, armed);
}

static void
boot_on_own_stack(uint32_t number)
{
	struct kernel *k = kernel_get();
	struct hart *h = &k->hart[number];

	make_tree(k);
	make_sysinfo(k);
	devices_console(k, &machine);
	arena_boot(k);
	shapes_boot(k);
	drafts_boot(k);
	devices_start(k, &machine);
	hart_setup(h);
	start_harts(k);
	limit_asids(k);
	make_trace(k);
	slots_boot(boot_table(k, SLOTS_BYTES(k->harts)));
	init = init_make(k, &machine);
	init_give_ram(k, &machine);
	kprint("chitin: %s, %u hart%s, %lu MiB RAM, ABI %u\n", k->sysinfo->model, k->harts,
	       k->harts == 1 ? "" : "s", k->sysinfo->ram_bytes >> 20, EXO_ABI_VERSION);
	selftest_run(machine.bootargs);
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

/* Not inlined: a debugger's first breakpoint. */
__attribute__((noinline)) void
kern_boot(uint64_t hartid, const void *tree, uint64_t tree_address, uint64_t load,
	  uint64_t image_bytes)
{
	struct range image = {load, align_up_u64(load + image_bytes, PAGE_SIZE)};
	const char *why = NULL;

	if (!tree) {
		boot_fail("the firmware passed no device tree that can be read");
	}
	if (machine_read(&machine, tree, tree_address, image, hartid, &why) != 0) {
		boot_fail("%s", why);
	}
	arch_timebase_set(machine.timebase_hz);
	kernel_get()->harts = machine.harts;
	kernel_get()->has_fp = machine.has_fp[0];
	make_hart(kernel_get(), 0, 0);
	arch_map_kernel(machine.ram_start, machine.ram_end - machine.ram_start, machine.harts,
			boot_table_page);
	machine_rebase(&machine, arch_ram(tree_address));
	arch_stack_enter(0, boot_on_own_stack);
}
