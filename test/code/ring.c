/* SPDX-License-Identifier: MIT
 * ring.c: a predicate: wakes its sleeper when a ring is not empty, with the tag 1, or when the time
 * that is noted beside it has come, with the tag 2; for an event, with the tag 3. An example of
 * docs/code.md.
 */
#include <exo/code_helpers.h>

struct ring {
	uint32_t head;
	uint32_t tail;
	uint64_t deadline; /* ticks */
};

exo_predicate_code ring;

int64_t
ring(const void *memory, uint64_t bytes, uint64_t events, uint64_t ticks)
{
	const struct ring *r = memory;

	return r->head != r->tail ? 1 : ticks >= r->deadline ? 2 : events ? 3 : 0;
}
