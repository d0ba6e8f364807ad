/* SPDX-License-Identifier: MIT
 * home.c (sys): env_home: checks of what the caller says about an environment that is to move.
 */
#include "kern/sys/life.h"
#include "kern/transfer.h"

/* Does anything but its own state tie it to its hart? */
static bool
is_tied(const struct env *e)
{
	return e->slots || e->has_deadline || transfer_caller(e) || transfer_callee(e);
}

struct sysret
sys_env_home(exo_handle env, uint32_t hart)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct env *target;
	int error;

	kernel_lock(k);
	error = stopped_target(e, env, &target);
	if (!error && hart >= k->harts) {
		error = E_HART;
	}
	if (!error && is_tied(target)) {
		error = E_STATE;
	}
	if (!error && target->member.positions) {
		error = UNSETTLED; /* its hart has not followed yet */
	}
	if (!error) {
		env_move(target, &k->hart[hart]);
	}
	kernel_unlock(k);
	if (error == UNSETTLED) {
		return sys_restart(e, EXO_NR_env_home, (uint64_t[7]){env, hart});
	}
	return sys_finish(error);
}
