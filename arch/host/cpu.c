/* SPDX-License-Identifier: MIT
 * cpu.c: harts on a workstation, see cpu.h: interrupts and timers as words, remote fences at once.
 *
 * State: per hart its context, timer and pending IPI; the pieces that are being run.
 */
#include "arch/host/cpu.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "arch/arch.h"

#define PIECES_MAX 4

static struct {
	struct {
		struct arch_env *context;
		uint64_t timer;
		bool ipi;
		bool holds; /* external interrupts */
	} hart[HOST_HARTS];
	struct {
		jmp_buf end;
		uint32_t hart;
		bool waited;
	} piece[PIECES_MAX];
	uint32_t pieces;
	struct host_hooks hooks;
	bool no_ad; /* harts fault instead of setting A and D */
} cpu;

uint32_t
host_hart(void)
{
	return cpu.pieces ? cpu.piece[cpu.pieces - 1].hart : 0;
}

struct arch_env *
host_context(uint32_t hart)
{
	return cpu.hart[hart].context;
}

void
host_hooks_set(const struct host_hooks *hooks)
{
	cpu.hooks = *hooks;
}

void
host_ad_set(bool has_ad)
{
	cpu.no_ad = !has_ad;
}

enum host_end
host_run(uint32_t hart, void (*function)(void *argument), void *argument)
{
	int end;

	if (cpu.pieces == PIECES_MAX) {
		fprintf(stderr, "too many pieces of the kernel in one another\n");
		abort();
	}
	cpu.piece[cpu.pieces].hart = hart;
	cpu.piece[cpu.pieces].waited = false;
	cpu.pieces++;
	end = setjmp(cpu.piece[cpu.pieces - 1].end);
	if (!end) {
		function(argument);
	}
	cpu.pieces--;
	return (enum host_end)end;
}

static _Noreturn void
end_piece(enum host_end how)
{
	longjmp(cpu.piece[cpu.pieces - 1].end, (int)how);
}

void
arch_enter(struct arch_env *a)
{
	cpu.hart[host_hart()].context = a;
	end_piece(HOST_ENTERED);
}

/* Nothing comes up while a piece runs. The first wait ends for no reason, as wfi may: who waits in
 * a call goes on, and sleeps. */
void
arch_wait(void)
{
	if (!cpu.piece[cpu.pieces - 1].waited) {
		cpu.piece[cpu.pieces - 1].waited = true;
		return;
	}
	cpu.hart[host_hart()].context = NULL;
	end_piece(HOST_WAITS);
}

void
arch_power(uint32_t how, uintptr_t test_device)
{
	(void)how;
	(void)test_device;
	end_piece(HOST_POWER);
}

void
arch_stack_enter(uint32_t hart, void (*run)(uint32_t hart))
{
	run(hart);
	abort();
}

void
arch_hart_id(uint32_t number, uint64_t hartid)
{
	(void)number;
	(void)hartid;
}

static void
hart_main(void *number)
{
	kern_hart_main(*(uint32_t *)number);
}

int
arch_hart_start(uint32_t number)
{
	if (number >= HOST_HARTS) {
		return E_NODEV;
	}
	host_run(number, hart_main, &number);
	return 0;
}

bool
arch_hart_give_up(void)
{
	return true;
}

void
arch_send_ipi(uint64_t mask)
{
	for (uint32_t i = 0; i < HOST_HARTS; i++) {
		cpu.hart[i].ipi |= mask >> i & 1;
	}
}

void
arch_remote_fence(uint64_t mask, const struct arch_fence *f)
{
	if (cpu.hooks.before_fence) {
		cpu.hooks.before_fence(mask);
	}
	for (uint32_t i = 0; i < HOST_HARTS; i++) {
		if (mask >> i & 1) {
			tlb_forget(i, f);
		}
	}
}

void
arch_remote_fence_i(uint64_t mask)
{
	for (uint32_t i = 0; i < HOST_HARTS; i++) {
		if (mask >> i & 1) {
			tlb_forget_instructions(i);
		}
	}
}

void
arch_timebase_set(uint64_t hz)
{
	(void)hz;
}

void
arch_timer_set(uint64_t time)
{
	cpu.hart[host_hart()].timer = time;
}

bool
arch_has_ad(void)
{
	return !cpu.no_ad;
}

bool
arch_has_sstc(void)
{
	return true;
}

uint32_t
host_pending(void)
{
	uint32_t hart = host_hart();
	bool hears = cpu.hooks.external && !cpu.hart[hart].holds;

	return (cpu.hart[hart].ipi ? ARCH_PENDING_IPI : 0) |
	       (cpu.hart[hart].timer <= arch_time() ? ARCH_PENDING_TIMER : 0) |
	       (hears && cpu.hooks.external(hart) ? ARCH_PENDING_EXTERNAL : 0);
}

void
arch_ipi_clear(void)
{
	cpu.hart[host_hart()].ipi = false;
}

void
arch_external_enable(bool enable)
{
	cpu.hart[host_hart()].holds = !enable;
}

void
arch_console_put(char c)
{
	(void)c;
}

int
arch_console_get(void)
{
	return E_NOENT;
}

void
arch_calls(const void *table_end, bool traced)
{
	(void)table_end; /* whoever plays an environment knows it */
	(void)traced;
}

void
arch_env_init(struct arch_env *a, uint32_t hart, uint64_t uarea, bool fp)
{
	(void)hart;
	memset(a, 0, sizeof(*a));
	a->uarea = uarea;
	a->fp = fp;
}

void
arch_trap_once(struct arch_env *a)
{
	a->vec_user = 1; /* whoever plays an environment sees to it */
}

void
arch_env_move(struct arch_env *a, uint32_t hart)
{
	(void)a;
	(void)hart;
}

void
arch_fp_switch(struct arch_env *previous, struct arch_env *next)
{
	(void)previous;
	(void)next;
}
