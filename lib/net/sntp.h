/* SPDX-License-Identifier: MIT
 * sntp.h: asks one server for the time of day: RFC 4330, RFC 5905 14. Pure.
 *
 * Counter values and nanoseconds are the caller's; times of day are nanoseconds since 1970 (UTC).
 */
#ifndef LIB_NET_SNTP_H
#define LIB_NET_SNTP_H

#include "lib/net/wire.h"

#define SNTP_PORT    123
#define SNTP_BYTES   48
#define SNTP_LEAST_S 15 /* between two questions (RFC 4330 10, 1.) */

struct sntp_question {
	uint64_t nonce; /* random: an answer that does not repeat it is of somebody else */
	uint64_t asked_ns;
};

/* What a good answer says: at `at_ns` of the caller's clock it was `time_ns`. */
struct sntp_answer {
	uint64_t time_ns;
	uint64_t at_ns;
	uint64_t delay_ns; /* on the way there and back; the error is at most half of it */
};

/* Writes SNTP_BYTES bytes. RFC 5905 has the client's time where the nonce stands; nobody needs to
 * know it, and nobody can guess this. */
void sntp_build(const struct sntp_question *question, uint8_t *data);

/* Reads the answer that came at `now_ns`. 0; E_TRUNCATED; E_FORMAT: none to this question;
 * E_STATE: the server's own clock is not set; E_DENIED: it does not want to be asked so often, or
 * at all (kiss of death, RFC 4330 8). */
int sntp_parse(const uint8_t *data, size_t bytes, const struct sntp_question *question,
	       uint64_t now_ns, struct sntp_answer *answer);

#endif
