/* SPDX-License-Identifier: MIT
 * main.c: the driver of the Goldfish real-time clock: publishes the time of day on the clock page.
 *
 *   rtc [SECONDS]     between two looks at the clock; 64 where not given
 *
 * In the manifest: windows and irqs "google,goldfish-rtc", and `clock;`. The alarm of the clock
 * says when to look again; one that does not come, because somebody set the clock back, is not
 * waited for. A driver that ends leaves the page as it is; the next one goes on from there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/exo/call.h"
#include "lib/exo/clock.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"
#include "lib/exo/clock_adjust.h"
#include "user/rtc/goldfish.h"

#define EVENT_ALARM  1
#define SECONDS      64
#define SECONDS_MOST 3600
#define LOOKS        8 /* the quickest of so many counts */

static struct {
	volatile uint32_t *registers;
	struct exo_clock_page *page;
	exo_handle line;
	uint64_t interval_ns;
} rtc;

static void
check(const char *step, int64_t status)
{
	if (status < 0) {
		printf("rtc: could not %s: %s\n", step, exo_error_sentence(status));
		exit(1);
	}
}

static void *
map(const char *step, exo_handle what)
{
	uint64_t address = 0;

	check(step, what == EXO_NONE
			    ? E_NODEV
			    : exo_vm_map(exo_own_vm(), what, 0, 1, EXO_READ | EXO_WRITE, &address));
	return (void *)address;
}

static void
rtc_open(void)
{
	const struct exo_start *start = exo_start();

	rtc.registers = map("map its registers (windows in the manifest)", start->windows[0]);
	rtc.page = map("map the clock page (clock in the manifest)", start->clock);
	rtc.line = start->irqs[0];
	goldfish_write(rtc.registers, GOLDFISH_CLEAR_ALARM, 1);
	goldfish_write(rtc.registers, GOLDFISH_CLEAR_INTERRUPT, 1);
	check("bind its interrupt (irqs in the manifest)",
	      exo_bind(EXO_BIND_IRQ, rtc.line, EXO_NONE, EVENT_ALARM));
	goldfish_write(rtc.registers, GOLDFISH_IRQ_ENABLED, 1);
}

/* Whoever is interrupted between the two looks at the counter does not know when the clock said
 * what it said; so the quickest of several tries counts. */
static struct exo_clock_reading
rtc_read(void)
{
	struct exo_clock_reading best = {0};
	uint64_t best_took = UINT64_MAX;

	for (int i = 0; i < LOOKS; i++) {
		uint64_t before = exo_ticks();
		uint64_t ns = goldfish_time(rtc.registers);
		uint64_t took = exo_ticks() - before;

		if (took < best_took) {
			best_took = took;
			best = (struct exo_clock_reading){.ticks = before + took / 2, .ns = ns};
		}
	}
	return best;
}

static void
tell(const struct exo_clock_line *line)
{
	time_t seconds = (time_t)(line->ns / EXO_NS_PER_S);
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime(&seconds));
	printf("%s: it is %s UTC\n", exo_name(), text);
}

/* Looks at the clock, says what it says to all, and wants to be told when to look again. */
static void
rtc_look(void)
{
	uint64_t hz = exo_start()->timebase_hz;
	struct exo_clock_reading reading = rtc_read();
	struct exo_clock_line line = {0};
	uint64_t generation;

	exo_clock_load(rtc.page, &line);
	generation = line.generation;
	line = exo_clock_adjust(&line, &reading, hz, exo_ticks_of_ns(rtc.interval_ns, hz));
	exo_clock_store(rtc.page, &line);
	goldfish_alarm(rtc.registers, reading.ns + rtc.interval_ns);
	if (line.generation != generation) {
		tell(&line);
	}
}

int
main(int argc, char **argv)
{
	unsigned long seconds = argc > 1 ? strtoul(argv[1], NULL, 10) : SECONDS;

	if (!seconds || seconds > SECONDS_MOST) {
		printf("rtc: %s is not from 1 to %d seconds\n", argv[1], SECONDS_MOST);
		return 1;
	}
	rtc.interval_ns = seconds * EXO_NS_PER_S;
	rtc_open();
	for (;;) {
		rtc_look();
		if (exo_wait(EXO_EVENT(EVENT_ALARM), 2 * rtc.interval_ns)) {
			goldfish_write(rtc.registers, GOLDFISH_CLEAR_INTERRUPT, 1);
			exo_irq_ack(rtc.line);
		}
	}
}
