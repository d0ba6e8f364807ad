/* SPDX-License-Identifier: MIT
 * short_way.c: see short_way.h. Floating point that was used counts as in the hart's registers.
 *
 * State: in the contexts, and in the words of the hart that A_TURN points to.
 */
#include "test/model/short_way.h"

#include <string.h>

#include "lib/base/checked.h"

#define GP 3
#define T0 5
#define T1 6
#define T2 7
#define A0 10

struct slot {
	uint64_t word;
	uint64_t start;
	uint64_t unused;
	uint64_t badge;
	uint64_t rest[4];
};

static struct arch_env *
context(uint64_t tp)
{
	return (struct arch_env *)(tp - ARCH_ENV_BYTES);
}

static uint64_t
tp_of(const struct arch_env *a)
{
	return (uint64_t)a + ARCH_ENV_BYTES;
}

/* What struct env has at an offset from tp. */
static void *
word_of(struct arch_env *a, int64_t offset)
{
	return (void *)(tp_of(a) + (uint64_t)offset);
}

/* The environment that a handle names, if its slot says `want` under `mask`. */
static struct arch_env *
named(const struct arch_env *a, uint64_t handle, uint64_t want, uint64_t mask, uint64_t *badge)
{
	const struct slot *const *leaves = (const struct slot *const *)a->slots;
	uint64_t leaf = (handle & 0xffffffff) >> 6;
	const struct slot *s;

	if (!leaves || leaf >= SLOT_LEAVES) {
		return NULL;
	}
	s = &leaves[leaf][handle & 63];
	if ((s->word ^ handle) >> 32 || (s->word & mask) != want) {
		return NULL;
	}
	*badge = s->badge;
	return context((s->start << PAGE_SHIFT) + a->ram);
}

/* In assembly that writes satp and forgets nothing. */
static struct arch_env *
enter(struct arch_env *to)
{
	if (!(to->satp & SATP_ASID_MASK)) {
		panic("a space without an identifier is entered by the short way");
	}
	arch_space_enter(to);
	return to;
}

/* All registers go along. */
static struct arch_env *
pass(const struct arch_env *from, struct arch_env *to, uint64_t status)
{
	memcpy(&to->x[1], &from->x[1], 31 * sizeof(to->x[0]));
	to->x[GP] = to->uarea;
	to->x[T0] = status;
	to->x[T1] = 0;
	to->x[T2] = 0;
	if (from->fp) {
		memcpy(to->f, from->f, sizeof(to->f));
		to->fcsr = from->fcsr;
		arch_fp_used(to);
	}
	return enter(to);
}

static struct arch_env *
call(struct arch_env *a)
{
	uint64_t badge = 0;
	struct arch_env *to = named(a, a->x[T0], SLOT_CALL, SLOT_CALL_MASK, &badge);

	if (a->x[T1] || !to || a->token != to->open || !a->left) {
		return NULL;
	}
	to->left = a->left - 1;
	a->x[0] += 4;
	to->open = 0;
	to->back = tp_of(a);
	a->callee = tp_of(to);
	to->x[0] = to->entry;
	return pass(a, to, badge);
}

static struct arch_env *
reply(struct arch_env *a)
{
	struct arch_env *to;

	if (a->x[T1] || !a->back || *(const uint64_t *)a->turn == tp_of(a)) {
		return NULL;
	}
	to = context(a->back);
	a->open = a->token;
	a->back = 0;
	to->callee = 0;
	return pass(a, to, 0);
}

/* What C keeps over a call is kept. */
static struct arch_env *
hand_over(struct arch_env *a, struct arch_env *to, uint64_t result)
{
	static const uint8_t lost[] = {5, 6, 7, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31};

	a->x[0] += 4;
	*(uint64_t *)a->turn = tp_of(to);
	for (uint32_t i = 0; i < ARRAY_SIZE(lost); i++) {
		to->x[lost[i]] = 0;
	}
	to->x[A0] = result;
	return enter(to);
}

static bool
is_dirty(const struct arch_env *a)
{
	return a->fp && a->float_used;
}

static struct arch_env *
yield(struct arch_env *a)
{
	uint64_t badge;
	struct arch_env *to = named(a, a->x[A0], SLOT_YIELD, SLOT_YIELD_MASK, &badge);

	if (!to || to->rested != a->plain || is_dirty(a) || *(uint64_t *)(a->turn + TURN_NAPPED)) {
		return NULL;
	}
	a->rested = a->plain;
	to->rested = 0;
	a->x[A0] = 0;
	return hand_over(a, to, 0);
}

/* Bits that the one that sleeps waits for, and has no other events. */
static bool
is_awaited(struct arch_env *to, uint64_t bits)
{
	uint64_t mask = *(uint64_t *)word_of(to, A_WAIT_MASK);

	return (int64_t)bits > 0 && !(bits & ~mask) && !(mask & *(uint64_t *)word_of(to, A_EVENTS));
}

static struct arch_env *
notify(struct arch_env *a)
{
	uint64_t badge, mask = a->x[12] & ~(1ul << 63);
	struct arch_env *to = named(a, a->x[A0], SLOT_NOTIFY, SLOT_NOTIFY_MASK, &badge);
	uint64_t *turn = (uint64_t *)a->turn;

	if (!to || to->nap != a->plain || is_dirty(a) || a->x[13] != ~0ul ||
	    !is_awaited(to, a->x[11]) || turn[0] != tp_of(a) ||
	    (!turn[TURN_NAPPED / 8] && turn[TURN_SEEN / 8] != tp_of(a)) ||
	    mask & *(uint64_t *)word_of(a, A_EVENTS)) {
		return NULL;
	}
	*(uint64_t *)word_of(a, A_WAIT_MASK) = mask;
	*(uint32_t *)word_of(a, A_SLEEPING) = 1;
	*(uint32_t *)word_of(to, A_SLEEPING) = 0;
	a->nap = a->plain;
	to->nap = 0;
	turn[TURN_NAPPED / 8] = tp_of(a);
	return hand_over(a, to, a->x[11]);
}

struct arch_env *
short_way(struct arch_env *a)
{
	switch (-a->x[17]) {
	case CALL_CALL:
		return call(a);
	case CALL_REPLY:
		return reply(a);
	case CALL_YIELD:
		return yield(a);
	case CALL_NOTIFY:
		return notify(a);
	default:
		return NULL;
	}
}

struct arch_env *
interrupted(struct arch_env *a)
{
	a->vec_user = 0;
	return kern_interrupt(a);
}

struct arch_env *
trapped_once(struct arch_env *a)
{
	if (!a->vec_user) {
		return NULL;
	}
	a->vec_user = 0;
	return kern_gone_on(a);
}

void
short_way_or_long(struct arch_env *a)
{
	struct arch_env *next;

	a->x[0] -= 4;
	next = trapped_once(a);
	if (!next) {
		next = short_way(a);
	}
	if (!next && -a->x[17] >= CALL_SEND && -a->x[17] <= CALL_CALL) {
		next = kern_transfer(a);
	}
	if (next) {
		arch_enter(next);
	}
	a->x[0] += 4;
}
