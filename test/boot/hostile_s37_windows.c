/* SPDX-License-Identifier: MIT
 * hostile_s37_windows.c: S37: a window shows the registers that its capability names and no other
 * page: none of RAM, of what the kernel drives or needs, nothing to execute, nothing after its
 * end.
 *
 * boot: init SMP=2 DISK=1M NET=user
 */
#include "test/boot/attempt.h"
#include "test/boot/device.h"

#define MANY  2048 /* pages: four page tables */
#define LARGE 0x3200000000ul

static const struct {
	uint64_t page;
	const char *what;
} kept[] = {
	{0x100, "the power switch"},
	{0x2000, "the timer"},
	{0x200b, "the timer's last page but some"},
	{0xc000, "the interrupt controller"},
	{0xc200, "the interrupt controller's contexts"},
	{0x10000, "the console"},
	{0x80000, "the firmware"},
	{0x80200, "the kernel"},
	{0x88000, "RAM"},
	{0x8ffff, "the last page of RAM"},
	{0, "page 0"},
	{1ul << 44, "a page that no address has"},
};
#define KEPT (sizeof(kept) / sizeof(kept[0]))

/* Tries to get the page out of every root; how many gave it. */
static uint32_t
carved_from(uint64_t page)
{
	uint32_t got = 0;

	for (uint32_t i = 0; i < EXO_WINDOWS_MAX && exo_boot()->windows[i]; i++) {
		uint32_t slot = free_slot();

		got += exo_carve(exo_boot()->windows[i], slot, page, 1, EXO_READ, 0) >= 0;
		got += exo_share(exo_boot()->windows[i], slot, page, 1, EXO_READ, 0) >= 0;
		exo_slot_free(slot);
	}
	return got;
}

/* Virtio transports that the kernel drives: with a device in them, so it has one page each. */
static uint32_t
virtio_given(void)
{
	uint32_t given = 0;

	for (uint64_t page = 0x10001; page <= 0x10008; page++) {
		given += window_root(page) != EXO_NONE;
	}
	return given;
}

static bool
faults(uint64_t address)
{
	uint64_t before = attempted.count;

	attempt_load(address);
	return attempted.count > before;
}

static void
test_rights(void)
{
	exo_handle window =
		(exo_handle)carve_from(window_root(RTC_PAGE), RTC_PAGE, 1, EXO_READ | EXO_WRITE);
	exo_handle reader = (exo_handle)exo_share(window, free_slot(), RTC_PAGE, 1, EXO_READ, 0);
	uint64_t address = 0;

	exo_vm_reserve(exo_own_vm(), 1, &address);
	tap_is(exo_vm_map_at(exo_own_vm(), address, window, 0, 1, EXO_READ | EXO_EXEC), E_RIGHTS,
	       "registers are not executed");
	tap_is(exo_vm_map_at(exo_own_vm(), address, window, 0, 2, EXO_READ), E_RANGE,
	       "nor mapped beyond their end");
	tap_is(exo_vm_map_at(exo_own_vm(), address, window, ~0ul, 1, EXO_READ), E_RANGE,
	       "nor from far away");
	tap_is(exo_vm_map_at(exo_own_vm(), address, reader, 0, 1, EXO_READ | EXO_WRITE), E_RIGHTS,
	       "nor written by who may only read");
	tap_is(exo_vm_map_at(exo_own_vm(), address, reader, 0, 1, EXO_READ), 0, "they are read");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), E_RIGHTS,
	       "and not made writable afterwards");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_EXEC, NULL, EXO_NONE), E_RIGHTS,
	       "nor executable");
	tap_is(exo_create(EXO_CAP_CSPACE, window, free_slot(), 0, 0), E_TYPE,
	       "no object is made of them");
	tap_is(exo_clear(window, 0, 1), E_TYPE, "nor are they cleared");
	tap_is(exo_revoke(window, 0, 0), 0, "the reader's capability is revoked");
	tap_is(exo_protect(address, 1, EXO_READ, NULL, EXO_NONE), E_NOTMAPPED, "its page is gone");
	tap_ok(faults(address), "and cannot be read");
	tap_is(exo_slot_drop(window), 0, "dropped");
}

static void
test_many(void)
{
	int64_t window = carve_from(window_root(0x30000), 0x30000, MANY, EXO_READ);
	uint64_t address = 0;
	struct exo_cap_info info = {0};

	tap_is(exo_map(LARGE, (exo_handle)window, 1, EXO_MEGA_PAGES, EXO_READ | EXO_MEGA, NULL,
		       EXO_NONE),
	       E_ALIGN, "large pages of a window are aligned");
	tap_is(exo_vm_map(exo_own_vm(), (exo_handle)window, 0, MANY, EXO_READ, &address), 0,
	       "a large window");
	exo_inspect((exo_handle)window, 0, &info);
	tap_ok(info.bindings == EXO_BINDINGS_COUNTED, "is bound page by page");
	tap_is(exo_slot_drop((exo_handle)window), 0, "and goes in steps");
	tap_ok(faults(address) && faults(address + (MANY - 1) * EXO_PAGE_SIZE),
	       "from its first page to its last");
	tap_is(exo_inspect((exo_handle)window, 0, &info), E_HANDLE, "its name means nothing");
}

int
main(void)
{
	exo_on_exception(attempt_handler);
	tap_plan(KEPT + 1 + 13 + 6);
	for (uint32_t i = 0; i < KEPT; i++) {
		tap_is(carved_from(kept[i].page), 0, kept[i].what);
	}
	tap_is(virtio_given(), 6, "of eight virtio transports the kernel drives two");
	test_rights();
	test_many();
	return tap_end();
}
