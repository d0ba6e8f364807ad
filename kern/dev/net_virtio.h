/* SPDX-License-Identifier: MIT
 * net_virtio.h: a NIC behind virtio-mmio.
 */
#ifndef KERN_DEV_NET_VIRTIO_H
#define KERN_DEV_NET_VIRTIO_H

#include "kern/dev/drivers.h"

/* Starts the device in a slot whose virtio_device_id is VIRTIO_ID_NET. As struct driver's probe. */
int net_virtio_probe(const struct device_resources *r, void *state, struct device *found);

#endif
