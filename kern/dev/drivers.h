/* SPDX-License-Identifier: MIT
 * drivers.h: the list of all drivers and what it takes to start one.
 *
 * kern/machine.c walks the device tree, translates addresses and maps registers; a driver only sees
 * the result. A probe returns 0, E_NODEV (nothing there: an empty virtio slot, another device type)
 * or an error that is printed and skipped.
 */
#ifndef KERN_DEV_DRIVERS_H
#define KERN_DEV_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/arch.h"
#include "kern/dev/blk.h"
#include "kern/dev/net.h"
#include "kern/dev/uart.h"

struct device_resources {
	uintptr_t base; /* registers, mapped */
	uint64_t bytes;
	uint32_t irq;       /* 0: none */
	uint32_t reg_shift; /* properties reg-shift, reg-io-width (defaults 0, 1) */
	uint32_t io_width;
	uint64_t clock_hz; /* 0: unknown */
	struct dma_area
		dma; /* DRIVER_DMA_BYTES, cleared, page aligned, for drivers with wants_dma */
};

#define DRIVER_DMA_BYTES (192 * 1024ul) /* what a driver with wants_dma gets */
#define DRIVER_STATE_BYTES                                                                         \
	8192ul /* and its private state, cleared; a driver object must fit (static_assert) */

enum driver_class {
	DRIVER_UART,
	DRIVER_VIRTIO, /* a virtio-mmio slot: turns out to be blk, net or nothing */
};

/* What a probe found; cleared before the call. After 0 exactly one pointer is set; after an error
 * `why` may say more. */
struct device {
	struct uart *uart;
	struct blk *blk;
	struct net *net;
	const char *why; /* a clause to print, or NULL */
};

struct driver {
	const char *const *compatible; /* NULL-terminated */
	enum driver_class class;
	bool wants_dma;
	/* False if nothing is behind these registers, looked at before `irq` and `dma` are filled
	 * in. NULL: there always is. */
	bool (*is_there)(const struct device_resources *r);
	int (*probe)(const struct device_resources *r, void *state, struct device *found);
};

extern const struct driver *const drivers[]; /* NULL-terminated */

#endif
