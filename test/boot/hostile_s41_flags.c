/* SPDX-License-Identifier: MIT
 * hostile_s41_flags.c: S41: of all flags that map and protect can be given, for small and large
 * pages, a batch or one, only rights, accessed, dirty and two software bits get into an entry.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define GIB    0x3200000000ul
#define MIB2   0x200000ul
#define PAGE   (GIB + 5 * EXO_PAGE_SIZE)
#define SOFT   (EXO_SOFT0 | EXO_SOFT1)
#define USED   (EXO_ACCESSED | EXO_DIRTY)
#define CHOICE (EXO_READ | EXO_WRITE | EXO_EXEC | USED | SOFT)
#define FIXED  0x11ul /* valid, of a user */
#define RW     (EXO_READ | EXO_WRITE)

static exo_handle frame, unit, tables[2];
static uint64_t frame_page, unit_page;
static const volatile uint64_t *seen[2];
static uint64_t always; /* bits that every entry has here */

static uint64_t
entry(uint32_t level)
{
	return level ? seen[1][1] : seen[0][5];
}

static void
wipe(uint32_t level)
{
	if (level) {
		exo_unmap(GIB + MIB2, 512, EXO_MEGA, NULL, EXO_NONE);
	} else {
		exo_unmap(PAGE, 1, 0, NULL, EXO_NONE);
	}
}

/* Nothing but the page that was asked for, with bits that a caller may choose and did. */
static bool
is_sound(uint32_t level, uint64_t flags)
{
	uint64_t pte = entry(level);
	uint64_t page = level ? unit_page : frame_page;

	return !pte || (pte >> 10 == page && !(pte & ~(CHOICE | FIXED) & 0x3ff) &&
			(pte & FIXED) == FIXED && !(pte & CHOICE & ~(flags | always)) &&
			!(pte & EXO_WRITE && (pte & EXO_EXEC || !(pte & EXO_READ))));
}

static int64_t
map(uint32_t level, uint64_t flags)
{
	static const struct exo_map_entry more[4]; /* whatever is read of it is refused */

	return exo_map(level ? GIB + MIB2 : PAGE, level ? unit : frame, 0, level ? 512 : 1, flags,
		       more, EXO_NONE);
}

static int64_t
protect(uint32_t level, uint64_t flags)
{
	static const struct exo_map_entry more[4];

	return exo_protect(level ? GIB + MIB2 : PAGE, level ? 512 : 1, flags, more, EXO_NONE);
}

/* As the second element of a batch, behind one that is fine. */
static int64_t
map_second(uint32_t level, uint64_t flags)
{
	const struct exo_map_entry more = {level ? GIB + MIB2 : PAGE, level ? unit : frame, 0,
					   level ? 512 : 1, flags};

	exo_unmap(GIB, 1, 0, NULL, EXO_NONE);
	return exo_map(GIB, frame, 0, 1, EXO_READ | 1ul << EXO_BATCH_SHIFT, &more, EXO_NONE);
}

static int64_t
protect_second(uint32_t level, uint64_t flags)
{
	const struct exo_map_entry more = {level ? GIB + MIB2 : PAGE, EXO_NONE, 0, level ? 512 : 1,
					   flags};

	return exo_protect(GIB, 1, EXO_READ | 1ul << EXO_BATCH_SHIFT, &more, EXO_NONE);
}

/* Every bit by itself, beside read, and beside read and write; and pairs of bits. */
static uint32_t
try_maps(uint32_t level, int64_t (*call)(uint32_t level, uint64_t flags))
{
	const uint64_t base = level ? EXO_MEGA : 0;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < 64; i++) {
		for (uint32_t k = 0; k < 64; k += i < 16 ? 1 : 7) {
			uint64_t flags = base | 1ul << i | 1ul << k;

			wipe(level);
			call(level, flags);
			wrong += !is_sound(level, flags);
			wipe(level);
			call(level, flags | EXO_READ);
			wrong += !is_sound(level, flags | EXO_READ);
		}
	}
	wipe(level);
	return wrong;
}

static uint32_t
try_protects(uint32_t level, int64_t (*call)(uint32_t level, uint64_t flags))
{
	const uint64_t base = level ? EXO_MEGA : 0;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < 64; i++) {
		for (uint32_t k = 0; k < 64; k += i < 16 ? 1 : 7) {
			uint64_t flags = base | (k & 1 ? EXO_READ : 0) | 1ul << i | 1ul << k;
			uint64_t before;

			protect(level, base | RW);
			before = entry(level);
			if (call(level, flags) < 0 && !(flags >> EXO_BATCH_SHIFT)) {
				wrong += (entry(level) & ~USED) != (before & ~USED);
			}
			wrong += !is_sound(level, before | flags) || !entry(level);
		}
	}
	return wrong;
}

static void
check_level(uint32_t level, const char *name)
{
	tap_is(try_maps(level, map), 0, name);
	tap_is(try_maps(level, map_second), 0, "and in a batch");
	tap_is(map(level, (level ? EXO_MEGA : 0) | RW), 0, "one is mapped to read and write");
	tap_is(try_protects(level, protect), 0, "no flag of protect changes another bit");
	tap_is(try_protects(level, protect_second), 0, "nor in a batch");
	wipe(level);
}

/* Bits that a caller may not set are an error without effect. */
static void
check_refused(void)
{
	static const uint64_t refused[] = {1, 0x10, 0x20, 0x1000, 0x2000, 0x4000, 0x8000};
	uint32_t right = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(refused); i++) {
		right += map(0, EXO_READ | refused[i]) == E_INVAL && entry(0) == 0;
	}
	tap_is(right, ARRAY_SIZE(refused), "what is no flag is refused by map");
	map(0, RW);
	for (right = 0; right < ARRAY_SIZE(refused); right++) {
		if (protect(0, EXO_READ | refused[right]) != E_INVAL || !(entry(0) & EXO_WRITE)) {
			break;
		}
	}
	tap_is(right, ARRAY_SIZE(refused), "and by protect");
	tap_is(protect(0, EXO_READ | EXO_GIGA), E_ALIGN, "a page is no gigapage");
	tap_is(exo_protect(PAGE, 1, EXO_READ | EXO_EXEC, NULL, EXO_NONE), E_RIGHTS,
	       "execute does not come by protect");
	wipe(0);
	tap_is(map(0, SOFT | USED), E_INVAL, "bits without a right map nothing");
}

static void
prepare(void)
{
	struct exo_cap_info info = {0};

	for (uint32_t level = 0; level < 2; level++) {
		uint64_t address = 0;

		exo_frames_create(exo_own_frames(), EXO_CAP_TABLE, level, 0, &tables[level], NULL);
		exo_vm_map(exo_own_vm(), tables[level], 0, 1, EXO_READ, &address);
		seen[level] = (const volatile uint64_t *)address;
	}
	exo_map(GIB, tables[1], 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_map(GIB, tables[0], 0, 1, EXO_WRITE, NULL, EXO_NONE);
	exo_frames_carve(exo_own_frames(), 1, 1, &frame);
	exo_inspect(frame, 0, &info);
	frame_page = info.start;
	exo_frames_carve(exo_own_frames(), 512, 512, &unit);
	exo_inspect(unit, 0, &info);
	unit_page = info.start;
	always = exo_sysinfo()->isa_ad ? 0 : USED;
	tap_is(exo_clear(unit, 0, 512), 0, "a page and a unit");
}

int
main(void)
{
	tap_plan(1 + 5 + 5 + 5);
	prepare();
	check_level(0, "no flag of map brings another bit into an entry of a page");
	check_level(1, "nor of a unit");
	check_refused();
	return tap_end();
}
