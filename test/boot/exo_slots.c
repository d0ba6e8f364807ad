/* SPDX-License-Identifier: MIT
 * exo_slots.c: the capability space grows by leaves; frames and addresses are found and come back.
 *
 * boot: init
 */
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define MANY 3000 /* more than init has slots for */

static exo_handle handles[MANY];

static void
check_growth(void)
{
	int carved = 0;
	int dropped = 0;
	exo_handle stale;

	while (carved < MANY && exo_frames_carve(exo_own_frames(), 1, 1, &handles[carved]) == 0) {
		carved++;
	}
	tap_is(carved, MANY, "3000 capabilities are carved");
	stale = handles[0];
	for (int i = 0; i < carved; i++) {
		dropped += exo_slot_drop(handles[i]) == 0;
	}
	tap_is(dropped, MANY, "and dropped");
	tap_is(exo_drop(stale, 0, 0), E_HANDLE, "their handles are stale then");
	tap_is(exo_slot_take() > 0, true, "their slots are free");
}

static void
check_alignment(void)
{
	exo_handle single;
	exo_handle pair;
	struct exo_cap_info info;

	tap_is(exo_frames_carve(exo_own_frames(), 1, 1, &single), 0, "a page is carved");
	tap_is(exo_frames_carve(exo_own_frames(), 2, 2, &pair), 0, "a pair is carved");
	tap_is(exo_inspect(pair, 0, &info), 0, "it can be looked at");
	tap_ok(info.count == 2 && info.start % 2 == 0, "it has two pages and is aligned");
	tap_is(exo_frames_carve(exo_own_frames(), 0, 1, &pair), E_INVAL, "no page is no range");
	tap_is(exo_frames_carve(exo_own_frames(), 1ul << 40, 1, &pair), E_NOSPACE,
	       "more than there is is refused");
}

/* A mapping that crosses three page tables. */
static void
check_mapping(void)
{
	struct exo_pages pages;
	uint64_t count = 1100;
	uint64_t *words;
	uint64_t wrong = 0;

	tap_is(exo_pages_make(&pages, count), 0, "1100 pages are carved and mapped");
	words = pages.memory;
	for (uint64_t i = 0; i < count; i++) {
		wrong += words[i * 512] != 0;
		words[i * 512] = i;
	}
	for (uint64_t i = 0; i < count; i++) {
		wrong += words[i * 512] != i;
	}
	tap_is((int64_t)wrong, 0, "each is zero first and then keeps what is written");
	tap_is(exo_pages_end(&pages), 0, "they are given back");
	tap_is(exo_pages_make(&pages, count), 0, "and made again");
	tap_ok(pages.memory == (void *)words, "at the same address");
	tap_is(exo_vm_map_at(exo_own_vm(), (uint64_t)words, pages.frames, 0, 1, EXO_READ), E_MAPPED,
	       "an address in use is refused");
}

int
main(void)
{
	tap_plan(16);
	check_growth();
	check_alignment();
	check_mapping();
	return tap_end();
}
