/* SPDX-License-Identifier: MIT
 * blk_virtio_rig.h: a fake disk with the real driver on it, for the two tests of blk_virtio.c.
 */
#ifndef TEST_UNIT_BLK_VIRTIO_RIG_H
#define TEST_UNIT_BLK_VIRTIO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <exo/errors.h>

#include "kern/dev/blk_virtio.h"
#include "test/fake/tags.h"
#include "test/fake/virtio_disk.h"

#define BLOCK 4096u

extern struct fake_disk disk;
extern struct device_resources resources;
extern struct device found;
extern struct blk *blk;
extern struct tags seen;

/* Probes the disk as it is plugged in. */
int probe(void);

/* Set-up functions of cmocka: an honest disk; the same, probed. */
int plug(void **unused);
int plug_and_probe(void **unused);

/* One block from or to page tag % 32 of the test's data; a flush without data. */
int submit(enum blk_op op, uint64_t block, uint32_t tag);

/* A probe that must fail, name the reason and leave the device reset. */
void refused(int error, const char *reason);

/* The next request at the device. */
struct fake_chain take(void);

#define with_disk(test) cmocka_unit_test_setup(test, plug_and_probe)
#define unprobed(test)  cmocka_unit_test_setup(test, plug)

#endif
