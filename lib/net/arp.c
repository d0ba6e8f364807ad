/* SPDX-License-Identifier: MIT
 * arp.c: see arp.h. The packet (RFC 826), as Ethernet and IPv4 have it:
 *
 *	0        2        4      5      6          8           14       18         24       28
 *	| 0x0001 | 0x0800 | 6    | 4    | operation | from MAC  | from   | about MAC | about |
 *
 * ARP has no authority: whoever is on the wire can say anything. What can be done is done: nobody
 * enters the table uninvited, what a neighbour says about itself is the only thing believed, a
 * multicast address is nobody's, and our own address is defended.
 */
#include "lib/net/arp.h"

#include <exo/errors.h>

#include "lib/base/string.h"

#define ARP_KIND      0x00010800u
#define ARP_LENGTHS   0x0604
#define ANNOUNCEMENTS 2 /* RFC 5227 1.1: ANNOUNCE_NUM */

static const uint8_t everybody[MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static bool
mac_is_station(const uint8_t *mac)
{
	static const uint8_t none[MAC_BYTES];

	return !(mac[0] & 1) && memcmp(mac, none, MAC_BYTES) != 0;
}

int
arp_parse(const uint8_t *data, size_t bytes, struct arp_packet *packet)
{
	if (bytes < ARP_BYTES) {
		return E_TRUNCATED;
	}
	packet->operation = get16(data + 6);
	if (get32(data) != ARP_KIND || get16(data + 4) != ARP_LENGTHS ||
	    (packet->operation != ARP_REQUEST && packet->operation != ARP_REPLY) ||
	    !mac_is_station(data + 8)) {
		return E_FORMAT;
	}
	memcpy(packet->from_mac, data + 8, MAC_BYTES);
	packet->from = get32(data + 14);
	packet->about = get32(data + 24);
	return 0;
}

void
arp_build(const struct arp_packet *packet, uint8_t *data)
{
	put32(data, ARP_KIND);
	put16(data + 4, ARP_LENGTHS);
	put16(data + 6, packet->operation);
	memcpy(data + 8, packet->from_mac, MAC_BYTES);
	put32(data + 14, packet->from);
	memset(data + 18, 0, MAC_BYTES);
	if (packet->operation == ARP_REPLY) {
		memcpy(data + 18, packet->to, MAC_BYTES);
	}
	put32(data + 24, packet->about);
}

void
arp_init(struct arp *arp, const uint8_t *mac)
{
	memset(arp, 0, sizeof(*arp));
	memcpy(arp->mac, mac, MAC_BYTES);
}

void
arp_claim(struct arp *arp, uint32_t address, uint64_t now_ns)
{
	memset(arp->neighbour, 0, sizeof(arp->neighbour));
	arp->address = address;
	arp->claim = address ? ARP_PROBING : ARP_NO_CLAIM;
	arp->claim_sent = 0;
	arp->claim_ns = now_ns;
	arp->defended_ns = 0;
}

uint8_t *
arp_drop(struct arp *arp)
{
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		uint8_t *frame = arp->neighbour[i].waiting;

		if (frame) {
			arp->neighbour[i].waiting = NULL;
			return frame;
		}
	}
	return NULL;
}

static struct neighbour *
find(struct arp *arp, uint32_t address)
{
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		struct neighbour *one = &arp->neighbour[i];

		if (one->state != ARP_FREE && one->address == address) {
			return one;
		}
	}
	return NULL;
}

/* An entry that can be used anew: a free one, or the known one that was silent for longest; those
 * that are being asked for stay. A null pointer if there are only such. */
static struct neighbour *
choose(struct arp *arp)
{
	struct neighbour *chosen = NULL;

	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		struct neighbour *one = &arp->neighbour[i];

		if (one->state == ARP_FREE) {
			return one;
		}
		if (one->state == ARP_KNOWN && (!chosen || one->heard_ns < chosen->heard_ns)) {
			chosen = one;
		}
	}
	return chosen;
}

static struct neighbour *
begin(struct arp *arp, uint32_t address, uint64_t now_ns)
{
	struct neighbour *one = choose(arp);

	if (one) {
		*one = (struct neighbour){
			.state = ARP_ASKING, .address = address, .ask_ns = now_ns};
	}
	return one;
}

const uint8_t *
arp_resolve(struct arp *arp, uint32_t address, uint64_t now_ns, struct neighbour **entry)
{
	struct neighbour *one = find(arp, address);

	*entry = one = one ? one : begin(arp, address, now_ns);
	if (one) {
		one->is_used = true;
	}
	return one && one->state == ARP_KNOWN ? one->mac : NULL;
}

uint8_t *
arp_wait(struct neighbour *entry, uint8_t *frame, size_t bytes)
{
	uint8_t *older = entry->waiting;

	entry->waiting = frame;
	entry->waiting_bytes = bytes;
	return older;
}

static void
learn(struct neighbour *one, const uint8_t *mac, uint64_t now_ns)
{
	one->state = ARP_KNOWN;
	one->is_used = false;
	one->tries = 0;
	one->heard_ns = now_ns;
	one->ask_ns = now_ns + ARP_FRESH_NS;
	memcpy(one->mac, mac, MAC_BYTES);
}

static struct arp_packet
announcement(const struct arp *arp)
{
	struct arp_packet packet = {
		.operation = ARP_REQUEST, .from = arp->address, .about = arp->address};

	memcpy(packet.from_mac, arp->mac, MAC_BYTES);
	memcpy(packet.to, everybody, MAC_BYTES);
	return packet;
}

/* RFC 5227 2.1.1, 2.4: somebody has, or wants, the address that we claim. While we only probe it
 * is theirs; once it is ours it is defended, but not more often than all ARP_DEFEND_NS. */
static bool
conflict(struct arp *arp, uint64_t now_ns, struct arp_packet *defence)
{
	arp->conflicts++;
	if (arp->claim == ARP_PROBING) {
		arp->claim = ARP_CONFLICT;
	}
	if (arp->claim != ARP_CLAIMED ||
	    (arp->defended_ns && now_ns - arp->defended_ns < ARP_DEFEND_NS)) {
		return false;
	}
	arp->defended_ns = now_ns;
	*defence = announcement(arp);
	return true;
}

/* A request for our address gets an answer, a probe as well. */
static struct arp_packet
answer_to(const struct arp *arp, const struct arp_packet *packet)
{
	struct arp_packet reply = {
		.operation = ARP_REPLY, .from = arp->address, .about = packet->from};

	memcpy(reply.from_mac, arp->mac, MAC_BYTES);
	memcpy(reply.to, packet->from_mac, MAC_BYTES);
	return reply;
}

/* The entry that the sender of a packet has, or gets because it wants to talk to us. */
static struct neighbour *
hear(struct arp *arp, const struct arp_packet *packet, bool is_for_us, uint64_t now_ns)
{
	struct neighbour *one = ip_is_host(packet->from) ? find(arp, packet->from) : NULL;

	if (!one && is_for_us && ip_is_host(packet->from)) {
		one = begin(arp, packet->from, now_ns);
	}
	if (one) {
		learn(one, packet->from_mac, now_ns);
	}
	return one;
}

struct arp_result
arp_input(struct arp *arp, const struct arp_packet *packet, uint64_t now_ns)
{
	struct arp_result result = {0};
	bool is_probe = packet->operation == ARP_REQUEST && packet->from == 0;

	if (!arp->address || !memcmp(packet->from_mac, arp->mac, MAC_BYTES)) {
		return result;
	}
	bool wants_ours = is_probe && arp->claim == ARP_PROBING && packet->about == arp->address;
	if (packet->from == arp->address || wants_ours) {
		result.has_reply = conflict(arp, now_ns, &result.reply);
		return result;
	}
	if (arp->claim != ARP_CLAIMED) {
		return result;
	}
	bool is_for_us = packet->operation == ARP_REQUEST && packet->about == arp->address;
	result.answered = hear(arp, packet, is_for_us, now_ns);
	if (is_for_us) {
		result.has_reply = true;
		result.reply = answer_to(arp, packet);
	}
	return result;
}

/* The probe or announcement that is due. */
static bool
claim_tick(struct arp *arp, uint64_t now_ns, struct arp_packet *packet)
{
	bool is_probing = arp->claim == ARP_PROBING;

	if (now_ns < arp->claim_ns || (!is_probing && arp->claim != ARP_CLAIMED) ||
	    (!is_probing && arp->claim_sent == ANNOUNCEMENTS)) {
		return false;
	}
	if (is_probing && arp->claim_sent == ARP_PROBES) {
		arp->claim = ARP_CLAIMED;
		arp->claim_sent = 0;
		is_probing = false;
	}
	*packet = announcement(arp);
	if (is_probing) {
		packet->from = 0;
	}
	arp->claim_sent++;
	arp->claim_ns = now_ns + (is_probing ? ARP_PROBE_NS : ARP_ANNOUNCE_NS);
	return true;
}

/* Nobody wants to know any more, or nobody answers. */
static bool
is_over(const struct neighbour *one)
{
	return one->tries >= ARP_TRIES || !one->is_used;
}

static struct arp_packet
request(const struct arp *arp, const struct neighbour *one)
{
	struct arp_packet packet = announcement(arp);

	packet.about = one->address;
	if (one->state == ARP_KNOWN) {
		memcpy(packet.to, one->mac, MAC_BYTES);
	}
	return packet;
}

enum arp_action
arp_tick(struct arp *arp, uint64_t now_ns, struct arp_packet *packet, struct neighbour **entry)
{
	if (claim_tick(arp, now_ns, packet)) {
		return ARP_SEND;
	}
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		struct neighbour *one = &arp->neighbour[i];

		if (one->state == ARP_FREE || now_ns < one->ask_ns) {
			continue;
		}
		if (is_over(one)) {
			*entry = one;
			return ARP_GIVE_UP;
		}
		*packet = request(arp, one);
		one->tries++;
		one->ask_ns = now_ns + ARP_ASK_NS;
		return ARP_SEND;
	}
	return ARP_NOTHING;
}

void
arp_forget(struct neighbour *entry)
{
	*entry = (struct neighbour){.state = ARP_FREE};
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
arp_deadline(const struct arp *arp)
{
	bool is_claiming = arp->claim == ARP_PROBING ||
			   (arp->claim == ARP_CLAIMED && arp->claim_sent < ANNOUNCEMENTS);
	uint64_t deadline = is_claiming ? arp->claim_ns : UINT64_MAX;

	if (arp->claim == ARP_CONFLICT) {
		return 0;
	}
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		if (arp->neighbour[i].state != ARP_FREE) {
			deadline = earlier(deadline, arp->neighbour[i].ask_ns);
		}
	}
	return deadline;
}

static bool
neighbour_check(const struct arp *arp, uint32_t index)
{
	const struct neighbour *one = &arp->neighbour[index];

	if (one->state == ARP_FREE || arp->claim != ARP_CLAIMED) {
		return one->state == ARP_FREE && !one->waiting;
	}
	for (uint32_t i = 0; i < index; i++) {
		if (arp->neighbour[i].state != ARP_FREE &&
		    arp->neighbour[i].address == one->address) {
			return false;
		}
	}
	return one->tries <= ARP_TRIES && (!one->waiting || one->state == ARP_ASKING);
}

bool
arp_check(const struct arp *arp)
{
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		if (!neighbour_check(arp, i)) {
			return false;
		}
	}
	return arp->address || arp->claim == ARP_NO_CLAIM;
}
