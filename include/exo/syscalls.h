/* SPDX-License-Identifier: MIT
 * syscalls.h: the numbers of the system calls, EXO_NR_name, and the forms that syscalls.def is
 * read in.
 *
 * Readers define SYSCALL0..SYSCALL7 and TRANSFER (arguments in registers of their own)
 * and include <exo/syscalls.def>; so does this file for the
 * numbers.
 */
#ifndef EXO_SYSCALLS_H
#define EXO_SYSCALLS_H

#include <exo/atom.h>
#include <exo/errors.h>
#include <exo/ring.h>
#include <exo/types.h>

#define EXO_CALLS_MAX           64
#define EXO_CONSOLE_BYTES       256 /* of a console_write: it takes no more at once */
#define EXO_PEEK_BYTES          256 /* of an env_peek, an env_poke */

#define SYSCALL0(nr, name, ...) EXO_NR_##name = (nr),
#define TRANSFER(nr, name)      EXO_NR_##name = (nr),
#define SYSCALL1                SYSCALL0
#define SYSCALL2                SYSCALL0
#define SYSCALL3                SYSCALL0
#define SYSCALL4                SYSCALL0
#define SYSCALL5                SYSCALL0
#define SYSCALL6                SYSCALL0
#define SYSCALL7                SYSCALL0
enum exo_call_number {
#include <exo/syscalls.def>
};
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL6
#undef SYSCALL7
#undef TRANSFER

#endif
