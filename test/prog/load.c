/* SPDX-License-Identifier: MIT
 * load.c: a thousand filters with a ring each, on all harts, for sys/load: the host sends packets
 * to them and to nobody; here every packet is looked at, and counted by the filter whose it is.
 *
 * Filter i belongs to environment i % ENVIRONMENTS, which has a hardware address of its own. Half
 * of the environments carve their filters from the NIC, the others from a filter of that address.
 * The host paces itself by markers: each comes back with the NIC's counters when all packets before
 * it have been classified. Meanwhile filters that no packet matches come and go. At the end: load:
 * filter I received N dropped N load: wrong N, out of order N, damaged N load: NIC received N
 * dropped N unmatched N, N markers, N changes Runs in the place of init.
 */
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "lib/exo/slots.h"
#include "lib/exo/thread.h"
#include "test/boot/tap.h"
#include "test/model/services.h"

#define FILTERS      1000
#define ENVIRONMENTS 4
#define PER_ENV      (FILTERS / ENVIRONMENTS)
#define BITS         60 /* rings of an environment share them */
#define CONTROL_MAC  15
#define CONTROL_BIT  1
#define SENT_BIT     2
#define PASSING      64 /* filters that come and go */
#define MARKER_BYTES 60
#define LAST         1 /* kind of the last marker */
#define MS           1000000ul

/* What stands in a packet of the host's behind its headers. */
struct mark {
	uint32_t filter;
	uint32_t sequence;
	uint16_t bytes; /* of the frame; its last byte is a function of the two above */
} __attribute__((packed));
#define MARK_AT 40

/* The answer to a marker, from byte 14 on; the host sends number and kind. */
struct answer {
	uint32_t number;
	uint32_t kind;
	uint64_t received, dropped, unmatched;
} __attribute__((packed));

static struct environment {
	struct exo_thread thread;
	exo_handle parent; /* of its filters */
	struct exo_net net[PER_ENV];
	uint32_t last[PER_ENV]; /* sequence number of the last packet */
	uint32_t received[PER_ENV];
	uint64_t total, wrong, unordered, damaged;
	volatile bool is_ready;
	int64_t error;
} environment[ENVIRONMENTS];

static volatile bool stop;
static struct exo_net control;
static struct exo_pages out;
static exo_handle passing[PASSING];

static struct exo_atom
address_atom(uint32_t number)
{
	return (struct exo_atom){
		EXO_ATOM_COMPARE, 8, 0, 0, 0, 0, ~0ul << 16, (0x020000000000 | number) << 16};
}

static int64_t
carve(exo_handle parent, const struct exo_filter *filter, uint64_t rights, uint64_t below)
{
	int64_t slot = exo_slot_take();

	return slot < 0 ? slot
			: exo_carve(parent, (uint32_t)slot, (uint64_t)filter, below, rights, 0);
}

/* The filter of service i at the address of environment `owner`. */
static int64_t
carve_service(exo_handle parent, uint32_t i, uint32_t owner)
{
	struct exo_filter filter = {.receive_atoms = 1 + SERVICE_ATOMS};

	filter.atoms[0] = address_atom(owner);
	service_atoms(i, filter.atoms + 1);
	return carve(parent, &filter, EXO_PACKET_RECEIVE, 0);
}

/* --- an environment ----------------------------------------------------------------------- */
static void
look_at(struct environment *e, uint32_t ring, const uint8_t *packet, int bytes)
{
	uint32_t filter = ring * ENVIRONMENTS + (uint32_t)(e - environment);
	struct mark m;

	memcpy(&m, packet + MARK_AT, sizeof(m));
	e->wrong += m.filter != filter;
	e->damaged += m.bytes != bytes || packet[bytes - 1] != (uint8_t)(m.filter + m.sequence);
	e->unordered += m.sequence <= e->last[ring];
	e->last[ring] = m.sequence;
	e->received[ring]++;
	e->total++;
}

static void
drain(struct environment *e, uint32_t ring)
{
	const uint8_t *packet;
	int bytes;

	while ((bytes = exo_net_receive(&e->net[ring], &packet)) > 0) {
		look_at(e, ring, packet, bytes);
		exo_net_release(&e->net[ring]);
	}
}

static int64_t
open_rings(struct environment *e)
{
	uint32_t own = (uint32_t)(e - environment);

	for (uint32_t j = 0; j < PER_ENV; j++) {
		int64_t filter = carve_service(e->parent, j * ENVIRONMENTS + own, own);
		int64_t result = filter < 0 ? filter
					    : exo_net_open_receive(&e->net[j], (exo_handle)filter,
								   1, j % BITS);

		if (result < 0) {
			return result;
		}
	}
	return 0;
}

static uint64_t
receive_all(void *argument)
{
	struct environment *e = argument;

	e->error = open_rings(e);
	e->is_ready = true;
	while (!stop) {
		uint64_t events = exo_wait(EXO_EVENT(BITS) - 1, MS * 100);

		for (uint32_t j = 0; j < PER_ENV; j++) {
			if (events >> j % BITS & 1) {
				drain(e, j);
			}
		}
	}
	return 0;
}

/* On a hart of its own; true when its rings are open. They open one after another. */
static bool
start(uint32_t number)
{
	struct environment *e = &environment[number];
	struct exo_filter address = {.receive_atoms = 1, .atoms = {address_atom(number)}};
	int64_t parent = exo_boot()->packets[0];

	if (number >= ENVIRONMENTS / 2) {
		parent = carve((exo_handle)parent, &address, EXO_PACKET_RECEIVE, PER_ENV);
	}
	e->parent = (exo_handle)parent;
	if (parent < 0 ||
	    exo_thread_start(&e->thread, number % exo_sysinfo()->harts, receive_all, e)) {
		printf("load: environment %u does not start\n", number);
		return false;
	}
	while (!e->is_ready) {
		exo_pause(MS);
	}
	if (e->error) {
		printf("load: rings: %s\n", exo_error_name((int)e->error));
	}
	return !e->error;
}

/* --- the host's markers ------------------------------------------------------------------- */
static int64_t
open_control(void)
{
	struct exo_filter filter = {.receive_atoms = 1, .transmit_atoms = 1};
	int64_t result;

	filter.atoms[0] = address_atom(CONTROL_MAC);
	filter.atoms[1] = address_atom(CONTROL_MAC);
	filter.atoms[1].offset = 6;
	result =
		carve(exo_boot()->packets[0], &filter, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
	if (result > 0) {
		result = exo_net_open(&control, (exo_handle)result, 64, CONTROL_BIT, SENT_BIT);
	}
	return result < 0 ? result : exo_pages_make(&out, 1);
}

/* The marker goes back with what the NIC has counted. */
static void
answer_to(const uint8_t *marker)
{
	const struct exo_nic_info *info = &exo_sysinfo()->nic[0];
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, MARKER_BYTES)};
	uint8_t *p = out.memory;
	struct exo_completion done;
	struct answer a;

	memcpy(&a, marker + 14, sizeof(a));
	a.received = info->received;
	a.dropped = info->dropped;
	a.unmatched = info->unmatched;
	memcpy(p, marker + 6, 6);
	memcpy(p + 6, marker, 6);
	memcpy(p + 12, marker + 12, 2);
	memcpy(p + 14, &a, sizeof(a));
	exo_net_send(&control, &all, 1, 1);
	while (!exo_net_sent(&control, &done)) {
		exo_wait(EXO_EVENT(SENT_BIT), MS * 100);
	}
}

/* One of the filters that no packet matches goes, or comes. True if it did. */
static bool
change(uint32_t number)
{
	exo_handle *filter = &passing[number % PASSING];
	int64_t result;

	if (*filter != EXO_NONE) {
		result = exo_slot_drop(*filter);
		*filter = EXO_NONE;
		return result == 0;
	}
	result = carve_service(exo_boot()->packets[0], FILTERS + number % PASSING, 0);
	*filter = result < 0 ? EXO_NONE : (exo_handle)result;
	return result > 0;
}

/* How many markers came; *changes: of filters. */
static uint32_t
serve_host(uint32_t *changes)
{
	uint32_t count = 0, kind = 0;
	const uint8_t *marker;

	while (kind != LAST) {
		exo_wait(EXO_EVENT(CONTROL_BIT), EXO_FOREVER);
		while (kind != LAST && exo_net_receive(&control, &marker) > 0) {
			memcpy(&kind, marker + 18, sizeof(kind));
			answer_to(marker);
			exo_net_release(&control);
			*changes += change(count++);
		}
	}
	return count;
}

/* --- the result --------------------------------------------------------------------------- */
/* Rings may still hold packets that their owners have not seen. */
static void
wait_for(uint64_t packets)
{
	uint64_t seen = 0;

	for (int tries = 0; tries < 5000 && seen < packets; tries++) {
		seen = 0;
		exo_pause(MS);
		for (uint32_t n = 0; n < ENVIRONMENTS; n++) {
			seen += *(volatile uint64_t *)&environment[n].total;
		}
	}
}

static void
tell(uint32_t markers, uint32_t changes)
{
	const struct exo_nic_info *info = &exo_sysinfo()->nic[0];
	uint64_t wrong = 0, unordered = 0, damaged = 0;

	for (uint32_t i = 0; i < FILTERS; i++) {
		struct environment *e = &environment[i % ENVIRONMENTS];

		printf("load: filter %u received %u dropped %u\n", i, e->received[i / ENVIRONMENTS],
		       exo_net_dropped(&e->net[i / ENVIRONMENTS]));
	}
	for (uint32_t n = 0; n < ENVIRONMENTS; n++) {
		wrong += environment[n].wrong;
		unordered += environment[n].unordered;
		damaged += environment[n].damaged;
	}
	printf("load: wrong %lu, out of order %lu, damaged %lu\n", wrong, unordered, damaged);
	printf("load: NIC received %lu dropped %lu unmatched %lu, %u markers, %u changes\n",
	       info->received, info->dropped, info->unmatched, markers, changes);
}

int
main(void)
{
	uint32_t changes = 0, markers, started = 0;
	int64_t result = open_control();

	while (result == 0 && started < ENVIRONMENTS && start(started)) {
		started++;
	}
	if (started < ENVIRONMENTS) {
		printf("load: %s; %u environments\n", exo_error_name((int)result), started);
		return tap_end();
	}
	printf("load: ready\n");
	markers = serve_host(&changes);
	wait_for(exo_sysinfo()->nic[0].received - markers);
	stop = true;
	tell(markers, changes);
	return tap_end();
}
