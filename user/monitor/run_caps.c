/* SPDX-License-Identifier: MIT
 * run_caps.c: `caps`: the tree of capabilities, drawn; with a name, what one environment holds.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/checked.h"
#include "user/monitor/command.h"
#include "user/monitor/tree.h"

#define DEPTH_MAX 40 /* the kernel's own is 32 */

static const char *const types[EXO_CAP_TYPES] = {
	[EXO_CAP_FRAME] = "FRAME",   [EXO_CAP_WINDOW] = "WINDOW", [EXO_CAP_IRQ] = "IRQ",
	[EXO_CAP_SLOT] = "SLOT",     [EXO_CAP_BLOCK] = "BLOCK",   [EXO_CAP_CODE] = "CODE",
	[EXO_CAP_PACKET] = "PACKET", [EXO_CAP_ENV] = "ENV",       [EXO_CAP_SPACE] = "SPACE",
	[EXO_CAP_TABLE] = "TABLE",   [EXO_CAP_CSPACE] = "CSPACE", [EXO_CAP_RING] = "RING",
	[EXO_CAP_VOLUME] = "VOLUME", [EXO_CAP_ROOT] = "ROOT",     [EXO_CAP_CONSOLE] = "CONSOLE",
};

/* Rights by type, in the order in which they are written. */
static const struct {
	uint32_t type;
	uint32_t right;
	const char *word;
} rights[] = {
	{EXO_CAP_FRAME, EXO_READ, "r"},
	{EXO_CAP_FRAME, EXO_WRITE, "w"},
	{EXO_CAP_FRAME, EXO_EXEC, "x"},
	{EXO_CAP_WINDOW, EXO_READ, "r"},
	{EXO_CAP_WINDOW, EXO_WRITE, "w"},
	{EXO_CAP_BLOCK, EXO_READ, "r"},
	{EXO_CAP_BLOCK, EXO_WRITE, "w"},
	{EXO_CAP_CONSOLE, EXO_READ, "read"},
	{EXO_CAP_CONSOLE, EXO_WRITE, "write"},
	{EXO_CAP_CONSOLE, EXO_CONSOLE_POWER, "power"},
	{EXO_CAP_PACKET, EXO_PACKET_RECEIVE, "receive"},
	{EXO_CAP_PACKET, EXO_PACKET_TRANSMIT, "transmit"},
	{EXO_CAP_PACKET, EXO_PACKET_TAP, "tap"},
	{EXO_CAP_ENV, EXO_ENV_CALL, "call"},
	{EXO_CAP_ENV, EXO_ENV_SIGNAL, "signal"},
	{EXO_CAP_ENV, EXO_ENV_YIELD, "yield"},
	{EXO_CAP_ENV, EXO_ENV_GIVE, "give"},
	{EXO_CAP_ENV, EXO_ENV_OBSERVE, "observe"},
	{EXO_CAP_ENV, EXO_ENV_CONTROL, "control"},
	{EXO_CAP_SPACE, EXO_SPACE_MAP, "map"},
	{EXO_CAP_SPACE, EXO_SPACE_BIND, "bind"},
	{EXO_CAP_TABLE, EXO_READ, "look"},
	{EXO_CAP_TABLE, EXO_TABLE_HANG, "hang"},
	{EXO_CAP_CSPACE, EXO_CSPACE_BIND, "bind"},
	{EXO_CAP_RING, EXO_RING_USE, "use"},
	{EXO_CAP_IRQ, EXO_IRQ_BIND, "bind"},
	{EXO_CAP_SLOT, EXO_SLOT_BIND, "bind"},
};

/* Letters stand together, words apart. */
static void
print_rights(const struct exo_cap_info *info)
{
	const char *gap = " ";

	if (info->rights == EXO_RIGHTS_ALL) {
		printf(" all");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		if (rights[i].type == info->type && rights[i].right & info->rights) {
			printf("%s%s", gap, rights[i].word);
			gap = rights[i].word[1] ? " " : "";
		}
	}
}

/* What it names. */
static void
print_name(const struct exo_cap_info *info)
{
	uint64_t block = info->start & ((1ul << EXO_BLOCK_DISK_SHIFT) - 1);

	switch (info->type) {
	case EXO_CAP_BLOCK:
		printf(" disk %lu: %lu +%lu", info->start >> EXO_BLOCK_DISK_SHIFT, block,
		       info->count);
		break;
	case EXO_CAP_SLOT:
		printf(" hart %lu: %u +%lu", info->start >> EXO_SLOT_HART_SHIFT,
		       (uint32_t)info->start, info->count);
		break;
	case EXO_CAP_IRQ:
		printf(" line %lu +%lu", info->start, info->count);
		break;
	case EXO_CAP_PACKET:
		printf(" nic %lu, %lu filters", info->start >> EXO_NIC_SHIFT, info->count);
		break;
	case EXO_CAP_CONSOLE:
		break;
	default:
		printf(" 0x%lx +%lu", info->start, info->count);
		break;
	}
}

static void
print_notes(const struct exo_cap_info *info)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} notes[] = {
		{EXO_CAPF_POOL, " pool"},
		{EXO_CAPF_SHARED, " share"},
		{EXO_CAPF_OBJECT, " object"},
		{EXO_CAPF_DYING, " dying"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		printf("%s", info->flags & notes[i].flag ? notes[i].word : "");
	}
	if (info->bindings) {
		printf(" %lu%s use%s", info->bindings,
		       info->bindings == EXO_BINDINGS_COUNTED ? " or more" : "",
		       info->bindings == 1 ? "" : "s");
	}
	if (info->badge) {
		printf(" badge 0x%lx", info->badge);
	}
}

static void
print_cap(const struct tree_cap *cap)
{
	const struct exo_cap_info *info = &cap->info;
	const char *type = info->type < EXO_CAP_TYPES ? types[info->type] : NULL;

	printf("%s:%u %s", cap->owner, cap->slot, type ? type : "?");
	print_name(info);
	print_rights(info);
	print_notes(info);
	printf("\n");
}

/* --- the tree ----------------------------------------------------------------------------- */
/* Is it to be drawn: of all, or of the one called `owner`? */
static bool
is_wanted(const struct tree_cap *cap, const char *owner)
{
	return !owner || !strcmp(cap->owner, owner);
}

static const struct tree_cap *
wanted_from(const struct tree_cap *cap, const char *owner)
{
	while (cap && !is_wanted(cap, owner)) {
		cap = cap->next;
	}
	return cap;
}

/* The lines on the left: for each step down from the root, whether more siblings follow. */
static void
print_branches(const struct tree_cap *const *path, uint32_t depth, const char *owner)
{
	for (uint32_t i = 1; i <= depth; i++) {
		bool has_more = wanted_from(path[i]->next, owner) != NULL;

		printf("%s", i < depth ? (has_more ? "|  " : "   ") : has_more ? "|- " : "`- ");
	}
}

/* Draws what hangs below a root, each before those below it. */
static void
draw(const struct tree_cap *root, const char *owner)
{
	const struct tree_cap *path[DEPTH_MAX] = {root};
	uint32_t depth = 0;

	print_cap(root);
	for (const struct tree_cap *next = wanted_from(root->child, owner);;) {
		if (next && depth + 1 < DEPTH_MAX) {
			path[++depth] = next;
			print_branches(path, depth, owner);
			print_cap(next);
			next = wanted_from(next->child, owner);
		} else if (depth) {
			next = wanted_from(path[depth--]->next, owner);
		} else {
			return;
		}
	}
}

void
run_caps(const struct words *words)
{
	const char *owner = NULL;
	struct world_env env;
	uint32_t count;
	bool is_cut;

	if (words->count > 1) {
		if (!world_find_running(words->word[1], &env)) {
			return;
		}
		owner = env.name;
	}
	count = tree_look(&is_cut);
	for (uint32_t i = 0; i < count; i++) {
		const struct tree_cap *cap = tree_at(i);

		if (is_wanted(cap, owner) && (!cap->parent || !is_wanted(cap->parent, owner))) {
			draw(cap, owner);
		}
	}
	if (is_cut) {
		printf("there are more than %u capabilities; the rest is left out\n", TREE_NODES);
	}
}
