/* SPDX-License-Identifier: MIT
 * slot.c (sys): bind and unbind of positions on a timeline: checks of what the caller says about
 * them.
 */
#include "kern/slots.h"
#include "kern/object.h"
#include "kern/sys/sys.h"

int
sys_bind_slot(struct env *e, exo_handle env, exo_handle slot, uint64_t flags)
{
	struct env *target;
	struct cap *c;
	int error = sys_cap(e, slot, EXO_CAP_SLOT, EXO_SLOT_BIND, &c);

	if (!error) {
		error = sys_env(e, env, EXO_ENV_CONTROL, &target);
	}
	if (!error && flags & ~EXO_SLOT_QUIET) {
		error = E_INVAL;
	}
	if (!error && env_is_off(target)) {
		error = E_DEAD;
	}
	if (!error && c->start >> EXO_SLOT_HART_SHIFT != target->hart->number) {
		error = E_HART;
	}
	if (!error) {
		error = c->bindings ? E_BUSY : cap_usable(&e->kernel->tree, c);
	}
	return error ? error : slots_bind(target, c, flags & EXO_SLOT_QUIET);
}

int
sys_unbind_slot(struct env *e, exo_handle slot)
{
	struct use *u;
	struct cap *c;
	int error = sys_cap(e, slot, EXO_CAP_SLOT, EXO_SLOT_BIND, &c);

	if (error) {
		return error;
	}
	u = slots_use_of(&e->kernel->tree, c);
	if (!u) {
		return E_STATE;
	}
	slots_lost(e->kernel, u);
	use_unbind(&e->kernel->tree, u);
	return 0;
}
