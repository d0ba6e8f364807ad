/* SPDX-License-Identifier: MIT
 * udp_echo.c: paced UDP datagrams of 18 bytes sent back by lib/net: sleep, interrupt, filter, copy
 * into the ring, wake, ARP table, headers, transmit predicate. user/udpecho.c does the same.
 *
 * Runs under init, udp_echo.dts is its manifest.
 */
#include "lib/exo/events.h"
#include "lib/net/net.h"
#include "test/bench/common.h"

#define SAMPLES   200
#define EVENT_NET 1
#define ECHO_PORT 7

static struct net net;
static uint32_t echoes;

static void
echo(struct net *from, void *context, const struct net_datagram *datagram)
{
	(void)context;
	must("answer", net_udp_answer(from, datagram, datagram->data, datagram->bytes));
	echoes++;
}

/* An event may be left over from a packet that was seen without it, so not every wait brings one.
 */
static void
wait_echo(void)
{
	for (uint32_t before = echoes; echoes == before;) {
		must("wait", net_wait(&net, EXO_FOREVER));
	}
}

int
main(void)
{
	must("open", net_open(&net, EVENT_NET));
	must("listen", net_udp_listen(&net, ECHO_PORT, echo, NULL));
	while (!net.address || net_timeout_ns(&net) != EXO_FOREVER) {
		must("wait", net_wait(&net, EXO_FOREVER));
	}
	bench_empty();
	printf("READY\n");
	fflush(stdout);
	wait_echo(); /* ARP before */
	for (uint32_t i = 0; i < SAMPLES; i++) {
		BEGIN(OP_UDP_ECHO_RING);
		wait_echo();
		END(OP_UDP_ECHO_RING);
	}
	MARK(MARK_FLUSH);
	printf("BENCH DONE\n");
	return 0;
}
