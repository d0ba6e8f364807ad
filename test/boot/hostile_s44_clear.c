/* SPDX-License-Identifier: MIT
 * hostile_s44_clear.c: S44: while a hart clears a unit and maps it, others take it, carve of it and
 * bind its pages: each page is one holder's, and zero for the next.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define UNIT   EXO_MEGA_PAGES
#define WHERE  0x3200000000ul
#define SMALL  (WHERE + 0x200000ul) /* the same, in small pages */
#define SECRET 0x5ec2e75ec2e75ec2ul
#define MEET   24 /* pages */
#define MARK   0x3a2c3a2c3a2c3a2cul
#define ROUNDS 16
#define RW     (EXO_READ | EXO_WRITE)

static exo_handle pool;
static uint64_t start;
static volatile exo_handle unit; /* whose turn it is to be cleared */
static volatile uint32_t cleared, mapped, leaks;

/* 0 if the page has gone meanwhile. */
static uint64_t
peek(uint64_t address)
{
	uint64_t word;

	__asm__ volatile(".option push\n.option norvc\nli %0, 0\nld %0, 0(%1)\n.option pop"
			 : "=&r"(word)
			 : "r"(address)
			 : "memory");
	return word;
}

static void
poke(uint64_t address, uint64_t word)
{
	__asm__ volatile(".option push\n.option norvc\nsd %0, 0(%1)\n.option pop"
			 :
			 : "r"(word), "r"(address)
			 : "memory");
}

static void
look_and_mark(uint64_t address)
{
	for (uint64_t i = 0; i < UNIT; i += 3) {
		leaks += peek(address + i * EXO_PAGE_SIZE) == SECRET;
		poke(address + i * EXO_PAGE_SIZE, MARK);
	}
}

/* Clears and maps without end whatever the unit is just now. */
static void
clear_body(uint64_t hart)
{
	(void)hart;
	for (;;) {
		exo_handle now = unit;

		if (now == EXO_NONE) {
			linger(10);
			continue;
		}
		cleared += exo_clear(now, 0, UNIT) == 0;
		if (exo_map(WHERE, now, 0, UNIT, RW | EXO_MEGA, NULL, EXO_NONE) == 0) {
			mapped++;
			look_and_mark(WHERE);
			exo_unmap(WHERE, UNIT, EXO_MEGA, NULL, EXO_NONE);
		}
	}
}

/* It is another's at once: what was there is not seen, and the last holder does not come back. */
static uint32_t
take_part(uint32_t slot, uint64_t from)
{
	exo_handle part = (exo_handle)exo_carve(pool, slot, start + from, 2, RW, 0);
	uint64_t address = 0;
	uint32_t wrong = 0;

	if (exo_vm_map(exo_own_vm(), part, 0, 2, RW, &address) != 0) {
		return 1;
	}
	for (uint64_t i = 0; i < 1024; i += 128) {
		wrong += at(address)[i] != 0;
	}
	*at(address) = SECRET;
	*at(address + EXO_PAGE_SIZE) = SECRET;
	linger(3000);
	wrong += *at(address) != SECRET || *at(address + EXO_PAGE_SIZE) != SECRET;
	exo_vm_unmap(exo_own_vm(), address, 2);
	return wrong + (exo_drop(part, 0, 0) != 0);
}

/* Small pages of the unit, bound by its holder while others clear it, keep what is in them. */
static uint32_t
bind_some(uint64_t from)
{
	uint64_t address = 0;
	uint32_t wrong = 0;

	if (exo_vm_map(exo_own_vm(), unit, from, 4, RW, &address) != 0) {
		return 1;
	}
	at(address)[5] = SECRET ^ from;
	linger(2000);
	wrong += at(address)[5] != (SECRET ^ from);
	at(address)[5] = 0;
	return wrong + (exo_vm_unmap(exo_own_vm(), address, 4) != 0);
}

/* Page by page downwards, against the hart that clears from the beginning: where they meet both
 * want the same one. What was written is still there when both are through. */
static uint32_t
bind_towards(void)
{
	uint32_t wrong = 0;

	for (uint64_t i = MEET; i-- > 0;) {
		wrong += exo_map(SMALL, unit, i, 1, RW, NULL, EXO_NONE) != 0;
		at(SMALL)[7] = SECRET + i;
		wrong += exo_unmap(SMALL, 1, 0, NULL, EXO_NONE) < 0;
	}
	wrong += exo_map(SMALL, unit, 0, MEET, EXO_READ, NULL, EXO_NONE) != 0;
	for (uint64_t i = 0; i < MEET; i++) {
		wrong += at(SMALL + i * EXO_PAGE_SIZE)[7] != SECRET + i;
	}
	return wrong + (exo_unmap(SMALL, MEET, 0, NULL, EXO_NONE) < 0);
}

/* The pool's holder uses the pages itself, lets them be cleared for another one, takes them back in
 * the middle of that and maps them at once: no page is half its own and half cleared. */
static uint32_t
take_back(uint32_t slot, uint64_t time)
{
	uint32_t wrong = exo_map(SMALL, pool, 0, UNIT, RW, NULL, EXO_NONE) != 0;
	exo_handle part;

	for (uint64_t i = 0; i < UNIT; i++) {
		at(SMALL + i * EXO_PAGE_SIZE)[7] = SECRET + i;
		at(SMALL + i * EXO_PAGE_SIZE)[511] = SECRET + i;
	}
	wrong += exo_unmap(SMALL, UNIT, 0, NULL, EXO_NONE) < 0;
	unit = (exo_handle)exo_carve(pool, slot, start, UNIT, RW, 0);
	linger(time);
	part = unit;
	unit = EXO_NONE;
	wrong += exo_drop(part, 0, 0) != 0;
	wrong += exo_map(SMALL, pool, 0, UNIT, RW, NULL, EXO_NONE) != 0;
	for (uint64_t i = 0; i < UNIT; i++) {
		const volatile uint64_t *word = at(SMALL + i * EXO_PAGE_SIZE);

		wrong += word[7] != word[511] || (word[7] && word[7] != SECRET + i);
	}
	for (uint64_t i = UNIT; i-- > 0;) { /* what was cleared late would be seen now */
		const volatile uint64_t *word = at(SMALL + i * EXO_PAGE_SIZE);

		wrong += word[7] != word[511];
	}
	return wrong + (exo_unmap(SMALL, UNIT, 0, NULL, EXO_NONE) < 0);
}

static int64_t
take(uint32_t round)
{
	switch (round % 3) {
	case 0:
		return exo_drop(unit, 0, 0);
	case 1:
		return exo_revoke(pool, start + round * 7 % UNIT, 1);
	default:
		return exo_revoke(pool, 0, 0);
	}
}

int
main(void)
{
	struct hostile_thread thread;
	struct exo_cap_info info = {0};
	uint32_t slots[2] = {free_slot(), free_slot()};
	uint32_t failed = 0, wrong = 0, met = 0, back = 0;
	uint64_t seed = 99;
	exo_handle table, part;

	tap_plan(7);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(WHERE, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, 0, 0, &table, NULL);
	exo_map(SMALL, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_carve(exo_own_frames(), UNIT, UNIT, &pool);
	exo_inspect(pool, 0, &info);
	start = info.start;
	failed += hostile_thread_make(&thread, 1, clear_body, 0) != 0;
	exo_env_entry(thread.env, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
		      (uint64_t)exo_skip_window);
	failed += exo_env_start(thread.env) != 0;
	tap_is(failed, 0, "a hart clears and maps a unit");
	for (uint32_t round = 0; round < ROUNDS; round++) {
		unit = (exo_handle)exo_carve(pool, slots[0], start, UNIT, RW, 0);
		failed += (int64_t)unit < 0;
		linger(noise(&seed) % (round % 4 ? 5000 : 300000));
		wrong += bind_some(noise(&seed) % (UNIT - 4));
		failed += take(round) != 0;
		wrong += take_part(slots[1], noise(&seed) % (UNIT - 2));
	}
	tap_is(failed, 0, "it is carved and taken again and again");
	tap_is(wrong, 0, "who has a part of it next finds nothing, and keeps what it writes");
	for (uint32_t round = 0; round < 4; round++) {
		unit = (exo_handle)exo_carve(pool, slots[0], start, UNIT, RW, 0);
		met += bind_towards();
		part = unit;
		unit = EXO_NONE;
		failed += exo_drop(part, 0, 0) != 0;
		back += take_back(slots[0], noise(&seed) % 3000);
	}
	tap_is(met, 0, "both bind pages of one unit, and nothing is cleared that was written");
	tap_is(back, 0, "who takes it back in the middle finds no page that is half cleared");
	tap_is(leaks, 0, "nor does it find what others left there");
	for (int tries = 0; tries < 500 && !mapped; tries++) {
		unit = (exo_handle)exo_carve(pool, slots[0], start, UNIT, RW, 0);
		exo_pause(20000000);
		exo_revoke(pool, 0, 0);
	}
	tap_ok(mapped && cleared, "it got the unit mapped");
	printf("# mapped %u times\n", mapped);
	hostile_thread_end(&thread);
	return tap_end();
}
