/* SPDX-License-Identifier: MIT
 * stride.h: whose turn it is by tickets: stride scheduling (Waldspurger and Weihl, 1995).
 *
 * Each client has a stride, inversely proportional to its tickets, and a pass. The one with the
 * lowest pass goes next, and its pass moves by its stride for each unit of time it used; so at any
 * time each has had its share to within one turn against any other. A client that comes, or comes
 * back, begins where the others are. Pure: no state of its own; who gives turns away calls it
 * (test/boot/stride.c: by exo_yield).
 */
#ifndef LIB_EXO_STRIDE_H
#define LIB_EXO_STRIDE_H

#include <stdbool.h>
#include <stdint.h>

#define EXO_STRIDE_ONE (1ul << 20) /* the stride of one ticket; tickets are 1 to this */

struct exo_stride {
	uint64_t stride;
	uint64_t pass;
	uint64_t last; /* by how much the last turn moved it */
	bool is_ready;
};

/* A client that is not ready. */
static inline struct exo_stride
exo_stride_client(uint32_t tickets)
{
	return (struct exo_stride){.stride = EXO_STRIDE_ONE / (tickets ? tickets : 1)};
}

/* The ready one of `count` clients whose turn it is; `count`: none is ready. */
uint32_t exo_stride_next(const struct exo_stride *clients, uint32_t count);

/* Its turn is over; it used so many units of time (ticks, or 1 for a turn). */
void exo_stride_charge(struct exo_stride *client, uint64_t used);

/* Client `which` of `count` can take turns from now on. */
void exo_stride_ready(struct exo_stride *clients, uint32_t count, uint32_t which);

#endif
