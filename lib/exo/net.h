/* SPDX-License-Identifier: MIT
 * net.h: send and receive Ethernet frames through a PACKET capability.
 *
 * Packets that match the capability's receive atoms are put into the buffers in order;
 * exo_net_receive shows the oldest in place and exo_net_release gives its buffer back.
 * exo_net_send gathers a packet from up to EXO_SEGMENTS pieces of the sender's pages, which must
 * not change until its completion; the capability's transmit atoms decide (E_DENIED).
 */
#ifndef LIB_EXO_NET_H
#define LIB_EXO_NET_H

#include "lib/base/store.h"
#include "lib/exo/ring.h"
#include "lib/exo/vm.h"

struct exo_net {
	struct exo_queue receive;
	struct exo_queue transmit;
	struct exo_pages buffers;
	uint32_t buffer_count;
};

/* Opens both directions of `packet`. `pages`: receive memory, a power of two of at most 512, two
 * buffers each. `receive_bit` is raised by packets, `transmit_bit` by completions of
 * exo_net_send; they may be the same. 0 or an error; then nothing is left. */
int exo_net_open(struct exo_net *net, exo_handle packet, uint64_t pages, uint32_t receive_bit,
		 uint32_t transmit_bit);

/* As exo_net_open for a capability that only receives; exo_net_send must not be called. */
int exo_net_open_receive(struct exo_net *net, exo_handle packet, uint64_t pages, uint32_t bit);

/* As exo_net_open_receive, but from the ring that receives the packets of `packet` now, if there is
 * one. What came before the call stays there, all that comes after it comes here, each packet once.
 */
int exo_net_take_over(struct exo_net *net, exo_handle packet, uint64_t pages, uint32_t bit);

int exo_net_close(struct exo_net *net);

/* How many packets have come that are not yet released, or E_STATE as exo_net_receive. A number
 * above those that there are buffers for is a lie of somebody who writes to the page too. */
static inline int
exo_net_come(const struct exo_net *net)
{
	const struct exo_queue *queue = &net->receive;
	uint32_t cq_tail = __atomic_load_n(&queue->page->cq_tail, __ATOMIC_ACQUIRE);

	if (ring_is_empty(cq_tail, queue->cq_head)) {
		return queue->page->error ? E_STATE : 0;
	}
	return (int)((cq_tail - queue->cq_head) & INT32_MAX);
}

/* The bytes of the oldest of them, and *packet, without a look whether there is one. */
static inline uint32_t
exo_net_oldest(const struct exo_net *net, const uint8_t **packet)
{
	size_t index = ring_slot(net->receive.cq_head, net->buffer_count);

	*packet = (const uint8_t *)net->buffers.memory + index * EXO_PACKET_BYTES + EXO_PACKET_SKEW;
	return net->receive.page->received[index];
}

/* The oldest packet not yet released: its bytes (> 0) and *packet; 0 when there is none; E_STATE
 * when the kernel has stopped the ring. The packet stays until exo_net_release. */
static inline int
exo_net_receive(const struct exo_net *net, const uint8_t **packet)
{
	int come = exo_net_come(net);

	return come > 0 ? (int)exo_net_oldest(net, packet) : come;
}

static inline void
exo_net_release(struct exo_net *net)
{
	net->receive.cq_head++;
	store_release(&net->receive.page->cq_head, net->receive.cq_head);
}

/* Queues and submits one packet of `segments` pieces (EXO_SEGMENT(offset, bytes) of a FRAME
 * capability). 0, E_INVAL, or E_BUSY when the ring is full: take completions first. */
int exo_net_send(struct exo_net *net, const struct exo_segment *segment, uint32_t segments,
		 uint64_t cookie);

/* Next completion of a send: 1 and *done, 0 when there is none, or E_STATE. Packets that the device
 * had no room for are handed to it again. */
int exo_net_sent(struct exo_net *net, struct exo_completion *done);

/* Packets that found the receive ring full, ever. */
uint32_t exo_net_dropped(const struct exo_net *net);

#endif
