/* SPDX-License-Identifier: MIT
 * net_dhcp_test.c: the DHCP client's states against a server made of tables, and messages that
 * lie.
 *
 * links: lib/net/dhcp.c lib/net/dhcp_message.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/rand.h"
#include "lib/net/dhcp.h"

#define S       1000000000ull
#define ADDRESS 0x0a00020fu
#define SERVER  0x0a000202u
#define LEASE_S 1000u
#define ROOM    600

static const uint8_t mac[MAC_BYTES] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static struct dhcp dhcp;
static uint64_t now_ns;
static struct dhcp_out out;
static bool has_out;
static uint8_t message[ROOM];
static size_t message_bytes;

static enum dhcp_event
tick(void)
{
	return dhcp_tick(&dhcp, now_ns, &out, &has_out);
}

static void
option(uint8_t code, const void *data, uint8_t bytes)
{
	message[message_bytes++] = code;
	message[message_bytes++] = bytes;
	memcpy(message + message_bytes, data, bytes);
	message_bytes += bytes;
}

static void
option32(uint8_t code, uint32_t value)
{
	uint8_t data[4];

	put32(data, value);
	option(code, data, sizeof(data));
}

/* A server's message without its end: type, server, yiaddr, lease. */
static void
compose(enum dhcp_type type, uint32_t server, uint32_t address, uint32_t lease_s)
{
	uint8_t byte = (uint8_t)type;

	memset(message, 0, sizeof(message));
	put32(message, 0x02010600);
	put32(message + 4, dhcp.xid);
	put32(message + 16, address);
	memcpy(message + 28, mac, MAC_BYTES);
	put32(message + 236, 0x63825363);
	message_bytes = 240;
	option(53, &byte, 1);
	option32(54, server);
	option32(51, lease_s);
	option32(1, 0xffffff00u);
	option32(3, SERVER);
	option32(42, SERVER + 1);
}

static enum dhcp_event
give(void)
{
	message[message_bytes++] = 255;
	return dhcp_input(&dhcp, message, message_bytes, now_ns);
}

static enum dhcp_event
answer(enum dhcp_type type)
{
	compose(type, SERVER, ADDRESS, LEASE_S);
	return give();
}

/* The value of an option in what we say, or 0. */
static const uint8_t *
said(uint8_t code)
{
	for (size_t at = 240; out.message[at] != 255; at += 2u + out.message[at + 1]) {
		if (out.message[at] == code) {
			return out.message + at + 2;
		}
	}
	return NULL;
}

static int
started(void **state)
{
	(void)state;
	now_ns = 100 * S;
	dhcp_start(&dhcp, mac, "web", 77, now_ns);
	return 0;
}

static int
bound(void **state)
{
	started(state);
	tick();
	answer(DHCP_OFFER);
	tick();
	assert_int_equal(answer(DHCP_ACK), DHCP_GOT);
	dhcp_checked(&dhcp, true, now_ns);
	assert_int_equal(dhcp.state, DHCP_BOUND);
	return 0;
}

static void
from_nothing_to_an_address(void **state)
{
	(void)state;
	assert_int_equal(tick(), DHCP_NOTHING);
	assert_true(has_out);
	assert_int_equal(out.to, IP_BROADCAST);
	assert_int_equal(*said(53), DHCP_DISCOVER);
	assert_memory_equal(said(12), "web", 3);
	assert_memory_equal(out.message + 28, mac, MAC_BYTES);
	assert_int_equal(get32(out.message), 0x01010600);
	assert_null(said(50));
	assert_int_equal(tick(), DHCP_NOTHING);
	assert_false(has_out);

	assert_int_equal(answer(DHCP_ACK), DHCP_NOTHING); /* not yet */
	assert_int_equal(answer(DHCP_OFFER), DHCP_NOTHING);
	assert_int_equal(answer(DHCP_ACK), DHCP_NOTHING); /* nothing was requested */
	tick();
	assert_true(has_out);
	assert_int_equal(*said(53), DHCP_REQUEST);
	assert_int_equal(get32(said(50)), ADDRESS);
	assert_int_equal(get32(said(54)), SERVER);
	assert_int_equal(get32(out.message + 12), 0);

	assert_false(dhcp_has_lease(&dhcp));
	assert_int_equal(answer(DHCP_ACK), DHCP_GOT);
	assert_false(dhcp_has_lease(&dhcp));
	assert_true(dhcp_deadline(&dhcp) == UINT64_MAX);
	dhcp_checked(&dhcp, true, now_ns);
	assert_true(dhcp_has_lease(&dhcp));
	assert_int_equal(dhcp.lease.address, ADDRESS);
	assert_int_equal(dhcp.lease.mask, 0xffffff00u);
	assert_int_equal(dhcp.lease.gateway, SERVER);
	assert_int_equal(dhcp.lease.time_server, SERVER + 1);
	assert_int_equal(dhcp.lease.renew_ns, now_ns + LEASE_S / 2 * S);
	assert_int_equal(dhcp.lease.rebind_ns, now_ns + LEASE_S * 7 / 8 * S);
	assert_int_equal(dhcp.lease.end_ns, now_ns + LEASE_S * S);
	assert_int_equal(dhcp_deadline(&dhcp), dhcp.lease.renew_ns);
}

static void
twice_as_long_without_answer(void **state)
{
	uint64_t ns = DHCP_FIRST_NS;

	(void)state;
	for (int i = 0; i < 8; i++) {
		tick();
		assert_true(has_out);
		assert_in_range(dhcp_deadline(&dhcp) - now_ns, ns * 3 / 4, ns * 5 / 4);
		assert_int_equal(get16(out.message + 8), (now_ns - 100 * S) / S);
		now_ns = dhcp_deadline(&dhcp);
		ns = ns * 2 > DHCP_MOST_NS ? DHCP_MOST_NS : ns * 2;
	}
}

static void
requests_without_answer_begin_anew(void **state)
{
	(void)state;
	tick();
	answer(DHCP_OFFER);
	uint32_t xid = dhcp.xid;
	for (int i = 0; i < DHCP_REQUESTS; i++) {
		tick();
		assert_int_equal(*said(53), DHCP_REQUEST);
		now_ns = dhcp_deadline(&dhcp);
	}
	tick();
	assert_int_equal(*said(53), DHCP_DISCOVER);
	assert_int_not_equal(dhcp.xid, xid);
}

static void
renewed_by_its_server(void **state)
{
	(void)state;
	now_ns = dhcp.lease.renew_ns - 1;
	tick();
	assert_false(has_out);
	now_ns++;
	tick();
	assert_int_equal(*said(53), DHCP_REQUEST);
	assert_int_equal(out.to, SERVER);
	assert_int_equal(get32(out.message + 12), ADDRESS); /* ciaddr */
	assert_null(said(50));
	assert_null(said(54));
	uint64_t asked_ns = now_ns;
	now_ns += S;
	compose(DHCP_ACK, SERVER, ADDRESS, LEASE_S);
	option32(3, SERVER + 5); /* a second one: the last counts */
	assert_int_equal(give(), DHCP_KEPT);
	assert_int_equal(dhcp.lease.end_ns, asked_ns + LEASE_S * S);
	assert_int_equal(dhcp.lease.gateway, SERVER + 5);
	assert_int_equal(dhcp.state, DHCP_BOUND);
	now_ns = dhcp_deadline(&dhcp);
	tick();
	compose(DHCP_ACK, SERVER, ADDRESS + 1, LEASE_S);
	assert_int_equal(give(), DHCP_GOT); /* another address: to be checked */
	assert_int_equal(dhcp.state, DHCP_CHECKING);
}

static void
rebound_by_another_then_lost(void **state)
{
	uint32_t asked = 0;

	(void)state;
	for (now_ns = dhcp_deadline(&dhcp); now_ns < dhcp.lease.rebind_ns;
	     now_ns = dhcp_deadline(&dhcp)) {
		tick();
		assert_int_equal(out.to, SERVER);
		asked++;
	}
	assert_in_range(asked, 3, 6);
	assert_int_equal(now_ns, dhcp.lease.rebind_ns);
	tick();
	assert_true(has_out);
	assert_int_equal(out.to, IP_BROADCAST);
	assert_int_equal(get32(out.message + 12), ADDRESS);
	compose(DHCP_ACK, SERVER + 9, ADDRESS, LEASE_S);
	assert_int_equal(give(), DHCP_KEPT);
	assert_int_equal(dhcp.lease.server, SERVER + 9);
	while (now_ns < dhcp.lease.end_ns) {
		now_ns = dhcp_deadline(&dhcp);
		if (now_ns < dhcp.lease.end_ns) {
			assert_int_equal(tick(), DHCP_NOTHING);
		}
	}
	assert_int_equal(tick(), DHCP_LOST);
	assert_int_equal(tick(), DHCP_NOTHING);
	assert_int_equal(*said(53), DHCP_DISCOVER);
	assert_int_equal(get32(out.message + 12), 0);
}

static void
no_means_no(void **state)
{
	(void)state;
	now_ns = dhcp.lease.renew_ns;
	tick();
	compose(DHCP_NAK, SERVER + 1, 0, 0); /* of somebody else */
	assert_int_equal(give(), DHCP_NOTHING);
	assert_int_equal(answer(DHCP_NAK), DHCP_LOST);
	assert_int_equal(dhcp.state, DHCP_SELECTING);
	assert_true(dhcp_deadline(&dhcp) > now_ns); /* no storm of requests */
	now_ns = dhcp_deadline(&dhcp);
	tick();
	answer(DHCP_OFFER);
	tick();
	assert_int_equal(answer(DHCP_NAK), DHCP_NOTHING);
	assert_int_equal(dhcp.state, DHCP_SELECTING);
}

static void
an_address_of_somebody_else_is_declined(void **state)
{
	(void)state;
	tick();
	answer(DHCP_OFFER);
	tick();
	answer(DHCP_ACK);
	dhcp_checked(&dhcp, false, now_ns);
	tick();
	assert_true(has_out);
	assert_int_equal(*said(53), DHCP_DECLINE);
	assert_int_equal(get32(said(50)), ADDRESS);
	assert_int_equal(get32(said(54)), SERVER);
	assert_int_equal(out.to, IP_BROADCAST);
	assert_int_equal(dhcp_deadline(&dhcp), now_ns + DHCP_DECLINED_NS);
	tick();
	assert_false(has_out);
	now_ns += DHCP_DECLINED_NS;
	tick();
	assert_int_equal(*said(53), DHCP_DISCOVER);
}

static void
offers_nobody_can_live_with(void **state)
{
	static const uint32_t wrong[][3] = {
		{SERVER, 0, LEASE_S},           {SERVER, 0xffffffffu, LEASE_S},
		{SERVER, 0xe0000001u, LEASE_S}, {SERVER, 0x7f000001u, LEASE_S},
		{SERVER, 0x0a0002ffu, LEASE_S}, {SERVER, 0x0a000200u, LEASE_S},
		{0, ADDRESS, LEASE_S},          {SERVER, ADDRESS, 0}};

	(void)state;
	tick();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		compose(DHCP_OFFER, wrong[i][0], wrong[i][1], wrong[i][2]);
		give();
		assert_int_equal(dhcp.state, DHCP_SELECTING);
	}
	compose(DHCP_OFFER, SERVER, ADDRESS, LEASE_S);
	message[28] ^= 1; /* for somebody else */
	give();
	compose(DHCP_OFFER, SERVER, ADDRESS, LEASE_S);
	message[5] ^= 1; /* another exchange */
	give();
	compose(DHCP_OFFER, SERVER, ADDRESS, LEASE_S);
	message[0] = 1; /* a request */
	give();
	compose(DHCP_OFFER, SERVER, ADDRESS, LEASE_S);
	message[236] = 0;
	give();
	assert_int_equal(dhcp.state, DHCP_SELECTING);
	answer(DHCP_OFFER);
	assert_int_equal(dhcp.state, DHCP_REQUESTING);
}

static void
times_that_make_no_sense(void **state)
{
	(void)state;
	tick();
	compose(DHCP_OFFER, SERVER, ADDRESS, 100);
	option32(58, 200);
	option32(59, 300);
	option32(1, 0xff00ff00u); /* no mask: the class decides */
	give();
	assert_int_equal(dhcp.lease.renew_ns, now_ns + 50 * S);
	assert_int_equal(dhcp.lease.rebind_ns, now_ns + 87 * S);
	assert_int_equal(dhcp.lease.mask, 0xff000000u);
	static const uint32_t classes[][2] = {
		{0x0a000001, 0xff000000u}, {0xac100001, 0xffff0000u}, {0xc0a80001, 0xffffff00u}};
	for (int i = 0; i < 3; i++) {
		started(NULL);
		tick();
		compose(DHCP_OFFER, SERVER, classes[i][0], 100);
		option32(1, 0);
		give();
		assert_int_equal(dhcp.lease.mask, classes[i][1]);
	}
	started(NULL);
	tick();
	compose(DHCP_OFFER, SERVER, ADDRESS, 1); /* not asked for more than once a second */
	give();
	assert_int_equal(dhcp.lease.renew_ns, now_ns + S);
	started(NULL);
	tick();
	compose(DHCP_OFFER, SERVER, ADDRESS, UINT32_MAX);
	give();
	assert_true(dhcp.lease.renew_ns == UINT64_MAX && dhcp.lease.end_ns == UINT64_MAX);
	started(NULL);
	tick();
	compose(DHCP_OFFER, SERVER, ADDRESS, 100);
	option32(58, 20);
	option32(59, 30);
	give();
	assert_int_equal(dhcp.lease.renew_ns, now_ns + 20 * S);
	assert_int_equal(dhcp.lease.rebind_ns, now_ns + 30 * S);
}

/* RFC 2131 4.1: options in `file` and `sname` if option 52 says so. */
static void
options_in_other_fields(void **state)
{
	static const uint8_t in_file[] = {51, 4, 0, 0, 0, 50, 255};
	static const uint8_t in_sname[] = {0, 3, 4, 1, 2, 3, 4, 255};
	struct dhcp_answer read;

	(void)state;
	for (uint8_t overload = 0; overload < 4; overload++) {
		compose(DHCP_OFFER, SERVER, ADDRESS, 7);
		option(52, &overload, 1);
		memcpy(message + 108, in_file, sizeof(in_file));
		memcpy(message + 44, in_sname, sizeof(in_sname));
		assert_int_equal(dhcp_parse(message, message_bytes, mac, &read), 0);
		assert_int_equal(read.lease_s, overload & 1 ? 50 : 7);
		assert_int_equal(read.gateway, overload & 2 ? 0x01020304 : SERVER);
	}
}

static void
cut_at_every_byte_and_changed(void **state)
{
	uint64_t seed = 9;
	struct dhcp_answer read;

	(void)state;
	compose(DHCP_OFFER, SERVER, ADDRESS, LEASE_S);
	for (size_t cut = 0; cut <= message_bytes; cut++) {
		uint8_t *copy = malloc(cut + 1);

		memcpy(copy, message, cut);
		int status = dhcp_parse(copy, cut, mac, &read);
		assert_int_equal(status, cut < 240 ? E_TRUNCATED : cut < 243 ? E_FORMAT : 0);
		free(copy);
	}
	for (int i = 0; i < 100000; i++) {
		compose(DHCP_OFFER, SERVER, ADDRESS, LEASE_S);
		for (int n = 0; n < 3; n++) {
			message[236 + rand_below(&seed, message_bytes - 236)] =
				(uint8_t)rand_next(&seed);
		}
		(void)dhcp_parse(message, message_bytes, mac, &read);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(from_nothing_to_an_address, started),
		cmocka_unit_test_setup(twice_as_long_without_answer, started),
		cmocka_unit_test_setup(requests_without_answer_begin_anew, started),
		cmocka_unit_test_setup(renewed_by_its_server, bound),
		cmocka_unit_test_setup(rebound_by_another_then_lost, bound),
		cmocka_unit_test_setup(no_means_no, bound),
		cmocka_unit_test_setup(an_address_of_somebody_else_is_declined, started),
		cmocka_unit_test_setup(offers_nobody_can_live_with, started),
		cmocka_unit_test_setup(times_that_make_no_sense, started),
		cmocka_unit_test_setup(options_in_other_fields, started),
		cmocka_unit_test_setup(cut_at_every_byte_and_changed, started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
