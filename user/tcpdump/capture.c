/* SPDX-License-Identifier: MIT
 * capture.c: where the packets come from: one ring for each capability that the manifest gives.
 *
 * Which packets that are is the kernel's matter: those of the capability's atoms, and of these no
 * packet that went to another environment's carve, unless it is a tap.
 * Invariant: current is the ring whose oldest packet is being shown, or a null pointer.
 */
#include "user/tcpdump/capture.h"

#include <exo/errors.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/start.h"

#define PAGES   64 /* of a ring: 128 packets */
#define EVENT   1
#define RINGS   EXO_START_GRANTS
#define LOOK_NS 1000000000ull /* look whether a ring stands still, if nothing comes */

static struct {
	struct exo_net rings[RINGS];
	uint32_t count;
	uint32_t next; /* the ring to look at first, so that none waits for ever */
	struct exo_net *current;
} capture;

int
capture_open(void)
{
	const struct exo_start *start = exo_start();

	for (uint32_t i = 0; i < start->packet_count; i++) {
		int status =
			exo_net_open_receive(&capture.rings[i], start->packets[i], PAGES, EVENT);

		if (status) {
			return status;
		}
		capture.count++;
	}
	return capture.count ? 0 : E_NOENT;
}

/* The oldest packet of any ring: its bytes, 0 if there is none, or an error. */
static int
look(const uint8_t **frame)
{
	int bytes = 0;

	for (uint32_t i = 0; !bytes && i < capture.count; i++) {
		struct exo_net *ring = &capture.rings[(capture.next + i) % capture.count];

		bytes = exo_net_receive(ring, frame);
		capture.current = bytes > 0 ? ring : NULL;
	}
	capture.next++;
	return bytes > EXO_PACKET_BYTES ? E_STATE : bytes;
}

int
capture_next(const uint8_t **frame)
{
	int bytes;

	while (!(bytes = look(frame))) {
		exo_wait(EXO_EVENT(EVENT), LOOK_NS);
	}
	return bytes;
}

void
capture_release(void)
{
	exo_net_release(capture.current);
	capture.current = NULL;
}

uint64_t
capture_dropped(void)
{
	uint64_t dropped = 0;

	for (uint32_t i = 0; i < capture.count; i++) {
		dropped += exo_net_dropped(&capture.rings[i]);
	}
	return dropped;
}
