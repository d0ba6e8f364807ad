/* SPDX-License-Identifier: MIT
 * blk_virtio.c: a virtio disk. Data moves between the device and the segments directly.
 *
 * A request is a chain: header (read by the device), segments, status byte (written by it).
 * State:      struct blk_virtio; headers and status bytes, one per tag, in the DMA area.
 * Invariants: bit t of in_flight is set iff done(t) is owed. The device, unless broken, has exactly
 * one chain with token t for each such t. Callers:    the disk's user, with the disk's lock held,
 * interrupts off. Spec:       virtio 1.2, 5.2.
 */
#include "kern/dev/blk_virtio.h"

#include <exo/errors.h>

#include "kern/dev/virtio_mmio.h"
#include "lib/base/bitmap.h"
#include "lib/base/checked.h"

/* 5.2.3 */
#define F_SIZE_MAX   (1ull << 1)
#define F_SEG_MAX    (1ull << 2)
#define F_RO         (1ull << 5)
#define F_BLK_SIZE   (1ull << 6)
#define F_FLUSH      (1ull << 9)
#define F_CONFIG_WCE (1ull << 11)

/* 5.2.4: offsets in the configuration */
enum {
	CONFIG_CAPACITY = 0, /* then size_max, seg_max */
	CONFIG_BLK_SIZE = 20,
	CONFIG_WRITEBACK = 32,
};

/* 5.2.6 */
enum {
	TYPE_IN = 0,
	TYPE_OUT = 1,
	TYPE_FLUSH = 4,
};
#define STATUS_OK         0
#define STATUS_UNWRITTEN  0xff

#define BLOCK_BYTES       4096u
#define SECTOR_BYTES      512u
#define SECTORS_PER_BLOCK (BLOCK_BYTES / SECTOR_BYTES)
#define BLOCKS_MAX        (1ull << 48)           /* what a block's name holds */
#define SEGMENT_BYTES_MAX (16u << 20)            /* of our own: sums stay far below 2^32 */
#define CHAIN_MAX         (BLK_SEGMENTS_MAX + 2) /* descriptors of one request */
#define QUEUE_LEAST       8
#define QUEUE_MOST        512 /* 64 requests of the largest kind need 384 */

struct header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

struct blk_virtio {
	struct blk blk;
	struct virtio virtio;
	struct virtq queue;
	volatile struct header *headers;
	volatile uint8_t *statuses;
	struct paddr headers_address;
	struct paddr statuses_address;
	uint64_t in_flight;              /* a bit per tag */
	uint32_t writable[BLK_TAGS_MAX]; /* bytes that the device is to write, status included */
	struct virtq_slot slots[QUEUE_MOST];
};

_Static_assert(sizeof(struct header) == 16, "5.2.6");
_Static_assert(sizeof(struct blk_virtio) <= DRIVER_STATE_BYTES, "driver state");
_Static_assert(BLK_TAGS_MAX <= 64, "in_flight");

/* The sum of the segments, or E_RANGE or E_ALIGN. */
static int64_t
segments_bytes(const struct blk *b, const struct blk_segment *segments, uint32_t count)
{
	int64_t total = 0;

	if (!count || count > b->segments_max) {
		return E_RANGE;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!segments[i].bytes || segments[i].bytes > b->segment_bytes_max) {
			return E_RANGE;
		}
		if (!is_aligned(segments[i].bytes, SECTOR_BYTES)) {
			return E_ALIGN;
		}
		total += segments[i].bytes;
	}
	return is_aligned((uint64_t)total, BLOCK_BYTES) ? total : E_ALIGN;
}

static int
request_check(const struct blk *b, enum blk_op op, uint64_t block,
	      const struct blk_segment *segments, uint32_t count)
{
	if (op == BLK_FLUSH) {
		return b->volatile_cache ? 0 : E_UNSUPPORTED;
	}
	if (op == BLK_WRITE && b->read_only) {
		return E_UNSUPPORTED;
	}
	int64_t bytes = segments_bytes(b, segments, count);

	if (bytes < 0) {
		return (int)bytes;
	}
	return range_within(block, (uint64_t)bytes / BLOCK_BYTES, b->blocks) ? 0 : E_RANGE;
}

static struct virtq_buffer
header_write(struct blk_virtio *s, enum blk_op op, uint64_t block, uint32_t tag)
{
	volatile struct header *h = &s->headers[tag];

	h->type = op == BLK_READ ? TYPE_IN : op == BLK_WRITE ? TYPE_OUT : TYPE_FLUSH;
	h->sector = op == BLK_FLUSH ? 0 : block * SECTORS_PER_BLOCK;
	return (struct virtq_buffer){{s->headers_address.value + tag * sizeof(*h)}, sizeof(*h)};
}

/* Builds the chain and returns what virtq_add says. */
static int
request_add(struct blk_virtio *s, enum blk_op op, uint64_t block,
	    const struct blk_segment *segments, uint32_t count, uint32_t tag)
{
	struct virtq_buffer chain[CHAIN_MAX];
	uint32_t length = 0;
	uint32_t writable = 1;

	chain[length++] = header_write(s, op, block, tag);
	for (uint32_t i = 0; i < count; i++) {
		chain[length++] = (struct virtq_buffer){segments[i].address, segments[i].bytes};
		writable += op == BLK_READ ? segments[i].bytes : 0;
	}
	s->statuses[tag] = STATUS_UNWRITTEN;
	chain[length++] = (struct virtq_buffer){{s->statuses_address.value + tag}, 1};
	s->writable[tag] = writable;

	uint32_t readable = op == BLK_READ ? 1 : length - 1;

	return virtq_add(&s->queue, chain, readable, length - readable, (uint8_t)tag);
}

static int
blk_virtio_submit(struct blk *b, enum blk_op op, uint64_t block, const struct blk_segment *segments,
		  uint32_t count, uint32_t tag)
{
	struct blk_virtio *s = container_of(b, struct blk_virtio, blk);

	if (b->broken) {
		return E_NODEV;
	}
	if (tag >= BLK_TAGS_MAX) {
		return E_RANGE;
	}
	if (bitmap_get(&s->in_flight, tag)) {
		return E_BUSY;
	}
	int error = request_check(b, op, block, segments, count);

	if (!error) {
		error = request_add(s, op, block, segments, op == BLK_FLUSH ? 0 : count, tag);
	}
	if (error) {
		return error;
	}
	bitmap_set(&s->in_flight, tag);
	virtq_notify(&s->queue);
	return 0;
}

static void
report(struct blk_virtio *s, uint32_t tag, int result)
{
	bitmap_clear(&s->in_flight, tag);
	s->blk.done(s->blk.context, tag, result);
}

/* Reports one request that the device has finished; false if there is none or the device broke. A
 * device that claims to have written less than asked gets no belief for its status byte either. */
static bool
finish_one(struct blk_virtio *s)
{
	uint32_t bytes;
	int tag = virtq_take(&s->queue, &bytes);

	if (tag < 0) {
		return false;
	}
	if (bytes > s->writable[tag]) {
		virtio_break(&s->virtio, "it wrote more than it was asked to");
		return false;
	}
	bool good = bytes == s->writable[tag] && s->statuses[tag] == STATUS_OK;

	report(s, (uint32_t)tag, good ? 0 : E_IO);
	return true;
}

static bool
blk_virtio_interrupt(struct blk *b, uint32_t budget)
{
	struct blk_virtio *s = container_of(b, struct blk_virtio, blk);

	b->work = 0;
	if (!s->virtio.broken) {
		virtio_acknowledge(&s->virtio);
	}
	while (b->work < budget && !s->virtio.broken && finish_one(s)) {
		b->work++;
	}
	if (!s->virtio.broken) {
		return virtq_pending(&s->queue);
	}
	b->broken = true;
	for (; b->work < budget && s->in_flight; b->work++) {
		report(s, word_lowest_bit(s->in_flight), E_IO);
	}
	return s->in_flight != 0;
}

static const struct blk_ops blk_virtio_ops = {
	.name = "virtio-blk",
	.submit = blk_virtio_submit,
	.interrupt = blk_virtio_interrupt,
};

static int
refuse(struct virtio *v, const char *why)
{
	virtio_break(v, why);
	return E_UNSUPPORTED;
}

static uint32_t
at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

static int
limits_read(struct blk_virtio *s)
{
	struct virtio *v = &s->virtio;
	uint32_t words[4]; /* capacity (two), size_max, seg_max */
	int error = virtio_config_read(v, CONFIG_CAPACITY, 4, words, ARRAY_SIZE(words));

	if (error) {
		return error;
	}
	uint64_t blocks = ((uint64_t)words[1] << 32 | words[0]) / SECTORS_PER_BLOCK;

	s->blk.blocks = blocks < BLOCKS_MAX ? blocks : BLOCKS_MAX;
	s->blk.segment_bytes_max =
		v->features & F_SIZE_MAX ? at_most(words[2], SEGMENT_BYTES_MAX) : SEGMENT_BYTES_MAX;
	s->blk.segments_max =
		v->features & F_SEG_MAX ? at_most(words[3], BLK_SEGMENTS_MAX) : BLK_SEGMENTS_MAX;
	if (!blocks || s->blk.segment_bytes_max < BLOCK_BYTES || !s->blk.segments_max) {
		return refuse(v, "its capacity or its segments are below one block of 4 KiB");
	}
	return 0;
}

static int
sector_size_check(struct virtio *v)
{
	uint32_t bytes;

	if (!(v->features & F_BLK_SIZE)) {
		return 0;
	}
	int error = virtio_config_read(v, CONFIG_BLK_SIZE, 4, &bytes, 1);

	if (error) {
		return error;
	}
	return is_power_of_two(bytes) && bytes >= SECTOR_BYTES && bytes <= BLOCK_BYTES
		       ? 0
		       : refuse(v, "its sectors are larger than 4 KiB or of an odd size");
}

/* 5.2.5: without CONFIG_WCE, a device that can flush must be taken for one that caches. */
static int
cache_read(struct blk_virtio *s)
{
	uint8_t writeback = 1;

	if (s->virtio.features & F_CONFIG_WCE) {
		int error = virtio_config_read(&s->virtio, CONFIG_WRITEBACK, 1, &writeback, 1);

		if (error) {
			return error;
		}
	}
	s->blk.volatile_cache = s->virtio.features & F_FLUSH && writeback;
	return 0;
}

static int
memory_take(struct blk_virtio *s)
{
	s->headers = virtio_dma_take(&s->virtio, BLK_TAGS_MAX * sizeof(struct header),
				     sizeof(struct header), &s->headers_address);
	s->statuses = virtio_dma_take(&s->virtio, BLK_TAGS_MAX, 1, &s->statuses_address);
	if (!s->headers || !s->statuses) {
		virtio_break(&s->virtio, "the DMA area is too small for its requests");
		return E_NOSPACE;
	}
	return 0;
}

static int
blk_virtio_start(struct blk_virtio *s, const struct device_resources *r)
{
	const uint64_t wanted = F_SIZE_MAX | F_SEG_MAX | F_RO | F_BLK_SIZE | F_FLUSH | F_CONFIG_WCE;
	int error = virtio_open(&s->virtio, r, wanted);

	if (!error) {
		error = limits_read(s);
	}
	if (!error) {
		error = sector_size_check(&s->virtio);
	}
	if (!error) {
		error = cache_read(s);
	}
	if (!error) {
		error = memory_take(s);
	}
	if (!error) {
		error = virtq_open(&s->virtio, &s->queue, 0, s->slots, QUEUE_LEAST, QUEUE_MOST);
	}
	return error ? error : virtio_start(&s->virtio);
}

int
blk_virtio_probe(const struct device_resources *r, void *state, struct device *found)
{
	struct blk_virtio *s = state;

	s->blk = (struct blk){.ops = &blk_virtio_ops};
	s->in_flight = 0;
	int error = blk_virtio_start(s, r);

	if (error) {
		found->why = s->virtio.why;
		return error;
	}
	s->blk.read_only = s->virtio.features & F_RO;
	found->blk = &s->blk;
	return 0;
}
