/* SPDX-License-Identifier: MIT
 * env_checkpoint.c: a library stops a computing environment, copies its registers and memory, ends
 * it, makes another one on another hart out of the copy, and that one finishes the work.
 *
 * The computation has a space of its own: text and read-only data shared with this program, one
 * stack page. Its state is in integer and floating-point registers and on the stack; every turn
 * takes an exception and now and then an event upcall, so a checkpoint catches it anywhere.
 *
 * boot: init SMP=2
 */
#include <string.h>

#include "test/boot/hostile.h"

#define DONE_BIT    21
#define TURNS       40000ul
#define CHECKPOINTS 6
#define UAREA       (EXO_UAREA_BASE + 0x10000)
#define STACK       (EXO_UAREA_BASE + 0x20000) /* one page */
#define MS          1000000ul

/* What a computation consists of. */
struct task {
	exo_handle env, env_memory;
	exo_handle space, space_memory;
	exo_handle cspace, cspace_memory;
	struct exo_vm vm;
	struct exo_pages stack; /* also mapped at STACK */
	struct exo_uarea *uarea;
};

/* What is kept of it when it is gone. */
struct image {
	struct exo_context context;
	uint8_t stack[EXO_PAGE_SIZE];
	uint8_t uarea[EXO_PAGE_SIZE];
};
