/* SPDX-License-Identifier: MIT
 * config.c: how an interface gets its address and keeps it; what happens when time passes.
 *
 * An address comes from DHCP, or from the manifest when DHCP has had its time. Either is claimed
 * first (RFC 5227): somebody else may have it. net->address is 0 until that is decided.
 * Invariant: net_check().
 */
#include <exo/errors.h>

#include "lib/base/string.h"
#include "lib/net/parts.h"

static void
note(struct net *net, enum net_note what)
{
	if (net->hooks.note) {
		net->hooks.note(net, what);
	}
}

/* Begins to claim another address, or none (0). What waits for neighbours has the old one. */
static void
claim(struct net *net, uint32_t address)
{
	uint8_t *frame;

	while ((frame = arp_drop(&net->arp))) {
		net->counts.no_neighbour++;
		net->carrier->give(net, frame);
	}
	net->address = 0;
	arp_claim(&net->arp, address, net->now_ns);
}

static void
set_fallback(struct net *net, uint64_t after_ns)
{
	net->fallback_ns = net->settings.address ? net->now_ns + after_ns : UINT64_MAX;
}

static void
adopt_lease(struct net *net)
{
	const struct dhcp_lease *lease = &net->dhcp.lease;

	net->address = lease->address;
	net->mask = lease->mask;
	net->gateway = lease->gateway;
	net->time_server = lease->time_server;
}

static void
adopt_settings(struct net *net)
{
	net->address = net->settings.address;
	net->mask = net->settings.mask;
	net->gateway = net->settings.gateway;
	net->time_server = 0;
}

/* The claimed address is ours. */
static void
adopt(struct net *net)
{
	if (net->dhcp.state == DHCP_CHECKING) {
		dhcp_checked(&net->dhcp, true, net->now_ns);
		adopt_lease(net);
	} else {
		adopt_settings(net);
	}
	note(net, NET_BOUND);
}

/* It is somebody else's: another one of the server, or the same again later. */
static void
yield(struct net *net)
{
	note(net, NET_CONFLICT);
	dhcp_checked(&net->dhcp, false, net->now_ns);
	claim(net, 0);
	set_fallback(net, NET_CLAIM_NS);
}

static void
dhcp_event(struct net *net, enum dhcp_event event)
{
	if (event == DHCP_GOT) {
		claim(net, net->dhcp.lease.address);
	} else if (event == DHCP_KEPT) {
		adopt_lease(net);
	} else if (event == DHCP_LOST) {
		claim(net, 0);
		set_fallback(net, NET_FALLBACK_NS);
		note(net, NET_LOST);
	}
}

void
net_configure(struct net *net, const uint8_t *data, uint32_t bytes)
{
	net->deadline_ns = 0;
	dhcp_event(net, dhcp_input(&net->dhcp, data, bytes, net->now_ns));
}

static void
dhcp_work(struct net *net)
{
	struct dhcp_out out;
	enum dhcp_event event;
	bool has_out;

	do {
		event = dhcp_tick(&net->dhcp, net->now_ns, &out, &has_out);
		if (has_out) {
			struct net_path path = {out.to, DHCP_SERVER_PORT, DHCP_CLIENT_PORT};
			(void)net_udp_output(net, &path, out.message, sizeof(out.message));
		}
		dhcp_event(net, event);
	} while (has_out || event != DHCP_NOTHING);
}

/* DHCP has had its time, or nobody wanted it, or the address was somebody else's a while ago. With
 * no address to fall back to that is only said. */
static void
fall_back(struct net *net)
{
	net->fallback_ns = UINT64_MAX;
	if (net->dhcp.state == DHCP_CHECKING || dhcp_has_lease(&net->dhcp)) {
		return;
	}
	if (!net->settings.address) {
		note(net, NET_SILENT);
		return;
	}
	if (net->dhcp.state != DHCP_OFF) {
		dhcp_stop(&net->dhcp);
		note(net, NET_FALLBACK);
	}
	claim(net, net->settings.address);
}

/* A neighbour does not answer: whoever sent the packet that waits hears of it (RFC 1122 2.4). */
static void
give_up(struct net *net, struct neighbour *entry)
{
	uint8_t *frame = entry->waiting;
	struct net_error error = {
		.from = net->address, .type = ICMP_UNREACHABLE, .code = ICMP_HOST};

	if (frame) {
		struct icmp_message message = {.data = frame + ETH_HEADER,
					       .bytes =
						       (uint32_t)entry->waiting_bytes - ETH_HEADER};
		net->counts.no_neighbour++;
		if (!icmp_parse_about(&message, net->address, &error.about) && net->hooks.error) {
			net->hooks.error(net, &error);
		}
		net->carrier->give(net, frame);
	}
	arp_forget(entry);
}

static void
arp_work(struct net *net)
{
	struct arp_packet packet;
	struct neighbour *entry;
	enum arp_action action;

	while ((action = arp_tick(&net->arp, net->now_ns, &packet, &entry)) != ARP_NOTHING) {
		if (action == ARP_SEND) {
			net_send_arp(net, &packet);
		} else {
			give_up(net, entry);
		}
	}
	if (net->arp.claim == ARP_CONFLICT) {
		yield(net);
	} else if (net->arp.claim == ARP_CLAIMED && !net->address) {
		adopt(net);
	}
}

/* RFC 1122 3.3.2: the sender hears of it if the first fragment has come. */
static void
expire(struct net *net, struct reassembly *one)
{
	struct ip_packet packet = {
		.from = one->from,
		.to = one->to,
		.protocol = one->protocol,
		.header = one->head,
		.header_bytes = one->header_bytes,
		.data = one->head + one->header_bytes,
		.bytes = one->head_bytes - one->header_bytes,
	};

	net->counts.expired++;
	if (one->state == REASSEMBLY_OPEN && one->head_bytes) {
		net_tell(net, &packet, ICMP_TIME_EXCEEDED, ICMP_FRAGMENTS);
	}
	reassemble_free(one);
}

void
net_start(struct net *net, const struct net_settings *settings, const struct net_carrier *carrier,
	  uint64_t now_ns)
{
	net->carrier = carrier;
	net->settings = *settings;
	net->now_ns = now_ns;
	net->random = settings->random;
	net->next_id = (uint16_t)settings->random;
	memcpy(&net->mac, settings->mac, MAC_BYTES);
	arp_init(&net->arp, settings->mac);
	if (settings->wants_dhcp) {
		dhcp_start(&net->dhcp, settings->mac, settings->name, settings->random, now_ns);
		net->fallback_ns = now_ns + NET_FALLBACK_NS;
	} else {
		set_fallback(net, 0);
	}
}

void
net_tick(struct net *net)
{
	struct reassembly *one;

	net->deadline_ns = 0;
	dhcp_work(net);
	if (net->now_ns >= net->fallback_ns) {
		fall_back(net);
	}
	arp_work(net);
	while ((one = reassemble_expired(&net->reassembler, net->now_ns))) {
		expire(net, one);
	}
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
net_find_deadline(const struct net *net)
{
	uint64_t deadline = earlier(net->fallback_ns, dhcp_deadline(&net->dhcp));

	deadline = earlier(deadline, arp_deadline(&net->arp));
	return earlier(deadline, reassemble_deadline(&net->reassembler));
}

bool
net_check(const struct net *net)
{
	bool is_claimed = net->arp.claim == ARP_CLAIMED && net->arp.address == net->address;

	return arp_check(&net->arp) && reassemble_check(&net->reassembler) &&
	       (!net->address || is_claimed);
}
