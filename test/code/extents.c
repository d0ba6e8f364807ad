/* SPDX-License-Identifier: MIT
 * extents.c: an owns function: the blocks that a file record owns. An example of docs/code.md.
 *
 * The record: up to 3 extents of data, of which those without blocks are not used, and the block
 * with further extents, or 0. The parameters of the root say which template that block has.
 */
#include <exo/code_helpers.h>

struct extent {
	uint32_t first;
	uint32_t count;
};

struct record {
	struct extent extents[3];
	uint32_t more;
};

exo_owns_code extents;

int64_t
extents(const void *metadata, uint64_t bytes, const void *parameters, uint64_t parameters_bytes,
	uint64_t index)
{
	const struct record *record = metadata;
	const uint32_t *template_of_more = parameters;

	for (int n = 0; n < 3; n++) {
		const struct extent *e = &record->extents[n];

		if (e->count) {
			exo_emit(e->first, e->count, 0);
		}
	}
	if (record->more) {
		exo_emit(record->more, 1, *template_of_more);
	}
	return 0;
}
