/* SPDX-License-Identifier: MIT
 * breaks.c: breakpoints in the memory of a target; see breaks.h. Where an instruction has 16 bits,
 * only these are written: what follows may be jumped to.
 */
#include "lib/gdbstub/breaks.h"

#include "lib/base/string.h"
#include "lib/gdbstub/stub.h"

static const uint8_t ebreak[4] = {0x73, 0x00, 0x10, 0x00};
static const uint8_t c_ebreak[2] = {0x02, 0x90};

static bool
write_all(const struct breaks *b, uint64_t address, const void *from, size_t bytes)
{
	const uint8_t *at = from;

	while (bytes) { /* it may reach into another page */
		int64_t n = b->target->write(b->context, address, at, bytes);

		if (n <= 0 || (size_t)n > bytes) {
			return false;
		}
		address += (uint64_t)n;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

static bool
read_all(const struct breaks *b, uint64_t address, void *to, size_t bytes)
{
	uint8_t *at = to;

	while (bytes) {
		int64_t n = b->target->read(b->context, address, at, bytes);

		if (n <= 0 || (size_t)n > bytes) {
			return false;
		}
		address += (uint64_t)n;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* The one at an address, or a free one if `address` has none, or NULL. */
static struct breakpoint *
find(struct breaks *b, uint64_t address)
{
	struct breakpoint *free = NULL;

	for (uint32_t i = 0; i < BREAKS_MAX; i++) {
		if (b->at[i].users && b->at[i].address == address) {
			return &b->at[i];
		}
		if (!b->at[i].users && !free) {
			free = &b->at[i];
		}
	}
	return free;
}

/* Would one of `bytes` bytes stand on half of another? */
static bool
collides(const struct breaks *b, uint64_t address, size_t bytes)
{
	for (uint32_t i = 0; i < BREAKS_MAX; i++) {
		const struct breakpoint *p = &b->at[i];

		if (p->users && ((p->bytes == 4 && p->address + 2 == address) ||
				 (bytes == 4 && address + 2 == p->address))) {
			return true;
		}
	}
	return false;
}

static bool
put(struct breaks *b, struct breakpoint *p, uint64_t address)
{
	p->address = address;
	if (!read_all(b, address, p->old, 2)) {
		return false;
	}
	p->bytes = (p->old[0] & 3) == 3 ? 4 : 2;
	if (collides(b, address, p->bytes) ||
	    (p->bytes == 4 && !read_all(b, address + 2, p->old + 2, 2))) {
		return false;
	}
	if (!write_all(b, address, p->bytes == 4 ? ebreak : c_ebreak, p->bytes)) {
		write_all(b, address, p->old, 2); /* the other page of it may not be writable */
		return false;
	}
	return true;
}

bool
breaks_add(struct breaks *b, uint64_t address, uint8_t user)
{
	struct breakpoint *p = find(b, address);

	if (!p || address & 1 || (!p->users && !put(b, p, address))) {
		return false;
	}
	p->users |= user;
	return true;
}

static void
take(struct breaks *b, struct breakpoint *p, uint8_t user)
{
	bool was_used = p->users != 0;

	p->users &= (uint8_t)~user;
	if (was_used && !p->users) {
		write_all(b, p->address, p->old, p->bytes);
	}
}

void
breaks_remove(struct breaks *b, uint64_t address, uint8_t user)
{
	struct breakpoint *p = find(b, address);

	if (p && p->users) {
		take(b, p, user);
	}
}

void
breaks_remove_all(struct breaks *b, uint8_t user)
{
	for (uint32_t i = 0; i < BREAKS_MAX; i++) {
		take(b, &b->at[i], user);
	}
}

bool
breaks_is_at(const struct breaks *b, uint64_t address)
{
	for (uint32_t i = 0; i < BREAKS_MAX; i++) {
		if (b->at[i].users && b->at[i].address == address) {
			return true;
		}
	}
	return false;
}

/* What of a breakpoint lies in [address, address + bytes): bytes [*from, *end) of it. */
static bool
overlaps(const struct breakpoint *p, uint64_t address, size_t bytes, uint64_t *from, uint64_t *end)
{
	uint64_t ahead = address - p->address; /* one of both wraps around to something large */
	uint64_t behind = p->address - address;

	*from = ahead < p->bytes ? ahead : 0;
	*end = p->bytes;
	if (!p->users || (ahead >= p->bytes && behind >= bytes)) {
		return false;
	}
	if (bytes + ahead < *end && ahead < p->bytes) {
		*end = ahead + bytes;
	} else if (ahead >= p->bytes && bytes - behind < *end) {
		*end = bytes - behind;
	}
	return *from < *end;
}

int64_t
breaks_read(const struct breaks *b, uint64_t address, void *to, size_t bytes)
{
	int64_t n = b->target->read(b->context, address, to, bytes);
	uint64_t from;
	uint64_t end;

	for (uint32_t i = 0; n > 0 && i < BREAKS_MAX; i++) {
		const struct breakpoint *p = &b->at[i];

		if (overlaps(p, address, (size_t)n, &from, &end)) {
			memcpy((uint8_t *)to + (p->address + from - address), p->old + from,
			       end - from);
		}
	}
	return n;
}

int64_t
breaks_write(struct breaks *b, uint64_t address, const void *from, size_t bytes)
{
	int64_t n = b->target->write(b->context, address, from, bytes);
	uint64_t first;
	uint64_t end;

	for (uint32_t i = 0; n > 0 && i < BREAKS_MAX; i++) {
		struct breakpoint *p = &b->at[i];

		if (overlaps(p, address, (size_t)n, &first, &end)) {
			memcpy(p->old + first,
			       (const uint8_t *)from + (p->address + first - address), end - first);
			write_all(b, p->address, p->bytes == 4 ? ebreak : c_ebreak, p->bytes);
		}
	}
	return n;
}
