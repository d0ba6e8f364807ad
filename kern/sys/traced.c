/* SPDX-License-Identifier: MIT
 * traced.c (sys): what the trap code does and calls for environments whose every step is recorded.
 *
 * Each way in and each way out is here, so nothing that is not traced is the longer for it. A way
 * out that is not (resume, while an upcall is held back) shows at the next way in.
 * Callers: arch/riscv/traced.S, interrupts off.
 */
#include "kern/sys/dispatch.h"
#include "kern/sys/sys.h"
#include "kern/trace.h"

static struct hart *
enter(struct arch_env *a)
{
	struct env *e = env_of_arch(a);

	trace_run(e->hart, e);
	return e->hart;
}

/* What is it told, if it is about to be entered for that? */
static void
record_upcall(struct hart *h, const struct env *e)
{
	uint64_t pc = e->arch.x[0];

	if (e->arch.x[3] != e->arch.uarea || !pc) {
		return;
	}
	if (pc == e->event_entry) {
		trace_record(h, e, EXO_TRACE_UPCALL, EXO_UPCALL_EVENT);
	} else if (pc == e->begin_entry) {
		trace_record(h, e, EXO_TRACE_UPCALL, EXO_UPCALL_BEGIN);
	} else if (pc == e->end_entry) {
		trace_record(h, e, EXO_TRACE_UPCALL, EXO_UPCALL_END);
	}
}

struct arch_env *
kern_traced_leave(struct arch_env *a)
{
	struct hart *h = enter(a);

	record_upcall(h, env_of_arch(a));
	return a;
}

struct arch_env *
kern_traced_interrupt(struct arch_env *a)
{
	struct hart *h = enter(a);
	uint32_t pending = arch_pending();

	trace_record(h, env_of_arch(a), EXO_TRACE_INTERRUPT, pending);
	a = kern_interrupt(a);
	trace_record(h, env_of_arch(a), EXO_TRACE_INTERRUPT_END, pending);
	return kern_traced_leave(a);
}

/* An exception is delivered as vector.S does it. */
struct arch_env *
kern_traced_exception(struct arch_env *a, uint64_t cause, uint64_t tval)
{
	struct env *e = env_of_arch(a);
	struct exo_uarea *u = env_uarea(e);

	if (__atomic_load_n(&u->cause, __ATOMIC_RELAXED) || !a->handler) {
		return kern_traced_leave(kern_fault(a, cause, tval));
	}
	trace_record(enter(a), e, EXO_TRACE_EXCEPTION, cause);
	u->cause = cause;
	u->pc = a->x[0];
	u->tval = tval;
	u->gp = a->x[3];
	a->x[0] = a->handler;
	a->x[3] = a->uarea;
	hart_enter(e);
	return a;
}

struct arch_env *
kern_traced_transfer(struct arch_env *a)
{
	trace_record(enter(a), env_of_arch(a), EXO_TRACE_CALL, -a->x[17]);
	return kern_traced_leave(kern_transfer(a));
}

void
kern_traced_call(uint64_t nr)
{
	struct env *e = env_current();

	trace_record(enter(&e->arch), e, EXO_TRACE_CALL, nr);
}

void
kern_traced_return(uint64_t nr)
{
	struct env *e = env_current();

	trace_record(e->hart, e, EXO_TRACE_RETURN, nr);
}
