/* SPDX-License-Identifier: MIT
 * peer.h: the code of the other environment, and what it needs to know that assembly cannot read.
 */
#ifndef TEST_BENCH_TRANSFER_PEER_H
#define TEST_BENCH_TRANSFER_PEER_H

#define NR_NOTIFY 60
#define NR_YIELD  61
#define NR_REPLY  63
#define NR_CALL   64
#define KEPT_SP   1536 /* word of the library's in the u-area */

#ifndef __ASSEMBLER__
#include <stdint.h>

extern const char peer_code[], peer_code_end[];
/* Entries in it. s0 = ENV of the benchmark, for the last two. */
extern const char peer_bare[], peer_saved[], peer_saved_first[], peer_yield[], peer_notify[];
/* Between markers: a call of `env`; the same with all that C keeps saved, sp in the u-area. */
void call_bare(uint64_t env);
void call_saved(uint64_t env, uint64_t uarea);
#endif
#endif
