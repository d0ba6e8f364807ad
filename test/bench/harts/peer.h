/* SPDX-License-Identifier: MIT
 * peer.h: who answers on each hart, and a call of it between markers.
 */
#ifndef TEST_BENCH_HARTS_PEER_H
#define TEST_BENCH_HARTS_PEER_H

#include <stdint.h>

extern const char hart_peer_code[], hart_peer_code_end[];
void call_bare_4h(uint64_t env);

#endif
