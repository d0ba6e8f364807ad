/* SPDX-License-Identifier: MIT
 * lwip_sum_test.c: the Internet checksum by words against the definition, byte by byte.
 *
 * Data is of exact size on the heap behind its alignment, so that the sanitizer sees every byte
 * too far.
 * links: lib/lwip/sum.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/lwip/sum.h"

/* RFC 1071, 1: big-endian words, end-around carry. */
static uint16_t
plain_sum(const unsigned char *data, size_t bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes; i++) {
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* Memory order of the result on this host, which is little-endian as the target is. */
static uint16_t
words_sum(const unsigned char *data, size_t bytes)
{
	uint16_t sum = lwip_port_sum(data, (int)bytes);

	return (uint16_t)(sum << 8 | sum >> 8);
}

static void
check(size_t skew, size_t bytes, int fill)
{
	unsigned char *block = malloc(skew + bytes + 1);
	unsigned char *exact = realloc(block, skew + bytes ? skew + bytes : 1);

	assert_non_null(exact);
	for (size_t i = 0; i < bytes; i++) {
		exact[skew + i] = (unsigned char)(fill < 0 ? rand() : fill);
	}
	assert_int_equal(words_sum(exact + skew, bytes), plain_sum(exact + skew, bytes));
	free(exact);
}

static void
sums_every_length_and_alignment(void **unused)
{
	(void)unused;
	srand(1);
	for (size_t skew = 0; skew < 8; skew++) {
		for (size_t bytes = 0; bytes <= 150; bytes++) {
			check(skew, bytes, -1);
		}
		check(skew, 1460, -1);
	}
}

/* Carries everywhere, at the longest that a packet can be; and the sum of nothing but zeros. */
static void
sums_extremes(void **unused)
{
	(void)unused;
	for (size_t skew = 0; skew < 8; skew++) {
		check(skew, 65535, 0xff);
		check(skew, 65534, 0xff);
		check(skew, 65535, 0);
	}
}

/* The example of RFC 1071, 3. */
static void
sums_the_example(void **unused)
{
	const unsigned char data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)unused;
	assert_int_equal(words_sum(data, sizeof(data)), 0xddf2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_every_length_and_alignment),
		cmocka_unit_test(sums_extremes),
		cmocka_unit_test(sums_the_example),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
