/* SPDX-License-Identifier: MIT
 * fdt.c: the structure of a flattened device tree (Devicetree Specification v0.4, chapter 5).
 *
 *   header, 40 bytes | memory reservation block | structure block | strings block    (any order)
 *
 * The argument for safety: fdt_open puts all three blocks inside the blob, cuts the structure
 * block behind its FDT_END and the strings block behind its last 0 byte, walks every token and
 * checks that each name, value and string offset stays inside its block. token_read, the only
 * function that interprets structure bytes, checks the same again on every later step, so even
 * an offset that is no node cannot lead outside. Every loop advances by at least one token of
 * at least 4 bytes and stops at FDT_END.
 */
#include "lib/base/fdt.h"

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/string.h"

enum {
	TOKEN_BEGIN_NODE = 1,
	TOKEN_END_NODE = 2,
	TOKEN_PROP = 3,
	TOKEN_NOP = 4,
	TOKEN_END = 9,
};

#define MAGIC        0xd00dfeedu
#define HEADER_BYTES 40u
#define VERSION      17u

/* Byte offsets of the header fields (5.2). */
enum {
	AT_MAGIC = 0,
	AT_TOTALSIZE = 4,
	AT_OFF_DT_STRUCT = 8,
	AT_OFF_DT_STRINGS = 12,
	AT_OFF_MEM_RSVMAP = 16,
	AT_VERSION = 20,
	AT_LAST_COMP_VERSION = 24,
	AT_SIZE_DT_STRINGS = 32,
	AT_SIZE_DT_STRUCT = 36,
};

#define RESERVATION_BYTES 16u
#define PROP_HEADER_BYTES 12u /* tag, length, name offset */

struct token {
	uint32_t tag;
	uint32_t next; /* offset of the following token */
};

uint32_t
fdt_cell(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t
fdt_cell_pair(const uint8_t *at)
{
	return (uint64_t)fdt_cell(at) << 32 | fdt_cell(at + 4);
}

static const uint8_t *
structure(const struct fdt *fdt, uint32_t offset)
{
	return fdt->blob + fdt->struct_offset + offset;
}

/* Interprets the token at `at`. 0, E_TRUNCATED or E_FORMAT. All sums stay below 2^32 because blobs
 * are below 2^31 bytes. */
static int
token_read(const struct fdt *fdt, uint32_t at, struct token *token)
{
	uint32_t left = at < fdt->struct_bytes ? fdt->struct_bytes - at : 0;
	const uint8_t *here = structure(fdt, at);
	uint32_t used = 4;

	if (left < 4) {
		return E_TRUNCATED;
	}
	token->tag = fdt_cell(here);
	if (token->tag == TOKEN_PROP) { /* most are */
		uint32_t value_bytes = left < PROP_HEADER_BYTES ? UINT32_MAX : fdt_cell(here + 4);

		if (value_bytes > left) {
			return E_TRUNCATED;
		}
		used = PROP_HEADER_BYTES + value_bytes;
	} else if (token->tag == TOKEN_BEGIN_NODE) {
		used += (uint32_t)strnlen((const char *)here + 4, left - 4) + 1;
	} else if (token->tag != TOKEN_END_NODE && token->tag != TOKEN_NOP &&
		   token->tag != TOKEN_END) {
		return E_FORMAT;
	}
	used = (uint32_t)align_up_u64(used, 4);
	if (used > left) {
		return E_TRUNCATED;
	}
	token->next = at + used;
	return 0;
}

/* Steps to the first token at or behind *at that is not FDT_NOP; FDT_END for a bad offset. */
static struct token
token_skip_nops(const struct fdt *fdt, uint32_t *at)
{
	struct token token;

	while (!token_read(fdt, *at, &token)) {
		if (token.tag != TOKEN_NOP) {
			return token;
		}
		*at = token.next;
	}
	return (struct token){.tag = TOKEN_END, .next = *at};
}

/* The offset of the first token of `node` that is not one of its properties. */
static uint32_t
props_end(const struct fdt *fdt, int node, struct token *token)
{
	uint32_t at = (uint32_t)node;

	*token = token_skip_nops(fdt, &at);
	do {
		at = token->next;
		*token = token_skip_nops(fdt, &at);
	} while (token->tag == TOKEN_PROP);
	return at;
}

int
fdt_peek_size(const void *header)
{
	const uint8_t *at = header;

	if (fdt_cell(at + AT_MAGIC) != MAGIC || fdt_cell(at + AT_TOTALSIZE) < HEADER_BYTES ||
	    fdt_cell(at + AT_TOTALSIZE) > INT32_MAX) {
		return E_FORMAT;
	}
	return (int)fdt_cell(at + AT_TOTALSIZE);
}

static int
check_header(struct fdt *fdt, size_t bytes)
{
	int total = bytes < 8 ? E_TRUNCATED : fdt_peek_size(fdt->blob);

	if (total < 0) {
		return total;
	}
	if ((size_t)total > bytes) {
		return E_TRUNCATED;
	}
	if (fdt_cell(fdt->blob + AT_VERSION) < VERSION ||
	    fdt_cell(fdt->blob + AT_LAST_COMP_VERSION) > VERSION) {
		return E_FORMAT;
	}
	fdt->total_bytes = (uint32_t)total;
	fdt->reserve_offset = fdt_cell(fdt->blob + AT_OFF_MEM_RSVMAP);
	fdt->struct_offset = fdt_cell(fdt->blob + AT_OFF_DT_STRUCT);
	fdt->struct_bytes = fdt_cell(fdt->blob + AT_SIZE_DT_STRUCT);
	fdt->strings_offset = fdt_cell(fdt->blob + AT_OFF_DT_STRINGS);
	fdt->strings_bytes = fdt_cell(fdt->blob + AT_SIZE_DT_STRINGS);
	if (fdt->reserve_offset < HEADER_BYTES || fdt->struct_offset < HEADER_BYTES ||
	    fdt->strings_offset < HEADER_BYTES) {
		return E_FORMAT;
	}
	if (!range_within(fdt->struct_offset, fdt->struct_bytes, fdt->total_bytes) ||
	    !range_within(fdt->strings_offset, fdt->strings_bytes, fdt->total_bytes)) {
		return E_TRUNCATED;
	}
	return 0;
}

/* Counts the memory reservations. The list ends with an entry of address 0 and size 0 (5.3.2), and
 * at any other of size 0: firmware passes trees through libfdt, which cuts the list there and
 * leaves no other terminator. */
static int
check_reservations(struct fdt *fdt)
{
	uint64_t at = fdt->reserve_offset;

	for (fdt->reservations = 0;; fdt->reservations++) {
		if (!range_within(at, RESERVATION_BYTES, fdt->total_bytes)) {
			return E_TRUNCATED;
		}
		if (!fdt_cell_pair(fdt->blob + at + 8)) {
			return 0;
		}
		at += RESERVATION_BYTES;
	}
}

/* After this every offset below strings_bytes is the start of a string that ends in the block. */
static void
trim_strings(struct fdt *fdt)
{
	const uint8_t *strings = fdt->blob + fdt->strings_offset;

	while (fdt->strings_bytes && strings[fdt->strings_bytes - 1]) {
		fdt->strings_bytes--;
	}
}

static int
check_structure(struct fdt *fdt)
{
	bool props_allowed = false; /* properties precede child nodes (5.4.2) */
	uint32_t at = 0;
	int depth = 0;
	struct token token;

	fdt->root = E_NOENT;
	for (int status; !(status = token_read(fdt, at, &token)); at = token.next) {
		switch (token.tag) {
		case TOKEN_BEGIN_NODE:
			if (depth == FDT_DEPTH_MAX) {
				return E_LIMIT;
			}
			if (!depth++) {
				/* One root, which has no name (2.2.1). */
				if (fdt->root >= 0 || *structure(fdt, at + 4)) {
					return E_FORMAT;
				}
				fdt->root = (int)at;
			}
			props_allowed = true;
			break;
		case TOKEN_END_NODE:
			if (!depth--) {
				return E_FORMAT;
			}
			props_allowed = false;
			break;
		case TOKEN_PROP:
			if (!props_allowed ||
			    fdt_cell(structure(fdt, at + 8)) >= fdt->strings_bytes) {
				return E_FORMAT;
			}
			break;
		case TOKEN_END:
			fdt->struct_bytes = token.next;
			return depth || fdt->root < 0 ? E_FORMAT : 0;
		}
	}
	return token_read(fdt, at, &token);
}

int
fdt_open(struct fdt *fdt, const void *blob, size_t bytes)
{
	int status;

	*fdt = (struct fdt){.blob = blob};
	status = check_header(fdt, bytes);
	if (status) {
		return status;
	}
	status = check_reservations(fdt);
	if (status) {
		return status;
	}
	trim_strings(fdt);
	return check_structure(fdt);
}

uint32_t
fdt_total_size(const struct fdt *fdt)
{
	return fdt->total_bytes;
}

bool
fdt_reservation(const struct fdt *fdt, uint32_t index, uint64_t *address, uint64_t *bytes)
{
	const uint8_t *at = fdt->blob + fdt->reserve_offset;

	if (index >= fdt->reservations) {
		return false;
	}
	at += (size_t)index * RESERVATION_BYTES;
	*address = fdt_cell_pair(at);
	*bytes = fdt_cell_pair(at + 8);
	return true;
}

int
fdt_root(const struct fdt *fdt)
{
	return fdt->root;
}

int
fdt_walk(const struct fdt *fdt, int node, int *depth)
{
	struct token token;
	uint32_t at;
	int levels = 1;

	if (node < 0) {
		return E_NOENT;
	}
	at = props_end(fdt, node, &token);
	while (token.tag == TOKEN_END_NODE) {
		levels--;
		at = token.next;
		token = token_skip_nops(fdt, &at);
	}
	if (token.tag != TOKEN_BEGIN_NODE) {
		return E_NOENT;
	}
	if (depth) {
		*depth += levels;
	}
	return (int)at;
}

int
fdt_first_child(const struct fdt *fdt, int node)
{
	int depth = 0;
	int child = fdt_walk(fdt, node, &depth);

	return depth == 1 ? child : E_NOENT;
}

int
fdt_next_sibling(const struct fdt *fdt, int node)
{
	int depth = 0;

	do {
		node = fdt_walk(fdt, node, &depth);
	} while (node >= 0 && depth > 0);
	return depth == 0 ? node : E_NOENT;
}

int
fdt_ancestry(const struct fdt *fdt, int node, int path[FDT_DEPTH_MAX])
{
	int at = fdt->root;
	int depth = 0;

	while (at >= 0 && at <= node) {
		path[depth] = at;
		if (at == node) {
			return depth + 1;
		}
		at = fdt_walk(fdt, at, &depth);
	}
	return E_NOENT;
}

int
fdt_parent(const struct fdt *fdt, int node)
{
	int path[FDT_DEPTH_MAX];
	int count = fdt_ancestry(fdt, node, path);

	return count >= 2 ? path[count - 2] : E_NOENT;
}

const char *
fdt_name(const struct fdt *fdt, int node)
{
	return node < 0 ? "" : (const char *)structure(fdt, (uint32_t)node + 4);
}

static bool
prop_read(const struct fdt *fdt, uint32_t at, struct fdt_prop *prop)
{
	struct token token = token_skip_nops(fdt, &at);
	const uint8_t *header = structure(fdt, at);

	if (token.tag != TOKEN_PROP) {
		return false;
	}
	prop->bytes = fdt_cell(header + 4);
	prop->name = (const char *)fdt->blob + fdt->strings_offset + fdt_cell(header + 8);
	prop->value = header + PROP_HEADER_BYTES;
	prop->next = (int)token.next;
	return true;
}

bool
fdt_first_prop(const struct fdt *fdt, int node, struct fdt_prop *prop)
{
	uint32_t at = (uint32_t)node;

	return node >= 0 && prop_read(fdt, token_skip_nops(fdt, &at).next, prop);
}

bool
fdt_next_prop(const struct fdt *fdt, struct fdt_prop *prop)
{
	return prop_read(fdt, (uint32_t)prop->next, prop);
}

const uint8_t *
fdt_prop(const struct fdt *fdt, int node, const char *name, uint32_t *bytes)
{
	struct fdt_prop prop;

	for (bool more = fdt_first_prop(fdt, node, &prop); more; more = fdt_next_prop(fdt, &prop)) {
		if (!strcmp(prop.name, name)) {
			if (bytes) {
				*bytes = prop.bytes;
			}
			return prop.value;
		}
	}
	return NULL;
}
