/* SPDX-License-Identifier: MIT
 * hostile.h: what the hostile boot tests share: noise, wild addresses, threads on other harts.
 *
 * A thread is an environment in the program's own space and capability space, at home on any hart.
 * Its body must not return and must not use stdio; it ends with hostile_thread_end, dead or alive.
 */
#ifndef TEST_BOOT_HOSTILE_H
#define TEST_BOOT_HOSTILE_H

#include <string.h>

#include "lib/base/checked.h"
#include "lib/exo/events.h"
#include "lib/exo/frames.h"
#include "lib/exo/slots.h"
#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define KERNEL_IMAGE       0xffffffff80000000ul /* arch/riscv/frame.h */
#define KERNEL_DIRECT      0xffffffc000000000ul
#define KERNEL_STACKS      0xffffffff00000000ul
#define KERNEL_MMIO        0xfffffffe00000000ul

#define THREAD_STACK_PAGES 4
#define THREAD_UAREAS      (EXO_UAREA_BASE + 0x40000)
#define THREADS_MAX        192 /* after so many u-areas are used again; the boot page is behind */

struct hostile_thread {
	exo_handle env;
	exo_handle memory; /* of the ENV: dropping it ends the thread */
	struct exo_pages stack;
};

/* Marsaglia's xorshift64. */
static inline uint64_t
noise(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* An ENV of the program's space and capability space, stopped, about to call body(argument); `kind`
 * is what create wants to know. 0 or an error. */
static inline int
hostile_thread_create(struct hostile_thread *t, uint64_t kind, void (*body)(uint64_t),
		      uint64_t argument)
{
	static uint32_t made;
	struct exo_context context = {.pc = (uint64_t)body};
	uint64_t uarea = THREAD_UAREAS + made++ % THREADS_MAX * EXO_PAGE_SIZE;
	int64_t result = exo_pages_make(&t->stack, THREAD_STACK_PAGES);

	if (result == 0) {
		result = exo_frames_create(exo_own_frames(), EXO_CAP_ENV, kind, uarea, &t->env,
					   &t->memory);
	}
	if (result == 0) {
		result = exo_bind(EXO_BIND_SPACE, t->env, exo_start()->space, 0);
	}
	if (result == 0) {
		result = exo_bind(EXO_BIND_CSPACE, t->env, exo_start()->cspace, 0);
	}
	if (result == 0) {
		result = exo_vm_map_at(exo_own_vm(), uarea, t->env, 0, 1, EXO_READ | EXO_WRITE);
	}
	context.x[2] = (uint64_t)t->stack.memory + THREAD_STACK_PAGES * EXO_PAGE_SIZE;
	context.x[10] = argument;
	__asm__("mv %0, tp" : "=r"(context.x[4]));
	return (int)(result == 0 ? exo_env_write(t->env, &context) : result);
}

static inline int
hostile_thread_make(struct hostile_thread *t, uint32_t hart, void (*body)(uint64_t),
		    uint64_t argument)
{
	return hostile_thread_create(t, hart | EXO_ENV_FP << 8, body, argument);
}

static inline int
hostile_thread_start(struct hostile_thread *t, uint32_t hart, void (*body)(uint64_t),
		     uint64_t argument)
{
	int result = hostile_thread_make(t, hart, body, argument);

	return result == 0 ? (int)exo_env_start(t->env) : result;
}

static inline int
hostile_thread_end(struct hostile_thread *t)
{
	int result = exo_frames_destroy(exo_own_frames(), t->env, t->memory);

	exo_pages_end(&t->stack);
	return result;
}

/* Only test/beside has it: as many harts as a test shall think there are. */
__attribute__((weak)) uint32_t hostile_harts_instead(void);

/* Harts of this machine. */
static inline uint32_t
hostile_harts(void)
{
	return hostile_harts_instead ? hostile_harts_instead() : exo_sysinfo()->harts;
}

/* The word at an address that the compiler knows nothing about. */
static inline volatile uint64_t *
at(uint64_t address)
{
	__asm__("" : "+r"(address));
	return (volatile uint64_t *)address;
}

/* Some time outside the kernel: where harts are threads of fewer processors, harts that only wait
 * for each other's locks get nothing done. */
static inline void
linger(uint64_t turns)
{
	for (volatile uint64_t i = 0; i < turns; i++) {
	}
}

/* A free slot, or 0. */
static inline uint32_t
free_slot(void)
{
	int64_t slot = exo_slot_take();

	return slot < 0 ? 0 : (uint32_t)slot;
}

/* Positions of hart 0's timeline, to bind somebody to; EXO_NONE if they are taken. */
static inline exo_handle
hostile_positions(uint64_t first, uint64_t count)
{
	int64_t result =
		exo_carve(exo_boot()->timelines[0], free_slot(), first, count, EXO_SLOT_BIND, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

#endif
