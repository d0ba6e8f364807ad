/* SPDX-License-Identifier: MIT
 * elf.h: reader of static RISC-V executables: ELF64, little-endian, ET_EXEC (System V gABI
 * chapters 4 and 5; RISC-V psABI).
 *
 * elf_open checks everything that the other functions rely on; a file it accepts has: an entry
 * point inside the file part of an executable segment; segments in ascending order, no two on one
 * 4 KiB page, below ELF_ADDRESS_LIMIT, never writable and executable at once; no interpreter and
 * no dynamic section. The file is only read, at any alignment, never outside. No state, no
 * allocation.
 *
 * Names of functions are looked up in the file's symbol table, if it has one. Nothing of that is
 * checked by elf_open, for a program runs without.
 */
#ifndef LIB_BASE_ELF_H
#define LIB_BASE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_ADDRESS_LIMIT (1ull << 38) /* end of the user half under Sv39 */

enum {
	ELF_EXECUTE = 1, /* bits of elf_segment.flags */
	ELF_WRITE = 2,
	ELF_READ = 4,
};

struct elf {
	const uint8_t *file;
	size_t bytes;
	uint64_t entry;
	uint64_t headers_offset; /* of the program headers */
	uint32_t header_count;
	bool needs_fp; /* arguments travel in floating-point registers */
};

struct elf_segment {
	uint64_t address;
	uint64_t memory_bytes;
	uint64_t file_bytes;  /* <= memory_bytes; the rest is zero */
	uint64_t file_offset; /* data is at elf->file + file_offset */
	uint64_t alignment;
	uint32_t flags;
};

/* 0; E_TRUNCATED: the file ends inside something it promises; E_FORMAT: not such an ELF file, or
 * malformed; E_RANGE: an address outside the user half, or segments that overlap; E_WRITE_EXEC: a
 * segment both writable and executable. */
int elf_open(struct elf *elf, const void *file, size_t bytes);

/* Loadable segment `index` (those without memory are not counted). 0, or E_NOENT behind the last.
 * */
int elf_segment(const struct elf *elf, uint32_t index, struct elf_segment *segment);

/* The thread-local storage template (PT_TLS). Its file part also lies inside a loadable segment.
 * 0, or E_NOENT. */
int elf_tls(const struct elf *elf, struct elf_segment *segment);

/* The `bytes` of code that the file has for `address`, at any alignment; NULL if not all of them
 * are the file part of one executable segment. */
const uint8_t *elf_code(const struct elf *elf, uint64_t address, size_t bytes);

/* A table of symbols and the names that its entries point into. */
struct elf_symbols {
	const uint8_t *entries;
	uint64_t count;
	const char *names;
	uint64_t names_bytes;
};

/* Finds the table of an opened file. 0; E_NOENT: it has none; E_FORMAT, E_TRUNCATED: it is broken.
 */
int elf_symbols(const struct elf *elf, struct elf_symbols *symbols);

/* The name of the last function that begins at or before `address`, and where that is; NULL if
 * there is none. Takes as long as the table is; the name lies in the file. */
const char *elf_function(const struct elf_symbols *symbols, uint64_t address, uint64_t *start);

#endif
