/* SPDX-License-Identifier: MIT
 * ring.c: one RING object and its page; see ring.h.
 *
 * The kernel is trusted not to lie, but the page may be written by others who hold the
 * capability: what it says is only used as a number of entries, never as an index without
 * reducing it.
 */
#include "lib/exo/ring.h"

#include "lib/base/ring.h"
#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/frames.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

int
exo_queue_open(struct exo_queue *queue, enum exo_ring_kind kind, uint32_t bit)
{
	uint64_t address;
	int result = exo_frames_create(exo_own_frames(), EXO_CAP_RING, kind, bit, &queue->ring,
				       &queue->memory);

	if (result < 0) {
		return result;
	}
	result = exo_vm_map(exo_own_vm(), queue->ring, 0, 1, EXO_READ | EXO_WRITE, &address);
	if (result < 0) {
		exo_frames_destroy(exo_own_frames(), queue->ring, queue->memory);
		return result;
	}
	queue->page = (struct exo_ring *)address;
	queue->sq_tail = 0;
	queue->cq_head = 0;
	queue->outstanding = 0;
	queue->bit = bit;
	return 0;
}

int
exo_queue_close(struct exo_queue *queue)
{
	int result;

	if (queue->memory == EXO_NONE) {
		return 0;
	}
	result = exo_frames_destroy(exo_own_frames(), queue->ring, queue->memory);
	if (result < 0) {
		return result;
	}
	queue->memory = EXO_NONE;
	return exo_vm_unmap(exo_own_vm(), (uint64_t)queue->page, 1);
}

int
exo_queue_put(struct exo_queue *queue, const union exo_request *request)
{
	union exo_request *entry = exo_queue_next(queue);

	if (!entry) {
		return E_BUSY;
	}
	*entry = *request;
	exo_queue_push(queue);
	return 0;
}

int
exo_queue_submit_more(struct exo_queue *queue)
{
	int64_t taken;

	do {
		taken = exo_submit(queue->ring);
	} while (taken > 0 && exo_queue_has_more(queue));
	return taken < 0 ? (int)taken : 0;
}

int
exo_queue_wait(struct exo_queue *queue, struct exo_completion *completion, uint64_t timeout_ns)
{
	uint64_t hz = exo_start()->timebase_hz;
	uint64_t deadline = exo_deadline_after(exo_ticks(), timeout_ns, hz);

	for (;;) {
		int result = exo_queue_poll(queue, completion);

		if (result != 0) {
			return result;
		}
		result = exo_queue_submit(queue);
		if (result < 0) {
			return result;
		}
		if (exo_sleep(EXO_EVENT(queue->bit), deadline) == 0) {
			result = exo_queue_poll(queue, completion);
			return result != 0 ? result : E_TIMEOUT;
		}
	}
}
