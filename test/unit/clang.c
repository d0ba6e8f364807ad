/* SPDX-License-Identifier: MIT
 * clang.c: runs clang on a temporary file, for debugging information has the lines of a source only
 * if it is a file.
 */
#include "test/unit/clang.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX 65536

static void
fail(const char *what, const char *source)
{
	fprintf(stderr, "clang: %s: %s\n", what, source);
	abort();
}

static void
write_source(char *path, const char *source)
{
	int file = mkstemps(path, 2);
	FILE *stream = file < 0 ? NULL : fdopen(file, "w");

	if (!stream || fputs(source, stream) < 0 || fclose(stream)) {
		fail("cannot write", path);
	}
}

static size_t
read_object(const char *path, unsigned char *to)
{
	FILE *stream = fopen(path, "rb");
	size_t bytes = stream ? fread(to, 1, FILE_MAX, stream) : 0;

	if (!bytes || fclose(stream)) {
		fail("no file", path);
	}
	unlink(path);
	return bytes;
}

unsigned char *
clang_bpf_file(const char *path, size_t *bytes)
{
	unsigned char *file = malloc(FILE_MAX);
	char object[] = "/tmp/bpf-XXXXXX";
	char command[320];
	int reserved = mkstemp(object);

	snprintf(command, sizeof(command),
		 "clang -target bpf -mcpu=v3 -std=gnu11 -O2 -g -ffreestanding -fno-common "
		 "-fno-strict-aliasing -Iinclude -c -o %s %s",
		 object, path);
	if (!file || reserved < 0 || system(command)) {
		fail("clang refuses", path);
	}
	close(reserved);
	*bytes = read_object(object, file);
	return file;
}

unsigned char *
clang_bpf(const char *source, size_t *bytes)
{
	char path[] = "/tmp/bpf-XXXXXX.c";
	unsigned char *file;

	write_source(path, source);
	file = clang_bpf_file(path, bytes);
	unlink(path);
	return file;
}
