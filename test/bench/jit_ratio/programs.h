/* SPDX-License-Identifier: MIT
 * programs.h: the programs of test/bpf that are measured, for C and assembly, and the bytes of
 * input that each has.
 */
#ifndef TEST_BENCH_JIT_RATIO_PROGRAMS_H
#define TEST_BENCH_JIT_RATIO_PROGRAMS_H

/* clang-format off */
#define PROGRAMS(X) \
	X(bits, 96) \
	X(checksum, 64) \
	X(compare, 64) \
	X(copy, 192) \
	X(extents, 256) \
	X(hash, 40) \
	X(header, 64) \
	X(parse, 96) \
	X(search, 32) \
	X(sort, 32)
/* clang-format on */

#endif
