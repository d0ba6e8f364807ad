/* SPDX-License-Identifier: MIT
 * net.c: see net.h.
 */
#include "lib/exo/net.h"

#include "lib/exo/call.h"

/* Makes the receive ring, gives it its memory and connects it. */
static int
receive_open(struct exo_net *net, exo_handle packet, uint32_t bit, uint64_t how)
{
	int64_t result = exo_queue_open(&net->receive, EXO_RING_RECEIVE, bit);

	if (result < 0) {
		return (int)result;
	}
	result = exo_bind(EXO_BIND_BUFFER, net->receive.ring, net->buffers.frames, 0);
	if (result >= 0) {
		result = exo_bind(EXO_BIND_PACKET, net->receive.ring, packet, how);
	}
	if (result < 0) {
		exo_queue_close(&net->receive);
	}
	return result < 0 ? (int)result : 0;
}

static int
transmit_open(struct exo_net *net, exo_handle packet, uint32_t bit)
{
	int64_t result = exo_queue_open(&net->transmit, EXO_RING_TRANSMIT, bit);

	if (result < 0) {
		return (int)result;
	}
	result = exo_bind(EXO_BIND_PACKET, net->transmit.ring, packet, 0);
	if (result < 0) {
		exo_queue_close(&net->transmit);
	}
	return result < 0 ? (int)result : 0;
}

static int
open_receive(struct exo_net *net, exo_handle packet, uint64_t pages, uint32_t bit, uint64_t how)
{
	int result = exo_pages_make(&net->buffers, pages);

	if (result < 0) {
		return result;
	}
	net->buffer_count = (uint32_t)(pages * EXO_PAGE_SIZE / EXO_PACKET_BYTES);
	net->transmit.memory = EXO_NONE;
	result = receive_open(net, packet, bit, how);
	if (result < 0) {
		exo_pages_end(&net->buffers);
	}
	return result;
}

int
exo_net_open_receive(struct exo_net *net, exo_handle packet, uint64_t pages, uint32_t bit)
{
	return open_receive(net, packet, pages, bit, 0);
}

int
exo_net_take_over(struct exo_net *net, exo_handle packet, uint64_t pages, uint32_t bit)
{
	return open_receive(net, packet, pages, bit, EXO_PACKET_REROUTE);
}

int
exo_net_open(struct exo_net *net, exo_handle packet, uint64_t pages, uint32_t receive_bit,
	     uint32_t transmit_bit)
{
	int result = exo_net_open_receive(net, packet, pages, receive_bit);

	if (result < 0) {
		return result;
	}
	result = transmit_open(net, packet, transmit_bit);
	if (result < 0) {
		exo_queue_close(&net->receive);
		exo_pages_end(&net->buffers);
	}
	return result;
}

int
exo_net_close(struct exo_net *net)
{
	int result = exo_queue_close(&net->transmit);

	if (result == 0) {
		result = exo_queue_close(&net->receive);
	}
	return result < 0 ? result : exo_pages_end(&net->buffers);
}

int
exo_net_send(struct exo_net *net, const struct exo_segment *segment, uint32_t segments,
	     uint64_t cookie)
{
	union exo_request request = {.packet = {.cookie = cookie, .segments = segments}};
	int result;

	if (segments == 0 || segments > EXO_SEGMENTS) {
		return E_INVAL;
	}
	for (uint32_t i = 0; i < segments; i++) {
		request.packet.segment[i] = segment[i];
	}
	result = exo_queue_put(&net->transmit, &request);
	return result < 0 ? result : exo_queue_submit(&net->transmit);
}

int
exo_net_sent(struct exo_net *net, struct exo_completion *done)
{
	int result = exo_queue_poll(&net->transmit, done);

	if (result >= 0) { /* the device may have had no room */
		exo_queue_submit(&net->transmit);
	}
	return result;
}

uint32_t
exo_net_dropped(const struct exo_net *net)
{
	return net->receive.page->dropped;
}
