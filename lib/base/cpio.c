/* SPDX-License-Identifier: MIT
 * cpio.c: reader of "newc" cpio archives.
 *
 * All offsets are 64-bit sums of an offset inside the archive and 32-bit fields, so they cannot
 * wrap; every range is compared with the size of the archive before it is touched. An entry is at
 * least CPIO_HEADER_BYTES long, so iterations end.
 */
#include "lib/base/cpio.h"

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/string.h"

#define MAGIC       "070701"
#define MAGIC_BYTES 6
#define FIELD_BYTES 8
#define FIELDS      13

/* Order of the fields behind the magic number. */
enum {
	INODE,
	MODE,
	UID,
	GID,
	LINKS,
	MTIME,
	FILE_SIZE,
	DEVICE_MAJOR,
	DEVICE_MINOR,
	RDEV_MAJOR,
	RDEV_MINOR,
	NAME_SIZE,
	CHECK,
};

static bool
hex_read(const uint8_t *digits, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < FIELD_BYTES; i++) {
		uint8_t c = digits[i];
		uint32_t digit;

		if (c >= '0' && c <= '9') {
			digit = c - '0';
		} else if (c >= 'a' && c <= 'f') {
			digit = c - 'a' + 10;
		} else if (c >= 'A' && c <= 'F') {
			digit = c - 'A' + 10;
		} else {
			return false;
		}
		*value = *value << 4 | digit;
	}
	return true;
}

int
cpio_header_parse(const void *at, size_t bytes, struct cpio_header *header)
{
	const uint8_t *text = at;
	uint32_t fields[FIELDS];

	if (bytes < CPIO_HEADER_BYTES) {
		return E_TRUNCATED;
	}
	if (memcmp(text, MAGIC, MAGIC_BYTES)) {
		return E_FORMAT;
	}
	for (size_t i = 0; i < FIELDS; i++) {
		if (!hex_read(text + MAGIC_BYTES + i * FIELD_BYTES, &fields[i])) {
			return E_FORMAT;
		}
	}
	if (!fields[NAME_SIZE]) {
		return E_FORMAT;
	}
	*header = (struct cpio_header){
		.inode = fields[INODE],
		.mode = fields[MODE],
		.links = fields[LINKS],
		.mtime_s = fields[MTIME],
		.file_bytes = fields[FILE_SIZE],
		.device_major = fields[DEVICE_MAJOR],
		.device_minor = fields[DEVICE_MINOR],
		.name_bytes = fields[NAME_SIZE],
	};
	return 0;
}

uint64_t
cpio_data_offset(const struct cpio_header *header)
{
	return align_up_u64(CPIO_HEADER_BYTES + (uint64_t)header->name_bytes, 4);
}

uint64_t
cpio_next_offset(const struct cpio_header *header)
{
	return align_up_u64(cpio_data_offset(header) + header->file_bytes, 4);
}

/* Reads the entry whose header stands at `offset`. */
static int
entry_read(const uint8_t *archive, size_t bytes, size_t offset, struct cpio_entry *entry)
{
	const uint8_t *at;
	size_t left;
	int status;

	if (offset >= bytes) {
		return E_TRUNCATED;
	}
	at = archive + offset;
	left = bytes - offset;
	status = cpio_header_parse(at, left, &entry->header);
	if (status) {
		return status;
	}
	if (!range_within(CPIO_HEADER_BYTES, entry->header.name_bytes, left)) {
		return E_TRUNCATED;
	}
	entry->name = (const char *)at + CPIO_HEADER_BYTES;
	entry->name_length = entry->header.name_bytes - 1;
	if (strnlen(entry->name, entry->header.name_bytes) != entry->name_length) {
		return E_FORMAT;
	}
	if (!strcmp(entry->name, CPIO_TRAILER)) {
		return E_NOENT;
	}
	if (!range_within(cpio_data_offset(&entry->header), entry->header.file_bytes, left)) {
		return E_TRUNCATED;
	}
	entry->data = at + cpio_data_offset(&entry->header);
	entry->bytes = entry->header.file_bytes;
	entry->next_offset = offset + cpio_next_offset(&entry->header);
	return 0;
}

int
cpio_first(const void *archive, size_t bytes, struct cpio_entry *entry)
{
	return entry_read(archive, bytes, 0, entry);
}

int
cpio_next(const void *archive, size_t bytes, struct cpio_entry *entry)
{
	return entry_read(archive, bytes, entry->next_offset, entry);
}

static const char *
without_dot(const char *name)
{
	return name[0] == '.' && name[1] == '/' ? name + 2 : name;
}

static bool
is_same_file(const struct cpio_header *a, const struct cpio_header *b)
{
	return a->inode == b->inode && a->device_major == b->device_major &&
	       a->device_minor == b->device_minor;
}

/* Of the links to one file only the last entry carries its data: find it behind `entry`. */
static void
link_follow(const void *archive, size_t bytes, struct cpio_entry *entry)
{
	struct cpio_entry other = *entry;

	while (!cpio_next(archive, bytes, &other)) {
		if (is_same_file(&entry->header, &other.header) && other.bytes) {
			entry->data = other.data;
			entry->bytes = other.bytes;
			return;
		}
	}
}

int
cpio_find(const void *archive, size_t bytes, const char *name, struct cpio_entry *entry)
{
	int status = cpio_first(archive, bytes, entry);

	while (!status && strcmp(without_dot(entry->name), without_dot(name))) {
		status = cpio_next(archive, bytes, entry);
	}
	if (!status && entry->header.links > 1 && !entry->bytes &&
	    (entry->header.mode & CPIO_MODE_TYPE) == CPIO_MODE_FILE) {
		link_follow(archive, bytes, entry);
	}
	return status;
}
