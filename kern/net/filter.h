/* SPDX-License-Identifier: MIT
 * filter.h: packet filters: conjunctions of atoms (include/exo/atom.h), evaluated one by one.
 * Pure.
 */
#ifndef KERN_NET_FILTER_H
#define KERN_NET_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <exo/atom.h>

/* A frame starts at an address that is 2 modulo 8: then an IP header behind 14 bytes of Ethernet is
 * aligned to 8. The aligned words of 8 bytes that hold the frame are readable. */
#define FRAME_SKEW 2
/* The whole conjunction: the parent's atoms, then the own ones. */
struct filter {
	uint32_t receive_atoms;
	uint32_t transmit_atoms;
	uint32_t receive_plain; /* before the first shift */
	struct exo_atom receive[EXO_ATOMS_MAX];
	struct exo_atom transmit[EXO_ATOMS_MAX];
};

/* Well formed: known kinds, widths, offsets below 2048, value within mask, transmit atoms within
 * EXO_TRANSMIT_SPAN without shifts. 0 or E_INVAL, E_RANGE, E_LIMIT (too many). */
int filter_check(const struct exo_filter *f);
/* child = parent's conjunction and f. 0 or E_LIMIT. f was checked. */
int filter_derive(struct filter *child, const struct filter *parent, const struct exo_filter *f);
/* Do all atoms hold for the packet? Reading past its end is no match. */
bool filter_match(const struct exo_atom *atoms, uint32_t count, const uint8_t *packet,
		  size_t bytes);

/* The bytes of a number of `width` bytes, big-endian, as they stand in memory. */
static inline uint64_t
filter_in_memory(uint64_t number, uint32_t width)
{
	const uint64_t bytes = 0x00ff00ff00ff00ff;
	const uint64_t pairs = 0x0000ffff0000ffff;

	number = (number & bytes) << 8 | (number >> 8 & bytes);
	number = (number & pairs) << 16 | (number >> 16 & pairs);
	number = number << 32 | number >> 32;
	return number >> (64 - 8 * width);
}

/* What a compare of a packet's head becomes that begins FRAME_SKEW behind a multiple of 8: the
 * field begins `zero` bytes and `scale` bits behind that multiple, mask and value are as it stands
 * in memory, and the packet must have `offset` bytes. */
void filter_words(struct exo_atom *atoms, uint32_t count);
/* filter_match() for what filter_words() has made. A word more than the field touches is read. */
static inline bool
filter_match_head(const struct exo_atom *a, uint32_t count, const uint8_t *head, size_t bytes)
{
	typedef uint64_t __attribute__((may_alias)) word;

	for (const struct exo_atom *end = a + count; a < end; a++) {
		const word *at = (const word *)(head - FRAME_SKEW + a->zero);
		uint64_t field = at[0] >> a->scale | at[1] << 1 << (a->scale ^ 63);

		if (a->offset > bytes || (field & a->mask) != a->value) {
			return false;
		}
	}
	return true;
}

#endif
