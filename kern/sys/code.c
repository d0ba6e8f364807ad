/* SPDX-License-Identifier: MIT
 * code.c (sys): downloaded programs: load one, try one.
 *
 * Loading takes many steps of up to 2 500 instructions, after each of which the call restarts; how
 * far it is stands with the program (kern/arena.h), and each step looks everything up again. The
 * head is read anew by each restart: another one than before is another program.
 */
#include "kern/arena.h"
#include "kern/claim.h"
#include "kern/object.h"
#include "kern/predicate.h"
#include "kern/sys/sys.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define COPY_BYTES 256 /* in a step */
#define LOAD_MORE  1

/* What a step of loading works at. */
struct load {
	struct env *e;
	struct kernel *k;
	exo_handle handle;
	uint64_t address;
	struct exo_code head;
	uint32_t refusal;
	uint32_t at; /* the refused instruction */
	uint32_t copied;
	uint8_t bytes[COPY_BYTES]; /* that follow those */
	uint32_t fetched;
};

static int
find_code(struct env *e, exo_handle handle, uint64_t right, struct cap **c)
{
	int error = sys_cap(e, handle, EXO_CAP_CODE, right, c);

	return error ? error : cap_usable(&e->kernel->tree, *c);
}

int
sys_program(struct env *e, exo_handle code, uint32_t code_class, struct cap **c, struct program **p)
{
	int error = find_code(e, code, EXO_CODE_RUN, c);

	if (error) {
		return error;
	}
	*p = program_of(*c);
	if (!*p || (*p)->state != PROGRAM_READY) {
		return E_STATE;
	}
	return code_class && (*p)->code->code_class != code_class ? E_INVAL : 0;
}

/* Another call may have begun to load another program. */
static bool
is_same(const struct load *l, const struct program *p)
{
	return memcmp(&p->head, &l->head, sizeof(p->head)) == 0;
}

static int
step(struct load *l, struct program *p)
{
	int result;

	if (p->state == PROGRAM_COPY) {
		if (p->copied == l->copied) {
			program_copy(p, l->bytes, l->fetched);
		}
		l->copied = p->copied;
		l->fetched = 0;
		return LOAD_MORE;
	}
	result = program_step(l->k, p);
	if (result < 0) {
		l->refusal = p->code->refusal;
		l->at = p->code->at;
		return result == E_NOSPACE ? E_NOSPACE : E_FORMAT;
	}
	return p->state == PROGRAM_READY ? 0 : LOAD_MORE;
}

/* Before a program counts as ready every hart forgets what it has read of its pages. Another one
 * may be there by then, which its own loader seals. */
static int
seal(struct load *l, struct program *p)
{
	uint64_t number = program_refer(p).number;
	struct cap *c;
	int error;

	kernel_unlock_fence(l->k);
	kernel_fence_i(l->k);
	kernel_lock(l->k);
	error = find_code(l->e, l->handle, EXO_CODE_LOAD, &c);
	p = error ? NULL : program_of(c);
	if (p && p->state == PROGRAM_SEAL && program_refer(p).number == number) {
		program_sealed(p);
		return 0;
	}
	return error ? error : LOAD_MORE;
}

static int
load_locked(struct load *l)
{
	struct program *p;
	struct cap *c;
	int error = find_code(l->e, l->handle, EXO_CODE_LOAD, &c);

	if (error) {
		return error;
	}
	p = program_of(c);
	if (p && p->state == PROGRAM_LEAVING) {
		return E_BUSY;
	}
	if (p && p->state != PROGRAM_READY && !is_same(l, p)) {
		program_lost(&p->use);
		use_unbind(&l->k->tree, &p->use);
		p = NULL;
	}
	if (!p) {
		error = program_begin(l->k, c, &l->head, &l->refusal);
		l->copied = 0;
		return error < 0 ? error : LOAD_MORE;
	}
	error = step(l, p);
	return error == LOAD_MORE && p->state == PROGRAM_SEAL ? seal(l, p) : error;
}

/* The next bytes that will be copied; the lock is free. */
static int
fetch(struct load *l)
{
	uint32_t left = program_bytes(&l->head) - l->copied;

	l->fetched = left < COPY_BYTES ? left : COPY_BYTES;
	return arch_copy_in(l->bytes, (struct uaddr){l->address + sizeof(l->head) + l->copied},
			    l->fetched);
}

/* How far the copy is, and whether anything is there already. */
static int
look(struct load *l)
{
	struct program *p;
	struct cap *c;
	int error;

	kernel_lock(l->k);
	error = find_code(l->e, l->handle, EXO_CODE_LOAD, &c);
	p = error ? NULL : program_of(c);
	l->copied = p && is_same(l, p) ? p->copied : 0;
	if (p && p->state >= PROGRAM_READY) {
		error = E_BUSY;
	}
	kernel_unlock(l->k);
	return error;
}

/* One step. */
static int
load(struct load *l)
{
	int error = arch_copy_in(&l->head, (struct uaddr){l->address}, sizeof(l->head));

	if (!error && (l->head.magic != EXO_CODE_MAGIC || l->head.zero || !code_bytes(&l->head))) {
		l->refusal = EXO_REFUSED_size;
		error = E_FORMAT;
	}
	if (!error) {
		error = look(l);
	}
	if (!error) {
		error = fetch(l);
	}
	if (!error) {
		kernel_lock(l->k);
		error = load_locked(l);
		kernel_unlock_fence(l->k);
	}
	return error;
}

struct sysret
sys_code_load(exo_handle code, const struct exo_code *program)
{
	struct env *e = env_current();
	struct load l;
	int error;

	l.e = e;
	l.k = e->kernel;
	l.handle = code;
	l.address = (uint64_t)program;
	l.refusal = 0;
	l.at = 0;
	error = load(&l);
	if (error == LOAD_MORE) {
		return sys_restart(e, EXO_NR_code_load, (uint64_t[7]){code, (uint64_t)program});
	}
	if (error == E_FORMAT || error == E_NOSPACE) {
		return sys_return2(e, error, l.at | (uint64_t)l.refusal << 32);
	}
	return sys_finish_long(error);
}

/* The program goes, if nothing else uses it. */
int
sys_unbind_code(struct env *e, exo_handle code)
{
	struct captree *t = &e->kernel->tree;
	struct program *p;
	struct cap *c;
	int error = find_code(e, code, EXO_CODE_LOAD, &c);

	if (error) {
		return error;
	}
	p = program_of(c);
	if (!p || c->bindings == 0) {
		return E_STATE;
	}
	if (program_in_use(t, p, c)) {
		return E_BUSY;
	}
	program_lost(&p->use);
	use_unbind(t, &p->use);
	return 0;
}

/* --- predicates --------------------------------------------------------------------------- */
/* Pages of a FRAME that a program may read: 0, CLAIM_AGAIN or an error. */
static int
find_frames(struct env *e, const struct cap *c, uint64_t offset, uint64_t bytes)
{
	uint64_t first = offset >> PAGE_SHIFT;
	uint64_t pages = ((offset & (PAGE_SIZE - 1)) + bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;

	return range_within(first, pages, c->count)
		       ? claim_pages(e->kernel, c, c->start + first, pages)
		       : E_RANGE;
}

/* What a predicate reads: of a FRAME, or the page of a RING. */
static int
find_watched(struct env *e, exo_handle handle, uint64_t offset, uint64_t bytes, struct cap **c)
{
	bool is_ring;
	int error;

	*c = cspace_lookup(e->cspace, handle);
	is_ring = *c && cap_type(*c) == EXO_CAP_RING;
	error = sys_cap(e, handle, is_ring ? EXO_CAP_RING : EXO_CAP_FRAME,
			is_ring ? EXO_RING_USE : EXO_READ, c);
	if (!error) {
		error = cap_usable(&e->kernel->tree, *c);
	}
	if (!error && (!bytes || bytes > EXO_CODE_SPAN ||
		       (is_ring && !range_within(offset, bytes, PAGE_SIZE)))) {
		error = E_RANGE;
	}
	return error ? error : is_ring ? 0 : find_frames(e, *c, offset, bytes);
}

int
sys_bind_predicate(struct env *e, exo_handle memory, exo_handle code, uint64_t place)
{
	uint64_t offset = place >> 32;
	uint64_t bytes = (uint32_t)place;
	const uint8_t *at = NULL;
	struct program *p;
	struct cap *with = NULL;
	struct cap *c;
	int error = e->predicate.is_bound ? E_BUSY : 0;

	if (!error && memory) {
		error = find_watched(e, memory, offset, bytes, &with);
	}
	if (!error) {
		error = sys_program(e, code, EXO_CODE_predicate, &c, &p);
	}
	if (error) {
		return error;
	}
	if (with) {
		at = arch_ram(with->start << PAGE_SHIFT);
		at += offset + (cap_type(with) == EXO_CAP_RING ? PAGE_SIZE : 0);
	}
	predicate_bind(e, p, c, with, at, (uint32_t)bytes);
	return 0;
}

/* --- code_run ----------------------------------------------------------------------------- */
/* A region of the run from what the caller says: 0, CLAIM_AGAIN or an error. */
static int
give_region(struct env *e, struct code_run *run, uint32_t region, const struct exo_code_memory *m)
{
	bool is_written = region == EXO_REGION_STATE || region == EXO_REGION_REPLY;
	struct cap *c;
	int error = sys_cap(e, m->frames, EXO_CAP_FRAME,
			    is_written ? EXO_READ | EXO_WRITE : EXO_READ, &c);

	if (!error && (!m->bytes || m->bytes > EXO_CODE_SPAN)) {
		error = E_RANGE;
	}
	if (!error) {
		error = cap_usable(&e->kernel->tree, c);
	}
	if (!error) {
		error = find_frames(e, c, m->offset, m->bytes);
	}
	if (!error) {
		code_run_region(run, region,
				(uint8_t *)arch_ram(c->start << PAGE_SHIFT) + m->offset,
				(uint32_t)m->bytes, is_written);
	}
	return error;
}

/* In a trial a helper says only that it was called, and with what. */
static int
try_helper(struct code_run *run, uint32_t nr, uint64_t *result)
{
	++*(uint64_t *)run->context;
	*result = run->argument[0] + nr;
	return 0;
}

static int
run_locked(struct env *e, exo_handle code, struct exo_code_run *q)
{
	uint64_t stack[EXO_CODE_STACK_MAX / sizeof(uint64_t)];
	struct code_run run;
	struct program *p;
	struct cap *c;
	int error = sys_program(e, code, 0, &c, &p);

	if (error) {
		return error;
	}
	code_run_begin(&run, p->code, stack);
	for (uint32_t i = EXO_REGION_INPUT; i < EXO_REGIONS - 1 && !error; i++) {
		error = q->region[i].frames ? give_region(e, &run, i, &q->region[i]) : 0;
	}
	if (error) {
		return error;
	}
	memcpy(run.argument, q->argument, sizeof(run.argument));
	q->calls = 0;
	run.helper = try_helper;
	run.context = &q->calls;
	error = program_run(p, &run);
	q->result = run.result;
	q->fuel = (uint64_t)run.fuel;
	return error;
}

struct sysret
sys_code_run(exo_handle code, struct exo_code_run *run)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct exo_code_run q;
	bool waiting;
	int error = arch_copy_in(&q, (struct uaddr){(uint64_t)run}, sizeof(q));

	if (error) {
		return sys_return(error);
	}
	kernel_lock(k);
	k->waiting = false;
	error = run_locked(e, code, &q);
	waiting = k->waiting;
	k->waiting = false;
	kernel_unlock_fence(k);
	if (error == CLAIM_AGAIN || (error == E_BUSY && waiting)) {
		return sys_restart(e, EXO_NR_code_run, (uint64_t[7]){code, (uint64_t)run});
	}
	if (arch_copy_out((struct uaddr){(uint64_t)run}, &q, sizeof(q))) {
		error = E_FAULT;
	}
	return sys_finish_long(error);
}
