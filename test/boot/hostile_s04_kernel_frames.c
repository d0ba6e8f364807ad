/* SPDX-License-Identifier: MIT
 * hostile_s04_kernel_frames.c: S4: no frame of the kernel's image, stacks and tables, of the
 * firmware, the initrd or the device tree is in a capability that can write; what the kernel
 * publishes can only be read.
 *
 * boot: init SMP=2
 */
#include "test/boot/attempt.h"

static uint64_t kernel_page, kernel_pages;

/* Every page of the kernel's image, by carving, sharing and offsets that wrap around: how many
 * tries were not refused. */
static uint32_t
reached_from(exo_handle root)
{
	struct exo_cap_info info = {0};
	uint32_t wrong = 0;
	uint64_t address;

	exo_inspect(root, 0, &info);
	for (uint64_t page = kernel_page - 1; page < kernel_page + kernel_pages; page++) {
		wrong += exo_carve(root, free_slot(), page, 1, EXO_READ, 0) != E_RANGE;
	}
	wrong += exo_carve(root, free_slot(), kernel_page, info.start - kernel_page + 1, EXO_READ,
			   0) != E_RANGE;
	wrong += exo_carve(root, free_slot(), kernel_page, kernel_page - info.start, EXO_READ, 0) !=
		 E_RANGE;
	wrong += exo_share(root, free_slot(), kernel_page, 1, EXO_READ, 0) >= 0;
	wrong += exo_vm_map(exo_own_vm(), root, kernel_page - info.start, 1, EXO_READ, &address) >=
		 0;
	return wrong;
}

static void
check_roots(void)
{
	const struct exo_boot *boot = exo_boot();
	struct exo_cap_info info;
	uint32_t overlapping = 0, reached = 0, roots = 0;

	for (uint32_t i = 0; i < EXO_RANGES_MAX && boot->frames[i]; i++) {
		exo_inspect(boot->frames[i], 0, &info);
		overlapping += info.start < kernel_page + kernel_pages &&
			       kernel_page < info.start + info.count;
		overlapping += info.start < exo_sysinfo()->ram_start >> 12;
		reached += reached_from(boot->frames[i]);
		roots++;
	}
	tap_ok(roots && kernel_pages > 16, "%u roots, %lu pages of the kernel", roots,
	       (unsigned long)kernel_pages);
	tap_is(overlapping, 0, "no root holds a page of the kernel or below the RAM");
	tap_is(reached, 0, "none of them leads to one");
}

/* Nothing writable comes of a capability that the kernel gave for reading. */
static void
check_readable(exo_handle published, const char *what)
{
	struct exo_cap_info info = {0};
	uint64_t address = 0, before = attempted.count;

	exo_inspect(published, 0, &info);
	tap_ok(info.count && !(info.rights & (EXO_WRITE | EXO_EXEC)), "%s is for reading", what);
	tap_is(exo_share(published, free_slot(), info.start, 1, EXO_READ | EXO_WRITE, 0), E_RIGHTS,
	       "no share of it can write");
	tap_is(exo_share(published, free_slot(), info.start + info.count, 1, EXO_READ, 0), E_RANGE,
	       "nor be of the page behind it");
	tap_is(exo_vm_map(exo_own_vm(), published, 0, 1, EXO_READ | EXO_WRITE, &address), E_RIGHTS,
	       "it is not mapped to be written");
	tap_is(exo_vm_map(exo_own_vm(), published, 0, 1, EXO_READ, &address), 0, "it is read");
	tap_is(exo_protect(address, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE), E_RIGHTS,
	       "write cannot be had later");
	attempt_store(address);
	tap_ok(attempt_excepted(before, EXO_CAUSE_STORE_PAGE, 0), "a store is an exception");
}

int
main(void)
{
	const struct exo_boot *boot = exo_boot();

	tap_plan(3 + 3 * 7);
	exo_on_exception(attempt_handler);
	kernel_page = exo_sysinfo()->kernel_start >> 12;
	kernel_pages = exo_sysinfo()->kernel_bytes >> 12;
	check_roots();
	check_readable(boot->sysinfo, "the system page");
	check_readable(boot->initrd, "the initrd");
	check_readable(boot->device_tree, "the device tree");
	return tap_end();
}
