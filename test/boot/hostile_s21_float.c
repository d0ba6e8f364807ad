/* SPDX-License-Identifier: MIT
 * hostile_s21_float.c: S21: floating-point registers keep their values over switches, naps and
 * whatever others do with theirs, and show nobody those of another.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define MARK 0x7ea57ea57ea57ea5ul

static volatile uint64_t float_dirt[2], marked[2];

/* Fills the floating-point registers, lets others run, and counts how often they were still the
 * same. */
static void
mark_body(uint64_t index)
{
	uint64_t mark = MARK + index;

	for (;;) {
		uint64_t dirt;

		__asm__ volatile(".irp n, 0, 1, 7, 15, 16, 31\n fmv.d.x f\\n, %0\n .endr"
				 :
				 : "r"(mark));
		if (marked[index] & 1) {
			exo_yield(EXO_NONE);
		} else {
			exo_sleep(0, exo_ticks() + 10);
		}
		__asm__ volatile("li %0, 0\n .irp n, 0, 1, 7, 15, 16, 31\n fmv.x.d t0, f\\n\n xor "
				 "t0, t0, %1\n or %0, %0, t0\n .endr"
				 : "=&r"(dirt)
				 : "r"(mark)
				 : "t0");
		if (dirt) {
			float_dirt[index] |= 2;
			exo_exit(1);
		}
		marked[index]++;
	}
}

int
main(void)
{
	struct hostile_thread mark[2];
	struct exo_context end = {0};

	tap_plan(8);
	for (uint32_t i = 0; i < 2; i++) {
		hostile_thread_start(&mark[i], 0, mark_body, i);
	}
	exo_pause(300000000);
	for (uint32_t i = 0; i < 2; i++) {
		tap_ok(marked[i] > 10, "one kept its own %lu times", (unsigned long)marked[i]);
		tap_is((int64_t)float_dirt[i], 0, "and never saw another's");
		exo_env_stop(mark[i].env);
		exo_env_read(mark[i].env, &end);
		tap_is((int64_t)end.death.kind, EXO_DEATH_NONE, "it lives");
		tap_ok(end.f[31] == MARK + i || !end.f[31], "and shows its own");
	}
	return tap_end();
}
