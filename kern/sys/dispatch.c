/* SPDX-License-Identifier: MIT
 * dispatch.c: call number -> handler, and how calls end.
 *
 * The table is made from syscalls.def; the trap code indexes it with a7 = -1 .. -64, so it stands
 * back to front. An unused number has a handler too: there is nothing to test on the way.
 */
#include "kern/sys/dispatch.h"
#include "kern/irq.h"
#include "kern/object.h"
#include "kern/sys/sys.h"

static struct sysret
sys_none(void)
{
	return sys_return(E_NOSYS);
}

typedef void (*handler)(void);

#define SYSCALL(nr, name)  [EXO_CALLS_MAX - (nr)] = (handler)sys_##name,
#define TRANSFER(nr, name) /* kern_transfer */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#pragma GCC diagnostic ignored "-Wcast-function-type"
static const handler table[EXO_CALLS_MAX] = {
	[0 ... EXO_CALLS_MAX - 1] = (handler)sys_none,
#include <exo/syscalls.def>
};
#pragma GCC diagnostic pop

const void *const dispatch_table_end = table + EXO_CALLS_MAX;

struct sysret
sys_finish_posted(int64_t value)
{
	struct hart *h = env_current()->hart;

	bool again =
		__atomic_load_n(&h->inbox, __ATOMIC_RELAXED) || !h->slice_end || hart_is_behind(h);

	hart_send_pokes(h);
	return (struct sysret){value, again ? ACTION_LONG : ACTION_RETURN};
}

struct sysret
sys_return2(struct env *e, int64_t value, uint64_t second)
{
	e->arch.second = second;
	return (struct sysret){value, ACTION_RETURN2};
}

struct sysret
sys_restart(struct env *e, uint32_t nr, const uint64_t arguments[7])
{
	for (uint32_t i = 0; i < 7; i++) {
		e->arch.x[10 + i] = arguments[i];
	}
	e->arch.x[17] = -(uint64_t)nr;
	hart_send_pokes(e->hart);
	return (struct sysret){0, ACTION_RESTART};
}

static void
set_results(struct env *e, int64_t first, uint64_t second)
{
	e->arch.x[10] = (uint64_t)first;
	e->arch.x[11] = second;
	for (uint32_t i = 12; i <= 17; i++) {
		e->arch.x[i] = 0;
	}
}

struct arch_env *
kern_after_call(struct arch_env *a, int64_t result, uint32_t action)
{
	struct env *e = env_of_arch(a);
	struct hart *h = hart_enter(e);

	switch (action) {
	case ACTION_RESTART:
		a->x[0] -= 4;
		if (hart_is_behind(h)) { /* it may wait for that */
			hart_send_ipis(h);
		}
		break;
	case ACTION_EXIT:
		set_results(e, result, 0);
		env_exit(e, (uint64_t)result);
		break;
	case ACTION_SLEPT:
		set_results(e, 0, 0); /* env_wake puts the events there */
		break;
	default:
		set_results(e, result, action == ACTION_RETURN2 ? a->second : 0);
		break;
	}
	return hart_dispatch(h);
}

/* What is needed behind irq_quick is looked up again there, not kept: the short way is shorter. */
__attribute__((noinline)) struct arch_env *
kern_interrupt(struct arch_env *a)
{
	struct env *e = env_of_arch(a);
	struct hart *h = e->hart;

	if (hart_is_breathless(h, a)) {
		return hart_breathe(h, a);
	}
	h->kernel->sysinfo->hart[h->number].interrupts++;
	if (irq_quick(h, e)) {
		return a;
	}
	h = hart_enter(env_current());
	hart_interrupts(h);
	return hart_dispatch(h);
}

__attribute__((noinline)) struct arch_env *
kern_fault(struct arch_env *a, uint64_t cause, uint64_t tval)
{
	struct env *e = env_of_arch(a);
	struct hart *h = hart_enter(e);

	env_fault(e, cause, tval);
	return hart_dispatch(h);
}

__attribute__((cold)) struct arch_env *
kern_gone_on(struct arch_env *a)
{
	struct hart *h = hart_enter(env_of_arch(a));

	hart_gone_on(h);
	a = hart_dispatch(h);
	h->entered = HART_NOWHERE; /* the call comes before another breath */
	return a;
}

struct arch_env *
kern_resume(struct arch_env *a)
{
	struct env *e = env_of_arch(a);

	env_uarea(e)->pending = 0; /* again, if one is still held back */
	return hart_dispatch(hart_enter(e));
}
