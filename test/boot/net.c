/* SPDX-License-Identifier: MIT
 * net.c: lib/net on QEMU's user network: an address by DHCP, then echoes of the gateway. The
 * program of docs/net.md, together with user/udpecho.c.
 *
 * boot: NET=user
 */
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/random.h"
#include "lib/net/address.h"
#include "lib/net/net.h"
#include "test/boot/tap.h"

#define EVENT_NET   1
#define PATIENCE_NS (10 * EXO_NS_PER_S)
#define SECOND_NS   EXO_NS_PER_S
#define BYTES_MOST  UDP_MAX

static struct net net;

static struct {
	uint16_t sequence; /* of the echo that is waited for */
	uint32_t bytes;
	bool is_answered;
	uint8_t data[BYTES_MOST];
} ping;

static bool
wait_for_address(void)
{
	uint64_t end_ns = exo_now_ns() + PATIENCE_NS;

	while (!net.address && exo_now_ns() < end_ns) {
		if (net_wait(&net, PATIENCE_NS)) {
			return false;
		}
	}
	return net.address;
}

static void
hear_echo(struct net *from, const struct net_echo *echo)
{
	if (echo->sequence == ping.sequence && echo->from == from->gateway) {
		ping.is_answered =
			echo->bytes == ping.bytes && !memcmp(echo->data, ping.data, ping.bytes);
	}
}

/* True if the gateway sends `bytes` bytes back within a second. */
static bool
echo(uint32_t bytes)
{
	uint64_t end_ns = exo_now_ns() + SECOND_NS;

	ping.sequence++;
	ping.bytes = bytes;
	ping.is_answered = false;
	if (net_ping(&net, net.gateway, 1, ping.sequence, ping.data, bytes)) {
		return false;
	}
	while (!ping.is_answered && exo_now_ns() < end_ns) {
		net_wait(&net, SECOND_NS / 100);
	}
	return ping.is_answered;
}

static void
ignore(struct net *from, void *context, const struct net_datagram *datagram)
{
	(void)from;
	(void)context;
	(void)datagram;
}

static void
check_address(void)
{
	char text[ADDRESS_TEXT];

	tap_is(net_open(&net, EVENT_NET), 0, "the network opens");
	struct net_path path = {0x0a000202, 9, 9};
	tap_is(net_udp_send(&net, &path, "x", 1), E_STATE, "nothing is sent without an address");
	tap_ok(wait_for_address(), "DHCP gives an address");
	tap_ok(!strcmp(address_print(net.address, text), "10.0.2.15"), "10.0.2.15");
	tap_ok(!strcmp(address_print(net.gateway, text), "10.0.2.2"), "with a gateway");
	tap_ok(net_check(&net), "the invariants hold");
}

static void
check_echoes(void)
{
	unsigned right = 0;

	tap_ok(echo(56), "the gateway answers a ping, its hardware address being asked for first");
	tap_ok(echo(0), "one without data");
	tap_ok(echo(1472), "one that fills a frame");
	for (uint32_t i = 0; i < 300; i++) {
		right += echo(i);
	}
	tap_is(right, 300, "300 more come back, round and round the rings");
}

static void
check_ends(void)
{
	tap_is(net_udp_listen(&net, 7, ignore, NULL), 0, "a port is taken");
	tap_is(net_udp_listen(&net, 7, ignore, NULL), E_BUSY, "once");
	tap_is((int64_t)net.counts.malformed, 0, "nobody has sent garbage");
	tap_is((int64_t)net.counts.refused, 0, "the transmit filter let everything pass");
	tap_ok(net_check(&net), "the invariants hold");
}

int
main(void)
{
	tap_plan(15);
	exo_random(ping.data, sizeof(ping.data));
	check_address();
	net.hooks.echo = hear_echo;
	check_echoes();
	check_ends();
	return tap_end();
}
