/* SPDX-License-Identifier: MIT
 * check_manifest.c: refuses a manifest that no machine could follow, while it is built.
 *
 *   check-manifest M.dtb NAME      NAME stands in the sentence instead of M.dtb
 *
 * The checks are those of init (lib/manifest), against a machine that has everything; init does
 * them again at boot against the real one. Exit status: 0; 1 and the sentence on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/manifest/plan.h"

#define BYTES_MAX (1u << 20)

static struct manifest manifest;
static struct manifest_refusal refusal;
static unsigned char blob[BYTES_MAX];

static size_t
read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t bytes = file ? fread(blob, 1, sizeof(blob), file) : 0;

	if (!file || ferror(file)) {
		perror(path);
		exit(1);
	}
	fclose(file);
	return bytes;
}

int
main(int argc, char **argv)
{
	struct manifest_machine machine;
	struct fdt fdt;

	if (argc != 3) {
		fprintf(stderr, "usage: check-manifest M.dtb NAME\n");
		return 1;
	}
	if (fdt_open(&fdt, blob, read_file(argv[1]))) {
		fprintf(stderr, "%s: %s is no device tree blob\n", argv[2], argv[1]);
		return 1;
	}
	manifest_machine_any(&machine);
	if (manifest_parse(&manifest, &fdt, fdt_root(&fdt), &machine, &refusal) ||
	    manifest_plan(&manifest, &machine, &refusal)) {
		fprintf(stderr, "%s: %s\n", argv[2], refusal.sentence);
		return 1;
	}
	return 0;
}
