/* SPDX-License-Identifier: MIT
 * taps.c: a share with the right TAP sees what was carved; one without it is refused where there is
 * something carved, and nobody makes one who was not given the right.
 *
 * boot: init
 */
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/slots.h"
#include "test/boot/tap.h"

#define OWNER_BIT   10
#define TAP_BIT     11
#define BYTES       60
#define PATIENCE_NS (EXO_NS_PER_S / 5)
#define BOTH        (EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT)

static struct exo_net owner;
static struct exo_net tapped;
static struct exo_pages out;
static const struct exo_filter everything;

/* Frames of this type. */
static int64_t
carve(uint64_t ethertype)
{
	const struct exo_filter filter = {
		.receive_atoms = 1,
		.atoms = {{.kind = EXO_ATOM_COMPARE,
			   .width = 2,
			   .offset = 12,
			   .mask = 0xffff,
			   .value = ethertype}},
	};

	return exo_carve(exo_boot()->packets[EXO_NIC_LOOP], (uint32_t)exo_slot_take(),
			 (uint64_t)&filter, 0, BOTH, 0);
}

static int64_t
share(exo_handle parent, uint64_t rights)
{
	return exo_share(parent, (uint32_t)exo_slot_take(), (uint64_t)&everything, 0, rights, 0);
}

static void
send(uint16_t ethertype)
{
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, BYTES)};
	uint8_t *packet = out.memory;
	struct exo_completion done;

	packet[12] = (uint8_t)(ethertype >> 8);
	packet[13] = (uint8_t)ethertype;
	exo_net_send(&owner, &all, 1, 1);
	while (!exo_net_sent(&owner, &done)) {
		exo_wait(EXO_EVENT(OWNER_BIT), PATIENCE_NS);
	}
}

/* How many packets come. */
static int
come(struct exo_net *net, uint32_t bit)
{
	const uint8_t *packet;
	int count = 0;

	do {
		while (exo_net_receive(net, &packet) > 0) {
			exo_net_release(net);
			count++;
		}
	} while (exo_wait(EXO_EVENT(bit), PATIENCE_NS));
	return count;
}

int
main(void)
{
	exo_handle all = exo_boot()->packets[EXO_NIC_LOOP];
	int64_t own = carve(0x88b5);
	int64_t ear = share(all, EXO_PACKET_RECEIVE | EXO_PACKET_TAP);

	tap_plan(13);
	tap_ok(own > 0, "a filter is carved");
	tap_ok(ear > 0, "a pool has a share that is a tap");
	tap_is(share(all, EXO_PACKET_RECEIVE), E_POOL, "but no other one");
	tap_is(share((exo_handle)own, EXO_PACKET_RECEIVE | EXO_PACKET_TAP), E_RIGHTS,
	       "nobody has the right who was not given it");
	tap_is(exo_net_open(&owner, (exo_handle)own, 4, OWNER_BIT, OWNER_BIT), 0, "rings");
	tap_is(exo_net_open_receive(&tapped, (exo_handle)ear, 4, TAP_BIT), 0, "and of the tap");
	tap_is(exo_pages_make(&out, 1), 0, "memory to send from");
	send(0x88b5);
	tap_is(come(&owner, OWNER_BIT), 1, "the owner gets its packet");
	tap_is(come(&tapped, TAP_BIT), 1, "and the tap a copy");
	send(0x88b6);
	tap_is(come(&owner, OWNER_BIT), 0, "it does not get what is not its own");
	tap_is(come(&tapped, TAP_BIT), 1, "which the tap sees as well");
	tap_ok(carve(0x88b7) > 0, "a tap hinders no carve");
	tap_is(exo_drop((exo_handle)ear, 0, 0), 0, "the tap goes");
	return tap_end();
}
