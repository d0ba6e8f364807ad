/* SPDX-License-Identifier: MIT
 * ring.h: one RING object and its page, as disk.c and net.c use it.
 *
 * Order: an entry is written before the index that publishes it (release), an index is read before
 * the entries it covers (acquire). Own indices are kept here and only written to the page.
 */
#ifndef LIB_EXO_RING_H
#define LIB_EXO_RING_H

#include <stdbool.h>

#include <exo/ring.h>

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

/* Writes one entry; it starts with exo_queue_submit. 0, or E_BUSY when the ring is full. */
int exo_queue_put(struct exo_queue *queue, const union exo_request *request);

/* Hands all entries to the kernel. 0 (also when the device's queue is full: what is left goes
 * with the next submit), or an error of exo_submit. */
int exo_queue_submit(struct exo_queue *queue);

/* Takes one completion. 1 and *completion, 0 when there is none, or E_STATE when the kernel has
 * stopped the ring. */
int exo_queue_poll(struct exo_queue *queue, struct exo_completion *completion);

/* As exo_queue_poll, but waits up to `timeout_ns` for it. E_TIMEOUT instead of 0. */
int exo_queue_wait(struct exo_queue *queue, struct exo_completion *completion, uint64_t timeout_ns);

#endif
