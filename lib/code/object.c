/* SPDX-License-Identifier: MIT
 * object.c: reads what clang -target bpf writes, as far as programs are in it. Pure: no state.
 */
#include "lib/code/object.h"

#include <stdarg.h>
#include <exo/errors.h>
#include "lib/base/checked.h"
#include "lib/base/print.h"
#include "lib/base/string.h"

#define HEADER_BYTES  64
#define SECTION_BYTES 64
#define SYMBOL_BYTES  24
#define MACHINE_BPF   247

/* Offsets within the file header. */
enum {
	EH_TYPE = 16,
	EH_MACHINE = 18,
	EH_SHOFF = 40,
	EH_SHENTSIZE = 58,
	EH_SHNUM = 60,
	EH_SHSTRNDX = 62,
};

/* Within a section header. */
enum {
	SH_NAME = 0,
	SH_TYPE = 4,
	SH_FLAGS = 8,
	SH_OFFSET = 24,
	SH_SIZE = 32,
	SH_LINK = 40,
	SH_INFO = 44,
	SH_ADDRALIGN = 48,
	SH_ENTSIZE = 56,
};

/* Within a symbol. */
enum {
	ST_NAME = 0,
	ST_INFO = 4,
	ST_SHNDX = 6,
	ST_VALUE = 8,
	ST_SIZE = 16,
};

uint64_t
object_number(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes) {
		value = value << 8 | from[--bytes];
	}
	return value;
}

/* Names come from the file: what cannot be printed is not. */
int
object_refuse(struct object *o, int error, const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	vsnformat(o->sentence, sizeof(o->sentence), text, arguments);
	va_end(arguments);
	for (char *c = o->sentence; *c; c++) {
		*c = *c < ' ' || *c > '~' ? '?' : *c;
	}
	return error;
}

static const uint8_t *
header_of(const struct object *o, uint32_t index)
{
	uint64_t at = object_number(o->file + EH_SHOFF, 8);

	return o->file + at + (uint64_t)index * SECTION_BYTES;
}

/* All but the name, which is found with the help of this. */
static struct object_section
section_of(const struct object *o, uint32_t index)
{
	const uint8_t *h = header_of(o, index);
	struct object_section s = {.type = (uint32_t)object_number(h + SH_TYPE, 4),
				   .flags = object_number(h + SH_FLAGS, 8),
				   .bytes = object_number(h + SH_SIZE, 8),
				   .link = (uint32_t)object_number(h + SH_LINK, 4),
				   .info = (uint32_t)object_number(h + SH_INFO, 4),
				   .alignment = object_number(h + SH_ADDRALIGN, 8),
				   .index = index};

	s.at = s.type == SECTION_NOTHING ? NULL : o->file + object_number(h + SH_OFFSET, 8);
	return s;
}

static uint32_t
names_section(const struct object *o)
{
	return (uint32_t)object_number(o->file + EH_SHSTRNDX, 2);
}

/* The name at `at` of a table of strings; NULL if it does not end there. */
static const char *
name_of(const struct object *o, uint32_t table, uint64_t at)
{
	struct object_section s = section_of(o, table);

	return s.at && at < s.bytes && memchr(s.at + at, 0, s.bytes - at) ? (const char *)s.at + at
									  : NULL;
}

struct object_section
object_section(const struct object *o, uint32_t index)
{
	struct object_section s = section_of(o, index);

	s.name = name_of(o, names_section(o), object_number(header_of(o, index) + SH_NAME, 4));
	return s;
}

bool
object_symbol(const struct object *o, uint32_t index, struct object_symbol *symbol)
{
	const uint8_t *at = o->symbol_entries + (size_t)index * SYMBOL_BYTES;
	uint32_t section = (uint32_t)object_number(at + ST_SHNDX, 2);

	*symbol = (struct object_symbol){
		.name = name_of(o, o->symbol_names, object_number(at + ST_NAME, 4)),
		.value = object_number(at + ST_VALUE, 8),
		.bytes = object_number(at + ST_SIZE, 8),
		.section = section < o->sections ? section : 0,
		.type = at[ST_INFO] & 15,
		.is_global = at[ST_INFO] >> 4 != 0,
	};
	return symbol->name != NULL;
}

static int
check_header(struct object *o)
{
	static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	uint64_t at;

	if (o->bytes < HEADER_BYTES) {
		return object_refuse(o, E_TRUNCATED, "it is too short for an ELF file");
	}
	if (memcmp(o->file, ident, sizeof(ident)) || object_number(o->file + EH_TYPE, 2) != 1 ||
	    object_number(o->file + EH_MACHINE, 2) != MACHINE_BPF) {
		return object_refuse(o, E_FORMAT,
				     "it is no relocatable ELF64 file for BPF, little-endian; "
				     "compile with clang -target bpf -c");
	}
	at = object_number(o->file + EH_SHOFF, 8);
	o->sections = (uint32_t)object_number(o->file + EH_SHNUM, 2);
	if (o->sections > OBJECT_SECTIONS_MAX) {
		return object_refuse(o, E_LIMIT, "it has %u sections; at most %d are looked at",
				     o->sections, OBJECT_SECTIONS_MAX);
	}
	if (object_number(o->file + EH_SHENTSIZE, 2) != SECTION_BYTES ||
	    !range_within(at, (uint64_t)o->sections * SECTION_BYTES, o->bytes) ||
	    names_section(o) >= o->sections) {
		return object_refuse(o, E_TRUNCATED, "its table of sections is not in the file");
	}
	return 0;
}

/* Section by section: where it lies; then, as the table of names is known to lie in the file, that
 * it has a name. */
static int
check_sections(struct object *o)
{
	for (uint32_t n = 0; n < o->sections; n++) {
		const uint8_t *h = header_of(o, n);

		if (object_number(h + SH_TYPE, 4) != SECTION_NOTHING &&
		    !range_within(object_number(h + SH_OFFSET, 8), object_number(h + SH_SIZE, 8),
				  o->bytes)) {
			return object_refuse(o, E_TRUNCATED, "section %u is not in the file", n);
		}
	}
	for (uint32_t n = 0; n < o->sections; n++) {
		if (!object_section(o, n).name) {
			return object_refuse(o, E_FORMAT, "section %u has no name", n);
		}
	}
	return 0;
}

static int
find_symbols(struct object *o)
{
	for (uint32_t n = 1; n < o->sections; n++) {
		struct object_section s = section_of(o, n);

		if (s.type != SECTION_SYMBOLS) {
			continue;
		}
		if (s.link >= o->sections ||
		    object_number(header_of(o, n) + SH_ENTSIZE, 8) != SYMBOL_BYTES ||
		    s.bytes / SYMBOL_BYTES > UINT32_MAX) {
			return object_refuse(o, E_FORMAT, "section %u is no table of symbols", n);
		}
		o->symbol_entries = s.at;
		o->symbol_names = s.link;
		o->symbols = (uint32_t)(s.bytes / SYMBOL_BYTES);
		return 0;
	}
	return object_refuse(o, E_FORMAT, "it has no symbols; do not strip it");
}

int
object_open(struct object *o, const void *file, size_t bytes)
{
	int error;

	memset(o, 0, sizeof(*o));
	o->file = file;
	o->bytes = bytes;
	error = check_header(o);
	error = error ? error : check_sections(o);
	return error ? error : find_symbols(o);
}
