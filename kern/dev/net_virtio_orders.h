/* SPDX-License-Identifier: MIT
 * net_virtio_orders.h: orders to a virtio NIC about what it receives. See net.h, set_filter.
 */
#ifndef KERN_DEV_NET_VIRTIO_ORDERS_H
#define KERN_DEV_NET_VIRTIO_ORDERS_H

#include "kern/dev/net.h"
#include "kern/dev/virtio_mmio.h"

#define NET_ORDERS_FEATURES (1ull << 17 | 1ull << 18) /* CTRL_VQ, CTRL_RX: 5.1.3 */
#define NET_ORDERS_QUEUE    8                         /* descriptors; two for each order */

struct net_orders {
	struct virtq queue;
	struct orders_area *area; /* NULL: the device takes no orders */
	struct paddr address;
	uint32_t left; /* at the device */
	bool refused;  /* one of those that are not */
	struct virtq_slot slots[NET_ORDERS_QUEUE];
};

/* Before the device is started. 0, also for a device that does not take orders; else as
 * virtq_open(). */
int net_orders_open(struct net_orders *o, struct virtio *v);
/* As set_filter of net.h. */
int net_orders_filter(struct net_orders *o, bool all, const uint8_t (*addresses)[6],
		      uint32_t count);
/* While some are left: take the device's answers. 0 when it has carried out all of them, E_BUSY,
 * or E_IO, when it has refused one or is broken. Never more than three, so this counts as no work.
 */
int net_orders_serve(struct net_orders *o);

#endif
