/* SPDX-License-Identifier: MIT
 * main.c: prints packets, or writes them as a capture file.
 *
 *   tcpdump [-e] [-n] [-t] [-c COUNT] [-w FILE] [EXPRESSION]
 *
 * -e shows the Ethernet header, -t no time, -n is always so: nothing is looked up. -c ends after so
 * many packets, else it goes on. -w: lines for scripts/pcap.py instead of summaries. EXPRESSION:
 * docs/pcap.md. Which packets there are to choose from says the manifest: docs/tcpdump.md.
 */
#include <stdio.h>
#include <stdlib.h>

#include <exo/errors.h>

#include "lib/exo/clock.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/pcap/match.h"
#include "lib/pcap/summary.h"
#include "user/tcpdump/capture.h"
#include "user/tcpdump/options.h"
#include "user/tcpdump/record.h"

#define CLOCK_WAIT_NS 2000000000ull
#define DAY_S         86400u
#define S_NS          1000000000ull

static struct options options;
static struct pcap_lowered expression;

/* The address that "nic" stands for: of the NIC that the manifest names. */
static const uint8_t *
nic_mac(void)
{
	const struct exo_sysinfo *info = exo_sysinfo();
	const char *nic = exo_start_value("nic");
	unsigned long number = nic ? strtoul(nic, NULL, 10) : 0;

	return info && number < EXO_NICS_MAX ? info->nic[number].mac : NULL;
}

/* Time of day, or time since the start where nobody knows better. */
static uint64_t
now_ns(void)
{
	uint64_t ns;

	return exo_clock_ns(&ns) ? exo_now_ns() : ns;
}

static void
print_packet(uint64_t ns, const uint8_t *frame, size_t bytes)
{
	uint32_t second = (uint32_t)(ns / S_NS % DAY_S);
	char text[SUMMARY_BYTES];

	pcap_summary(text, frame, bytes, options.shows_link);
	if (!options.hides_time) {
		printf("%02u:%02u:%02u.%06u ", second / 3600, second / 60 % 60, second % 60,
		       (uint32_t)(ns % S_NS / 1000));
	}
	printf("%s\n", text);
}

/* Shows packets until there were enough. 0, or an error. */
static int
show(void)
{
	uint64_t received = 0;
	uint64_t matched = 0;

	while (!options.count || matched < options.count) {
		const uint8_t *frame;
		int bytes = capture_next(&frame);

		if (bytes < 0) {
			return bytes;
		}
		received++;
		if (pcap_match_graph(&expression.graph, frame, (size_t)bytes) == MATCH_YES) {
			matched++;
			(options.file ? record_packet : print_packet)(now_ns(), frame,
								      (size_t)bytes);
		}
		capture_release();
	}
	if (options.file) {
		record_close();
	}
	printf("%s: %lu packets shown, %lu received, %lu dropped\n", exo_name(), matched, received,
	       capture_dropped());
	return 0;
}

static int
fail(const char *what, int status)
{
	printf("%s: %s: %s\n", exo_name(), what,
	       status == E_NOENT ? "the manifest gives no packets; write filter-tap, filter-shared "
				   "or filter-receive"
				 : exo_error_sentence(status));
	return 1;
}

int
main(int argc, char **argv)
{
	uint64_t ns;
	int status;

	if (!options_read(&options, argc, argv)) {
		return 1;
	}
	if (pcap_parse(options.expression, nic_mac(), &expression)) {
		printf("%s: column %u of \"%s\": %s\n", exo_name(), expression.column,
		       options.expression, expression.sentence);
		return 1;
	}
	if (exo_clock_page()) {
		(void)exo_clock_wait(&ns, CLOCK_WAIT_NS);
	}
	status = capture_open();
	if (status) {
		return fail("cannot capture", status);
	}
	if (options.file) {
		record_open(options.file);
	}
	printf("%s: listening\n", exo_name());
	status = show();
	return status ? fail("stopped", status) : 0;
}
