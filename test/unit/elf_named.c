/* SPDX-License-Identifier: MIT
 * elf_named.c: an ELF file with four functions and their names.
 */
#include "test/unit/elf_named.h"

#include <stddef.h>
#include <string.h>

static Elf64_Sym
symbol(const char *name, unsigned char type, uint16_t section, uint64_t value)
{
	static const char names[] = NAMED_NAMES;
	size_t at = 1;

	while (*name && strcmp(names + at, name) != 0) {
		at += strlen(names + at) + 1;
	}
	return (Elf64_Sym){
		.st_name = *name ? (uint32_t)at : 0,
		.st_info = type,
		.st_shndx = section,
		.st_value = value,
	};
}

static Elf64_Shdr
section(uint32_t type, size_t offset, size_t bytes, uint32_t link, size_t entry)
{
	return (Elf64_Shdr){
		.sh_type = type,
		.sh_offset = offset,
		.sh_size = bytes,
		.sh_link = link,
		.sh_entsize = entry,
	};
}

static void
fill_header(Elf64_Ehdr *header)
{
	*header = (Elf64_Ehdr){
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_RISCV,
		.e_version = EV_CURRENT,
		.e_entry = NAMED_START,
		.e_phoff = offsetof(struct named_file, text),
		.e_shoff = offsetof(struct named_file, none),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
	};
}

/* Out of order, with those between that stand for no function. */
static void
fill_symbols(Elf64_Sym symbols[NAMED_SYMBOLS])
{
	const Elf64_Sym all[NAMED_SYMBOLS] = {
		{0},
		symbol("work", STT_FUNC, 1, NAMED_WORK),
		symbol("leaf", STT_FUNC, SHN_ABS, NAMED_LEAF),
		symbol("$x", STT_NOTYPE, 1, NAMED_MAIN + 8),
		symbol("_start", STT_NOTYPE, 1, NAMED_START),
		symbol("main", STT_FUNC, 1, NAMED_MAIN),
		symbol("data", STT_OBJECT, 2, NAMED_WORK + 4),
		symbol("data", STT_NOTYPE, SHN_ABS, NAMED_MAIN + 4),
		symbol("data", STT_FUNC, SHN_UNDEF, NAMED_WORK + 8),
		symbol("", STT_FUNC, 1, NAMED_LEAF + 8),
	};

	memcpy(symbols, all, sizeof(all));
}

struct named_file
named_file(void)
{
	struct named_file file = {
		.text = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_X,
			 .p_offset = offsetof(struct named_file, code),
			 .p_vaddr = NAMED_TEXT,
			 .p_filesz = sizeof(file.code),
			 .p_memsz = sizeof(file.code)},
		.symtab = section(SHT_SYMTAB, offsetof(struct named_file, symbols),
				  sizeof(file.symbols), 2, sizeof(Elf64_Sym)),
		.strtab = section(SHT_STRTAB, offsetof(struct named_file, names),
				  sizeof(file.names), 0, 0),
		.names = NAMED_NAMES,
	};

	fill_header(&file.header);
	fill_symbols(file.symbols);
	return file;
}

void
named_put(struct named_file *file, uint64_t address, uint32_t word)
{
	memcpy(&file->code[address - NAMED_TEXT], &word, (word & 3) == 3 ? 4 : 2);
}
