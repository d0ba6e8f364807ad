/* SPDX-License-Identifier: MIT
 * ring.c: a predicate: wakes its sleeper when a ring is not empty, or a second after the time that
 * is noted beside it. An example of docs/code.md.
 */
#include <exo/code_helpers.h>

struct ring {
	uint32_t head;
	uint32_t tail;
	uint64_t since_ns;
};

exo_predicate_code ring;

int64_t
ring(const void *memory, uint64_t bytes, uint64_t events, uint64_t time_ns)
{
	const struct ring *r = memory;

	return events || r->head != r->tail || time_ns - r->since_ns >= 1000000000;
}
