/* SPDX-License-Identifier: MIT
 * sys_args.h: the arguments of calls in a world of system calls: mostly plausible, sometimes wild.
 */
#ifndef TEST_MODEL_SYS_ARGS_H
#define TEST_MODEL_SYS_ARGS_H

#include "kern/cap.h"
#include "test/model/sys_world.h"

#define CAPS_MAX (WORLD_LEAVES * EXO_SLOTS_PER_LEAF)

/* A step in the making. */
struct op {
	const struct draws *d;
	uint32_t hart;
	struct env *e;
	const struct cap *last; /* the capability drawn last, NULL: none */
};

static inline uint64_t
op_draw(const struct op *o, uint64_t limit)
{
	return o->d->draw(o->d->from, limit);
}

static inline bool
op_one_in(const struct op *o, uint64_t n)
{
	return op_draw(o, n) == n - 1; /* no input draws 0 */
}

/* A capability of the caller's of a type (0: any), its slot in *index; NULL: it has none. */
const struct cap *arg_pick(const struct op *o, uint32_t type, uint32_t *index);
exo_handle arg_handle(struct op *o, uint32_t type);
exo_handle arg_partner(struct op *o);
uint64_t arg_wild(const struct op *o);
uint64_t arg_address(const struct op *o);
uint64_t arg_few(const struct op *o);
uint64_t arg_rights(const struct op *o);
/* Something for a call to read, or room for it to write; where. */
uint64_t arg_memory(struct op *o, const void *data, size_t bytes);
/* Where a filter stands in the caller's memory. */
uint64_t arg_filter(struct op *o);
/* A name that the capability drawn last has. */
uint64_t arg_name(const struct op *o);
uint64_t arg_slot(const struct op *o);
/* By letter, see sys_args.c. */
uint64_t arg_of_kind(struct op *o, char kind);

#endif
