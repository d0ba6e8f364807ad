/* SPDX-License-Identifier: MIT
 * env.h: environments: a register context, a space, a capability space, a home hart, a u-area.
 *
 * struct env is the private half of a pair of frames, the u-area the other. Fields are grouped by
 * who may touch them.
 */
#ifndef KERN_ENV_H
#define KERN_ENV_H

#include <stdbool.h>
#include <stdint.h>
#include <exo/types.h>
#include <exo/uarea.h>
#include "arch/arch.h"
#include "kern/cap.h"
#include "kern/code/program.h"
#include "kern/timeline.h"
#include "lib/base/list.h"
#include "lib/base/tree.h"

struct kernel;
struct hart;
struct space;
struct cspace;
struct ring;
struct irq_line;

/* A use of a capability by an object: its node in the capability's list of bindings. 16 bytes,
 * 16-byte aligned. */
struct use {
	struct bind_node node;
	uint32_t bound; /* 1: linked */
	uint32_t kind;  /* enum use_kind */
} __attribute__((aligned(16)));

enum use_kind {
	USE_SPACE = 1,      /* ENV -> SPACE */
	USE_CSPACE = 2,     /* ENV -> CSPACE */
	USE_SUPERVISOR = 3, /* ENV -> the ENV that is told of its end */
	USE_CONSOLE = 4,    /* ENV -> CONSOLE: its input raises an event */
	USE_PACKET = 5,     /* RING -> PACKET */
	USE_BUFFER = 6,     /* RING -> FRAME */
	USE_REQUEST = 7,    /* RING request -> BLOCK, or a share of a FRAME */
	USE_IRQ = 8,        /* a line (kern/irq.c) -> IRQ */
	USE_SLOT = 9,       /* positions of a timeline (kern/slots.c) -> SLOT */
	USE_PROGRAM = 10,   /* a program (kern/arena.c) -> CODE */
	USE_PREDICATE = 11, /* ENV -> CODE of its wake-up predicate */
	USE_WATCHED = 12,   /* ENV -> FRAME or RING that it reads */
	USE_HANDLER = 13,   /* RING -> CODE of its handler */
	USE_STATE = 14,     /* RING -> FRAME that its handler keeps its state in */
};

/* What another hart can ask of an environment's home hart; bits of env.requests. */
#define REQUEST_START 0x1u
#define REQUEST_STOP  0x2u
#define REQUEST_WAKE  0x4u
#define REQUEST_KILL  0x8u /* its space, capability space or itself is going away */

/* In env.owed. */
#define OWED_BEGIN 0x1u
#define OWED_END   0x2u

struct env {
	/* free room; here, so that a short displacement from tp reaches the rest (frame.h) */
	uint8_t spare[4096 - ARCH_ENV_BYTES - 528];

	struct { /* see predicate.c; with the tree lock. Only is_bound and waits count at first */
		struct use code_use;
		struct use memory_use;
		struct program_ref program;
		const uint8_t *memory;
		uint32_t bytes;
		bool is_bound;
		bool waits;            /* home hart: it sleeps by it */
		struct list_node node; /* of those whose predicate the program is */
	} predicate;
	/* not cleared: set before they are looked at */
	struct tree_node deadline;
	uint64_t wait_mask; /* home hart: of a sleeper */
	struct env *inbox_next;
	struct list_node cspace_node; /* of those bound to cspace; with the tree lock */
	struct {                      /* home hart: of an end or a fault, see death_kind */
		uint64_t cause;
		uint64_t pc;
		uint64_t tval;
	} death;
	struct { /* tree lock: a call that takes several steps, see take.c and unfinished_what */
		exo_handle handle;
		uint64_t start;
		uint64_t count;
		uint64_t from; /* of a range, what begins before it was tried */
	} unfinished;

	/* constant after create, or changed under the tree lock while the environment is stopped */
	struct kernel *kernel;
	struct hart *hart;     /* home */
	uint64_t local_harts;  /* space.harts if only the home hart's TLB knows the space; 0 where
				  fences of single pages miss */
	struct cspace *cspace; /* cleared from here on */
	struct space *space;
	struct env *supervisor;
	uint32_t supervisor_bit;
	uint32_t console_bit;
	uint64_t event_entry; /* of asynchronous upcalls, */
	uint64_t event_mask;  /* which these events cause; changed by itself or while stopped */
	uint64_t begin_entry; /* where slices begin, 0: where they ended */
	uint64_t end_entry;   /* where it is told that one ends soon, 0: it is not told */
	uint64_t call_entry;  /* where calls enter it, 0: it takes none */

	/* any hart, atomically */
	uint64_t events;
	uint32_t requests;
	uint32_t posted;   /* 1: on the home hart's inbox */
	uint32_t sleeping; /* published before the events are tested again */

	/* home hart only */
	uint32_t state; /* enum exo_env_state; others may look */
	struct timeline_member member;
	struct env *caller; /* see transfer.c */
	uint32_t call_slot; /* as call_entry: for what comes along, 0: none */
	bool is_gone;       /* the caller of what it does no longer waits */
	bool has_deadline;
	bool was_cut;          /* its last slice ended without its doing */
	uint8_t owed;          /* slice upcalls to come, below */
	uint32_t death_kind;   /* FAULT of a stopped one: it is told as FAULTED */
	uint32_t slots;        /* tree lock: bindings of positions on its hart's timeline */
	uint64_t used_ticks;   /* of its turns, */
	uint64_t stolen_ticks; /* of which devices took, */
	uint64_t slices;       /* and how many there were */

	/* tree lock */
	uint32_t unfinished_what;
	uint32_t unfinished_until; /* not 0: what died before this number shall be gone */
	struct use space_use;
	struct use cspace_use;
	struct use supervisor_use;
	struct use console_use;
	struct ring *rings;     /* that signal it */
	struct irq_line *lines; /* that signal it */

	struct arch_env arch; /* ends where the u-area begins: trap code reaches both from there */
};
_Static_assert(sizeof(struct env) == 4096, "the private half of a pair of frames");
_Static_assert(offsetof(struct env, arch) == 4096 - ARCH_ENV_BYTES, "arch stands at its end");
_Static_assert((long)offsetof(struct env, wait_mask) - 4096 == A_WAIT_MASK, "frame.h");
_Static_assert((long)offsetof(struct env, events) - 4096 == A_EVENTS, "frame.h");
_Static_assert((long)offsetof(struct env, sleeping) - 4096 == A_SLEEPING, "frame.h");

static inline struct env *
env_of_arch(struct arch_env *a)
{
	return (struct env *)((uint8_t *)a - offsetof(struct env, arch));
}

/* The environment that made the call being handled. */
static inline struct env *
env_current(void)
{
	return env_of_arch(arch_current());
}

static inline struct exo_uarea *
env_uarea(struct env *e)
{
	return (struct exo_uarea *)((uint8_t *)e + PAGE_SIZE);
}

/* Make a pair, whose u-area is zeroed, an environment of `home`. */
void env_init(struct env *e, struct kernel *k, struct hart *home, uint64_t uarea, uint64_t flags);
/* A stopped one, that neither waits in an inbox nor serves nor calls nor has slots, lives on `home`
 * from now on. Tree lock. */
void env_move(struct env *e, struct hart *home);
/* Ask the home hart for something, from any hart, with the tree lock (so that `e` cannot go away).
 * It is carried out when that hart is next outside a call, on this hart at the end of the call
 * being handled. */
void env_request(struct env *e, uint32_t requests);
/* OR bits into its events and wake it if it waits for one. Any hart, with the tree lock. */
void env_signal(struct env *e, uint64_t bits);
/* The same in the handler of an interrupt, which begins with hart_sync and ends in hart_dispatch:
 * that looks by itself at an environment of this hart that neither sleeps nor may wait for another
 * one. */
void env_interrupt(struct env *e, uint64_t bits);
/* Home hart: it stops at an exception that it cannot take; the supervisor is told. */
void env_fault(struct env *e, uint64_t cause, uint64_t tval);
/* Home hart: it ends; the supervisor is told. */
void env_exit(struct env *e, uint64_t status);
/* Home hart: carry out what was asked of it. */
void env_take_requests(struct env *e);
/* The same for one that stays in the inbox, for its turn there has not come. */
void env_take_early(struct env *e);
/* Home hart: take the events in `mask`; if there are none and the deadline is in the future, it
 * sleeps and true is returned. */
bool env_sleep(struct env *e, uint64_t mask, uint64_t deadline, uint64_t *taken);
/* The same of the current one, without the lock, for the call `sleep`; returns the ACTION_ that
 * ends it. While nobody else could run the hart waits in the middle of the call: what devices bring
 * meanwhile is found without a choice, and without a context to load. */
uint32_t env_doze(uint64_t mask, uint64_t deadline, uint64_t *taken);
/* Would it sleep? */
bool env_would_sleep(const struct env *e, uint64_t mask, uint64_t deadline);
/* Home hart: by the short way of notices `slept`, which was running, has fallen asleep, and `woke`
 * runs; each word that others look at says so already. */
void env_napped(struct env *slept, struct env *woke);
/* Home hart: it ran over the ends of its slices too often; it ends. */
void env_overrun(struct env *e);
/* Home hart, tree lock: it wakes if it sleeps by its predicate and that holds. */
void env_look_by_predicate(struct env *e);
/* Home hart: its deadline has come. */
void env_timeout(struct env *e);
/* True once it can never run again and no hart holds its context / while it is stopped or dead. */
static inline bool
env_is_off(const struct env *e)
{
	return __atomic_load_n(&e->state, __ATOMIC_ACQUIRE) == EXO_STATE_DEAD &&
	       !__atomic_load_n(&e->posted, __ATOMIC_ACQUIRE);
}

static inline bool
env_is_stopped(const struct env *e)
{
	uint32_t state = __atomic_load_n(&e->state, __ATOMIC_ACQUIRE);

	return (state == EXO_STATE_STOPPED || state == EXO_STATE_DEAD) &&
	       !__atomic_load_n(&e->posted, __ATOMIC_ACQUIRE);
}

#endif
