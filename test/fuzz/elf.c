/* SPDX-License-Identifier: MIT
 * elf.c: fuzz target: any bytes are a program that can be loaded as it says, or are refused; the
 * names of its functions lie in it.
 *
 * links: lib/base/elf.c
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/checked.h"
#include "lib/base/elf.h"
#include "test/fuzz/fuzz.h"

/* Reads the file part as a loader would, for the sanitizer. */
static void
touch(const struct elf *elf, const struct elf_segment *segment)
{
	const volatile uint8_t *at = elf->file + segment->file_offset;

	for (uint64_t i = 0; i < segment->file_bytes; i++) {
		(void)at[i];
	}
}

static void
find_names(const struct elf *elf)
{
	const char *end = (const char *)elf->file + elf->bytes;
	struct elf_symbols symbols;
	uint64_t start;

	if (elf_symbols(elf, &symbols)) {
		return;
	}
	for (uint64_t address = elf->entry - 64; address != elf->entry + 64; address += 2) {
		const char *name = elf_function(&symbols, address, &start);

		demand(!name || (start <= address && name + strnlen(name, elf->bytes) < end));
		demand(!elf_code(elf, address, 4) || elf_code(elf, address, 2));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct elf elf;
	struct elf_segment segment;
	uint64_t end = 0;
	bool has_entry = false;

	if (elf_open(&elf, data, bytes)) {
		return 0;
	}
	for (uint32_t i = 0; !elf_segment(&elf, i, &segment) && i < 100; i++) {
		demand(segment.address >= end && segment.memory_bytes);
		demand(range_within(segment.address, segment.memory_bytes, ELF_ADDRESS_LIMIT));
		demand(segment.file_bytes <= segment.memory_bytes);
		demand((segment.flags & (ELF_WRITE | ELF_EXECUTE)) != (ELF_WRITE | ELF_EXECUTE));
		end = align_up_u64(segment.address + segment.memory_bytes, 4096);
		has_entry = has_entry || ((segment.flags & ELF_EXECUTE) &&
					  elf.entry - segment.address < segment.file_bytes);
		touch(&elf, &segment);
	}
	demand(has_entry || elf.header_count > 100);
	if (!elf_tls(&elf, &segment)) {
		demand(segment.file_bytes <= segment.memory_bytes);
		demand(segment.memory_bytes <= ELF_ADDRESS_LIMIT);
		touch(&elf, &segment);
	}
	find_names(&elf);
	return 0;
}
