/* SPDX-License-Identifier: MIT
 * program.h: what the programs of this folder begin with, which run in the place of kernel code
 * (BPF, see include/exo/code.h): all of them are written as handlers.
 */
#ifndef TEST_CODE_PROGRAM_H
#define TEST_CODE_PROGRAM_H

#include <stdint.h>

/* Registers r1 to r5: pointers name regions. */
uint64_t program(const void *packet, uint64_t bytes, void *state, uint64_t state_bytes,
		 void *reply);

/* The loop is measured as one. */
#define KEEP_LOOP _Pragma("clang loop unroll(disable) vectorize(disable)")

static inline uint16_t
swap16(uint16_t n)
{
	return __builtin_bswap16(n);
}

static inline uint32_t
swap32(uint32_t n)
{
	return __builtin_bswap32(n);
}

#endif
