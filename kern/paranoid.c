/* SPDX-License-Identifier: MIT
 * paranoid.c: every invariant of the state that the tree lock guards, each time the lock is
 * released (CONFIG_PARANOID).
 *
 * It trusts nothing but the frame table's kinds: every slot of every leaf is looked at, whether or
 * not a capability space leads to it. Roots go to cap_check(), the table to frame_check(),
 * downloaded programs to arena_check(), filters to nic_check(). Each page-table entry in a list of
 * bindings must be valid and must map a page that its capability holds, writable only if the
 * capability is. Environments of this hart, which nobody else changes, go to transfer_check_env()
 * and predicate_check(); those of them that are ready, and no others, stand in its ring, once.
 * State:   none.
 * Callers: kernel_unlock and kernel_unlock_fence, tree lock held.
 */
#include "kern/paranoid.h"
#include "kern/arena.h"
#include "kern/frame_check.h"
#include "kern/kernel.h"
#include "kern/net/nic.h"
#include "kern/panic.h"
#include "kern/predicate.h"
#include "kern/table.h"
#include "kern/transfer.h"

#define ENTRY_PAGE(pte) ((pte) >> 10 & ((1ul << 44) - 1))

struct audit {
	struct captree *tree;
	uint64_t hangings; /* tables in entries, found in lists of bindings */
	uint32_t dying;
	uint32_t ready; /* environments that take slack, on this hart */
	uint64_t by_predicate;
};

static uint64_t *
entry_of(const struct captree *t, uint32_t id)
{
	return (uint64_t *)((uint8_t *)bind_at(t, id) - 4096);
}

static struct frame *
frame_of(const struct captree *t, const void *memory)
{
	return frame_at(t, arch_physical(memory) >> PAGE_SHIFT);
}

/* A megapage needs a whole unit of frames, all of its holder's. */
static void
audit_unit(struct audit *a, const struct cap *c, uint64_t page)
{
	for (uint64_t i = 0; i < FRAME_UNIT_PAGES; i++) {
		const struct frame *f = frame_at(a->tree, page + i);

		if (f->kind != FRAME_USER || f->holder != c->carve) {
			panic("paranoid: page 0x%lx is in a megapage of another", page + i);
		}
	}
}

/* An entry of a table of `level` that maps something and that `c` is bound to. */
static void
audit_mapping(struct audit *a, const struct cap *c, uint32_t level, uint64_t entry)
{
	uint64_t page = ENTRY_PAGE(entry);
	uint64_t pages = 1ul << 9 * level;
	const struct frame *f;
	bool is_memory = cap_type(c) == EXO_CAP_FRAME;

	if (page & (pages - 1) || !cap_holds(c, page, pages)) {
		panic("paranoid: a mapping shows page 0x%lx, which its capability does not hold",
		      page);
	}
	if (cap_type(c) == EXO_CAP_WINDOW) {
		if (frame_range_ok(a->tree, page, 1) ||
		    (entry & EXO_WRITE && !(cap_rights(c) & EXO_WRITE))) {
			panic("paranoid: a window shows page 0x%lx", page);
		}
		return;
	}
	f = frame_at(a->tree, page);
	if (level) {
		audit_unit(a, c, page);
	}
	if (is_memory ? f->kind != FRAME_USER
		      : cap_type(c) != EXO_CAP_TABLE && page != c->start + 1) {
		panic("paranoid: a mapping shows page 0x%lx of kind %u", page, f->kind);
	}
	if (entry & EXO_WRITE &&
	    (cap_type(c) == EXO_CAP_TABLE || (is_memory && !(cap_rights(c) & EXO_WRITE)))) {
		panic("paranoid: a mapping of page 0x%lx is writable", page);
	}
	if (is_memory && f->holder != c->carve) {
		panic("paranoid: page 0x%lx is mapped by one that does not hold it", page);
	}
	if (is_memory && !level && entry & EXO_EXEC && !(f->spare & FRAME_CODE)) {
		panic("paranoid: page 0x%lx is executable without a fence", page);
	}
}

/* An entry in which the table with the first frame `f` hangs. */
static void
audit_hanging(struct audit *a, uint32_t id, const struct frame *f)
{
	if (f->kind != FRAME_TABLE || !(TABLE_MARKS(f) & TABLE_HUNG)) {
		panic("paranoid: a table hangs that never was hung");
	}
	if (TABLE_PLACE(f) && (TABLE_PLACE(f) != id || TABLE_HANGINGS(f) != 1)) {
		panic("paranoid: a table does not hang where its frame says");
	}
	a->hangings++;
}

/* A use stands in an environment or a ring, or in the kernel's table of lines. */
static void
audit_use(const struct audit *a, uint32_t id)
{
	uint8_t kind = frame_of(a->tree, bind_at(a->tree, id))->kind;

	if (kind != FRAME_ENV && kind != FRAME_RING && kind != FRAME_KERNEL) {
		panic("paranoid: a use stands in a frame of kind %u", kind);
	}
}

static void
audit_bindings(struct audit *a, const struct cap *c)
{
	for (uint32_t id = c->bindings; id; id = bind_at(a->tree, id)->next & ~BIND_WRITABLE) {
		const struct frame *table;
		const uint64_t *entry;
		uint32_t level;

		if (id & BIND_OBJECT) {
			audit_use(a, id);
			continue;
		}
		entry = entry_of(a->tree, id);
		if (!(*entry & 1)) {
			panic("paranoid: an empty entry is bound");
		}
		table = frame_of(a->tree, entry);
		level = table->kind == FRAME_TABLE ? TABLE_LEVEL(table) : 2;
		if (level == 0 || *entry & (EXO_READ | EXO_WRITE | EXO_EXEC)) {
			audit_mapping(a, c, level, *entry);
		} else if (cap_type(c) != EXO_CAP_TABLE || ENTRY_PAGE(*entry) != c->start) {
			panic("paranoid: page 0x%lx hangs as a table and is none",
			      ENTRY_PAGE(*entry));
		} else {
			audit_hanging(a, id, frame_at(a->tree, c->start));
		}
	}
}

static void
audit_leaf(struct audit *a, const struct cap *leaf)
{
	for (uint32_t i = 0; i < EXO_SLOTS_PER_LEAF; i++) {
		const struct cap *c = &leaf[i];
		const char *broken = NULL;

		if (!cap_type(c)) {
			continue;
		}
		if (!c->up) {
			broken = cap_check(a->tree, c);
		}
		if (broken) {
			panic("paranoid: %s", broken);
		}
		a->dying += (c->word & CAP_DYING) != 0;
		audit_bindings(a, c);
	}
}

/* Page tables know how many of their entries are valid. */
static void
audit_table(const struct captree *t, uint64_t index)
{
	const uint64_t *entry = (const uint64_t *)(t->base + index * PAGE_SIZE);
	uint32_t entries = t->frames[index].kind == FRAME_SPACE ? 256 : 512;
	uint64_t valid = 0;

	for (uint32_t i = 0; i < entries; i++) {
		valid += entry[i] & 1;
		if (entry[i] & 1 && !(TABLE_GROUPS(&t->frames[index]) >> i / GROUP & 1)) {
			panic("paranoid: a table has an entry in a group that is said to be empty");
		}
	}
	if (valid != t->frames[index + 1].pins) {
		panic("paranoid: a table has %lu valid entries, %u are counted", valid,
		      t->frames[index + 1].pins);
	}
}

/* Who is on a hart's timeline is an environment, and knows for how many positions. */
static void
audit_timeline(const struct captree *t, const struct timeline *line)
{
	for (uint32_t i = 0; i < CONFIG_TIMELINE_SLOTS; i++) {
		const struct timeline_member *m = line->at[i].owner;

		if (m && (frame_of(t, m)->kind != FRAME_ENV || !m->positions)) {
			panic("paranoid: a position is bound to a frame of kind %u",
			      frame_of(t, m)->kind);
		}
	}
}

/* Only its own hart knows what an environment is doing. */
static void
audit_env(struct audit *a, uint64_t index)
{
	const struct env *e = (const struct env *)(a->tree->base + index * PAGE_SIZE);
	const char *broken;

	if (e->hart->number != arch_hart()) {
		return;
	}
	broken = transfer_check_env(e);
	if (broken) {
		panic("paranoid: control transfer: %s", broken);
	}
	broken = predicate_check(e);
	if (broken) {
		panic("paranoid: predicates: %s", broken);
	}
	a->by_predicate += e->predicate.waits;
	if (e->member.is_ready != (e->state == EXO_STATE_READY && !e->member.is_blocked)) {
		panic("paranoid: an environment in state %u is%s on the timeline", e->state,
		      e->member.is_ready ? "" : " not");
	}
	a->ready += e->member.is_ready && e->member.takes_slack;
}

static void
audit_ring(const struct audit *a, const struct timeline *line)
{
	const struct list_node *n = &line->ring;
	uint32_t turns = 0;

	for (; n->next != &line->ring; n = n->next) {
		const struct timeline_member *m =
			container_of(n->next, struct timeline_member, turn);

		if (n->next->prev != n || !m->is_ready || turns++ == a->ready) {
			break;
		}
	}
	if (n->next != &line->ring || turns != a->ready) {
		panic("paranoid: %u environments take slack, the ring is broken behind %u",
		      a->ready, turns);
	}
}

void
paranoid_check(struct kernel *k)
{
	struct captree *t = &k->tree;
	struct audit a = {.tree = t};
	uint64_t hangings = 0;
	const char *broken;

	for (uint64_t i = 0; i < t->pages; i++) {
		if (t->frames[i].kind == FRAME_TABLE &&
		    !(t->frames[i].holder & FRAME_HOLDER_LINK)) {
			hangings += TABLE_HANGINGS(&t->frames[i]);
		}
		if (t->frames[i].kind == FRAME_LEAF) {
			audit_leaf(&a, (const struct cap *)(t->base + i * PAGE_SIZE));
		} else if (t->frames[i].kind == FRAME_SPACE || t->frames[i].kind == FRAME_TABLE) {
			audit_table(t, i);
		} else if (t->frames[i].kind == FRAME_ENV) {
			audit_env(&a, i);
		}
	}
	for (uint32_t i = 0; i < k->harts; i++) {
		audit_timeline(t, &k->hart[i].timeline);
	}
	audit_ring(&a, &k->hart[arch_hart()].timeline);
	if (a.by_predicate != k->hart[arch_hart()].by_predicate) {
		panic("paranoid: %lu sleep by predicates, %lu are counted", a.by_predicate,
		      k->hart[arch_hart()].by_predicate);
	}
	broken = frame_check(t); /* now that lists lead somewhere */
	if (broken) {
		panic("paranoid: frames: %s", broken);
	}
	broken = arena_check();
	if (broken) {
		panic("paranoid: programs: %s", broken);
	}
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		broken = nic_check(i);
		if (broken) {
			panic("paranoid: filters of NIC %u: %s", i, broken);
		}
	}
	if (t->broken) {
		panic("paranoid: mappings were broken and nobody fences");
	}
	if (hangings != a.hangings) {
		panic("paranoid: tables count %lu places, %lu are bound", hangings, a.hangings);
	}
	if (a.dying != t->revocations) {
		panic("paranoid: %u capabilities are dying, %u are counted", a.dying,
		      t->revocations);
	}
}
