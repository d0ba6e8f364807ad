/* SPDX-License-Identifier: MIT
 * mem_large.c: pages of 2 MiB: what clear promises, what may be done to a part, what is left when
 * the frames change hands.
 *
 * boot: init MEM=2200M
 */
#include "lib/exo/frames.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"

#define WHERE 0x3200000000ul
#define UNIT  EXO_MEGA_PAGES
#define BYTES (UNIT * EXO_PAGE_SIZE)
#define RW    (EXO_READ | EXO_WRITE)

static exo_handle pool, unit, tables[2];
static uint64_t start; /* of the unit, a page number */

static int64_t
map(exo_handle handle, uint64_t offset, uint64_t count, uint64_t flags)
{
	return exo_map(WHERE, handle, offset, count, flags, NULL, EXO_NONE);
}

static int64_t
unmap(uint64_t count, uint64_t flags)
{
	return exo_unmap(WHERE, count, flags, NULL, EXO_NONE);
}

static int64_t
protect(uint64_t page, uint64_t count, uint64_t flags)
{
	return exo_protect(WHERE + page * EXO_PAGE_SIZE, count, flags, NULL, EXO_NONE);
}

/* Can the program write at `page` of the range? */
static bool
is_writable(uint64_t page)
{
	struct exo_cap_info *info = (struct exo_cap_info *)(WHERE + page * EXO_PAGE_SIZE);

	return exo_inspect(pool, 0, info) == 0;
}

static bool
is_zero(uint64_t pages)
{
	const volatile uint64_t *word = (const volatile uint64_t *)WHERE;

	for (uint64_t i = 0; i < pages * EXO_PAGE_SIZE / sizeof(*word); i += 64) {
		if (word[i]) {
			return false;
		}
	}
	return true;
}

static void
write_all(uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++) {
		*(volatile uint64_t *)(WHERE + i * EXO_PAGE_SIZE) = i + 1;
	}
}

static int64_t
carve(exo_handle parent, uint64_t from, uint64_t count, exo_handle *handle)
{
	int64_t result = exo_carve(parent, (uint32_t)exo_slot_take(), from, count, RW, 0);

	*handle = result < 0 ? EXO_NONE : (exo_handle)result;
	return result < 0 ? result : 0;
}

static int64_t
share(exo_handle parent, uint64_t rights, exo_handle *handle)
{
	int64_t result = exo_share(parent, (uint32_t)exo_slot_take(), start, UNIT, rights, 0);

	*handle = result < 0 ? EXO_NONE : (exo_handle)result;
	return result < 0 ? result : 0;
}

static void
prepare(void)
{
	struct exo_cap_info info = {0};

	for (uint32_t level = 0; level < 2; level++) {
		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &tables[level], NULL);
	}
	exo_map(WHERE, tables[1], 0, 1, EXO_WRITE, NULL, EXO_NONE);
	tap_is(exo_frames_carve(exo_own_frames(), 2 * UNIT, UNIT, &pool), 0, "there is a unit");
	exo_inspect(pool, 0, &info);
	start = info.start;
	/* somebody leaves something in it */
	exo_map(WHERE, tables[0], 0, 1, EXO_WRITE, NULL, EXO_NONE);
	tap_is(carve(pool, start, UNIT, &unit), 0, "it is carved");
	tap_is(map(unit, 0, UNIT, RW), 0, "and mapped in small pages");
	write_all(UNIT);
	tap_is(exo_drop(unit, 0, 0), 0, "and given up");
	tap_is(exo_unmap(WHERE, UNIT, EXO_MEGA, NULL, EXO_NONE), 0, "the table is taken out");
}

/* A gigabyte of the memory that nobody uses yet, from its end; 0 or an error. */
static int64_t
carve_giga(exo_handle *handle)
{
	int64_t result = E_NOSPACE;

	for (uint32_t i = 0; i < EXO_RANGES_MAX && result; i++) {
		struct exo_cap_info info = {0};

		exo_inspect(exo_boot()->frames[i], 0, &info);
		if (info.count >= EXO_GIGA_PAGES) {
			result = carve(exo_boot()->frames[i],
				       info.start + info.count - EXO_GIGA_PAGES, EXO_GIGA_PAGES,
				       handle);
		}
	}
	return result;
}

static void
check_giga(void)
{
	exo_handle memory = EXO_NONE;

	tap_is(carve_giga(&memory), 0, "there is a gigabyte");
	tap_is(map(memory, 0, EXO_GIGA_PAGES, RW | EXO_GIGA), E_INVAL, "memory has no gigapages");
	tap_is(exo_drop(memory, 0, 0), 0, "it goes");
}

static void
check_clear(void)
{
	tap_is(carve(pool, start, UNIT, &unit), 0, "another one carves it");
	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), E_STATE, "who has not cleared it maps nothing");
	tap_is(exo_clear(unit, 1, UNIT), E_RANGE, "it holds one unit only");
	tap_is(exo_clear(pool, 0, UNIT), E_POOL, "a pool is nobody's");
	tap_is(exo_clear(unit, 0, UNIT / 2), E_ALIGN, "half a unit is none");
	tap_is(exo_clear(pool, 1, UNIT), E_ALIGN, "nor are two halves");
	tap_is(exo_clear(tables[0], 0, UNIT), E_TYPE, "nor is a table");
	tap_is(exo_clear(EXO_NONE, 0, UNIT), E_HANDLE, "nor is nothing");
	tap_is(exo_clear(unit, 0, ~0ul), E_RANGE, "a length may not wrap");
	tap_is(exo_clear(unit, 0, UNIT), 0, "it is cleared");
	tap_is(exo_clear(unit, 0, UNIT), 0, "and again");
	tap_is(map(unit, 0, 1, RW | EXO_MEGA), E_ALIGN, "one page is no unit");
	tap_is(map(unit, 0, UNIT, RW | EXO_GIGA), E_ALIGN, "nor is it a gigapage");
	tap_is(exo_map(WHERE, unit, 0, 1ul << 18, RW | EXO_GIGA, NULL, EXO_NONE), E_RANGE,
	       "nor holds one");
	tap_is(exo_map(WHERE + EXO_PAGE_SIZE, unit, 0, UNIT, RW | EXO_MEGA, NULL, EXO_NONE),
	       E_ALIGN, "nor does it stand anywhere");
	tap_is(map(unit, 0, UNIT, RW | EXO_EXEC | EXO_MEGA), E_INVAL, "nor W and X");
	tap_is(map(unit, 0, UNIT, EXO_EXEC | EXO_READ | EXO_MEGA), E_RIGHTS, "nor more rights");
	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), 0, "it is mapped");
	tap_ok(is_zero(UNIT), "nothing old is in it");
	write_all(UNIT);
	tap_ok(*(volatile uint64_t *)(WHERE + BYTES - EXO_PAGE_SIZE) == UNIT, "it is written");
}

static void
check_parts(void)
{
	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), E_MAPPED, "not again in the same place");
	tap_is(map(unit, 0, 1, RW), E_MAPPED, "nor a small page");
	tap_is(map(tables[0], 0, 1, EXO_WRITE), E_MAPPED, "nor a table");
	tap_is(exo_map(WHERE, EXO_NONE, 1, 1, 0, NULL, EXO_NONE), E_MAPPED, "nor a small note");
	tap_is(exo_map(WHERE, EXO_NONE, 1, UNIT, EXO_MEGA, NULL, EXO_NONE), E_MAPPED,
	       "nor a large one");
	tap_is(unmap(1, 0), E_ALIGN, "a part is not unmapped");
	tap_is(unmap(UNIT, 0), E_ALIGN, "nor the whole in parts");
	tap_is(protect(0, 1, EXO_READ), E_ALIGN, "a part is not protected");
	tap_is(protect(7, 1, RW), E_ALIGN, "wherever it is");
	tap_is(protect(0, UNIT, EXO_READ), E_ALIGN, "nor the whole in parts");
	tap_is(protect(0, UNIT, EXO_MEGA), E_INVAL, "an entry without rights would be a table");
	tap_is(protect(0, UNIT, EXO_MEGA | EXO_SOFT0), E_INVAL, "with a software bit too");
	tap_ok(is_writable(0) && is_writable(UNIT - 1), "nothing of that changed anything");
	tap_ok(protect(0, UNIT, EXO_READ | EXO_MEGA) >= (int64_t)EXO_DIRTY, "it was dirty");
	tap_ok(!is_writable(0) && !is_writable(UNIT - 1), "read-only it is, all of it");
	tap_ok(protect(0, UNIT, RW | EXO_MEGA) >= 0, "write comes back");
	tap_ok(is_writable(0) && is_writable(UNIT - 1), "everywhere");
	tap_is(protect(0, UNIT, EXO_READ | EXO_EXEC | EXO_MEGA), E_RIGHTS, "execute does not come");
	tap_ok(unmap(UNIT, EXO_MEGA) >= (int64_t)EXO_DIRTY, "it was dirty again");
	tap_ok(!is_writable(0) && !is_writable(UNIT - 1), "it is unmapped");
}

static void
check_ceiling(void)
{
	exo_handle looker;

	tap_is(share(unit, EXO_READ, &looker), 0, "another one may read");
	tap_is(map(looker, 0, UNIT, EXO_READ | EXO_MEGA), 0, "what the holder cleared");
	tap_ok(*(volatile uint64_t *)(WHERE + BYTES - EXO_PAGE_SIZE) != 0, "it reads");
	tap_is(protect(0, UNIT, RW | EXO_MEGA), E_RIGHTS, "write never comes");
	tap_is(exo_revoke(unit, 0, 0), 0, "it is revoked");
	tap_ok(!is_writable(3), "nothing is mapped");
	tap_is(map(looker, 0, UNIT, EXO_READ | EXO_MEGA), E_HANDLE, "nor can be");
}

/* A unit that was cleared as a whole is given back but for its first pages: what is left of it does
 * not stand in the way of whoever has the rest. */
static void
check_trim(void)
{
	exo_handle part;

	tap_is(exo_drop(unit, start, 8), 0, "its holder keeps a few pages");
	exo_map(WHERE, tables[0], 0, 1, EXO_WRITE, NULL, EXO_NONE);
	tap_is(map(unit, 0, 1, RW), 0, "and maps the first");
	tap_is(carve(pool, start + 8, 2, &part), 0, "another one carves of the rest");
	tap_is(exo_map(WHERE + 8 * EXO_PAGE_SIZE, part, 0, 2, RW, NULL, EXO_NONE), 0,
	       "and maps it");
	tap_is(exo_drop(part, 0, 0), 0, "and gives it up");
	exo_unmap(WHERE, UNIT, EXO_MEGA, NULL, EXO_NONE);
}

/* Parts of the unit change hands: the mark is gone, nothing old is seen. */
static void
check_hands(void)
{
	exo_handle part;
	int64_t made;

	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), 0, "the holder maps it again");
	write_all(UNIT);
	tap_is(carve(unit, start, 2, &part), E_BOUND, "a part of what is bound is not carved");
	tap_is(exo_revoke(pool, start + 9, 1), 0, "the pool takes a page of it back");
	tap_ok(!is_writable(0), "the whole goes");
	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), E_HANDLE, "its handle too");
	tap_is(carve(pool, start + 8, 2, &part), 0, "another one carves a part");
	exo_map(WHERE, tables[0], 0, 1, EXO_WRITE, NULL, EXO_NONE);
	tap_is(map(part, 0, 2, RW), 0, "and maps it");
	tap_ok(is_zero(2), "nothing old is in it");
	tap_is(exo_drop(part, 0, 0), 0, "it is given up");
	exo_unmap(WHERE, UNIT, EXO_MEGA, NULL, EXO_NONE);
	tap_is(carve(pool, start, UNIT, &unit), 0, "the whole is carved again");
	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), E_STATE, "it must be cleared again");
	tap_is(exo_clear(unit, 0, UNIT), 0, "it is");
	tap_is(carve(unit, start + 8, 2, &part), 0, "its holder carves a part");
	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), E_POOL, "then it is a pool");
	made = exo_create(EXO_CAP_TABLE, part, (uint32_t)exo_slot_take(), 1, 0);
	tap_ok(made >= 0, "a part becomes a table");
	tap_is(exo_drop(part, 0, 0), 0, "which goes");
	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), E_STATE, "so the mark is gone");
	tap_is(exo_inspect((exo_handle)made, 0, &(struct exo_cap_info){0}), E_HANDLE,
	       "the table too");
	tap_is(exo_clear(unit, 0, UNIT), 0, "it is cleared again");
	check_trim();
	exo_drop(unit, 0, 0);
	tap_is(carve(pool, start, UNIT, &unit), 0, "the whole is carved a third time");
	tap_is(exo_clear(unit, 0, UNIT), 0, "and cleared");
	tap_is(map(unit, 0, UNIT, RW | EXO_MEGA), 0, "and mapped");
	tap_ok(is_zero(UNIT), "nothing is in it");
	tap_is(exo_drop(tables[1], 0, 0), 0, "the table above it goes");
	tap_ok(!is_writable(0), "the mapping too");
	tap_is(exo_drop(pool, 0, 0), 0, "all goes");
}

int
main(void)
{
	tap_plan(86);
	prepare();
	check_giga();
	check_clear();
	check_parts();
	check_ceiling();
	check_hands();
	return tap_end();
}
