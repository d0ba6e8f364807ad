/* SPDX-License-Identifier: MIT
 * calls.h: the whole kernel on a fake board, in a host test that makes calls as its `init`, one
 * after another, or as whoever runs there. (sys_world.h is the fuzzer's: many players, set back
 * before each sequence.)
 *
 * links: $(kernel-host-y) test/model/calls.c test/model/short_way.c
 * links: test/fake/board.c test/fake/plic.c; libs: -lfdt
 */
#ifndef TEST_MODEL_CALLS_H
#define TEST_MODEL_CALLS_H

#include <exo/syscalls.h>
#include <exo/sysinfo.h>

#include "kern/env.h"
#include "kern/kernel.h"

/* Start the kernel; what it told init. init gets one leaf of slots more, the second. */
const struct exo_boot *calls_boot(void);
/* init makes a call until it is done: its result, and its second one. CALL(map, address, ...). */
#define CALL(name, ...) calls_call(EXO_NR_##name, (const uint64_t[7]){__VA_ARGS__})
int64_t calls_call(uint32_t nr, const uint64_t arguments[7]);
uint64_t calls_second(void);
/* Who is in user mode, NULL: nobody. It makes a call, with what its registers hold, or goes on with
 * the one that it is in the middle of; in a test that makes several environments. */
struct env *calls_running(void);
void calls_step(uint32_t nr);
bool calls_is_done(const struct env *e);
/* What is pending interrupts once; else whose turn it is is looked at. */
void calls_interrupt(void);
/* If the next trap of the one that runs is not handled as such, that trap: true. */
bool calls_gone_on(void);
/* Interrupts until nothing is pending: of devices, of the timer. */
void calls_settle(void);
/* init's memory for arguments, one page: where it stands for calls. */
#define CALLS_MEMORY (EXO_USER_END - 4096)
/* Copy something there / from there. */
void calls_put(const void *data, size_t bytes);
void calls_get(void *data, size_t bytes);
/* The capability in a slot of init's; the page of RAM with this number. */
struct cap *calls_cap(uint32_t slot);
void *calls_page(uint64_t page);
/* The largest piece of RAM that init holds: the handle. */
exo_handle calls_frames(void);
/* Every invariant of the kernel; ends the test if one does not hold. */
void calls_check(void);

#endif
