/* SPDX-License-Identifier: MIT
 * cap_check_test.c: every named invariant is seen to break when it is broken.
 *
 * links: kern/cap.c kern/sibling.c kern/revoke.c kern/cap_check.c test/unit/cap_tree.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/sibling.h"
#include "test/unit/cap_tree.h"

#define WIDTH (COUNT / 4)

/* 0 has four carved children: 1 with an object 5, 2 with badge and three shares 6 to 8, of which 6
 * is bound twice, 3 with a carved child 9, and 4. */
static void
plant_garden(void)
{
	uint64_t way;

	plant(EXO_CAP_FRAME);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(cap_carve(&tree, slot(0), slot(1 + i), START + (uint64_t)i * WIDTH,
					   WIDTH, 0xe, i == 1 ? 7 : 0, &way),
				 0);
	}
	assert_int_equal(cap_object(&tree, slot(1), slot(5), EXO_CAP_ENV), 0);
	for (int i = 6; i < 9; i++) {
		assert_int_equal(share(2, i), 0);
	}
	assert_int_equal(carve(3, 9, START + 2 * WIDTH, 1), 0);
	bind(6, 0, false);
	bind(6, 1, false);
	sound();
}

struct damage {
	const char *broken;
	int slot;
	size_t offset;
	size_t bytes;
	uint64_t flip;
};
#define DAMAGE(slot, field, flip, broken)                                                          \
	{                                                                                          \
		broken, slot, offsetof(struct cap, field), sizeof(((struct cap *)0)->field), flip  \
	}

static const struct damage damages[] = {
	DAMAGE(0, up, 1, "root has neither parent nor siblings"),
	DAMAGE(0, right, 1, "root has neither parent nor siblings"),
	DAMAGE(1, up, 1, "links down have links up"),
	DAMAGE(9, up, 1, "links down have links up"),
	DAMAGE(7, child, 0x12345678, "links down have links up"),
	DAMAGE(9, right, 0x82, "links down have links up"),
	DAMAGE(9, left, 0xffffffff, "links down have links up"),
	DAMAGE(4, word, EXO_CAP_FRAME, "slot is filled"),
	DAMAGE(4, word, CAP_RETIRED, "slot is filled"),
	DAMAGE(4, word, 0x70, "slot is filled"),
	DAMAGE(4, word, EXO_CAP_FRAME ^ EXO_CAP_BLOCK, "child has its parent's type"),
	DAMAGE(5, word, CAP_OBJECT, "child has its parent's type"),
	DAMAGE(5, word, EXO_CAP_ENV ^ EXO_CAP_FRAME, "child has its parent's type"),
	DAMAGE(4, word, CAP_OBJECT, "child has its parent's type"),
	DAMAGE(4, word, 2ul << CAP_DEPTH_SHIFT, "depth is its parent's plus 1"),
	DAMAGE(0, word, 1ul << CAP_DEPTH_SHIFT, "depth is its parent's plus 1"),
	DAMAGE(4, count, WIDTH ^ (WIDTH + 1), "child within parent"),
	DAMAGE(4, count, WIDTH, "child within parent"),
	DAMAGE(5, start, 1, "child within parent"),
	DAMAGE(5, count, 1, "child within parent"),
	DAMAGE(7, start, START, "child within parent"),
	DAMAGE(4, word, 0x100ul << CAP_RIGHTS_SHIFT, "rights subset"),
	DAMAGE(7, badge, 1, "badge inherited"),
	DAMAGE(7, badge, 7, "badge inherited"),
	DAMAGE(7, carve, 1, "carve id"),
	DAMAGE(5, carve, 1, "carve id"),
	DAMAGE(4, carve, 0x100, "carve id"),
	DAMAGE(0, carve, 1, "carve id"),
	DAMAGE(4, word, CAP_WHOLE, "whole means carved at every step"),
	DAMAGE(7, word, CAP_WHOLE, "whole means carved at every step"),
	DAMAGE(5, word, CAP_WHOLE, "whole means carved at every step"),
	DAMAGE(0, word, CAP_WHOLE, "whole means carved at every step"),
	DAMAGE(4, word, CAP_POOL, "kinds not mixed"),
	DAMAGE(4, word, CAP_SHARES, "kinds not mixed"),
	DAMAGE(2, word, CAP_SHARES, "kinds not mixed"),
	DAMAGE(2, word, CAP_POOL, "kinds not mixed"),
	DAMAGE(3, word, CAP_POOL, "kinds not mixed"),
	DAMAGE(3, start, WIDTH, "siblings in order"),
	DAMAGE(4, word, CAP_DYING, "dying is counted"),
	DAMAGE(4, word, CAP_LEAVING, "dying is counted"),
	DAMAGE(4, word, CAP_STUCK, "dying is counted"),
	DAMAGE(6, bindings, 0x40000000 ^ 0x40000001, "bindings linked both ways"),
};

static void
flip(const struct damage *d)
{
	uint8_t *at = (uint8_t *)slot(d->slot) + d->offset;

	for (size_t i = 0; i < d->bytes; i++) {
		at[i] ^= (uint8_t)(d->flip >> (8 * i));
	}
}

static void
test_fields(void **state)
{
	(void)state;
	plant_garden();
	for (const struct damage *d = damages; d < damages + sizeof(damages) / sizeof(damages[0]);
	     d++) {
		flip(d);
		const char *broken = cap_check(&tree, slot(0));
		if (!broken || strcmp(broken, d->broken)) {
			fail_msg("slot %d offset %zu flip 0x%lx: \"%s\" instead of \"%s\"", d->slot,
				 d->offset, d->flip, broken ? broken : "nothing", d->broken);
		}
		flip(d);
		sound();
	}
}

static struct cap *
top(int parent)
{
	return cap_at(&tree, slot(parent)->child);
}

/* Of three or more siblings, left and right below the top exchanged, or colours or turns changed.
 */
static void
test_siblings(void **state)
{
	static const int parents[] = {0, 2};

	(void)state;
	for (int i = 0; i < 2; i++) {
		plant_garden();
		struct cap *c = top(parents[i]);
		uint32_t left = c->left;
		c->left = c->right;
		c->right = left;
		assert_string_equal(cap_check(&tree, slot(0)), "siblings in order");
		plant_garden();
		top(parents[i])->mark ^= SIBLING_RED;
		assert_string_equal(cap_check(&tree, slot(0)),
				    "first sibling and below a red one is black");
		plant_garden();
		c = cap_at(&tree, top(parents[i])->left);
		c->mark ^= SIBLING_RED;
		assert_string_equal(cap_check(&tree, slot(0)), "as many black ones on every way");
		plant_garden();
		top(parents[i])->mark ^= CAP_TURN;
		assert_string_equal(cap_check(&tree, slot(0)), "done means done below");
	}
	plant_garden();
	struct cap *c = top(0);
	c->left = c->left ? c->left : c->right;
	c->right = c->left;
	assert_string_equal(cap_check(&tree, slot(0)), "links down have links up");
}

static void
test_bindings(void **state)
{
	(void)state;
	plant_garden();
	bind_at(&tree, node(0))->prev ^= 1;
	assert_string_equal(cap_check(&tree, slot(0)), "bindings linked both ways");
	plant_garden();
	bind_at(&tree, node(0))->next = node(1);
	assert_string_equal(cap_check(&tree, slot(0)), "bindings linked both ways");
	plant_garden();
	bind_link(&tree, slot(3), node(5), 0);
	assert_string_equal(cap_check(&tree, slot(0)), "pool is unbound");
}

static void
test_predicates(void **state)
{
	(void)state;
	plant(EXO_CAP_PACKET);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(carve(0, 1 + i, 10 + (uint64_t)i, 1), 0);
	}
	slot(4)->start = slot(5)->start;
	assert_string_equal(cap_check(&tree, slot(0)), "carved siblings disjoint");
	slot(4)->start++;
	assert_string_equal(cap_check(&tree, slot(0)), "siblings in order");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_siblings),
		cmocka_unit_test(test_bindings),
		cmocka_unit_test(test_predicates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
