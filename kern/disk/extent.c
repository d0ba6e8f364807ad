/* SPDX-License-Identifier: MIT
 * extent.c: raw transfers between disk blocks and the caller's frames, no copy.
 *
 * A request names a BLOCK and a FRAME capability; both are checked here, once, on a copy of the
 * descriptor. Until the device is done the request is bound to the BLOCK capability, so that it
 * cannot leave the tree, and the frames are pinned: their holder may lose them at once, but nobody
 * else gets them before.
 *
 * State:      the disks and which ring's request each tag of a device belongs to; tree lock.
 * Invariants: a tag in use, one of under_way, names a busy request of a ring whose in_flight counts
 *             it; each ends exactly once, by extent_done. While a ring waits for room, a tag is in
 *             use, or the disk has another turn.
 * Design:     docs/design/disk.md, network.md ("Transmit")
 */
#include "kern/disk/extent.h"
#include "kern/claim.h"
#include "kern/cspace.h"
#include "kern/object.h"
#include "lib/base/checked.h"

#define PAGES_COST  10 /* unpinning so many counts like a completion */
#define EXTENT_DONE 3  /* nothing to do: complete at once */
#define EXTENT_USED 4  /* a page: it is E_BUSY, but not because there is no room */

struct disk {
	struct kernel *kernel;
	struct blk *blk;
	uint32_t number;
	uint32_t under_way;           /* tags in use */
	struct list_node turned_away; /* rings with requests that found no room */
	struct {
		struct ring *ring;
		struct ring_request *request;
	} tag[BLK_TAGS_MAX];
};

static struct disk disks[EXO_DISKS_MAX];

static void
extent_done(void *context, uint32_t tag, int result)
{
	struct disk *d = context;
	struct exo_disk_info *info = &d->kernel->sysinfo->disk[d->number];
	struct ring *r = d->tag[tag].ring;

	if (!r) {
		return;
	}
	d->blk->work += d->tag[tag].request->pinned[0].pages / PAGES_COST;
	d->tag[tag].ring = NULL;
	d->under_way--;
	info->requests++;
	info->errors += result < 0;
	ring_finish(r, d->tag[tag].request, result);
	ring_tell_next(&d->turned_away);
}

struct disk *
extent_attach(struct kernel *k, uint32_t number, struct blk *b)
{
	struct disk *d = &disks[number];

	d->kernel = k;
	d->blk = b;
	d->number = number;
	b->context = d;
	b->done = extent_done;
	list_init(&d->turned_away);
	k->sysinfo->disk[number] = (struct exo_disk_info){
		.blocks = b->blocks,
		.present = 1,
		.volatile_cache = b->volatile_cache,
	};
	return d;
}

__attribute__((noinline)) bool
extent_interrupt(void *disk, uint32_t budget, uint32_t *work)
{
	struct disk *d = disk;
	bool more = d->blk->ops->interrupt(d->blk, budget);

	*work = d->blk->work;
	if (!d->under_way && !list_is_empty(&d->turned_away)) {
		more |= ring_tell_next(&d->turned_away);
		++*work;
	}
	return more;
}

static uint32_t
free_tag(const struct disk *d)
{
	uint32_t tag = 0;

	while (tag < BLK_TAGS_MAX && d->tag[tag].ring) {
		tag++;
	}
	return tag;
}

/* The disk and first absolute block of a request, checked. */
static int
check_blocks(const struct exo_disk_request *q, struct cap *c, struct disk **disk, uint64_t *block)
{
	uint64_t need = q->op == EXO_DISK_READ ? EXO_READ : EXO_WRITE;

	if (!c) {
		return E_HANDLE;
	}
	if (cap_type(c) != EXO_CAP_BLOCK) {
		return E_TYPE;
	}
	if (!(cap_rights(c) & need)) {
		return E_RIGHTS;
	}
	if (q->op != EXO_DISK_FLUSH && (!q->count || q->count > EXO_DISK_BLOCKS_MAX)) {
		return E_RANGE;
	}
	if (!range_within(q->block, q->op == EXO_DISK_FLUSH ? 0 : q->count, c->count)) {
		return E_RANGE;
	}
	*disk = &disks[c->start >> EXO_BLOCK_DISK_SHIFT];
	*block = (c->start & ((1ul << EXO_BLOCK_DISK_SHIFT) - 1)) + q->block;
	return 0;
}

static int
check_frames(struct kernel *k, const struct exo_disk_request *q, struct cap *c, uint64_t *page)
{
	if (!c) {
		return E_HANDLE;
	}
	if (cap_type(c) != EXO_CAP_FRAME) {
		return E_TYPE;
	}
	if (!(cap_rights(c) & (q->op == EXO_DISK_READ ? EXO_WRITE : EXO_READ))) {
		return E_RIGHTS;
	}
	if (!range_within(q->page, q->count, c->count)) {
		return E_RANGE;
	}
	*page = c->start + q->page;
	return cap_usable(&k->tree, c);
}

static int
start(struct disk *d, struct ring *r, const struct exo_disk_request *q, struct cap *blocks,
      uint64_t block, struct cap *frames, uint64_t page)
{
	static const enum blk_op ops[] = {
		[EXO_DISK_READ] = BLK_READ,
		[EXO_DISK_WRITE] = BLK_WRITE,
		[EXO_DISK_FLUSH] = BLK_FLUSH,
	};
	struct blk_segment segment = {.address = {page << PAGE_SHIFT}, .bytes = q->count * 4096};
	struct ring_request *request = ring_request(r);
	uint32_t tag = free_tag(d);
	uint32_t segments = q->op == EXO_DISK_FLUSH ? 0 : 1;
	int error;

	if (!request || tag == BLK_TAGS_MAX) {
		return E_BUSY;
	}
	d->kernel->tree.work += segments ? q->count / 2 : 0;
	error = segments ? ring_pin(r, request, 0, frames, page, q->count) : 0;
	if (error) {
		return error;
	}
	error = d->blk->ops->submit(d->blk, ops[q->op], block, &segment, segments, tag);
	if (error) {
		ring_unpin(r, request);
		return error;
	}
	ring_use(r, &request->use[REQUEST_BLOCK], blocks);
	request->cookie = q->cookie;
	request->busy = 1;
	r->in_flight++;
	d->under_way++;
	d->tag[tag].ring = r;
	d->tag[tag].request = request;
	return 0;
}

/* Check one request and start it. 0, an error or EXTENT_DONE, EXTENT_USED that complete it, E_BUSY:
 * *disk has no room now, CLAIM_AGAIN. */
static int
try_request(struct kernel *k, struct ring *r, struct cspace *s, const struct exo_disk_request *q,
	    struct disk **disk)
{
	struct cap *blocks = cspace_lookup(s, q->blocks);
	struct cap *frames = cspace_lookup(s, q->frames);
	uint64_t block;
	uint64_t page = 0;
	int error;

	if (q->op < EXO_DISK_READ || q->op > EXO_DISK_FLUSH) {
		return E_INVAL;
	}
	error = check_blocks(q, blocks, disk, &block);
	if (!error) {
		error = cap_usable(&k->tree, blocks);
	}
	if (!error && q->op != EXO_DISK_FLUSH) {
		error = check_frames(k, q, frames, &page);
	}
	if (error) {
		return error;
	}
	if (q->op == EXO_DISK_FLUSH && !(*disk)->blk->volatile_cache) {
		return EXTENT_DONE; /* stable as it is */
	}
	if (q->op != EXO_DISK_FLUSH) {
		error = claim_pages(k, frames, page, q->count);
		if (error) {
			return error == E_BUSY && !k->waiting ? EXTENT_USED : error;
		}
	}
	return start(*disk, r, q, blocks, block, frames, page);
}

__attribute__((noinline)) int
extent_submit(struct kernel *k, struct ring *r, struct cspace *s)
{
	union exo_request q;
	struct disk *d;
	int error;

	if (!ring_has_room(r)) {
		return 0;
	}
	ring_peek(r, &q);
	error = try_request(k, r, s, &q.disk, &d);
	if (error == CLAIM_AGAIN || (error == E_BUSY && k->waiting)) {
		return RING_AGAIN;
	}
	if (error == E_BUSY) {
		ring_turn_away(r, &d->turned_away);
		return 0;
	}
	ring_advance(r);
	if (error) {
		ring_complete(r, q.disk.cookie,
			      error == EXTENT_DONE   ? 0
			      : error == EXTENT_USED ? E_BUSY
						     : error);
	}
	return 1;
}
