/* SPDX-License-Identifier: MIT
 * link.c: packets in and out.
 *
 * In: the kernel puts packets into rings of 2 KiB buffers; each is copied into a pbuf of the pool
 * and its buffer given back at once, so that a packet that TCP keeps for long holds up nobody.
 * Out: lwIP's packets are chains of pieces whose memory changes hands when TCP pleases, while the
 * kernel wants pieces of FRAME capabilities that stand still until it has sent them. So a packet
 * is put together in one of LINK_BUFFERS buffers of a FRAME of ours: one copy, and no reference
 * from the device to memory of lwIP's or of the application's. If all are in use lwIP is told
 * ERR_MEM and reminded when one is free again.
 * Invariant: a buffer is either in free[] or its index is the cookie of one request in the ring.
 */
#include "lib/lwip/link.h"

#include <stdio.h>

#include <exo/errors.h>

#include <lwip/etharp.h>
#include <lwip/priv/tcp_priv.h>
#include <netif/ethernet.h>

#include "lib/exo/error.h"
#include "lib/exo/net.h"
#include "lib/exo/start.h"

#define LINK_BUFFERS 64
#define LINK_BUDGET  64

_Static_assert(LINK_BUFFERS <= EXO_CQ_SIZE, "every buffer may complete before we look");

static struct {
	struct netif *netif;
	struct exo_net nets[EXO_START_GRANTS];
	uint32_t net_count;
	struct exo_pages arena;
	uint8_t free[LINK_BUFFERS];
	uint32_t free_count;
	bool is_starved;  /* lwIP was told that there is no buffer */
	bool has_refused; /* said once */
} wire;

static uint8_t *
buffer_at(uint32_t index)
{
	return (uint8_t *)wire.arena.memory + (size_t)index * EXO_PACKET_BYTES;
}

/* Takes the buffers of sent packets back. 0 or 1 as link_poll. */
static int
reap(void)
{
	struct exo_completion done;
	int result;
	int any = 0;

	while ((result = exo_net_sent(&wire.nets[0], &done)) == 1) {
		any = 1;
		if (done.cookie < LINK_BUFFERS && wire.free_count < LINK_BUFFERS) {
			wire.free[wire.free_count++] = (uint8_t)done.cookie;
		}
		if (done.result < 0 && !wire.has_refused) {
			wire.has_refused = true;
			printf("lwip: a packet was not sent: %s\n",
			       exo_error_sentence(done.result));
		}
	}
	return result < 0 ? result : any;
}

/* Queues buffer `index` with `bytes` bytes. 0 or E_BUSY. */
static int
queue(uint32_t index, uint16_t bytes)
{
	union exo_request request = {.packet = {.cookie = index, .segments = 1}};

	request.packet.segment[0].frames = wire.arena.frames;
	request.packet.segment[0].where = EXO_SEGMENT(index * EXO_PACKET_BYTES, bytes);
	int result = exo_queue_put(&wire.nets[0].transmit, &request);

	if (result == E_BUSY) {
		link_flush();
		result = exo_queue_put(&wire.nets[0].transmit, &request);
	}
	return result;
}

static err_t
output(struct netif *netif, struct pbuf *packet)
{
	(void)netif;
	if (packet->tot_len > EXO_PACKET_MAX) {
		return ERR_VAL;
	}
	if (wire.free_count == 0) {
		(void)reap();
	}
	if (wire.free_count == 0) {
		wire.is_starved = true;
		return ERR_MEM;
	}
	uint32_t index = wire.free[wire.free_count - 1];
	pbuf_copy_partial(packet, buffer_at(index), packet->tot_len, 0);
	if (queue(index, packet->tot_len)) {
		wire.is_starved = true;
		return ERR_MEM;
	}
	wire.free_count--;
	return ERR_OK;
}

static err_t
set_up(struct netif *netif)
{
	netif->name[0] = 'e';
	netif->name[1] = 'x';
	netif->mtu = EXO_PACKET_MAX - SIZEOF_ETH_HDR;
	netif->flags =
		NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	netif->output = etharp_output;
	netif->linkoutput = output;
	return ERR_OK;
}

static int
open_nets(uint32_t bit)
{
	const struct exo_start *start = exo_start();
	int result = start->packet_count ? 0 : E_NOENT;

	for (uint32_t i = 0; !result && i < start->packet_count; i++) {
		struct exo_net *net = &wire.nets[i];
		result = i ? exo_net_open_receive(net, start->packets[i], LINK_SHARED_PAGES, bit)
			   : exo_net_open(net, start->packets[i], LINK_RECEIVE_PAGES, bit, bit);
		wire.net_count += !result;
	}
	return result;
}

int
link_open(struct netif *netif, const uint8_t mac[6], uint32_t bit)
{
	int result = open_nets(bit);

	result = result ? result
			: exo_pages_make(&wire.arena,
					 LINK_BUFFERS * EXO_PACKET_BYTES / EXO_PAGE_SIZE);
	if (result) {
		return result;
	}
	for (uint32_t i = 0; i < LINK_BUFFERS; i++) {
		wire.free[wire.free_count++] = (uint8_t)i;
	}
	wire.netif = netif;
	netif_add_noaddr(netif, NULL, set_up, ethernet_input);
	for (size_t i = 0; i < ETH_HWADDR_LEN; i++) {
		netif->hwaddr[i] = mac[i];
	}
	netif_set_default(netif);
	netif_set_up(netif);
	return 0;
}

/* The oldest packet of `net`. 1 if there was one, 0, or an error. */
static int
receive(struct exo_net *net)
{
	const uint8_t *packet;
	int bytes = exo_net_receive(net, &packet);

	if (bytes <= 0 || bytes > EXO_PACKET_BYTES) {
		return bytes < 0 ? bytes : 0;
	}
	struct pbuf *copy = pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_POOL);
	if (copy) {
		pbuf_take(copy, packet, (u16_t)bytes);
	}
	exo_net_release(net);
	if (copy && wire.netif->input(copy, wire.netif) != ERR_OK) {
		pbuf_free(copy);
	}
	return 1;
}

int
link_poll(void)
{
	int any = reap();

	if (wire.is_starved && wire.free_count > 0) {
		wire.is_starved = false;
		tcp_txnow();
	}
	for (uint32_t i = 0; any >= 0 && i < wire.net_count; i++) {
		int result = 1;
		for (int n = 0; result == 1 && n < LINK_BUDGET; n++) {
			result = receive(&wire.nets[i]);
			any |= result;
		}
		any = result < 0 ? result : any;
	}
	return any;
}

void
link_flush(void)
{
	(void)exo_queue_submit(&wire.nets[0].transmit);
}
