/* SPDX-License-Identifier: MIT
 * sys_players.h: init of a world of system calls, and how it makes the players.
 */
#ifndef TEST_MODEL_SYS_PLAYERS_H
#define TEST_MODEL_SYS_PLAYERS_H

#include <exo/sysinfo.h>
#include "test/model/sys_world.h"

/* By init's own calls, before the first sequence; then init sleeps until event 0. */
void players_make(void);
/* What the kernel told init. */
const struct exo_boot *players_boot(void);
/* init takes everything back that stems from a capability. */
void players_revoke(exo_handle h);

/* sys_world.c: init calls; the result. */
int64_t world_init_call(uint32_t nr, const uint64_t arguments[7]);

#endif
