/* SPDX-License-Identifier: MIT
 * transfer.c (sys): call, send and reply by the long way: checks of what the caller says. Their
 * arguments and results are registers: t0 = the ENV, then the status; t1 = what goes along.
 *
 * What the short way (arch/riscv/transfer.S) lets through must be let through here as well.
 */
#include "kern/transfer.h"
#include "kern/object.h"
#include "kern/sys/dispatch.h"
#include "kern/sys/sys.h"

#define T0 5
#define T1 6
#define T2 7
#define GP 3
#define A7 17

/* Whom it names, at home on this hart and open. Tree lock, as for what follows. */
static int
find_callee(struct env *e, struct env **to, uint64_t *badge)
{
	struct cap *c;
	int error = sys_cap(e, e->arch.x[T0], EXO_CAP_ENV, EXO_ENV_CALL, &c);

	if (error) {
		return error;
	}
	*to = arch_ram(c->start << PAGE_SHIFT);
	*badge = c->badge;
	if (env_is_off(*to)) {
		return E_DEAD;
	}
	return (*to)->hart != e->hart ? E_HART : transfer_check(e, *to);
}

/* Move what goes along into the slot that `to` has opened: its handle there, 0 if nothing does. */
static int64_t
move_gift(struct env *e, const struct env *to)
{
	exo_handle gift = e->arch.x[T1];
	struct cap *c = gift ? cspace_lookup(e->cspace, gift) : NULL;
	struct cap *slot = to->call_slot ? cspace_free_slot(to->cspace, to->call_slot) : NULL;
	int error;

	if (!gift) {
		return 0;
	}
	if (!c) {
		return E_HANDLE;
	}
	error = slot ? cap_move(&e->kernel->tree, c, slot) : E_SLOT;
	return error ? error : (int64_t)cspace_handle(slot, to->call_slot);
}

static int64_t
find_both(struct env *e, struct env **to, uint64_t *badge)
{
	int64_t result;

	kernel_lock(e->kernel);
	result = find_callee(e, to, badge);
	if (!result) {
		result = move_gift(e, *to);
	}
	kernel_unlock(e->kernel);
	return result;
}

static int64_t
call_or_send(struct env *e, bool is_send)
{
	struct env *to = NULL;
	uint64_t badge = 0;
	int64_t gift = find_both(e, &to, &badge);

	if (gift < 0) {
		return gift;
	}
	e->arch.x[0] += 4;
	if (is_send) {
		transfer_send(e, to, badge, (uint64_t)gift);
	} else {
		transfer_call(e, to, badge, (uint64_t)gift);
	}
	return 0;
}

static int64_t
reply(struct env *e)
{
	struct env *caller = transfer_caller(e);
	int64_t gift = 0;

	if (!e->call_entry) {
		gift = E_STATE;
	} else if (caller) {
		kernel_lock(e->kernel);
		gift = move_gift(e, caller);
		kernel_unlock(e->kernel);
	} else if (e->is_gone) {
		e->is_gone = false;
		gift = E_GONE;
	} else if (e->arch.x[T1]) {
		gift = E_GONE;
	}
	if (gift < 0) {
		return gift;
	}
	if (caller) {
		transfer_answer(e, (uint64_t)gift);
	} else {
		transfer_open(e);
	}
	return 0;
}

/* It goes on behind the call, every other register as it was. */
static void
refuse(struct arch_env *a, int64_t error)
{
	a->x[0] += 4;
	a->x[GP] = a->uarea;
	a->x[T0] = (uint64_t)error;
	a->x[T1] = 0;
	a->x[T2] = 0;
}

struct arch_env *
kern_transfer(struct arch_env *a)
{
	struct env *e = env_of_arch(a);
	struct hart *h = hart_enter(e);
	uint64_t nr = -a->x[A7];
	int64_t error = nr == EXO_NR_reply ? reply(e) : call_or_send(e, nr == EXO_NR_send);

	if (error < 0) {
		refuse(a, error);
	}
	return hart_dispatch(h);
}
