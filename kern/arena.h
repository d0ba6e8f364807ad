/* SPDX-License-Identifier: MIT
 * arena.h: downloaded programs: the pages that CODE capabilities name, and what is loaded there.
 */
#ifndef KERN_ARENA_H
#define KERN_ARENA_H

#include "arch/jit.h"
#include "kern/code/program.h"
#include "kern/env.h"
#include "kern/kernel.h"

#define PROGRAM_AGAIN 1

/* Loading goes through these in steps, with the tree lock, which is free between two of them. */
enum program_state {
	PROGRAM_COPY,   /* program_copy() takes the next bytes */
	PROGRAM_VERIFY, /* then program_step() */
	PROGRAM_COMPILE,
	PROGRAM_CLOSE, /* its pages are becoming executable */
	PROGRAM_SEAL,  /* and are; every hart has to execute fence.i */
	PROGRAM_READY,
	PROGRAM_LEAVING, /* those whose predicate it is are being told, a few in each step */
};

/* A program: at the front of the first page of its capability. */
struct program {
	struct use use; /* of the CODE capability; bound while it is here */
	uint32_t first; /* page of the arena */
	uint32_t pages;
	uint32_t state;
	uint32_t copied;     /* bytes behind the head */
	uint32_t code_first; /* page where its machine code begins */
	uint32_t spare;
	struct exo_code head;
	struct code_program *code;
	struct list_node predicates; /* of those whose predicate it is, see predicate.c */
	struct arch_jit jit;
};

/* At boot: pages for the arena, before other harts run. */
void arena_boot(struct kernel *k);

/* How many pages it has. */
uint64_t arena_pages(void);

/* The program that is, or is being, loaded at the first page of CODE capability c; NULL: none. Tree
 * lock, as everywhere here. */
struct program *program_of(const struct cap *c);
/* Loading into c begins: 0, PROGRAM_AGAIN (its pages could be executed before; release the lock
 * with its fence, and once more), E_FORMAT (a size or the class, *refusal says which), E_NOSPACE (c
 * has too few pages), E_BUSY (something is loaded in one of its pages), E_BOUND. */
int program_begin(struct kernel *k, struct cap *c, const struct exo_code *head, uint32_t *refusal);
/* Bytes of instructions and data that it takes in all. */
static inline uint32_t
program_bytes(const struct exo_code *head)
{
	return head->insns * (uint32_t)sizeof(struct exo_insn) + head->data_bytes;
}
/* The next `bytes` of them. */
void program_copy(struct program *p, const uint8_t *from, uint32_t bytes);
/* A bounded step, which may change its state. 0; E_FORMAT or E_NOSPACE: it is refused for
 * p->code->refusal and is not there any more. In PROGRAM_SEAL its caller
 * releases the lock with its fence, makes every hart execute fence.i, and calls program_sealed().
 */
int program_step(struct kernel *k, struct program *p);
static inline void
program_sealed(struct program *p)
{
	p->state = PROGRAM_READY;
}
/* It goes: its capability is revoked, or somebody unbinds it. */
void program_lost(struct use *u);
/* Is anything else bound to the capability that it is loaded in, or is it somebody's predicate? */
bool program_in_use(const struct captree *t, const struct program *p, const struct cap *c);

/* For later; and the program then, NULL: it is not there any more. */
struct program_ref program_refer(const struct program *p);
const struct program *program_get(struct program_ref ref);
/* Runs a program that is ready: *run has been set up. As code_interpret(). */
int program_run(const struct program *p, struct code_run *run);

/* The named invariants: NULL or the one that does not hold. */
const char *arena_check(void);

#endif
