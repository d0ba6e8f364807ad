/* SPDX-License-Identifier: MIT
 * sntp.c: asks a time server what time it is and tells everybody: writes the clock page.
 *
 *   sntp [SERVER [SECONDS]]     that of DHCP, every 64 s where not given; not below 15 s
 *
 * For machines without a clock of their own, or with one that is wrong: it takes the place of the
 * driver `rtc` (`clock;` in the manifest, which only one environment can have). RFC 4330: asks one
 * server, one packet each time; twice as seldom, up to an hour, while there is no answer; not at
 * all any more if the server says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/exo/call.h"
#include "lib/exo/clock_adjust.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/random.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"
#include "lib/net/address.h"
#include "lib/net/net.h"
#include "lib/net/sntp.h"

#define EVENT_NET    1
#define SECONDS      64
#define SECONDS_MOST 3600

static struct net net;

static struct {
	struct exo_clock_page *page;
	uint32_t server; /* of the argument, or 0 */
	uint64_t interval_ns;
	uint64_t next_ns;
	uint32_t misses; /* questions without answer, in a row */
	uint16_t port;
	bool is_waiting;
	bool has_heard; /* an answer, ever */
	bool has_said;  /* that there is no server */
	struct sntp_question question;
} sntp;

static void
read_arguments(int argc, char **argv)
{
	char *end = "";
	unsigned long seconds = argc > 2 ? strtoul(argv[2], &end, 10) : SECONDS;

	if (argc > 1 && address_parse(argv[1], &sntp.server)) {
		printf("%s: %s is no IPv4 address\n", exo_name(), argv[1]);
		exit(1);
	}
	if (seconds < SNTP_LEAST_S || seconds > SECONDS_MOST || *end) {
		printf("%s: %s is not from %d to %d seconds\n", exo_name(), argv[2], SNTP_LEAST_S,
		       SECONDS_MOST);
		exit(1);
	}
	sntp.interval_ns = seconds * EXO_NS_PER_S;
}

static void
map_page(void)
{
	exo_handle clock = exo_start()->clock;
	uint64_t address = 0;
	int result = clock == EXO_NONE ? E_NODEV
				       : exo_vm_map(exo_own_vm(), clock, 0, 1, EXO_READ | EXO_WRITE,
						    &address);

	if (result) {
		printf("%s: could not map the clock page (clock in the manifest): %s\n", exo_name(),
		       exo_error_sentence(result));
		exit(1);
	}
	sntp.page = (struct exo_clock_page *)address;
}

static void
tell(const struct exo_clock_line *line, const struct sntp_answer *answer)
{
	time_t seconds = (time_t)(line->ns / EXO_NS_PER_S);
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime(&seconds));
	printf("%s: it is %s UTC, %lu us there and back\n", exo_name(), text,
	       answer->delay_ns / 1000);
}

/* Follows what the server said, as the driver of a clock follows its registers. */
static void
publish(const struct sntp_answer *answer)
{
	uint64_t hz = exo_start()->timebase_hz;
	struct exo_clock_reading reading = {exo_ticks_of_ns(answer->at_ns, hz), answer->time_ns};
	struct exo_clock_line line = {0};

	exo_clock_load(sntp.page, &line);
	uint64_t generation = line.generation;
	line = exo_clock_adjust(&line, &reading, hz, exo_ticks_of_ns(sntp.interval_ns, hz));
	exo_clock_store(sntp.page, &line);
	if (line.generation != generation) {
		tell(&line, answer);
	}
}

static void
hear(struct net *from, void *context, const struct net_datagram *datagram)
{
	struct sntp_answer answer;
	uint32_t server = sntp.server ? sntp.server : from->time_server;

	(void)context;
	if (!sntp.is_waiting || datagram->from != server || datagram->from_port != SNTP_PORT) {
		return;
	}
	int result =
		sntp_parse(datagram->data, datagram->bytes, &sntp.question, exo_now_ns(), &answer);
	if (result == E_DENIED) {
		printf("%s: the server does not want to be asked any more\n", exo_name());
		exit(1);
	}
	if (result == 0) {
		sntp.is_waiting = false;
		sntp.has_heard = true;
		sntp.misses = 0;
		publish(&answer);
	}
}

/* RFC 4330 10, 7.: twice as long with each question that was not answered. Until there is a first
 * answer nobody has the time, so it is asked for as often as is allowed. */
static uint64_t
interval_ns(void)
{
	uint64_t least_ns = SNTP_LEAST_S * EXO_NS_PER_S;
	uint64_t most_ns = SECONDS_MOST * EXO_NS_PER_S;
	uint64_t ns = sntp.misses      ? least_ns << (sntp.misses < 9 ? sntp.misses - 1 : 8)
		      : sntp.has_heard ? sntp.interval_ns
				       : least_ns;

	return ns < most_ns ? ns : most_ns;
}

/* Counts a question without an answer, and says the first of a row. */
static void
miss(uint32_t server)
{
	char address[ADDRESS_TEXT];

	if (++sntp.misses == 1) {
		printf("%s: %s does not answer; it is asked again, less and less often\n",
		       exo_name(), address_print(server, address));
	}
}

static void
ask(void)
{
	struct net_path path = {sntp.server ? sntp.server : net.time_server, SNTP_PORT, sntp.port};
	uint8_t data[SNTP_BYTES];

	if (!path.to) {
		sntp.next_ns = exo_now_ns() + SNTP_LEAST_S * EXO_NS_PER_S;
		if (!sntp.has_said) {
			sntp.has_said = true;
			printf("%s: no time server: DHCP tells none, nor does an argument\n",
			       exo_name());
		}
		return;
	}
	if (sntp.is_waiting) {
		miss(path.to);
	}
	sntp.is_waiting = true;
	exo_random(&sntp.question.nonce, sizeof(sntp.question.nonce));
	sntp.question.asked_ns = exo_now_ns();
	sntp_build(&sntp.question, data);
	(void)net_udp_send(&net, &path, data, sizeof(data));
	net_flush(&net);
	sntp.next_ns = sntp.question.asked_ns + interval_ns();
}

int
main(int argc, char **argv)
{
	int result = 0;

	read_arguments(argc, argv);
	map_page();
	if (net_open(&net, EVENT_NET)) {
		return 1;
	}
	sntp.port = net_udp_free_port(&net);
	net_udp_listen(&net, sntp.port, hear, NULL);
	while (result == 0) {
		uint64_t now_ns = exo_now_ns();

		if (net.address && now_ns >= sntp.next_ns) {
			ask();
		}
		result = net_wait(&net,
				  sntp.next_ns > now_ns ? sntp.next_ns - now_ns : EXO_NS_PER_S / 8);
	}
	printf("%s: the network is lost: %s\n", exo_name(), exo_error_sentence(result));
	return 1;
}
