/* SPDX-License-Identifier: MIT
 * virtio.c: the registers, queues and memory of a fake virtio-mmio device. See virtio.h.
 */
#include "test/fake/virtio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/host/mmio.h"
#include "arch/host/ram.h"

#define require(condition) ((condition) ? (void)0 : broke(#condition, __LINE__))

enum {
	DESCRIPTOR_NEXT = 1,
	DESCRIPTOR_WRITE = 2,
};

struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next;
};

static _Alignas(4096) uint8_t ram[DRIVER_DMA_BYTES + FAKE_DATA_BYTES];

static void
broke(const char *what, int line)
{
	fprintf(stderr, "test/fake/virtio.c:%d: the driver broke the rule: %s\n", line, what);
	abort();
}

static void *
memory(uint64_t address, uint64_t bytes)
{
	require(host_ram_contains(address, bytes));
	return host_ram_at(address);
}

/* --- registers (4.2.2) --------------------------------------------------------------------------
 */

static uint32_t
config_read(struct fake_virtio *f, uintptr_t offset, unsigned width)
{
	uint32_t value = 0;

	if (f->on_config_read) {
		f->on_config_read(f);
	}
	if (f->config_changes) {
		f->config_changes--;
		f->generation++;
	}
	if (offset + width <= sizeof(f->config)) {
		memcpy(&value, f->config + offset, width);
	}
	return value;
}

static struct fake_queue *
selected(struct fake_virtio *f)
{
	require(f->queue_sel < FAKE_QUEUES);
	return &f->queues[f->queue_sel];
}

static uint32_t
register_read(void *context, uintptr_t offset, unsigned width)
{
	struct fake_virtio *f = context;

	if (offset >= 0x100) {
		return config_read(f, offset - 0x100, width);
	}
	require(width == 4);
	switch (offset) {
	case 0x000:
		return f->magic;
	case 0x004:
		return f->version;
	case 0x008:
		return f->device_id;
	case 0x010:
		require(f->offered_sel < 2);
		return (uint32_t)(f->offered >> (32 * f->offered_sel));
	case 0x034:
		return f->queue_max[f->queue_sel];
	case 0x044:
		return selected(f)->ready;
	case 0x060:
		return f->interrupt_status;
	case 0x070:
		return f->status;
	case 0x0fc:
		return f->generation;
	default:
		require(!"read of a register that cannot be read");
		return 0;
	}
}

static void
reset(struct fake_virtio *f)
{
	f->resets++;
	if (f->never_resets) {
		return;
	}
	f->status = 0;
	f->interrupt_status = 0;
	f->accepted = 0;
	memset(f->queues, 0, sizeof(f->queues));
	f->queues[0].ready = f->queue_ready_after_reset;
}

/* Bits are added in the order of 3.1.1. */
static void
status_write(struct fake_virtio *f, uint32_t value)
{
	if (!value) {
		reset(f);
		return;
	}
	require(!(f->status & ~value));
	require(value == 1 || value == 3 || value == 0xb || value == 0xf);
	if (value == 0xb && f->refuses_features) {
		value = 3;
	}
	if (value == 0xf && f->never_starts) {
		value = 0xb;
	}
	f->status = value;
}

static void
accept_features(struct fake_virtio *f, uint32_t value)
{
	require(f->accepted_sel < 2 && f->status == 3);
	f->accepted |= (uint64_t)value << (32 * f->accepted_sel);
	require(!(f->accepted & ~f->offered));
}

static void
address_half(uint64_t *address, uintptr_t offset, uint32_t value)
{
	unsigned shift = offset & 4 ? 32 : 0;

	*address = (*address & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

static void
queue_start(struct fake_virtio *f, struct fake_queue *q)
{
	require(q->size && !(q->size & (q->size - 1)) && q->size <= f->queue_max[f->queue_sel]);
	require(q->descriptors % 16 == 0 && q->available % 2 == 0 && q->used % 4 == 0);
	memory(q->descriptors, 16ull * q->size);
	memory(q->available, 6 + 2ull * q->size); /* with the event words at their ends */
	memory(q->used, 6 + 8ull * q->size);
	q->ready = 1;
}

static void
queue_write(struct fake_virtio *f, uintptr_t offset, uint32_t value)
{
	struct fake_queue *q = selected(f);

	require(!q->ready && f->status == 0xb);
	switch (offset) {
	case 0x038:
		q->size = value;
		break;
	case 0x044:
		require(value == 1);
		queue_start(f, q);
		break;
	case 0x080:
	case 0x084:
		address_half(&q->descriptors, offset, value);
		break;
	case 0x090:
	case 0x094:
		address_half(&q->available, offset, value);
		break;
	case 0x0a0:
	case 0x0a4:
		address_half(&q->used, offset, value);
		break;
	default:
		require(!"write to a register that cannot be written");
	}
}

static void
register_write(void *context, uintptr_t offset, unsigned width, uint32_t value)
{
	struct fake_virtio *f = context;

	require(width == 4 && offset < 0x100);
	switch (offset) {
	case 0x014:
		f->offered_sel = value;
		break;
	case 0x020:
		accept_features(f, value);
		break;
	case 0x024:
		f->accepted_sel = value;
		break;
	case 0x030:
		f->queue_sel = value;
		require(value < FAKE_QUEUES);
		break;
	case 0x050:
		require(value < FAKE_QUEUES && f->queues[value].ready && f->status & 4);
		f->queues[value].notified++;
		break;
	case 0x064:
		require(!(value & ~3u));
		f->interrupt_status &= ~value;
		break;
	case 0x070:
		status_write(f, value);
		break;
	default:
		queue_write(f, offset, value);
	}
}

void
fake_virtio_plug(struct fake_virtio *f, uint32_t device_id, struct device_resources *r)
{
	*f = (struct fake_virtio){
		.magic = 0x74726976,
		.version = 2,
		.device_id = device_id,
		.offered = FAKE_F_VERSION_1,
		.queue_max = {1024, 1024, 64},
		.status = 0xf, /* the firmware used it */
	};
	memset(ram, 0, sizeof(ram));
	host_ram_set(ram, FAKE_RAM_ADDRESS, sizeof(ram));
	host_time_set(1000, 100);
	mmio_detach_all();
	mmio_attach(&(struct mmio_device){
		.base = FAKE_BASE,
		.bytes = FAKE_REGISTER_BYTES,
		.read = register_read,
		.write = register_write,
		.context = f,
	});
	*r = (struct device_resources){
		.base = FAKE_BASE,
		.bytes = FAKE_REGISTER_BYTES,
		.irq = 8,
		.io_width = 1,
		.dma = {ram, {FAKE_RAM_ADDRESS}, DRIVER_DMA_BYTES},
	};
}

uint8_t *
fake_data(void)
{
	return ram + DRIVER_DMA_BYTES;
}

uint64_t
fake_data_address(void)
{
	return FAKE_RAM_ADDRESS + DRIVER_DMA_BYTES;
}

/* --- queues (2.7) -------------------------------------------------------------------------------
 */

static struct descriptor
descriptor_read(const struct fake_queue *q, uint16_t id)
{
	struct descriptor d;

	require(id < q->size);
	memcpy(&d, memory(q->descriptors + 16ull * id, 16), sizeof(d));
	require(!(d.flags & ~(DESCRIPTOR_NEXT | DESCRIPTOR_WRITE)));
	require(d.bytes);
	memory(d.address, d.bytes);
	return d;
}

static void
chain_follow(const struct fake_queue *q, struct fake_chain *chain)
{
	uint16_t id = chain->id;

	for (unsigned i = 0;; i++) {
		struct descriptor d = descriptor_read(q, id);

		require(i < 16);
		require(d.flags & DESCRIPTOR_WRITE || !chain->writable);
		chain->buffers[i] = (struct fake_buffer){d.address, d.bytes};
		if (d.flags & DESCRIPTOR_WRITE) {
			chain->writable++;
		} else {
			chain->readable++;
		}
		if (!(d.flags & DESCRIPTOR_NEXT)) {
			return;
		}
		id = d.next;
	}
}

void
fake_virtio_ask(struct fake_virtio *f, unsigned queue, uint16_t index)
{
	const struct fake_queue *q = &f->queues[queue];
	bool has_events = f->accepted & FAKE_F_EVENT_IDX;
	uint16_t *word = memory(q->used + (has_events ? 4 + 8ull * q->size : 0), 2);

	*word = has_events ? index : index != q->taken;
}

/* Does the driver want to hear that the used ring has grown from `before` to `after`? (2.7.7.2) */
static bool
driver_listens(const struct fake_virtio *f, const struct fake_queue *q, uint16_t before,
	       uint16_t after)
{
	const uint16_t *available = memory(q->available, 6 + 2ull * q->size);

	if (!(f->accepted & FAKE_F_EVENT_IDX)) {
		return !(available[0] & 1);
	}
	for (uint16_t i = before; i != after; i++) {
		if (i == available[2 + q->size]) {
			return true;
		}
	}
	return false;
}

bool
fake_virtio_take(struct fake_virtio *f, unsigned queue, struct fake_chain *chain)
{
	struct fake_queue *q = &f->queues[queue];

	if (!q->ready || !(f->status & 4)) {
		return false;
	}
	uint16_t *available = memory(q->available, 6 + 2ull * q->size);
	uint16_t waiting = (uint16_t)(available[1] - q->taken);

	require(available[0] <= !(f->accepted & FAKE_F_EVENT_IDX) && waiting <= q->size);
	if (!waiting) {
		return false;
	}
	*chain = (struct fake_chain){.id = available[2 + q->taken % q->size]};
	q->taken++;
	fake_virtio_ask(f, queue, q->taken);
	chain_follow(q, chain);
	return true;
}

void
fake_virtio_used_index(struct fake_virtio *f, unsigned queue, uint16_t index)
{
	struct fake_queue *q = &f->queues[queue];

	if (q->ready && driver_listens(f, q, q->used_index, index)) {
		f->interrupt_status |= FAKE_INTERRUPT_USED;
		q->interrupts++;
	}
	q->used_index = index;
	memcpy(memory(q->used + 2, 2), &index, 2);
}

void
fake_virtio_return(struct fake_virtio *f, unsigned queue, uint32_t id, uint32_t bytes)
{
	struct fake_queue *q = &f->queues[queue];
	uint32_t element[2] = {id, bytes};

	if (!q->ready) {
		return;
	}
	memcpy(memory(q->used + 4 + 8ull * (q->used_index % q->size), 8), element, 8);
	fake_virtio_used_index(f, queue, (uint16_t)(q->used_index + 1));
}

/* Moves bytes between `at` and buffers [first, first + count) of the chain. */
static size_t
chain_move(const struct fake_chain *chain, unsigned first, unsigned count, size_t skip, void *at,
	   size_t bytes, bool to_chain)
{
	size_t moved = 0;

	for (unsigned i = first; i < first + count && moved < bytes; i++) {
		size_t have = chain->buffers[i].bytes;

		if (skip >= have) {
			skip -= have;
			continue;
		}
		size_t step = have - skip < bytes - moved ? have - skip : bytes - moved;
		uint8_t *buffer = memory(chain->buffers[i].address + skip, step);
		uint8_t *other = (uint8_t *)at + moved;

		memcpy(to_chain ? buffer : other, to_chain ? other : buffer, step);
		moved += step;
		skip = 0;
	}
	return moved;
}

size_t
fake_chain_read(const struct fake_chain *chain, size_t skip, void *to, size_t bytes)
{
	return chain_move(chain, 0, chain->readable, skip, to, bytes, false);
}

size_t
fake_chain_write(const struct fake_chain *chain, size_t skip, const void *from, size_t bytes)
{
	return chain_move(chain, chain->readable, chain->writable, skip, (void *)(uintptr_t)from,
			  bytes, true);
}

size_t
fake_chain_writable_bytes(const struct fake_chain *chain)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < chain->writable; i++) {
		bytes += chain->buffers[chain->readable + i].bytes;
	}
	return bytes;
}
