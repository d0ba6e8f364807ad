/* SPDX-License-Identifier: MIT
 * site.c: fuzz target of the web server's index: a disk may hold anything.
 *
 * The input is an archive, read through windows as main.c does. Properties: the scan ends; every
 * file that a complete archive gives lies within it and is found by its name; the archive reader
 * of lib/base, which sees all of it at once, agrees on whether it is complete.
 * links: user/web/site.c lib/base/cpio.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "lib/base/cpio.h"
#include "user/web/site.h"

#define STEP   64
#define WINDOW (SITE_NAME_MAX + 4 * STEP)

static void
require(int holds)
{
	if (!holds) {
		abort();
	}
}

static int
scan(struct site *site, const uint8_t *data, size_t bytes)
{
	int result = 1;

	while (result == 1 && site->next < bytes) {
		uint64_t offset = site->next - site->next % STEP;
		size_t there = bytes - offset < WINDOW ? bytes - (size_t)offset : WINDOW;
		uint64_t before = site->next;
		result = site_scan(site, offset, data + offset, there);
		require(result != 1 || site->next > before);
	}
	return result == 1 ? E_TRUNCATED : result;
}

static int
walk(const uint8_t *data, size_t bytes)
{
	struct cpio_entry entry;
	int result = cpio_first(data, bytes, &entry);

	while (!result && entry.header.name_bytes <= SITE_NAME_MAX) {
		result = cpio_next(data, bytes, &entry);
	}
	return result ? result : E_FORMAT;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct site site;

	site_open(&site);
	int result = scan(&site, data, bytes);
	require((result == 0) == (walk(data, bytes) == E_NOENT));
	for (uint32_t i = 0; result == 0 && i < site.table_size; i++) {
		for (const struct site_file *file = site.table[i]; file; file = file->next) {
			require(file->offset <= bytes && file->bytes <= bytes - file->offset);
			require(site_find(&site, file->name, file->name_bytes) == file);
		}
	}
	site_close(&site);
	return 0;
}
