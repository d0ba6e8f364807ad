/* SPDX-License-Identifier: MIT
 * cpu.h: harts on a workstation. One thread plays them all: it runs a piece of the kernel on a hart
 * of its choice until that hart would go back to user mode, wait or power off.
 */
#ifndef ARCH_HOST_CPU_H
#define ARCH_HOST_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_HARTS 4

struct arch_env;

/* How a piece ended. */
enum host_end {
	HOST_RETURNED = 0, /* the function came back */
	HOST_ENTERED = 1,  /* into user mode: host_context() */
	HOST_WAITS = 2,    /* for an interrupt; host_context() is NULL */
	HOST_POWER = 3,
};

/* Run function(argument) on a hart. A piece may run another one, on another hart. */
enum host_end host_run(uint32_t hart, void (*function)(void *argument), void *argument);
/* The hart that is being played, and the context that a hart is in. */
uint32_t host_hart(void);
/* Behind arch_pending(). */
uint32_t host_pending(void);
struct arch_env *host_context(uint32_t hart);

/* Do harts set A and D in page-table entries? If not (Svade) they fault where one is missing.
 * Before the kernel starts; they do if nothing is said. */
void host_ad_set(bool has_ad);

/* What the test wants to know or says. */
struct host_hooks {
	bool (*external)(uint32_t hart);      /* does a device interrupt this hart? NULL: no */
	void (*before_fence)(uint64_t harts); /* others are about to be fenced; NULL: nothing */
};
void host_hooks_set(const struct host_hooks *hooks);

#endif
