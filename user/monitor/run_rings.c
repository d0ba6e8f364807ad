/* SPDX-License-Identifier: MIT
 * run_rings.c: `rings`: whose rings there are, what they are bound to and what went through them.
 */
#include <stdio.h>

#include "lib/base/checked.h"
#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "user/monitor/command.h"
#include "user/monitor/tree.h"

static const char *const kinds[] = {
	[EXO_RING_DISK] = "disk",
	[EXO_RING_RECEIVE] = "receive",
	[EXO_RING_TRANSMIT] = "transmit",
};

static void
print_bound(const struct exo_ring_info *ring, char *text, size_t bytes)
{
	snprintf(text, bytes, "%s", ring->kind == EXO_RING_DISK ? "any disk" : "nothing");
	if (ring->packets != UINT32_MAX) {
		snprintf(text, bytes, "nic %u, filter %u", ring->packets >> EXO_NIC_SHIFT,
			 ring->packets & ((1u << EXO_NIC_SHIFT) - 1));
	}
}

static void
print_ring(const struct tree_cap *cap, const struct exo_ring_info *ring)
{
	char name[24], bound[24];

	snprintf(name, sizeof(name), "%s:%u", cap->owner, cap->slot);
	print_bound(ring, bound, sizeof(bound));
	printf("%-16s %-8s %-17s ", name, ring->kind < ARRAY_SIZE(kinds) ? kinds[ring->kind] : "?",
	       bound);
	if (ring->kind == EXO_RING_RECEIVE) {
		printf("%4u %8s %8s %8u %8u %6s %7u %7u %6u", ring->buffers, "-", "-",
		       ring->cq_tail, ring->cq_head, "-", ring->dropped, ring->handled,
		       ring->failed);
	} else {
		printf("%4u %8u %8u %8u %8u %6u %7s %7s %6s", EXO_SQ_SIZE, ring->sq_tail,
		       ring->sq_head, ring->cq_tail, ring->cq_head, ring->in_flight, "-", "-", "-");
	}
	printf("%s%s\n", ring->error ? "  stands still: " : "",
	       ring->error ? exo_error_name(ring->error) : "");
}

void
run_rings(const struct words *words)
{
	static union exo_detail detail;
	bool is_cut;
	uint32_t count = tree_look(&is_cut);

	(void)words;
	printf("ring             kind     bound to          size   queued    taken     done     "
	       "read "
	       "flying dropped handled failed\n");
	for (uint32_t i = 0; i < count; i++) {
		const struct tree_cap *cap = tree_at(i);

		if (cap->info.type == EXO_CAP_RING &&
		    exo_env_detail(cap->env, cap->handle, 0, &detail) == 0) {
			print_ring(cap, &detail.ring);
		}
	}
	if (is_cut) {
		printf("there are more than %u capabilities; the rest is left out\n", TREE_NODES);
	}
}
