/* SPDX-License-Identifier: MIT
 * panic.c: the end of everything, for a broken invariant of the kernel itself.
 */
#include "kern/panic.h"
#include <stdarg.h>
#include <exo/types.h>
#include "arch/arch.h"
#include "kern/console.h"
#include "kern/kernel.h"
#include "lib/base/print.h"

#define MESSAGE_BYTES 256
#define PRINT_SECONDS 2

static uint32_t panicking; /* the first hart to panic prints, the others wait */

void
panic(const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list arguments;
	uint64_t end = arch_time() + PRINT_SECONDS * arch_timebase_hz();

	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_SEQ_CST) == 0) {
		console_panic();
		va_start(arguments, format);
		vsnformat(message, sizeof(message), format, arguments);
		va_end(arguments);
		kprint("chitin: panic: %s\n", message);
		arch_power(EXO_POWER_FAIL, kernel_get()->test_device);
	}
	/* one that comes second waits for the first to print, which may have met with a trap itself
	 */
	while (arch_time() < end) {
	}
	arch_power(EXO_POWER_FAIL, kernel_get()->test_device);
	for (;;) {
		arch_wait();
	}
}
