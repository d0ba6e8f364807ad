/* SPDX-License-Identifier: MIT
 * object.c: kernel objects: what is bound to what, how a binding breaks, how an object comes
 * apart.
 *
 * The dead list: when the first capability of an object leaves the tree, its frames keep their
 * kinds, which create and bind refuse, and the object joins the list, threaded through the frame
 * table in the order of death. What waits for another hart keeps its place while the turn goes on;
 * what waits for a device goes to the end, so that nobody else waits with it. Every create, carve,
 * drop and revoke first takes a bounded step at the oldest one; so nobody waits and nothing
 * recurses, even when a capability space holds the capabilities of another. Invariants: an object
 * on the list has no capability, no binding to it, and no table hangs in a space any more (all that
 * was broken and fenced before its capability left); the frames of a finished one have kind USER
 * and FRAME_HOLDER_NONE, _TABLE or _ROOT. Callers: tree lock held.
 */
#include "kern/object.h"
#include "kern/arena.h"
#include "kern/console.h"
#include "kern/cspace.h"
#include "kern/irq.h"
#include "kern/net/handler.h"
#include "kern/net/nic.h"
#include "kern/panic.h"
#include "kern/predicate.h"
#include "kern/quiet.h"
#include "kern/ring.h"
#include "kern/slots.h"
#include "kern/table.h"
#include "kern/take.h"
#include "lib/base/checked.h"

#define BURY_WORK   40 /* in units of captree.work */
#define DEAD_OFFSET 0xfffffffful
#define DEAD_NUMBER 0x7ffffffful
#define LEAF_DEAD   1 /* `spare` of a leaf's frame while `holder` is the list's link */

enum bury {
	BURY_DONE,
	BURY_MORE,
	BURY_WAIT, /* for another hart or a device */
};

static struct kernel *
kernel_of(struct captree *t)
{
	return container_of(t, struct kernel, tree);
}

/* --- breaking bindings -------------------------------------------------------------------- */
/* Nothing points through a use that is gone. */
static void
forget_user(struct env *e, const struct use *u)
{
	if (u->kind == USE_SPACE) {
		e->space = NULL;
	} else if (e->cspace) {
		list_remove(&e->cspace_node);
		e->cspace = NULL;
	}
}

/* Is e off its hart for good? If not, its home hart is asked to end it. A stopped one cannot start
 * while the lock is held; but one that has transferred control may be linked to others there. */
static bool
is_at_rest(struct kernel *k, struct env *e)
{
	if (env_is_off(e) ||
	    (e->state == EXO_STATE_STOPPED && env_is_stopped(e) && !e->arch.token)) {
		return true;
	}
	env_request(e, REQUEST_KILL);
	k->waiting = true;
	return false;
}

/* An environment must not run without its space: it ends first, on its home hart. (What it was
 * revoking is not finished here, that would recurse: a mark left in a capability space that goes
 * away goes with its slot, another one with the next try of whoever shares that space.) */
static int
unbind_home(struct kernel *k, struct env *e, struct use *u)
{
	if (!is_at_rest(k, e)) {
		return CAP_AGAIN;
	}
	forget_user(e, u);
	use_unbind(&k->tree, u);
	return 0;
}

static int
unbind_use(struct kernel *k, struct use *u)
{
	switch (u->kind) {
	case USE_SPACE:
		return unbind_home(k, container_of(u, struct env, space_use), u);
	case USE_CSPACE:
		return unbind_home(k, container_of(u, struct env, cspace_use), u);
	case USE_SUPERVISOR:
		container_of(u, struct env, supervisor_use)->supervisor = NULL;
		break;
	case USE_CONSOLE:
		console_unbind(container_of(u, struct env, console_use));
		break;
	case USE_PACKET:
	case USE_BUFFER:
		ring_lost(u);
		break;
	case USE_IRQ:
		irq_lost(u);
		break;
	case USE_SLOT:
		slots_lost(k, u);
		break;
	case USE_HANDLER:
	case USE_STATE:
		handler_lost(u);
		break;
	case USE_PREDICATE:
	case USE_WATCHED:
		predicate_lost(u);
		break;
	case USE_PROGRAM:
		if (predicate_program_lost(container_of(u, struct program, use))) {
			return CAP_AGAIN;
		}
		program_lost(u);
		break;
	case USE_REQUEST:
		return E_BUSY; /* the device decides when it is done */
	default:
		panic("binding: a use of unknown kind %u", u->kind);
	}
	use_unbind(&k->tree, u);
	return 0;
}

static int
unbind(struct captree *t, struct cap *c, uint32_t binding)
{
	struct kernel *k = kernel_of(t);

	(void)c;
	if (binding & BIND_OBJECT) {
		return unbind_use(k, (struct use *)bind_at(t, binding));
	}
	table_break(k, binding);
	return 0;
}

/* --- the dead list ------------------------------------------------------------------------ */
/* The `holder` of a dead object's first frame: LINK, its number (31 bits), the page of the next. */
static uint64_t
dead_after(const struct kernel *k, uint64_t page)
{
	uint64_t offset = frame_at(&k->tree, page)->holder & DEAD_OFFSET;

	return offset ? k->tree.base_page + offset : 0;
}

static uint32_t
dead_number(const struct kernel *k, uint64_t page)
{
	uint32_t number = (uint32_t)(frame_at(&k->tree, page)->holder >> 32 & DEAD_NUMBER);
	uint32_t top = (uint32_t)~DEAD_NUMBER;

	/* one that died less than 2^31 others ago: the bit that the list does not keep */
	return number |
	       (((uint32_t)k->dead_next & DEAD_NUMBER) < number ? ~(uint32_t)k->dead_next & top
								: (uint32_t)k->dead_next & top);
}

static void
set_after(struct kernel *k, uint64_t page, uint64_t next)
{
	struct frame *f = frame_at(&k->tree, page);

	f->holder = (f->holder & ~DEAD_OFFSET) | (next ? next - k->tree.base_page : 0);
}

static inline void
append(struct kernel *k, uint64_t page)
{
	frame_at(&k->tree, page)->holder = FRAME_HOLDER_LINK | (++k->dead_next & DEAD_NUMBER) << 32;
	if (!k->dead_first) {
		k->dead_first = page;
	} else {
		set_after(k, k->dead_last, page);
	}
	k->dead_last = page;
}

/* Take out the one whose turn it is. */
static inline void
take_out(struct kernel *k, uint64_t page)
{
	uint64_t next = dead_after(k, page);

	if (k->dead_before) {
		set_after(k, k->dead_before, next);
	} else {
		k->dead_first = next;
	}
	if (!next) {
		k->dead_last = k->dead_before;
		k->dead_before = 0;
	}
}

bool
object_any_before(const struct kernel *k, uint64_t number)
{
	uint64_t first = k->dead_first ? frame_at(&k->tree, k->dead_first)->holder >> 32 : number;

	/* numbers wrap around: behind by less than half of them is before */
	return ((first - number) & DEAD_NUMBER) > DEAD_NUMBER / 2;
}

static void
destroy(struct captree *t, struct cap *c)
{
	if (!(c->word & CAP_OBJECT)) {
		return;
	}
	if (frame_at(t, c->start)->kind == FRAME_LEAF) {
		cspace_unhang(t, arch_ram(c->start << PAGE_SHIFT));
		frame_at(t, c->start)->spare = LEAF_DEAD;
	}
	append(kernel_of(t), c->start);
}

/* It ends at once, not when it is buried: somebody may wait for its answer. (A stopped one that is
 * linked to nobody waits for its burial.) */
static __attribute__((noinline)) void
end_soon(struct env *e)
{
	if (e->state != EXO_STATE_STOPPED || e->arch.token || !env_is_stopped(e)) {
		env_request(e, REQUEST_KILL);
	}
}

static void
destroy_env(struct captree *t, struct cap *c)
{
	struct env *e = arch_ram(c->start << PAGE_SHIFT);

	if (!(c->word & CAP_OBJECT)) {
		return;
	}
	append(kernel_of(t), c->start);
	if (e->state != EXO_STATE_DEAD) {
		end_soon(e);
	}
}

static enum bury
bury_env(struct kernel *k, struct env *e)
{
	if (!env_is_off(e) && !is_at_rest(k, e)) {
		return BURY_WAIT;
	}
	e->state = EXO_STATE_DEAD;
	if (e->unfinished_what && take_finish(e) == CAP_AGAIN) {
		return BURY_MORE;
	}
	use_unbind(&k->tree, &e->space_use);
	if (e->cspace_use.bound) {
		forget_user(e, &e->cspace_use);
		use_unbind(&k->tree, &e->cspace_use);
	}
	use_unbind(&k->tree, &e->supervisor_use);
	if (e->predicate.is_bound) {
		predicate_unbind(e);
	}
	if (e->console_use.bound) {
		console_unbind(e);
		use_unbind(&k->tree, &e->console_use);
	}
	if ((e->rings && ring_orphan(e)) || (e->lines && irq_orphan(e)) ||
	    (e->slots && slots_orphan(e))) {
		return BURY_MORE;
	}
	if (e->member.positions) { /* its hart has not followed yet and still looks at it */
		k->waiting = true;
		return BURY_WAIT;
	}
	k->sysinfo->hart[e->hart->number].environments--;
	return BURY_DONE;
}

/* One step at the capabilities in a dead leaf. */
static enum bury
bury_leaf(struct kernel *k, struct cap *leaf)
{
	enum bury result = BURY_DONE;

	for (uint32_t i = 0; i < EXO_SLOTS_PER_LEAF; i++) {
		if (!cap_type(&leaf[i])) {
			continue;
		}
		if (cap_drop_step(&k->tree, &leaf[i]) != E_BUSY) {
			return BURY_MORE;
		}
		result = BURY_WAIT;
	}
	return result;
}

/* Can another hart still be looking at its frames without the lock? */
static inline bool
is_looked_at(struct kernel *k, uint64_t page, enum frame_kind kind)
{
	if (k->harts == 1 || (kind != FRAME_ENV && kind != FRAME_LEAF) ||
	    quiet_since(k, dead_number(k, page))) {
		return false;
	}
	k->waiting = true;
	return true;
}

static inline enum bury
bury_one(struct kernel *k, uint64_t page, enum frame_kind kind)
{
	void *memory = arch_ram(page << PAGE_SHIFT);

	if (is_looked_at(k, page, kind)) {
		return BURY_WAIT;
	}
	switch (kind) {
	case FRAME_ENV:
		return bury_env(k, memory);
	case FRAME_SPACE:
		if (!table_dismantle(k, memory, BURY_WORK)) {
			return BURY_MORE;
		}
		space_end(k, space_at(page));
		return BURY_DONE;
	case FRAME_TABLE:
		return table_dismantle(k, memory, BURY_WORK) ? BURY_DONE : BURY_MORE;
	case FRAME_CSPACE:
		cspace_clear(&k->tree, memory);
		return BURY_DONE;
	case FRAME_LEAF:
		return bury_leaf(k, memory);
	case FRAME_RING:
		return ring_bury(memory) ? BURY_DONE : BURY_WAIT;
	default:
		panic("dead list: page 0x%lx is no object", page);
	}
}

/* For a hart, in its place in the list; for a device, at the end. */
static void
wait_for(struct kernel *k, uint64_t page, bool is_hart)
{
	if (is_hart) {
		k->dead_before = dead_after(k, page) ? page : 0;
	} else {
		take_out(k, page);
		append(k, page);
	}
}

/* The frames of one that has come apart are memory again, to be cleared: but for the next table, if
 * it was one. */
static inline void
frames_return(struct captree *t, uint64_t page, enum frame_kind kind)
{
	struct frame *f = frame_at(t, page);
	uint64_t holder = kind == FRAME_TABLE   ? FRAME_HOLDER_TABLE
			  : kind == FRAME_SPACE ? FRAME_HOLDER_ROOT
						: FRAME_HOLDER_NONE;

	if (holder && TABLE_MARKS(f) & TABLE_NOTED) {
		holder = FRAME_HOLDER_NONE;
	}
	f[0] = (struct frame){.holder = holder};
	if (kind != FRAME_CSPACE && kind != FRAME_LEAF) {
		f[1] = (struct frame){.holder = FRAME_HOLDER_NONE};
	}
}

bool
object_bury(struct kernel *k)
{
	uint64_t page = k->dead_before ? dead_after(k, k->dead_before) : k->dead_first;
	bool waited = k->waiting;
	enum frame_kind kind;
	enum bury result;

	if (!page || !cap_settled(&k->tree)) {
		return page != 0;
	}
	kind = frame_at(&k->tree, page)->kind;
	k->waiting = false;
	result = bury_one(k, page, kind);
	if (result == BURY_DONE) {
		k->waiting = waited;
		take_out(k, page);
		frames_return(&k->tree, page, kind);
		return k->dead_first != 0;
	}
	if (result == BURY_WAIT) {
		wait_for(k, page, k->waiting);
	}
	k->waiting |= waited;
	return result == BURY_MORE;
}

/* --- making objects ----------------------------------------------------------------------- */
const struct object_kind object_kinds[EXO_CAP_TYPES] = {
	[EXO_CAP_ENV] = {FRAME_ENV, 2},     [EXO_CAP_SPACE] = {FRAME_SPACE, 2},
	[EXO_CAP_TABLE] = {FRAME_TABLE, 2}, [EXO_CAP_CSPACE] = {FRAME_CSPACE, 1},
	[EXO_CAP_RING] = {FRAME_RING, 2},
};

const struct cap_type object_types[EXO_CAP_TYPES] = {
	[EXO_CAP_FRAME] = {.unbind = unbind},
	[EXO_CAP_WINDOW] = {.unbind = unbind},
	[EXO_CAP_IRQ] = {.unbind = unbind},
	[EXO_CAP_SLOT] = {.unbind = unbind},
	[EXO_CAP_BLOCK] = {.unbind = unbind},
	[EXO_CAP_CODE] = {.unbind = unbind},
	/* who stands apart is not compared, but by cap_check() */
	[EXO_CAP_PACKET] = {.is_disjoint = CONFIG_PARANOID ? nic_disjoint : NULL,
			    .stands_apart = true,
			    .unbind = unbind,
			    .destroy = nic_filter_free},
	[EXO_CAP_ENV] = {.unbind = unbind, .destroy = destroy_env},
	[EXO_CAP_SPACE] = {.unbind = unbind, .destroy = destroy},
	[EXO_CAP_TABLE] = {.unbind = unbind, .destroy = destroy},
	[EXO_CAP_CSPACE] = {.unbind = unbind, .destroy = destroy},
	[EXO_CAP_RING] = {.unbind = unbind, .destroy = destroy},
	[EXO_CAP_CONSOLE] = {.unbind = unbind},
};
