/* SPDX-License-Identifier: MIT
 * delay.h: how late something was, each time: a histogram in powers of two. Pure.
 */
#ifndef LIB_RT_DELAY_H
#define LIB_RT_DELAY_H

#include <stdint.h>

#define RT_DELAY_FIRST_NS 250 /* the first bucket is [0, this), each of the others twice as long   \
			       */
#define RT_DELAY_BUCKETS 20   /* the last one has no end */

struct rt_delay {
	uint64_t count;
	uint64_t max_ns;
	uint64_t sum_ns;
	uint64_t bucket[RT_DELAY_BUCKETS];
};

void rt_delay_add(struct rt_delay *d, uint64_t ns);

/* Where bucket `index` ends; UINT64_MAX for the last one. */
uint64_t rt_delay_end_ns(uint32_t index);

#endif
