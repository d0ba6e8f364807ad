/* SPDX-License-Identifier: MIT
 * run_filters.c: `filters`: the merged filters of a NIC, drawn, with their hits.
 */
#include <stdio.h>

#include "lib/exo/call.h"
#include "lib/exo/start.h"
#include "user/monitor/command.h"
#include "user/monitor/merged.h"
#include "user/monitor/tree.h"

#define DEPTH_MAX 64

/* --- a line ------------------------------------------------------------------------------- */
static uint32_t
byte_of(uint64_t word, uint32_t i)
{
	return (uint32_t)(word >> 8 * i) & 0xff;
}

/* Bytes [from, end) of the word, of which the mask has some bits: as a manifest has it. */
static void
print_bytes(const struct exo_filter_test *test, bool is_moved, uint32_t from, uint32_t end)
{
	bool is_whole = true;

	printf("%s%d:%u", is_moved ? "+" : "", test->offset + (int)from, end - from);
	for (uint32_t i = from; i < end; i++) {
		is_whole &= byte_of(test->mask, i) == 0xff;
	}
	for (uint32_t i = from; i < end && !is_whole; i++) {
		printf("%s%02x", i == from ? "&0x" : "", byte_of(test->mask, i));
	}
	for (uint32_t i = from; i < end; i++) {
		printf("%s%02x", i == from ? "=0x" : "", byte_of(test->value, i));
	}
}

/* A word may have bytes of several fields. */
static void
print_compare(const struct exo_filter_test *test, bool is_moved)
{
	const char *gap = "";

	for (uint32_t i = 0; i < test->width; i++) {
		uint32_t end = i;

		while (end < test->width && byte_of(test->mask, end)) {
			end++;
		}
		if (end > i) {
			printf("%s", gap);
			print_bytes(test, is_moved, i, end);
			gap = " ";
			i = end;
		}
	}
	if (!*gap) {
		printf("%u bytes%s", test->end, is_moved ? " more" : "");
	}
}

static void
print_tests(const struct merged_item *node)
{
	bool is_moved = node->is_moved;

	for (uint32_t i = 0; i < node->tests; i++) {
		const struct exo_filter_test *test = merged_test(node->first + i);

		printf("%s", i ? " " : "");
		if (test->kind == EXO_TEST_SHIFT) {
			printf("%s%d:%u&0x%lx<<%u", is_moved ? "+" : "", test->offset, test->width,
			       test->mask, test->scale);
			is_moved = true;
		} else {
			print_compare(test, is_moved);
		}
	}
}

/* Who holds a capability of the filter, or a ring bound to it. */
static void
print_holders(uint32_t name)
{
	static union exo_detail detail;
	const struct tree_cap *cap;

	for (uint32_t i = 0; (cap = tree_at(i)); i++) {
		if (cap->info.type == EXO_CAP_PACKET && cap->info.start == name) {
			printf(", %s:%u", cap->owner, cap->slot);
		} else if (cap->info.type == EXO_CAP_RING &&
			   exo_env_detail(cap->env, cap->handle, 0, &detail) == 0 &&
			   detail.ring.packets == name && detail.ring.kind == EXO_RING_RECEIVE) {
			printf(" to ring %s:%u", cap->owner, cap->slot);
		}
	}
}

static void
print_filter(const struct merged_item *filter, uint32_t nic)
{
	printf("filter %u%s: %lu packets", filter->number, filter->is_shared ? ", a share" : "",
	       filter->hits);
	print_holders(nic << EXO_NIC_SHIFT | filter->number);
}

static void
print_item(const struct merged_item *item, uint32_t nic)
{
	if (item->is_filter) {
		print_filter(item, nic);
	} else {
		print_tests(item);
		if (item->ends) {
			printf("%s-> ", item->tests ? " " : "");
			print_filter(item->ends, nic);
		}
	}
	printf("\n");
}

/* --- the tree ----------------------------------------------------------------------------- */
static void
print_branches(const struct merged_item *const *path, uint32_t depth)
{
	for (uint32_t i = 1; i <= depth; i++) {
		printf("%s", i < depth       ? (path[i]->next ? "|  " : "   ")
			     : path[i]->next ? "|- "
					     : "`- ");
	}
}

static void
draw(const struct merged_item *root, uint32_t nic)
{
	const struct merged_item *path[DEPTH_MAX] = {root};
	uint32_t depth = 0;

	print_item(root, nic);
	for (const struct merged_item *next = root->child;;) {
		if (next && depth + 1 < DEPTH_MAX) {
			path[++depth] = next;
			print_branches(path, depth);
			print_item(next, nic);
			next = next->child;
		} else if (depth) {
			next = path[depth--]->next;
		} else {
			return;
		}
	}
}

static void
draw_nic(uint32_t nic)
{
	bool is_cut;
	const struct merged_item *root = merged_look(nic, &is_cut);

	printf("nic %u, %s\n", nic, exo_sysinfo()->nic[nic].device);
	if (root) {
		draw(root, nic);
	} else {
		printf("nobody who can be seen holds a filter of it\n");
	}
	if (is_cut) {
		printf("there are more filters than can be drawn; the rest is left out\n");
	}
}

void
run_filters(const struct words *words)
{
	const struct exo_sysinfo *info = exo_sysinfo();
	uint64_t wanted = EXO_NICS_MAX;

	if (words->count > 1 &&
	    !command_number(words->word[1], "the NIC", 0, EXO_NICS_MAX - 1, &wanted)) {
		return;
	}
	if (wanted < EXO_NICS_MAX && !info->nic[wanted].present) {
		printf("there is no NIC %lu; nics lists them\n", wanted);
		return;
	}
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		if (info->nic[i].present && (wanted == EXO_NICS_MAX || wanted == i)) {
			draw_nic(i);
		}
	}
}
