/* SPDX-License-Identifier: MIT
 * upcall.h: handle the program's own exceptions (page faults, illegal instructions, ecall with a
 * foreign number, ...) and events as they come.
 *
 * Without a handler an exception stops the environment and its supervisor is told. With one, the
 * kernel enters it with gp = the u-area and all other registers intact, and it returns without
 * the kernel: restore all but gp; sd x0, EXO_U_CAUSE(gp); then the two instructions `ld gp,
 * EXO_U_PC(gp); jr gp`, the *window*: cause is clear but gp is not yet done with, so the kernel
 * delivers nothing asynchronous while pc is in it. Both are 4 bytes long. So gp has no meaning in
 * programs: it changes at every exception. While a handler runs, `cause` is not 0 and a further
 * exception goes to the supervisor.
 */
#ifndef LIB_EXO_UPCALL_H
#define LIB_EXO_UPCALL_H

#include <exo/uarea.h>

#define EXO_FAULT_BYTES 288 /* sizeof(struct exo_fault) */

#define EXO_CALL_RESUME -18

/* What the library keeps in its part of the u-area. */
#define EXO_UL_STACK         (EXO_U_LIBRARY + 0)   /* end of the exception stack */
#define EXO_UL_HANDLER       (EXO_U_LIBRARY + 8)   /* the C function that the entry code calls */
#define EXO_UL_FP            (EXO_U_LIBRARY + 16)  /* not 0: save floating-point registers */
#define EXO_UL_SP            (EXO_U_LIBRARY + 24)  /* for the entry code */
#define EXO_UL_CLIENT        (EXO_U_LIBRARY + 32)  /* the handler given to exo_on_exception */
#define EXO_UL_EVENT_STACK   (EXO_U_LIBRARY + 40)  /* end of the event stack */
#define EXO_UL_EVENT_HANDLER (EXO_U_LIBRARY + 48)  /* the C function that its entry code calls */
#define EXO_UL_EVENT_CLIENT  (EXO_U_LIBRARY + 96)  /* the handler given to exo_on_event */
#define EXO_UL_BEGIN_CLIENT  (EXO_U_LIBRARY + 104) /* those given to exo_on_slice */
#define EXO_UL_END_CLIENT    (EXO_U_LIBRARY + 112)
#define EXO_UL_FRAMES        (EXO_U_LIBRARY + 120) /* FRAMEs of the two stacks */
#define EXO_UL_EVENT_FRAMES  (EXO_U_LIBRARY + 128)

#ifndef __ASSEMBLER__
#include <stdint.h>

/* RISC-V privileged specification, table of scause values, as far as programs meet them. */
enum exo_cause {
	EXO_CAUSE_FETCH_MISALIGNED = 0,
	EXO_CAUSE_FETCH_ACCESS = 1,
	EXO_CAUSE_ILLEGAL = 2,
	EXO_CAUSE_BREAKPOINT = 3,
	EXO_CAUSE_LOAD_ACCESS = 5,
	EXO_CAUSE_STORE_ACCESS = 7,
	EXO_CAUSE_ECALL = 8,
	EXO_CAUSE_FETCH_PAGE = 12,
	EXO_CAUSE_LOAD_PAGE = 13,
	EXO_CAUSE_STORE_PAGE = 15,
};

struct exo_fault {
	uint64_t cause; /* enum exo_cause; 0 cannot be told from "none" and is never delivered */
	uint64_t pc;    /* where to go on: the handler may change it */
	uint64_t tval;
	uint64_t reserved;
	uint64_t x[32]; /* changes take effect, but those of x[0] and x[3] (gp) are lost */
};
_Static_assert(sizeof(struct exo_fault) == EXO_FAULT_BYTES, "exception frame");

/* Calls `handler` on a stack of its own at each exception of the calling environment from now on.
 * It returns 0: go on at fault->pc with fault->x; otherwise the exception is not its own: it
 * happens again without a handler, which tells the supervisor. It may call anything that cannot
 * itself fault. A null handler unregisters. 0, E_NOSPACE, or what exo_env_entry says. */
int exo_on_exception(int (*handler)(struct exo_fault *fault));

/* Calls `handler` with the bits at once when an event in `mask` is raised, wherever the calling
 * environment is, from now on; those bits are no longer pending then. It runs on a stack of its own
 * with further upcalls held back until it returns; it may fault. A sleep that it interrupts returns
 * 0. A null handler unregisters: then events wait for a sleep. 0, E_NOSPACE, or what exo_env_entry
 * says. */
int exo_on_event(uint64_t mask, void (*handler)(uint64_t events));

/* Calls `handler` in the same way when a slice in the environment's own slots begins
 * (EXO_ENTRY_BEGIN; not after one that was cut), or will end soon (EXO_ENTRY_END; it then saves
 * what it wants and yields, or owes time). A null handler unregisters. 0, E_INVAL, E_NOSPACE, or
 * what exo_env_entry says. */
int exo_on_slice(enum exo_entry which, void (*handler)(void));

/* Give back the stacks of an environment of this space that runs no more; `uarea` is still mapped.
 */
void exo_upcall_end(uint64_t uarea);

/* A critical section: no event handler runs between the two; they nest. Release gets what hold
 * returned. What came meanwhile is handled before release returns. */
uint64_t exo_events_hold(void);
void exo_events_release(uint64_t held);

/* The length in bytes of the instruction at `pc`, which must be readable: to step over it. */
uint64_t exo_instruction_bytes(uint64_t pc);

/* A complete handler in eight instructions that steps over a faulting 4-byte instruction, as
 * pattern for others and for measurements: exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION,
 * (uint64_t)exo_skip_entry, (uint64_t)exo_skip_window). */
void exo_skip_entry(void);
void exo_skip_window(void);

/* The general entries behind exo_on_exception and exo_on_event. */
void exo_exception_entry(void);
void exo_exception_window(void);
void exo_event_entry(void);
#endif
#endif
