/* SPDX-License-Identifier: MIT
 * cap_tree.c: see cap_tree.h. Pages of the RAM: 0 and 1 stay as they are, 2 the slots, 12 places of
 * bindings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/panic.h"
#include "kern/sibling.h"
#include "test/unit/cap_tree.h"

static uint8_t ram[16 * EXO_PAGE_SIZE] __attribute__((aligned(8192)));
struct captree tree;
bool is_busy[NODES];
int unbinds_late;
jmp_buf panicked;

void
panic(const char *format, ...)
{
	(void)format;
	longjmp(panicked, 1);
}

struct cap *
slot(int i)
{
	return (struct cap *)(ram + 2 * EXO_PAGE_SIZE) + i;
}

/* Node i of an object in page 12; it waits for a device while is_busy[i]. */
uint32_t
node(int i)
{
	return bind_object_id(&tree, ram + 12 * EXO_PAGE_SIZE + i * 16);
}

static int
unbind(struct captree *t, struct cap *c, uint32_t id)
{
	(void)c;
	if (unbinds_late) {
		unbinds_late--;
		return CAP_AGAIN;
	}
	for (int i = 0; i < 64; i++) {
		if (node(i) == id && is_busy[i]) {
			return E_BUSY;
		}
	}
	bind_unlink(t, id);
	return 0;
}

static bool
is_disjoint(struct captree *t, const struct cap *c, const struct cap *with)
{
	(void)t;
	return c->start != with->start;
}

static const struct cap_type types[EXO_CAP_TYPES] = {
	[EXO_CAP_FRAME] = {.unbind = unbind},
	[EXO_CAP_PACKET] = {.is_disjoint = is_disjoint},
};

void
plant(uint32_t type)
{
	memset(ram, 0, sizeof(ram));
	memset(ram, 0xa5, 2 * EXO_PAGE_SIZE);
	memset(is_busy, 0, sizeof(is_busy));
	tree = (struct captree){.base = ram, .pages = 16, .types = types, .next_carve = 1};
	cap_root(&tree, slot(0), type, 0xe, START, COUNT);
}

void
sound(void)
{
	const char *broken = cap_check(&tree, slot(0));

	if (broken) {
		fail_msg("%s", broken);
	}
	assert_int_equal(cap_count_dying(&tree, slot(0)), tree.revocations);
}

int
zero_is_untouched(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * EXO_PAGE_SIZE; i++) {
		assert_int_equal(ram[i], ram[0]);
	}
	return 0;
}

int
carve(int parent, int dst, uint64_t start, uint64_t count)
{
	uint64_t way;
	int result = cap_carve(&tree, slot(parent), slot(dst), start, count, 0xe, 0, &way);

	sound();
	return result;
}

int
share(int parent, int dst)
{
	int result = cap_share(&tree, slot(parent), slot(dst), slot(parent)->start,
			       slot(parent)->count, 0xe, 0);

	sound();
	return result;
}

int
revoke(int c, uint64_t start, uint64_t count, int limit)
{
	uint64_t from = 0;
	int result;

	do {
		assert_true(limit-- > 0);
		result = cap_revoke_step(&tree, slot(c), start, count, &from);
		sound();
	} while (result == CAP_AGAIN);
	return result;
}

int
revoke_step(struct cap *c, uint64_t start, uint64_t count)
{
	return cap_revoke_step(&tree, c, start, count, &(uint64_t){0});
}

int
drop(int c, int limit)
{
	int result;

	do {
		assert_true(limit-- > 0);
		result = cap_drop_step(&tree, slot(c));
		sound();
	} while (result == CAP_AGAIN);
	return result;
}

void
bind(int c, int i, bool busy)
{
	assert_int_equal(cap_usable(&tree, slot(c)), 0);
	is_busy[i] = busy;
	bind_link(&tree, slot(c), node(i), 0);
}

int
height(const struct captree *t, const struct cap *root)
{
	int highest = 0;

	for (const struct cap *c = sibling_first(t, root); c; c = sibling_next(t, c)) {
		int h = 1;
		for (const struct cap *n = c; !(n->up & CAP_PARENT); n = cap_at(t, n->up)) {
			h++;
		}
		highest = h > highest ? h : highest;
	}
	return highest;
}
