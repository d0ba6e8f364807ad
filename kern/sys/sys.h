/* SPDX-License-Identifier: MIT
 * sys.h: what all call handlers share: their prototypes, how they end, how they fetch what the
 * caller names.
 *
 * kern/sys is the trust boundary: only here are untrusted arguments seen. A handler checks
 * everything and fetches user memory once, then calls a mechanism that has nothing left to refuse.
 * Handlers run on the hart's stack, interrupts off.
 */
#ifndef KERN_SYS_SYS_H
#define KERN_SYS_SYS_H

#include <exo/syscalls.h>
#include "kern/cspace.h"
#include "kern/env.h"
#include "kern/hart.h"
#include "kern/kernel.h"

struct sysret {
	int64_t value;
	uint64_t action;
} __attribute__((aligned(16)));

#define SYSCALL0(nr, name)                         struct sysret sys_##name(void);
#define SYSCALL1(nr, name, t0, a0)                 struct sysret sys_##name(t0 a0);
#define SYSCALL2(nr, name, t0, a0, t1, a1)         struct sysret sys_##name(t0 a0, t1 a1);
#define SYSCALL3(nr, name, t0, a0, t1, a1, t2, a2) struct sysret sys_##name(t0 a0, t1 a1, t2 a2);
#define SYSCALL4(nr, name, t0, a0, t1, a1, t2, a2, t3, a3)                                         \
	struct sysret sys_##name(t0 a0, t1 a1, t2 a2, t3 a3);
#define SYSCALL5(nr, name, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4)                                 \
	struct sysret sys_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4);
#define SYSCALL6(nr, name, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)                         \
	struct sysret sys_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5);
#define SYSCALL7(nr, name, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6)                 \
	struct sysret sys_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6);
#define TRANSFER(nr, name) /* kern_transfer */
#include <exo/syscalls.def>

/* The short way back. */
static inline struct sysret
sys_return(int64_t value)
{
	return (struct sysret){value, ACTION_RETURN};
}

/* The way back of a call that may have posted something to a hart: tells the others, takes the
 * long way if it was this one. */
struct sysret sys_finish_posted(int64_t value);
static inline __attribute__((always_inline)) struct sysret
sys_finish(int64_t value)
{
	return env_current()->hart->pokes ? sys_finish_posted(value) : sys_return(value);
}
/* The same two of a call that may have been long. */
static inline __attribute__((always_inline)) struct sysret
sys_return_long(int64_t value)
{
	hart_was_long(env_current()->hart);
	return sys_return(value);
}
static inline __attribute__((always_inline)) struct sysret
sys_finish_long(int64_t value)
{
	hart_was_long(env_current()->hart);
	return sys_finish(value);
}
/* With a second result. */
struct sysret sys_return2(struct env *e, int64_t value, uint64_t second);
/* Execute the call again, with these arguments. */
struct sysret sys_restart(struct env *e, uint32_t nr, const uint64_t arguments[7]);
/* True when a long call should let others in: an interrupt is pending. */
static inline bool
sys_interrupted(void)
{
	return arch_is_pending();
}

/* The capability a handle of the caller names, of a type and with rights: 0 and *c, or E_HANDLE
 * E_TYPE E_RIGHTS. Tree lock. */
int sys_cap(const struct env *e, exo_handle handle, uint32_t type, uint64_t rights, struct cap **c);

/* bind and unbind of a line, see irq.c. Tree lock. */
int sys_bind_irq(struct env *e, exo_handle irq, uint64_t bit);
int sys_unbind_irq(struct env *e, exo_handle irq);
/* of positions on a timeline, see slot.c. Tree lock */
int sys_bind_slot(struct env *e, exo_handle env, exo_handle slot, uint64_t flags);
int sys_unbind_slot(struct env *e, exo_handle slot);
/* of a wake-up predicate of e, see code.c. Tree lock. */
int sys_bind_predicate(struct env *e, exo_handle memory, exo_handle code, uint64_t place);
struct program;
/* A program that is ready to run, of this class or, with 0, of any: 0, or an error of sys_cap,
 * E_POOL E_REVOKED E_STATE E_INVAL (its class). Tree lock. */
int sys_program(struct env *e, exo_handle code, uint32_t code_class, struct cap **c,
		struct program **p);
/* of a program, see code.c. Tree lock */
int sys_unbind_code(struct env *e, exo_handle code);
/* The ENV a handle names. Tree lock. */
static inline int
sys_env(struct env *e, exo_handle handle, uint64_t rights, struct env **target)
{
	struct cap *c;
	int error = sys_cap(e, handle, EXO_CAP_ENV, rights, &c);

	if (!error) {
		*target = arch_ram(c->start << PAGE_SHIFT);
	}
	return error;
}

#endif
