/* SPDX-License-Identifier: MIT
 * reassemble.c: see reassemble.h.
 *
 * RFC 815: what is missing of a datagram is a list of holes, and the record of a hole stands in
 * the hole. Every hole begins at a multiple of 8 and is at least 8 bytes long, but the last one,
 * which may be short; behind the buffer there is room for its record.
 * Why no fragment can do harm: its range was checked to lie within the buffer, and bytes are only
 * copied into a hole that contains the whole range. Records are read from places that the list
 * names, and only this file writes there as long as they are holes.
 * Invariant: reassemble_check().
 */
#include "lib/net/reassemble.h"

#include "lib/base/string.h"

#define NO_HOLE  UINT32_MAX
#define OPEN_END UINT32_MAX /* of the last hole: how far it goes is not known */

/* Where nothing has come yet: from the offset of its record to `end`. */
struct hole {
	uint32_t end;
	uint32_t next; /* offset of the next hole, NO_HOLE after the last */
};

static struct hole
hole_at(const struct reassembly *one, uint32_t offset)
{
	struct hole hole;

	memcpy(&hole, one->data + offset, sizeof(hole));
	return hole;
}

static void
hole_put(struct reassembly *one, uint32_t offset, struct hole hole)
{
	memcpy(one->data + offset, &hole, sizeof(hole));
}

/* Lets the record of the hole at `before` (NO_HOLE: the head of the list) name `next`. */
static void
hole_link(struct reassembly *one, uint32_t before, uint32_t next)
{
	if (before == NO_HOLE) {
		one->first_hole = next;
	} else {
		hole_put(one, before, (struct hole){hole_at(one, before).end, next});
	}
}

static bool
is_of(const struct reassembly *one, const struct fragment *fragment)
{
	return one->state != REASSEMBLY_FREE && one->from == fragment->from &&
	       one->to == fragment->to && one->id == fragment->id &&
	       one->protocol == fragment->protocol;
}

static struct reassembly *
find(struct reassembler *all, const struct fragment *fragment)
{
	for (uint32_t i = 0; i < REASSEMBLIES; i++) {
		if (is_of(&all->slot[i], fragment)) {
			return &all->slot[i];
		}
	}
	return NULL;
}

/* A free slot, or that whose time is over first: a flood of first fragments that are never
 * completed takes the place of its own. */
static struct reassembly *
choose(struct reassembler *all)
{
	struct reassembly *chosen = &all->slot[0];

	for (uint32_t i = 0; i < REASSEMBLIES; i++) {
		struct reassembly *one = &all->slot[i];

		if (one->state == REASSEMBLY_FREE) {
			return one;
		}
		if (one->deadline_ns < chosen->deadline_ns) {
			chosen = one;
		}
	}
	all->evicted++;
	return chosen;
}

static struct reassembly *
begin(struct reassembler *all, const struct fragment *fragment, uint64_t now_ns)
{
	struct reassembly *one = choose(all);

	one->state = REASSEMBLY_OPEN;
	one->from = fragment->from;
	one->to = fragment->to;
	one->id = fragment->id;
	one->protocol = fragment->protocol;
	one->holes = 1;
	one->first_hole = 0;
	one->bytes = 0;
	one->deadline_ns = now_ns + REASSEMBLE_NS;
	one->head_bytes = 0;
	one->header_bytes = 0;
	hole_put(one, 0, (struct hole){OPEN_END, NO_HOLE});
	return one;
}

/* Nothing lies outside the datagram, and all but the last are multiples of 8 (RFC 791 3.2). */
static bool
is_sound(const struct fragment *fragment)
{
	return fragment->bytes > 0 && fragment->bytes <= REASSEMBLE_BYTES &&
	       fragment->offset <= REASSEMBLE_BYTES - fragment->bytes &&
	       !(fragment->more && fragment->bytes % 8);
}

/* The first hole that does not end before the fragment begins, and the one before it: no other can
 * take it in. False if there is none. */
static bool
find_hole(const struct reassembly *one, const struct fragment *fragment, uint32_t *before,
	  uint32_t *offset)
{
	*before = NO_HOLE;
	for (*offset = one->first_hole; *offset != NO_HOLE;) {
		struct hole hole = hole_at(one, *offset);

		if (hole.end > fragment->offset) {
			return true;
		}
		*before = *offset;
		*offset = hole.next;
	}
	return false;
}

/* The bytes of a fragment no part of which is missing are the same as those that came. */
static bool
is_repeated(const struct reassembly *one, const struct fragment *fragment, uint32_t next_hole)
{
	uint32_t end = fragment->offset + fragment->bytes;

	return end <= next_hole && fragment->more == (end != one->bytes) &&
	       !memcmp(one->data + fragment->offset, fragment->data, fragment->bytes);
}

/* Whether the fragment fits into the hole, and its end to what is known of the datagram's end. */
static bool
fits(const struct reassembly *one, const struct fragment *fragment, uint32_t offset,
     struct hole hole)
{
	uint32_t end = fragment->offset + fragment->bytes;

	if (fragment->offset < offset || end > hole.end) {
		return false;
	}
	return fragment->more || (one->bytes ? end == one->bytes : hole.end == OPEN_END);
}

/* Puts the fragment into the hole, of which at most two are left, and nothing behind the end. */
static void
fill(struct reassembly *one, const struct fragment *fragment, uint32_t before, uint32_t offset)
{
	struct hole hole = hole_at(one, offset);
	uint32_t end = fragment->offset + fragment->bytes;
	uint32_t next = hole.next;

	one->holes--;
	if (!fragment->more) {
		one->bytes = end;
	} else if (end < hole.end) {
		hole_put(one, end, (struct hole){hole.end, hole.next});
		next = end;
		one->holes++;
	}
	if (offset < fragment->offset) {
		hole_put(one, offset, (struct hole){fragment->offset, next});
		next = offset;
		one->holes++;
	}
	hole_link(one, before, next);
	memcpy(one->data + fragment->offset, fragment->data, fragment->bytes);
}

static void
keep_head(struct reassembly *one, const struct fragment *fragment)
{
	uint32_t behind = fragment->bytes < 8 ? fragment->bytes : 8;

	one->header_bytes = fragment->header_bytes;
	one->head_bytes = fragment->header_bytes + behind;
	memcpy(one->head, fragment->header, fragment->header_bytes);
	memcpy(one->head + fragment->header_bytes, fragment->data, behind);
}

static void
refuse(struct reassembler *all, struct reassembly *one)
{
	one->state = REASSEMBLY_REFUSED;
	all->refused++;
}

struct reassembly *
reassemble_add(struct reassembler *all, const struct fragment *fragment, uint64_t now_ns)
{
	struct reassembly *one = find(all, fragment);
	uint32_t before;
	uint32_t offset;

	if (!is_sound(fragment) || (one && one->state == REASSEMBLY_REFUSED)) {
		return NULL;
	}
	one = one ? one : begin(all, fragment, now_ns);
	bool found = find_hole(one, fragment, &before, &offset);
	if (is_repeated(one, fragment, found ? offset : one->bytes)) {
		return NULL;
	}
	if (!found || !fits(one, fragment, offset, hole_at(one, offset))) {
		refuse(all, one);
		return NULL;
	}
	fill(one, fragment, before, offset);
	if (fragment->offset == 0) {
		keep_head(one, fragment);
	}
	if (one->holes > REASSEMBLE_HOLES) {
		refuse(all, one);
	}
	return one->holes == 0 ? one : NULL;
}

void
reassemble_free(struct reassembly *one)
{
	one->state = REASSEMBLY_FREE;
}

struct reassembly *
reassemble_expired(struct reassembler *all, uint64_t now_ns)
{
	for (uint32_t i = 0; i < REASSEMBLIES; i++) {
		struct reassembly *one = &all->slot[i];

		if (one->state != REASSEMBLY_FREE && now_ns >= one->deadline_ns) {
			return one;
		}
	}
	return NULL;
}

uint64_t
reassemble_deadline(const struct reassembler *all)
{
	uint64_t deadline = UINT64_MAX;

	for (uint32_t i = 0; i < REASSEMBLIES; i++) {
		const struct reassembly *one = &all->slot[i];

		if (one->state != REASSEMBLY_FREE && one->deadline_ns < deadline) {
			deadline = one->deadline_ns;
		}
	}
	return deadline;
}

static bool
holes_are_sound(const struct reassembly *one)
{
	uint32_t count = 0;
	uint32_t end = 0;
	uint32_t offset = one->first_hole;

	for (; offset != NO_HOLE; count++) {
		if (count > one->holes || offset % 8 || offset > REASSEMBLE_BYTES ||
		    (count && offset <= end)) {
			return false;
		}
		struct hole hole = hole_at(one, offset);
		if (hole.end <= offset || (hole.end == OPEN_END && hole.next != NO_HOLE)) {
			return false;
		}
		end = hole.end;
		offset = hole.next;
	}
	return count == one->holes;
}

bool
reassemble_check(const struct reassembler *all)
{
	for (uint32_t i = 0; i < REASSEMBLIES; i++) {
		const struct reassembly *one = &all->slot[i];

		if (one->state == REASSEMBLY_OPEN &&
		    (one->holes == 0 || one->holes > REASSEMBLE_HOLES || !holes_are_sound(one))) {
			return false;
		}
	}
	return true;
}
