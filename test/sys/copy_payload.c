/* SPDX-License-Identifier: MIT
 * copy_payload.c: the kernel's user_copy_in and user_copy_out, alone on a machine without paging:
 * every alignment of both sides, and every distance from the end of memory, where accesses fault as
 * those of a page that is not mapped do. test_copy.py builds and runs it.
 */
#include <stdbool.h>
#include <stdint.h>

#define MEMORY_END  0x84000000ul /* -m 64M */
#define BYTES_MAX   72u
#define GUARD       16u
#define PC          0x12345678ul /* what sepc must be afterwards */
#define SUM_AND_SPP 0x40100ul

int64_t user_copy_in(void *to, uint64_t from, uint64_t bytes);
int64_t user_copy_out(uint64_t to, const void *from, uint64_t bytes);
void trap_kernel(void);
void payload_main(void);

static uint8_t source[2 * BYTES_MAX] __attribute__((aligned(8)));
static uint8_t target[2 * BYTES_MAX] __attribute__((aligned(8)));

__asm__(".globl _start; _start: la sp, stack_end; la t0, trap_kernel; csrw stvec, t0;"
	"call payload_main; .balign 4; .globl trap_kernel; trap_kernel: li a0, 0x13333; call stop;"
	".bss; .balign 16; .zero 8192; stack_end: .text");

/* 0x5555: well; else the number of the check that failed. */
void stop(uint32_t code);
void
stop(uint32_t code)
{
	*(volatile uint32_t *)0x100000 = code;
	for (;;) {
	}
}

static uint64_t
copy(uint8_t *to, const uint8_t *from, uint64_t bytes, bool in)
{
	uint64_t pc = PC, vector, status, result;

	__asm__ volatile("csrw sepc, %0" ::"r"(pc));
	result = (uint64_t)(in ? user_copy_in(to, (uint64_t)from, bytes)
			       : user_copy_out((uint64_t)to, from, bytes));
	__asm__ volatile("csrr %0, sepc" : "=r"(pc));
	__asm__ volatile("csrr %0, stvec" : "=r"(vector));
	__asm__ volatile("csrr %0, sstatus" : "=r"(status));
	if (pc != PC || vector != (uint64_t)trap_kernel || status & SUM_AND_SPP) {
		stop(0x23333);
	}
	return result;
}

static void
fill(uint8_t *to, uint32_t bytes, uint32_t first, uint32_t step)
{
	for (uint32_t i = 0; i < bytes; i++) {
		to[i] = (uint8_t)(first + i * step);
	}
}

static bool
is_filled(const uint8_t *from, uint32_t bytes, uint32_t first, uint32_t step)
{
	for (uint32_t i = 0; i < bytes; i++) {
		if (from[i] != (uint8_t)(first + i * step)) {
			return false;
		}
	}
	return true;
}

static void
check_alignments(uint32_t to, uint32_t from)
{
	for (uint32_t n = 0; n < BYTES_MAX; n++) {
		fill(target, sizeof(target), 0xee, 0);
		if (copy(target + GUARD + to, source + from, n, n & 1) ||
		    !is_filled(target, GUARD + to, 0xee, 0) ||
		    !is_filled(target + GUARD + to, n, from * 7, 7) ||
		    !is_filled(target + GUARD + to + n, GUARD, 0xee, 0)) {
			stop(0x33333);
		}
	}
}

/* `left` bytes in front of the end of memory. */
static void
check_end(uint32_t left, uint32_t other)
{
	uint8_t *end = (uint8_t *)MEMORY_END;

	for (uint32_t n = 1; n < BYTES_MAX; n++) {
		uint64_t right = n > left;

		fill(end - BYTES_MAX, BYTES_MAX, 0, 7);
		if (copy(target + other, end - left, n, true) != right) {
			stop(0x43333);
		}
		if (copy(end - left, source + other, n, false) != right ||
		    !is_filled(end - BYTES_MAX, BYTES_MAX - left, 0, 7) ||
		    (!right && !is_filled(end - left, n, other * 7, 7))) {
			stop(0x53333);
		}
	}
}

void
payload_main(void)
{
	fill(source, sizeof(source), 0, 7);
	for (uint32_t i = 0; i < 64; i++) {
		check_alignments(i / 8, i % 8);
	}
	for (uint32_t i = 0; i < 8 * 40; i++) {
		check_end(i / 8, i % 8);
	}
	stop(0x5555);
}
