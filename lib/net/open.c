/* SPDX-License-Identifier: MIT
 * open.c: a struct net of a program: what the manifest says, and what a person is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/random.h"
#include "lib/exo/start.h"
#include "lib/net/address.h"
#include "lib/net/parts.h"

/* Reads an address of the manifest; absent is 0. 0 or E_FORMAT. */
static int
read_address(const char *key, uint32_t *address)
{
	const char *text = exo_start_value(key);

	*address = 0;
	if (text && address_parse(text, address)) {
		printf("%s: the manifest's %s=%s is no IPv4 address\n", exo_name(), key, text);
		return E_FORMAT;
	}
	return 0;
}

/* The hardware address of the NIC that the program's packets belong to, or of the manifest. */
static int
read_mac(uint8_t *mac)
{
	const struct exo_sysinfo *info = exo_sysinfo();
	const char *text = exo_start_value("mac");
	const char *nic = exo_start_value("nic");
	unsigned long number = nic ? strtoul(nic, NULL, 10) : 0;

	if (text) {
		if (address_parse_mac(text, mac)) {
			printf("%s: the manifest's mac=%s is no hardware address\n", exo_name(),
			       text);
			return E_FORMAT;
		}
		return 0;
	}
	if (!info || number >= EXO_NICS_MAX) {
		printf("%s: the hardware address is unknown; give mac= in the manifest\n",
		       exo_name());
		return E_NOENT;
	}
	memcpy(mac, info->nic[number].mac, MAC_BYTES);
	return 0;
}

static int
read_dhcp(bool *wants_dhcp)
{
	const char *text = exo_start_value("dhcp");

	*wants_dhcp = !text || strcmp(text, "never") != 0;
	if (text && *wants_dhcp) {
		printf("%s: the manifest's dhcp=%s is unknown; say dhcp=never or nothing\n",
		       exo_name(), text);
		return E_FORMAT;
	}
	return 0;
}

/* Whether the settings make sense together. */
static int
check_settings(const struct net_settings *settings)
{
	const char *why = NULL;

	if (settings->address && !ip_is_host(settings->address)) {
		why = "no host can have the manifest's address=";
	} else if (settings->address && !settings->mask) {
		why = "the manifest gives address= without netmask=";
	} else if (!settings->address && !settings->wants_dhcp) {
		why = "the manifest says dhcp=never and gives no address=";
	}
	if (why) {
		printf("%s: %s\n", exo_name(), why);
	}
	return why ? E_FORMAT : 0;
}

static int
read_settings(struct net_settings *settings)
{
	int result = read_address("address", &settings->address);

	result = result ? result : read_address("netmask", &settings->mask);
	result = result ? result : read_address("gateway", &settings->gateway);
	result = result ? result : read_dhcp(&settings->wants_dhcp);
	result = result ? result : check_settings(settings);
	settings->name = exo_name();
	exo_random(&settings->random, sizeof(settings->random));
	settings->random |= 1;
	return result ? result : read_mac(settings->mac);
}

static void
say_bound(const struct net *net)
{
	char address[ADDRESS_TEXT];
	char mask[ADDRESS_TEXT];
	char gateway[ADDRESS_TEXT];

	printf("%s: address %s, netmask %s, gateway %s, %s\n", exo_name(),
	       address_print(net->address, address), address_print(net->mask, mask),
	       net->gateway ? address_print(net->gateway, gateway) : "none",
	       dhcp_has_lease(&net->dhcp) ? "by DHCP" : "of the manifest");
}

/* RFC 2131 4.1: until the address is known, a server may answer by broadcast. */
static void
say_silent(void)
{
	printf("%s: no DHCP server answers; %s\n", exo_name(),
	       exo_start()->packet_count > 1
		       ? "it is asked on"
		       : "some answer by broadcast, for which filter-shared = "
			 "\"0:6=ff:ff:ff:ff:ff:ff\" is missing");
}

/* All that this interface sends has one source address. */
static void
say_refused(struct net *net)
{
	const uint8_t *mac = net->settings.mac;

	net_rings_look(net);
	if (net->counts.refused) {
		printf("%s: filter-transmit refuses what %02x:%02x:%02x:%02x:%02x:%02x sends; the "
		       "filters and mac= of the manifest must say the same\n",
		       exo_name(), mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	}
}

static void
say(struct net *net, enum net_note note)
{
	char address[ADDRESS_TEXT];

	say_refused(net);
	switch (note) {
	case NET_BOUND:
		say_bound(net);
		break;
	case NET_FALLBACK:
		printf("%s: no DHCP server answers; using the manifest's address\n", exo_name());
		break;
	case NET_SILENT:
		say_silent();
		break;
	case NET_CONFLICT:
		printf("%s: somebody else has %s already\n", exo_name(),
		       address_print(net->arp.address, address));
		break;
	case NET_LOST:
		printf("%s: the lease is over and nobody renews it\n", exo_name());
		break;
	}
}

/* Why there are no rings, as whoever writes the manifest has to know it. */
static const char *
why_no_rings(int error)
{
	return error == E_NOENT    ? "the manifest gives no packets (filter-receive, -transmit)"
	       : error == E_RIGHTS ? "the manifest lets it send nothing; write filter-transmit, "
				     "such as filter-transmit = \"6:6=nic\""
				   : exo_error_sentence(error);
}

int
net_open(struct net *net, uint32_t bit)
{
	struct net_settings settings = {0};
	int result = read_settings(&settings);

	if (result) {
		return result;
	}
	memset(net, 0, sizeof(*net));
	result = net_rings_open(net, bit);
	if (result) {
		printf("%s: no network: %s\n", exo_name(), why_no_rings(result));
		return result;
	}
	net->hooks.note = say;
	net_start(net, &settings, &net_rings_carrier, exo_now_ns());
	net_tick(net);
	net_flush(net);
	return 0;
}
