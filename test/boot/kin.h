/* SPDX-License-Identifier: MIT
 * kin.h: children that are this program again, each in a space of its own, told by their first
 * argument what to do; a page that all share, and the ENV of the parent. For tests that run as
 * init.
 */
#ifndef TEST_BOOT_KIN_H
#define TEST_BOOT_KIN_H

#include <string.h>

#include "lib/base/cpio.h"
#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/slots.h"
#include "lib/exo/spawn.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"

#define KIN_POOL_PAGES 200

static struct {
	const void *elf;
	size_t bytes;
	struct exo_pages shared; /* of the parent; zero first */
} kin;

/* Finds a file of the initrd: 0 or an error. */
static inline int
kin_find(const char *name)
{
	const struct exo_boot *boot = exo_boot();
	uint64_t bytes = boot->initrd_offset + boot->initrd_bytes;
	uint64_t count = (bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE;
	uint64_t address;
	struct cpio_entry file;
	int result = exo_vm_map(exo_own_vm(), boot->initrd, 0, count, EXO_READ, &address);

	if (result == 0) {
		result = cpio_find((const uint8_t *)address + boot->initrd_offset,
				   boot->initrd_bytes, name, &file);
	}
	if (result == 0) {
		kin.elf = file.data;
		kin.bytes = file.bytes;
	}
	return result;
}

/* Finds the program in the initrd and makes `pages` shared pages: 0 or an error. */
static inline int
kin_open(uint64_t pages)
{
	int result = kin_find("init");

	return result < 0 ? result : exo_pages_make(&kin.shared, pages);
}

static inline exo_handle
kin_share(exo_handle handle, uint64_t rights)
{
	struct exo_cap_info info = {.start = 0};
	int64_t result = exo_inspect(handle, 0, &info);

	if (result == 0) {
		bool is_object = info.type >= EXO_CAP_ENV;

		result = exo_share(handle, (uint32_t)exo_slot_take(), is_object ? 0 : info.start,
				   is_object ? 0 : info.count, rights, 0);
	}
	return result < 0 ? EXO_NONE : (exo_handle)result;
}

/* A child that does `what` on `hart`; its end raises `bit`. Flags as of exo_create. 0 or an error.
 */
static inline int
kin_start(struct exo_child *child, const char *what, uint32_t hart, uint32_t flags, uint32_t bit)
{
	const char *const args[] = {what};
	struct exo_gift gifts[] = {
		{kin_share(exo_start()->console, EXO_WRITE), EXO_GIFT(console)},
		{kin_share(exo_start()->sysinfo, EXO_READ), EXO_GIFT(sysinfo)},
		{kin_share(kin.shared.frames, EXO_READ | EXO_WRITE), EXO_GIFT(others[0])},
		{kin_share(exo_start()->env, EXO_ENV_SIGNAL | EXO_ENV_YIELD), EXO_GIFT(others[1])},
	};
	struct exo_spawn spawn = {.name = "child",
				  .elf = kin.elf,
				  .elf_bytes = kin.bytes,
				  .hart = hart,
				  .flags = EXO_ENV_FP | flags,
				  .self_rights = EXO_RIGHTS_ALL,
				  .args = args,
				  .arg_count = 1,
				  .gifts = gifts,
				  .gift_count = 4,
				  .supervisor = exo_start()->env,
				  .supervisor_bit = bit};
	int result = exo_frames_carve(exo_own_frames(), KIN_POOL_PAGES, 2, &spawn.pool);

	return result < 0 ? result : exo_spawn(&spawn, child);
}

/* In the child: the shared pages, or 0. */
static inline void *
kin_shared(void)
{
	struct exo_cap_info info;
	uint64_t address;

	if (exo_inspect(exo_start()->others[0], 0, &info) ||
	    exo_vm_map(exo_own_vm(), exo_start()->others[0], 0, info.count, EXO_READ | EXO_WRITE,
		       &address)) {
		return NULL;
	}
	return (void *)address;
}

/* Its ENV of the parent. */
static inline exo_handle
kin_parent(void)
{
	return exo_start()->others[1];
}

/* Takes all of a child back. 0 or an error. */
static inline int
kin_end(struct exo_child *child)
{
	int result = exo_child_end(child);

	return result < 0 ? result : exo_frames_release(exo_own_frames(), child->pool);
}

#endif
