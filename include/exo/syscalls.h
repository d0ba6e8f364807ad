/* SPDX-License-Identifier: MIT
 * syscalls.h: the numbers of the system calls, EXO_NR_name, from <exo/syscalls.def>.
 */
#ifndef EXO_SYSCALLS_H
#define EXO_SYSCALLS_H

#include <exo/atom.h>
#include <exo/code.h>
#include <exo/detail.h>
#include <exo/errors.h>
#include <exo/ring.h>
#include <exo/types.h>

#define EXO_CALLS_MAX     64
#define EXO_CONSOLE_BYTES 256 /* of a console_write: it takes no more at once */
#define EXO_PEEK_BYTES    256 /* of an env_peek, an env_poke */

#define SYSCALL(nr, name) EXO_NR_##name = (nr),
enum exo_call_number {
#include <exo/syscalls.def>
};

#endif
