/* SPDX-License-Identifier: MIT
 * ring.h: one RING object and its page, as disk.c and net.c use it.
 *
 * Order: an entry is written before the index that publishes it (release), an index is read before
 * the entries it covers (acquire). Own indices are kept here and only written to the page.
 */
#ifndef LIB_EXO_RING_H
#define LIB_EXO_RING_H

#include <stdbool.h>

#include <exo/errors.h>
#include <exo/ring.h>

#include "lib/base/ring.h"
#include "lib/base/store.h"

struct exo_queue {
	exo_handle ring;
	exo_handle memory; /* the FRAME under it */
	struct exo_ring *page;
	uint32_t sq_tail; /* our own truth; the page has a copy */
	uint32_t cq_head;
	uint32_t outstanding; /* queued and not yet completed */
	uint32_t bit;         /* event bit of completions */
};

/* Creates a ring of `kind` and maps it. 0 or an error of carve, create or map. */
int exo_queue_open(struct exo_queue *queue, enum exo_ring_kind kind, uint32_t bit);

/* Destroys the ring. 0, or E_BUSY while the device still works on it (then try again). */
int exo_queue_close(struct exo_queue *queue);

/* The entry to be filled next, in the page, or a null pointer when the ring is full. */
static inline union exo_request *
exo_queue_next(const struct exo_queue *queue)
{
	uint32_t sq_head = __atomic_load_n(&queue->page->sq_head, __ATOMIC_ACQUIRE);

	if (ring_is_full(queue->sq_tail, sq_head, EXO_SQ_SIZE) ||
	    queue->outstanding == EXO_CQ_SIZE) {
		return NULL;
	}
	return &queue->page->sq[ring_slot(queue->sq_tail, EXO_SQ_SIZE)];
}

/* The entry of exo_queue_next is complete; it starts with exo_queue_submit. */
static inline void
exo_queue_push(struct exo_queue *queue)
{
	queue->sq_tail++;
	queue->outstanding++;
	store_release(&queue->page->sq_tail, queue->sq_tail);
}

/* Both at once, of a copy. 0, or E_BUSY when the ring is full. */
int exo_queue_put(struct exo_queue *queue, const union exo_request *request);

/* Whether the kernel has not taken all entries yet. */
static inline bool
exo_queue_has_more(const struct exo_queue *queue)
{
	return __atomic_load_n(&queue->page->sq_head, __ATOMIC_ACQUIRE) != queue->sq_tail;
}

int exo_queue_submit_more(struct exo_queue *queue);

/* Hands all entries to the kernel, if there are any. 0 (also when the device's queue is full: what
 * is left goes with the next submit), or an error of exo_submit. */
static inline int
exo_queue_submit(struct exo_queue *queue)
{
	return exo_queue_has_more(queue) ? exo_queue_submit_more(queue) : 0;
}

/* Takes one completion. 1 and *completion, 0 when there is none, or E_STATE when the kernel has
 * stopped the ring. */
static inline int
exo_queue_poll(struct exo_queue *queue, struct exo_completion *completion)
{
	uint32_t cq_tail = __atomic_load_n(&queue->page->cq_tail, __ATOMIC_ACQUIRE);

	if (ring_is_empty(cq_tail, queue->cq_head)) {
		return queue->page->error ? E_STATE : 0;
	}
	*completion = queue->page->cq[ring_slot(queue->cq_head, EXO_CQ_SIZE)];
	queue->cq_head++;
	store_release(&queue->page->cq_head, queue->cq_head);
	queue->outstanding -= queue->outstanding > 0;
	return 1;
}

/* All of them at once: how many there are, the n-th of them, and that `count` have been seen. There
 * are never more than requests were outstanding, whatever the page says. */
static inline uint32_t
exo_queue_completed(const struct exo_queue *queue)
{
	uint32_t count = __atomic_load_n(&queue->page->cq_tail, __ATOMIC_ACQUIRE) - queue->cq_head;

	return count < queue->outstanding ? count : queue->outstanding;
}

static inline const struct exo_completion *
exo_queue_completion(const struct exo_queue *queue, uint32_t n)
{
	return &queue->page->cq[ring_slot(queue->cq_head + n, EXO_CQ_SIZE)];
}

static inline void
exo_queue_complete(struct exo_queue *queue, uint32_t count)
{
	queue->cq_head += count;
	queue->outstanding -= count;
	store_release(&queue->page->cq_head, queue->cq_head);
}

/* As exo_queue_poll, but waits up to `timeout_ns` for it. E_TIMEOUT instead of 0. */
int exo_queue_wait(struct exo_queue *queue, struct exo_completion *completion, uint64_t timeout_ns);

#endif
