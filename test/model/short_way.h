/* SPDX-License-Identifier: MIT
 * short_way.h: the short ways of arch/riscv/transfer.S once more, in C, on contexts that are saved:
 * so host tests have chains whose links were made by both ways.
 */
#ifndef TEST_MODEL_SHORT_WAY_H
#define TEST_MODEL_SHORT_WAY_H

#include "arch/arch.h"

/* `a` calls a number of transfer.S, its pc at the call. Whose context goes on, with its space in
 * place; NULL: nothing has changed, it has to go the long way. */
struct arch_env *short_way(struct arch_env *a);
/* What trap code does with an interrupt of `a`, as kern_interrupt(). */
struct arch_env *interrupted(struct arch_env *a);
/* If the next trap of `a` is another one's (arch_trap_once), that: whose context goes on; else
 * NULL. */
struct arch_env *trapped_once(struct arch_env *a);
/* What trap code does with a call that `a` has made, its pc behind it: one that transfers control
 * ends here, by either way; of any other, and of those that go on in C like any other, it returns.
 */
void short_way_or_long(struct arch_env *a);

#endif
