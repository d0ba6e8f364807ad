/* SPDX-License-Identifier: MIT
 * hostile_s10_forged.c: S10: only a handle that the program was given names anything: no number it
 * makes up, and none that names something in the capability space of another.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define TRIES   20000
#define SCRATCH (EXO_VM_END - EXO_PAGE_SIZE) /* nothing is there */

static exo_handle own;  /* a page */
static uint64_t beside; /* an address whose table was used last */

/* Every call that takes a handle, with this one in each place; how many did not say E_HANDLE. */
static uint32_t
believed(exo_handle h)
{
	struct exo_cap_info info = {0};
	struct exo_context context = {0};
	const struct exo_launch launch = {0};
	char text[8] = "";
	const int64_t results[] = {
		exo_inspect(h, 0, &info),
		exo_map(beside, h, 0, 1, EXO_READ, NULL, EXO_NONE),
		exo_map(SCRATCH, h, 0, 1, EXO_READ, NULL, EXO_NONE),
		exo_map(SCRATCH, own, 0, 1, EXO_READ, NULL, h),
		exo_unmap(SCRATCH, 1, 0, NULL, h),
		exo_protect(SCRATCH, 1, EXO_READ, NULL, h),
		exo_carve(h, free_slot(), 0, 1, EXO_READ, 0),
		exo_share(h, free_slot(), 0, 1, EXO_READ, 0),
		exo_give(h, own, 1),
		exo_give(exo_start()->env, h, 1),
		exo_ask(h, 0, 1, 0),
		exo_revoke(h, 0, 0),
		exo_drop(h, 0, 0),
		exo_create(EXO_CAP_CSPACE, h, free_slot(), 0, 0),
		exo_create(EXO_CAP_CSPACE, own, free_slot(), h, 1),
		exo_bind(EXO_BIND_SPACE, h, exo_start()->space, 0),
		exo_bind(EXO_BIND_CSPACE, h, exo_start()->cspace, 0),
		exo_bind(EXO_BIND_CONSOLE, h, EXO_NONE, 1),
		exo_bind(EXO_BIND_PACKET, h, own, 0),
		exo_bind(EXO_BIND_BUFFER, h, own, 0),
		exo_unbind(EXO_BIND_CONSOLE, h),
		exo_unbind(EXO_BIND_PACKET, h),
		exo_signal(h, 1),
		h ? exo_yield(h) : E_HANDLE,
		exo_env_stop(h),
		exo_env_start(h),
		exo_env_read(h, &context),
		exo_env_write(h, &context),
		h ? exo_env_entry(h, EXO_ENTRY_EXCEPTION, 0, 0) : E_HANDLE,
		exo_env_supervisor(h, exo_start()->env, 1),
		exo_env_supervisor(exo_start()->env, h, 1),
		exo_env_launch(h, &launch),
		exo_console_write(h, text, 1),
		exo_console_read(h, text, 1),
		exo_power(h, EXO_POWER_OFF),
		exo_submit(h),
	};
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(results); i++) {
		/* with h EXO_NONE for a space these mean the caller's own */
		bool own_space = !h && i >= 3 && i <= 5;

		if (results[i] != E_HANDLE && !own_space && !(!h && i == 14)) {
			printf("# 0x%lx: call %u of the list: %s\n", (unsigned long)h, i,
			       exo_error_name(results[i]));
			wrong++;
		}
	}
	return wrong;
}

/* Each bit of a good handle but those that make it another slot of the same space. */
static void
check_bits(void)
{
	uint32_t wrong = 0;

	for (uint32_t bit = 15; bit < 64; bit++) {
		wrong += believed(own ^ 1ul << bit);
	}
	tap_is(wrong, 0, "no bit of a handle can be another");
}

static void
check_wild(void)
{
	static const uint64_t wild[] = {EXO_NONE,   ~0ul,           1ul << 32,    1ul << 63,
					0xffffffff, KERNEL_DIRECT,  KERNEL_IMAGE, 32768,
					32767,      0x80000001ul,   ~0ul << 32,   0x7fffffff,
					~0ul >> 1,  ~0ul << 32 | 1, 0x10000,      0xfffff000};
	uint64_t state = 0x9e3779b97f4a7c15ul;
	struct exo_cap_info info;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		wrong += believed(wild[i]);
	}
	tap_is(wrong, 0, "nothing wild is a handle");
	for (uint32_t i = 0; i < TRIES; i++) {
		wrong += exo_inspect(noise(&state), 0, &info) != E_HANDLE;
	}
	tap_is(wrong, 0, "nor is a random number");
}

/* All slots: what is in them is what was put there. */
static void
check_slots(void)
{
	uint32_t empty = 0, full = 0, believed_next = 0;
	struct exo_cap_info info;

	for (uint64_t slot = 0; slot < EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF; slot++) {
		bool there = false;

		for (uint64_t generation = 0; generation < 4; generation++) {
			int64_t result = exo_inspect(generation << 32 | slot, 0, &info);

			believed_next += there && result == 0;
			there |= result == 0;
		}
		full += there;
		empty += !there;
	}
	tap_is(believed_next, 0, "no slot answers to two generations");
	tap_ok(full > 4 && full < exo_start()->slots && empty > full, "%u slots are full", full);
}

/* A slot of leaf 4 in which nothing stands here. */
static uint32_t
foreign_slot(void)
{
	struct exo_cap_info info;
	uint32_t slot = 4 * EXO_SLOTS_PER_LEAF;
	uint64_t generation = 0;

	while (generation < 4) {
		bool there = exo_inspect(generation << 32 | slot, 0, &info) == 0;

		slot += there;
		generation = there ? 0 : generation + 1;
	}
	return slot;
}

/* Handles of another capability space mean nothing here, or what stands in the slot here. */
static void
check_foreign(void)
{
	const uint32_t slot = foreign_slot();
	exo_handle root, leaf, env, memory[3];
	int64_t given;

	exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, 0, 0, &root, &memory[0]);
	exo_frames_create(exo_own_frames(), EXO_CAP_CSPACE, root, 4, &leaf, &memory[1]);
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, THREAD_UAREAS, &env, &memory[2]);
	exo_bind(EXO_BIND_CSPACE, env, root, 0);
	given = exo_give(env, (exo_handle)exo_share(own, free_slot(), 0, 0, EXO_READ, 0), slot);
	tap_ok(given < 0, "what is not there cannot be given");
	given = exo_give(env, exo_share(env, free_slot(), 0, 0, EXO_ENV_SIGNAL, 0), slot);
	tap_ok(given > 0, "another one holds a capability");
	tap_is(believed((exo_handle)given), 0, "its handle means nothing here");
}

int
main(void)
{
	tap_plan(8);
	exo_frames_carve(exo_own_frames(), 1, 1, &own);
	exo_vm_reserve(exo_own_vm(), 1, &beside);
	exo_vm_map_at(exo_own_vm(), beside, own, 0, 1, EXO_READ);
	exo_unmap(beside, 1, 0, NULL, EXO_NONE);
	check_bits();
	check_wild();
	check_slots();
	check_foreign();
	return tap_end();
}
