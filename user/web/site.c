/* SPDX-License-Identifier: MIT
 * site.c: names of files -> where they stand on the disk.
 *
 * The archive is read once, from header to header; bodies are skipped. Only regular files are
 * kept. A name that comes twice means its last entry, as if the archive were unpacked. Of a file
 * with several links, all have the data of the one entry that brings it (newc writes it with the
 * last).
 * Invariants: table_size is a power of two and more than twice file_count; every file is in the
 * table once. Memory is malloc's and grows by doubling. What the disk says is checked: no offset
 * wraps, no name is taken that does not end. Callers: main.c fills it, conn.c looks files up.
 */
#include "user/web/site.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "lib/base/cpio.h"

#define FIRST_ROOM 64

void
site_open(struct site *site)
{
	*site = (struct site){0};
}

void
site_close(struct site *site)
{
	free(site->files);
	free(site->table);
	free(site->names);
	site_open(site);
}

/* FNV-1a. */
static uint32_t
hash_of(const char *name, size_t bytes)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < bytes; i++) {
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	}
	return hash;
}

/* The place in the table where the name stands or would stand. */
static uint32_t *
table_place(const struct site *site, uint32_t hash, const char *name, size_t bytes)
{
	uint32_t at = hash & (site->table_size - 1);

	while (site->table[at]) {
		const struct site_file *file = &site->files[site->table[at] - 1];
		if (file->hash == hash && file->name_bytes == bytes &&
		    !memcmp(site->names + file->name, name, bytes)) {
			break;
		}
		at = (at + 1) & (site->table_size - 1);
	}
	return &site->table[at];
}

const struct site_file *
site_find(const struct site *site, const char *name, size_t bytes)
{
	uint32_t index =
		site->table_size ? *table_place(site, hash_of(name, bytes), name, bytes) : 0;

	return index ? &site->files[index - 1] : NULL;
}

/* Makes room for one more file. 0 or E_NOSPACE. */
static int
grow_files(struct site *site)
{
	if (site->file_count < site->file_room) {
		return 0;
	}
	uint32_t room = site->file_room ? site->file_room * 2 : FIRST_ROOM;
	struct site_file *files =
		room > UINT32_MAX / 4 ? NULL : realloc(site->files, room * sizeof(*files));
	if (!files) {
		return E_NOSPACE;
	}
	site->files = files;
	site->file_room = room;
	free(site->table);
	site->table_size = 4 * room;
	site->table = calloc(site->table_size, sizeof(*site->table));
	if (!site->table) {
		site->table_size = 0;
		return E_NOSPACE;
	}
	for (uint32_t i = 0; i < site->file_count; i++) {
		const struct site_file *file = &files[i];
		*table_place(site, file->hash, site->names + file->name, file->name_bytes) = i + 1;
	}
	return 0;
}

static int
grow_names(struct site *site, size_t bytes)
{
	size_t room = site->name_room ? site->name_room : FIRST_ROOM * 32;

	while (room - site->name_bytes < bytes) {
		room *= 2;
	}
	if (room > UINT32_MAX) {
		return E_NOSPACE;
	}
	if (room > site->name_room) {
		char *names = realloc(site->names, room);
		if (!names) {
			return E_NOSPACE;
		}
		site->names = names;
		site->name_room = room;
	}
	return 0;
}

/* The file of that name, made if there is none. 0 or E_NOSPACE. */
static int
file_named(struct site *site, const char *name, size_t bytes, struct site_file **file)
{
	if (grow_files(site) || grow_names(site, bytes)) {
		return E_NOSPACE;
	}
	uint32_t hash = hash_of(name, bytes);
	uint32_t *place = table_place(site, hash, name, bytes);
	if (!*place) {
		site->files[site->file_count] = (struct site_file){
			.hash = hash,
			.name = (uint32_t)site->name_bytes,
			.name_bytes = (uint32_t)bytes,
		};
		memcpy(site->names + site->name_bytes, name, bytes);
		site->name_bytes += bytes;
		*place = ++site->file_count;
	}
	*file = &site->files[*place - 1];
	return 0;
}

/* The data of `from` is also that of the links that wait for it. */
static void
share_data(struct site *site, const struct site_file *from, uint64_t inode)
{
	for (uint32_t i = 0; i < site->file_count && site->links_waiting > 0; i++) {
		struct site_file *file = &site->files[i];
		if (file->inode == inode) {
			file->offset = from->offset;
			file->bytes = from->bytes;
			file->inode = 0;
			site->links_waiting--;
			site->total_bytes += from->bytes;
		}
	}
}

static int
add_file(struct site *site, const struct cpio_header *header, const char *name, size_t bytes,
	 uint64_t offset)
{
	uint64_t inode = (uint64_t)header->inode << 32 ^ (uint64_t)header->device_major << 16 ^
			 header->device_minor;
	bool waits = header->links > 1 && header->file_bytes == 0 && inode != 0;
	struct site_file *file;
	int error = file_named(site, name, bytes, &file);

	if (error) {
		return error;
	}
	site->total_bytes += (uint64_t)header->file_bytes - file->bytes;
	site->links_waiting -= file->inode != 0;
	file->offset = offset;
	file->bytes = header->file_bytes;
	file->inode = waits ? inode : 0;
	site->links_waiting += waits;
	if (header->links > 1 && !waits) {
		share_data(site, file, inode);
	}
	return 0;
}

/* The name without what stands for the root. */
static size_t
skip_root(const char *name, size_t bytes)
{
	size_t at = 0;

	for (;;) {
		if (at < bytes && name[at] == '/') {
			at++;
		} else if (at + 1 < bytes && name[at] == '.' && name[at + 1] == '/') {
			at += 2;
		} else {
			return at;
		}
	}
}

/* Looks at the entry at site->next, of which data[0, bytes) is there. 1 and site->next moves on;
 * 0 at the trailer. */
static int
scan_entry(struct site *site, const uint8_t *data, size_t bytes)
{
	struct cpio_header header;
	int error = cpio_header_parse(data, bytes, &header);

	if (error) {
		return error;
	}
	const char *name = (const char *)data + CPIO_HEADER_BYTES;
	size_t name_bytes = header.name_bytes - 1;
	if (header.name_bytes > SITE_NAME_MAX) {
		return E_FORMAT;
	}
	if (bytes - CPIO_HEADER_BYTES < header.name_bytes) {
		return E_TRUNCATED;
	}
	if (memchr(name, 0, header.name_bytes) != name + name_bytes) {
		return E_FORMAT;
	}
	if (!strcmp(name, CPIO_TRAILER)) {
		return 0;
	}
	if ((header.mode & CPIO_MODE_TYPE) == CPIO_MODE_FILE) {
		size_t root = skip_root(name, name_bytes);
		error = add_file(site, &header, name + root, name_bytes - root,
				 site->next + cpio_data_offset(&header));
	}
	site->next += cpio_next_offset(&header);
	return error ? error : 1;
}

int
site_scan(struct site *site, uint64_t offset, const uint8_t *data, size_t bytes)
{
	uint64_t before = site->next;
	int result = 1;

	while (result == 1 && site->next - offset < bytes) {
		size_t at = (size_t)(site->next - offset);
		result = scan_entry(site, data + at, bytes - at);
	}
	return result == E_TRUNCATED && site->next != before ? 1 : result;
}
