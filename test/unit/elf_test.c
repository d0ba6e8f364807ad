/* SPDX-License-Identifier: MIT
 * elf_test.c: the ELF reader on programs of the cross compiler, on wrong ones and damaged ones.
 *
 * The C library's <elf.h> is the other opinion about where fields are.
 * links: lib/base/elf.c; libs:
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/elf.h"
#include "lib/base/rand.h"

#define FILE_BYTES_MAX (1 << 20)
#define SAMPLE_BYTES   0x300

struct file {
	uint8_t *bytes;
	size_t size;
};

/* Compiles sample.c with `flags` and loads the result, with nothing behind it. */
static struct file
compile(const char *flags)
{
	char path[100];
	char command[500];
	struct file file = {.bytes = malloc(FILE_BYTES_MAX)};
	FILE *stream;

	snprintf(path, sizeof(path), "build/test/elf.%d", getpid());
	snprintf(command, sizeof(command),
		 "mkdir -p build/test && riscv64-unknown-elf-gcc -march=rv64gc -mabi=lp64d "
		 "-misa-spec=2.2 -mcmodel=medany -O1 -ffreestanding -nostdlib %s -o %s "
		 "test/unit/elf/sample.c",
		 flags, path);
	assert_int_equal(system(command), 0);
	stream = fopen(path, "rb");
	assert_non_null(stream);
	file.size = fread(file.bytes, 1, FILE_BYTES_MAX, stream);
	file.bytes = realloc(file.bytes, file.size);
	fclose(stream);
	unlink(path);
	return file;
}

static void
same_segment(const struct elf_segment *ours, const Elf64_Phdr *theirs)
{
	assert_int_equal(ours->address, theirs->p_vaddr);
	assert_int_equal(ours->memory_bytes, theirs->p_memsz);
	assert_int_equal(ours->file_bytes, theirs->p_filesz);
	assert_int_equal(ours->file_offset, theirs->p_offset);
	assert_int_equal(ours->alignment, theirs->p_align);
	assert_int_equal(ours->flags, theirs->p_flags);
}

/* Everything the reader says about an accepted file against <elf.h>. */
static void
same_file(const struct elf *elf)
{
	Elf64_Ehdr header;
	Elf64_Phdr program;
	struct elf_segment segment;
	uint32_t loads = 0;
	bool has_tls = false;

	memcpy(&header, elf->file, sizeof(header));
	assert_int_equal(elf->entry, header.e_entry);
	for (unsigned i = 0; i < header.e_phnum; i++) {
		memcpy(&program, elf->file + header.e_phoff + i * sizeof(program), sizeof(program));
		if (program.p_type == PT_LOAD && program.p_memsz) {
			assert_int_equal(elf_segment(elf, loads++, &segment), 0);
			same_segment(&segment, &program);
		} else if (program.p_type == PT_TLS && !has_tls) {
			has_tls = true;
			assert_int_equal(elf_tls(elf, &segment), 0);
			same_segment(&segment, &program);
		}
	}
	assert_int_equal(elf_segment(elf, loads, &segment), E_NOENT);
	assert_int_equal(elf_tls(elf, &segment), has_tls ? 0 : E_NOENT);
}

/* What elf.h promises about a file that elf_open accepted. */
static void
check_promises(const struct elf *elf)
{
	struct elf_segment segment;
	uint64_t end = 0;
	bool has_entry = false;

	for (uint32_t i = 0; !elf_segment(elf, i, &segment); i++) {
		assert_true(segment.address >= end);
		end = (segment.address + segment.memory_bytes + 4095) / 4096 * 4096;
		assert_true(segment.memory_bytes && end > segment.address && end <= 1ull << 38);
		assert_true(segment.file_bytes <= segment.memory_bytes);
		assert_true(segment.file_bytes <= elf->bytes);
		assert_true(segment.file_offset <= elf->bytes - segment.file_bytes);
		assert_false((segment.flags & PF_W) && (segment.flags & PF_X));
		has_entry = has_entry || ((segment.flags & PF_X) && elf->entry >= segment.address &&
					  elf->entry < segment.address + segment.file_bytes);
	}
	assert_true(has_entry);
}

static void
test_real_files(void **state)
{
	static const char *const accepted[] = {"", "-g -Wl,-z,max-page-size=4096",
					       "-Wl,-Ttext-segment=0x3fff000000"};
	static const struct {
		const char *flags;
		int error;
	} refused[] = {
		{"-c", E_FORMAT},
		{"-Wl,-N", E_WRITE_EXEC},
		{"-Wl,-Ttext-segment=0x4000000000", E_RANGE},
		{"-march=rv32imac -mabi=ilp32", E_FORMAT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		struct file file = compile(accepted[i]);
		struct elf elf;
		struct elf_segment tls;

		assert_int_equal(elf_open(&elf, file.bytes, file.size), 0);
		same_file(&elf);
		check_promises(&elf);
		assert_int_equal(elf_tls(&elf, &tls), 0);
		assert_int_equal(tls.file_bytes, 4);
		assert_in_range(tls.memory_bytes, 104, 128);
		free(file.bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct file file = compile(refused[i].flags);
		struct elf elf;

		assert_int_equal(elf_open(&elf, file.bytes, file.size), refused[i].error);
		free(file.bytes);
	}
}

/* A small correct file: text, data, TLS; the headers at the front, all the rest zero. */
struct small {
	Elf64_Ehdr header;
	Elf64_Phdr text;
	Elf64_Phdr data;
	Elf64_Phdr tls;
	uint8_t rest[SAMPLE_BYTES - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr)];
};

static struct small
small_file(void)
{
	return (struct small){
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_EXEC,
			   .e_machine = EM_RISCV,
			   .e_version = EV_CURRENT,
			   .e_entry = 0x10080,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 3},
		.text = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_X,
			 .p_vaddr = 0x10000,
			 .p_filesz = 0x200,
			 .p_memsz = 0x200,
			 .p_align = 0x1000},
		.data = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_W,
			 .p_offset = 0x200,
			 .p_vaddr = 0x11200,
			 .p_filesz = 0x100,
			 .p_memsz = 0x1000,
			 .p_align = 0x1000},
		.tls = {.p_type = PT_TLS,
			.p_flags = PF_R,
			.p_offset = 0x200,
			.p_vaddr = 0x11200,
			.p_filesz = 0x10,
			.p_memsz = 0x20,
			.p_align = 8},
	};
}

static int
open_bytes(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size);
	struct elf elf;
	int status;

	memcpy(copy, bytes, size);
	status = elf_open(&elf, copy, size);
	if (!status) {
		same_file(&elf);
		check_promises(&elf);
	}
	free(copy);
	return status;
}

/* Changes one field of a correct file and expects `error`. */
#define EXPECT(error, change)                                                                      \
	do {                                                                                       \
		struct small s = small_file();                                                     \
		change;                                                                            \
		assert_int_equal(open_bytes(&s, sizeof(s)), error);                                \
	} while (0)

static void
test_header(void **state)
{
	(void)state;
	EXPECT(0, (void)0);
	EXPECT(E_FORMAT, s.header.e_ident[0] = 0);
	EXPECT(E_FORMAT, s.header.e_ident[EI_CLASS] = ELFCLASS32);
	EXPECT(E_FORMAT, s.header.e_ident[EI_DATA] = ELFDATA2MSB);
	EXPECT(E_FORMAT, s.header.e_ident[EI_VERSION] = 0);
	EXPECT(E_FORMAT, s.header.e_type = ET_DYN);
	EXPECT(E_FORMAT, s.header.e_machine = EM_X86_64);
	EXPECT(E_FORMAT, s.header.e_version = 2);
	EXPECT(E_FORMAT, s.header.e_phentsize = 32);
	EXPECT(E_FORMAT, s.header.e_phnum = 0);
	EXPECT(E_TRUNCATED, s.header.e_phnum = 0xffff);
	EXPECT(E_TRUNCATED, s.header.e_phoff = sizeof(s) - 3 * sizeof(Elf64_Phdr) + 1);
	EXPECT(E_TRUNCATED, s.header.e_phoff = UINT64_MAX - 10);
	EXPECT(0, s.header.e_entry = 0x101fe);
	EXPECT(E_FORMAT, s.header.e_entry = 0x10200);
	EXPECT(E_FORMAT, s.header.e_entry = 0x101fe; s.text.p_filesz = 0x1ff);
	EXPECT(E_FORMAT, s.header.e_entry = 0x10081);
	EXPECT(E_FORMAT, s.header.e_entry = 0x11280);
	EXPECT(E_FORMAT, s.header.e_entry = UINT64_MAX - 1);
}

static void
test_segments(void **state)
{
	(void)state;
	EXPECT(E_FORMAT, s.text.p_flags = PF_R);
	EXPECT(E_WRITE_EXEC, s.data.p_flags = PF_R | PF_W | PF_X);
	EXPECT(E_FORMAT, s.data.p_filesz = 0x1001);
	EXPECT(E_TRUNCATED, s.data.p_offset = SAMPLE_BYTES - 0xff);
	EXPECT(0, s.data.p_offset = SAMPLE_BYTES - 0x100);
	EXPECT(E_TRUNCATED, s.data.p_offset = UINT64_MAX - 0xff);
	EXPECT(0, s.data.p_memsz = 0x4000000000 - 0x11200);
	EXPECT(E_RANGE, s.data.p_memsz = 0x4000000000 - 0x11200 + 1);
	EXPECT(E_RANGE, s.data.p_memsz = UINT64_MAX);
	EXPECT(E_RANGE, s.data.p_vaddr = UINT64_MAX - 0x800);
	EXPECT(E_RANGE, s.data.p_vaddr = 0x10fff);
	EXPECT(E_RANGE, s.text.p_memsz = 0x1201);
	EXPECT(E_RANGE, s.text.p_vaddr = 0x20000; s.header.e_entry = 0x20000);
	EXPECT(0, s.data.p_memsz = s.data.p_filesz = 0; s.data.p_vaddr = 0; s.tls.p_type = PT_NULL);
	EXPECT(E_FORMAT, s.tls.p_type = PT_INTERP);
	EXPECT(E_FORMAT, s.tls.p_type = PT_DYNAMIC);
}

static void
test_tls(void **state)
{
	(void)state;
	EXPECT(E_FORMAT, s.tls.p_filesz = 0x21);
	EXPECT(E_TRUNCATED, s.tls.p_offset = SAMPLE_BYTES - 0xf);
	EXPECT(E_FORMAT, s.tls.p_align = 24);
	EXPECT(E_FORMAT, s.tls.p_align = 0x2000);
	EXPECT(0, s.tls.p_align = 0);
	EXPECT(E_RANGE, s.tls.p_vaddr = 0x12200 - 0xf);
	EXPECT(0, s.tls.p_vaddr = 0x12200 - 0x10);
	EXPECT(E_RANGE, s.tls.p_vaddr = 0x111ff);
	EXPECT(E_RANGE, s.tls.p_memsz = UINT64_MAX);
	EXPECT(0, s.tls.p_filesz = 0; s.tls.p_vaddr = 0x20000);
}

static void
test_truncated(void **state)
{
	struct small small = small_file();

	(void)state;
	for (size_t size = 0; size < 0x300; size++) {
		assert_int_equal(open_bytes(&small, size), E_TRUNCATED);
	}
}

/* Every bit of the headers, then random bytes: what is accepted must keep the promises. */
static void
test_damaged(void **state)
{
	unsigned accepted = 0;
	unsigned refused = 0;
	uint64_t seed = 7;

	(void)state;
	for (size_t bit = 0; bit < offsetof(struct small, rest) * 8; bit++) {
		struct small small = small_file();

		((uint8_t *)&small)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		*(open_bytes(&small, sizeof(small)) ? &refused : &accepted) += 1;
	}
	for (int i = 0; i < 100000; i++) {
		struct small small = small_file();

		for (uint64_t n = 1 + rand_below(&seed, 3); n; n--) {
			size_t at = rand_below(&seed, offsetof(struct small, rest));

			((uint8_t *)&small)[at] = (uint8_t)rand_next(&seed);
		}
		*(open_bytes(&small, sizeof(small)) ? &refused : &accepted) += 1;
	}
	assert_true(accepted > 1000 && refused > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_files), cmocka_unit_test(test_header),
		cmocka_unit_test(test_segments),   cmocka_unit_test(test_tls),
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
