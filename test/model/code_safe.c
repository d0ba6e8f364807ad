/* SPDX-License-Identifier: MIT
 * code_safe.c: runs of programs that nobody wrote.
 *
 * What can be seen to go wrong: a touch beside a region, by AddressSanitizer; more fuel than there
 * was, or less than none; an end that has no name; a region that is only read and then differs.
 */
#include "test/model/code_safe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <exo/errors.h>

static uint8_t *memory[EXO_REGIONS];
static uint8_t kept[EXO_CODE_DATA_MAX]; /* the data */
static uint32_t data_bytes_now;

static void
demand(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "error: %s\n", what);
		abort();
	}
}

void
code_safe_memory(uint32_t stack_bytes, const void *data, uint32_t data_bytes)
{
	memory[EXO_REGION_STACK] = vec_memory(EXO_REGION_STACK, stack_bytes);
	memory[EXO_REGION_DATA] = vec_memory(EXO_REGION_DATA, data_bytes);
	memcpy(memory[EXO_REGION_DATA], data, data_bytes);
	memcpy(kept, data, data_bytes);
	data_bytes_now = data_bytes;
	for (uint32_t region = EXO_REGION_INPUT; region < EXO_REGIONS; region++) {
		memory[region] = vec_memory(region, CODE_SAFE_BYTES);
		for (uint32_t i = 0; i < CODE_SAFE_BYTES; i++) {
			memory[region][i] = (uint8_t)(region * 16 + i);
		}
	}
}

/* Charges for its arguments as some do, and writes where they say, as reply and place do. */
static int
help(struct code_run *run, uint32_t nr, uint64_t *result)
{
	uint8_t *at = code_span(run->store, run->argument[0], run->argument[1]);

	demand(nr > 0 && nr < EXO_CODE_HELPERS, "there is no such helper");
	demand(run->fuel >= 0, "there is no fuel left for a helper");
	if (code_charge(run, run->argument[1] & 31)) {
		return E_LIMIT;
	}
	if (at) {
		memset(at, (int)nr, run->argument[1]);
	}
	*result = run->argument[0] + nr;
	return run->argument[2] == 77 ? E_DENIED : 0;
}

static void
begin(struct code_run *run, const struct code_program *p)
{
	code_run_begin(run, p, memory[EXO_REGION_STACK]);
	code_run_region(run, EXO_REGION_DATA, memory[EXO_REGION_DATA], p->data_bytes, false);
	code_run_region(run, EXO_REGION_INPUT, memory[EXO_REGION_INPUT], CODE_SAFE_BYTES, false);
	code_run_region(run, EXO_REGION_STATE, memory[EXO_REGION_STATE], CODE_SAFE_BYTES, true);
	code_run_region(run, EXO_REGION_REPLY, memory[EXO_REGION_REPLY], CODE_SAFE_BYTES, true);
	run->argument[0] = (uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT;
	run->argument[1] = CODE_SAFE_BYTES;
	run->argument[2] = (uint64_t)EXO_REGION_STATE << EXO_REGION_SHIFT;
	run->argument[3] = CODE_SAFE_BYTES;
	run->argument[4] = (uint64_t)EXO_REGION_REPLY << EXO_REGION_SHIFT;
	run->helper = help;
}

void
code_safe_run(const struct code_program *p, vec_engine *engine)
{
	struct code_run run;
	const char *broken = code_check(p);
	int error;

	demand(!broken, broken);
	begin(&run, p);
	error = engine(p, &run);
	demand(!error || error == E_FAULT || error == E_LIMIT || error == E_DENIED,
	       "a run ends in no way that there is");
	demand(run.fuel >= 0 && run.fuel <= code_fuel(p->code_class) - (error == E_LIMIT ? 0 : 1),
	       "fuel is what is left of it, and nothing is for nothing");
	demand(!memcmp(kept, memory[EXO_REGION_DATA], data_bytes_now), "data has been written");
	for (uint32_t i = 0; i < CODE_SAFE_BYTES; i++) {
		demand(memory[EXO_REGION_INPUT][i] == EXO_REGION_INPUT * 16 + i,
		       "input has been written");
	}
}
