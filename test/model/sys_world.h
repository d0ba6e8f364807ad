/* SPDX-License-Identifier: MIT
 * sys_world.h: the whole kernel on a fake board, with a few environments that make system calls.
 *
 * init shares out what it has among four players on two harts: two by themselves, two that have
 * space, capability space and pool in common. On one hart they have floating point. What may never
 * happen ends the program with a sentence:
 *   - a panic, an invariant that does not hold, a lock held at the end of a step or over a fence;
 *   - a hart that can reach a page, through what its TLB remembers, which the tables do not show;
 *   - a page that shows what its last holder wrote; kernel state in reach of a user;
 *   - a device that writes memory which is not pinned or has changed hands;
 *   - frames that are not free when init has revoked everything.
 */
#ifndef TEST_MODEL_SYS_WORLD_H
#define TEST_MODEL_SYS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/env.h"
#include "kern/kernel.h"

#define WORLD_HARTS   2
#define WORLD_PLAYERS 4
/* Where players map: under two tables of level 0, with room for more behind; the first pages are
 * their memory for arguments.
 */
#define WORLD_REGION       0x40000000ul
#define WORLD_REGION_PAGES 1024
#define WORLD_MEMORY_PAGES 2
#define WORLD_LEAVES       2

struct draws {
	uint64_t (*draw)(void *from, uint64_t limit); /* a number below limit */
	void *from;
};

/* Once, then before each sequence. */
void world_boot(void);
void world_reset(void);
/* One step of somebody: a call, an access, an interrupt, a device. */
void world_step(const struct draws *d);
/* All of the above but the last; then everything is revoked, and the last. */
void world_check(void);
void world_end(void);

/* For sys_ops.c: the environment that is in user mode on a hart, NULL if none is. */
struct env *world_env(uint32_t hart);
/* It executes a call: the first time, or on from where it restarted. */
void world_call(uint32_t hart, uint32_t nr, const uint64_t arguments[7]);
/* It is in the middle of a call. */
bool world_is_calling(const struct env *e);
/* A step on a hart; `nested`: while another hart fences. */
void ops_step(uint32_t hart, const struct draws *d, bool nested);
_Noreturn void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
