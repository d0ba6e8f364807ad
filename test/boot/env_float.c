/* SPDX-License-Identifier: MIT
 * env_float.c: floating point is yes or no: without it the unit is off and an instruction of it is
 * an exception of the program; nothing of one who has it is ever seen by another, nor its fcsr.
 *
 * boot: init SMP=1
 */
#include "test/boot/hostile.h"

#define DONE    22
#define MARK    0x7ff8dead0000beeful
#define ROUNDS  150
#define FCSR    0x71 /* rounding mode 3, inexact */
#define SECONDS EXO_NS_PER_S

static volatile uint64_t turns;
static volatile bool over;

/* Fills all registers, again and again. */
static void
marking_body(uint64_t mark)
{
	while (!over) {
		__asm__ volatile(".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
				 "fmv.d.x f\\n, %0\n\t.endr\n\t"
				 ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
				 "fmv.d.x f\\n, %0\n\t.endr\n\t"
				 "fscsr %1"
				 :
				 : "r"(mark), "r"((uint64_t)FCSR));
		turns++;
		exo_yield(EXO_NONE);
	}
	exo_exit(0);
}

/* Its own registers, as it finds them: a0 = OR of all and fcsr. */
static void
looking_body(uint64_t ignored)
{
	uint64_t all = 0;

	(void)ignored;
	__asm__ volatile("frcsr %0\n\t"
			 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "fmv.x.d t0, f\\n\n\tor %0, %0, t0\n\t.endr\n\t"
			 ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
			 "fmv.x.d t0, f\\n\n\tor %0, %0, t0\n\t.endr"
			 : "=r"(all)
			 :
			 : "t0");
	exo_exit(all);
}

static void
float_body(uint64_t ignored)
{
	(void)ignored;
	__asm__ volatile("fmv.x.d t0, ft0" : : : "t0");
	exo_exit(1);
}

static void
fcsr_body(uint64_t ignored)
{
	(void)ignored;
	__asm__ volatile("frcsr t0" : : : "t0");
	exo_exit(1);
}

static struct exo_context
end_of(struct hostile_thread *t)
{
	struct exo_context end = {0};

	exo_env_supervisor(t->env, exo_start()->env, DONE);
	exo_env_start(t->env);
	exo_wait(EXO_EVENT(DONE), 10 * SECONDS);
	exo_env_read(t->env, &end);
	return end;
}

/* Takes floating point from an environment of hostile.h: it is made anew without. */
static struct exo_context
without_float(void (*body)(uint64_t))
{
	struct hostile_thread t;
	struct exo_context context, end;

	hostile_thread_make(&t, 0, body, 0);
	exo_env_read(t.env, &context);
	exo_vm_unmap(exo_own_vm(), context.uarea, 1);
	exo_frames_destroy(exo_own_frames(), t.env, t.memory);
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, 0, context.uarea, &t.env, &t.memory);
	exo_bind(EXO_BIND_SPACE, t.env, exo_start()->space, 0);
	exo_bind(EXO_BIND_CSPACE, t.env, exo_start()->cspace, 0);
	context.f[3] = MARK;
	exo_env_write(t.env, &context);
	end = end_of(&t);
	hostile_thread_end(&t);
	return end;
}

static void
check_without(void)
{
	struct exo_context end = without_float(float_body);

	tap_ok(end.death.kind == EXO_DEATH_FAULT && end.death.cause == EXO_CAUSE_ILLEGAL &&
		       end.pc == end.death.pc,
	       "without floating point its instructions are exceptions");
	tap_ok(end.flags == 0 && end.f[3] == 0, "it has no such registers to be written");
	end = without_float(fcsr_body);
	tap_ok(end.death.kind == EXO_DEATH_FAULT && end.death.cause == EXO_CAUSE_ILLEGAL,
	       "fcsr as well");
}

/* Whoever runs next finds the registers as the marker left them, wherever the timer cut. */
static void
let_marker_run(void)
{
	uint64_t before = turns;

	while (turns == before) {
		exo_yield(EXO_NONE);
	}
}

static void
check_new_ones(void)
{
	uint64_t dirt = 0, strange = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct hostile_thread t;
		struct exo_context end;

		let_marker_run();
		hostile_thread_make(&t, 0, looking_body, 0);
		end = end_of(&t);
		if (end.death.kind != EXO_DEATH_EXIT) {
			printf("# %d: state %u kind %lu cause %lu pc %#lx tval %#lx\n", i,
			       end.state, end.death.kind, end.death.cause, end.death.pc,
			       end.death.tval);
		}
		dirt |= end.death.cause;
		strange += end.death.kind != EXO_DEATH_EXIT;
		hostile_thread_end(&t);
	}
	tap_is((int64_t)dirt, 0, "a new environment finds zeros, in fcsr too");
	tap_is((int64_t)strange, 0, "each time");
}

/* Written from outside, read back, kept over switches. */
static void
check_written(void)
{
	struct hostile_thread t;
	struct exo_context c = {0}, back;

	hostile_thread_make(&t, 0, looking_body, 0);
	exo_env_read(t.env, &c);
	c.f[17] = MARK;
	c.fcsr = 0x20;
	exo_env_write(t.env, &c);
	exo_env_read(t.env, &back);
	tap_ok(back.f[17] == MARK && back.fcsr == 0x20, "its registers can be set");
	back = end_of(&t);
	tap_ok(back.death.cause == (MARK | 0x20) && back.f[17] == MARK, "and it finds them");
	hostile_thread_end(&t);
}

int
main(void)
{
	struct hostile_thread marker;
	struct exo_context c;

	tap_plan(9);
	hostile_thread_start(&marker, 0, marking_body, MARK);
	check_without();
	check_new_ones();
	check_written();
	tap_ok(turns >= ROUNDS, "beside one that filled all of them %lu times",
	       (unsigned long)turns);
	exo_env_stop(marker.env);
	exo_env_read(marker.env, &c);
	tap_ok(c.f[31] == MARK && c.fcsr == FCSR, "whose own are intact");
	hostile_thread_end(&marker);
	return tap_end();
}
