/* SPDX-License-Identifier: MIT
 * predicate.c: wake-up predicates: downloaded code that says whether a sleeper is to wake.
 *
 * A predicate is looked at by the sleeper's home hart: before it sleeps; when an event or a signal
 * comes for it, whichever; when a slot of its own begins. All that the kernel writes for an
 * environment (rings, requests to give something back) raises an event of it, so what a predicate
 * reads there is looked at as soon as it changes; a plain store of another environment is not seen
 * until one of these, or signal(env, 0). Nobody looks at the predicates of others.
 *
 * State:      in struct env: bindings with the tree lock, `waits` its home hart's.
 * Invariants: a program and its memory are looked at only while both uses are bound, or for memory
 *             there is none; a program lists whose predicate it is; `waits` only of who sleeps and
 *             has one. See predicate_check(); hart.by_predicate counts those who wait.
 * Callers:    bind, revocation, sleep, requests to wake, slices. Tree lock.
 * Design:     docs/design/time.md
 */
#include "kern/predicate.h"
#include "kern/hart.h"
#include "kern/object.h"
#include "lib/base/checked.h"
#include "lib/base/list.h"

void
predicate_bind(struct env *e, struct program *p, struct cap *code, struct cap *with,
	       const void *memory, uint32_t bytes)
{
	struct captree *t = &e->kernel->tree;

	e->predicate.code_use.kind = USE_PREDICATE;
	use_bind(t, &e->predicate.code_use, code);
	e->predicate.memory_use.bound = 0;
	e->predicate.memory = NULL;
	e->predicate.bytes = 0;
	if (with) {
		e->predicate.memory_use.kind = USE_WATCHED;
		use_bind(t, &e->predicate.memory_use, with);
		e->predicate.memory = memory;
		e->predicate.bytes = bytes;
	}
	e->predicate.program = program_refer(p);
	list_init(&e->predicate.node);
	list_push_back(&p->predicates, &e->predicate.node);
	e->predicate.is_bound = true;
}

int
predicate_unbind(struct env *e)
{
	if (!e->predicate.is_bound) {
		return E_STATE;
	}
	use_unbind(&e->kernel->tree, &e->predicate.code_use);
	use_unbind(&e->kernel->tree, &e->predicate.memory_use);
	list_remove(&e->predicate.node);
	e->predicate.is_bound = false;
	e->predicate.program.number = 0;
	return 0;
}

/* It has none from now on, although something is still bound. */
static void
lose(struct env *e)
{
	list_remove(&e->predicate.node);
	e->predicate.program.number = 0;
	env_signal(e, 0);
}

void
predicate_lost(struct use *u)
{
	lose(u->kind == USE_PREDICATE ? container_of(u, struct env, predicate.code_use)
				      : container_of(u, struct env, predicate.memory_use));
}

bool
predicate_program_lost(struct program *p)
{
	struct list_node *first = p->predicates.next;

	if (list_is_empty(&p->predicates)) {
		return false;
	}
	p->state = PROGRAM_LEAVING; /* nobody binds it any more */
	lose(container_of(first, struct env, predicate.node));
	return true;
}

bool
predicate_holds(const struct env *e, uint64_t *tag)
{
	const struct program *p = program_get(e->predicate.program);
	uint64_t stack[EXO_CODE_STACK_MAX / sizeof(uint64_t)];
	struct code_run run;

	*tag = 0;
	if (!p) {
		return true;
	}
	code_run_begin(&run, p->code, stack);
	code_run_region(&run, EXO_REGION_INPUT, e->predicate.memory, e->predicate.bytes, false);
	run.argument[0] = (uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT;
	run.argument[1] = e->predicate.bytes;
	run.argument[2] = __atomic_load_n(&e->events, __ATOMIC_ACQUIRE);
	run.argument[3] = arch_time();
	*tag = program_run(p, &run) ? EXO_TAG_FAULT : run.result;
	return *tag != 0;
}

void
predicate_wait(struct env *e)
{
	e->predicate.waits = true;
	e->hart->by_predicate++;
}

const char *
predicate_check(const struct env *e)
{
	const struct program *p = e->predicate.is_bound ? program_get(e->predicate.program) : NULL;

	if (e->predicate.waits && (e->state != EXO_STATE_SLEEPING || !e->predicate.is_bound)) {
		return "who waits by a predicate sleeps and has one";
	}
	if (p && list_is_empty(&e->predicate.node)) {
		return "a program knows whose predicate it is";
	}
	if (p && (!e->predicate.code_use.bound ||
		  (e->predicate.bytes && !e->predicate.memory_use.bound))) {
		return "program and memory are bound while they are looked at";
	}
	return NULL;
}
