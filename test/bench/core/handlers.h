/* SPDX-License-Identifier: MIT
 * handlers.h: what handlers.S and core.c share. The numbers stand here because assembly cannot read
 * enums; core.c checks them.
 */
#ifndef TEST_BENCH_CORE_HANDLERS_H
#define TEST_BENCH_CORE_HANDLERS_H

#define NR_PROTECT 4
#define READ       2
#define READ_WRITE 6
/* Where in the u-area unprotect_handler keeps registers: behind the words of lib/exo. */
#define SAVE (EXO_U_LIBRARY + 128)
/* The page that appel_handler made writable last. */
#define OPEN (SAVE + 112)

#ifndef __ASSEMBLER__
/* Each handler and its return window; they are addresses only, not C functions. */
extern const char arrive_handler[], arrive_window[];
extern const char unprotect_handler[], unprotect_window[];
extern const char appel_handler[], appel_window[];
#endif
#endif
