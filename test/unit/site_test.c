/* SPDX-License-Identifier: MIT
 * site_test.c: the index of an archive, read through windows of every size; links, doubles,
 * broken archives.
 *
 * links: user/web/site.c lib/base/cpio.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "user/web/site.h"

#define FILE_MODE   0100644u
#define FOLDER_MODE 0040755u
#define LINK_MODE   0120777u

/* An archive under construction. */
struct archive {
	uint8_t data[1 << 20];
	size_t bytes;
};

static struct archive archive;

static void
pad(void)
{
	while (archive.bytes % 4) {
		archive.data[archive.bytes++] = 0;
	}
}

static void
add_raw(const char *name, size_t name_bytes, uint32_t mode, uint32_t inode, uint32_t links,
	const void *data, size_t bytes)
{
	assert_true(archive.bytes + 200 + name_bytes + bytes < sizeof(archive.data));
	archive.bytes += (size_t)sprintf(
		(char *)archive.data + archive.bytes,
		"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", inode, mode, 0u, 0u,
		links, 0u, bytes, inode ? 8u : 0u, inode ? 1u : 0u, 0u, 0u, name_bytes, 0u);
	memcpy(archive.data + archive.bytes, name, name_bytes);
	archive.bytes += name_bytes;
	pad();
	if (bytes) {
		memcpy(archive.data + archive.bytes, data, bytes);
	}
	archive.bytes += bytes;
	pad();
}

static void
add(const char *name, const char *text)
{
	add_raw(name, strlen(name) + 1, FILE_MODE, 7, 1, text, strlen(text));
}

static void
finish(void)
{
	add_raw("TRAILER!!!", 11, 0, 0, 1, 0, 0);
}

static int
setup(void **state)
{
	(void)state;
	memset(&archive, 0, sizeof(archive));
	return 0;
}

/* Scans with windows of `window` bytes that begin at multiples of `step`, each in memory of its
 * own size. */
static int
scan(struct site *site, size_t window, size_t step)
{
	int result = 1;

	site_open(site);
	while (result == 1) {
		uint64_t offset = site->next - site->next % step;
		assert_true(offset < archive.bytes);
		size_t bytes = archive.bytes - offset < window ? archive.bytes - offset : window;
		uint8_t *copy = malloc(bytes);
		assert_non_null(copy);
		memcpy(copy, archive.data + offset, bytes);
		result = site_scan(site, offset, copy, bytes);
		free(copy);
	}
	return result;
}

static void
assert_file(const struct site *site, const char *name, const char *text)
{
	const struct site_file *file = site_find(site, name, strlen(name));

	assert_non_null(file);
	assert_int_equal(file->bytes, strlen(text));
	assert_memory_equal(archive.data + file->offset, text, strlen(text));
}

static void
test_windows(void **state)
{
	struct site site;

	(void)state;
	add_raw(".", 2, FOLDER_MODE, 1, 2, 0, 0);
	add("./index.html", "hello");
	add_raw("./dir", 6, FOLDER_MODE, 2, 2, 0, 0);
	add("dir/empty", "");
	add("/dir/x", "a longer text than the others");
	add_raw("link", 5, LINK_MODE, 3, 1, "dir/x", 5);
	add("\xc3\xa4 %+", "odd");
	finish();
	for (size_t window = 256; window < 2048; window += 64) {
		assert_int_equal(scan(&site, window, 1), 0);
		site_close(&site);
		assert_int_equal(scan(&site, window, 64), 0);
		assert_int_equal(site.file_count, 4);
		assert_int_equal(site.total_bytes, 5 + 29 + 3);
		assert_file(&site, "index.html", "hello");
		assert_file(&site, "dir/empty", "");
		assert_file(&site, "dir/x", "a longer text than the others");
		assert_file(&site, "\xc3\xa4 %+", "odd");
		assert_null(site_find(&site, "dir", 3));
		assert_null(site_find(&site, "link", 4));
		assert_null(site_find(&site, "index.htm", 9));
		assert_null(site_find(&site, "", 0));
		site_close(&site);
	}
}

static void
test_many(void **state)
{
	struct site site;
	char name[32];
	char text[32];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		sprintf(name, "d%d/f%d", i % 10, i);
		sprintf(text, "%d", i);
		add(name, text);
	}
	finish();
	assert_int_equal(scan(&site, 65536, 4096), 0);
	assert_int_equal(site.file_count, 5000);
	for (int i = 0; i < 5000; i++) {
		sprintf(name, "d%d/f%d", i % 10, i);
		sprintf(text, "%d", i);
		assert_file(&site, name, text);
	}
	site_close(&site);
}

static void
test_doubles_and_links(void **state)
{
	struct site site;

	(void)state;
	add("a", "first");
	add("a", "second");
	add_raw("l1", 3, FILE_MODE, 9, 3, 0, 0);
	add_raw("l2", 3, FILE_MODE, 9, 3, 0, 0);
	add_raw("other", 6, FILE_MODE, 10, 2, 0, 0);
	add_raw("n", 2, FILE_MODE, 0, 2, "nodata", 6);
	add_raw("l3", 3, FILE_MODE, 9, 3, "data", 4);
	add_raw("zero", 5, FILE_MODE, 10, 2, 0, 0);
	finish();
	assert_int_equal(scan(&site, 4096, 4096), 0);
	assert_int_equal(site.file_count, 7);
	assert_file(&site, "n", "nodata");
	assert_file(&site, "a", "second");
	assert_file(&site, "l1", "data");
	assert_file(&site, "l2", "data");
	assert_file(&site, "l3", "data");
	assert_file(&site, "other", "");
	assert_file(&site, "zero", "");
	assert_int_equal(site.total_bytes, 6 + 6 + 3 * 4);
	site_close(&site);
}

/* No archive that ends too early, wherever, is taken for whole. */
static void
test_cut(void **state)
{
	struct site site;
	size_t whole;

	(void)state;
	add("index.html", "hello");
	add("b", "text");
	whole = archive.bytes;
	finish();
	for (size_t bytes = 1; bytes < whole + 121; bytes++) {
		archive.bytes = bytes;
		int result = 1;
		site_open(&site);
		while (result == 1 && site.next < bytes) {
			result = site_scan(&site, 0, archive.data, bytes);
		}
		assert_true(result == 1 || result == E_TRUNCATED);
		site_close(&site);
	}
}

static void
test_broken(void **state)
{
	struct site site;

	(void)state;
	memset(archive.data, 0, 8192);
	archive.bytes = 8192;
	assert_int_equal(scan(&site, 4096, 4096), E_FORMAT);
	site_close(&site);

	setup(state);
	add_raw("nameless", 8, FILE_MODE, 1, 1, "x", 1); /* without its final 0 */
	finish();
	assert_int_equal(scan(&site, 4096, 4096), E_FORMAT);
	site_close(&site);

	setup(state);
	add_raw("a\0b", 4, FILE_MODE, 1, 1, "x", 1);
	finish();
	assert_int_equal(scan(&site, 4096, 4096), E_FORMAT);
	site_close(&site);

	setup(state);
	static const char name[SITE_NAME_MAX + 1];
	add_raw(name, sizeof(name), FILE_MODE, 1, 1, "x", 1);
	finish();
	assert_int_equal(scan(&site, 8192, 4096), E_FORMAT);
	site_close(&site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_windows, setup),
		cmocka_unit_test_setup(test_many, setup),
		cmocka_unit_test_setup(test_doubles_and_links, setup),
		cmocka_unit_test_setup(test_cut, setup),
		cmocka_unit_test_setup(test_broken, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
