/* SPDX-License-Identifier: MIT
 * sntp.c: see sntp.h. A packet, as far as it matters (RFC 4330 4):
 *
 *	0                   1         24          32         40         48
 *	| leap, version, mode | stratum | originate | received | transmitted |
 *
 * Times are seconds since 1900 and their 2^32nd parts. Those whose first bit is 0 are counted from
 * 2036 on (RFC 4330 3).
 */
#include "lib/net/sntp.h"

#include <exo/errors.h>

#include "lib/base/string.h"

#define FIRST_BYTE   0x23 /* version 4, client */
#define MODE_SERVER  4
#define LEAP_UNKNOWN 3
#define STRATUM_MOST 15
#define NS_PER_S     1000000000ull
#define SECONDS_1970 2208988800ull /* from 1900 to 1970 */

static uint64_t
get64(const uint8_t *at)
{
	return (uint64_t)get32(at) << 32 | get32(at + 4);
}

/* Nanoseconds since 1970; those before, which nobody means, are 0. */
static uint64_t
time_of(const uint8_t *at)
{
	uint64_t seconds = get32(at) | (uint64_t)(get32(at) >> 31 ? 0 : 1) << 32;
	uint64_t ns = (get32(at + 4) * NS_PER_S) >> 32;

	return seconds < SECONDS_1970 ? 0 : (seconds - SECONDS_1970) * NS_PER_S + ns;
}

void
sntp_build(const struct sntp_question *question, uint8_t *data)
{
	memset(data, 0, SNTP_BYTES);
	data[0] = FIRST_BYTE;
	put32(data + 40, (uint32_t)(question->nonce >> 32));
	put32(data + 44, (uint32_t)question->nonce);
}

int
sntp_parse(const uint8_t *data, size_t bytes, const struct sntp_question *question, uint64_t now_ns,
	   struct sntp_answer *answer)
{
	if (bytes < SNTP_BYTES) {
		return E_TRUNCATED;
	}
	uint32_t version = data[0] >> 3 & 7;
	if ((data[0] & 7) != MODE_SERVER || !version || version > 4 ||
	    get64(data + 24) != question->nonce) {
		return E_FORMAT;
	}
	if (data[1] == 0) {
		return E_DENIED;
	}
	uint64_t received = time_of(data + 32);
	uint64_t transmitted = time_of(data + 40);
	uint64_t took = now_ns - question->asked_ns;
	if (data[0] >> 6 == LEAP_UNKNOWN || data[1] > STRATUM_MOST || !received ||
	    transmitted < received || transmitted - received > took) {
		return E_STATE;
	}
	answer->delay_ns = took - (transmitted - received);
	answer->time_ns = transmitted + answer->delay_ns / 2;
	answer->at_ns = now_ns;
	return 0;
}
