/* SPDX-License-Identifier: MIT
 * frame.h: what the trap code keeps of an environment, and where: once for assembly, once for C,
 * tied by assertions.
 *
 * An environment is a pair of frames: private half (kern's struct env, whose last 1024 bytes are
 * struct arch_env), then the u-area. In the kernel tp points between the two, in user mode
 * sscratch does:
 *
 *   tp - 4096          tp - 1024            tp              tp + 4096
 *   | kern's own state | struct arch_env    | u-area        |
 *                        x0=pc x1..x31 f0..f31 ... hot words
 */
#ifndef ARCH_RISCV_FRAME_H
#define ARCH_RISCV_FRAME_H

/* Memory layout of the upper half (Sv39). */
#define KERNEL_BASE 0xffffffff80000000 /* the image */
#define DIRECT_BASE                                                                                \
	0xffffffc000000000 /* all RAM, from the first byte of its first GiB, 16 GiB of it */
#define DIRECT_GIB          16
#define STACKS_BASE         0xffffffff00000000 /* per hart: guard page, stack */
#define MMIO_BASE           0xfffffffe00000000 /* device registers */
#define KERNEL_STACK_PAGES  4
#define KERNEL_STACK_STRIDE 0x8000

/* Offsets from tp. */
#define ARCH_ENV_BYTES 1024
#define A_X(n)         (-1024 + 8 * (n)) /* x0's place holds pc */
#define A_F(n)         (-768 + 8 * (n))
#define A_FCSR         (-512)
#define A_HANDLER      (-8)  /* exception entry point, 0: none */
#define A_UAREA        (-16) /* user address of the u-area */
#define A_TABLE        (-24) /* end of the call table: entry of call nr stands nr entries below */
#define A_STACK        (-32) /* top of the kernel stack of the hart */
#define A_VEC_USER     (-40)
#define A_VEC_KERNEL   (-48)
#define A_SATP         (-56)
/* Of control transfer, see transfer.S. tp of another environment, or 0: */
#define A_BACK         (-64)  /* whom `reply` resumes by the short way */
#define A_CALLEE       (-72)  /* who serves its call */
#define A_OPEN         (-80)  /* its token while it can be called by the short way, else 0 */
#define A_TOKEN        (-88)  /* the same for those that can call each other by the short way */
#define A_LEFT         (-96)  /* how many more calls can be made below it by the short way */
#define A_ENTRY        (-104) /* where calls enter */
#define A_SLOTS        (-112) /* root of its capability space */
#define A_RAM          (-120) /* physical address -> tp of the environment there */
#define A_TURN         (-128) /* address of where its hart keeps the tp of whose turn it is */
#define A_FS           (-136) /* SSTATUS_FS if it has floating point, else 0 */
#define A_PLAIN        (-144) /* equal for those that pass on turns by short ways, or NOT_PLAIN */
#define A_RESTED       (-152) /* the same while it can be yielded to by the short way, else 0 */
#define A_NAP          (-160) /* the same while it sleeps and can be notified by it, else 0 */
/* Of struct env (kern/env.h): */
#define A_WAIT_MASK (-1432) /* events that it sleeps for */
#define A_EVENTS    (-1248)
#define A_SLEEPING  (-1232) /* 32 bits */
/* Of struct hart (kern/hart.h), from where A_TURN points: */
#define TURN_SEEN   8
#define TURN_NAPPED 16 /* not 0: turns were passed on by notices since then */

/* What transfer.S knows of capability slots and their roots (kern/cap.h). */
#define SLOT_WORD      0 /* generation in the upper half; rights and type in the lower one */
#define SLOT_START     8
#define SLOT_BADGE     24
#define SLOT_LEAVES    504   /* of a root */
#define SLOT_CALL      0x108 /* type ENV with the right CALL, */
#define SLOT_CALL_MASK 0x11f /* under this mask */
#define SLOT_YIELD     0x408 /* the right YIELD */
#define SLOT_YIELD_MASK 0x41f
#define SLOT_NOTIFY     0x608 /* the rights SIGNAL and YIELD */
#define SLOT_NOTIFY_MASK 0x61f
#define NOT_PLAIN      1 /* is no token */

/* Numbers of the calls that transfer control (syscalls.def). */
#define CALL_FIRST_TRANSFER 60 /* of those that begin in transfer.S */
#define CALL_NOTIFY         60
#define CALL_YIELD          61
#define CALL_SEND           62
#define CALL_REPLY          63
#define CALL_CALL           64

/* Second result register of a call handler: what the trap code does next. */
#define ACTION_RETURN      0 /* a0 is the result */
#define ACTION_RETURN2     1 /* and `second` goes to a1 */
#define ACTION_RESTART     2 /* a0..a6 of the context, pc unmoved */
#define ACTION_LONG        3 /* a0 is the result, but others are looked at first */
#define ACTION_SLEPT       4 /* the result comes when it wakes */
#define ACTION_EXIT        5 /* it ends; a0 is the status */

#define E_STATE_VALUE      (-22) /* E_STATE, for assembly */

#define SSTATUS_SIE        0x2
#define SSTATUS_SPP        0x100
#define SSTATUS_SUM        0x40000
#define SSTATUS_FS         0x6000
#define SSTATUS_FS_INITIAL 0x2000
#define SSTATUS_FS_CLEAN   0x4000
#define SSTATUS_UXL_64     0x200000000 /* and nothing else: all off */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct arch_env {
	uint64_t x[32]; /* x[0] is pc */
	uint64_t f[32];
	uint64_t fcsr;
	uint64_t fp;      /* 1: has floating point */
	uint64_t second;  /* second result of a call */
	uint64_t window;  /* return window of the exception handler */
	uint64_t fp_at;   /* stack of the hart whose registers hold its f, if that says so too */
	uint64_t float_used; /* of one that has it, 1: its f may be other than 0 */
	uint64_t spare[38];
	uint64_t nap; /* of control transfer, see above */
	uint64_t rested;
	uint64_t plain;
	uint64_t fs;
	uint64_t turn;
	uint64_t ram;
	uint64_t slots;
	uint64_t entry;
	uint64_t left;
	uint64_t token;
	uint64_t open;
	uint64_t callee;
	uint64_t back;
	uint64_t satp;
	uint64_t vec_kernel;
	uint64_t vec_user;
	uint64_t stack;
	uint64_t table;
	uint64_t uarea;
	uint64_t handler;
};

/* Its f may be other than 0 from now on: it neither gets nor passes on a turn by a short way. */
static inline void
arch_fp_used(struct arch_env *a)
{
	a->float_used = 1;
	a->plain = NOT_PLAIN;
	a->rested = 0;
	a->nap = 0;
}

_Static_assert(sizeof(struct arch_env) == ARCH_ENV_BYTES, "arch_env size");
_Static_assert((long)offsetof(struct arch_env, f) - ARCH_ENV_BYTES == A_F(0), "arch_env f");
_Static_assert((long)offsetof(struct arch_env, fcsr) - ARCH_ENV_BYTES == A_FCSR, "arch_env fcsr");
_Static_assert((long)offsetof(struct arch_env, satp) - ARCH_ENV_BYTES == A_SATP, "arch_env satp");
_Static_assert((long)offsetof(struct arch_env, back) - ARCH_ENV_BYTES == A_BACK, "arch_env back");
_Static_assert((long)offsetof(struct arch_env, callee) - ARCH_ENV_BYTES == A_CALLEE,
	       "arch_env callee");
_Static_assert((long)offsetof(struct arch_env, open) - ARCH_ENV_BYTES == A_OPEN, "arch_env open");
_Static_assert((long)offsetof(struct arch_env, token) - ARCH_ENV_BYTES == A_TOKEN,
	       "arch_env token");
_Static_assert((long)offsetof(struct arch_env, left) - ARCH_ENV_BYTES == A_LEFT, "arch_env left");
_Static_assert((long)offsetof(struct arch_env, entry) - ARCH_ENV_BYTES == A_ENTRY,
	       "arch_env entry");
_Static_assert((long)offsetof(struct arch_env, slots) - ARCH_ENV_BYTES == A_SLOTS,
	       "arch_env slots");
_Static_assert((long)offsetof(struct arch_env, ram) - ARCH_ENV_BYTES == A_RAM, "arch_env ram");
_Static_assert((long)offsetof(struct arch_env, turn) - ARCH_ENV_BYTES == A_TURN, "arch_env turn");
_Static_assert((long)offsetof(struct arch_env, plain) - ARCH_ENV_BYTES == A_PLAIN,
	       "arch_env plain");
_Static_assert((long)offsetof(struct arch_env, rested) - ARCH_ENV_BYTES == A_RESTED,
	       "arch_env rested");
_Static_assert((long)offsetof(struct arch_env, nap) - ARCH_ENV_BYTES == A_NAP, "arch_env nap");
_Static_assert((long)offsetof(struct arch_env, fs) - ARCH_ENV_BYTES == A_FS, "arch_env fs");
_Static_assert((long)offsetof(struct arch_env, vec_kernel) - ARCH_ENV_BYTES == A_VEC_KERNEL,
	       "arch_env vec_kernel");
_Static_assert((long)offsetof(struct arch_env, vec_user) - ARCH_ENV_BYTES == A_VEC_USER,
	       "arch_env vec_user");
_Static_assert((long)offsetof(struct arch_env, stack) - ARCH_ENV_BYTES == A_STACK,
	       "arch_env stack");
_Static_assert((long)offsetof(struct arch_env, table) - ARCH_ENV_BYTES == A_TABLE,
	       "arch_env table");
_Static_assert((long)offsetof(struct arch_env, uarea) - ARCH_ENV_BYTES == A_UAREA,
	       "arch_env uarea");
_Static_assert((long)offsetof(struct arch_env, handler) - ARCH_ENV_BYTES == A_HANDLER,
	       "arch_env handler");
#endif
#endif
