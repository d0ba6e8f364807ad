/* SPDX-License-Identifier: MIT
 * calls.c: see calls.h.
 *
 * State: the board's RAM and what init was told.
 */
#include "test/model/calls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/host/mmio.h"
#include "kern/cspace.h"
#include "kern/panic.h"
#include "kern/paranoid.h"
#include "kern/sys/dispatch.h"
#include "kern/sys/sys.h"
#include "test/fake/board.h"
#include "test/model/short_way.h"

#define CALL_PC    0x20000ul /* where a call instruction stands */
#define ROUNDS_MAX 100000    /* restarts of one call */

static uint8_t ram[BOARD_RAM_BYTES] __attribute__((aligned(8192)));
static struct exo_boot boot;

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

static void
expect(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

/* What arch/riscv has in assembly; init takes no upcalls here. */
struct sysret
sys_resume(void)
{
	return sys_return(E_STATE);
}

static struct env *
init(void)
{
	return kernel_get()->init;
}

static void
handle_call(void *unused)
{
	typedef struct sysret (*handler)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
					 uint64_t);
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
handle_interrupt(void *unused)
{
	(void)unused;
	if (host_context(0)) {
		arch_enter(interrupted(host_context(0)));
	}
	hart_interrupts(hart_self());
	arch_enter(hart_dispatch(hart_self()));
}

void
calls_settle(void)
{
	for (int i = 0; i < 64; i++) {
		host_time_set(arch_time() + HOST_TIMEBASE_HZ / 100, 100);
		host_run(0, handle_interrupt, NULL);
	}
	expect(host_context(0) == &init()->arch, "init does not run");
}

int64_t
calls_call(uint32_t nr, const uint64_t arguments[7])
{
	struct arch_env *a = &init()->arch;

	memcpy(&a->x[10], arguments, 7 * sizeof(arguments[0]));
	a->x[17] = -(uint64_t)nr;
	for (int i = 0; i < ROUNDS_MAX; i++) {
		a->x[0] = CALL_PC + 4;
		expect(host_run(0, handle_call, NULL) != HOST_POWER, "the kernel gives up");
		expect(host_context(0) == a, "init does not run");
		if (a->x[0] != CALL_PC) {
			return (int64_t)a->x[10];
		}
		host_run(0, handle_interrupt, NULL);
	}
	expect(false, "a call does not end");
	return 0;
}

struct env *
calls_running(void)
{
	return host_context(0) ? env_of_arch(host_context(0)) : NULL;
}

bool
calls_is_done(const struct env *e)
{
	return e->arch.x[0] != CALL_PC;
}

void
calls_step(uint32_t nr)
{
	struct env *e = calls_running();

	if (calls_is_done(e)) {
		e->arch.x[17] = -(uint64_t)nr;
	}
	e->arch.x[0] = CALL_PC + 4;
	expect(host_run(0, handle_call, NULL) != HOST_POWER, "the kernel gives up");
}

static void
handle_trap(void *unused)
{
	struct arch_env *next = trapped_once(host_context(0));

	(void)unused;
	if (next) {
		arch_enter(next);
	}
}

bool
calls_gone_on(void)
{
	return calls_running() && host_run(0, handle_trap, NULL) == HOST_ENTERED;
}

void
calls_interrupt(void)
{
	host_run(0, handle_interrupt, NULL);
}

uint64_t
calls_second(void)
{
	return init()->arch.x[11];
}

void
calls_put(const void *data, size_t bytes)
{
	expect(!arch_copy_out((struct uaddr){CALLS_MEMORY}, data, bytes), "init has no memory");
}

void
calls_get(void *data, size_t bytes)
{
	expect(!arch_copy_in(data, (struct uaddr){CALLS_MEMORY}, bytes), "init has no memory");
}

struct cap *
calls_cap(uint32_t slot)
{
	return cspace_slot(init()->cspace, slot);
}

void *
calls_page(uint64_t page)
{
	return host_ram_at(page << PAGE_SHIFT);
}

exo_handle
calls_frames(void)
{
	exo_handle found = boot.frames[0];

	for (uint32_t i = 0; i < EXO_RANGES_MAX && boot.frames[i]; i++) {
		if (cspace_lookup(init()->cspace, boot.frames[i])->count >
		    cspace_lookup(init()->cspace, found)->count) {
			found = boot.frames[i];
		}
	}
	return found;
}

void
calls_check(void)
{
	expect(kernel_get()->lock.next == kernel_get()->lock.owner, "the tree lock is still held");
	paranoid_check(kernel_get());
}

const struct exo_boot *
calls_boot(void)
{
	static const struct host_hooks hooks = {.external = board_interrupts};

	memset(ram, 0, sizeof(ram));
	host_time_set(1, 100);
	host_hooks_set(&hooks);
	board_boot(ram, 1);
	expect(!arch_copy_in(&boot, (struct uaddr){init()->arch.x[10]}, sizeof(boot)),
	       "init has no boot page");
	return &boot;
}
