/* SPDX-License-Identifier: MIT
 * engines.c: one program of downloaded code, run by both engines, which must agree.
 */
#include "test/model/engines.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <exo/errors.h>
#include "lib/base/bpf.h"

#define SPACE       (EXO_CODE_STACK_MAX + 64) /* for a region, and poison around it */
#define STACK_BYTES 512                       /* of the C stack */
#define PER_FUEL    1                         /* machine instructions, and */
#define PER_RUN     70

/* The memory of a run: side 0 is the interpreter's, 1 what was compiled has. */
static struct {
	_Alignas(16) uint8_t space[2][EXO_REGIONS][SPACE];
	_Alignas(16) uint8_t stack[STACK_BYTES];
} memory;

/* What the helper sees of a run. */
struct seen {
	uint64_t calls;
	uint64_t number;
};

struct shape {
	uint32_t bytes[EXO_REGIONS];
	uint32_t skew[EXO_REGIONS]; /* from a multiple of 8 */
};

static uint64_t
mix(uint64_t a, uint64_t b)
{
	return (a ^ b) * 0x9e3779b97f4a7c15 + (a >> 29);
}

/* Fails now and then, takes fuel, writes into a region, shortens one. Its result tells nothing of
 * an address. */
static int
helper(struct code_run *run, uint32_t nr, uint64_t *result)
{
	struct seen *seen = run->context;
	uint8_t *to = code_span(run->store, run->argument[0], 1);

	seen->calls = mix(seen->calls, nr);
	for (int n = 0; n < 5; n++) {
		seen->calls = mix(seen->calls, run->argument[n]);
	}
	seen->calls = mix(seen->calls, (uint64_t)run->fuel);
	if (to) {
		*to ^= 0x5a;
	}
	if (run->load[EXO_REGION_INPUT].end) {
		run->load[EXO_REGION_INPUT].end--;
	}
	if (run->argument[1] % 16 == 1 && code_charge(run, run->argument[2] & 63)) {
		return E_LIMIT;
	}
	if (run->argument[1] % 64 != 2) { /* else r0 stays as it is */
		*result = mix(run->argument[3], ++seen->number);
	}
	return run->argument[1] % 64 == 3 ? E_RANGE : 0;
}

static void
set_regions(struct code_run *run, const struct shape *shape, int side)
{
	for (uint32_t n = EXO_REGION_INPUT; n < EXO_REGIONS - 1; n++) {
		uint8_t *start = memory.space[side][n] + 16 + shape->skew[n];
		bool is_written = n == EXO_REGION_STATE || n == EXO_REGION_REPLY;

		code_run_region(run, n, start, shape->bytes[n], is_written);
		ASAN_UNPOISON_MEMORY_REGION(start, shape->bytes[n]);
	}
}

/* Arguments are what classes give: region, bytes, region, bytes, region. */
static void
begin(struct engines *e, struct code_run *run, const struct shape *shape, int side,
      struct seen *seen)
{
	uint8_t *stack = memory.space[side][EXO_REGION_STACK] + 16;

	ASAN_UNPOISON_MEMORY_REGION(stack, e->program->stack_bytes);
	code_run_begin(run, e->program, stack);
	run->fuel = e->fuel;
	run->argument[0] = (uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT;
	run->argument[1] = shape->bytes[EXO_REGION_INPUT];
	run->argument[2] = (uint64_t)EXO_REGION_STATE << EXO_REGION_SHIFT;
	run->argument[3] = shape->bytes[EXO_REGION_STATE];
	run->argument[4] = (uint64_t)EXO_REGION_REPLY << EXO_REGION_SHIFT;
	run->helper = helper;
	run->context = seen;
}

static void
note(struct engines_outcome *o, int error, const struct code_run *run, const struct seen *seen)
{
	o->error = error;
	o->fuel = run->fuel;
	o->result = run->result;
	o->calls = seen->calls;
	memcpy(o->argument, run->argument, sizeof(o->argument));
}

/* What is not kept over a call gets a value that nobody expects. */
static void
call_host(struct rv64 *m, struct code_run *run)
{
	static const uint8_t lost[] = {5, 6, 7, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31};
	uint64_t result = (uint64_t)(int64_t)run->helper(run, (uint32_t)m->x[11],
							 (uint64_t *)(uintptr_t)m->x[12]);

	for (unsigned n = 0; n < sizeof(lost); n++) {
		m->x[lost[n]] = 0xdead000000000000u + n;
	}
	m->x[10] = result;
	m->pc = m->x[1];
}

static bool
host(struct rv64 *m)
{
	struct code_run *run = m->context;

	/* On the host a function may have an odd address, of which jalr drops the lowest bit. */
	if (m->pc != ((uintptr_t)run->helper & ~1ul) || m->x[10] != (uintptr_t)run ||
	    m->x[2] % 16) {
		return false;
	}
	call_host(m, run);
	return true;
}

/* Registers that the code does not own. */
static const uint8_t kept[] = {2, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31};

static const char *
check_kept(const struct rv64 *m, bool has_calls)
{
	for (unsigned n = 0; n < sizeof(kept); n++) {
		bool is_lost = kept[n] > 28 && has_calls;

		if (kept[n] != 2 && !is_lost && m->x[kept[n]] != 0xabcd00u + kept[n]) {
			return "a register of the caller has changed";
		}
	}
	return m->x[2] == (uintptr_t)memory.stack + STACK_BYTES ? NULL : "sp has changed";
}

/* What the program may reach, and what its code needs beside that. */
static void
set_ranges(struct rv64 *m, const struct engines *e, const struct code_run *run)
{
	for (uint32_t n = 0; n < EXO_REGIONS; n++) {
		const struct code_region *r = &run->load[n];
		uint64_t first = (uint64_t)n << EXO_REGION_SHIFT;

		if (r->end) {
			rv64_range(m, (void *)(uintptr_t)(r->base + first), r->end - first,
				   run->store[n].end != 0);
		}
	}
	rv64_range(m, run, sizeof(*run), true);
	rv64_range(m, e->pool, e->jit.pooled * sizeof(*e->pool), false);
	rv64_range(m, memory.stack, STACK_BYTES, true);
}

const char *
engines_call(struct engines *e, struct code_run *run, int *error)
{
	struct rv64 m = {.code = e->code, .words = e->jit.words, .host = host, .context = run};

	set_ranges(&m, e, run);
	for (unsigned n = 0; n < 32; n++) {
		m.x[n] = n ? 0xabcd00u + n : 0;
	}
	m.x[1] = RV64_RETURN;
	m.x[2] = (uintptr_t)memory.stack + STACK_BYTES;
	m.x[10] = (uintptr_t)run;
	m.x[11] = (uintptr_t)e->pool;
	m.pc = (uintptr_t)e->code;
	if (!rv64_run(&m, 1u << 20)) {
		return m.error;
	}
	e->executed = m.executed;
	*error = (int)m.x[10];
	return check_kept(&m, e->jit.has_calls);
}

static const char *
run_compiled(struct engines *e, const struct shape *shape)
{
	static struct code_run run;
	struct seen seen = {0, 0};
	const char *failure;
	int error = 0;

	begin(e, &run, shape, 1, &seen);
	set_regions(&run, shape, 1);
	failure = engines_call(e, &run, &error);
	note(&e->compiled, error, &run, &seen);
	return failure;
}

static void
run_interpreted(struct engines *e, const struct shape *shape)
{
	static struct code_run run;
	struct seen seen = {0, 0};
	int error;

	begin(e, &run, shape, 0, &seen);
	set_regions(&run, shape, 0);
	error = code_interpret(e->program, &run);
	note(&e->interpreted, error, &run, &seen);
}

/* Both sides get the same contents in new regions; all around is poisoned. */
static void
draw_shape(struct shape *shape, engines_draw *draw, void *from)
{
	static const uint8_t sizes[] = {64, 0, 1, 7, 8, 9, 14, 60, 128, 255};

	for (uint32_t n = 0; n < EXO_REGIONS; n++) {
		shape->bytes[n] = draw(from, 4) ? 128 : sizes[draw(from, sizeof(sizes))];
		shape->skew[n] = draw(from, 4) ? 0 : (uint32_t)draw(from, 8);
	}
}

static void
fill(uint8_t seed)
{
	ASAN_UNPOISON_MEMORY_REGION(memory.space, sizeof(memory.space));
	for (uint32_t n = 0; n < EXO_REGIONS * SPACE; n++) {
		memory.space[0][n / SPACE][n % SPACE] = (uint8_t)(n * 37 + n / SPACE + seed);
	}
	memcpy(memory.space[1], memory.space[0], sizeof(memory.space[0]));
	memset(memory.stack, 0xee, sizeof(memory.stack));
	ASAN_POISON_MEMORY_REGION(memory.space, sizeof(memory.space));
}

static const char *
compare(const struct engines *e)
{
	const struct engines_outcome *a = &e->interpreted;
	const struct engines_outcome *b = &e->compiled;

	ASAN_UNPOISON_MEMORY_REGION(memory.space, sizeof(memory.space));
	if (a->error != b->error) {
		return "one run ended otherwise";
	}
	if (a->fuel != b->fuel) {
		return "not the same fuel is left";
	}
	if (a->result != b->result) {
		return "the results differ";
	}
	if (memcmp(a->argument, b->argument, sizeof(a->argument)) || a->calls != b->calls) {
		return "the helper has seen something else";
	}
	return memcmp(memory.space[0], memory.space[1], sizeof(memory.space[0]))
		       ? "the memory differs"
		       : NULL;
}

const char *
engines_run(struct engines *e, engines_draw *draw, void *from)
{
	struct shape shape;
	const char *failure;

	draw_shape(&shape, draw, from);
	e->fuel = draw(from, 8) ? code_fuel(e->program->code_class) : (int64_t)draw(from, 64);
	fill((uint8_t)draw(from, 256));
	run_interpreted(e, &shape);
	failure = run_compiled(e, &shape);
	if (failure) {
		return failure;
	}
	if (e->executed > PER_FUEL * (uint64_t)(e->fuel - e->compiled.fuel) + PER_RUN) {
		return "too many machine instructions for the fuel";
	}
	return compare(e);
}

/* Both passes must do the same: instructions begin where the first one said, and no register comes
 * into use that it did not know. */
int
engines_compile(struct engines *e, const struct code_program *p)
{
	struct arch_jit *j = &e->jit;
	uint32_t used = 0;
	int result;

	*j = (struct arch_jit){.insn = p->insn,
			       .cost = p->cost,
			       .insns = p->insns,
			       .stack_bytes = p->stack_bytes,
			       .code_words = ENGINES_CODE_WORDS,
			       .pool_words = ARCH_JIT_POOL_MAX,
			       .code = e->code,
			       .pool = e->pool,
			       .label = e->label};
	while (!(result = arch_jit_step(j, 1))) {
		if (j->pass && !j->at) {
			used = j->used;
		}
		if (j->pass && j->at &&
		    (j->words != j->start + e->label[j->at] || j->used != used)) {
			return E_STATE;
		}
	}
	return result < 0 ? result : j->used == used ? 0 : E_STATE;
}

int
engines_load(struct engines *e, uint32_t code_class, const struct exo_insn *insn, uint32_t insns,
	     uint32_t data_bytes, uint32_t stack_bytes)
{
	struct exo_code head = {EXO_CODE_MAGIC, code_class, insns, data_bytes, stack_bytes, 0};

	free(e->program);
	e->program = code_place(malloc(code_bytes(&head)), &head);
	memcpy(e->program->insn, insn, insns * sizeof(*insn));
	for (uint32_t n = 0; n < data_bytes; n++) {
		e->program->data[n] = (uint8_t)n;
	}
	return code_verify(e->program) ? E_FORMAT : engines_compile(e, e->program);
}

static void
print_outcome(const char *name, const struct engines_outcome *o)
{
	fprintf(stderr, "%s: error %d, fuel %lld, result %#llx\n", name, o->error,
		(long long)o->fuel, (unsigned long long)o->result);
}

void
engines_print(const struct engines *e)
{
	for (uint32_t n = 0; n < e->program->insns; n++) {
		const struct exo_insn *i = &e->program->insn[n];

		fprintf(stderr, "%3u: {0x%02x, 0x%02x, %d, %#x}, cost %u, code at %u\n", n,
			i->opcode, i->registers, i->offset, (unsigned)i->imm, e->program->cost[n],
			e->label[n]);
	}
	for (uint32_t n = 0; n < e->jit.words; n++) {
		fprintf(stderr, ".word 0x%08x\n", e->code[n]);
	}
	print_outcome("interpreted", &e->interpreted);
	print_outcome("compiled", &e->compiled);
}
