/* SPDX-License-Identifier: MIT
 * value.c: property values read as what the manifest's grammar calls for.
 *
 * Nothing outside [prop->value, prop->value + prop->bytes) is read.
 */
#include "lib/manifest/value.h"

#include "lib/base/string.h"

/* Sentences quote strings, so control characters and bytes above ASCII stay out. */
static bool
is_printable(const uint8_t *text, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++) {
		if (text[i] && (text[i] < 0x20 || text[i] > 0x7e)) {
			return false;
		}
	}
	return true;
}

bool
value_strings(const struct fdt_prop *prop, struct manifest_strings *strings)
{
	if (!prop->bytes || prop->value[prop->bytes - 1] ||
	    !is_printable(prop->value, prop->bytes)) {
		return false;
	}
	*strings = (struct manifest_strings){.at = (const char *)prop->value, .bytes = prop->bytes};
	for (uint32_t i = 0; i < prop->bytes; i++) {
		strings->count += !prop->value[i];
	}
	return true;
}

const char *
value_string(const struct fdt_prop *prop)
{
	struct manifest_strings strings;

	if (!value_strings(prop, &strings) || strings.count != 1 || !*strings.at) {
		return NULL;
	}
	return strings.at;
}

bool
value_number(const struct fdt_prop *prop, uint64_t *number)
{
	if (prop->bytes != 4 && prop->bytes != 8) {
		return false;
	}
	*number = prop->bytes == 4 ? fdt_cell(prop->value) : fdt_cell_pair(prop->value);
	return true;
}

uint32_t
value_tuples(const struct fdt_prop *prop, uint32_t cells)
{
	return prop->bytes % (4 * cells) ? 0 : prop->bytes / (4 * cells);
}

uint32_t
value_cell(const struct fdt_prop *prop, uint32_t index)
{
	return fdt_cell(prop->value + (size_t)index * 4);
}
