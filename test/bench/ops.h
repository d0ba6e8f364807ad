/* SPDX-License-Identifier: MIT
 * ops.h: marker ids of the benchmark programs, for C, assembly and (by reading this file)
 * scripts/bench.py.
 *
 * A marker is `slti x0, x0, N`: a HINT that every RISC-V hart executes as nothing, in every mode.
 * Operation N begins at marker 2 * N and ends at 2 * N + 1. Ids below 0x400 only: the immediate is
 * 12 bits, signed.
 */
#ifndef TEST_BENCH_OPS_H
#define TEST_BENCH_OPS_H

#define MARK_FLUSH 0x7ff

#ifdef __ASSEMBLER__
#define MARK(n) slti x0, x0, n
#else
#define MARK(n) __asm__ volatile("slti x0, x0, %0" : : "i"(n) : "memory")
#endif
#define BEGIN(op) MARK(2 * (op))
#define END(op)   MARK(2 * (op) + 1)

/* One line per operation: scripts/bench.py takes names and numbers from here. */
#define OP_EMPTY            1
#define OP_NULL_CALL        2
#define OP_EXC_TO_HANDLER   3
#define OP_EXC_RESUME       4
#define OP_TRAP_UNPROT      5
#define OP_PROT1            6
#define OP_PROT100          7
#define OP_MAP1             8
#define OP_MAP100           9
#define OP_FRAME_CLEAR      10
#define OP_CARVE_DROP_10    11
#define OP_RAW_READ_4K      12
#define OP_RX_PACED         13
#define OP_APPEL1           14
#define OP_APPEL2           15
#define OP_ENV_CYCLE_16P    16
#define OP_NULL_CALL_4H     17
#define OP_FORK_TOUCH_1M    18
#define OP_FORK_TOUCH_64M   19
#define OP_CARVE_DROP_10000 20
#define OP_IRQ_TO_USER      21
#define OP_UDP_ECHO_RING    22
#define OP_TRANSFER_BARE    30
#define OP_TRANSFER_SAVED   31
#define OP_YIELD_PAIR       32
#define OP_NOTIFY_PAIR      33
#define OP_PIPE_PAIR        34
#define OP_SLICE_SWITCH     35
#define OP_TRANSFER_BARE_4H 36
#define OP_INTERPRETED      37
#define OP_COMPILED         38
#define OP_RX_BURST32       39
#define OP_CLASSIFY_10      40
#define OP_CLASSIFY_1000    41
#define OP_CLASSIFY_10000   42
#define OP_FILTER_INSERT    43
#define OP_FILTER_REMOVE    44
#define OP_CLASSIFY_NOTHING 45
#define OP_UDP_ECHO_HANDLER 46
#define OP_WAKE             47

#endif
