/* SPDX-License-Identifier: MIT
 * line.c: the source line of an instruction, from .BTF and .BTF.ext (kernel.org, BPF Type Format,
 * sections 2 and 4). Pure.
 *
 *	.BTF      header: magic 2, version 1, flags 1, header bytes 4, types 8, strings: offset 4,
 *bytes 4 .BTF.ext  header: the same 8 bytes, functions: offset 4, bytes 4, lines: offset 4, bytes 4
 *	lines     bytes of a record; then for each section: name 4, records 4, and the records:
 *	          offset 4, file 4, text 4, line << 10 | column
 */
#include "lib/base/checked.h"
#include "lib/base/string.h"
#include "lib/code/image.h"

#define BTF_MAGIC    0xeb9f
#define HEADER_BYTES 24 /* as far as it is looked at */
#define RECORD_BYTES 16

/* A range of bytes in the file. */
struct part {
	const uint8_t *at;
	uint64_t bytes;
};

static bool
find_section(const struct object *o, const char *name, struct part *part)
{
	for (uint32_t n = 1; n < o->sections; n++) {
		struct object_section s = object_section(o, n);

		if (s.at && !strcmp(s.name, name)) {
			*part = (struct part){s.at, s.bytes};
			return s.bytes >= HEADER_BYTES && object_number(s.at, 2) == BTF_MAGIC;
		}
	}
	return false;
}

/* What the header says at `field`: an offset behind the header, and a length. */
static bool
find_part(const struct part *section, uint32_t field, struct part *part)
{
	uint64_t header = object_number(section->at + 4, 4);
	uint64_t offset = header + object_number(section->at + field, 4);

	part->bytes = object_number(section->at + field + 4, 4);
	if (!range_within(offset, part->bytes, section->bytes)) {
		return false;
	}
	part->at = section->at + offset;
	return true;
}

static const char *
string_at(const struct part *strings, uint64_t at)
{
	return at < strings->bytes && memchr(strings->at + at, 0, strings->bytes - at)
		       ? (const char *)strings->at + at
		       : "";
}

/* The last record that begins at or before `offset`: they ascend. */
static const uint8_t *
find_record(const struct part *records, uint64_t size, uint64_t offset)
{
	const uint8_t *best = NULL;

	for (uint64_t at = 0; records->bytes - at >= size; at += size) {
		if (object_number(records->at + at, 4) <= offset) {
			best = records->at + at;
		}
	}
	return best;
}

/* The records of the section of that name. */
static bool
find_records(const struct part *lines, const struct part *strings, const char *name, uint64_t size,
	     struct part *records)
{
	uint64_t at = 4;

	while (range_within(at, 8, lines->bytes)) {
		uint64_t bytes = object_number(lines->at + at + 4, 4) * size;
		bool is_it = !strcmp(string_at(strings, object_number(lines->at + at, 4)), name);

		at += 8;
		if (!range_within(at, bytes, lines->bytes)) {
			return false;
		}
		if (is_it) {
			*records = (struct part){lines->at + at, bytes};
			return true;
		}
		at += bytes;
	}
	return false;
}

bool
code_line(const struct code_image *image, uint32_t at, struct code_line *line)
{
	const struct object *o = &image->object;
	struct part btf, ext, strings, lines, records;
	const uint8_t *record;
	uint64_t size;

	if (!find_section(o, ".BTF", &btf) || !find_section(o, ".BTF.ext", &ext) ||
	    !find_part(&btf, 16, &strings) || !find_part(&ext, 16, &lines) || lines.bytes < 4) {
		return false;
	}
	size = object_number(lines.at, 4);
	if (size < RECORD_BYTES ||
	    !find_records(&lines, &strings, object_section(o, image->section).name, size,
			  &records)) {
		return false;
	}
	record = find_record(&records, size, image->start + at * sizeof(struct exo_insn));
	if (!record) {
		return false;
	}
	*line = (struct code_line){.file = string_at(&strings, object_number(record + 4, 4)),
				   .text = string_at(&strings, object_number(record + 8, 4)),
				   .line = (uint32_t)object_number(record + 12, 4) >> 10};
	return true;
}
