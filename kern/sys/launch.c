/* SPDX-License-Identifier: MIT
 * launch.c (sys): env_launch: checks of all that an environment begins with, then all of it at
 * once.
 */
#include "kern/sys/life.h"

/* What `launch` names; NULL: nothing. */
struct found {
	struct env *target;
	struct cap *space;
	struct cap *cspace;
	struct cap *supervisor;
};

/* The addresses and numbers in it. */
static int
check_words(const struct exo_launch *l)
{
	if (!is_code_address(l->exception_entry) || !is_code_address(l->exception_window) ||
	    l->pc >= EXO_USER_END) {
		return E_RANGE;
	}
	return l->supervisor_bit > 62 ? E_INVAL : 0;
}

/* Something to bind where nothing is bound yet, or nothing where something is. */
static inline int
find_home(struct env *e, const struct exo_launch *l, struct found *f)
{
	const struct captree *t = &e->kernel->tree;
	int error = 0;

	if (l->space) {
		error = find_space(e, l->space, &f->space);
		error = error ? error : check_free(t, &f->target->space_use, f->space);
	} else if (!f->target->space) {
		error = E_STATE;
	}
	if (!error && l->cspace) {
		error = find_cspace(e, l->cspace, &f->cspace);
		error = error ? error : check_free(t, &f->target->cspace_use, f->cspace);
	} else if (!error && !f->target->cspace) {
		error = E_STATE;
	}
	return error;
}

static inline int
find_all(struct env *e, exo_handle env, const struct exo_launch *l, struct found *f)
{
	int error = stopped_target(e, env, &f->target);

	if (!error) {
		error = find_home(e, l, f);
	}
	if (!error && l->supervisor) {
		error = find_supervisor(e, l->supervisor, &f->supervisor);
	}
	return error;
}

static inline void
set_registers(struct arch_env *a, const struct exo_launch *l)
{
	a->handler = l->exception_entry;
	a->window = l->exception_window;
	a->x[0] = l->pc;
	a->x[2] = l->sp;
	a->x[4] = l->tp;
	a->x[10] = l->arguments[0];
	a->x[11] = l->arguments[1];
	a->x[12] = l->arguments[2];
	a->x[13] = l->arguments[3];
}

static inline void
launch(struct captree *t, const struct exo_launch *l, const struct found *f)
{
	if (f->space) {
		set_space(t, f->target, f->space);
	}
	if (f->cspace) {
		set_cspace(t, f->target, f->cspace);
	}
	if (f->supervisor) {
		set_supervisor(t, f->target, f->supervisor, (uint32_t)l->supervisor_bit);
	}
	set_registers(&f->target->arch, l);
	env_request(f->target, REQUEST_START);
}

struct sysret
sys_env_launch(exo_handle env, const struct exo_launch *words)
{
	struct env *e = env_current();
	struct found f = {0};
	struct exo_launch l;
	int error = arch_copy_in(&l, (struct uaddr){(uint64_t)words}, sizeof(l));

	error = error ? error : check_words(&l);
	if (error) {
		return sys_return(error);
	}
	kernel_lock(e->kernel);
	error = find_all(e, env, &l, &f);
	if (!error) {
		launch(&e->kernel->tree, &l, &f);
	}
	kernel_unlock(e->kernel);
	if (error == UNSETTLED) {
		return sys_restart(e, EXO_NR_env_launch, (uint64_t[7]){env, (uint64_t)words});
	}
	return sys_finish_long(error);
}
