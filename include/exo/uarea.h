/* SPDX-License-Identifier: MIT
 * uarea.h: the page that an environment shares with the kernel.
 *
 * User data: nothing in it is trusted. The kernel writes the exception area, the asynchronous area,
 * the ask records and the repossession vector; everything else belongs to the library.
 * An exception is delivered only while `cause` is 0; it enters the handler with gp = address of
 * this page and every other register intact. The handler returns without the kernel: restore all
 * but gp; sd x0, EXO_U_CAUSE(gp); ld gp, EXO_U_PC(gp); jr gp: the last two are the return window.
 * An event upcall enters in the same way, with its own area and `mask` = 1. It is held back, and
 * `pending` set, while `cause` or `mask` is not 0 or pc is in the window. exo_resume returns: it
 * loads pc, gp, t0 and a7 from the exception area if `cause` is set, else from the asynchronous
 * one, and clears that word. Whoever clears `mask` himself looks at `pending` afterwards: if set,
 * he clears it and calls exo_sleep(0, 0), which delivers.
 */
#ifndef EXO_UAREA_H
#define EXO_UAREA_H

#define EXO_U_CAUSE   0
#define EXO_U_PC      8
#define EXO_U_TVAL    16
#define EXO_U_GP      24
#define EXO_U_T0      32
#define EXO_U_A7      40
#define EXO_U_CALL_DEADLINE 48
#define EXO_U_MASK    64
#define EXO_U_PENDING 72
#define EXO_U_ASYNC_PC 80
#define EXO_U_ASYNC_GP 88
#define EXO_U_ASYNC_T0 96
#define EXO_U_ASYNC_A7 104
#define EXO_U_EVENTS  120
#define EXO_U_LIBRARY 1536 /* 512 bytes of it are within reach of a 12-bit offset from gp */

#ifndef __ASSEMBLER__
#include <exo/types.h>

#define EXO_ASKS          8
#define EXO_REPOSSESSIONS 32

struct exo_ask {
	exo_handle handle; /* the capability that somebody wants back, 0 = free record; the library
			      clears it */
	uint64_t start;
	uint64_t count;
	uint64_t deadline;
};

struct exo_repossession {
	exo_handle handle; /* what is gone */
	uint64_t start;
	uint64_t count;
};

struct exo_uarea {
	uint64_t cause; /* exception save area; non-zero = busy */
	uint64_t pc;
	uint64_t tval;
	uint64_t gp;
	uint64_t t0; /* exo_resume restores t0 and a7 from here */
	uint64_t a7;
	uint64_t call_deadline; /* of its calls, absolute; 0: they wait */
	uint64_t reserved0;
	uint64_t mask;    /* asynchronous save area; non-zero = no upcall */
	uint64_t pending; /* non-zero: one was held back */
	uint64_t async_pc;
	uint64_t async_gp;
	uint64_t async_t0;
	uint64_t async_a7;
	uint64_t async_what;   /* enum exo_upcall */
	uint64_t async_events; /* the events that caused it; they are not pending any more */
	struct exo_ask asks[EXO_ASKS];
	uint64_t repossessed;          /* how many since the library last set it to 0 */
	uint64_t repossessed_overflow; /* not 0: some are missing below */
	struct exo_repossession repossessions[EXO_REPOSSESSIONS];
	uint8_t reserved2[EXO_U_LIBRARY - 128 - EXO_ASKS * 32 - 16 - EXO_REPOSSESSIONS * 24];
	uint8_t library[EXO_PAGE_SIZE - EXO_U_LIBRARY]; /* the library's own */
};

_Static_assert(offsetof(struct exo_uarea, cause) == EXO_U_CAUSE, "u-area layout");
_Static_assert(offsetof(struct exo_uarea, gp) == EXO_U_GP, "u-area layout");
_Static_assert(offsetof(struct exo_uarea, a7) == EXO_U_A7, "u-area layout");
_Static_assert(offsetof(struct exo_uarea, call_deadline) == EXO_U_CALL_DEADLINE,
	       "u-area layout");
_Static_assert(offsetof(struct exo_uarea, mask) == EXO_U_MASK, "u-area layout");
_Static_assert(offsetof(struct exo_uarea, pending) == EXO_U_PENDING, "u-area layout");
_Static_assert(offsetof(struct exo_uarea, async_pc) == EXO_U_ASYNC_PC, "u-area layout");
_Static_assert(offsetof(struct exo_uarea, async_a7) == EXO_U_ASYNC_A7, "u-area layout");
_Static_assert(offsetof(struct exo_uarea, async_events) == EXO_U_EVENTS, "u-area layout");
_Static_assert(offsetof(struct exo_uarea, library) == EXO_U_LIBRARY, "u-area layout");
_Static_assert(sizeof(struct exo_uarea) == EXO_PAGE_SIZE, "u-area layout");
#endif
#endif
