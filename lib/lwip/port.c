/* SPDX-License-Identifier: MIT
 * port.c: lwIP's platform: clock, random numbers, start, address.
 *
 * State: the one interface. lwIP is not re-entrant: one environment calls it, never from an
 * upcall.
 */
#include "lib/lwip/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include <lwip/dhcp.h>
#include <lwip/init.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>

#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/random.h"
#include "lib/exo/start.h"
#include "lib/lwip/link.h"

#define NS_PER_MS 1000000u

static struct {
	struct netif netif;
	ip4_addr_t address; /* of the manifest; 0 without one */
	ip4_addr_t netmask;
	ip4_addr_t gateway;
} port;

u32_t
sys_now(void)
{
	return (u32_t)(exo_now_ns() / NS_PER_MS);
}

uint32_t
lwip_port_random(void)
{
	uint32_t value;

	exo_random(&value, sizeof(value));
	return value;
}

void
lwip_port_assert(const char *what, const char *file, int line)
{
	printf("lwip: assertion failed: %s (%s:%d)\n", what, file, line);
	abort();
}

/* Reads an address of the manifest; absent is 0. 0 or E_FORMAT. */
static int
read_address(const char *key, ip4_addr_t *address)
{
	const char *text = exo_start_value(key);

	ip4_addr_set_zero(address);
	if (text && !ip4addr_aton(text, address)) {
		printf("lwip: the manifest's %s=%s is no IPv4 address\n", key, text);
		return E_FORMAT;
	}
	return 0;
}

/* The hardware address of the NIC that the program's packets belong to. */
static int
nic_mac(uint8_t mac[6])
{
	const struct exo_sysinfo *info = exo_sysinfo();
	const char *nic = exo_start_value("nic");
	unsigned long number = nic ? strtoul(nic, NULL, 10) : 0;

	if (!info || number >= EXO_NICS_MAX) {
		printf("lwip: the hardware address is unknown; give mac=... in the manifest\n");
		return E_NOENT;
	}
	memcpy(mac, info->nic[number].mac, 6);
	return 0;
}

static int
read_mac(uint8_t mac[6])
{
	const char *text = exo_start_value("mac");
	unsigned byte[6];
	int end = 0;

	if (!text) {
		return nic_mac(mac);
	}
	int found = sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2],
			   &byte[3], &byte[4], &byte[5], &end);
	if (found != 6 || text[end]) {
		printf("lwip: the manifest's mac=%s is no hardware address\n", text);
		return E_FORMAT;
	}
	for (size_t i = 0; i < 6; i++) {
		mac[i] = (uint8_t)byte[i];
	}
	return 0;
}

static int
read_settings(uint8_t mac[6])
{
	int result = read_address("address", &port.address);

	result = result ? result : read_address("netmask", &port.netmask);
	result = result ? result : read_address("gateway", &port.gateway);
	return result ? result : read_mac(mac);
}

/* Called once: DHCP has had its time. */
static void
fall_back(void *unused)
{
	(void)unused;
	if (!dhcp_supplied_address(&port.netif) && !ip4_addr_isany_val(port.address)) {
		printf("lwip: no DHCP server answers; using the manifest's address\n");
		dhcp_release_and_stop(&port.netif);
		netif_set_addr(&port.netif, &port.address, &port.netmask, &port.gateway);
	}
}

int
lwip_port_open(uint32_t bit)
{
	uint8_t mac[6];
	int result = read_settings(mac);

	if (result) {
		return result;
	}
	lwip_init();
	result = link_open(&port.netif, mac, bit);
	if (result) {
		const char *why = exo_error_sentence(result);
		if (result == E_NOENT) {
			why = "the manifest gives no packets (filter-receive, -transmit)";
		}
		printf("lwip: no network: %s\n", why);
		return result;
	}
	netif_set_hostname(&port.netif, exo_name());
	if (dhcp_start(&port.netif) != ERR_OK) {
		printf("lwip: no memory for DHCP\n");
		return E_NOSPACE;
	}
	sys_timeout(LWIP_PORT_DHCP_MS, fall_back, NULL);
	lwip_port_flush();
	return 0;
}

int
lwip_port_poll(void)
{
	int any = link_poll();

	sys_check_timeouts();
	return any;
}

void
lwip_port_flush(void)
{
	link_flush();
}

uint64_t
lwip_port_timeout_ns(void)
{
	u32_t ms = sys_timeouts_sleeptime();

	return ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? EXO_FOREVER : (uint64_t)ms * NS_PER_MS;
}

const char *
lwip_port_address(void)
{
	const ip4_addr_t *address = netif_ip4_addr(&port.netif);

	return ip4_addr_isany(address) ? NULL : ip4addr_ntoa(address);
}
