/* SPDX-License-Identifier: MIT
 * fdt_query.c: paths, numbers, strings and compatible lists of a device tree.
 *
 * Devicetree Specification v0.4, 2.2 (names and paths), 2.2.4 (property values), 2.3 (standard
 * properties). Everything here goes through fdt.c, which has checked the blob; only the insides
 * of property values are interpreted, and only within the length that fdt_prop gave.
 */
#include "lib/base/fdt_query.h"

#include <exo/errors.h>

#include "lib/base/string.h"

static bool
name_matches(const char *node_name, const char *name, size_t name_bytes)
{
	if (strncmp(node_name, name, name_bytes)) {
		return false;
	}
	return !node_name[name_bytes] ||
	       (node_name[name_bytes] == '@' && !memchr(name, '@', name_bytes));
}

int
fdt_child(const struct fdt *fdt, int node, const char *name, size_t name_bytes)
{
	int child = fdt_first_child(fdt, node);

	while (child >= 0 && !name_matches(fdt_name(fdt, child), name, name_bytes)) {
		child = fdt_next_sibling(fdt, child);
	}
	return child;
}

/* Follows the components of [path, end) down from `node`. */
static int
path_follow(const struct fdt *fdt, int node, const char *path, const char *end)
{
	while (node >= 0) {
		const char *from;

		while (path < end && *path == '/') {
			path++;
		}
		if (path == end) {
			break;
		}
		from = path;
		while (path < end && *path != '/') {
			path++;
		}
		node = fdt_child(fdt, node, from, (size_t)(path - from));
	}
	return node;
}

/* The value of the alias that [name, name + name_bytes) spells, or 0. */
static const char *
alias_value(const struct fdt *fdt, const char *name, size_t name_bytes)
{
	int aliases = fdt_child(fdt, fdt->root, "aliases", 7);
	struct fdt_prop prop;

	for (bool more = fdt_first_prop(fdt, aliases, &prop); more;
	     more = fdt_next_prop(fdt, &prop)) {
		if (!strncmp(prop.name, name, name_bytes) && !prop.name[name_bytes]) {
			return fdt_text(fdt, aliases, prop.name);
		}
	}
	return NULL;
}

static int
path_find(const struct fdt *fdt, const char *path, const char *end)
{
	int node = fdt->root;

	if (path == end) {
		return E_NOENT;
	}
	if (*path != '/') {
		const char *rest = path;
		const char *value;

		while (rest < end && *rest != '/') {
			rest++;
		}
		value = alias_value(fdt, path, (size_t)(rest - path));
		if (!value || *value != '/') {
			return E_NOENT;
		}
		node = path_follow(fdt, node, value, value + strlen(value));
		path = rest;
	}
	return path_follow(fdt, node, path, end);
}

int
fdt_path(const struct fdt *fdt, const char *path)
{
	return path_find(fdt, path, path + strlen(path));
}

int
fdt_stdout(const struct fdt *fdt)
{
	const char *path = fdt_text(fdt, fdt_path(fdt, "/chosen"), "stdout-path");
	const char *colon = path ? strchr(path, ':') : NULL;

	if (!path) {
		return E_NOENT;
	}
	return path_find(fdt, path, colon ? colon : path + strlen(path));
}

int
fdt_u32(const struct fdt *fdt, int node, const char *name, uint32_t *value)
{
	uint32_t bytes;
	const uint8_t *at = fdt_prop(fdt, node, name, &bytes);

	if (!at) {
		return E_NOENT;
	}
	if (bytes != 4) {
		return E_FORMAT;
	}
	*value = fdt_cell(at);
	return 0;
}

int
fdt_u64(const struct fdt *fdt, int node, const char *name, uint64_t *value)
{
	uint32_t bytes;
	const uint8_t *at = fdt_prop(fdt, node, name, &bytes);

	if (!at) {
		return E_NOENT;
	}
	if (bytes != 4 && bytes != 8) {
		return E_FORMAT;
	}
	*value = bytes == 4 ? fdt_cell(at) : fdt_cell_pair(at);
	return 0;
}

int
fdt_u32_at(const struct fdt *fdt, int node, const char *name, uint32_t index, uint32_t *value)
{
	uint32_t bytes;
	const uint8_t *at = fdt_prop(fdt, node, name, &bytes);

	if (!at) {
		return E_NOENT;
	}
	if (bytes % 4) {
		return E_FORMAT;
	}
	if (index >= bytes / 4) {
		return E_NOENT;
	}
	*value = fdt_cell(at + (size_t)index * 4);
	return 0;
}

/* The string of a list that starts at *at; advances *at behind it. 0 if none ends before end. */
static const char *
string_next(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *from = *at;
	const uint8_t *zero = memchr(from, 0, (size_t)(end - from));

	if (!zero) {
		return NULL;
	}
	*at = zero + 1;
	return (const char *)from;
}

const char *
fdt_string_at(const struct fdt *fdt, int node, const char *name, uint32_t index)
{
	uint32_t bytes = 0;
	const uint8_t *at = fdt_prop(fdt, node, name, &bytes);
	const char *string = NULL;

	if (!at) {
		return NULL;
	}
	for (const uint8_t *end = at + bytes; (string = string_next(&at, end)) && index; index--) {
	}
	return string;
}

const char *
fdt_text(const struct fdt *fdt, int node, const char *name)
{
	return fdt_string_at(fdt, node, name, 0);
}

bool
fdt_compatible_any(const struct fdt *fdt, int node, const char *const *list)
{
	uint32_t bytes = 0;
	const uint8_t *at = fdt_prop(fdt, node, "compatible", &bytes);
	const char *string;

	if (!at) {
		return false;
	}
	for (const uint8_t *end = at + bytes; (string = string_next(&at, end));) {
		for (const char *const *entry = list; *entry; entry++) {
			if (!strcmp(string, *entry)) {
				return true;
			}
		}
	}
	return false;
}

bool
fdt_compatible(const struct fdt *fdt, int node, const char *compatible)
{
	return fdt_compatible_any(fdt, node, (const char *const[]){compatible, NULL});
}

int
fdt_next_compatible(const struct fdt *fdt, int after, const char *const *list)
{
	int node = after < 0 ? fdt->root : fdt_walk(fdt, after, NULL);

	while (node >= 0 && !fdt_compatible_any(fdt, node, list)) {
		node = fdt_walk(fdt, node, NULL);
	}
	return node;
}

bool
fdt_status_ok(const struct fdt *fdt, int node)
{
	const char *status = fdt_text(fdt, node, "status");

	if (status) {
		return !strcmp(status, "okay") || !strcmp(status, "ok");
	}
	return !fdt_prop(fdt, node, "status", NULL);
}
