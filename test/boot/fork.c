/* SPDX-License-Identifier: MIT
 * fork.c: a program forks again and again; parent and child read and write pages of their heap at
 * random, at the same time, and each sees what it wrote itself and else what was there at the fork.
 *
 * The heap is lib/cow's: a library's work, on page tables that hang in both spaces.
 *
 * boot: init SMP=2
 */
#include "lib/cow/cow.h"
#include "lib/exo/events.h"
#include "test/boot/tap.h"

#define PAGES     1700u /* four units, the last in part */
#define COPIES    COW_COPIES_MAX
#define FORKS     12
#define TOUCHES   3000
#define CHILD_BIT 5
#define SECONDS   EXO_NS_PER_S

/* What a side must see, by page; in globals, which both share: each writes its own. */
struct player {
	uint64_t expected[PAGES];
	uint64_t noise;
	uint64_t wrong;
	uint32_t reads; /* of ten touches */
};

static struct cow_heap heap;
static struct player parent;
static struct player child;

/* Marsaglia's xorshift64. */
static uint64_t
next(struct player *p)
{
	p->noise ^= p->noise << 13;
	p->noise ^= p->noise >> 7;
	p->noise ^= p->noise << 17;
	return p->noise;
}

static volatile uint64_t *
word_of(uint64_t page, uint64_t word)
{
	return (volatile uint64_t *)(COW_HEAP + page * EXO_PAGE_SIZE) + word;
}

/* Both ends of a page have the number, so a page is copied whole. */
static bool
page_is(uint64_t page, uint64_t value)
{
	return *word_of(page, 0) == value && *word_of(page, 511) == value;
}

/* A side can copy no more than COPIES pages: it writes to every second one only. */
static void
touch(struct player *p)
{
	uint64_t page = next(p) % PAGES;

	p->wrong += !page_is(page, p->expected[page]);
	if (page % 2 == 0 && next(p) % 10 >= p->reads) {
		p->expected[page] = next(p);
		*word_of(page, 0) = p->expected[page];
		*word_of(page, 511) = p->expected[page];
	}
}

static void
play(struct player *p, int touches)
{
	for (int i = 0; i < touches; i++) {
		touch(p);
	}
}

static void
check_all(struct player *p)
{
	for (uint64_t page = 0; page < PAGES; page++) {
		p->wrong += !page_is(page, p->expected[page]);
	}
}

/* Writes first, so that a write is what first touches some units. */
static void
child_main(void *argument)
{
	struct player *p = argument;
	uint64_t page = next(p) % (PAGES / 2) * 2;

	*word_of(page, 0) = p->expected[page];
	play(p, TOUCHES);
	check_all(p);
}

/* One fork; both play, or only one. Returns how often anything was wrong. */
static uint64_t
generation(int number)
{
	uint64_t failed = 0;

	for (uint64_t page = 0; page < PAGES; page++) {
		child.expected[page] = parent.expected[page];
	}
	child.wrong = 0;
	parent.wrong = 0;
	child.reads = number % 3 == 2 ? 10 : 8;
	parent.reads = number % 3 == 1 ? 10 : 7;
	failed += cow_fork(&heap, (uint32_t)number % exo_sysinfo()->harts, child_main, &child,
			   CHILD_BIT) != 0;
	play(&parent, number % 4 == 3 ? 0 : TOUCHES);
	failed += !exo_wait(EXO_EVENT(CHILD_BIT), 20 * SECONDS);
	check_all(&parent);
	failed += cow_join(&heap) != 0;
	check_all(&parent);
	play(&parent, number % 2 ? TOUCHES : 0);
	return failed + child.wrong + parent.wrong;
}

int
main(void)
{
	exo_handle low = cow_init_low();

	tap_plan(FORKS + 2);
	parent.noise = 88172645463325252ul;
	child.noise = 362436069ul;
	tap_ok(low != EXO_NONE, "init's table of the first GiB is found");
	tap_is(cow_open(&heap, PAGES, COPIES, low), 0, "a heap");
	for (uint64_t page = 0; page < PAGES; page++) {
		parent.expected[page] = page * 1000003;
		*word_of(page, 0) = parent.expected[page];
		*word_of(page, 511) = parent.expected[page];
	}
	for (int i = 0; i < FORKS; i++) {
		tap_is((int64_t)generation(i), 0, "parent and child see what they should");
	}
	return tap_end();
}
