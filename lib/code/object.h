/* SPDX-License-Identifier: MIT
 * object.h: the sections and symbols of a relocatable ELF64 file for BPF (System V gABI chapter 4).
 *
 * object_open() checks whatever the other functions rely on: each section lies in the file, each
 * name ends in it. The file is only read, at any alignment. No state, no allocation. Pure.
 */
#ifndef LIB_CODE_OBJECT_H
#define LIB_CODE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBJECT_SECTIONS_MAX 128
#define OBJECT_SENTENCE_MAX 240

enum {
	SECTION_PROGRAM = 1, /* SHT_PROGBITS */
	SECTION_SYMBOLS = 2, /* SHT_SYMTAB */
	SECTION_STRINGS = 3, /* SHT_STRTAB */
	SECTION_RELA = 4,
	SECTION_NOTHING = 8, /* SHT_NOBITS: takes no room in the file */
	SECTION_REL = 9,
};

enum {
	SECTION_WRITE = 1, /* bits of section.flags */
	SECTION_ALLOC = 2,
	SECTION_EXECUTE = 4,
};

enum {
	SYMBOL_FUNCTION = 2, /* STT_FUNC */
	SYMBOL_SECTION = 3,
};

struct object_section {
	const char *name;
	const uint8_t *at; /* NULL of SECTION_NOTHING */
	uint64_t bytes;
	uint64_t flags;
	uint64_t alignment;
	uint32_t type;
	uint32_t link;
	uint32_t info;
	uint32_t index;
};

struct object_symbol {
	const char *name;
	uint64_t value;
	uint64_t bytes;
	uint32_t section; /* an index that there is, or 0 */
	uint8_t type;
	bool is_global;
};

struct object {
	const uint8_t *file;
	size_t bytes;
	uint32_t sections;
	uint32_t symbols;
	uint32_t symbol_names; /* a section */
	const uint8_t *symbol_entries;
	char sentence[OBJECT_SENTENCE_MAX]; /* why something was refused */
};

/* 0; E_TRUNCATED, E_FORMAT or E_LIMIT, and o->sentence. */
int object_open(struct object *o, const void *file, size_t bytes);
/* Of an opened object; index < o->sections. */
struct object_section object_section(const struct object *o, uint32_t index);
/* index < o->symbols. False if it is broken. */
bool object_symbol(const struct object *o, uint32_t index, struct object_symbol *symbol);
/* Writes the sentence and returns `error`. */
int object_refuse(struct object *o, int error, const char *text, ...)
	__attribute__((format(printf, 3, 4)));
/* A number of 1 to 8 bytes. */
uint64_t object_number(const uint8_t *from, unsigned bytes);

#endif
