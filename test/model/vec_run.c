/* SPDX-License-Identifier: MIT
 * vec_run.c: runs the cases of test/vectors on the host.
 *
 * A region lies in an arena of its own in the middle of what AddressSanitizer takes for poisoned:
 * an engine that goes past an end by whatever a displacement can be is caught, by reading as well.
 */
#include "test/model/vec_run.h"

#include <glob.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <exo/errors.h>

#define GAP       65536
#define ARENA     (2 * GAP + VEC_MEMORY_MAX)
#define FILE_MAX  (1u << 20)
#define CASE_FILL 0xa5 /* of the arena, where it can be touched */

static _Alignas(16) uint8_t arena[EXO_REGIONS][ARENA];
static char sentence[160];

/* The helpers that a case foretells. */
struct foretold {
	const struct vec_case *c;
	uint32_t done;
	const char *wrong;
};

void *
vec_memory(uint32_t region, uint32_t bytes)
{
	uint8_t *at = arena[region] + GAP;

	ASAN_POISON_MEMORY_REGION(arena[region], ARENA);
	ASAN_UNPOISON_MEMORY_REGION(at, bytes);
	memset(at, CASE_FILL, bytes);
	return at;
}

struct code_program *
vec_program(const struct vec_case *c)
{
	struct exo_code head = {.magic = EXO_CODE_MAGIC,
				.code_class = c->code_class,
				.insns = c->insns,
				.data_bytes = c->bytes[EXO_REGION_DATA],
				.stack_bytes = c->stack_bytes};
	size_t bytes = code_bytes(&head);
	struct code_program *p = bytes ? code_place(malloc(bytes), &head) : NULL;

	if (p) {
		memcpy(p->insn, c->insn, c->insns * sizeof(*c->insn));
		memcpy(p->data, c->memory[EXO_REGION_DATA], head.data_bytes);
	}
	return p;
}

static int
help(struct code_run *run, uint32_t nr, uint64_t *result)
{
	struct foretold *f = run->context;
	const struct vec_call *call = &f->c->call[f->done];

	if (f->done == f->c->calls || call->nr != nr ||
	    memcmp(call->argument, run->argument, sizeof(call->argument))) {
		f->wrong = "it calls another helper, or with other arguments";
		return E_INVAL;
	}
	f->done++;
	*result = call->gives;
	return code_charge(run, call->costs) ? E_LIMIT : call->fails ? E_DENIED : 0;
}

static void
begin(struct code_run *run, const struct code_program *p, const struct vec_case *c)
{
	uint32_t written = 1u << EXO_REGION_STATE | 1u << EXO_REGION_REPLY;

	code_run_begin(run, p, vec_memory(EXO_REGION_STACK, c->stack_bytes));
	for (uint32_t region = EXO_REGION_DATA; region < EXO_REGIONS - 1; region++) {
		void *memory = vec_memory(region, c->bytes[region]);

		memcpy(memory, c->memory[region], c->bytes[region]);
		code_run_region(run, region, memory, c->bytes[region], written >> region & 1);
	}
	memcpy(run->argument, c->argument, sizeof(run->argument));
	run->helper = help;
}

static int
expected_error(const struct vec_case *c)
{
	static const int errors[] = {[VEC_RESULT] = 0,
				     [VEC_FAULTS] = E_FAULT,
				     [VEC_STARVES] = E_LIMIT,
				     [VEC_FAILS] = E_DENIED};

	return errors[c->end];
}

static const char *
judge_memory(const struct vec_case *c)
{
	for (uint32_t n = c->wants_stack ? EXO_REGION_STACK : EXO_REGION_DATA; n < EXO_REGIONS;
	     n++) {
		for (uint32_t i = 0; i < c->bytes[n]; i++) {
			if (arena[n][GAP + i] != c->after[n][i]) {
				snprintf(sentence, sizeof(sentence),
					 "region %u, byte %u is 0x%02x, not 0x%02x", n, i,
					 arena[n][GAP + i], c->after[n][i]);
				return sentence;
			}
		}
	}
	return NULL;
}

static const char *
judge_run(const struct code_program *p, const struct vec_case *c, vec_engine *engine)
{
	struct foretold f = {.c = c};
	struct code_run run;
	int64_t used;
	int error;

	begin(&run, p, c);
	run.context = &f;
	error = engine(p, &run);
	used = code_fuel(c->code_class) - run.fuel;
	if (f.wrong) {
		return f.wrong;
	}
	if (error != expected_error(c) || (!error && run.result != c->result)) {
		snprintf(sentence, sizeof(sentence), "it gives 0x%llx, error %d",
			 error ? 0 : (unsigned long long)run.result, error);
		return sentence;
	}
	if (c->wants_used && used != c->used) {
		snprintf(sentence, sizeof(sentence), "it used %lld of fuel", (long long)used);
		return sentence;
	}
	return f.done == c->calls ? judge_memory(c) : "it does not call all helpers";
}

/* Reason 0: it was not refused. */
static const char *
judge_refusal(const struct code_program *p, const struct vec_case *c)
{
	uint32_t at = p ? p->at : 0;
	uint32_t refusal = p ? p->refusal : EXO_REFUSED_size;

	if (refusal != c->refusal || at != c->refused_at) {
		snprintf(sentence, sizeof(sentence), "refused for reason %u at instruction %u",
			 refusal, at);
		return sentence;
	}
	return NULL;
}

const char *
vec_judge(const struct vec_case *c, vec_engine *engine)
{
	struct code_program *p = vec_program(c);
	const char *wrong;

	if (!p || code_verify(p) || c->end == VEC_REFUSED) {
		wrong = judge_refusal(p, c);
	} else {
		wrong = code_check(p);
		wrong = wrong ? wrong : judge_run(p, c, engine);
	}
	free(p);
	return wrong;
}

static void
fail(const char *file, uint32_t line, const char *why)
{
	fprintf(stderr, "%s:%u: error: %s\n", file, line, why);
	exit(1);
}

static uint32_t
each_in(const char *file, void (*visit)(const char *file, const struct vec_case *c))
{
	static char text[FILE_MAX];
	static struct vec_case c;
	static struct vec v;
	FILE *stream = fopen(file, "r");
	uint32_t runs = 0;
	int more;

	if (!stream) {
		fail(file, 0, "cannot be read");
	}
	vec_open(&v, text, fread(text, 1, sizeof(text), stream));
	fclose(stream);
	while ((more = vec_next(&v, &c)) > 0) {
		visit(file, &c);
		runs++;
	}
	if (more < 0) {
		fail(file, v.line, v.wrong);
	}
	return runs;
}

uint32_t
vec_each(void (*visit)(const char *file, const struct vec_case *c))
{
	glob_t files;
	uint32_t runs = 0;

	if (glob("test/vectors/*.vec", 0, NULL, &files)) {
		fail("test/vectors", 0, "there are no vectors");
	}
	for (size_t i = 0; i < files.gl_pathc; i++) {
		runs += each_in(files.gl_pathv[i], visit);
	}
	globfree(&files);
	return runs;
}
