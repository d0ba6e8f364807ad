/* SPDX-License-Identifier: MIT
 * cpio.h: reader of "newc" cpio archives (magic 070701), in memory or piece by piece.
 *
 *   header, 110 ASCII bytes | name, 0 byte | padding to 4 | data | padding to 4 | header ...
 *
 * The archive ends with an entry called TRAILER!!!; what follows it is not looked at. Nothing is
 * copied: names and data point into the archive. Nothing outside it is read; no state, no
 * allocation. Format: cpio(5).
 */
#ifndef LIB_BASE_CPIO_H
#define LIB_BASE_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPIO_HEADER_BYTES   110
#define CPIO_TRAILER        "TRAILER!!!"

#define CPIO_MODE_TYPE      0170000u
#define CPIO_MODE_FILE      0100000u
#define CPIO_MODE_DIRECTORY 0040000u
#define CPIO_MODE_LINK      0120000u

struct cpio_header {
	uint32_t inode;
	uint32_t mode;
	uint32_t links; /* if above 1, only the last entry of this inode has the data */
	uint32_t mtime_s;
	uint32_t file_bytes;
	uint32_t device_major;
	uint32_t device_minor;
	uint32_t name_bytes; /* with the final 0 byte; at least 1 */
};

struct cpio_entry {
	const char *name; /* ends with a 0 byte; as stored, so perhaps with a leading "./" */
	size_t name_length;
	const uint8_t *data;
	size_t bytes;
	struct cpio_header header;
	size_t next_offset; /* of the following header in the archive */
};

/* Parses one header. E_TRUNCATED: fewer than CPIO_HEADER_BYTES. E_FORMAT: wrong magic, a field
 * that is not hexadecimal, name_bytes of 0. */
int cpio_header_parse(const void *at, size_t bytes, struct cpio_header *header);

/* Where, counted from its header, an entry's data starts and where the next header stands. */
uint64_t cpio_data_offset(const struct cpio_header *header);
uint64_t cpio_next_offset(const struct cpio_header *header);

/* The first and the following entry. 0; E_NOENT at the trailer; E_TRUNCATED if the archive ends
 * before it or inside an entry; E_FORMAT for a bad header or a name that does not end where it
 * should. */
int cpio_first(const void *archive, size_t bytes, struct cpio_entry *entry);
int cpio_next(const void *archive, size_t bytes, struct cpio_entry *entry);

/* The first entry called `name`; a leading "./" counts in neither. Of a file with several links,
 * the data is found wherever it stands. Errors as above, E_NOENT if there is none. */
int cpio_find(const void *archive, size_t bytes, const char *name, struct cpio_entry *entry);

#endif
