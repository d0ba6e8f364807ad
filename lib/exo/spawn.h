/* SPDX-License-Identifier: MIT
 * spawn.h: build a new environment from an ELF file in memory, and end it.
 *
 * Everything the child consists of is carved from one FRAME capability, the pool: its ENV, SPACE,
 * page tables, capability space, program, stack and start page; the rest of the pool becomes the
 * child's own `frames`. So revoking the pool destroys the child completely and makes the memory
 * whole again; exo_child_end does that. What lies where in the child: the program as linked;
 * stack, start page and system page under EXO_UAREA_BASE; the u-area at it.
 */
#ifndef LIB_EXO_SPAWN_H
#define LIB_EXO_SPAWN_H

#include "lib/exo/frames.h"
#include "lib/exo/start.h"

/* A capability to move into the child: share first, then give. */
struct exo_gift {
	exo_handle handle;
	size_t field; /* of the start page that gets the child's handle: EXO_GIFT(blocks[0]) */
};
#define EXO_GIFT(member) offsetof(struct exo_start, member)

struct exo_spawn {
	const char *name;
	const void *elf;
	size_t elf_bytes;
	exo_handle pool; /* whole, without children, for this child only */
	uint32_t hart;
	uint32_t flags;          /* EXO_ENV_FP, EXO_ENV_BOUND */
	uint32_t stack_pages;    /* 0: EXO_STACK_PAGES */
	uint32_t slot_leaves;    /* leaves of 64 slots; 0: 1 */
	uint64_t self_rights;    /* on its own ENV; 0: no handle */
	const char *const *args; /* argv[1] on; argv[0] is the name */
	uint32_t arg_count;
	uint32_t value_count;
	const char *const *values;    /* "key=value" */
	const struct exo_gift *gifts; /* gone from the caller afterwards, whatever the result */
	uint32_t gift_count;
	uint32_t supervisor_bit;
	exo_handle supervisor; /* ENV (SIGNAL) told of its end by supervisor_bit; or EXO_NONE */
	int stopped;           /* not 0: the caller starts it with exo_env_start */
};
#define EXO_STACK_PAGES 16

struct exo_child {
	exo_handle pool;
	exo_handle env; /* the first capability: all rights */
	exo_handle space;
	exo_handle cspace;
	const char *step; /* of exo_spawn: the one that failed, as "make its stack"; else 0 */
	struct exo_slot_log log; /* slots of the caller that hold parts of the child */
};

/* Builds and starts a child. 0, or an error with child->step telling where; then everything is
 * undone. The pool has to hold the image and stack and about 20 pages more; too few is E_NOSPACE.
 */
int exo_spawn(const struct exo_spawn *what, struct exo_child *child);

/* Destroys the child, dead or alive; all its pages are free in the pool again. 0, or E_BUSY while
 * a device still transfers (try again). */
int exo_child_end(struct exo_child *child);

#endif
