/* SPDX-License-Identifier: MIT
 * elf.c: reader of static RISC-V executables.
 *
 * The argument for safety: elf_open puts the program header table inside the file; header_read is
 * the only function that reads an entry of it and is only called with index < header_count. The
 * file part of each segment that elf_open accepted lies in the file, its memory part in the user
 * half. Fields are read byte by byte, little-endian, as the file may have any alignment.
 * Specification: System V gABI, "Object Files" and "Program Loading"; RISC-V ELF psABI 8.
 */
#include "lib/base/elf.h"

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/string.h"

#define PAGE_BYTES 4096u

/* ELF header: byte offsets of its fields, and the values wanted. */
enum {
	EI_CLASS = 4,
	EI_DATA = 5,
	EI_VERSION = 6,
	EH_TYPE = 16,
	EH_MACHINE = 18,
	EH_VERSION = 20,
	EH_ENTRY = 24,
	EH_PHOFF = 32,
	EH_SHOFF = 40,
	EH_FLAGS = 48,
	EH_PHENTSIZE = 54,
	EH_PHNUM = 56,
	EH_SHENTSIZE = 58,
	EH_SHNUM = 60,
	HEADER_BYTES = 64,

	CLASS_64 = 2,
	DATA_LITTLE = 1,
	VERSION_CURRENT = 1,
	TYPE_EXECUTABLE = 2,
	MACHINE_RISCV = 243,
	FLAGS_FLOAT_ABI = 6,
};

/* Program header: the same. */
enum {
	PH_TYPE = 0,
	PH_FLAGS = 4,
	PH_OFFSET = 8,
	PH_VADDR = 16,
	PH_FILESZ = 32,
	PH_MEMSZ = 40,
	PH_ALIGN = 48,
	PROGRAM_HEADER_BYTES = 56,

	PT_LOAD = 1,
	PT_DYNAMIC = 2,
	PT_INTERP = 3,
	PT_TLS = 7,
};

/* Section header and symbol: the same. */
enum {
	SH_TYPE = 4,
	SH_OFFSET = 24,
	SH_SIZE = 32,
	SH_LINK = 40,
	SH_ENTSIZE = 56,
	SECTION_HEADER_BYTES = 64,

	SHT_SYMTAB = 2,
	SHT_STRTAB = 3,

	ST_NAME = 0,
	ST_INFO = 4,
	ST_SHNDX = 6,
	ST_VALUE = 8,
	SYMBOL_BYTES = 24,

	STT_NOTYPE = 0, /* functions of assembly files that do not say what they are */
	STT_FUNC = 2,
	SHN_UNDEF = 0,
	SHN_ABS = 0xfff1,
};

static uint64_t
little_endian(const uint8_t *at, int bytes)
{
	uint64_t value = 0;

	while (bytes--) {
		value = value << 8 | at[bytes];
	}
	return value;
}

/* Returns the type of program header `index`. */
static uint32_t
header_read(const struct elf *elf, uint32_t index, struct elf_segment *segment)
{
	const uint8_t *at = elf->file + elf->headers_offset + (size_t)index * PROGRAM_HEADER_BYTES;

	*segment = (struct elf_segment){
		.address = little_endian(at + PH_VADDR, 8),
		.memory_bytes = little_endian(at + PH_MEMSZ, 8),
		.file_bytes = little_endian(at + PH_FILESZ, 8),
		.file_offset = little_endian(at + PH_OFFSET, 8),
		.alignment = little_endian(at + PH_ALIGN, 8),
		.flags = (uint32_t)little_endian(at + PH_FLAGS, 4),
	};
	return (uint32_t)little_endian(at + PH_TYPE, 4);
}

static int
check_file_header(struct elf *elf)
{
	const uint8_t *at = elf->file;

	if (elf->bytes < HEADER_BYTES) {
		return E_TRUNCATED;
	}
	if (memcmp(at, "\177ELF", 4) || at[EI_CLASS] != CLASS_64 || at[EI_DATA] != DATA_LITTLE ||
	    at[EI_VERSION] != VERSION_CURRENT ||
	    little_endian(at + EH_TYPE, 2) != TYPE_EXECUTABLE ||
	    little_endian(at + EH_MACHINE, 2) != MACHINE_RISCV ||
	    little_endian(at + EH_VERSION, 4) != VERSION_CURRENT ||
	    little_endian(at + EH_PHENTSIZE, 2) != PROGRAM_HEADER_BYTES) {
		return E_FORMAT;
	}
	elf->entry = little_endian(at + EH_ENTRY, 8);
	elf->needs_fp = (little_endian(at + EH_FLAGS, 4) & FLAGS_FLOAT_ABI) != 0;
	elf->headers_offset = little_endian(at + EH_PHOFF, 8);
	elf->header_count = (uint32_t)little_endian(at + EH_PHNUM, 2);
	if (!range_within(elf->headers_offset, elf->header_count * (uint64_t)PROGRAM_HEADER_BYTES,
			  elf->bytes)) {
		return E_TRUNCATED;
	}
	return 0;
}

/* Sizes and ranges of a segment or TLS template by itself. */
static int
check_ranges(const struct elf *elf, const struct elf_segment *segment)
{
	if (segment->file_bytes > segment->memory_bytes) {
		return E_FORMAT;
	}
	if (!range_within(segment->file_offset, segment->file_bytes, elf->bytes)) {
		return E_TRUNCATED;
	}
	return range_within(segment->address, segment->memory_bytes, ELF_ADDRESS_LIMIT) ? 0
											: E_RANGE;
}

/* `free_from` is the first page that no earlier segment touches: they must ascend. */
static int
check_segment(const struct elf *elf, const struct elf_segment *segment, uint64_t free_from)
{
	int status = check_ranges(elf, segment);

	if (status) {
		return status;
	}
	if ((segment->flags & ELF_WRITE) && (segment->flags & ELF_EXECUTE)) {
		return E_WRITE_EXEC;
	}
	return segment->address < free_from ? E_RANGE : 0;
}

static bool
segment_holds(const struct elf_segment *segment, uint64_t address, uint64_t bytes)
{
	return address >= segment->address &&
	       range_within(address - segment->address, bytes, segment->memory_bytes);
}

/* True if the instruction at the entry point comes from the file and may be executed. */
static bool
holds_entry(const struct elf *elf, const struct elf_segment *segment)
{
	return (segment->flags & ELF_EXECUTE) && elf->entry % 2 == 0 &&
	       elf->entry >= segment->address &&
	       range_within(elf->entry - segment->address, 2, segment->file_bytes);
}

static int
check_segments(const struct elf *elf)
{
	uint64_t free_from = 0;
	bool has_entry = false;

	for (uint32_t i = 0; i < elf->header_count; i++) {
		struct elf_segment segment;
		uint32_t type = header_read(elf, i, &segment);
		int status;

		if (type == PT_INTERP || type == PT_DYNAMIC) {
			return E_FORMAT;
		}
		if (type != PT_LOAD || !segment.memory_bytes) {
			continue;
		}
		status = check_segment(elf, &segment, free_from);
		if (status) {
			return status;
		}
		free_from = align_up_u64(segment.address + segment.memory_bytes, PAGE_BYTES);
		has_entry = has_entry || holds_entry(elf, &segment);
	}
	return has_entry ? 0 : E_FORMAT;
}

/* The thread-local template must be well formed, and what it takes from the file lie in one
 * segment: linkers put a template that is all zeros anywhere. */
static int
check_tls(const struct elf *elf)
{
	struct elf_segment tls;
	struct elf_segment segment;
	int status;

	if (elf_tls(elf, &tls)) {
		return 0;
	}
	status = check_ranges(elf, &tls);
	if (status) {
		return status;
	}
	if (tls.alignment > PAGE_BYTES || (tls.alignment && !is_power_of_two(tls.alignment))) {
		return E_FORMAT;
	}
	if (!tls.file_bytes) {
		return 0;
	}
	for (uint32_t i = 0; !elf_segment(elf, i, &segment); i++) {
		if (segment_holds(&segment, tls.address, tls.file_bytes)) {
			return 0;
		}
	}
	return E_RANGE;
}

int
elf_open(struct elf *elf, const void *file, size_t bytes)
{
	int status;

	*elf = (struct elf){.file = file, .bytes = bytes};
	status = check_file_header(elf);
	if (status) {
		return status;
	}
	status = check_segments(elf);
	return status ? status : check_tls(elf);
}

int
elf_segment(const struct elf *elf, uint32_t index, struct elf_segment *segment)
{
	for (uint32_t i = 0; i < elf->header_count; i++) {
		if (header_read(elf, i, segment) == PT_LOAD && segment->memory_bytes && !index--) {
			return 0;
		}
	}
	return E_NOENT;
}

int
elf_tls(const struct elf *elf, struct elf_segment *segment)
{
	for (uint32_t i = 0; i < elf->header_count; i++) {
		if (header_read(elf, i, segment) == PT_TLS) {
			return 0;
		}
	}
	return E_NOENT;
}

const uint8_t *
elf_code(const struct elf *elf, uint64_t address, size_t bytes)
{
	struct elf_segment segment;

	for (uint32_t i = 0; !elf_segment(elf, i, &segment); i++) {
		uint64_t behind = address - segment.address;

		if ((segment.flags & ELF_EXECUTE) && address >= segment.address &&
		    range_within(behind, bytes, segment.file_bytes)) {
			return elf->file + segment.file_offset + behind;
		}
	}
	return NULL;
}

/* Section header `index`, of a table that elf_symbols has found inside the file. */
static const uint8_t *
section_at(const struct elf *elf, uint64_t index)
{
	return elf->file + little_endian(elf->file + EH_SHOFF, 8) + index * SECTION_HEADER_BYTES;
}

/* The contents of a section; NULL if they are not all in the file. */
static const uint8_t *
section_bytes(const struct elf *elf, const uint8_t *section, uint64_t *bytes)
{
	uint64_t offset = little_endian(section + SH_OFFSET, 8);

	*bytes = little_endian(section + SH_SIZE, 8);
	return range_within(offset, *bytes, elf->bytes) ? elf->file + offset : NULL;
}

static int
open_symbols(const struct elf *elf, const uint8_t *table, uint64_t sections,
	     struct elf_symbols *symbols)
{
	uint64_t link = little_endian(table + SH_LINK, 4);
	uint64_t bytes;

	if (link >= sections || little_endian(section_at(elf, link) + SH_TYPE, 4) != SHT_STRTAB ||
	    little_endian(table + SH_ENTSIZE, 8) != SYMBOL_BYTES) {
		return E_FORMAT;
	}
	symbols->entries = section_bytes(elf, table, &bytes);
	symbols->count = bytes / SYMBOL_BYTES;
	symbols->names =
		(const char *)section_bytes(elf, section_at(elf, link), &symbols->names_bytes);
	return symbols->entries && symbols->names ? 0 : E_TRUNCATED;
}

int
elf_symbols(const struct elf *elf, struct elf_symbols *symbols)
{
	uint64_t offset = little_endian(elf->file + EH_SHOFF, 8);
	uint64_t sections = little_endian(elf->file + EH_SHNUM, 2);

	if (sections && little_endian(elf->file + EH_SHENTSIZE, 2) != SECTION_HEADER_BYTES) {
		return E_FORMAT;
	}
	if (!range_within(offset, sections * SECTION_HEADER_BYTES, elf->bytes)) {
		return E_TRUNCATED;
	}
	for (uint64_t i = 0; i < sections; i++) {
		const uint8_t *section = section_at(elf, i);

		if (little_endian(section + SH_TYPE, 4) == SHT_SYMTAB) {
			return open_symbols(elf, section, sections, symbols);
		}
	}
	return E_NOENT;
}

/* The name of a symbol that may stand for a function; NULL if it is none. The assembler's own ($x)
 * and empty ones are none. */
static const char *
function_name(const struct elf_symbols *symbols, const uint8_t *entry)
{
	uint64_t type = entry[ST_INFO] & 15;
	uint64_t section = little_endian(entry + ST_SHNDX, 2);
	uint64_t at = little_endian(entry + ST_NAME, 4);

	if ((type != STT_FUNC && type != STT_NOTYPE) || section == SHN_UNDEF ||
	    (type == STT_NOTYPE && section == SHN_ABS) || at >= symbols->names_bytes) {
		return NULL;
	}
	for (uint64_t i = at; i < symbols->names_bytes; i++) {
		if (!symbols->names[i]) {
			return i == at || symbols->names[at] == '$' ? NULL : symbols->names + at;
		}
	}
	return NULL;
}

const char *
elf_function(const struct elf_symbols *symbols, uint64_t address, uint64_t *start)
{
	const char *best = NULL;

	*start = 0;
	for (uint64_t i = 0; i < symbols->count; i++) {
		const uint8_t *entry = symbols->entries + i * SYMBOL_BYTES;
		uint64_t value = little_endian(entry + ST_VALUE, 8);
		const char *name;

		if (value > address || (best && value < *start)) {
			continue;
		}
		name = function_name(symbols, entry);
		if (name) {
			best = name;
			*start = value;
		}
	}
	return best;
}
