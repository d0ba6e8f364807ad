/* SPDX-License-Identifier: MIT
 * talker.c: sends packets through its capability and keeps its rings, for test_monitor.py: five to
 * itself, one to somebody else, one as somebody else. Prints only what goes wrong.
 */
#include <stdio.h>
#include <string.h>

#include <exo/errors.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/start.h"

#define RECEIVE_BIT  10
#define TRANSMIT_BIT 11
#define PAGES        4
#define BYTES        60
#define TO_ITSELF    5
#define PATIENCE_NS  (3 * EXO_NS_PER_S)

static struct exo_net net;
static struct exo_pages out;

/* Sends what stands at the begin of `out`; the result of its completion. */
static int
send(void)
{
	struct exo_segment segment = {out.frames, EXO_SEGMENT(0, BYTES)};
	struct exo_completion done = {0};
	int result = exo_net_send(&net, &segment, 1, 0);

	while (result == 0 && (result = exo_net_sent(&net, &done)) == 0) {
		if (!exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS)) {
			return E_TIMEOUT;
		}
	}
	return result < 0 ? result : done.result;
}

static void
must(const char *what, int64_t result, int64_t wanted)
{
	if (result != wanted) {
		printf("%s: %s: %ld\n", exo_name(), what, (long)result);
	}
}

int
main(void)
{
	const uint8_t *mac = exo_sysinfo()->nic[EXO_NIC_LOOP].mac;
	uint8_t *frame;

	must("memory", exo_pages_make(&out, 1), 0);
	must("rings", exo_net_open(&net, exo_start()->packets[0], PAGES, RECEIVE_BIT, TRANSMIT_BIT),
	     0);
	frame = out.memory;
	memcpy(frame, mac, 6);
	memcpy(frame + 6, mac, 6);
	for (int i = 0; i < TO_ITSELF; i++) {
		must("to itself", send(), 0);
	}
	frame[5] ^= 1;
	must("to somebody else", send(), 0);
	frame[11] ^= 1;
	must("as somebody else", send(), E_DENIED);
	exo_pause(3600 * EXO_NS_PER_S);
	return 0;
}
