/* SPDX-License-Identifier: MIT
 * virtio_disk.h: what is behind a fake virtio disk: sectors in an array.
 */
#ifndef TEST_FAKE_VIRTIO_DISK_H
#define TEST_FAKE_VIRTIO_DISK_H

#include "test/fake/virtio.h"

#define FAKE_DISK_SECTORS     2048

#define FAKE_BLK_F_SIZE_MAX   (1ull << 1)
#define FAKE_BLK_F_SEG_MAX    (1ull << 2)
#define FAKE_BLK_F_RO         (1ull << 5)
#define FAKE_BLK_F_BLK_SIZE   (1ull << 6)
#define FAKE_BLK_F_FLUSH      (1ull << 9)
#define FAKE_BLK_F_CONFIG_WCE (1ull << 11)

struct fake_disk {
	struct fake_virtio virtio;
	uint8_t sectors[FAKE_DISK_SECTORS][512];
	unsigned flushes;
};

/* A disk of FAKE_DISK_SECTORS with FLUSH, SEG_MAX 126 and BLK_SIZE 512, as QEMU offers. */
void fake_disk_plug(struct fake_disk *d, struct device_resources *r);

/* Sets configuration fields. */
void fake_disk_capacity(struct fake_disk *d, uint64_t sectors);
void fake_disk_limits(struct fake_disk *d, uint32_t size_max, uint32_t seg_max, uint32_t blk_size);

/* Performs one request and returns its chain; the driver sees `status` if that is not 0. */
void fake_disk_serve(struct fake_disk *d, const struct fake_chain *chain, uint8_t status);

/* Performs it without returning it: status byte written. */
void fake_disk_perform(struct fake_disk *d, const struct fake_chain *chain, uint8_t status);

/* Serves all that waits, in order. Returns how many. */
unsigned fake_disk_serve_all(struct fake_disk *d);

#endif
