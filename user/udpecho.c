/* SPDX-License-Identifier: MIT
 * udpecho.c: sends every UDP datagram that comes to a port back (RFC 862).
 *
 *   udpecho [PORT]     7 where not given
 *
 * lib/net answers ARP and pings meanwhile.
 */
#include <stdio.h>

#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/net/net.h"
#include "user/echo_port.h"

#define EVENT_NET   1
#define SMALL_PORTS 20 /* below are services like this one, which would answer it for ever */

static struct net net;

static void
echo(struct net *from, void *context, const struct net_datagram *datagram)
{
	(void)context;
	if (!datagram->is_broadcast && datagram->from_port >= SMALL_PORTS) {
		(void)net_udp_answer(from, datagram, datagram->data, datagram->bytes);
	}
}

int
main(int argc, char **argv)
{
	uint16_t port = echo_port(argc, argv);

	if (!port || net_open(&net, EVENT_NET)) {
		return 1;
	}
	int result = net_udp_listen(&net, port, echo, NULL);
	printf("%s: UDP port %u\n", exo_name(), port);
	while (result == 0) {
		result = net_wait(&net, EXO_FOREVER);
	}
	printf("%s: the network is lost: %s\n", exo_name(), exo_error_sentence(result));
	return 1;
}
