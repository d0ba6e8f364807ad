/* SPDX-License-Identifier: MIT
 * cpio.c: fuzz target: whatever the bytes, the entries of a newc archive lie inside it.
 *
 * links: lib/base/cpio.c
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cpio.h"
#include "test/fuzz/fuzz.h"

static void
check_entry(const uint8_t *archive, size_t bytes, const struct cpio_entry *entry)
{
	struct cpio_entry found;

	demand((const uint8_t *)entry->name > archive);
	demand(strlen(entry->name) == entry->name_length);
	demand(entry->data > (const uint8_t *)entry->name + entry->name_length);
	demand(entry->data <= archive + bytes && entry->bytes <= bytes);
	demand(entry->bytes <= (size_t)(archive + bytes - entry->data));
	demand(!cpio_find(archive, bytes, entry->name, &found));
	demand(found.bytes <= (size_t)(archive + bytes - found.data));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct cpio_entry entry;
	size_t last = 0;
	int status;

	for (status = cpio_first(data, bytes, &entry); !status;
	     status = cpio_next(data, bytes, &entry)) {
		check_entry(data, bytes, &entry);
		demand(entry.next_offset > last + CPIO_HEADER_BYTES);
		last = entry.next_offset;
	}
	demand(status < 0);
	demand(cpio_find(data, bytes, "no such name", &entry) <= 0);
	return 0;
}
