/* SPDX-License-Identifier: MIT
 * sys_ops.c: what a player of a world of system calls does in one step: a call, an access to its
 * memory, something written where the kernel reads.
 *
 * The letters of `calls` say what the arguments of each call are like (arg_of_kind). A page of a
 * player has a word of its own: it is 0 or names who holds the page, so whoever reads something
 * else there reads what another one left behind.
 */
#include <exo/ring.h>
#include <exo/syscalls.h>
#include <string.h>

#include "arch/arch.h"
#include "kern/cspace.h"
#include "kern/ring.h"
#include "lib/base/checked.h"
#include "test/model/sys_code.h"

#define LAUNCH_AT 2048 /* in the u-area, behind what the kernel keeps there */

#define OWN_WORD  1016 /* not where calls write what they were asked to */

/* --- calls -------------------------------------------------------------------------------- */
/* Arguments of each call but those that op_call() treats by themselves; `often` of 64. */
static const struct {
	const char *arguments;
	uint8_t often;
	bool nested; /* also while another hart fences: it waits for none */
} calls[EXO_CALLS_MAX + 1] = {
	[EXO_NR_null] = {"", 1, true},
	[EXO_NR_map] = {"amokrxs", 12, true},
	[EXO_NR_unmap] = {"Mkrxs", 4, true},
	[EXO_NR_protect] = {"Mkrxs", 6, true},
	[EXO_NR_carve] = {"", 6, true},
	[EXO_NR_share] = {"", 6, true},
	[EXO_NR_give] = {"edS", 2, true},
	[EXO_NR_ask] = {"hNz?", 1, true},
	[EXO_NR_revoke] = {"hNz", 3, false},
	[EXO_NR_drop] = {"dNz", 4, false},
	[EXO_NR_create] = {"", 6, true},
	[EXO_NR_inspect] = {"hNp", 1, true},
	[EXO_NR_bind] = {"", 6, true},
	[EXO_NR_unbind] = {"", 1, true},
	[EXO_NR_sleep] = {"WL", 2, true},
	[EXO_NR_signal] = {"eb", 3, true},
	[EXO_NR_notify] = {"jiBD", 2, true},
	[EXO_NR_yield] = {"j", 2, true},
	[EXO_NR_resume] = {"", 1, true},
	[EXO_NR_exit] = {"i", 0, true},
	[EXO_NR_env_stop] = {"e", 1, true},
	[EXO_NR_env_start] = {"e", 2, true},
	[EXO_NR_env_read] = {"ep", 1, true},
	[EXO_NR_env_write] = {"ep", 1, true},
	[EXO_NR_env_entry] = {"Eiaa", 1, true},
	[EXO_NR_call] = {"", 5, true},
	[EXO_NR_reply] = {"", 5, true},
	[EXO_NR_send] = {"", 1, true},
	[EXO_NR_env_supervisor] = {"eeb", 1, true},
	[EXO_NR_console_write] = {"cpn", 1, true},
	[EXO_NR_console_read] = {"cpn", 1, true},
	[EXO_NR_power] = {"c?", 0, true},
	[EXO_NR_submit] = {"g", 3, false},
	[EXO_NR_submit_wait] = {"gWL", 2, false},
	[EXO_NR_fence_i] = {"", 1, true},
	[EXO_NR_unshare] = {"Ats", 3, true},
	[EXO_NR_clear] = {"fUU", 1, false},
	[EXO_NR_irq_ack] = {"q", 2, true},
	[EXO_NR_env_launch] = {"ep", 2, true},
	[EXO_NR_env_inspect] = {"eSp", 1, true},
	[EXO_NR_env_peek] = {"eMpn", 1, true},
	[EXO_NR_env_detail] = {"ehSp", 1, true},
	[EXO_NR_env_poke] = {"", 1, true},
	[EXO_NR_code_load] = {"", 5, false},
	[EXO_NR_code_run] = {"", 2, true},
};

static void
derivation(struct op *o, uint64_t a[7])
{
	static const uint64_t some[] = {EXO_READ | EXO_WRITE | EXO_EXEC, EXO_READ | EXO_WRITE,
					EXO_READ};

	a[0] = arg_handle(o, op_one_in(o, 3) ? 0 : EXO_CAP_FRAME);
	a[1] = arg_slot(o);
	a[2] = arg_name(o);
	a[3] = op_one_in(o, 3) ? arg_few(o) : 2;
	a[4] = op_one_in(o, 8) ? arg_rights(o) : some[op_draw(o, ARRAY_SIZE(some))];
	a[5] = op_one_in(o, 16) ? 1 + op_draw(o, 3) : 0;
	if (o->last && cap_is_predicate(o->last)) {
		a[2] = arg_filter(o);
		a[3] = op_draw(o, 3);
	} else if (o->last && cap_is_object(o->last) && !op_one_in(o, 8)) {
		a[2] = a[3] = 0;
		a[4] = op_one_in(o, 4) ? arg_rights(o) : EXO_RIGHTS_ALL;
	} else if (a[3] == 2 && !op_one_in(o, 8)) {
		a[2] &= ~1ul;
	}
}

static void
creation(struct op *o, uint64_t a[7])
{
	static const uint32_t types[] = {EXO_CAP_ENV,    EXO_CAP_SPACE, EXO_CAP_TABLE,
					 EXO_CAP_CSPACE, EXO_CAP_RING,  EXO_CAP_RING};

	a[0] = op_one_in(o, 32) ? op_draw(o, EXO_CAP_TYPES) : types[op_draw(o, ARRAY_SIZE(types))];
	a[1] = arg_handle(o, EXO_CAP_FRAME);
	for (int i = 0; i < 8 && o->last && o->last->count != (a[0] == EXO_CAP_CSPACE ? 1 : 2);
	     i++) {
		a[1] = arg_handle(o, EXO_CAP_FRAME);
	}
	a[2] = arg_slot(o);
	a[3] = op_draw(o, 4);
	a[4] = op_draw(o, 8);
	if (a[0] == EXO_CAP_ENV) {
		a[3] = op_draw(o, WORLD_HARTS) | op_draw(o, 4) << 8;
		a[4] = EXO_UAREA_BASE + op_draw(o, 8) * PAGE_SIZE;
	} else if (a[0] == EXO_CAP_CSPACE) {
		a[3] = op_one_in(o, 2) ? arg_handle(o, EXO_CAP_CSPACE) : 0;
	}
	if (op_one_in(o, 32)) {
		a[3 + op_draw(o, 2)] = arg_wild(o);
	}
}

static void
binding(struct op *o, uint32_t nr, uint64_t a[7])
{
	static const struct {
		uint32_t what, thing, with;
	} kinds[] = {
		{EXO_BIND_SPACE, EXO_CAP_ENV, EXO_CAP_SPACE},
		{EXO_BIND_CSPACE, EXO_CAP_ENV, EXO_CAP_CSPACE},
		{EXO_BIND_CONSOLE, EXO_CAP_CONSOLE, 0},
		{EXO_BIND_PACKET, EXO_CAP_RING, EXO_CAP_PACKET},
		{EXO_BIND_BUFFER, EXO_CAP_RING, EXO_CAP_FRAME},
		{EXO_BIND_IRQ, EXO_CAP_IRQ, 0},
		{EXO_BIND_SLOT, EXO_CAP_ENV, EXO_CAP_SLOT},
		{EXO_BIND_SLOT, EXO_CAP_SLOT, 0}, /* to unbind it */
		{EXO_BIND_HANDLER, EXO_CAP_RING, EXO_CAP_CODE},
		{EXO_BIND_PREDICATE, EXO_CAP_FRAME, EXO_CAP_CODE},
		{EXO_BIND_PREDICATE, EXO_CAP_RING, EXO_CAP_CODE},
		{EXO_BIND_CODE, EXO_CAP_CODE, 0}, /* to unload it */
	};
	uint64_t i = op_draw(o, ARRAY_SIZE(kinds));

	a[0] = op_one_in(o, 32) ? op_draw(o, 16) : kinds[i].what;
	a[1] = arg_handle(o, kinds[i].thing);
	a[2] = kinds[i].with ? arg_handle(o, kinds[i].with) : 0;
	a[3] = op_draw(o, kinds[i].what == EXO_BIND_SLOT ? 3 : 66);
	if (kinds[i].what == EXO_BIND_PREDICATE) {
		a[1] = nr == EXO_NR_unbind || op_one_in(o, 3) ? EXO_NONE : a[1];
		a[3] = arg_watched(o);
	} else if (kinds[i].what == EXO_BIND_HANDLER) {
		a[3] = op_one_in(o, 2) ? arg_handle(o, EXO_CAP_FRAME) : EXO_NONE;
	}
}

/* Mostly what can be launched, written where the call finds it. */
static void
beginning(struct op *o, uint64_t a[7])
{
	struct exo_launch *l = (struct exo_launch *)((uint8_t *)env_uarea(o->e) + LAUNCH_AT);

	*l = (struct exo_launch){
		.space = op_one_in(o, 8) ? EXO_NONE : arg_handle(o, EXO_CAP_SPACE),
		.cspace = op_one_in(o, 8) ? EXO_NONE : arg_handle(o, EXO_CAP_CSPACE),
		.supervisor = op_one_in(o, 4) ? EXO_NONE : arg_handle(o, EXO_CAP_ENV),
		.supervisor_bit = op_draw(o, 65),
		.exception_entry = op_one_in(o, 8) ? arg_wild(o) : op_draw(o, 256) << 12,
		.exception_window = op_one_in(o, 8) ? arg_wild(o) : op_draw(o, 256) << 12,
		.pc = op_one_in(o, 8) ? arg_wild(o) : op_draw(o, 256) << 12,
	};
	a[0] = arg_handle(o, EXO_CAP_ENV);
	a[1] = op_one_in(o, 16) ? arg_of_kind(o, 'p') : o->e->arch.uarea + LAUNCH_AT;
}

/* An entry of level 1: a table or a large page into a space, or either out of it; or a note. */
static void
entry_above(struct op *o, uint32_t nr, uint64_t a[7])
{
	uint64_t what = op_draw(o, 4);

	a[0] = arg_of_kind(o, 'A');
	if (nr == EXO_NR_unmap) {
		a[1] = EXO_MEGA_PAGES;
		a[2] = EXO_MEGA;
		a[4] = arg_of_kind(o, 's');
		return;
	}
	a[6] = arg_of_kind(o, 's');
	a[3] = EXO_MEGA_PAGES;
	a[4] = EXO_MEGA;
	if (what == 0) { /* a note */
		a[2] = arg_wild(o);
	} else if (what == 1) {
		a[1] = arg_handle(o, op_one_in(o, 4) ? EXO_CAP_WINDOW : EXO_CAP_FRAME);
		a[2] = arg_of_kind(o, 'U');
		a[4] |= EXO_READ | EXO_WRITE;
	} else {
		a[1] = arg_handle(o, EXO_CAP_TABLE);
		a[3] = 1;
		a[4] = EXO_WRITE;
	}
}

/* The arguments of those that transfer control are other registers. A partner is one of the other
 * players mostly; sometimes the entry point and the slot change. */
static void
transfer(struct op *o, uint32_t nr)
{
	uint64_t *x = o->e->arch.x;
	bool along = op_one_in(o, 8);

	env_uarea(o->e)->call_deadline = op_one_in(o, 2) ? arg_of_kind(o, 'T') : 0;
	if (op_one_in(o, 16)) {
		world_call(
			o->hart, EXO_NR_env_entry,
			(const uint64_t[7]){EXO_NONE, EXO_ENTRY_CALL, arg_address(o), arg_slot(o)});
		return;
	}
	x[5] = nr == EXO_NR_reply ? 0 : arg_partner(o);
	x[6] = along ? arg_of_kind(o, 'd') : 0;
	world_call(o->hart, nr, (const uint64_t[7]){0});
}

/* Not over the word by which a holder is known. */
static void
poking(struct op *o, uint64_t a[7])
{
	a[0] = arg_of_kind(o, 'e');
	a[1] = (arg_of_kind(o, 'M') & ~(PAGE_SIZE - 1)) + op_draw(o, OWN_WORD - EXO_PEEK_BYTES);
	a[2] = arg_of_kind(o, 'p');
	a[3] = op_one_in(o, 8) ? arg_of_kind(o, '?') : op_draw(o, EXO_PEEK_BYTES);
}

/* By a predicate, which is looked at when others signal. */
static bool
somebody_waits(void)
{
	const struct kernel *k = kernel_get();
	uint64_t sleepers = 0;

	for (uint32_t i = 0; i < WORLD_HARTS; i++) {
		sleepers += k->hart[i].by_predicate;
	}
	return sleepers != 0;
}

static uint32_t
draw_call(const struct op *o)
{
	uint32_t total = 0;
	uint32_t nr = 0;
	uint64_t at;

	for (uint32_t i = 1; i <= EXO_CALLS_MAX; i++) {
		total += calls[i].often;
	}
	if (op_one_in(o, 64)) {
		return 1 + (uint32_t)op_draw(o, EXO_CALLS_MAX); /* rare ones too */
	}
	if (o->e->predicate.is_bound && op_one_in(o, 3)) {
		return EXO_NR_sleep;
	}
	if (somebody_waits() && op_one_in(o, 3)) {
		return EXO_NR_signal;
	}
	for (at = op_draw(o, total) + 1; at > calls[nr].often; nr++) {
		at -= calls[nr].often;
	}
	return nr;
}

static void
op_call(struct op *o, bool nested)
{
	uint32_t nr = draw_call(o);
	uint64_t a[7] = {0};

	if (nested && !calls[nr].nested) {
		return;
	}
	if ((nr == EXO_NR_map || nr == EXO_NR_unmap) && op_one_in(o, 6)) {
		entry_above(o, nr, a);
		world_call(o->hart, nr, a);
		return;
	}
	switch (nr) {
	case EXO_NR_call:
	case EXO_NR_send:
	case EXO_NR_reply:
		transfer(o, nr);
		return;
	case EXO_NR_carve:
	case EXO_NR_share:
		derivation(o, a);
		break;
	case EXO_NR_create:
		creation(o, a);
		break;
	case EXO_NR_bind:
	case EXO_NR_unbind:
		binding(o, nr, a);
		break;
	case EXO_NR_code_load:
	case EXO_NR_code_run:
		a[0] = arg_handle(o, EXO_CAP_CODE);
		a[1] = nr == EXO_NR_code_load ? arg_program(o) : arg_run(o);
		break;
	case EXO_NR_env_launch:
		beginning(o, a);
		break;
	case EXO_NR_env_poke:
		poking(o, a);
		break;
	default:
		for (uint32_t i = 0; i < 7; i++) {
			const char *kinds = calls[nr].arguments;

			a[i] = !kinds || i < strlen(kinds) ? arg_of_kind(o, kinds ? kinds[i] : '?')
							   : 0;
		}
		break;
	}
	world_call(o->hart, nr, a);
}

/* --- accesses ----------------------------------------------------------------------------- */
/* May a user reach a page of RAM this way? Memory, tables to look at, u-areas and rings. */
static bool
is_allowed(const struct captree *t, uint64_t page, enum tlb_access access)
{
	const struct frame *f = frame_at(t, page);

	switch (f->kind) {
	case FRAME_USER:
		return f->holder && !(f->holder & FRAME_HOLDER_LINK);
	case FRAME_TABLE:
		return access == TLB_LOAD;
	case FRAME_OBJECT:
		return (page - t->base_page) & 1 &&
		       (f[-1].kind == FRAME_ENV || f[-1].kind == FRAME_RING) && access != TLB_FETCH;
	default:
		return false;
	}
}

static void
check_own_word(const struct frame *f, uint64_t page, bool store)
{
	uint64_t *word = host_ram_at((page << PAGE_SHIFT) + OWN_WORD);

	if (*word && *word != f->holder) {
		world_fail("page 0x%lx of holder %lu shows a word of holder %lu", page, f->holder,
			   *word);
	}
	if (store) {
		*word = f->holder;
	}
}

static void
op_access(struct op *o)
{
	static const enum tlb_access kinds[] = {TLB_LOAD, TLB_STORE, TLB_FETCH};
	const struct captree *t = &kernel_get()->tree;
	enum tlb_access access = kinds[op_draw(o, ARRAY_SIZE(kinds))];
	uint64_t physical = 0;
	uint64_t page;

	for (uint32_t tries = 0; !physical && tries < 8; tries++) {
		physical = tlb_translate(o->hart, arg_address(o) & ~(PAGE_SIZE - 1), access);
	}
	page = physical >> PAGE_SHIFT;

	if (!physical || !host_ram_contains(physical, PAGE_SIZE)) {
		return;
	}
	if (!is_allowed(t, page, access)) {
		world_fail("a user reaches page 0x%lx of kind %u", page, frame_at(t, page)->kind);
	}
	if (frame_at(t, page)->kind == FRAME_USER) {
		check_own_word(frame_at(t, page), page, access == TLB_STORE);
	}
	if (access == TLB_FETCH && tlb_stale_instructions(o->hart, page)) {
		world_fail("hart %u executes what the last holder of page 0x%lx had there", o->hart,
			   page);
	}
}

/* Words into a page that it shares with the kernel: its u-area or a ring. */
static void
op_scribble(struct op *o)
{
	uint64_t *words = (uint64_t *)env_uarea(o->e);
	uint32_t index;
	const struct cap *ring = op_one_in(o, 4) ? arg_pick(o, EXO_CAP_RING, &index) : NULL;

	if (ring && cap_type(ring) == EXO_CAP_RING) {
		words = arch_ram((ring->start + 1) << PAGE_SHIFT);
	}
	for (uint64_t n = 1 + op_draw(o, 4); n; n--) {
		words[op_draw(o, 256)] = op_one_in(o, 2) ? arg_wild(o) : op_draw(o, 64);
	}
}

static void
op_request(struct op *o)
{
	uint32_t index;
	const struct cap *c = arg_pick(o, EXO_CAP_RING, &index);
	struct exo_ring *ring;
	bool disk = op_one_in(o, 2);
	uint64_t *to;

	if (!c) {
		return;
	}
	ring = arch_ram((c->start + 1) << PAGE_SHIFT);
	to = (uint64_t *)&ring->sq[ring->sq_tail % EXO_SQ_SIZE];
	to[1] = disk ? (1 + op_draw(o, 4)) | (1 + op_draw(o, 3)) << 32 : 1 + op_draw(o, 3);
	to[2] = arg_handle(o, disk ? EXO_CAP_BLOCK : EXO_CAP_FRAME);
	to[3] = op_one_in(o, 16) ? arg_wild(o)
		: disk           ? op_draw(o, 32)
				 : EXO_SEGMENT(op_draw(o, 9000), op_draw(o, 1000));
	to[4] = arg_handle(o, EXO_CAP_FRAME);
	to[5] = op_one_in(o, 16) ? arg_wild(o)
		: disk           ? op_draw(o, 3)
				 : EXO_SEGMENT(op_draw(o, 4096), op_draw(o, 700));
	to[6] = arg_handle(o, EXO_CAP_FRAME);
	to[7] = EXO_SEGMENT(op_draw(o, 4096), op_draw(o, 100));
	ring->sq_tail++;
	if (op_one_in(o, 4)) {
		ring->cq_head = ring->cq_tail;
	}
	world_call(o->hart, EXO_NR_submit, (const uint64_t[7]){cspace_handle(c, index)});
}

void
ops_step(uint32_t hart, const struct draws *d, bool nested)
{
	struct op o = {.d = d, .hart = hart, .e = world_env(hart)};
	uint64_t kind = op_draw(&o, 32);

	if (o.e == kernel_get()->init) {
		return;
	}
	if (kind < 8) {
		op_access(&o);
	} else if (kind == 8) {
		op_scribble(&o);
	} else if (kind == 9) {
		tlb_speculate(hart, arg_address(&o));
	} else if (world_is_calling(o.e)) {
		if (!nested) {
			world_call(hart, 0, NULL);
		}
	} else if (kind < 12 && !nested) {
		op_request(&o);
	} else {
		op_call(&o, nested);
	}
}
