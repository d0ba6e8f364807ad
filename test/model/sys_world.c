/* SPDX-License-Identifier: MIT
 * sys_world.c: boot, steps and checks of a world of system calls, see sys_world.h.
 *
 * State: the RAM, a private mapping of a file that holds the RAM as it was after start-up; copies
 * of the kernel's variables at that time. Going back is forgetting the changed pages.
 */
#define _GNU_SOURCE
#include "test/model/sys_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/host/mmio.h"
#include "kern/paranoid.h"
#include "kern/sys/dispatch.h"
#include "kern/sys/sys.h"
#include "kern/transfer.h"
#include "test/fake/board.h"
#include "test/model/short_way.h"
#include "test/model/sys_code.h"
#include "test/model/sys_players.h"

#define CALL_PC        0x20000ul /* where a call instruction stands */
#define ROUNDS_MAX     4000      /* steps until a revocation is done */
#define PARANOID_EVERY 8         /* steps: it costs as much as a dozen; 1 finds the very step */
#define GUARD          (64ul << 10)

extern char __start_world_bss[], __stop_world_bss[], __start_world_data[], __stop_world_data[];

static struct {
	uint8_t *ram;
	char *bss;
	char *data;
	const struct draws *draws; /* of the step in progress */
	uint32_t depth;            /* of fences in one another */
	uint32_t checks;
} world;

void
world_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

void
panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "panic: ");
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

/* --- playing ------------------------------------------------------------------------------ */
struct env *
world_env(uint32_t hart)
{
	return host_context(hart) ? env_of_arch(host_context(hart)) : NULL;
}

bool
world_is_calling(const struct env *e)
{
	return e->arch.x[0] == CALL_PC;
}

/* What arch/riscv has in assembly. */
struct sysret
sys_resume(void)
{
	struct arch_env *a = arch_current();
	struct exo_uarea *u = env_uarea(env_current());

	if (u->cause) {
		u->cause = 0;
		a->x[0] = u->pc;
		a->x[3] = u->gp;
	} else if (u->mask) {
		u->mask = 0;
		a->x[0] = u->async_pc;
		a->x[3] = u->async_gp;
	} else {
		return sys_return(E_STATE);
	}
	arch_enter(u->pending ? kern_resume(a) : a);
}

typedef struct sysret (*handler)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
				 uint64_t);

static void
handle_call(void *unused)
{
	struct arch_env *a = arch_current();
	const handler *table_end = dispatch_table_end;
	const uint64_t *x = a->x;
	struct sysret r;

	(void)unused;
	short_way_or_long(a);
	r = table_end[(int64_t)x[17]](x[10], x[11], x[12], x[13], x[14], x[15], x[16]);
	if (r.action != ACTION_RETURN) {
		arch_enter(kern_after_call(a, r.value, (uint32_t)r.action));
	}
	memset(&a->x[11], 0, 7 * sizeof(a->x[0]));
	a->x[10] = (uint64_t)r.value;
}

static void
run(uint32_t hart, void (*function)(void *argument))
{
	if (host_run(hart, function, NULL) == HOST_POWER) {
		world_fail("the kernel gives up");
	}
}

void
world_call(uint32_t hart, uint32_t nr, const uint64_t arguments[7])
{
	struct env *e = world_env(hart);

	if (!world_is_calling(e)) {
		memcpy(&e->arch.x[10], arguments, 7 * sizeof(arguments[0]));
		e->arch.x[17] = -(uint64_t)nr;
	}
	if (-e->arch.x[17] - 1 >= EXO_CALLS_MAX) {
		e->arch.x[17] = -1ul; /* another instruction than a call */
	}
	e->arch.x[0] = CALL_PC + 4;
	run(hart, handle_call);
}

static void
handle_interrupt(void *unused)
{
	struct hart *h = hart_self();

	(void)unused;
	if (!h->kernel) {
		return; /* it does not run */
	}
	if (host_context(h->number)) {
		arch_enter(interrupted(host_context(h->number)));
	}
	hart_interrupts(h);
	arch_enter(hart_dispatch(h));
}

static void
interrupt(uint32_t hart)
{
	run(hart, handle_interrupt);
}

/* --- checks ------------------------------------------------------------------------------- */
static uint64_t
owner_of(uint64_t page)
{
	const struct captree *t = &kernel_get()->tree;
	const struct frame *f;

	if (!frame_range_ok(t, page, 1)) {
		return 0; /* a device */
	}
	f = frame_at(t, page);
	/* of objects `holder` says other things */
	return (f->kind == FRAME_USER ? f->holder << 8 : 0) | (f->kind + 1u);
}

static void
check_hart(uint32_t hart, bool fences_owed)
{
	uint64_t satp = tlb_satp(hart);
	struct tlb_stale s;
	uint32_t from = 0;

	if (satp && frame_at(&kernel_get()->tree, satp & ((1ul << 44) - 1))->kind != FRAME_SPACE) {
		world_fail("hart %u is in a space that is none", hart);
	}
	while (tlb_stale(hart, &from, &s)) {
		if (!fences_owed || owner_of(s.page) != s.owner) {
			world_fail("hart %u still reaches page 0x%lx at 0x%lx%s%s", hart, s.page,
				   s.address, s.table ? " as a table" : "",
				   fences_owed ? ", and it has another owner" : "");
		}
	}
}

/* Who serves whose call and what predicates read, on all harts: paranoid_check has its own. */
static void
check_envs(const struct captree *t)
{
	for (uint64_t i = 0; i < t->pages; i++) {
		const struct env *e = (const struct env *)(t->base + i * PAGE_SIZE);
		const char *broken;

		if (t->frames[i].kind != FRAME_ENV) {
			continue;
		}
		code_check_env(t, e);
		broken = transfer_check_env(e);
		if (broken) {
			world_fail("control transfer of page %lu: %s", t->base_page + i, broken);
		}
	}
}

void
world_check(void)
{
	struct kernel *k = kernel_get();

	if (k->lock.next != k->lock.owner) {
		world_fail("the tree lock is still held");
	}
	if (k->tree.owed) {
		world_fail("fences are still owed");
	}
	for (uint32_t i = 0; i < k->harts; i++) {
		check_hart(i, false);
	}
	if (++world.checks % PARANOID_EVERY == 0) {
		check_envs(&k->tree);
		paranoid_check(k);
	}
}

/* The others go on until they are fenced. */
static void
before_fence(uint64_t harts)
{
	struct kernel *k = kernel_get();

	(void)harts;
	if (k->lock.next != k->lock.owner) {
		world_fail("the firmware is called with the tree lock held");
	}
	if (world.depth || !world.draws) {
		return;
	}
	world.depth++;
	for (uint64_t n = world.draws->draw(world.draws->from, 4); n; n--) {
		uint32_t hart = (uint32_t)world.draws->draw(world.draws->from, WORLD_HARTS);

		if (hart == host_hart()) {
			continue;
		}
		if (world_env(hart)) {
			ops_step(hart, world.draws, true);
		} else {
			interrupt(hart);
		}
		for (uint32_t i = 0; i < WORLD_HARTS; i++) {
			check_hart(i, true);
		}
	}
	world.depth--;
}

/* --- steps -------------------------------------------------------------------------------- */
static void
device_step(const struct draws *d)
{
	switch (d->draw(d->from, 6)) {
	case 0:
		board_disk_works((uint32_t)d->draw(d->from, 64));
		break;
	case 1:
		board_nic_works((uint32_t)d->draw(d->from, 64));
		break;
	case 2:
		board_frame_comes(d->draw(d->from, 4), 60 + d->draw(d->from, 256) * 8);
		break;
	case 3:
		board_line_set((uint32_t)d->draw(d->from, BOARD_LINES), true);
		break;
	case 4:
		board_line_set((uint32_t)d->draw(d->from, BOARD_LINES), false);
		break;
	default:
		board_key_pressed();
		break;
	}
}

void
world_step(const struct draws *d)
{
	uint32_t hart = (uint32_t)d->draw(d->from, WORLD_HARTS);
	uint64_t kind = d->draw(d->from, 16);

	world.draws = d;
	if (kind == 15) {
		device_step(d);
	} else if (kind > 12 || !world_env(hart)) {
		host_time_set(arch_time() + d->draw(d->from, 256) * 100, 100);
		interrupt(hart);
	} else {
		ops_step(hart, d, false);
	}
	world.draws = NULL;
}

/* --- the end ------------------------------------------------------------------------------ */
static void
wake_init(void *unused)
{
	struct kernel *k = kernel_get();

	(void)unused;
	kernel_lock(k);
	env_signal(k->init, 1);
	kernel_unlock(k);
	hart_send_pokes(hart_self());
}

/* Everybody but init is interrupted until init is about to call, and devices do what they owe. */
static void
let_init_run(void)
{
	for (uint32_t i = 0; i < 64; i++) {
		board_disk_works(i);
		board_nic_works(i);
	}
	for (uint32_t round = 0; round < 64; round++) {
		host_time_set(arch_time() + HOST_TIMEBASE_HZ / 100, 100);
		for (uint32_t i = 0; i < WORLD_HARTS; i++) {
			interrupt(i);
		}
		if (world_env(0) == kernel_get()->init) {
			return;
		}
	}
	world_fail("init does not get its turn");
}

int64_t
world_init_call(uint32_t nr, const uint64_t arguments[7])
{
	struct env *e = kernel_get()->init;

	for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
		if (world_env(0) != e) {
			let_init_run();
		}
		world_call(0, nr, arguments);
		if (!world_is_calling(e)) {
			return (int64_t)e->arch.x[10];
		}
		let_init_run();
	}
	world_fail("a call of init does not end");
}

static void
check_free(const struct cap *c)
{
	const struct captree *t = &kernel_get()->tree;

	for (uint64_t page = c->start; page < c->start + c->count; page++) {
		const struct frame *f = frame_at(t, page);

		if (f->kind != FRAME_USER || f->references || f->pins) {
			world_fail("page 0x%lx is not free in the end: kind %u, references %u, "
				   "pins %u",
				   page, f->kind, f->references, f->pins);
		}
	}
}

void
world_end(void)
{
	struct kernel *k = kernel_get();
	const struct exo_boot *boot = players_boot();

	run(0, wake_init);
	let_init_run();
	for (uint32_t i = 0; boot->frames[i]; i++) {
		players_revoke(boot->frames[i]);
	}
	players_revoke(boot->blocks[0]);
	players_revoke(boot->packets[0]);
	players_revoke(boot->console);
	players_revoke(boot->windows[0]);
	players_revoke(boot->irqs[0]);
	players_revoke(boot->code);
	for (uint32_t i = 0; i < WORLD_HARTS; i++) {
		players_revoke(boot->timelines[i]);
	}
	world_check();
	paranoid_check(k);
	if (k->dead_first) {
		world_fail("there are dead objects in the end");
	}
	for (uint32_t i = 0; boot->frames[i]; i++) {
		check_free(cspace_lookup(k->init->cspace, boot->frames[i]));
	}
}

/* --- there and back ----------------------------------------------------------------------- */
static uint8_t *
map_ram(int file)
{
	uint8_t *room = mmap(NULL, BOARD_RAM_BYTES + 2 * GUARD, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *ram = mmap(room + GUARD, BOARD_RAM_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED, file, 0);

	if (room == MAP_FAILED || ram == MAP_FAILED) {
		world_fail("no memory for the board");
	}
	return ram;
}

/* Word by word, over the red zones between the variables too. */
static __attribute__((no_sanitize("address"))) void
copy_words(char *to, const char *from, const char *from_end)
{
	const volatile uint64_t *word = (const volatile uint64_t *)from;

	for (uint64_t *at = (uint64_t *)to; (const char *)word < from_end; at++) {
		*at = *word++;
	}
}

static char *
copy_of(const char *start, const char *end)
{
	char *copy = malloc((size_t)(end - start) + 8);

	copy_words(copy, start, end);
	return copy;
}

void
world_boot(void)
{
	static const struct host_hooks hooks = {board_interrupts, before_fence};
	int file = memfd_create("ram", 0);

	if (file < 0 || ftruncate(file, BOARD_RAM_BYTES)) {
		world_fail("no file for the board's memory");
	}
	world.ram = map_ram(file);
	host_time_set(1, 100);
	host_hooks_set(&hooks);
	board_boot(world.ram, WORLD_HARTS);
	tlb_owner_set(owner_of);
	players_make();
	world_check();
	if (pwrite(file, world.ram, BOARD_RAM_BYTES, 0) != (ssize_t)BOARD_RAM_BYTES) {
		world_fail("the board's memory cannot be kept");
	}
	close(file);
	world.bss = copy_of(__start_world_bss, __stop_world_bss);
	world.data = copy_of(__start_world_data, __stop_world_data);
}

void
world_reset(void)
{
	world.depth = 0;
	world.checks = 0;
	madvise(world.ram, BOARD_RAM_BYTES, MADV_DONTNEED);
	copy_words(__start_world_bss, world.bss,
		   world.bss + (__stop_world_bss - __start_world_bss));
	copy_words(__start_world_data, world.data,
		   world.data + (__stop_world_data - __start_world_data));
}
