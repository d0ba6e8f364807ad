/* SPDX-License-Identifier: MIT
 * ping.c: asks a host for echoes (RFC 792) and tells how long they take; answers pings meanwhile.
 *
 *   ping ADDRESS [COUNT [BYTES]]     one a second; 4 of 56 bytes where not given; COUNT 0: for ever
 *
 * Ends with status 0 if every echo came, else 1. Without ADDRESS it asks nobody and only answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/random.h"
#include "lib/exo/start.h"
#include "lib/net/address.h"
#include "lib/net/net.h"

#define EVENT_NET   1
#define COUNT       4
#define BYTES       56
#define BYTES_MOST  UDP_MAX
#define ADDRESS_NS  (30 * EXO_NS_PER_S) /* for an address of our own */
#define INTERVAL_NS EXO_NS_PER_S

static struct net net;

static struct {
	uint32_t to;
	unsigned long count;
	uint32_t bytes;
	uint16_t id;
	uint16_t sequence; /* of the echo that is waited for */
	bool is_answered;
	uint64_t sent_ns;
	unsigned long sent;
	unsigned long received;
	uint8_t data[BYTES_MOST];
} ping;

static unsigned long
argument(int argc, char **argv, int index, unsigned long otherwise, unsigned long most)
{
	char *end = NULL;
	unsigned long value = index < argc ? strtoul(argv[index], &end, 10) : otherwise;

	if (value > most || (end && (end == argv[index] || *end))) {
		printf("%s: %s is no number up to %lu\n", exo_name(), argv[index], most);
		exit(1);
	}
	return value;
}

static void
read_arguments(int argc, char **argv)
{
	if (argc > 1 && address_parse(argv[1], &ping.to)) {
		printf("%s: %s is no IPv4 address\n", exo_name(), argv[1]);
		exit(1);
	}
	ping.count = argument(argc, argv, 2, COUNT, UINT16_MAX);
	ping.bytes = (uint32_t)argument(argc, argv, 3, BYTES, BYTES_MOST);
	exo_random(&ping.id, sizeof(ping.id));
	exo_random(ping.data, ping.bytes);
}

/* An answer counts once, if it is the one that is waited for and brings back what was sent. */
static void
hear_echo(struct net *from, const struct net_echo *echo)
{
	uint64_t took_us = (exo_now_ns() - ping.sent_ns) / 1000;
	char address[ADDRESS_TEXT];

	(void)from;
	if (echo->id != ping.id || echo->sequence != ping.sequence || ping.is_answered) {
		return;
	}
	if (echo->bytes != ping.bytes || memcmp(echo->data, ping.data, ping.bytes) != 0) {
		printf("%s: the echo %u is not what was sent\n", exo_name(), echo->sequence);
		return;
	}
	ping.is_answered = true;
	ping.received++;
	printf("%s: %u bytes from %s, number %u, %lu.%03lu ms\n", exo_name(), echo->bytes,
	       address_print(echo->from, address), echo->sequence, took_us / 1000, took_us % 1000);
}

static void
hear_error(struct net *from, const struct net_error *error)
{
	char teller[ADDRESS_TEXT];
	char to[ADDRESS_TEXT];

	(void)from;
	if (error->about.protocol == IP_ICMP && error->about.from_port == ping.id) {
		printf("%s: %s cannot be reached, says %s (type %u, code %u)\n", exo_name(),
		       address_print(error->about.to, to), address_print(error->from, teller),
		       error->type, error->code);
	}
}

static void
wait_ns(uint64_t ns)
{
	uint64_t end_ns = exo_now_ns() + ns;

	for (uint64_t now_ns = exo_now_ns(); now_ns < end_ns; now_ns = exo_now_ns()) {
		int result = net_wait(&net, end_ns - now_ns);
		if (result) {
			printf("%s: the network is lost: %s\n", exo_name(),
			       exo_error_sentence(result));
			exit(1);
		}
	}
}

static void
wait_for_address(void)
{
	uint64_t end_ns = exo_now_ns() + ADDRESS_NS;

	while (!net.address && exo_now_ns() < end_ns) {
		wait_ns(INTERVAL_NS / 8);
	}
	if (!net.address) {
		printf("%s: no address within %llu s\n", exo_name(), ADDRESS_NS / EXO_NS_PER_S);
		exit(1);
	}
}

static void
ask(void)
{
	ping.sequence++;
	ping.is_answered = false;
	ping.sent++;
	ping.sent_ns = exo_now_ns();
	int result = net_ping(&net, ping.to, ping.id, ping.sequence, ping.data, ping.bytes);
	if (result) {
		printf("%s: number %u was not sent: %s\n", exo_name(), ping.sequence,
		       result == E_NOENT ? "no gateway leads to another network"
					 : exo_error_sentence(result));
	}
	net_flush(&net);
	wait_ns(INTERVAL_NS);
}

int
main(int argc, char **argv)
{
	read_arguments(argc, argv);
	if (net_open(&net, EVENT_NET)) {
		return 1;
	}
	net.hooks.echo = hear_echo;
	net.hooks.error = hear_error;
	while (!ping.to) {
		wait_ns(INTERVAL_NS);
	}
	wait_for_address();
	while (!ping.count || ping.sent < ping.count) {
		ask();
	}
	printf("%s: %lu sent, %lu came back\n", exo_name(), ping.sent, ping.received);
	return ping.received == ping.sent ? 0 : 1;
}
