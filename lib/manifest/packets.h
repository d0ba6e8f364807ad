/* SPDX-License-Identifier: MIT
 * packets.h: the filters of environments: their properties, and whether they go together.
 *
 * Callers: property.c reads with the first five, plan.c checks with the rest.
 */
#ifndef LIB_MANIFEST_PACKETS_H
#define LIB_MANIFEST_PACKETS_H

#include "lib/manifest/property.h"

/* Readers of filter, filter-receive, filter-shared, filter-tap and filter-transmit. 0, or E_INVAL
 * with the sentence. */
int packets_expression(struct property_reader *reader);
int packets_receive(struct property_reader *reader);
int packets_shared(struct property_reader *reader);
int packets_tap(struct property_reader *reader);
int packets_transmit(struct property_reader *reader);

/* Does environment `index` take packets that itself or one before it takes as well? 0, or E_INVAL
 * with the sentence. */
int packets_check(const struct manifest *manifest, uint32_t index,
		  struct manifest_refusal *refusal);

/* How many filters of the NIC the environments need: one for each derived PACKET capability, and
 * what they may derive themselves. */
uint64_t packets_filters(const struct manifest *manifest, uint32_t nic);

#endif
