/* SPDX-License-Identifier: MIT
 * delay.c: see delay.h.
 */
#include "lib/rt/delay.h"

uint64_t
rt_delay_end_ns(uint32_t index)
{
	return index < RT_DELAY_BUCKETS - 1 ? (uint64_t)RT_DELAY_FIRST_NS << index : UINT64_MAX;
}

void
rt_delay_add(struct rt_delay *d, uint64_t ns)
{
	uint32_t index = 0;

	while (index < RT_DELAY_BUCKETS - 1 && ns >= rt_delay_end_ns(index)) {
		index++;
	}
	d->bucket[index]++;
	d->count++;
	d->sum_ns += ns;
	d->max_ns = ns > d->max_ns ? ns : d->max_ns;
}
