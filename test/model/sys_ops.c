/* SPDX-License-Identifier: MIT
 * sys_ops.c: what a player of a world of system calls does in one step: a call whose arguments are
 * mostly plausible, an access to its memory, something written where the kernel reads.
 *
 * The letters of `calls` say what the arguments of each call are like; argument() knows them.
 * A page of a player has a word of its own: it is 0 or names who holds the page, so whoever reads
 * something else there reads what another one left behind.
 */
#include <exo/ring.h>
#include <exo/syscalls.h>
#include <string.h>

#include "arch/arch.h"
#include "kern/cspace.h"
#include "kern/ring.h"
#include "lib/base/checked.h"
#include "test/model/sys_world.h"

#define OWN_WORD  1016         /* not where calls write what they were asked to */
#define MEMORY    WORLD_REGION /* for arguments */
#define ESSENTIAL 40           /* slots of what a player cannot do without */
#define CAPS_MAX  (WORLD_LEAVES * EXO_SLOTS_PER_LEAF)

/* A step in the making. */
struct op {
	const struct draws *d;
	uint32_t hart;
	struct env *e;
	const struct cap *last; /* the capability drawn last, NULL: none */
};

static uint64_t
draw(const struct op *o, uint64_t limit)
{
	return o->d->draw(o->d->from, limit);
}

static bool
one_in(const struct op *o, uint64_t n)
{
	return draw(o, n) == n - 1; /* no input draws 0 */
}

/* --- arguments ---------------------------------------------------------------------------- */
static uint64_t
wild(const struct op *o)
{
	static const uint64_t words[] = {
		0,          1,           ~0ul,        1ul << 63,         EXO_USER_END,
		0x80000000, 0xffffffff,  1ul << 32,   0x7ffffffffffffff, EXO_USER_END - 8,
		4097,       DIRECT_BASE, STACKS_BASE, EXO_UAREA_BASE,    1ul << 47,
		512};
	uint64_t word = words[draw(o, ARRAY_SIZE(words))];

	return one_in(o, 4) ? word ^ 1ul << draw(o, 64) : word;
}

/* A capability of the caller's of a type (0: any), its slot in *index; NULL: it has none. */
static const struct cap *
pick(const struct op *o, uint32_t type, uint32_t *index)
{
	uint32_t found[CAPS_MAX];
	uint32_t n = 0;

	for (uint32_t i = 1; i < CAPS_MAX; i++) {
		const struct cap *c = cspace_slot(o->e->cspace, i);

		if (cap_type(c) && (!type || cap_type(c) == type)) {
			found[n++] = i;
		}
	}
	*index = n ? found[draw(o, n)] : 0;
	return n ? cspace_slot(o->e->cspace, *index) : NULL;
}

static exo_handle
handle(struct op *o, uint32_t type)
{
	uint32_t index;
	const struct cap *c = pick(o, one_in(o, 16) ? 0 : type, &index);

	o->last = c;
	if (!c || one_in(o, 32)) {
		return one_in(o, 2) ? wild(o) : EXO_NONE;
	}
	return cspace_handle(c, index) + (one_in(o, 32) ? 1ul << 32 : 0);
}

static uint64_t
address(const struct op *o)
{
	static const uint64_t pages[] = {0, 16, 508, 512, 768};
	uint64_t page = pages[draw(o, ARRAY_SIZE(pages))] + draw(o, 8);

	if (one_in(o, 8)) {
		page = align_down_u64(page, 512);
	}
	return one_in(o, 32) ? wild(o) : WORLD_REGION + page * PAGE_SIZE + one_in(o, 64);
}

static uint64_t
few(const struct op *o)
{
	return one_in(o, 32)  ? wild(o)
	       : one_in(o, 8) ? 512
	       : one_in(o, 4) ? draw(o, 100)
			      : 1 + draw(o, 4);
}

static uint64_t
rights(const struct op *o)
{
	static const uint64_t some[] = {EXO_READ,
					EXO_READ | EXO_WRITE,
					EXO_READ | EXO_EXEC,
					EXO_WRITE,
					EXO_READ | EXO_WRITE,
					EXO_RIGHTS_ALL,
					0,
					0xff,
					EXO_READ | EXO_WRITE | EXO_EXEC};
	uint64_t more = one_in(o, 8) ? draw(o, 5) << EXO_BATCH_SHIFT : 0;

	return (one_in(o, 32) ? wild(o) : some[draw(o, ARRAY_SIZE(some))]) | more;
}

/* Something for a call to read, or room for it to write; where. */
static uint64_t
memory(struct op *o, const void *data, size_t bytes)
{
	uint64_t at = MEMORY + draw(o, 4) * 1024;

	if (one_in(o, 16)) {
		return one_in(o, 2) ? wild(o) : MEMORY + WORLD_MEMORY_PAGES * PAGE_SIZE - 16;
	}
	for (size_t i = 0; i + 8 <= bytes; i += 8) {
		uint64_t physical = tlb_translate(o->hart, at + i, TLB_STORE);

		if (physical && host_ram_contains(physical, 8)) {
			memcpy(host_ram_at(physical), (const uint8_t *)data + i, 8);
		}
	}
	return at;
}

static uint64_t
map_entries(struct op *o)
{
	struct exo_map_entry entry[4];

	for (uint32_t i = 0; i < ARRAY_SIZE(entry); i++) {
		entry[i] = (struct exo_map_entry){address(o), handle(o, EXO_CAP_FRAME), draw(o, 4),
						  few(o), rights(o) & 0xff};
	}
	return memory(o, entry, sizeof(entry));
}

static uint64_t
filter(struct op *o)
{
	struct exo_filter f = {.receive_atoms = (uint32_t)draw(o, 3),
			       .transmit_atoms = (uint32_t)draw(o, 2)};

	for (uint32_t i = 0; i < f.receive_atoms + f.transmit_atoms; i++) {
		f.atoms[i] = (struct exo_atom){
			.kind = one_in(o, 8) ? EXO_ATOM_SHIFT : EXO_ATOM_COMPARE,
			.width = 1,
			.offset = (uint16_t)draw(o, 4),
			.mask = 3,
			.value = draw(o, 4),
		};
	}
	return memory(o, &f, sizeof(f));
}

/* A name that the capability drawn last has. */
static uint64_t
name_of_last(const struct op *o)
{
	uint64_t name = o->last ? o->last->start : 0;

	if (one_in(o, 32)) {
		return wild(o);
	}
	return o->last && o->last->count && one_in(o, 2) ? name + draw(o, o->last->count) : name;
}

static uint64_t
slot(const struct op *o)
{
	return one_in(o, 32) ? wild(o) : 1 + draw(o, CAPS_MAX - 1);
}

static uint64_t
argument(struct op *o, char kind)
{
	static const uint32_t mappable[] = {EXO_CAP_FRAME, EXO_CAP_FRAME, EXO_CAP_FRAME,
					    EXO_CAP_TABLE, EXO_CAP_ENV,   EXO_CAP_RING};
	static const struct exo_map_entry nothing[4];

	switch (kind) {
	case 'a': /* address */
		return address(o);
	case 'm': /* what can be mapped */
		return handle(o, mappable[draw(o, ARRAY_SIZE(mappable))]);
	case 'h': /* any capability */
		return handle(o, 0);
	case 'd': /* one that may go */
		for (uint32_t i = 0; i < 8; i++) {
			exo_handle h = handle(o, 0);

			if (EXO_HANDLE_INDEX(h) >= ESSENTIAL || one_in(o, 256)) {
				return h;
			}
		}
		return EXO_NONE;
	case 'f':
		return handle(o, EXO_CAP_FRAME);
	case 't':
		return handle(o, EXO_CAP_TABLE);
	case 'e':
		return handle(o, EXO_CAP_ENV);
	case 'E': /* itself, mostly */
		return one_in(o, 4) ? handle(o, EXO_CAP_ENV) : EXO_NONE;
	case 's': /* its own space, mostly */
		return one_in(o, 4) ? handle(o, EXO_CAP_SPACE) : EXO_NONE;
	case 'c':
		return handle(o, EXO_CAP_CONSOLE);
	case 'g':
		return handle(o, EXO_CAP_RING);
	case 'N':
		return name_of_last(o);
	case 'n':
		return few(o);
	case 'z': /* all, or a few */
		return one_in(o, 2) ? few(o) : 0;
	case 'i':
		return draw(o, 4);
	case 'b': /* event bit */
		return draw(o, 66);
	case 'r':
		return rights(o);
	case 'x': /* entries */
		return map_entries(o);
	case 'p': /* memory */
		return memory(o, nothing, sizeof(nothing));
	case 'S':
		return slot(o);
	case 'T': /* a time that comes */
		return arch_time() + draw(o, 256) * 16;
	default:
		return wild(o);
	}
}

/* --- calls -------------------------------------------------------------------------------- */
/* Arguments of each call but those that op_call() treats by themselves; `often` of 64. */
static const struct {
	const char *arguments;
	uint8_t often;
	bool nested; /* also while another hart fences: it waits for none */
} calls[EXO_CALLS_MAX + 1] = {
	[EXO_NR_null] = {"", 1, true},
	[EXO_NR_map] = {"amiirxs", 12, true},
	[EXO_NR_unmap] = {"anixs", 4, true},
	[EXO_NR_protect] = {"anrxs", 4, true},
	[EXO_NR_carve] = {"", 6, true},
	[EXO_NR_share] = {"", 6, true},
	[EXO_NR_give] = {"edS", 2, true},
	[EXO_NR_ask] = {"hNz?", 1, true},
	[EXO_NR_revoke] = {"hNz", 3, false},
	[EXO_NR_drop] = {"dNz", 4, false},
	[EXO_NR_create] = {"", 6, true},
	[EXO_NR_inspect] = {"hNp", 1, true},
	[EXO_NR_bind] = {"", 3, true},
	[EXO_NR_unbind] = {"", 1, true},
	[EXO_NR_sleep] = {"?T", 1, true},
	[EXO_NR_signal] = {"eb", 1, true},
	[EXO_NR_yield] = {"e", 1, true},
	[EXO_NR_resume] = {"", 1, true},
	[EXO_NR_exit] = {"i", 0, true},
	[EXO_NR_env_stop] = {"e", 1, true},
	[EXO_NR_env_start] = {"e", 2, true},
	[EXO_NR_env_read] = {"ep", 1, true},
	[EXO_NR_env_write] = {"ep", 1, true},
	[EXO_NR_env_entry] = {"Eiaa", 1, true},
	[EXO_NR_env_supervisor] = {"eeb", 1, true},
	[EXO_NR_console_write] = {"cpn", 1, true},
	[EXO_NR_console_read] = {"cpn", 1, true},
	[EXO_NR_power] = {"c?", 0, true},
	[EXO_NR_submit] = {"g", 3, false},
	[EXO_NR_fence_i] = {"", 1, true},
};

static void
derivation(struct op *o, uint64_t a[7])
{
	a[0] = handle(o, one_in(o, 3) ? 0 : EXO_CAP_FRAME);
	a[1] = slot(o);
	a[2] = name_of_last(o);
	a[3] = one_in(o, 3) ? few(o) : 2;
	a[4] = one_in(o, 3) ? rights(o) : (draw(o, 2) ? EXO_READ | EXO_EXEC : 0) | EXO_READ | EXO_WRITE;
	a[5] = one_in(o, 16) ? 1 + draw(o, 3) : 0;
	if (o->last && cap_is_predicate(o->last)) {
		a[2] = filter(o);
		a[3] = draw(o, 3);
	} else if (o->last && cap_is_object(o->last) && !one_in(o, 8)) {
		a[2] = a[3] = 0;
		a[4] = one_in(o, 4) ? rights(o) : EXO_RIGHTS_ALL;
	} else if (a[3] == 2 && !one_in(o, 8)) {
		a[2] &= ~1ul;
	}
}

static void
creation(struct op *o, uint64_t a[7])
{
	static const uint32_t types[] = {EXO_CAP_ENV,    EXO_CAP_SPACE, EXO_CAP_TABLE,
					 EXO_CAP_CSPACE, EXO_CAP_RING,  EXO_CAP_RING};

	a[0] = one_in(o, 32) ? draw(o, EXO_CAP_TYPES) : types[draw(o, ARRAY_SIZE(types))];
	a[1] = handle(o, EXO_CAP_FRAME);
	for (int i = 0; i < 8 && o->last && o->last->count != (a[0] == EXO_CAP_CSPACE ? 1 : 2);
	     i++) {
		a[1] = handle(o, EXO_CAP_FRAME);
	}
	a[2] = slot(o);
	a[3] = draw(o, 4);
	a[4] = draw(o, 8);
	if (a[0] == EXO_CAP_ENV) {
		a[3] = draw(o, WORLD_HARTS) | draw(o, 2) << 8;
		a[4] = EXO_UAREA_BASE + draw(o, 8) * PAGE_SIZE;
	} else if (a[0] == EXO_CAP_CSPACE) {
		a[3] = one_in(o, 2) ? handle(o, EXO_CAP_CSPACE) : 0;
	}
	if (one_in(o, 32)) {
		a[3 + draw(o, 2)] = wild(o);
	}
}

static void
binding(struct op *o, uint64_t a[7])
{
	static const struct {
		uint32_t what, thing, with;
	} kinds[] = {
		{EXO_BIND_SPACE, EXO_CAP_ENV, EXO_CAP_SPACE},
		{EXO_BIND_CSPACE, EXO_CAP_ENV, EXO_CAP_CSPACE},
		{EXO_BIND_CONSOLE, EXO_CAP_CONSOLE, 0},
		{EXO_BIND_PACKET, EXO_CAP_RING, EXO_CAP_PACKET},
		{EXO_BIND_BUFFER, EXO_CAP_RING, EXO_CAP_FRAME},
	};
	uint64_t i = draw(o, ARRAY_SIZE(kinds));

	a[0] = one_in(o, 32) ? draw(o, 16) : kinds[i].what;
	a[1] = handle(o, kinds[i].thing);
	a[2] = kinds[i].with ? handle(o, kinds[i].with) : 0;
	a[3] = draw(o, 66);
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
	if (one_in(o, 64)) {
		return 1 + (uint32_t)draw(o, EXO_CALLS_MAX); /* rare ones too */
	}
	for (at = draw(o, total) + 1; at > calls[nr].often; nr++) {
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
	switch (nr) {
	case EXO_NR_carve:
	case EXO_NR_share:
		derivation(o, a);
		break;
	case EXO_NR_create:
		creation(o, a);
		break;
	case EXO_NR_bind:
	case EXO_NR_unbind:
		binding(o, a);
		break;
	default:
		for (uint32_t i = 0; i < 7; i++) {
			const char *kinds = calls[nr].arguments;

			a[i] = !kinds || i < strlen(kinds) ? argument(o, kinds ? kinds[i] : '?')
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
		return f->holder != FRAME_HOLDER_NONE;
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
	enum tlb_access access = kinds[draw(o, ARRAY_SIZE(kinds))];
	uint64_t physical = 0;
	uint64_t page;

	for (uint32_t tries = 0; !physical && tries < 8; tries++) {
		physical = tlb_translate(o->hart, address(o) & ~(PAGE_SIZE - 1), access);
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
	const struct cap *ring = one_in(o, 4) ? pick(o, EXO_CAP_RING, &index) : NULL;

	if (ring && cap_type(ring) == EXO_CAP_RING) {
		words = arch_ram((ring->start + 1) << PAGE_SHIFT);
	}
	for (uint64_t n = 1 + draw(o, 4); n; n--) {
		words[draw(o, 256)] = one_in(o, 2) ? wild(o) : draw(o, 64);
	}
}

static void
op_request(struct op *o)
{
	uint32_t index;
	const struct cap *c = pick(o, EXO_CAP_RING, &index);
	struct exo_ring *ring;
	bool disk = one_in(o, 2);
	uint64_t *to;

	if (!c) {
		return;
	}
	ring = arch_ram((c->start + 1) << PAGE_SHIFT);
	to = (uint64_t *)&ring->sq[ring->sq_tail % EXO_SQ_SIZE];
	to[1] = disk ? (1 + draw(o, 4)) | (1 + draw(o, 3)) << 32 : 1 + draw(o, 3);
	to[2] = handle(o, disk ? EXO_CAP_BLOCK : EXO_CAP_FRAME);
	to[3] = one_in(o, 16) ? wild(o)
		: disk        ? draw(o, 32)
			      : EXO_SEGMENT(draw(o, 9000), draw(o, 1000));
	to[4] = handle(o, EXO_CAP_FRAME);
	to[5] = one_in(o, 16) ? wild(o)
		: disk        ? draw(o, 3)
			      : EXO_SEGMENT(draw(o, 4096), draw(o, 700));
	to[6] = handle(o, EXO_CAP_FRAME);
	to[7] = EXO_SEGMENT(draw(o, 4096), draw(o, 100));
	ring->sq_tail++;
	if (one_in(o, 4)) {
		ring->cq_head = ring->cq_tail;
	}
	world_call(o->hart, EXO_NR_submit, (const uint64_t[7]){cspace_handle(c, index)});
}

void
ops_step(uint32_t hart, const struct draws *d, bool nested)
{
	struct op o = {.d = d, .hart = hart, .e = world_env(hart)};
	uint64_t kind = draw(&o, 32);

	if (o.e == kernel_get()->init) {
		return;
	}
	if (kind < 8) {
		op_access(&o);
	} else if (kind == 8) {
		op_scribble(&o);
	} else if (kind == 9) {
		tlb_speculate(hart, address(&o));
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
