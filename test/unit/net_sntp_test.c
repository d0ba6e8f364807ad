/* SPDX-License-Identifier: MIT
 * net_sntp_test.c: what a time server says, what it may not say, and addresses as text.
 *
 * links: lib/net/sntp.c lib/net/address.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/net/address.h"
#include "lib/net/sntp.h"

#define S          1000000000ull
#define MS         1000000ull
#define Y2026_NTP  3976300800u /* 2026-01-02 00:00:00 */
#define Y2026_UNIX 1767312000ull
#define HALF       0x80000000u

static const struct sntp_question question = {0x123456789abcdef0, 50 * S};
static uint8_t data[SNTP_BYTES];
static struct sntp_answer answer;

/* An answer that is right: it came in and went out 10 ms later, at 2026-01-02 and a half second. */
static int
compose(void **state)
{
	(void)state;
	memset(data, 0, sizeof(data));
	data[0] = 4 << 3 | 4;
	data[1] = 2;
	put32(data + 24, 0x12345678);
	put32(data + 28, 0x9abcdef0);
	put32(data + 32, Y2026_NTP);
	put32(data + 36, HALF);
	put32(data + 40, Y2026_NTP);
	put32(data + 44, HALF + 42949673); /* 10 ms */
	return 0;
}

static int
parse(uint64_t took_ns)
{
	return sntp_parse(data, sizeof(data), &question, question.asked_ns + took_ns, &answer);
}

static void
the_question(void **state)
{
	uint8_t asked[SNTP_BYTES];

	(void)state;
	sntp_build(&question, asked);
	assert_int_equal(asked[0], 4 << 3 | 3);
	assert_int_equal(get32(asked + 40), 0x12345678);
	assert_int_equal(get32(asked + 44), 0x9abcdef0);
	for (int i = 1; i < 40; i++) {
		assert_int_equal(asked[i], 0); /* nothing about us */
	}
}

static void
the_answer(void **state)
{
	(void)state;
	assert_int_equal(parse(30 * MS), 0);
	assert_int_equal(answer.at_ns, 50 * S + 30 * MS);
	assert_in_range(answer.delay_ns, 20 * MS - 1, 20 * MS + 1);
	/* half of the way back after it was sent */
	assert_in_range(answer.time_ns, Y2026_UNIX * S + 520 * MS - 2,
			Y2026_UNIX * S + 520 * MS + 2);
}

static void
a_quick_answer(void **state)
{
	(void)state;
	data[1] = 15;
	memcpy(data + 40, data + 32, 8);
	assert_int_equal(parse(0), 0);
	assert_int_equal(answer.delay_ns, 0);
	assert_int_equal(answer.time_ns, Y2026_UNIX * S + S / 2);
}

/* RFC 4330 3: the first bit 0 means from 2036-02-07 06:28:16 on. */
static void
after_2036(void **state)
{
	(void)state;
	put32(data + 32, 10);
	put32(data + 40, 10);
	assert_int_equal(parse(30 * MS), 0);
	assert_int_equal(answer.time_ns / S, 2085978496 + 10);
}

static void
not_an_answer_to_this(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < SNTP_BYTES; cut++) {
		assert_int_equal(sntp_parse(data, cut, &question, 60 * S, &answer), E_TRUNCATED);
	}
	for (int bit = 0; bit < 64; bit++) {
		compose(NULL);
		data[24 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(parse(30 * MS), E_FORMAT);
	}
	static const uint8_t first[] = {4 << 3 | 3, 4 << 3 | 5, 0 << 3 | 4, 5 << 3 | 4};
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		compose(NULL);
		data[0] = first[i];
		assert_int_equal(parse(30 * MS), E_FORMAT);
	}
}

static void
a_server_that_does_not_know(void **state)
{
	(void)state;
	data[0] |= 3 << 6;
	assert_int_equal(parse(30 * MS), E_STATE);
	compose(NULL);
	data[1] = 16;
	assert_int_equal(parse(30 * MS), E_STATE);
	compose(NULL);
	assert_int_equal(parse(9 * MS), E_STATE); /* says it took longer than it did */
	put32(data + 40, Y2026_NTP - 1);
	assert_int_equal(parse(30 * MS), E_STATE); /* went out before it came in */
	compose(NULL);
	put32(data + 32, 0x80000000);
	put32(data + 40, 0x80000000);
	assert_int_equal(parse(30 * MS), E_STATE); /* 1968 */
}

static void
the_kiss_of_death(void **state)
{
	(void)state;
	data[1] = 0;
	memcpy(data + 12, "RATE", 4);
	assert_int_equal(parse(30 * MS), E_DENIED);
	data[24] ^= 1; /* from somebody who was not asked */
	assert_int_equal(parse(30 * MS), E_FORMAT);
}

static void
addresses(void **state)
{
	static const char *const wrong[] = {
		"",         "1",        "1.2.3",           "1.2.3.", "1.2.3.4.",
		"1.2.3.4 ", " 1.2.3.4", "1.2.3.256",       "1..3.4", "01.2.3.4",
		"1.2.3.x",  "1.2.3.-4", "1.2.3.4444444444"};
	static const char *const right[] = {"0.0.0.0", "255.255.255.255", "10.0.2.15",
					    "1.20.100.99"};
	char text[ADDRESS_TEXT];
	uint32_t address;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(address_parse(wrong[i], &address), E_FORMAT);
	}
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		assert_int_equal(address_parse(right[i], &address), 0);
		assert_string_equal(address_print(address, text), right[i]);
	}
	assert_int_equal(address_parse("10.0.2.15", &address), 0);
	assert_int_equal(address, 0x0a00020f);
}

static void
hardware_addresses(void **state)
{
	static const char *const wrong[] = {"",
					    "52:54:00",
					    "52:54:00:12:34:5",
					    "52:54:00:12:34:567",
					    "52:54:00:12:34:56:",
					    "52-54-00-12-34-56",
					    "5g:54:00:12:34:56",
					    "5|:54:00:12:34:56",
					    "::::::"};
	static const uint8_t bytes[MAC_BYTES] = {0x52, 0x54, 0, 0xab, 0xCD, 0xef};
	uint8_t mac[MAC_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(address_parse_mac(wrong[i], mac), E_FORMAT);
	}
	assert_int_equal(address_parse_mac("90:09:99:fF:aa:00", mac), 0);
	assert_int_equal(mac[0] << 16 | mac[1] << 8 | mac[2], 0x900999);
	assert_int_equal(mac[3] << 16 | mac[4] << 8 | mac[5], 0xffaa00);
	assert_int_equal(address_parse_mac("52:54:00:ab:CD:ef", mac), 0);
	assert_memory_equal(mac, bytes, MAC_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_question),
		cmocka_unit_test_setup(the_answer, compose),
		cmocka_unit_test_setup(a_quick_answer, compose),
		cmocka_unit_test_setup(after_2036, compose),
		cmocka_unit_test_setup(not_an_answer_to_this, compose),
		cmocka_unit_test_setup(a_server_that_does_not_know, compose),
		cmocka_unit_test_setup(the_kiss_of_death, compose),
		cmocka_unit_test(addresses),
		cmocka_unit_test(hardware_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
