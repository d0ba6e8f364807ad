/* SPDX-License-Identifier: MIT
 * common.h: how a benchmark program begins, fails and ends. It runs as init, alone on the machine.
 */
#ifndef TEST_BENCH_COMMON_H
#define TEST_BENCH_COMMON_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/start.h"
#include "test/bench/ops.h"

/* Ends the program unless `result` is non-negative; returns it. */
static inline int64_t
must(const char *what, int64_t result)
{
	if (result < 0) {
		printf("bench: %s: %s: %s\n", what, exo_error_name(result),
		       exo_error_sentence(result));
		fflush(stdout);
		exo_power(exo_start()->console, EXO_POWER_FAIL);
		exit(1);
	}
	return result;
}

/* The interval with nothing in it. */
static inline void
bench_empty(void)
{
	for (int i = 0; i < 20; i++) {
		BEGIN(OP_EMPTY);
		END(OP_EMPTY);
	}
}

/* Says that every interval was measured and switches the machine off. */
static inline int
bench_end(void)
{
	MARK(MARK_FLUSH);
	printf("BENCH DONE\n");
	fflush(stdout);
	must("power", exo_power(exo_start()->console, EXO_POWER_OFF));
	return 0;
}

#endif
