/* SPDX-License-Identifier: MIT
 * elf_symbols_test.c: names of functions and bytes of code out of ELF files, also of damaged ones.
 *
 * links: lib/base/elf.c test/unit/elf_named.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/elf.h"
#include "lib/base/rand.h"
#include "test/unit/elf_named.h"

static void
expect_name(const struct elf_symbols *symbols, uint64_t address, const char *name, uint64_t start)
{
	uint64_t at;
	const char *found = elf_function(symbols, address, &at);

	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, name);
	assert_int_equal(at, start);
}

static void
test_names(void **state)
{
	struct named_file file = named_file();
	struct elf_symbols symbols;
	struct elf elf;

	(void)state;
	assert_int_equal(elf_open(&elf, &file, sizeof(file)), 0);
	assert_int_equal(elf_symbols(&elf, &symbols), 0);
	expect_name(&symbols, NAMED_START - 1, NULL, 0);
	expect_name(&symbols, NAMED_START, "_start", NAMED_START);
	expect_name(&symbols, NAMED_MAIN - 1, "_start", NAMED_START);
	expect_name(&symbols, NAMED_MAIN + 0x1f, "main", NAMED_MAIN);
	expect_name(&symbols, NAMED_WORK + 0x10, "work", NAMED_WORK);
	expect_name(&symbols, NAMED_LEAF + 0x10, "leaf", NAMED_LEAF);
	expect_name(&symbols, UINT64_MAX, "leaf", NAMED_LEAF);
}

static void
test_code(void **state)
{
	struct named_file file = named_file();
	struct elf elf;

	(void)state;
	assert_int_equal(elf_open(&elf, &file, sizeof(file)), 0);
	assert_ptr_equal(elf_code(&elf, NAMED_MAIN, 4), &file.code[0x20]);
	assert_non_null(elf_code(&elf, NAMED_END - 4, 4));
	assert_null(elf_code(&elf, NAMED_END - 3, 4));
	assert_null(elf_code(&elf, NAMED_START - 1, 4));
	assert_null(elf_code(&elf, UINT64_MAX - 1, 4));
	file.text.p_filesz = 0x40;
	assert_non_null(elf_code(&elf, NAMED_WORK - 4, 4));
	assert_null(elf_code(&elf, NAMED_WORK - 2, 4));
}

/* The status of a file with one change. */
#define EXPECT(status, change)                                                                     \
	do {                                                                                       \
		struct named_file f = named_file();                                                \
		struct elf_symbols symbols;                                                        \
		struct elf elf;                                                                    \
		change;                                                                            \
		assert_int_equal(elf_open(&elf, &f, sizeof(f)), 0);                                \
		assert_int_equal(elf_symbols(&elf, &symbols), status);                             \
	} while (0)

static void
test_broken(void **state)
{
	(void)state;
	EXPECT(E_NOENT, f.header.e_shnum = 0; f.header.e_shoff = 0);
	EXPECT(E_NOENT, f.symtab.sh_type = SHT_PROGBITS);
	EXPECT(E_FORMAT, f.header.e_shentsize = 32);
	EXPECT(E_TRUNCATED, f.header.e_shnum = 0xffff);
	EXPECT(E_TRUNCATED, f.header.e_shoff = UINT64_MAX - 8);
	EXPECT(E_FORMAT, f.symtab.sh_link = 3);
	EXPECT(E_FORMAT, f.symtab.sh_link = 0);
	EXPECT(E_FORMAT, f.symtab.sh_entsize = 16);
	EXPECT(E_TRUNCATED, f.symtab.sh_offset = sizeof(f) - 8);
	EXPECT(E_TRUNCATED, f.symtab.sh_size = UINT64_MAX);
	EXPECT(E_TRUNCATED, f.strtab.sh_size = sizeof(f));
	EXPECT(E_TRUNCATED, f.strtab.sh_offset = UINT64_MAX);
}

/* Any bytes in the headers and the tables: every name that comes out ends in the file. */
static void
test_damaged(void **state)
{
	uint64_t seed = 11;
	uint32_t named = 0;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		struct named_file *file = malloc(sizeof(*file));
		struct elf_symbols symbols;
		uint64_t start;
		struct elf elf;

		*file = named_file();
		for (uint64_t n = 1 + rand_below(&seed, 4); n; n--) {
			size_t at = rand_below(&seed, offsetof(struct named_file, code));

			((uint8_t *)file)[at] = (uint8_t)rand_next(&seed);
		}
		if (!elf_open(&elf, file, sizeof(*file)) && !elf_symbols(&elf, &symbols)) {
			const char *name = elf_function(&symbols, rand_next(&seed), &start);

			named += name && strlen(name) < sizeof(*file);
		}
		free(file);
	}
	assert_true(named > 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
