/* SPDX-License-Identifier: MIT
 * cpio_test.c: the newc reader against the cpio program, and on damaged archives.
 *
 * The program makes the archive of a small folder and lists it; then every truncation and every
 * single-bit error of it must be refused or lead to entries inside the archive.
 * links: lib/base/cpio.c; libs:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/cpio.h"

#define DIRECTORY "build/test/cpio"

/* File sizes 0 to 5 try every padding; linked1 and linked2 are one file, with its data once. */
#define MAKE_FOLDER                                                                                \
	"rm -rf %1$s && mkdir -p %1$s/in/deep/er && cd %1$s/in && for n in 0 1 2 3 4 5; do "       \
	"head -c $n /dev/zero | tr '\\0' x > f$n; done && seq 1 300 > deep/er/numbers && "         \
	"echo one file > linked1 && ln linked1 linked2 && ln -s f3 symbolic && "                   \
	"touch 'odd name, with spaces' && "                                                        \
	"find . | LC_ALL=C sort | cpio -o -H newc --quiet > ../dots.cpio && "                      \
	"find * | LC_ALL=C sort | cpio -o -H newc --quiet > ../plain.cpio && "                     \
	"cpio -t --quiet < ../plain.cpio > ../plain.list"

struct archive {
	uint8_t *bytes;
	size_t size;
};

static struct archive dots;
static struct archive plain;
static char directory[100];

/* The file `name` in the test's folder, on the heap with nothing behind it. */
static struct archive
load(const char *name)
{
	char path[200];
	struct archive archive;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	archive.size = (size_t)ftell(file);
	rewind(file);
	archive.bytes = malloc(archive.size);
	assert_int_equal(fread(archive.bytes, 1, archive.size, file), archive.size);
	fclose(file);
	return archive;
}

static int
make_archives(void **state)
{
	char command[1000];

	(void)state;
	snprintf(directory, sizeof(directory), DIRECTORY ".%d", getpid());
	snprintf(command, sizeof(command), MAKE_FOLDER, directory);
	if (system(command)) {
		return -1;
	}
	dots = load("dots.cpio");
	plain = load("plain.cpio");
	return 0;
}

static int
remove_archives(void **state)
{
	char command[200];

	(void)state;
	free(dots.bytes);
	free(plain.bytes);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

/* Names, in order, are those that the cpio program lists. */
static void
test_names(void **state)
{
	struct archive list = load("plain.list");
	const char *line = (const char *)list.bytes;
	struct cpio_entry entry;
	int status;

	(void)state;
	for (status = cpio_first(plain.bytes, plain.size, &entry); !status;
	     status = cpio_next(plain.bytes, plain.size, &entry)) {
		assert_true(line + entry.name_length < (const char *)list.bytes + list.size);
		assert_memory_equal(entry.name, line, entry.name_length);
		assert_int_equal(line[entry.name_length], '\n');
		line += entry.name_length + 1;
	}
	assert_int_equal(status, E_NOENT);
	assert_ptr_equal(line, list.bytes + list.size);
	free(list.bytes);
}

static void
expect_file(const struct archive *archive, const char *name, const char *path)
{
	struct archive file = load(path);
	struct cpio_entry entry;

	assert_int_equal(cpio_find(archive->bytes, archive->size, name, &entry), 0);
	assert_int_equal(entry.header.mode & CPIO_MODE_TYPE, CPIO_MODE_FILE);
	assert_int_equal(entry.bytes, file.size);
	assert_memory_equal(entry.data, file.bytes, file.size);
	free(file.bytes);
}

static void
test_find(void **state)
{
	static const char *const names[] = {"f0",
					    "f1",
					    "f2",
					    "f3",
					    "f4",
					    "f5",
					    "linked1",
					    "linked2",
					    "deep/er/numbers",
					    "odd name, with spaces"};
	struct cpio_entry entry;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[100];
		char dotted[100];

		snprintf(path, sizeof(path), "in/%s", names[i]);
		snprintf(dotted, sizeof(dotted), "./%s", names[i]);
		expect_file(&plain, names[i], path);
		expect_file(&dots, names[i], path);
		expect_file(&plain, dotted, path);
	}
	assert_int_equal(cpio_find(plain.bytes, plain.size, "deep/er", &entry), 0);
	assert_int_equal(entry.header.mode & CPIO_MODE_TYPE, CPIO_MODE_DIRECTORY);
	assert_int_equal(cpio_find(dots.bytes, dots.size, "./symbolic", &entry), 0);
	assert_int_equal(entry.header.mode & CPIO_MODE_TYPE, CPIO_MODE_LINK);
	assert_memory_equal(entry.data, "f3", entry.bytes);
	assert_int_equal(cpio_find(plain.bytes, plain.size, "f", &entry), E_NOENT);
	assert_int_equal(cpio_find(plain.bytes, plain.size, "", &entry), E_NOENT);
	assert_int_equal(cpio_find(plain.bytes, plain.size, CPIO_TRAILER, &entry), E_NOENT);
}

/* Header by header, as a reader does that streams the archive: the same entries. */
static void
test_stream(void **state)
{
	size_t offset = 0;
	struct cpio_entry entry;
	struct cpio_header header;

	(void)state;
	for (int status = cpio_first(dots.bytes, dots.size, &entry); !status;
	     status = cpio_next(dots.bytes, dots.size, &entry)) {
		assert_int_equal(cpio_header_parse(dots.bytes + offset, CPIO_HEADER_BYTES, &header),
				 0);
		assert_memory_equal(&header, &entry.header, sizeof(header));
		assert_ptr_equal(dots.bytes + offset + cpio_data_offset(&header), entry.data);
		offset += cpio_next_offset(&header);
		assert_int_equal(offset, entry.next_offset);
	}
	assert_int_equal(cpio_header_parse(dots.bytes, CPIO_HEADER_BYTES - 1, &header),
			 E_TRUNCATED);
}

/* Walks to the end; every entry must lie inside, in order, and end its name. Returns the end. */
static int
walk(const uint8_t *bytes, size_t size)
{
	struct cpio_entry entry;
	size_t offset = 0;
	int status;

	for (status = cpio_first(bytes, size, &entry); !status;
	     status = cpio_next(bytes, size, &entry)) {
		const uint8_t *name = (const uint8_t *)entry.name;

		assert_ptr_equal(name, bytes + offset + CPIO_HEADER_BYTES);
		assert_int_equal(strlen(entry.name), entry.name_length);
		assert_true(entry.data > name && entry.data + entry.bytes <= bytes + size);
		assert_true(entry.next_offset > offset);
		offset = entry.next_offset;
	}
	return status;
}

/* Where the last byte that the reader needs stands: behind the 0 of the trailer's name. */
static size_t
needed(const struct archive *archive)
{
	size_t end = archive->size;

	while (archive->bytes[end - 1] == 0) {
		end--;
	}
	return end + 1;
}

static void
test_truncated(void **state)
{
	(void)state;
	for (size_t size = 0; size < plain.size; size++) {
		uint8_t *copy = malloc(size);
		int status;

		memcpy(copy, plain.bytes, size);
		status = walk(copy, size);
		assert_int_equal(status, size < needed(&plain) ? E_TRUNCATED : E_NOENT);
		free(copy);
	}
}

static void
test_bit_errors(void **state)
{
	unsigned ends[3] = {0};

	(void)state;
	for (size_t bit = 0; bit < needed(&plain) * 8; bit++) {
		struct cpio_entry entry;
		int status;

		plain.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		status = walk(plain.bytes, plain.size);
		assert_true(status == E_NOENT || status == E_TRUNCATED || status == E_FORMAT);
		ends[status == E_NOENT ? 0 : status == E_TRUNCATED ? 1 : 2]++;
		cpio_find(plain.bytes, plain.size, "linked1", &entry);
		plain.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(ends[0] && ends[1] && ends[2]);
}

/* One header with one field replaced: what it must give. */
static void
test_header_fields(void **state)
{
	static const struct {
		size_t at;
		const char *text;
		int status;
	} cases[] = {
		{0, "070702", E_FORMAT},    {0, "070707", E_FORMAT},    {6, "0000000g", E_FORMAT},
		{14, "        ", E_FORMAT}, {94, "00000000", E_FORMAT}, {102, "-0000001", E_FORMAT},
		{6, "abcdefAB", 0},         {54, "ffffffff", 0},        {94, "FFFFFFFF", 0},
	};
	struct cpio_header header;
	uint8_t bytes[CPIO_HEADER_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(bytes, plain.bytes, sizeof(bytes));
		memcpy(bytes + cases[i].at, cases[i].text, strlen(cases[i].text));
		assert_int_equal(cpio_header_parse(bytes, sizeof(bytes), &header), cases[i].status);
	}
	assert_int_equal(header.name_bytes, UINT32_MAX);
	header.file_bytes = UINT32_MAX;
	assert_true(cpio_data_offset(&header) == 0x100000070);
	assert_true(cpio_next_offset(&header) == 0x200000070);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),      cmocka_unit_test(test_find),
		cmocka_unit_test(test_stream),     cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bit_errors), cmocka_unit_test(test_header_fields),
	};

	return cmocka_run_group_tests(tests, make_archives, remove_archives);
}
