/* SPDX-License-Identifier: MIT
 * virtio_disk.c: a fake virtio disk (virtio 1.2, 5.2) that does what the requests say.
 */
#include "test/fake/virtio_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TYPE_IN = 0,
	TYPE_OUT = 1,
	TYPE_FLUSH = 4,
};
#define STATUS_IOERR 1

void
fake_disk_capacity(struct fake_disk *d, uint64_t sectors)
{
	memcpy(d->virtio.config, &sectors, 8);
}

void
fake_disk_limits(struct fake_disk *d, uint32_t size_max, uint32_t seg_max, uint32_t blk_size)
{
	memcpy(d->virtio.config + 8, &size_max, 4);
	memcpy(d->virtio.config + 12, &seg_max, 4);
	memcpy(d->virtio.config + 20, &blk_size, 4);
}

void
fake_disk_plug(struct fake_disk *d, struct device_resources *r)
{
	fake_virtio_plug(&d->virtio, 2, r);
	d->virtio.offered |= FAKE_BLK_F_FLUSH | FAKE_BLK_F_SEG_MAX | FAKE_BLK_F_BLK_SIZE;
	d->flushes = 0;
	fake_disk_capacity(d, FAKE_DISK_SECTORS);
	fake_disk_limits(d, 0, 126, 512);
}

void
fake_disk_perform(struct fake_disk *d, const struct fake_chain *chain, uint8_t status)
{
	struct {
		uint32_t type;
		uint32_t reserved;
		uint64_t sector;
	} header;
	size_t writable = fake_chain_writable_bytes(chain);

	if (fake_chain_read(chain, 0, &header, 16) != 16 || !writable) {
		fprintf(stderr, "the driver sent a request that is none\n");
		abort();
	}
	if (header.sector >= FAKE_DISK_SECTORS) { /* it claimed to be larger */
		status = STATUS_IOERR;
		fake_chain_write(chain, writable - 1, &status, 1);
		return;
	}
	uint8_t *at = d->sectors[header.sector];
	size_t left = (FAKE_DISK_SECTORS - header.sector) * 512;

	switch (header.type) {
	case TYPE_IN:
		fake_chain_write(chain, 0, at, writable - 1 < left ? writable - 1 : left);
		break;
	case TYPE_OUT:
		fake_chain_read(chain, 16, at, left);
		break;
	case TYPE_FLUSH:
		d->flushes++;
		break;
	default:
		fprintf(stderr, "the driver sent an unknown request\n");
		abort();
	}
	fake_chain_write(chain, writable - 1, &status, 1);
}

void
fake_disk_serve(struct fake_disk *d, const struct fake_chain *chain, uint8_t status)
{
	fake_disk_perform(d, chain, status);
	fake_virtio_return(&d->virtio, 0, chain->id, (uint32_t)fake_chain_writable_bytes(chain));
}

unsigned
fake_disk_serve_all(struct fake_disk *d)
{
	struct fake_chain chain;
	unsigned count = 0;

	for (; fake_virtio_take(&d->virtio, 0, &chain); count++) {
		fake_disk_serve(d, &chain, 0);
	}
	return count;
}
