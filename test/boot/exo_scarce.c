/* SPDX-License-Identifier: MIT
 * exo_scarce.c: the library when frames or slots run out: whatever it makes is tried with 0,
 * 1, 2... of them until it can be made; each failure is an error that loses nothing.
 *
 * boot: init SMP=1
 */
#include <string.h>

#include "lib/base/checked.h"
#include "lib/base/cpio.h"
#include "lib/cow/cow.h"
#include "lib/exo/events.h"
#include "lib/exo/ring.h"
#include "lib/exo/slots.h"
#include "lib/exo/spawn.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define SLOTS_MAX  1100
#define AT_MOST    560 /* frames or slots of one thing */
#define LOOK       48  /* slots */
#define HEAP_PAGES 514 /* two units */
#define COPIES     4
#define CHILD_BIT  7

static struct {
	const void *elf;
	size_t bytes;
	exo_handle pool; /* the frames of the thing, if it takes a pool */
	struct exo_frames whole;
	struct exo_child child;
	struct exo_queue queue;
	struct exo_pages pages;
	exo_handle object, memory;
	exo_handle low;
	exo_handle space; /* without tables */
	struct exo_vm vm; /* of that */
	struct exo_frames payer;
	struct exo_slot_log log;
} test;
static struct cow_heap heap;
static uint32_t taken[SLOTS_MAX];
static uint32_t taken_count;

/* --- what is there ------------------------------------------------------------------------ */
/* Differs when other slots are free: the lowest ones are looked at. */
static uint64_t
free_slots(void)
{
	uint32_t slots[LOOK];
	uint64_t sum = 0;
	uint32_t n = 0;
	int64_t slot = 0;

	while (n < LOOK && (slot = exo_slot_take()) >= 0) {
		slots[n++] = (uint32_t)slot;
		sum = sum * 31 + (uint64_t)slot;
	}
	while (n > 0) {
		exo_slot_free(slots[--n]);
	}
	return sum;
}

/* Nothing is carved or created out of it. */
static bool
is_whole(exo_handle pool)
{
	struct exo_cap_info info;

	return exo_inspect(pool, 0, &info) == 0 && !info.child_count && !info.bindings &&
	       !(info.flags & (EXO_CAPF_POOL | EXO_CAPF_SHARES));
}

/* --- things ------------------------------------------------------------------------------- */
static int
object_make(uint32_t type)
{
	return exo_frames_create(exo_own_frames(), type, 0, EXO_UAREA_BASE, &test.object,
				 &test.memory);
}

static int
env_make(void)
{
	return object_make(EXO_CAP_ENV);
}

static int
space_make(void)
{
	return object_make(EXO_CAP_SPACE);
}

static int
table_make(void)
{
	return object_make(EXO_CAP_TABLE);
}

static int
leaf_make(void)
{
	return exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, exo_boot()->cspace, 200,
				 &test.object, &test.memory);
}

static void
object_end(void)
{
	exo_frames_destroy(exo_own_frames(), test.object, test.memory);
}

static int
pages_make(void)
{
	return exo_pages_make(&test.pages, 5);
}

static void
pages_end(void)
{
	exo_pages_end(&test.pages);
}

static int
queue_make(void)
{
	return exo_queue_open(&test.queue, EXO_RING_DISK, 3);
}

static void
queue_end(void)
{
	exo_queue_close(&test.queue);
}

/* A space of its own for mappings, with no table yet. */
static void
vm_open(void)
{
	test.payer = *exo_own_frames();
	test.payer.log = &test.log;
	test.log.count = 0;
	exo_vm_open(&test.vm, test.space, &test.payer);
}

/* A failure leaves no table. */
static int
mapping_make(void)
{
	int result;

	vm_open();
	result = exo_vm_map_at(&test.vm, 0x1fff000, exo_start()->sysinfo, 0, 1, EXO_READ);
	return result < 0 && test.log.count ? E_STATE : result;
}

static void
mapping_end(void)
{
	exo_revoke(test.payer.pool, 0, 0);
	while (test.log.count > 0) {
		exo_slot_free(test.log.slots[--test.log.count]);
	}
}

/* As if it were the program's own space. */
static int
with_tables(int (*make)(void))
{
	struct exo_vm own = *exo_own_vm();
	int result;

	vm_open();
	*exo_own_vm() = test.vm;
	result = make();
	*exo_own_vm() = own;
	return result < 0 && test.log.count ? E_STATE : result;
}

static int
queue_make_there(void)
{
	return with_tables(queue_make);
}

static int
pages_make_there(void)
{
	return with_tables(pages_make);
}

static void
queue_end_there(void)
{
	exo_frames_destroy(exo_own_frames(), test.queue.ring, test.queue.memory);
	mapping_end();
}

static void
pages_end_there(void)
{
	exo_frames_release(exo_own_frames(), test.pages.frames);
	mapping_end();
}

static int
child_make(void)
{
	const struct exo_spawn what = {
		.name = "child",
		.elf = test.elf,
		.elf_bytes = test.bytes,
		.pool = test.pool,
		.supervisor = exo_start()->env,
		.supervisor_bit = CHILD_BIT,
		.stopped = 1,
	};

	return exo_spawn(&what, &test.child);
}

static void
child_end(void)
{
	exo_child_end(&test.child);
}

static int
heap_make(void)
{
	return cow_open(&heap, HEAP_PAGES, COPIES, test.low);
}

static void
heap_end(void)
{
	cow_close(&heap);
}

/* --- scarcity ----------------------------------------------------------------------------- */
struct thing {
	const char *name;
	int (*make)(void);
	void (*end)(void);
	uint64_t from;   /* pages that are too few by far */
	bool takes_pool; /* its frames come from test.pool, not from the program's own */
};

static const struct thing things[] = {
	{"an environment", env_make, object_end, 0, false},
	{"a space", space_make, object_end, 0, false},
	{"a table", table_make, object_end, 0, false},
	{"a leaf", leaf_make, object_end, 0, false},
	{"pages", pages_make, pages_end, 0, false},
	{"a ring", queue_make, queue_end, 0, false},
	{"a mapping", mapping_make, mapping_end, 0, false},
	{"a ring and tables", queue_make_there, queue_end_there, 0, false},
	{"pages and tables", pages_make_there, pages_end_there, 0, false},
	{"a child", child_make, child_end, 0, true},
	{"a heap to fork", heap_make, heap_end, HEAP_PAGES, false},
};

/* It is made, and ended, or it is an error; in either case nothing is lost. 0 made, 1 not, -1. */
static int
try_thing(const struct thing *t, const char *what, uint64_t n)
{
	uint64_t before = free_slots();
	int result = t->make();

	if (result == 0) {
		t->end();
	}
	if ((result == 0 || result == E_NOSPACE) && is_whole(test.pool) && free_slots() == before) {
		return result < 0;
	}
	printf("# %s with %lu %s: %s; %s\n", t->name, (unsigned long)n, what,
	       exo_error_name(result), is_whole(test.pool) ? "slots are lost" : "pages are lost");
	return -1;
}

/* The thing's frames come out of a pool of n pages. */
static int
pool_open(const struct thing *t, uint64_t n)
{
	int result = exo_frames_carve(&test.whole, n, 2, &test.pool);

	if (result == 0 && !t->takes_pool) {
		result = exo_frames_open(exo_own_frames(), test.pool);
	}
	return result;
}

static int
pool_close(void)
{
	*exo_own_frames() = test.whole;
	return exo_frames_release(&test.whole, test.pool);
}

static void
check_pages(const struct thing *t)
{
	uint64_t n = t->from;
	int result = 1;

	while (result == 1 && n++ < AT_MOST) {
		result = pool_open(t, n) < 0 ? -1 : try_thing(t, "pages", n);
		result = pool_close() < 0 ? -1 : result;
	}
	tap_ok(result == 0, "%s: %lu pages do, and with fewer none is lost", t->name,
	       (unsigned long)n);
}

/* The program's capability space does not grow meanwhile. */
static void
slots_leave(uint32_t n)
{
	int64_t slot;

	((struct exo_start *)exo_start())->cspace = EXO_NONE;
	while (taken_count < SLOTS_MAX && (slot = exo_slot_take()) >= 0) {
		taken[taken_count++] = (uint32_t)slot;
	}
	for (uint32_t i = 0; i < n && taken_count > 0; i++) {
		exo_slot_free(taken[--taken_count]);
	}
}

static void
slots_return(void)
{
	while (taken_count > 0) {
		exo_slot_free(taken[--taken_count]);
	}
	((struct exo_start *)exo_start())->cspace = exo_boot()->cspace;
}

static void
check_slots(const struct thing *t)
{
	int result = pool_open(t, AT_MOST) < 0 ? -1 : 1;
	uint32_t n = 0;

	for (; result == 1 && n < AT_MOST; n++) {
		slots_leave(n);
		result = try_thing(t, "slots", n);
	}
	slots_return();
	result = pool_close() < 0 ? -1 : result;
	tap_ok(result == 0, "%s: %u slots do, and with fewer none is lost", t->name, n - 1);
}

static void
child_main(void *argument)
{
	(void)argument;
}

/* What the kernel refuses leaves nothing either. */
static void
check_refused(void)
{
	uint64_t before = free_slots();
	exo_handle object;

	tap_is(exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 99, EXO_UAREA_BASE, &object, NULL),
	       E_HART, "an environment on hart 99 is refused");
	tap_ok(free_slots() == before, "its slots are free again");
}

/* A fork that fails in its first or its last step can be tried again. */
static void
check_fork(void)
{
	tap_is(heap_make(), 0, "a heap");
	tap_is(cow_fork(&heap, 99, child_main, NULL, CHILD_BIT), E_HART, "no fork on hart 99");
	tap_is(cow_fork(&heap, 0, child_main, NULL, 99), E_INVAL, "nor with event bit 99");
	*(volatile uint64_t *)COW_HEAP = 1;
	tap_is(cow_fork(&heap, 0, child_main, NULL, CHILD_BIT), 0, "but with bit 7");
	exo_wait(EXO_EVENT(CHILD_BIT), EXO_NS_PER_S);
	tap_is(cow_join(&heap), 0, "and it ends");
	tap_is((int64_t) * (volatile uint64_t *)COW_HEAP, 1, "the heap is as it was");
	heap_end();
}

static int
self_find(void)
{
	const struct exo_boot *boot = exo_boot();
	uint64_t bytes = boot->initrd_offset + boot->initrd_bytes;
	struct cpio_entry file;
	uint64_t address;
	int result = exo_vm_map(exo_own_vm(), boot->initrd, 0,
				(bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE, EXO_READ, &address);

	if (result == 0) {
		result = cpio_find((const uint8_t *)address + boot->initrd_offset,
				   boot->initrd_bytes, "init", &file);
	}
	test.elf = result == 0 ? file.data : NULL;
	test.bytes = result == 0 ? file.bytes : 0;
	return result;
}

int
main(void)
{
	tap_plan(3 + 2 * ARRAY_SIZE(things) + 8);
	tap_is(self_find(), 0, "the initrd holds this program");
	tap_ok(exo_pages_make(&test.pages, 3 * AT_MOST) == 0 && exo_pages_end(&test.pages) == 0,
	       "the program's own page tables and stack for exceptions are there");
	test.low = cow_init_low();
	cow_register(&heap);
	tap_is(exo_frames_create(exo_own_frames(), EXO_CAP_SPACE, 0, 0, &test.space, NULL), 0,
	       "a space to map in");
	test.whole = *exo_own_frames();
	for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
		check_pages(&things[i]);
		check_slots(&things[i]);
	}
	check_refused();
	check_fork();
	return tap_end();
}
