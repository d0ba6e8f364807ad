/* SPDX-License-Identifier: MIT
 * jit_ratio.c: programs of downloaded code, each interpreted and each compiled, with the same
 * answer (jit_ratio: how many times more instructions the interpreter takes).
 *
 * They are what clang makes of test/bpf/, and execute 100 instructions and more. Both engines are
 * the kernel's own, in user space; between the markers is one run, fuel and checks in.
 */
#include <string.h>

#include "arch/jit.h"
#include "kern/code/program.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"
#include "test/bench/jit_ratio/programs.h"

#define REGION_BYTES 256
#define CODE_PAGES   4
#define SAMPLES      3
/* The dearest instruction of these programs costs 15, most of them 3 or 4, so they execute 100. */
#define FUEL                 8192 /* above any class: long runs, so their ends count less */
#define FUEL_LEAST           800

#define DECLARE(name, bytes) extern const struct exo_insn code_##name[], code_##name##_end[];
PROGRAMS(DECLARE)

static struct {
	_Alignas(8) uint8_t input[REGION_BYTES];
	_Alignas(8) uint8_t state[REGION_BYTES];
	_Alignas(8) uint8_t reply[REGION_BYTES];
	_Alignas(8) uint8_t stack[EXO_CODE_STACK_MAX];
} memory;

static struct {
	struct code_program *program;
	struct arch_jit jit;
	struct exo_pages pages;
	arch_jit_code *call; /* the pages, executable */
	uint64_t pool[ARCH_JIT_POOL_MAX];
	uint16_t label[EXO_CODE_INSNS_MAX + 1];
} compiled;

static void
fill_bits(void)
{
	for (int n = 0; n < REGION_BYTES; n++) {
		memory.input[n] = (uint8_t)(n * 73 + 5);
	}
}

#define fill_checksum fill_bits
#define fill_hash     fill_bits
#define fill_copy     fill_bits
#define fill_sort     fill_bits

static void
fill_compare(void)
{
	static const char name[] = "GET /Downloads/Chitin.tar.gz HTTP/1.1";
	static const char same[] = "get /downloads/chitin.TAR.GZ http/1.1";

	memcpy(memory.input, name, sizeof(name));
	memcpy(memory.state, same, sizeof(same));
}

static void
fill_extents(void)
{
	uint32_t *extent = (uint32_t *)(void *)memory.input;

	for (uint32_t n = 0; n < 16; n++) {
		extent[4 * n] = n * 100;
		extent[4 * n + 1] = 100;
		extent[4 * n + 2] = 7000 + n * 512;
	}
}

/* Ethernet, IPv4, TCP with a timestamp behind two NOPs, the rest of 128 bytes lines. */
static void
fill_parse(void)
{
	static const uint8_t headers[] = {
		0x52, 0x54, 0,  0x12, 0x34, 0x56, 0x52, 0x54, 0,  0xaa, 0xbb, 0xcc, 8,  0,
		0x45, 0,    0,  100,  0,    1,    0x40, 0,    64, 6,    0,    0,    10, 0,
		2,    2,    10, 0,    2,    15,   0x9c, 0x40, 0,  80,   0,    0,    0,  1,
		0,    0,    0,  2,    0x80, 0x18, 0xff, 0xff, 0,  0,    0,    0,    1,  1,
		8,    10,   0,  0,    0x12, 0x34, 0,    0,    0,  0};

	memset(memory.input, '\n', sizeof(memory.input));
	memcpy(memory.input, headers, sizeof(headers));
}

/* A datagram from 10.0.2.2:40000 to port 7. */
static void
fill_header(void)
{
	fill_parse();
	memory.input[23] = 17;
}

static void
fill_search(void)
{
	uint32_t *key = (uint32_t *)(void *)memory.input;
	uint32_t *table = (uint32_t *)(void *)memory.state;

	for (uint32_t n = 0; n < 32; n++) {
		key[n] = n * n * 11 % 300;
		table[n] = n * 10;
	}
}

static void
begin(struct code_run *run, uint32_t bytes, void (*fill)(void))
{
	memset(&memory, 0, sizeof(memory));
	fill();
	code_run_begin(run, compiled.program, memory.stack);
	run->fuel = FUEL;
	code_run_region(run, EXO_REGION_INPUT, memory.input, bytes, false);
	code_run_region(run, EXO_REGION_STATE, memory.state, REGION_BYTES, true);
	code_run_region(run, EXO_REGION_REPLY, memory.reply, REGION_BYTES, true);
	run->argument[0] = (uint64_t)EXO_REGION_INPUT << EXO_REGION_SHIFT;
	run->argument[1] = bytes;
	run->argument[2] = (uint64_t)EXO_REGION_STATE << EXO_REGION_SHIFT;
	run->argument[3] = REGION_BYTES;
	run->argument[4] = (uint64_t)EXO_REGION_REPLY << EXO_REGION_SHIFT;
}

static void
compile(const struct exo_insn *first, const struct exo_insn *end)
{
	static _Alignas(8) uint8_t place[16384];
	struct exo_code head = {EXO_CODE_MAGIC,          EXO_CODE_handler,
				(uint32_t)(end - first), 0,
				EXO_CODE_STACK_MAX,      0};
	struct arch_jit *j = &compiled.jit;

	compiled.program = code_place(place, &head);
	memcpy(compiled.program->insn, first, head.insns * sizeof(*first));
	must("verify", code_verify(compiled.program));
	*j = (struct arch_jit){
		.insn = compiled.program->insn,
		.cost = compiled.program->cost,
		.insns = head.insns,
		.stack_bytes = head.stack_bytes,
		.code = compiled.pages.memory,
		.code_words = CODE_PAGES * EXO_PAGE_SIZE / 4,
		.pool = compiled.pool,
		.pool_words = ARCH_JIT_POOL_MAX,
		.label = compiled.label,
	};
	while (must("compile", arch_jit_step(j, 1)) == 0) {
	}
	must("fence_i", exo_fence_i());
}

static void
agree(const char *name, const struct code_run *a, const struct code_run *b, const void *before)
{
	int64_t fuel = FUEL - a->fuel;

	if (a->fuel != b->fuel || a->result != b->result ||
	    memcmp(before, &memory, sizeof(memory))) {
		printf("bench: %s: result %lu and %lu, fuel %ld and %ld\n", name, a->result,
		       b->result, a->fuel, b->fuel);
		must("the engines differ", E_STATE);
	}
	if (fuel < FUEL_LEAST) {
		printf("bench: %s takes %ld units of fuel only\n", name, fuel);
		must("too short", E_STATE);
	}
}

static void
measure(const char *name, const struct exo_insn *first, const struct exo_insn *end, uint32_t bytes,
	void (*fill)(void))
{
	static struct code_run interpreted;
	static struct code_run called;
	static uint8_t after[sizeof(memory)];
	int error;

	compile(first, end);
	for (int n = 0; n < SAMPLES; n++) {
		begin(&interpreted, bytes, fill);
		BEGIN(OP_INTERPRETED);
		error = code_interpret(compiled.program, &interpreted);
		END(OP_INTERPRETED);
		must(name, error);
		memcpy(after, &memory, sizeof(memory));
		begin(&called, bytes, fill);
		BEGIN(OP_COMPILED);
		error = compiled.call(&called, compiled.pool);
		END(OP_COMPILED);
		must(name, error);
		agree(name, &interpreted, &called, after);
	}
}

#define MEASURE(name, bytes)                                                                       \
	printf("program %s\n", #name);                                                             \
	measure(#name, code_##name, code_##name##_end, bytes, fill_##name);

int
main(void)
{
	uint64_t address;

	must("pages", exo_pages_make(&compiled.pages, CODE_PAGES));
	must("map", exo_vm_map(exo_own_vm(), compiled.pages.frames, 0, CODE_PAGES,
			       EXO_READ | EXO_EXEC, &address));
	compiled.call = (arch_jit_code *)address;
	bench_empty();
	PROGRAMS(MEASURE)
	return bench_end();
}
