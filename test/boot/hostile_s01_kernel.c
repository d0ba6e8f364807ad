/* SPDX-License-Identifier: MIT
 * hostile_s01_kernel.c: S1: no load, store, atomic instruction or jump reaches the kernel, the
 * firmware or a device by any address.
 *
 * boot: init SMP=1
 */
#include "test/boot/attempt.h"

static const uint64_t addresses[] = {
	KERNEL_IMAGE,
	KERNEL_IMAGE + 0x1000,
	KERNEL_IMAGE + 0x10000,
	KERNEL_IMAGE + 0x20000,
	KERNEL_DIRECT,
	KERNEL_DIRECT + 0x200000,
	KERNEL_DIRECT + 0x4000000,
	KERNEL_STACKS + 0x7ff0,
	KERNEL_MMIO,
	KERNEL_MMIO + 0x1000,
	~7ul,
	EXO_USER_END,
	EXO_USER_END + 0x1000,
	1ul << 63,
	0x0123456789abcde0ul,
	0,
	8,
	0x1000,
	0x100000,
	0x2000000,
	0xc000000,
	0x10000000,
	0x10001000,
	0x80000000,
	0x80200000,
	0x3000000000,
};

static void
check_addresses(void)
{
	static void (*const attempts[])(uint64_t address) = {
		attempt_load, attempt_store, attempt_swap, attempt_reserve, attempt_jump};
	static const uint64_t causes[] = {EXO_CAUSE_LOAD_PAGE, EXO_CAUSE_STORE_PAGE,
					  EXO_CAUSE_STORE_PAGE, EXO_CAUSE_LOAD_PAGE,
					  EXO_CAUSE_FETCH_PAGE};

	for (uint32_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		uint32_t right = 0;

		for (uint32_t k = 0; k < ARRAY_SIZE(attempts); k++) {
			uint64_t before = attempted.count;

			attempts[k](addresses[i]);
			/* QEMU 7.2 says "load" for an amo on a page that is not there */
			right += attempt_excepted(before, causes[k],
						  attempts[k] == attempt_swap ? EXO_CAUSE_LOAD_PAGE
									      : 0);
		}
		tap_ok(right == ARRAY_SIZE(attempts), "0x%lx cannot be reached: %u exceptions",
		       (unsigned long)addresses[i], right);
	}
}

int
main(void)
{
	tap_plan(ARRAY_SIZE(addresses));
	exo_on_exception(attempt_handler);
	check_addresses();
	return tap_end();
}
