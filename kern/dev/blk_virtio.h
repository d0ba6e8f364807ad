/* SPDX-License-Identifier: MIT
 * blk_virtio.h: a disk behind virtio-mmio.
 */
#ifndef KERN_DEV_BLK_VIRTIO_H
#define KERN_DEV_BLK_VIRTIO_H

#include "kern/dev/drivers.h"

/* Starts the device in a slot whose virtio_device_id is VIRTIO_ID_BLOCK. As struct driver's probe.
 */
int blk_virtio_probe(const struct device_resources *r, void *state, struct device *found);

#endif
