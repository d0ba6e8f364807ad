/* SPDX-License-Identifier: MIT
 * net_virtio_orders.c: orders to a virtio NIC about what it receives.
 *
 * An order is a class, a command and what goes with it; the device answers with a byte.
 *
 * State:      struct net_orders, and in the DMA area one of each order with its answer.
 * Invariants: `left` orders are the device's; while there are some, no other is given, so there is
 *             room in the queue and nobody writes what the device may read.
 * Callers:    net_virtio.c, as there.
 * Spec:       virtio 1.2, 5.1.6.5.
 */
#include "kern/dev/net_virtio_orders.h"

#include <exo/errors.h>

#include "lib/base/string.h"

#define QUEUE            2 /* as long as there is one pair of the others */

#define CLASS_RX         0 /* 5.1.6.5.1 */
#define RX_PROMISCUOUS   0
#define RX_ALL_MULTICAST 1
#define CLASS_MAC        1 /* 5.1.6.5.2 */
#define MAC_TABLE        0
#define ACKNOWLEDGED     0
#define NOT_ANSWERED     0xff

enum order {
	ORDER_ALL, /* take all frames, or not */
	ORDER_MULTICAST,
	ORDER_ADDRESSES,
	ORDERS,
};

/* Two tables: addresses of one station, and (none) of many. */
#define TABLES_BYTES (4 + 6 * NET_ADDRESSES_MAX + 4)

struct orders_area {
	struct {
		uint8_t class;
		uint8_t command;
		uint8_t data[TABLES_BYTES];
	} order[ORDERS];
	volatile uint8_t answer[ORDERS];
};

_Static_assert(2 * ORDERS <= NET_ORDERS_QUEUE, "they fit the queue");

int
net_orders_open(struct net_orders *o, struct virtio *v)
{
	*o = (struct net_orders){0};
	if (~v->features & NET_ORDERS_FEATURES) {
		return 0;
	}
	int error = virtq_open(v, &o->queue, QUEUE, o->slots, NET_ORDERS_QUEUE, NET_ORDERS_QUEUE);

	if (error) {
		return error;
	}
	o->area = virtio_dma_take(v, sizeof(*o->area), 8, &o->address);
	if (!o->area) {
		virtio_break(v, "the DMA area is too small for its orders");
		return E_NOSPACE;
	}
	return 0;
}

static void
give(struct net_orders *o, enum order order, uint8_t class, uint8_t command, uint32_t bytes)
{
	struct orders_area *area = o->area;
	uint64_t at = o->address.value;
	const struct virtq_buffer chain[] = {
		{{at + (uint64_t)((uint8_t *)&area->order[order] - (uint8_t *)area)}, 2 + bytes},
		{{at + offsetof(struct orders_area, answer) + order}, 1},
	};

	area->order[order].class = class;
	area->order[order].command = command;
	area->answer[order] = NOT_ANSWERED;
	(void)virtq_add(&o->queue, chain, 1, 1, (uint8_t)order);
	o->left++;
}

static bool
are_stations(const uint8_t (*addresses)[6], uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (addresses[i][0] & 1) {
			return false;
		}
	}
	return true;
}

int
net_orders_filter(struct net_orders *o, bool all, const uint8_t (*addresses)[6], uint32_t count)
{
	if (count > NET_ADDRESSES_MAX || !are_stations(addresses, count)) {
		return E_RANGE;
	}
	if (!o->area) {
		return E_UNSUPPORTED;
	}
	if (o->left) {
		return E_BUSY;
	}
	uint8_t *table = o->area->order[ORDER_ADDRESSES].data;

	memset(table, 0, TABLES_BYTES);
	table[0] = (uint8_t)count; /* of 32 bits */
	for (uint32_t i = 0; i < count; i++) {
		memcpy(table + 4 + 6 * i, addresses[i], 6);
	}
	o->area->order[ORDER_ALL].data[0] = all;
	o->area->order[ORDER_MULTICAST].data[0] = 1;
	o->refused = false;
	(void)virtq_listen(&o->queue);
	give(o, ORDER_ALL, CLASS_RX, RX_PROMISCUOUS, 1);
	give(o, ORDER_MULTICAST, CLASS_RX, RX_ALL_MULTICAST, 1);
	give(o, ORDER_ADDRESSES, CLASS_MAC, MAC_TABLE, 4 + 6 * count + 4);
	virtq_notify(&o->queue);
	return 0;
}

/* One answer; false if there is none, or the device broke. */
static bool
answered(struct net_orders *o)
{
	uint32_t bytes;
	int order = virtq_take(&o->queue, &bytes);

	if (order < 0) {
		return false;
	}
	if (bytes > 1) {
		virtq_lie(&o->queue, "it answered an order with more than a byte");
		return false;
	}
	o->left--;
	o->refused |= o->area->answer[order] != ACKNOWLEDGED;
	return true;
}

int
net_orders_serve(struct net_orders *o)
{
	do {
		while (o->left && answered(o)) {
		}
	} while (o->left && !o->queue.device->broken && virtq_listen(&o->queue));
	if (o->queue.device->broken || (!o->left && o->refused)) {
		return E_IO;
	}
	return o->left ? E_BUSY : 0;
}
