/* SPDX-License-Identifier: MIT
 * site.c: names of files -> where they stand on the disk.
 *
 * The archive is read once, from header to header; bodies are skipped. Only regular files are
 * kept. A name that comes twice means its last entry, as if the archive were unpacked. Of a file
 * with several links, all have the data of the one entry that brings it (newc writes it with the
 * last).
 * Invariants: table_size is 0 or a power of two and not less than file_count; every file is in the
 * list of its hash, once. A file stands with its name in a slab from malloc and stays there, so
 * memory never has to hold anything twice but the table. What the disk says is checked: no offset
 * wraps, no name is taken that does not end. Callers: main.c fills it, conn.c looks files up.
 */
#include "user/web/site.h"

#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "lib/base/cpio.h"

#define FIRST_TABLE 256
#define SLAB_BYTES  65536

struct site_slab {
	struct site_slab *previous;
	size_t used;
	_Alignas(struct site_file) char memory[SLAB_BYTES - 16];
};

_Static_assert(SLAB_BYTES >= 2 * (SITE_NAME_MAX + sizeof(struct site_file)), "a file must fit");

void
site_open(struct site *site)
{
	*site = (struct site){0};
}

void
site_close(struct site *site)
{
	struct site_slab *slab = site->slabs;

	while (slab) {
		struct site_slab *previous = slab->previous;
		free(slab);
		slab = previous;
	}
	free(site->table);
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

static struct site_file *
find(const struct site *site, uint32_t hash, const char *name, size_t bytes)
{
	struct site_file *file = site->table[hash & (site->table_size - 1)];

	while (file && (file->hash != hash || file->name_bytes != bytes ||
			memcmp(file->name, name, bytes))) {
		file = file->next;
	}
	return file;
}

const struct site_file *
site_find(const struct site *site, const char *name, size_t bytes)
{
	return site->table_size ? find(site, hash_of(name, bytes), name, bytes) : NULL;
}

static void
table_insert(struct site_file **table, uint32_t size, struct site_file *file)
{
	struct site_file **place = &table[file->hash & (size - 1)];

	file->next = *place;
	*place = file;
}

/* Makes room in the table for one more file. 0 or E_NOSPACE. */
static int
table_grow(struct site *site)
{
	if (site->file_count < site->table_size) {
		return 0;
	}
	uint32_t size = site->table_size ? site->table_size * 2 : FIRST_TABLE;
	struct site_file **table = size ? calloc(size, sizeof(struct site_file *)) : NULL;
	if (!table) {
		return E_NOSPACE;
	}
	for (uint32_t i = 0; i < site->table_size; i++) {
		struct site_file *next;
		for (struct site_file *file = site->table[i]; file; file = next) {
			next = file->next;
			table_insert(table, size, file);
		}
	}
	free(site->table);
	site->table = table;
	site->table_size = size;
	return 0;
}

/* Memory for a file with a name of that length; 0 if there is none. */
static struct site_file *
file_alloc(struct site *site, size_t name_bytes)
{
	size_t align = _Alignof(struct site_file);
	size_t bytes = (sizeof(struct site_file) + name_bytes + align - 1) / align * align;
	struct site_slab *slab = site->slabs;

	if (!slab || sizeof(slab->memory) - slab->used < bytes) {
		slab = malloc(sizeof(*slab));
		if (!slab) {
			return NULL;
		}
		slab->previous = site->slabs;
		slab->used = 0;
		site->slabs = slab;
	}
	slab->used += bytes;
	return (struct site_file *)(slab->memory + slab->used - bytes);
}

/* The file of that name, made if there is none; 0 without memory for it. */
static struct site_file *
file_named(struct site *site, const char *name, size_t bytes)
{
	uint32_t hash = hash_of(name, bytes);

	if (table_grow(site)) {
		return NULL;
	}
	struct site_file *file = find(site, hash, name, bytes);
	if (file) {
		return file;
	}
	file = file_alloc(site, bytes);
	if (file) {
		*file = (struct site_file){.hash = hash, .name_bytes = (uint16_t)bytes};
		memcpy(file->name, name, bytes);
		table_insert(site->table, site->table_size, file);
		site->file_count++;
	}
	return file;
}

/* The data of `from` is also that of the links that wait for it. */
static void
share_data(struct site *site, const struct site_file *from)
{
	for (uint32_t i = 0; i < site->table_size && site->waiting > 0; i++) {
		for (struct site_file *file = site->table[i]; file; file = file->next) {
			if (file->waits && file->inode == from->inode) {
				file->offset = from->offset;
				file->bytes = from->bytes;
				file->waits = false;
				site->waiting--;
				site->total_bytes += from->bytes;
			}
		}
	}
}

static int
add_file(struct site *site, const struct cpio_header *header, const char *name, size_t bytes,
	 uint64_t offset)
{
	uint64_t inode = (uint64_t)header->inode << 32 ^ (uint64_t)header->device_major << 16 ^
			 header->device_minor;
	struct site_file *file = file_named(site, name, bytes);

	if (!file) {
		return E_NOSPACE;
	}
	site->total_bytes += (uint64_t)header->file_bytes - file->bytes;
	site->waiting -= file->waits;
	file->offset = offset;
	file->bytes = header->file_bytes;
	file->inode = inode;
	file->waits = header->links > 1 && header->file_bytes == 0;
	site->waiting += file->waits;
	if (header->links > 1 && !file->waits) {
		share_data(site, file);
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
