/* SPDX-License-Identifier: MIT
 * hostile_s40_notes.c: S40: a note in an empty entry never becomes a mapping, whatever its bits
 * are, at no level; and nobody else finds it.
 *
 * boot: init SMP=1
 */
#include "test/boot/attempt.h"

#define GIB   0x3200000000ul
#define MIB2  0x200000ul
#define VALID 1ul
#define RWXU  0x1eul

static exo_handle tables[2], memory[2], frame;
static const volatile uint64_t *seen;
static uint64_t page_number;

static int64_t
note(uint64_t address, uint64_t count, uint64_t value, uint64_t flags)
{
	return exo_map(address, EXO_NONE, value, count, flags, NULL, EXO_NONE);
}

/* True if no access of any kind gets anywhere. */
static bool
is_empty(uint64_t address)
{
	uint64_t before = attempted.count;

	attempt_load(address);
	attempt_store(address);
	attempt_jump(address);
	return attempted.count == before + 3;
}

static void
tables_make(void)
{
	uint64_t address = 0;

	for (uint32_t level = 0; level < 2; level++) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &tables[level],
				  &memory[level]);
	}
	exo_vm_map(exo_own_vm(), tables[0], 0, 1, EXO_READ, &address);
	seen = (const volatile uint64_t *)address;
	exo_map(GIB, tables[1], 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_map(GIB, tables[0], 0, 1, EXO_WRITE, NULL, EXO_NONE);
}

static void
tables_end(void)
{
	exo_vm_unmap(exo_own_vm(), (uint64_t)seen, 1);
	for (uint32_t level = 0; level < 2; level++) {
		exo_frames_destroy(exo_own_frames(), tables[level], memory[level]);
	}
}

/* Each bit by itself, all, and what would be an entry that maps the program's own page, a table, or
 * all of RAM, if it were written as it is or moved by a bit. */
static void
check_bits(void)
{
	const uint64_t pte = page_number << 10 | RWXU | VALID | 0xc0;
	const uint64_t forms[] = {~0ul >> 1,
				  pte,
				  pte >> 1,
				  pte << 1 & ~0ul >> 1,
				  0x80000000ul >> 2 | RWXU | VALID,
				  0x80000000ul >> 2 | VALID};
	uint32_t wrong = 0;

	for (uint64_t bit = 0; bit < 63; bit++) {
		wrong += note(GIB, 1, 1ul << bit, 0) != 0 || seen[0] != 1ul << bit << 1 ||
			 !is_empty(GIB);
	}
	tap_is(wrong, 0, "each of 63 bits is kept and maps nothing");
	tap_is(note(GIB, 1, 1ul << 63, 0), E_INVAL, "the sixty-fourth is refused");
	tap_is(note(GIB, 1, ~0ul, 0), E_INVAL, "also with all others");
	wrong = 0;
	for (uint32_t i = 0; i < ARRAY_SIZE(forms); i++) {
		wrong += note(GIB, 1, forms[i], 0) != 0 || seen[0] & VALID || !is_empty(GIB);
		wrong += note(GIB + MIB2, 512, forms[i], EXO_MEGA) != 0 || !is_empty(GIB + MIB2);
		wrong += note(GIB + (1ul << 30), 1ul << 18, forms[i], EXO_GIGA) != 0 ||
			 !is_empty(GIB + (1ul << 30));
	}
	tap_is(wrong, 0, "what looks like an entry is none, at no level");
}

/* No call makes more of it than an empty entry. */
static void
check_calls(void)
{
	const uint64_t value = (page_number << 10 | RWXU) >> 1;
	uint32_t wrong = 0;

	wrong += note(GIB, 2, value, 0) != 0;
	wrong += note(GIB + MIB2, 512, value, EXO_MEGA) != 0;
	for (uint64_t rights = 0; rights < 16; rights += 2) {
		wrong += exo_protect(GIB, 1, rights, NULL, EXO_NONE) >= 0;
		wrong += exo_protect(GIB + MIB2, 512, rights | EXO_MEGA, NULL, EXO_NONE) >= 0;
	}
	tap_is(wrong, 0, "protect refuses it");
	tap_is(exo_unmap(GIB, 2, 0, NULL, EXO_NONE), 0, "unmap finds nothing");
	tap_is(exo_unmap(GIB + MIB2, 512, EXO_MEGA, NULL, EXO_NONE), 0, "nor at the level above");
	tap_is(exo_map(GIB + MIB2, frame, 0, 1, EXO_READ, NULL, EXO_NONE), E_NOTABLE,
	       "it is no table to map in");
	tap_ok(is_empty(GIB) && is_empty(GIB + MIB2), "it maps nothing after that");
	tap_is(exo_map(GIB, frame, 0, 1, EXO_READ, NULL, EXO_NONE), 0, "a page is mapped over it");
	tap_ok((seen[0] & ~0xc0ul) == (page_number << 10 | 0x13), "nothing of it is in the entry");
	tap_is(exo_unmap(GIB, 1, 0, NULL, EXO_NONE) & ~0xc0, 0, "and unmapped");
	tap_ok(seen[0] == 0 && seen[1] == value << 1, "then it is gone, and the next one there");
}

/* What is in use takes none, so nothing that is mapped is lost or found again through it. */
static void
check_in_use(void)
{
	uint64_t before = attempted.count;

	exo_map(GIB + EXO_PAGE_SIZE, frame, 0, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE);
	tap_is(note(GIB + EXO_PAGE_SIZE, 1, 0, 0), E_MAPPED, "a page that is mapped takes no note");
	tap_is(note(GIB, 512, 0, EXO_MEGA), E_MAPPED, "nor does a table");
	tap_is(note(GIB & ~0x3ffffffful, 1ul << 18, 0, EXO_GIGA), E_MAPPED, "nor one above it");
	tap_is(note(GIB, 3, 5, 0), E_MAPPED, "a run ends in front of it");
	attempt_store(GIB + EXO_PAGE_SIZE);
	tap_ok(attempted.count == before && seen[0] == 10 && seen[2] == 0, "it is still mapped");
	tap_ok(exo_unmap(GIB + EXO_PAGE_SIZE, 1, 0, NULL, EXO_NONE) > 0, "and then unmapped");
}

/* A table with notes everywhere goes: its frames are a table, a space and memory of others. */
static void
check_heirs(void)
{
	static uint64_t words[512];
	exo_handle pair = memory[0];
	uint32_t slot = free_slot();
	uint64_t address = 0, sum = 0;
	int64_t made;

	tap_is(note(GIB, 512, ~0ul >> 1, 0), 0, "a table is full of notes");
	tap_is(exo_drop(tables[0], 0, 0), 0, "and goes");
	exo_revoke(frame, 0, 0);
	made = exo_create(EXO_CAP_TABLE, pair, slot, 0, 0);
	tap_ok(made > 0, "its frames are another table");
	exo_vm_map(exo_own_vm(), (exo_handle)made, 0, 1, EXO_READ, &address);
	for (uint32_t i = 0; i < 512; i++) {
		sum |= at(address)[i];
	}
	tap_ok(sum == 0, "with nothing in it");
	exo_vm_unmap(exo_own_vm(), address, 1);
	exo_map(GIB, (exo_handle)made, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	tap_ok(is_empty(GIB) && is_empty(GIB + MIB2 - EXO_PAGE_SIZE), "that maps nothing");
	note(GIB, 512, ~0ul >> 1, 0);
	exo_drop((exo_handle)made, 0, 0);
	exo_revoke(frame, 0, 0);
	tap_is(exo_vm_map(exo_own_vm(), pair, 0, 2, EXO_READ, &address), 0, "then they are memory");
	memcpy(words, (const void *)address, sizeof(words));
	for (uint32_t i = 0; i < 512; i++) {
		sum |= words[i] | at(address)[512 + i];
	}
	tap_ok(sum == 0, "and zero");
	exo_vm_unmap(exo_own_vm(), address, 2);
}

int
main(void)
{
	struct exo_cap_info info = {0};

	tap_plan(4 + 9 + 6 + 7);
	exo_on_exception(attempt_handler);
	exo_frames_carve(exo_own_frames(), 1, 1, &frame);
	exo_inspect(frame, 0, &info);
	page_number = info.start;
	tables_make();
	check_bits();
	check_calls();
	check_in_use();
	check_heirs();
	tables_end();
	return tap_end();
}
