/* SPDX-License-Identifier: MIT
 * hostile_s50_look.c: S50: what another environment holds and what its memory contains is seen only
 * with OBSERVE or CONTROL on it, and looking gives nothing that can be used.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define WORD 0x6c6f6f6b61746d65ul
#define MEGA (EXO_VM_END + (1ul << 30))

static struct other { /* it never runs */
	exo_handle env, env_memory;
	exo_handle cspace, cspace_memory;
	exo_handle leaf;
	exo_handle observe, control, rest; /* shares of env */
} other;

static exo_handle
share(uint64_t rights)
{
	return (exo_handle)exo_share(other.env, free_slot(), 0, 0, rights, 0);
}

static void
make(void)
{
	struct exo_frames *frames = exo_own_frames();

	exo_frames_create(frames, EXO_CAP_ENV, 0, THREAD_UAREAS, &other.env, &other.env_memory);
	exo_frames_create(frames, EXO_CAP_CSPACE, 0, 0, &other.cspace, &other.cspace_memory);
	exo_frames_create(frames, EXO_CAP_CSPACE, other.cspace, 3, &other.leaf, NULL);
	other.observe = share(EXO_ENV_OBSERVE);
	other.control = share(EXO_ENV_CONTROL);
	other.rest = share(EXO_ENV_CALL | EXO_ENV_SIGNAL | EXO_ENV_YIELD | EXO_ENV_GIVE);
}

static void
check_rights(void)
{
	struct exo_cap_info info = {0};
	static union exo_detail detail;
	uint64_t word = 0;

	tap_is(exo_env_inspect(other.rest, 0, &info), E_RIGHTS,
	       "no other right shows what it holds");
	tap_is(exo_env_peek(other.rest, 0, &word, 8), E_RIGHTS, "nor its memory");
	tap_is(exo_env_detail(other.rest, 0, 0, &detail), E_RIGHTS, "nor more of it");
	exo_env_detail(exo_start()->env, exo_boot()->packets[EXO_NIC_LOOP], 0, &detail);
	tap_is(detail.filter.end, 0, "nor where the kernel has what ends nowhere");
	tap_is(exo_env_detail(other.observe, exo_start()->console, 0, &detail), E_HANDLE,
	       "what others hold is not what it holds");
	tap_is(exo_env_inspect(other.cspace, 0, &info), E_TYPE, "a capability space is no ENV");
	tap_is(exo_env_peek(exo_start()->space, 0, &word, 8), E_TYPE, "nor is a space");
	tap_is(exo_env_inspect(EXO_NONE, 0, &info), E_HANDLE, "nothing shows nothing");
	tap_is(exo_env_peek(EXO_NONE, 0, &word, 8), E_HANDLE, "nor has it memory");
	tap_is(exo_env_inspect(other.observe, 0, &info), E_STATE,
	       "who holds nothing shows nothing");
	tap_is(exo_env_peek(other.control, 0, &word, 8), E_STATE, "who has no space has no memory");
}

static void
check_inspect(void)
{
	struct exo_cap_info info = {0}, pool = {0};
	exo_handle page;
	int64_t handle, given;

	exo_frames_carve(exo_own_frames(), 1, 1, &page);
	exo_inspect(page, 0, &pool);
	exo_bind(EXO_BIND_CSPACE, other.env, other.cspace, 0);
	tap_is(exo_env_inspect(other.observe, 0, &info), E_NOENT, "empty leaves are passed over");
	handle = exo_share(page, free_slot(), pool.start, 1, EXO_READ, 77);
	given = exo_give(other.env, (exo_handle)handle, 200);
	tap_ok(given > 0, "it is given a capability");
	tap_is(exo_env_inspect(other.observe, 0, &info), given, "its handle is shown to OBSERVE");
	tap_is(exo_env_inspect(other.control, 200, &info), given, "and to CONTROL");
	tap_ok(info.type == EXO_CAP_FRAME && info.rights == EXO_READ && info.badge == 77 &&
		       info.start == pool.start && info.count == 1,
	       "and what it is");
	tap_ok(pool.place && info.parent == pool.place && info.place != pool.place,
	       "and which one it was derived from");
	tap_ok(exo_inspect((exo_handle)given, 0, &info) == E_HANDLE || info.place == 0 ||
		       info.badge != 77,
	       "the handle names nothing to who looks");
	tap_is(exo_env_inspect(other.observe, 201, &info), E_NOENT, "there is no other behind it");
	tap_is(exo_env_inspect(other.observe, 504 * 64 - 1, &info), E_NOENT,
	       "nor in the last slot");
	tap_is(exo_env_inspect(other.observe, 504 * 64, &info), E_NOENT, "nor behind that");
	tap_is(exo_env_inspect(other.observe, UINT32_MAX, &info), E_NOENT, "nor anywhere");
	tap_is(exo_env_inspect(other.observe, 0, (struct exo_cap_info *)KERNEL_IMAGE), E_FAULT,
	       "it is written only where the caller may");
	exo_revoke(page, 0, 0);
	tap_is(exo_env_inspect(other.observe, 0, &info), E_NOENT, "what is revoked is gone");
}

static int64_t
peek(uint64_t address)
{
	uint64_t word = 0;
	int64_t result = exo_env_peek(other.observe, address, &word, sizeof(word));

	return result == sizeof(word) && word == WORD ? 1 : result;
}

static void
check_memory(void)
{
	static uint8_t much[2 * EXO_PEEK_BYTES];
	struct exo_pages page;
	uint64_t address;

	exo_bind(EXO_BIND_SPACE, other.env, exo_start()->space, 0);
	exo_pages_make(&page, 1);
	address = (uint64_t)page.memory;
	*(uint64_t *)page.memory = WORD;
	tap_is(peek(address), 1, "a word of its memory is shown");
	tap_is(exo_env_peek(other.control, address, much, sizeof(much)), EXO_PEEK_BYTES,
	       "at most so much at once");
	tap_is(exo_env_peek(other.observe, address + 4090, much, 99), 6, "and of one page");
	tap_is(exo_env_peek(other.observe, address, (void *)KERNEL_DIRECT, 8), E_FAULT,
	       "it is written only where the caller may");
	tap_is(exo_env_peek(other.observe, address, (void *)KERNEL_DIRECT, 0), 0, "nothing is 0");
	tap_is(peek(EXO_USER_END), E_RANGE, "there is nothing behind the user half");
	tap_is(peek(KERNEL_IMAGE), E_RANGE, "not the kernel");
	tap_is(peek(KERNEL_DIRECT), E_RANGE, "nor memory as the kernel sees it");
	tap_is(peek(~0ul), E_RANGE, "nor the last byte");
	tap_is(peek(MEGA - EXO_PAGE_SIZE), E_NOTMAPPED, "nothing is mapped there");
	exo_protect(address, 1, 0, NULL, EXO_NONE);
	tap_is(peek(address), 1, "what it may not touch itself is still its own");
	exo_unmap(address, 1, 0, NULL, EXO_NONE);
	tap_is(peek(address), E_NOTMAPPED, "what is unmapped is not shown");
	exo_map(address, EXO_NONE, WORD, 1, 0, NULL, EXO_NONE);
	tap_is(peek(address), E_NOTMAPPED, "nor is a note a page");
}

static void
check_large(void)
{
	struct exo_frames *frames = exo_own_frames();
	exo_handle unit, table;

	exo_frames_carve(frames, EXO_MEGA_PAGES, EXO_MEGA_PAGES, &unit);
	exo_frames_create(frames, EXO_CAP_TABLE, 1, 0, &table, NULL);
	exo_map(MEGA, table, 0, 1, EXO_WRITE, NULL, EXO_NONE);
	tap_is(exo_clear(unit, 0, EXO_MEGA_PAGES), 0, "2 MiB are made ready");
	tap_is(exo_map(MEGA, unit, 0, EXO_MEGA_PAGES, EXO_READ | EXO_WRITE | EXO_MEGA, NULL,
		       EXO_NONE),
	       0, "and mapped");
	*at(MEGA + 0x123450) = WORD;
	tap_is(peek(MEGA + 0x123450), 1, "a word in the middle is shown");
	tap_is(peek(MEGA + 0x1ff000 + 4088), 8, "and the last");
	tap_is(peek(MEGA + 0x200000), E_NOTMAPPED, "but none behind it");
}

static void
check_window(void)
{
	uint64_t address;

	tap_is(exo_vm_map(exo_own_vm(), exo_boot()->windows[0], 0, 1, EXO_READ, &address), 0,
	       "registers of a device are mapped");
	tap_is(peek(address), E_NOTMAPPED, "but not read for somebody else");
}

static void
check_end(void)
{
	struct exo_cap_info info;

	exo_drop(other.env, 0, 0);
	tap_is(exo_env_inspect(other.observe, 0, &info), E_HANDLE, "whose ENV is gone is not seen");
	tap_is(peek((uint64_t)&info), E_HANDLE, "nor is its memory");
}

int
main(void)
{
	tap_plan(11 + 13 + 13 + 5 + 2 + 2);
	make();
	check_rights();
	check_inspect();
	check_memory();
	check_large();
	check_window();
	check_end();
	return tap_end();
}
