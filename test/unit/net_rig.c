/* SPDX-License-Identifier: MIT
 * net_rig.c: see net_rig.h. Frames stand in memory of exactly their size, so that a sanitizer sees
 * who reads beyond.
 */
#include "test/unit/net_rig.h"

#include <stdlib.h>
#include <string.h>

struct rig rig;
const uint8_t rig_mac[MAC_BYTES] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
const uint8_t rig_peer_mac[MAC_BYTES] = {0x52, 0x55, 10, 0, 2, 2};

static uint8_t *
take(struct net *net)
{
	(void)net;
	for (uint32_t i = 0; i < RIG_BUFFERS; i++) {
		if (!rig.is_taken[i]) {
			rig.is_taken[i] = true;
			memset(rig.buffers[i].data, 0xa5, FRAME_MAX);
			return rig.buffers[i].data;
		}
	}
	return NULL;
}

/* Aborts on what take() did not give, or gave once. */
static void
give(struct net *net, uint8_t *frame)
{
	size_t index = (size_t)(frame - rig.buffers[0].data) / sizeof(rig.buffers[0]);

	(void)net;
	if (index >= RIG_BUFFERS || frame != rig.buffers[index].data || !rig.is_taken[index]) {
		abort();
	}
	rig.is_taken[index] = false;
}

static void
send(struct net *net, uint8_t *frame, size_t bytes)
{
	struct rig_frame *one = &rig.sent[rig.sent_count % RIG_FRAMES];

	if (bytes < FRAME_MIN || bytes > FRAME_MAX) {
		abort();
	}
	memcpy(one->data, frame, bytes);
	one->bytes = bytes;
	rig.sent_count++;
	give(net, frame);
}

static const struct net_carrier wire = {.take = take, .give = give, .send = send};

void
rig_start(bool wants_dhcp)
{
	struct net_settings settings = {.name = "rig",
					.wants_dhcp = wants_dhcp,
					.address = wants_dhcp ? 0 : RIG_OURS,
					.mask = 0xffffff00u,
					.gateway = RIG_GATEWAY,
					.random = 12345};

	memset(&rig, 0, sizeof(rig));
	memcpy(settings.mac, rig_mac, MAC_BYTES);
	net_start(&rig.net, &settings, &wire, 100000000000ull);
	net_tick(&rig.net);
	if (!wants_dhcp) {
		rig_pass(10000000000ull);
		rig.sent_count = 0;
	}
}

void
rig_pass(uint64_t ns)
{
	uint64_t end_ns = rig.net.now_ns + ns;

	for (uint64_t at = net_deadline(&rig.net); at <= end_ns; at = net_deadline(&rig.net)) {
		rig.net.now_ns = at > rig.net.now_ns ? at : rig.net.now_ns;
		net_tick(&rig.net);
	}
	rig.net.now_ns = end_ns;
}

void
rig_give(const void *data, size_t bytes)
{
	uint8_t *memory = malloc(RIG_SKEW + bytes);

	if (bytes) {
		memcpy(memory + RIG_SKEW, data, bytes);
	}
	net_input(&rig.net, memory + RIG_SKEW, bytes);
	free(memory);
}

void
rig_frame(const uint8_t *mac, uint16_t type, const void *data, size_t bytes)
{
	uint8_t *frame = malloc(ETH_HEADER + bytes);

	memcpy(frame, mac, MAC_BYTES);
	memcpy(frame + ETH_FROM, rig_peer_mac, MAC_BYTES);
	put16(frame + ETH_TYPE, type);
	if (bytes) {
		memcpy(frame + ETH_HEADER, data, bytes);
	}
	rig_give(frame, ETH_HEADER + bytes);
	free(frame);
}

void
rig_ip(const struct ip_packet *packet)
{
	uint8_t *data = malloc(IP_HEADER + packet->bytes);

	ip_build(packet, data);
	if (packet->bytes) {
		memcpy(data + IP_HEADER, packet->data, packet->bytes);
	}
	rig_frame(rig_mac, ETH_TYPE_IP, data, IP_HEADER + packet->bytes);
	free(data);
}

void
rig_arp(enum arp_operation operation, uint32_t address)
{
	uint8_t data[ARP_BYTES];
	struct arp_packet packet = {
		.operation = operation, .from = address, .about = rig.net.address};

	memcpy(packet.from_mac, rig_peer_mac, MAC_BYTES);
	memcpy(packet.to, rig_mac, MAC_BYTES);
	arp_build(&packet, data);
	rig_frame(rig_mac, ETH_TYPE_ARP, data, sizeof(data));
}

uint32_t
rig_sent(void)
{
	uint32_t count = rig.sent_count;

	rig.sent_count = 0;
	return count;
}

int
rig_read(uint32_t index, struct ip_packet *packet)
{
	const struct rig_frame *one = &rig.sent[index % RIG_FRAMES];

	return ip_parse(one->data + ETH_HEADER, one->bytes - ETH_HEADER, packet);
}

uint32_t
rig_lost(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < RIG_BUFFERS; i++) {
		count += rig.is_taken[i];
	}
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		count -= rig.net.arp.neighbour[i].waiting != NULL;
	}
	return count;
}
