/* SPDX-License-Identifier: MIT
 * stride.c: see stride.h. A pass runs freely: only differences count, and ready clients are never
 * further apart than the longest turn moves one.
 */
#include "lib/exo/stride.h"

static bool
is_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* The ready one with the lowest pass, but for `except`; the first of equals. */
static uint32_t
lowest(const struct exo_stride *clients, uint32_t count, uint32_t except)
{
	uint32_t found = count;

	for (uint32_t i = 0; i < count; i++) {
		if (clients[i].is_ready && i != except &&
		    (found == count || is_before(clients[i].pass, clients[found].pass))) {
			found = i;
		}
	}
	return found;
}

uint32_t
exo_stride_next(const struct exo_stride *clients, uint32_t count)
{
	return lowest(clients, count, count);
}

void
exo_stride_charge(struct exo_stride *client, uint64_t used)
{
	client->last = client->stride * used;
	client->pass += client->last;
}

/* It keeps what it is ahead by, a turn at most: who rests for a moment gains nothing by it. Else it
 * goes before its equals, or one that always rests when its turn comes would never have one. */
void
exo_stride_ready(struct exo_stride *clients, uint32_t count, uint32_t which)
{
	uint32_t first = lowest(clients, count, which);
	struct exo_stride *c = &clients[which];

	if (first < count && c->pass - clients[first].pass > c->last) {
		c->pass = clients[first].pass - 1;
	}
	c->is_ready = true;
}
