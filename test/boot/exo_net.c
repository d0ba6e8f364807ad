/* SPDX-License-Identifier: MIT
 * exo_net.c: packets through lib/exo: ARP and ICMP echo with the gateway of QEMU's user network.
 *
 * RFC 826 (ARP), RFC 791 and 792 (IP header, echo), RFC 1071 (checksum).
 *
 * boot: init NET=user
 */
#include <string.h>

#include "lib/exo/events.h"
#include "lib/exo/net.h"
#include "test/boot/tap.h"

#define RECEIVE_BIT  10
#define TRANSMIT_BIT 11
#define PAGES        4
#define ECHO_BYTES   600
#define ECHO_OFFSET  42 /* Ethernet, IP and ICMP headers */
#define PATIENCE_NS  (3 * EXO_NS_PER_S)
#define SHORT_BYTES  128    /* the longest that the kernel copies whole */
#define UNUSED_TYPE  0x88b5 /* of Ethernet, for experiments (IEEE 802, 9.2.3); nobody answers */
#define SHORT_ONES   3000

static const uint8_t own_ip[4] = {10, 0, 2, 15};
static const uint8_t gateway_ip[4] = {10, 0, 2, 2};

static struct {
	struct exo_net net;
	struct exo_pages out; /* one page a packet is built in, and pieces of another */
	uint8_t *packet;
	uint8_t own_mac[6];
	uint8_t gateway_mac[6];
} lan;

static void
put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void
ethernet_header(const uint8_t *to, unsigned type)
{
	memcpy(lan.packet, to, 6);
	memcpy(lan.packet + 6, lan.own_mac, 6);
	put16(lan.packet + 12, type);
}

static void
arp_request(void)
{
	static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0, 1};
	static const uint8_t everybody[] = {255, 255, 255, 255, 255, 255};

	ethernet_header(everybody, 0x0806);
	memcpy(lan.packet + 14, head, sizeof(head));
	memcpy(lan.packet + 22, lan.own_mac, 6);
	memcpy(lan.packet + 28, own_ip, 4);
	memset(lan.packet + 32, 0, 6);
	memcpy(lan.packet + 38, gateway_ip, 4);
}

static unsigned
checksum(const uint8_t *at, unsigned bytes)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < bytes; i += 2) {
		sum += (unsigned)at[i] << 8 | at[i + 1];
	}
	while (sum >> 16) {
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return ~sum & 0xffff;
}

static void
echo_request(unsigned number)
{
	uint8_t *ip = lan.packet + 14;
	uint8_t *icmp = ip + 20;

	ethernet_header(lan.gateway_mac, 0x0800);
	memset(ip, 0, 28);
	ip[0] = 0x45;
	put16(ip + 2, 28 + ECHO_BYTES);
	ip[8] = 64;
	ip[9] = 1;
	memcpy(ip + 12, own_ip, 4);
	memcpy(ip + 16, gateway_ip, 4);
	put16(ip + 10, checksum(ip, 20));
	icmp[0] = 8;
	put16(icmp + 6, number);
	for (unsigned i = 0; i < ECHO_BYTES; i++) {
		icmp[8 + i] = (uint8_t)(i * 7 + number);
	}
	put16(icmp + 2, checksum(icmp, 8 + ECHO_BYTES));
}

/* Sends the packet in `pieces` segments and waits until the device is done with it. Returns its
 * result. */
static int
send(unsigned bytes, unsigned pieces)
{
	struct exo_segment segment[EXO_SEGMENTS];
	struct exo_completion done = {.result = -1};
	unsigned first = pieces == 1 ? bytes : 130;
	unsigned rest = bytes - first;
	int result;

	segment[0] = (struct exo_segment){lan.out.frames, EXO_SEGMENT(0, first)};
	segment[1] = (struct exo_segment){lan.out.frames, EXO_SEGMENT(first, rest / 2)};
	segment[2] = (struct exo_segment){lan.out.frames,
					  EXO_SEGMENT(first + rest / 2, rest - rest / 2)};
	result = exo_net_send(&lan.net, segment, pieces, 99);
	if (result < 0) {
		return result;
	}
	while ((result = exo_net_sent(&lan.net, &done)) == 0) {
		if (!exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS)) {
			return E_TIMEOUT;
		}
	}
	return result < 0 ? result : done.cookie != 99 ? E_FORMAT : done.result;
}

/* The next packet of an EtherType; others are passed over. Its bytes, 0 when none came in time. */
static int
receive(unsigned type, const uint8_t **packet)
{
	for (;;) {
		int bytes = exo_net_receive(&lan.net, packet);

		if (bytes < 0 ||
		    (bytes > 14 && (unsigned)((*packet)[12] << 8 | (*packet)[13]) == type)) {
			return bytes;
		}
		if (bytes > 0) {
			exo_net_release(&lan.net);
		} else if (!exo_wait(EXO_EVENT(RECEIVE_BIT), PATIENCE_NS)) {
			return 0;
		}
	}
}

static void
check_arp(void)
{
	const uint8_t *packet;
	int bytes;

	arp_request();
	tap_ok(send(42, 1) >= 0, "an ARP request leaves");
	bytes = receive(0x0806, &packet);
	if (tap_ok(bytes >= 42 && packet[21] == 2 && !memcmp(packet + 28, gateway_ip, 4),
		   "the gateway answers")) {
		memcpy(lan.gateway_mac, packet + 22, 6);
	}
	tap_ok(bytes > 0 && !memcmp(packet, lan.own_mac, 6), "to our address");
	exo_net_release(&lan.net);
}

/* One echo of ECHO_BYTES bytes, sent in pieces; true if it came back unchanged. */
static bool
echo(unsigned number, unsigned pieces)
{
	const uint8_t *packet;
	int bytes;
	bool is_right;

	echo_request(number);
	if (send(ECHO_OFFSET + ECHO_BYTES, pieces) < 0) {
		return false;
	}
	bytes = receive(0x0800, &packet);
	is_right = bytes == ECHO_OFFSET + ECHO_BYTES && packet[34] == 0 &&
		   !memcmp(packet + ECHO_OFFSET, lan.packet + ECHO_OFFSET, ECHO_BYTES);
	if (bytes > 0) {
		exo_net_release(&lan.net);
	}
	return is_right;
}

static void
check_echo(void)
{
	unsigned right = 0;

	tap_ok(echo(1, 1), "an echo of 600 bytes comes back");
	tap_ok(echo(2, 3), "and one that was sent in three pieces");
	for (unsigned i = 0; i < 300; i++) {
		right += echo(i, 1 + i % 3 / 2 * 2);
	}
	tap_is(right, 300, "300 more come back, round and round the rings");
	tap_is(exo_net_dropped(&lan.net), 0, "no packet was dropped");
}

static void
check_refusals(void)
{
	struct exo_segment segment = {lan.out.frames, EXO_SEGMENT(EXO_PAGE_SIZE - 10, 60)};
	struct exo_completion done;

	tap_is(exo_net_send(&lan.net, &segment, 0, 1), E_INVAL, "no piece is no packet");
	tap_is(exo_net_send(&lan.net, &segment, 1, 7), 0,
	       "a piece outside its capability is queued");
	tap_ok(exo_net_sent(&lan.net, &done) == 1 && done.cookie == 7 && done.result == E_RANGE,
	       "and completes with E_RANGE");
}

/* Completions that are there now; how many of them are no success. */
static unsigned
take_all(unsigned *wrong)
{
	struct exo_completion done;
	unsigned count = 0;

	for (; exo_net_sent(&lan.net, &done) == 1; count++) {
		*wrong += done.result != 0;
	}
	return count;
}

/* More than the NIC has room for: whoever finds it full sleeps, and is woken. */
static void
check_short_ones(void)
{
	struct exo_segment segment = {lan.out.frames, EXO_SEGMENT(0, SHORT_BYTES)};
	unsigned sent = 0, done = 0, wrong = 0;

	ethernet_header(lan.gateway_mac, UNUSED_TYPE);
	tap_is(exo_net_send(&lan.net, &segment, 1, 1), 0, "a short packet is sent");
	tap_is(take_all(&wrong), 1, "and done with when the call returns");
	while (done < SHORT_ONES) {
		while (sent < SHORT_ONES && !exo_net_send(&lan.net, &segment, 1, sent)) {
			sent++;
		}
		if (sent - done == 0 || !exo_wait(EXO_EVENT(TRANSMIT_BIT), PATIENCE_NS)) {
			break;
		}
		done += take_all(&wrong);
	}
	tap_is(done, SHORT_ONES, "many follow as fast as they leave");
	tap_is(wrong, 0, "all of them left");
}

static void
check_reopening(void)
{
	exo_handle nic = exo_start()->packets[0];

	tap_is(exo_net_close(&lan.net), 0, "it is closed");
	tap_is(exo_net_open(&lan.net, nic, 3, RECEIVE_BIT, TRANSMIT_BIT), E_RANGE,
	       "three pages of buffers are refused");
	tap_is(exo_net_open(&lan.net, nic, PAGES, RECEIVE_BIT, TRANSMIT_BIT), 0, "it opens again");
	tap_ok(echo(5, 1), "and works");
}

int
main(void)
{
	tap_plan(21);
	memcpy(lan.own_mac, exo_sysinfo()->nic[0].mac, 6);
	tap_ok(exo_sysinfo()->nic[0].present, "there is a network interface");
	tap_is(exo_pages_make(&lan.out, 1), 0, "a page is made to build packets in");
	lan.packet = lan.out.memory;
	tap_is(exo_net_open(&lan.net, exo_start()->packets[0], PAGES, RECEIVE_BIT, TRANSMIT_BIT), 0,
	       "it is opened");
	check_arp();
	check_echo();
	check_refusals();
	check_short_ones();
	check_reopening();
	return tap_end();
}
