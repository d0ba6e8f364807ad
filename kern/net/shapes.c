/* SPDX-License-Identifier: MIT
 * shapes.c: the compiled code of packet filters.
 *
 * Each shape (shape.h) has a page of its own, so that its code is replaced while no other runs in
 * that page: it is made writable, written, made executable, each with a fence on all harts, and
 * named to the nodes only after that. Whoever classifies a packet has the tree lock.
 * State:      the shapes, their pages, and whether somebody is compiling; tree lock.
 * Invariants: a page is written only by who set is_busy, and only while no node has that shape's
 *             code. Callers: bind, with nothing else to do.
 */
#include "kern/net/shapes.h"
#include "kern/code_pages.h"
#include "kern/net/nic_state.h"
#include "kern/net/trie_node.h"
#include "lib/base/string.h"

#define RAM_PART  256          /* no larger part of a small machine's RAM is code of filters */
#define TURNS_MAX SHAPES_SHARE /* others may bring in new ones as fast as they are compiled */

static struct {
	struct shapes shapes;
	struct code_pages pages; /* shapes with higher numbers have no code */
	bool is_sealed[SHAPES_MAX];
	bool is_busy;
	uint8_t turns; /* since somebody had nothing to compile, or enough of it */
} code;

void
shapes_boot(struct kernel *k)
{
	if (shapes_get()) {
		code.pages.is_sealed = code.is_sealed;
		code_pages_boot(k, &code.pages, SHAPES_MAX, RAM_PART);
		shapes_init(&code.shapes, (uintptr_t)nic_step);
	}
}

struct shapes *
shapes_get(void)
{
	return CONFIG_JIT && arch_has_jit() ? &code.shapes : NULL;
}

/* Nodes that were made before their shape had code find it here. */
struct trie_hit *
nic_step(const uint8_t *base, const uint8_t *end, struct trie_node *node, struct trie_hit *hits)
{
	node->code = shape_code(&code.shapes, node);
	return node->code == (uintptr_t)nic_step
		       ? trie_step(base, end, node, hits)
		       : ((trie_code *)(uintptr_t)node->code)(base, end, node, hits);
}

/* The page changes its rights on all harts; the lock is free meanwhile. */
static void
change(struct kernel *k, uint32_t number, bool is_sealed)
{
	if (!code_pages_seal(k, &code.pages, number, is_sealed)) {
		return;
	}
	kernel_unlock_fence(k);
	if (is_sealed) {
		kernel_fence_i(k);
	}
	kernel_lock(k);
}

/* Still the same shape under this number, and it wants code? */
static bool
is_wanted(uint32_t number, const struct arch_filter_shape *what)
{
	const struct arch_filter_shape *now = &code.shapes.shape[number].what;

	return shape_wanted(&code.shapes) == number && shape_bytes(now) == shape_bytes(what) &&
	       memcmp(now, what, shape_bytes(what)) == 0;
}

bool
shapes_compile(struct kernel *k)
{
	uint32_t number;
	uint32_t *page;
	struct arch_filter_shape what;
	int64_t bytes;

	if (!shapes_get() || code.is_busy) {
		return false;
	}
	number = code.turns < TURNS_MAX ? shape_wanted(&code.shapes) : SHAPE_NONE;
	if (number == SHAPE_NONE) {
		code.turns = 0;
		return false;
	}
	code.turns++;
	if (number >= code.pages.count) {
		shape_compiled(&code.shapes, number, 0);
		return true;
	}
	page = code_page(&code.pages, number);
	code.is_busy = true;
	what = code.shapes.shape[number].what;
	change(k, number, false);
	bytes = arch_filter_compile(&what, page, PAGE_SIZE);
	change(k, number, true);
	if (is_wanted(number, &what)) {
		shape_compiled(&code.shapes, number, bytes > 0 ? (uintptr_t)page : 0);
	}
	code.is_busy = false;
	return true;
}
