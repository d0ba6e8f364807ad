/* SPDX-License-Identifier: MIT
 * elf_named.h: an ELF file with four functions and their names, for elf_symbols_test.c and
 * backtrace_test.c.
 *
 * The C library's <elf.h> is the other opinion about where fields are.
 */
#ifndef TEST_UNIT_ELF_NAMED_H
#define TEST_UNIT_ELF_NAMED_H

#include <elf.h>
#include <stdint.h>

#define NAMED_TEXT    0x10000
#define NAMED_SYMBOLS 10
#define NAMED_NAMES   "\0_start\0main\0work\0leaf\0$x\0data\0"

/* Where functions begin. */
enum named_at {
	NAMED_START = NAMED_TEXT,
	NAMED_MAIN = NAMED_TEXT + 0x20,
	NAMED_WORK = NAMED_TEXT + 0x40,
	NAMED_LEAF = NAMED_TEXT + 0x60,
	NAMED_END = NAMED_TEXT + 0x80,
};

struct named_file {
	Elf64_Ehdr header;
	Elf64_Phdr text;
	Elf64_Shdr none;
	Elf64_Shdr symtab;
	Elf64_Shdr strtab;
	Elf64_Sym symbols[NAMED_SYMBOLS];
	char names[sizeof(NAMED_NAMES)];
	uint8_t code[NAMED_END - NAMED_TEXT];
};

struct named_file named_file(void);

/* Puts an instruction of 4 or 2 bytes at an address of the code. */
void named_put(struct named_file *file, uint64_t address, uint32_t word);

#endif
