/* SPDX-License-Identifier: MIT
 * mem_bits.c: what a page-table entry remembers for its libOS: accessed and dirty bits, two
 * software bits, and a note of 63 bits where nothing is mapped; at each level.
 *
 * boot: init
 */
#include "lib/exo/frames.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define GIB     0x3200000000ul /* not the libraries': nothing hangs there */
#define PAGE    (GIB + 5 * EXO_PAGE_SIZE)
#define SOFT    (EXO_SOFT0 | EXO_SOFT1)
#define USED    (EXO_ACCESSED | EXO_DIRTY)
#define BITS    0x3fful
#define NOTE    0x7edcba9876543210ul
#define VALID   1ul
#define RW      (EXO_READ | EXO_WRITE)
#define NEITHER 0ul

static exo_handle tables[2], frames;
static const volatile uint64_t *seen[2];

static int64_t
map(uint64_t address, uint64_t flags)
{
	return exo_map(address, frames, 0, 1, flags, NULL, EXO_NONE);
}

static int64_t
note(uint64_t address, uint64_t count, uint64_t value, uint64_t flags)
{
	return exo_map(address, EXO_NONE, value, count, flags, NULL, EXO_NONE);
}

static int64_t
unmap(uint64_t address, uint64_t count, uint64_t flags)
{
	return exo_unmap(address, count, flags, NULL, EXO_NONE);
}

static uint64_t
entry(void)
{
	return seen[0][5];
}

static void
prepare(void)
{
	for (uint32_t level = 0; level < 2; level++) {
		uint64_t address = 0;

		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &tables[level], NULL);
		exo_vm_map(exo_own_vm(), tables[level], 0, 1, EXO_READ, &address);
		seen[level] = (const volatile uint64_t *)address;
	}
	exo_frames_carve(exo_own_frames(), 1, 1, &frames);
	tap_is(exo_map(GIB, tables[1], 0, 1, EXO_WRITE, NULL, EXO_NONE), 0, "a table hangs");
	tap_is(exo_map(GIB, tables[0], 0, 1, EXO_WRITE, NULL, EXO_NONE), 0, "and one below it");
}

/* The harts of this machine set the bits, or every entry has them. */
static void
check_used(void)
{
	uint64_t always = exo_sysinfo()->isa_ad ? NEITHER : USED;
	volatile uint64_t *word = (volatile uint64_t *)PAGE;
	exo_handle fresh = EXO_NONE;

	tap_is(map(PAGE, RW), 0, "a page is mapped");
	tap_is(map(PAGE, RW), E_MAPPED, "and not twice");
	exo_frames_carve(exo_own_frames(), 1, 1, &fresh);
	tap_is(exo_map(PAGE, fresh, 0, 1, RW, NULL, EXO_NONE), E_MAPPED,
	       "nor is one that must be cleared first");
	exo_drop(fresh, 0, 0);
	tap_is((int64_t)(entry() & USED), (int64_t)always, "it is not used yet");
	(void)*word;
	tap_is((int64_t)(entry() & USED), (int64_t)(always | EXO_ACCESSED), "it was read");
	tap_is(exo_protect(PAGE, 1, RW, NULL, EXO_NONE), (int64_t)(always | EXO_ACCESSED),
	       "protect of one page tells");
	tap_is((int64_t)(entry() & USED), (int64_t)always, "and begins anew");
	*word = 1;
	tap_is((int64_t)(entry() & USED), (int64_t)USED, "it was written");
	tap_is(exo_protect(PAGE, 1, RW | SOFT, NULL, EXO_NONE), (int64_t)USED,
	       "protect the long way tells");
	tap_is((int64_t)(entry() & BITS), (int64_t)(0x11 | RW | SOFT | always),
	       "and sets what it is told");
	tap_is(exo_protect(PAGE, 1, EXO_READ | EXO_SOFT1, NULL, EXO_NONE), (int64_t)always,
	       "protect takes bits away");
	tap_is((int64_t)(entry() & BITS), (int64_t)(0x11 | EXO_READ | EXO_SOFT1 | always),
	       "no others are left");
	*(volatile uint64_t *)PAGE;
	tap_is(unmap(PAGE, 1, 0), (int64_t)(always | EXO_ACCESSED), "unmap tells");
	tap_is(map(PAGE, RW | USED | SOFT), 0, "one is mapped with all bits");
	tap_is((int64_t)(entry() & BITS), (int64_t)(0x11 | RW | USED | SOFT), "it has them");
	tap_is(exo_protect(PAGE, 1, 0, NULL, EXO_NONE), (int64_t)USED, "its rights go");
	tap_is(exo_protect(PAGE, 1, RW, NULL, EXO_NONE), (int64_t)always, "and come back");
	tap_is(map(PAGE + EXO_PAGE_SIZE, RW | 0x10), E_INVAL, "bit 4 is the kernel's");
	tap_is(map(PAGE + EXO_PAGE_SIZE, RW | 0x20), E_INVAL, "and bit 5");
	tap_is(map(PAGE + EXO_PAGE_SIZE, SOFT), E_INVAL, "software bits alone map nothing");
	tap_is(unmap(PAGE, 1, 0), (int64_t)always, "it is unmapped");
}

static void
check_notes(void)
{
	tap_is(note(PAGE, 1, NOTE, 0), 0, "an empty entry takes a note");
	tap_ok(entry() == NOTE << 1, "it is there");
	tap_is(note(PAGE, 1, 1ul << 63, 0), E_INVAL, "64 bits are too many");
	tap_is(note(PAGE, 1, 0, EXO_SOFT0), E_INVAL, "a note has no flags");
	tap_is(note(PAGE, 1, VALID, EXO_READ), E_HANDLE, "nor rights");
	tap_is(unmap(PAGE, 1, 0), 0, "unmap passes over it");
	tap_is(exo_protect(PAGE, 1, EXO_READ, NULL, EXO_NONE), E_NOTMAPPED, "for protect too");
	tap_ok(entry() == NOTE << 1, "it is still there");
	tap_is(map(PAGE, EXO_READ), 0, "a page is mapped over it");
	tap_is(note(PAGE, 1, NOTE, 0), E_MAPPED, "and takes no note");
	tap_is(note(PAGE - EXO_PAGE_SIZE, 2, 7, 0), E_MAPPED, "nor one of a run");
	tap_ok(seen[0][4] == 14, "but the entry in front of it does");
	unmap(PAGE, 1, 0);
	tap_is(note(GIB + (1ul << 21), 511 * 512, NOTE, EXO_MEGA), 0, "511 empty units take one");
	tap_ok(seen[1][1] == NOTE << 1 && seen[1][511] == NOTE << 1, "each of them");
	tap_is(note(GIB, 512, NOTE, EXO_MEGA), E_MAPPED, "not the one with a table");
	tap_is(note(GIB + EXO_PAGE_SIZE, 512, NOTE, EXO_MEGA), E_ALIGN, "nor at an odd place");
	tap_is(note(GIB, 512, NOTE, EXO_MEGA | EXO_GIGA), E_INVAL, "nor at two levels");
	tap_is(note(GIB + (1ul << 21), 1, NOTE, 0), E_NOTABLE, "a note is no table");
	tap_is(note(GIB + (1ul << 30), 1ul << 18, NOTE, EXO_GIGA), 0, "a root's entry takes one");
	tap_is(note(GIB + (1ul << 30), 1ul << 18, 0, EXO_GIGA), 0, "and loses it");
	tap_is(note(0x4000000000, 1ul << 18, 0, EXO_GIGA), E_RANGE, "not in the kernel's half");
}

/* Only who says so takes a table out; it keeps what is mapped in it. */
static void
check_unhang(void)
{
	tap_is(unmap(GIB, 512, 0), 0, "all its pages are unmapped");
	tap_is(map(PAGE, RW), 0, "the table still hangs");
	*(volatile uint64_t *)PAGE = 77;
	tap_is(unmap(GIB, 512, EXO_MEGA), 0, "it is taken out");
	tap_is(map(PAGE, RW), E_NOTABLE, "and gone");
	tap_ok((seen[0][5] & VALID) && *(volatile uint64_t *)&seen[1][0] == 0, "not what is in it");
	tap_is(exo_map(GIB + (1ul << 21), tables[0], 0, 1, EXO_WRITE, NULL, EXO_NONE), 0,
	       "it hangs elsewhere");
	tap_ok(*(volatile uint64_t *)(PAGE + (1ul << 21)) == 77, "with its page");
	tap_is(exo_protect(GIB + (1ul << 21), 512, EXO_READ, NULL, EXO_NONE), E_NOTMAPPED,
	       "protect finds its empty entries");
	tap_is(exo_protect(GIB + (1ul << 21), 512, EXO_MEGA | EXO_READ, NULL, EXO_NONE),
	       E_NOTMAPPED, "and takes no table for a page");
	tap_is(unmap(GIB, 1ul << 18, EXO_GIGA), 0, "the upper table is taken out");
	tap_is(exo_drop(tables[1], 0, 0), 0, "it goes");
	tap_is(exo_drop(tables[0], 0, 0), 0, "and the lower one");
	tap_is(exo_drop(frames, 0, 0), 0, "and the frame");
}

int
main(void)
{
	tap_plan(57);
	prepare();
	check_used();
	check_notes();
	check_unhang();
	return tap_end();
}
