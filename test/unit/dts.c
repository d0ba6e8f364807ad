/* SPDX-License-Identifier: MIT
 * dts.c: device tree source to blob, for host tests, by running dtc.
 *
 * The source goes through a pipe, the blob through a temporary file that is gone when it is open.
 */
#include "test/unit/dts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOB_MAX 65536

static void
fail(const char *what, const char *body)
{
	fprintf(stderr, "dts: %s: %s\n", what, body);
	abort();
}

unsigned char *
dts_blob(const char *body, size_t *bytes)
{
	unsigned char *blob = malloc(BLOB_MAX);
	char path[] = "/tmp/dts-XXXXXX";
	int file = mkstemp(path);
	char command[128];
	ssize_t got;
	FILE *dtc;

	snprintf(command, sizeof(command), "dtc -q -f -I dts -O dtb -o %s -", path);
	dtc = popen(command, "w");
	if (!blob || file < 0 || !dtc) {
		fail("cannot run dtc", body);
	}
	fprintf(dtc, "/dts-v1/; / { %s };", body);
	if (pclose(dtc)) {
		fail("dtc refuses", body);
	}
	got = read(file, blob, BLOB_MAX);
	unlink(path);
	close(file);
	if (got <= 0) {
		fail("no blob", body);
	}
	*bytes = (size_t)got;
	return blob;
}

void
dts_replace(unsigned char *blob, size_t bytes, const char *from, const char *to)
{
	size_t length = strlen(from);

	for (size_t at = 0; at + length <= bytes; at++) {
		if (!memcmp(blob + at, from, length)) {
			memcpy(blob + at, to, length);
		}
	}
}
