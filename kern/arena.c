/* SPDX-License-Identifier: MIT
 * arena.c: downloaded programs: loaded, verified, compiled, run.
 *
 * The arena is a row of pages, taken at boot; CODE capabilities name them from 0 on. A program lies
 * in the pages of one capability: what it is made of first, then, from a page of its own on, the
 * machine code. Those pages are written while they cannot be executed, and executed when they
 * cannot be written, in the one place where the kernel sees them (Kconfig's JIT; without it they
 * stay as they are and the program is interpreted).
 *
 * State:      whose each page is, and which are sealed; tree lock. What runs has the lock too, so
 *             whoever holds it can take a program away.
 * Invariants: a program's pages name it, and those of no other one; its use is bound; a page is
 *             sealed only by a program that had been verified. See arena_check().
 * Callers:    kern/sys/code.c; revocation; whoever runs programs.
 * Design:     docs/design/downloaded-code.md
 */
#include "kern/arena.h"
#include "kern/code_pages.h"
#include "kern/object.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define VERIFY_INSNS  8   /* in one step, with the lock held */
#define RAM_PART      128 /* no larger part of a small machine's RAM is the arena */
#define SEAL_PAGES    4
#define COMPILE_INSNS 1   /* the worst takes 1 800 machine instructions */

static struct {
	struct code_pages pages;
	struct program *of[CONFIG_CODE_PAGES];
	uint64_t number[CONFIG_CODE_PAGES]; /* of the program that begins there, never used again */
	uint64_t next_number;
	bool is_sealed[CONFIG_CODE_PAGES];
} arena;

void
arena_boot(struct kernel *k)
{
	arena.pages.is_sealed = arena.is_sealed;
	code_pages_boot(k, &arena.pages, CONFIG_CODE_PAGES, RAM_PART);
}

uint64_t
arena_pages(void)
{
	return arena.pages.count;
}

struct program *
program_of(const struct cap *c)
{
	struct program *p = arena.of[c->start];

	return p && p->first == c->start ? p : NULL;
}

/* --- loading ------------------------------------------------------------------------------ */
/* Pages that it takes besides machine code: itself, the program, the compiler's labels and pool. */
static uint32_t
head_bytes(const struct exo_code *head)
{
	return (uint32_t)(sizeof(struct program) + code_bytes(head) +
			  head->insns * sizeof(uint64_t) + (head->insns + 1) * sizeof(uint16_t));
}

/* What lies where, and nothing done yet. */
static void
place(struct program *p, const struct cap *c, const struct exo_code *head)
{
	uint32_t pages = (uint32_t)(align_up_u64(head_bytes(head), PAGE_SIZE) >> PAGE_SHIFT);
	uint8_t *pool = (uint8_t *)(p + 1) + code_bytes(head);

	memset(p, 0, sizeof(*p));
	p->first = (uint32_t)c->start;
	p->pages = (uint32_t)c->count;
	p->code_first = p->first + pages;
	p->head = *head;
	list_init(&p->predicates);
	p->code = code_place(p + 1, head);
	p->jit = (struct arch_jit){
		.insn = p->code->insn,
		.cost = p->code->cost,
		.insns = p->code->insns,
		.stack_bytes = p->code->stack_bytes,
		.code = code_page(&arena.pages, p->code_first),
		.code_words = (p->pages - pages) * (uint32_t)(PAGE_SIZE / sizeof(uint32_t)),
		.pool = (uint64_t *)pool,
		.pool_words = head->insns,
		.label = (uint16_t *)(pool + head->insns * sizeof(uint64_t)),
	};
}

/* Pages [from, end), as code_pages_seal, a few at once. False: they are that already. */
static bool
seal(struct kernel *k, uint64_t from, uint64_t end, bool is_sealed)
{
	uint32_t changed = 0;

	for (uint64_t page = from; page < end && changed < SEAL_PAGES; page++) {
		changed += code_pages_seal(k, &arena.pages, page, is_sealed);
	}
	return changed;
}

/* 0 E_FORMAT E_NOSPACE E_BUSY. */
static int
check_begin(const struct cap *c, const struct exo_code *head, uint32_t *refusal)
{
	*refusal = !code_bytes(head)              ? EXO_REFUSED_size
		   : !code_fuel(head->code_class) ? EXO_REFUSED_class
						  : 0;
	if (*refusal) {
		return E_FORMAT;
	}
	if (head_bytes(head) + (CONFIG_JIT ? PAGE_SIZE : 0) > c->count << PAGE_SHIFT) {
		return E_NOSPACE;
	}
	if (c->bindings) {
		return E_BUSY;
	}
	for (uint64_t i = 0; i < c->count; i++) {
		if (arena.of[c->start + i]) {
			return E_BUSY;
		}
	}
	return 0;
}

int
program_begin(struct kernel *k, struct cap *c, const struct exo_code *head, uint32_t *refusal)
{
	struct program *p = code_page(&arena.pages, c->start);
	int error = check_begin(c, head, refusal);

	if (error) {
		return error;
	}
	if (seal(k, c->start, c->start + c->count, false)) {
		return PROGRAM_AGAIN;
	}
	for (uint64_t i = 0; i < c->count; i++) {
		arena.of[c->start + i] = p;
	}
	arena.number[c->start] = ++arena.next_number;
	place(p, c, head);
	p->use.kind = USE_PROGRAM;
	use_bind(&k->tree, &p->use, c);
	return 0;
}

void
program_copy(struct program *p, const uint8_t *from, uint32_t bytes)
{
	uint32_t insn_bytes = p->head.insns * (uint32_t)sizeof(struct exo_insn);
	uint32_t left = p->copied < insn_bytes ? insn_bytes - p->copied : 0;
	uint32_t first = bytes < left ? bytes : left;

	memcpy((uint8_t *)p->code->insn + p->copied, from, first);
	if (bytes > first) {
		memcpy(p->code->data + (p->copied + first - insn_bytes), from + first,
		       bytes - first);
	}
	p->copied += bytes;
	if (p->copied == program_bytes(&p->head)) {
		p->state = PROGRAM_VERIFY;
	}
}

static int
refuse(struct kernel *k, struct program *p, int error)
{
	program_lost(&p->use);
	use_unbind(&k->tree, &p->use);
	return error;
}

static int
step_compile(struct kernel *k, struct program *p)
{
	int result = CONFIG_JIT ? arch_jit_step(&p->jit, COMPILE_INSNS) : E_UNSUPPORTED;

	if (result < 0) {
		p->code->refusal = EXO_REFUSED_large;
		return refuse(k, p, result);
	}
	if (result) {
		p->state = PROGRAM_CLOSE;
	}
	return 0;
}

int
program_step(struct kernel *k, struct program *p)
{
	int result;

	switch (p->state) {
	case PROGRAM_VERIFY:
		result = code_verify_step(p->code, VERIFY_INSNS);
		if (result < 0) {
			return refuse(k, p, result);
		}
		if (result) {
			p->state = CONFIG_JIT && arch_has_jit() ? PROGRAM_COMPILE : PROGRAM_READY;
		}
		return 0;
	case PROGRAM_COMPILE:
		return step_compile(k, p);
	case PROGRAM_CLOSE:
		if (!seal(k, p->code_first, p->first + p->pages, true)) {
			p->state = PROGRAM_SEAL;
		}
		return 0;
	default:
		return 0;
	}
}

void
program_lost(struct use *u)
{
	struct program *p = container_of(u, struct program, use);

	for (uint32_t i = 0; i < p->pages; i++) {
		arena.of[p->first + i] = NULL;
	}
	arena.number[p->first] = 0;
}

bool
program_in_use(const struct captree *t, const struct program *p, const struct cap *c)
{
	return c->child || c->bindings != bind_object_id(t, &p->use) || p->use.node.next ||
	       !list_is_empty(&p->predicates);
}

struct program_ref
program_refer(const struct program *p)
{
	return (struct program_ref){arena.number[p->first], p->first};
}

const struct program *
program_get(struct program_ref ref)
{
	const struct program *p = arena.of[ref.page];

	return ref.number && arena.number[ref.page] == ref.number && p->state == PROGRAM_READY
		       ? p
		       : NULL;
}

/* --- running ------------------------------------------------------------------------------ */
int
program_run(const struct program *p, struct code_run *run)
{
	if (CONFIG_JIT && arch_has_jit()) {
		return ((arch_jit_code *)(uintptr_t)p->jit.code)(run, p->jit.pool);
	}
	return code_interpret(p->code, run);
}

const char *
arena_check(void)
{
	for (uint32_t page = 0; page < CONFIG_CODE_PAGES; page++) {
		const struct program *p = arena.of[page];

		if (p && (page < p->first || page >= p->first + p->pages || !p->use.bound)) {
			return "a program's pages name it, and its use is bound";
		}
		if (p && p->state > PROGRAM_COMPILE && code_check(p->code)) {
			return code_check(p->code);
		}
		if (p && page < p->code_first && arena.is_sealed[page]) {
			return "what a program is made of is not executable";
		}
	}
	return NULL;
}
