/* SPDX-License-Identifier: MIT
 * drivers.c: the list of all drivers. A new one is a line here.
 */
#include "kern/dev/drivers.h"

#include <exo/errors.h>

#include "kern/dev/blk_virtio.h"
#include "kern/dev/net_virtio.h"
#include "kern/dev/uart_ns16550.h"
#include "kern/dev/uart_sifive.h"
#include "kern/dev/virtio_mmio.h"

static bool
virtio_slot_is_there(const struct device_resources *r)
{
	return virtio_device_id(r) != 0;
}

/* What is in a virtio slot is known only to its registers. */
static int
virtio_slot_probe(const struct device_resources *r, void *state, struct device *found)
{
	switch (virtio_device_id(r)) {
	case VIRTIO_ID_BLOCK:
		return blk_virtio_probe(r, state, found);
	case VIRTIO_ID_NET:
		return net_virtio_probe(r, state, found);
	default:
		return E_NODEV;
	}
}

static const char *const virtio_slot_compatible[] = {"virtio,mmio", NULL};

static const struct driver virtio_slot_driver = {
	.compatible = virtio_slot_compatible,
	.class = DRIVER_VIRTIO,
	.wants_dma = true,
	.is_there = virtio_slot_is_there,
	.probe = virtio_slot_probe,
};

const struct driver *const drivers[] = {
	&uart_ns16550_driver,
	&uart_sifive_driver,
	&virtio_slot_driver,
	NULL,
};
