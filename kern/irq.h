/* SPDX-License-Identifier: MIT
 * irq.h: interrupt lines: of the devices that the kernel shares among all, and those that
 * environments hold.
 */
#ifndef KERN_IRQ_H
#define KERN_IRQ_H

#include "kern/env.h"

#define IRQ_SOURCES_MAX 1023u

/* Handle the interrupt of a device until *work is `budget`, in completions of some 250
 * instructions; with none, keep it from interrupting only. True if it has more to do. Tree lock. */
typedef bool irq_handler(void *device, uint32_t budget, uint32_t *work);
/* That of the console. */
irq_handler irq_console;

/* A line that can be bound to an event. Tree lock. */
struct irq_line {
	struct use use;         /* of the IRQ capability */
	struct env *env;        /* whose event it raises; NULL: not bound */
	struct irq_line *next;  /* of the same environment */
	struct irq_line **back; /* what points here */
	uint32_t bit;
	uint32_t context; /* where it is enabled while it is bound */
	bool claimed;     /* and not completed: it cannot interrupt again */
};

/* Boot: the controller, false if it makes no sense, with cleared memory for a line of each source
 * and one more; source `irq` belongs to what `handler` knows as `device`, and goes to `context`, or
 * with `irq` 0 it has none. Returns what irq_soon() calls it, 0: there are too many. */
bool irq_controller(uintptr_t base, uint64_t bytes, uint32_t sources, struct irq_line *lines);
uint32_t irq_attach(uint32_t irq, irq_handler *handler, void *device, uint32_t context);
/* Boot, all devices attached: the first run of lines of nobody from `from` on; 0 if there is none.
 */
uint32_t irq_free_lines(uint32_t from, uint32_t *count);
/* Where the hart of this context claims and completes; 0: the controller has none of this number.
 */
uintptr_t irq_claim_register(uint32_t context);
/* Each hart: accept interrupts at this context. False if the controller has none of this number. */
bool irq_context_init(uint32_t context);
/* A device has something to do of which no interrupt will tell: it gets a turn on this hart soon.
 * In a call, which then ends in hart_dispatch. */
void irq_soon(uint32_t device);
/* Handle what is pending for a hart: a bounded turn. Takes the tree lock. True if more is. */
bool irq_handle(struct hart *h);
/* The short way of the interrupt that comes while `e`, at home on h, runs: if nothing else is
 * pending and it is of a line of e's own, its event is raised and e may go on, at its handler if it
 * has one. That takes e's own time, so others need no protection from it. Or while nobody runs, `e`
 * NULL: then it is that of a device of the kernel, which has had its turn. False: what was claimed
 * is kept, and irq_handle is to be called. Takes the tree lock. */
bool irq_quick(struct hart *h, struct env *e);

/* Let the line that c, of one line, names raise bit `bit` of e. 0, E_BUSY (another environment,
 * which has not ended, has it), E_UNSUPPORTED (it reaches no hart that e could wait on). */
int irq_bind(struct env *e, struct cap *c, uint32_t bit);
/* The line that is bound through c, NULL if none is. */
struct irq_line *irq_line_of(struct captree *t, const struct cap *c);
/* It is dealt with. False if it was not claimed. */
bool irq_done(struct irq_line *line);
/* End its binding; use_unbind is the caller's. */
void irq_lost(struct use *u);
/* e goes: end the binding of one of its lines. False if it has none. */
bool irq_orphan(struct env *e);

#endif
