/* SPDX-License-Identifier: MIT
 * rv64.h: a hart that runs what the compiler of downloaded code makes, on the host.
 *
 * It knows the instructions that the compiler may emit and no others. Addresses are the host's; who
 * accesses memory outside of what he was given, jumps where there is no instruction, or executes an
 * unknown one, has an error.
 */
#ifndef TEST_FAKE_RV64_H
#define TEST_FAKE_RV64_H

#include <stdbool.h>
#include <stdint.h>

#define RV64_RANGES 16
#define RV64_RETURN 0xfffffffffff0ull /* in x1: the end of the run */

struct rv64_range {
	uint64_t start;
	uint64_t bytes;
	bool is_written;
};

struct rv64 {
	uint64_t x[32];
	uint64_t pc;
	uint64_t executed; /* instructions, without those of the host */
	const uint32_t *code;
	uint32_t words;
	uint32_t ranges;
	struct rv64_range range[RV64_RANGES];
	/* pc is outside of the code: do what is there and set pc. False: nothing is there. */
	bool (*host)(struct rv64 *m);
	void *context;
	const char *error;
};

void rv64_range(struct rv64 *m, const void *start, uint64_t bytes, bool is_written);
/* Runs until it returns, at most `limit` instructions. False: m->error is why. */
bool rv64_run(struct rv64 *m, uint64_t limit);

#endif
