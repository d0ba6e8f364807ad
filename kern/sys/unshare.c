/* SPDX-License-Identifier: MIT
 * unshare.c (sys): checks of what the caller says about the table that it wants for itself.
 */
#include "kern/unshare.h"
#include "kern/sys/sys.h"
#include "kern/table.h"
#include "lib/base/checked.h"

#define WORK_LOCKED 12 /* while the lock is held, as unshare_step counts: some 400 instructions */
#define WORK_CALL   24 /* in one go: some 1 600 instructions */

struct request {
	struct env *e;
	uint64_t address;
	exo_handle table;
	exo_handle space;
	uint32_t from;
};

static int
find_space(const struct request *r, struct space **s)
{
	struct cap *c;
	int error;

	if (r->space == EXO_NONE) {
		*s = r->e->space;
		return 0;
	}
	error = sys_cap(r->e, r->space, EXO_CAP_SPACE, EXO_SPACE_MAP, &c);
	if (!error) {
		*s = space_at(c->start);
		error = cap_usable(&r->e->kernel->tree, c);
	}
	return error;
}

/* With the lock. */
static int
step(struct request *r)
{
	struct kernel *k = r->e->kernel;
	struct space *s;
	struct cap *c;
	int error = find_space(r, &s);

	if (!error) {
		error = sys_cap(r->e, r->table, EXO_CAP_TABLE, EXO_TABLE_HANG, &c);
	}
	if (!error) {
		error = cap_usable(&k->tree, c);
	}
	return error ? error : unshare_step(k, s, r->address, c, &r->from, WORK_LOCKED);
}

struct sysret
sys_unshare(uint64_t address, exo_handle table, exo_handle space, uint64_t from)
{
	struct env *e = env_current();
	struct request r = {.e = e, .address = address, .table = table, .space = space};
	int left = WORK_CALL;
	int error;

	if (address >= EXO_USER_END || from > TABLE_ENTRIES) {
		return sys_return(E_RANGE);
	}
	r.from = (uint32_t)from;
	do {
		kernel_lock(e->kernel);
		error = step(&r);
		kernel_unlock_fence(e->kernel);
		left -= WORK_LOCKED;
	} while (error == UNSHARE_AGAIN && left > 0 && !sys_interrupted());
	if (error == UNSHARE_AGAIN) {
		return sys_restart(e, EXO_NR_unshare, (uint64_t[7]){address, table, space, r.from});
	}
	return sys_return_long(error);
}
