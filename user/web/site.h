/* SPDX-License-Identifier: MIT
 * site.h: the index of the files in a cpio archive on the disk.
 *
 *	site_open(&site);
 *	while (site_scan(&site, offset, bytes, count) == 1) { read from site.next on }
 *	file = site_find(&site, "docs/index.html", 15);
 */
#ifndef USER_WEB_SITE_H
#define USER_WEB_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SITE_NAME_MAX 4096 /* bytes of a name with its final 0 */

struct site_file {
	struct site_file *next; /* with the same place in the table */
	uint64_t offset;        /* of the first byte in the archive */
	uint64_t inode;         /* and device */
	uint32_t bytes;
	uint32_t hash;
	uint16_t name_bytes;
	bool waits; /* for the data, which stands with a later entry of the same inode */
	char name[];
};

struct site {
	struct site_file **table;
	uint32_t table_size;
	uint32_t file_count;
	struct site_slab *slabs; /* memory of the files, newest first */
	uint32_t waiting;        /* files that wait for their data */
	uint64_t total_bytes;
	uint64_t next; /* where the next header stands: the scan continues from there */
};

void site_open(struct site *site);
void site_close(struct site *site);

/* Indexes the entries of the archive whose header and name lie in data[0, bytes), which stands at
 * `offset` of the archive; site->next must lie within. 1: more is needed, from site->next on; 0:
 * the archive is complete. E_TRUNCATED: `bytes` are too few for any entry, so the caller, who
 * gives all there is, has reached the end of the disk. E_FORMAT: no archive. E_NOSPACE: the
 * memory is not enough. cpio(5), newc. */
int site_scan(struct site *site, uint64_t offset, const uint8_t *data, size_t bytes);

/* The file of that name, without leading "./" or "/"; 0 if there is none. */
const struct site_file *site_find(const struct site *site, const char *name, size_t bytes);

#endif
