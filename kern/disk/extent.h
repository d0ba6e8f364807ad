/* SPDX-License-Identifier: MIT
 * extent.h: raw transfers between blocks that a BLOCK capability names and frames, straight from
 * the device.
 */
#ifndef KERN_DISK_EXTENT_H
#define KERN_DISK_EXTENT_H

#include "kern/dev/blk.h"
#include "kern/irq.h"
#include "kern/kernel.h"
#include "kern/ring.h"

/* Make `b` disk number `number`; its interrupts come to extent_interrupt(), with what is returned.
 * Boot. */
struct disk *extent_attach(struct kernel *k, uint32_t number, struct blk *b);
irq_handler extent_interrupt;
/* Take the next sq entry of a DISK ring, if it can start now. 1: taken (started or completed with
 * its error), 0: cannot now (device or completion queue full), RING_AGAIN. Tree lock. */
int extent_submit(struct kernel *k, struct ring *r, struct cspace *s);

#endif
