/* SPDX-License-Identifier: MIT
 * life.h: what the calls have in common that give a stopped environment a home and let it run.
 */
#ifndef KERN_SYS_LIFE_H
#define KERN_SYS_LIFE_H

#include "kern/object.h"
#include "kern/space.h"
#include "kern/sys/sys.h"

#define UNSETTLED 1 /* it stops or starts right now; the call restarts */

/* The stopped environment that `env` names; one that stops or starts by a request that its home
 * hart has not seen yet is waited for: UNSETTLED. Tree lock, as for all of these. */
static inline int
stopped_target(struct env *e, exo_handle env, struct env **target)
{
	int error = sys_env(e, env, EXO_ENV_CONTROL, target);

	if (error) {
		return error;
	}
	if (env_is_off(*target)) {
		return E_DEAD;
	}
	if (*target != e && __atomic_load_n(&(*target)->posted, __ATOMIC_ACQUIRE)) {
		return UNSETTLED;
	}
	return (*target)->state == EXO_STATE_STOPPED ? 0 : E_STATE;
}

/* The SPACE / the root of the CSPACE that `with` names, to be bound. */
static inline int
find_space(struct env *e, exo_handle with, struct cap **c)
{
	return sys_cap(e, with, EXO_CAP_SPACE, EXO_SPACE_BIND, c);
}

static inline int
find_cspace(struct env *e, exo_handle with, struct cap **c)
{
	int error = sys_cap(e, with, EXO_CAP_CSPACE, EXO_CSPACE_BIND, c);

	return !error && frame_at(&e->kernel->tree, (*c)->start)->kind != FRAME_CSPACE ? E_TYPE
										       : error;
}

/* The ENV that can be told. */
static inline int
find_supervisor(struct env *e, exo_handle supervisor, struct cap **c)
{
	int error = sys_cap(e, supervisor, EXO_CAP_ENV, EXO_ENV_SIGNAL, c);

	return error ? error : cap_usable(&e->kernel->tree, *c);
}

/* May the use `u` be bound to `c`? */
static inline int
check_free(const struct captree *t, const struct use *u, const struct cap *c)
{
	return u->bound ? E_BUSY : cap_usable(t, c);
}

static inline void
set_space(struct captree *t, struct env *target, struct cap *c)
{
	use_bind(t, &target->space_use, c);
	target->space = space_at(c->start);
	target->arch.satp = target->space->satp;
}

static inline void
set_cspace(struct captree *t, struct env *target, struct cap *c)
{
	use_bind(t, &target->cspace_use, c);
	cspace_use(arch_ram(c->start << PAGE_SHIFT), target);
}

static inline void
set_supervisor(struct captree *t, struct env *target, struct cap *c, uint32_t bit)
{
	use_unbind(t, &target->supervisor_use);
	use_bind(t, &target->supervisor_use, c);
	target->supervisor = arch_ram(c->start << PAGE_SHIFT);
	target->supervisor_bit = bit;
}

/* An address in the user half that an instruction can stand at. */
static inline bool
is_code_address(uint64_t address)
{
	return address < EXO_USER_END && !(address & 1);
}

#endif
