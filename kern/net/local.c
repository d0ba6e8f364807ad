/* SPDX-License-Identifier: MIT
 * local.c: packets from one environment to another on the same NIC.
 *
 * No network gives a frame back to the port that it came from, so what is sent to an address of
 * another libOS here, or to all, is given to the filters of this NIC as well as to the device. A
 * look at its head in the filters of the whole NIC tells whether it may be for one: then it is
 * copied and waits for the NIC's next turn, as if it had come in. Its sender does not get it back.
 * What finds no room is lost, and counted as dropped, as in any network.
 *
 * State:      struct nic.local, tree lock. Invariants: first <= end < first + LOCAL_FRAMES: the
 * frame that was taken last stays as it is until the next one is. Callers:    transmit.c, nic.c.
 * Design: docs/design/network.md
 */
#include "kern/net/local.h"
#include "kern/boot.h"
#include "kern/net/canon.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

void
local_init(struct nic *n)
{
	n->local.memory = boot_room(n->kernel, LOCAL_FRAMES * EXO_PACKET_BYTES);
}

static uint8_t *
frame_at_index(const struct nic *n, uint32_t index)
{
	return n->local.memory + index % LOCAL_FRAMES * EXO_PACKET_BYTES + FRAME_SKEW;
}

/* Apart, for it needs much room and few registers. */
__attribute__((noinline)) bool
local_wants(const struct nic *n, const struct net_segment *head)
{
	const struct nic_filter *all = &n->filter[0];
	const uint8_t *frame = arch_ram(head->address.value);
	struct trie_hit hits[TRIE_HITS_MAX];

	if (!n->local.memory || all->ring) {
		return n->local.memory != NULL;
	}
	return all->children.root && trie_run(&all->children, frame, frame + head->bytes, hits);
}

bool
local_keep(struct nic *n, const struct env *from, const struct net_segment *list, uint32_t count)
{
	uint8_t *frame = frame_at_index(n, n->local.end);
	uint32_t bytes = 0;

	/* the one before the first is being received, perhaps by a handler that answers here */
	if (n->local.end - n->local.first >= LOCAL_FRAMES - 1) {
		n->info->dropped++;
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		memcpy(frame + bytes, arch_ram(list[i].address.value), list[i].bytes);
		bytes += list[i].bytes;
	}
	n->local.bytes[n->local.end % LOCAL_FRAMES] = (uint16_t)bytes;
	n->local.sender[n->local.end % LOCAL_FRAMES] = from;
	n->local.end++;
	return true;
}

uint32_t
local_take(struct nic *n, const uint8_t **frame)
{
	uint32_t index = n->local.first;

	if (index == n->local.end) {
		return 0;
	}
	n->local.first++;
	n->sender = n->local.sender[index % LOCAL_FRAMES];
	*frame = frame_at_index(n, index);
	return n->local.bytes[index % LOCAL_FRAMES];
}
