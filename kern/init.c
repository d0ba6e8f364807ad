/* SPDX-License-Identifier: MIT
 * init.c: the first environment: the program `init` of the initrd, with all capabilities of the
 * machine.
 *
 * Its objects lie in frames of start-up that belong to no FRAME capability, so nobody can take
 * them; its memory does, so that every mapping has a binding. Everything else about init is its
 * own business.
 *
 *   image where its ELF says | EXO_UAREA_BASE: u-area | + 1 MiB: boot page | .. + 2 MiB: stack
 * Callers: boot, once.
 */
#include "kern/arena.h"
#include "kern/boot.h"
#include "kern/console.h"
#include "kern/cspace.h"
#include "kern/irq.h"
#include "kern/net/nic.h"
#include "kern/object.h"
#include "kern/table.h"
#include "kern/trace.h"
#include "lib/base/checked.h"
#include "lib/base/cpio.h"
#include "lib/base/elf.h"
#include "lib/base/print.h"
#include "lib/base/string.h"

#define INIT_LEAVES      16
#define INIT_STACK_PAGES 16
#define INIT_BOOT_PAGE   (EXO_UAREA_BASE + 0x100000)
#define INIT_STACK_END   EXO_USER_END

static struct {
	struct kernel *k;
	struct machine *m;
	struct cspace *cspace;
	struct space *space;
	struct exo_boot *boot;
	uint32_t next_slot;
	struct cap *hidden; /* a leaf of nobody: the roots of what the kernel publishes */
	uint32_t published;
} init;

/* --- capabilities ------------------------------------------------------------------------- */
static struct cap *
give_root(uint32_t type, uint64_t rights, uint64_t start, uint64_t count, exo_handle *handle)
{
	struct cap *c = cspace_free_slot(init.cspace, init.next_slot);

	if (!c) {
		boot_fail("init's capability space is full");
	}
	cap_root(&init.k->tree, c, type, rights, start, count);
	*handle = cspace_handle(c, init.next_slot++);
	return c;
}

/* The kernel's pages with this kind, so that nobody binds them by mistake. */
static uint64_t
object_frames(uint32_t type, bool leaf)
{
	uint64_t pages = leaf ? 1 : object_kinds[type].pages;
	uint64_t page = boot_pages(pages, pages) >> PAGE_SHIFT;

	frame_become(&init.k->tree, page, pages, leaf ? FRAME_LEAF : object_kinds[type].kind);
	return page;
}

static void
make_cspace(void)
{
	uint64_t root = object_frames(EXO_CAP_CSPACE, false);

	init.cspace = arch_ram(root << PAGE_SHIFT);
	cspace_init(init.cspace);
	for (uint32_t i = 0; i < INIT_LEAVES; i++) {
		uint64_t leaf = object_frames(EXO_CAP_CSPACE, true);

		cspace_hang(&init.k->tree, init.cspace, i, arch_ram(leaf << PAGE_SHIFT));
	}
	init.next_slot = 1;
	give_root(EXO_CAP_CSPACE, EXO_RIGHTS_ALL, root, 1, &init.boot->cspace);
}

/* --- memory ------------------------------------------------------------------------------- */
static void
hang_table(uint64_t address, uint32_t level)
{
	uint64_t covered = 1ul << (21 + 9 * level);
	uint64_t page = object_frames(EXO_CAP_TABLE, false);
	exo_handle ignored;
	struct cap *c;

	table_init(&init.k->tree, page, level);
	c = give_root(EXO_CAP_TABLE, EXO_RIGHTS_ALL, page, 2, &ignored);
	if (table_hang(init.k, init.space, align_down_u64(address, covered), c) != 0) {
		boot_fail("init's page tables do not fit together");
	}
}

/* Bind pages of c at an address, making tables as they are missing. */
static void
map_pages(uint64_t address, struct cap *c, uint64_t rights)
{
	uint64_t done = 0;

	while (done < c->count) {
		uint64_t n = c->count - done;
		int error = space_map(init.k, init.space, address + (done << PAGE_SHIFT), c,
				      c->start + done, &n, rights);

		if (error == E_NOTABLE) {
			if (!space_has_table(init.space, address + (done << PAGE_SHIFT), 1)) {
				hang_table(address + (done << PAGE_SHIFT), 1);
			}
			hang_table(address + (done << PAGE_SHIFT), 0);
		} else if (error) {
			boot_fail("init's memory overlaps at 0x%lx", address);
		}
		done += n;
	}
}

/* New cleared memory for init, under a capability of its own. */
static void *
give_memory(uint64_t address, uint64_t pages, uint64_t rights)
{
	uint64_t physical = boot_pages(pages, 1);
	exo_handle ignored;
	struct cap *c = give_root(EXO_CAP_FRAME, EXO_READ | EXO_WRITE | EXO_EXEC,
				  physical >> PAGE_SHIFT, pages, &ignored);

	frame_set(&init.k->tree, physical >> PAGE_SHIFT, pages, FRAME_USER, c->carve);
	if (rights & EXO_EXEC) {
		frame_mark_code(&init.k->tree, physical >> PAGE_SHIFT, pages, c->carve);
	}
	map_pages(address, c, rights);
	return arch_ram(physical);
}

static void
load_segment(const struct elf *elf, const struct elf_segment *s)
{
	uint64_t start = align_down_u64(s->address, PAGE_SIZE);
	uint64_t end = align_up_u64(s->address + s->memory_bytes, PAGE_SIZE);
	uint64_t rights = EXO_READ | (s->flags & ELF_WRITE ? EXO_WRITE : 0) |
			  (s->flags & ELF_EXECUTE ? EXO_EXEC : 0);
	uint8_t *memory = give_memory(start, (end - start) >> PAGE_SHIFT, rights);

	memcpy(memory + (s->address - start), elf->file + s->file_offset, s->file_bytes);
	if (!init.boot->image_start || start < init.boot->image_start) {
		init.boot->image_start = start;
	}
	init.boot->image_end = end > init.boot->image_end ? end : init.boot->image_end;
}

static uint64_t
load_program(void)
{
	const struct range *initrd = &init.m->initrd;
	struct cpio_entry entry;
	struct elf elf;
	struct elf_segment segment;
	int error;

	if (!initrd->end) {
		boot_fail("no initrd; pass the archive that holds `init` (QEMU: -initrd, U-Boot: "
			  "booti's second argument)");
	}
	error = cpio_find(arch_ram(initrd->start), initrd->end - initrd->start, "init", &entry);
	if (error) {
		boot_fail(error == E_NOENT
				  ? "the initrd holds no program `init`; build it with `make`"
				  : "the initrd is no intact newc cpio archive; build it with "
				    "`make`");
	}
	if (elf_open(&elf, entry.data, entry.bytes) != 0) {
		boot_fail("`init` in the initrd is no intact static RISC-V ELF file; build it with "
			  "`make`");
	}
	if (elf.needs_fp && !init.k->has_fp) {
		boot_fail("`init` and its programs need floating point (F and D), which a hart of "
			  "this machine lacks");
	}
	for (uint32_t i = 0; elf_segment(&elf, i, &segment) == 0; i++) {
		if (segment.address < PAGE_SIZE ||
		    segment.address + segment.memory_bytes > EXO_UAREA_BASE) {
			boot_fail("`init` is linked to an address that it cannot have");
		}
		load_segment(&elf, &segment);
	}
	return elf.entry;
}

/* --- the boot page ------------------------------------------------------------------------ */
/* Pages that init may read and share out. It gets a share itself and the root stays where nobody
 * can name it: so they never change hands, which would clear them, and never become objects. */
static void
publish(uint64_t first, uint64_t pages, exo_handle *handle)
{
	struct captree *t = &init.k->tree;
	struct cap *root = &init.hidden[init.published++];
	struct cap *c = cspace_free_slot(init.cspace, init.next_slot);

	cap_root(t, root, EXO_CAP_FRAME, EXO_READ, first, pages);
	frame_set(t, first, pages, FRAME_USER, root->carve);
	if (!c || cap_share(t, root, c, first, pages, EXO_READ, 0) != 0) {
		boot_fail("init's capability space is full");
	}
	*handle = cspace_handle(c, init.next_slot++);
}

static void
give_range(struct range r, exo_handle *handle, uint64_t *offset, uint64_t *bytes)
{
	uint64_t first = r.start >> PAGE_SHIFT;
	uint64_t last = (r.end - 1) >> PAGE_SHIFT;

	publish(first, last - first + 1, handle);
	*offset = r.start & (PAGE_SIZE - 1);
	*bytes = r.end - r.start;
}

/* And nobody finds it in the tree any more, which init may pass on. */
static void
give_seed(void)
{
	static const char *const names[] = {"rng-seed", "kaslr-seed"};
	int chosen = fdt_path(&init.m->tree, "/chosen");

	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint32_t bytes = 0;
		const uint8_t *seed = fdt_prop(&init.m->tree, chosen, names[i], &bytes);
		uint32_t room = EXO_SEED_BYTES - init.boot->seed_bytes;

		if (seed) {
			memcpy(init.boot->seed + init.boot->seed_bytes, seed,
			       bytes < room ? bytes : room);
			init.boot->seed_bytes += bytes < room ? bytes : room;
			memset((void *)(uintptr_t)seed, 0, bytes);
		}
	}
	nic_stir(init.boot->seed, init.boot->seed_bytes);
}

static void
give_devices(void)
{
	struct exo_sysinfo *s = init.k->sysinfo;

	give_root(EXO_CAP_CONSOLE, EXO_READ | EXO_WRITE | EXO_CONSOLE_POWER, 0, 1,
		  &init.boot->console);
	for (uint32_t i = 0; i < EXO_DISKS_MAX && s->disk[i].present; i++) {
		give_root(EXO_CAP_BLOCK, EXO_READ | EXO_WRITE | 0x10,
			  (uint64_t)i << EXO_BLOCK_DISK_SHIFT, s->disk[i].blocks,
			  &init.boot->blocks[i]);
	}
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		if (s->nic[i].present) {
			give_root(EXO_CAP_PACKET,
				  EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT | EXO_PACKET_TAP,
				  (uint64_t)i << 16, s->nic[i].filters - 1, &init.boot->packets[i]);
		}
	}
}

static void
give_windows(void)
{
	static struct windows w;

	devices_windows(&w, init.m);
	for (uint32_t i = 0; i < w.count; i++) {
		uint64_t first = w.range[i].start >> PAGE_SHIFT;

		give_root(EXO_CAP_WINDOW, EXO_READ | EXO_WRITE, first,
			  (w.range[i].end >> PAGE_SHIFT) - first, &init.boot->windows[i]);
	}
	if (w.overflowed) {
		kprint("chitin: some devices can be given to nobody: their registers lie in more "
		       "than %u places\n",
		       EXO_WINDOWS_MAX);
	}
}

static void
give_lines(void)
{
	uint32_t first = 1;
	uint32_t count;

	for (uint32_t i = 0; i < EXO_LINES_MAX && (first = irq_free_lines(first, &count)); i++) {
		give_root(EXO_CAP_IRQ, EXO_IRQ_BIND, first, count, &init.boot->irqs[i]);
		first += count;
	}
}

static void
give_arena(void)
{
	give_root(EXO_CAP_CODE, EXO_CODE_LOAD | EXO_CODE_RUN, 0, arena_pages(), &init.boot->code);
}

static void
give_timelines(void)
{
	for (uint32_t i = 0; i < init.k->harts; i++) {
		give_root(EXO_CAP_SLOT, EXO_SLOT_BIND, (uint64_t)i << EXO_SLOT_HART_SHIFT,
			  CONFIG_TIMELINE_SLOTS, &init.boot->timelines[i]);
	}
}

_Static_assert(offsetof(struct frame, references) == offsetof(struct exo_frame_info, references) &&
		       offsetof(struct frame, pins) == offsetof(struct exo_frame_info, pins) &&
		       offsetof(struct frame, kind) == offsetof(struct exo_frame_info, kind) &&
		       sizeof(struct frame) == sizeof(struct exo_frame_info),
	       "the frame table is published as it is");
_Static_assert((int)FRAME_ENV == EXO_FRAME_ENV && (int)FRAME_OBJECT == EXO_FRAME_OBJECT,
	       "kinds are published as they are");

static void
give_frame_table(void)
{
	uint64_t bytes = init.k->tree.pages * sizeof(struct frame);

	publish(arch_physical(init.k->tree.frames) >> PAGE_SHIFT,
		(bytes + PAGE_SIZE - 1) >> PAGE_SHIFT, &init.boot->frame_table);
}

static void
give_trace(void)
{
	uint64_t bytes;
	struct exo_trace *trace = trace_pages(&bytes);

	publish(arch_physical(trace) >> PAGE_SHIFT, bytes >> PAGE_SHIFT, &init.boot->trace);
}

static void
fill_boot_page(void)
{
	struct exo_boot *b = init.boot;
	const struct machine *m = init.m;
	uint64_t offset, bytes;

	b->magic = EXO_BOOT_MAGIC;
	b->abi_version = EXO_ABI_VERSION;
	give_range((struct range){arch_physical(init.k->sysinfo),
				  arch_physical(init.k->sysinfo) + PAGE_SIZE},
		   &b->sysinfo, &offset, &bytes);
	if (m->initrd.end) {
		give_range(m->initrd, &b->initrd, &b->initrd_offset, &b->initrd_bytes);
	}
	give_range((struct range){m->tree_address, m->tree_address + fdt_total_size(&m->tree)},
		   &b->device_tree, &b->device_tree_offset, &b->device_tree_bytes);
	give_frame_table();
	give_trace();
	give_seed();
	snformat(b->bootargs, sizeof(b->bootargs), "%s", m->bootargs ? m->bootargs : "");
	b->slots = INIT_LEAVES * EXO_SLOTS_PER_LEAF;
	b->stack_end = INIT_STACK_END;
	b->uarea = EXO_UAREA_BASE;
}

static struct env *
make_env(struct cap *space)
{
	uint64_t page = object_frames(EXO_CAP_ENV, false);
	struct env *e = arch_ram(page << PAGE_SHIFT);
	struct cap *c = give_root(EXO_CAP_ENV, EXO_RIGHTS_ALL, page, 2, &init.boot->env);

	env_init(e, init.k, &init.k->hart[0], EXO_UAREA_BASE, init.k->has_fp ? EXO_ENV_FP : 0);
	e->space = init.space;
	e->arch.satp = init.space->satp;
	cspace_use(init.cspace, e);
	use_bind(&init.k->tree, &e->space_use, space);
	use_bind(&init.k->tree, &e->cspace_use, cspace_lookup(init.cspace, init.boot->cspace));
	hang_table(EXO_UAREA_BASE, 1);
	hang_table(EXO_UAREA_BASE, 0);
	space_map_entry(init.k, init.space, EXO_UAREA_BASE, 0, c, page + 1, EXO_READ | EXO_WRITE);
	return e;
}

struct env *
init_make(struct kernel *k, struct machine *m)
{
	uint64_t boot_page = boot_pages(1, 1);
	uint64_t space_page;
	struct cap *space;
	struct env *e;

	init.k = k;
	init.m = m;
	init.boot = arch_ram(boot_page);
	make_cspace();
	init.hidden = arch_ram(object_frames(EXO_CAP_CSPACE, true) << PAGE_SHIFT);
	space_page = object_frames(EXO_CAP_SPACE, false);
	init.space = space_at(space_page);
	space_init(k, init.space, false);
	space = give_root(EXO_CAP_SPACE, EXO_RIGHTS_ALL, space_page, 2, &init.boot->space);
	e = make_env(space);
	e->arch.x[0] = load_program();
	give_memory(INIT_STACK_END - INIT_STACK_PAGES * PAGE_SIZE, INIT_STACK_PAGES,
		    EXO_READ | EXO_WRITE);
	e->arch.x[2] = INIT_STACK_END;
	e->arch.x[10] = INIT_BOOT_PAGE;
	give_devices();
	give_windows();
	give_lines();
	give_timelines();
	give_arena();
	fill_boot_page();
	kernel_fence_i(k); /* init's program was marked as fenced before it was there */
	return e;
}

void
init_give_ram(struct kernel *k, const struct machine *m)
{
	uint64_t boot_page = arch_physical(init.boot) >> PAGE_SHIFT;
	uint32_t given = 0;
	exo_handle ignored;
	struct cap *c;

	for (uint32_t i = 0; i < m->free.count; i++) {
		const struct range *r = &m->free.range[i];

		if (r->start < r->end && given < EXO_RANGES_MAX - 1) {
			give_root(EXO_CAP_FRAME, EXO_READ | EXO_WRITE | EXO_EXEC,
				  r->start >> PAGE_SHIFT, (r->end - r->start) >> PAGE_SHIFT,
				  &init.boot->frames[given++]);
		}
	}
	c = give_root(EXO_CAP_FRAME, EXO_READ | EXO_WRITE, boot_page, 1, &ignored);
	frame_set(&k->tree, boot_page, 1, FRAME_USER, c->carve);
	map_pages(INIT_BOOT_PAGE, c, EXO_READ | EXO_WRITE);
	init.boot->first_free_slot = init.next_slot;
}
