/* SPDX-License-Identifier: MIT
 * env_checkpoint.c: a library stops a computing environment, copies its registers and its memory,
 * ends it, makes another one on another hart out of the copy, and that one goes on.
 *
 * The computation runs in a space of its own: a code page, a data page, its u-area. Its state is
 * everywhere: in integer and floating-point registers, in memory, in entry points; each turn takes
 * an exception, and events come from outside, so that it is caught in handlers as well. It must
 * end with what it would have had undisturbed.
 *
 * boot: init SMP=2
 */
#include "test/boot/hostile.h"

#define DONE        21
#define TURNS       60000ul
#define CHECKPOINTS 8
#define UAREA       (EXO_UAREA_BASE + 0x10000)
#define CODE        0x400000ul
#define DATA        0x800000ul
#define MS          1000000ul
#define EVENT_BIT   9
#define WORD(n)     (EXO_U_LIBRARY / 8 + (n)) /* of the u-area, as the assembly below has it */

/* s1 turns, s2 LCG, s3 s4 its constants, s5 data page, fs0 sum, fs1 what is added. u-area words at
 * EXO_U_LIBRARY: 0 scratch, 1 exceptions, 2 upcalls. */
extern uint8_t task_code[], task_handler[], task_window[], task_event[];
__asm__(".section .text.task, \"ax\"\n"
	".option push\n.option norvc\n.balign 4096\n"
	".globl task_code, task_handler, task_window, task_event\n"
	"task_code:\n"
	"1:	mul	s2, s2, s3\n"
	"	add	s2, s2, s4\n"
	"	andi	t0, s2, 1016\n"
	"	add	t0, t0, s5\n"
	"	ld	t1, 0(t0)\n"
	"	xor	t1, t1, s2\n"
	"	sd	t1, 0(t0)\n"
	"	fadd.d	fs0, fs0, fs1\n"
	"	.word	0x0b\n"
	"	addi	s1, s1, -1\n"
	"	bnez	s1, 1b\n"
	"	mv	a0, s2\n"
	"	li	a7, -19\n"
	"	ecall\n"
	"task_handler:\n"
	"	sd	t0, 1536(gp)\n"
	"	ld	t0, 1544(gp)\n"
	"	addi	t0, t0, 1\n"
	"	sd	t0, 1544(gp)\n"
	"	ld	t0, 8(gp)\n"
	"	addi	t0, t0, 4\n"
	"	sd	t0, 8(gp)\n"
	"	ld	t0, 1536(gp)\n"
	"	sd	zero, 0(gp)\n"
	"task_window:\n"
	"	ld	gp, 8(gp)\n"
	"	jr	gp\n"
	"task_event:\n"
	"	ld	t0, 1552(gp)\n"
	"	addi	t0, t0, 1\n"
	"	sd	t0, 1552(gp)\n"
	"	li	a7, -18\n"
	"	ecall\n"
	".balign 4096\n.option pop\n.previous\n");

struct task {
	exo_handle env, env_memory;
	exo_handle space, space_memory;
	exo_handle code;       /* FRAME */
	struct exo_pages data; /* seen here as well */
	struct exo_vm vm;
	uint64_t *uarea;
};

/* What is kept of it when it is gone. */
struct image {
	struct exo_context context;
	uint64_t data[EXO_PAGE_SIZE / 8];
	uint64_t uarea[EXO_PAGE_SIZE / 8];
};

static struct image image;

static uint64_t
in_task(const void *label)
{
	return CODE + ((uint64_t)label - (uint64_t)task_code);
}

/* A code page for all: their capability of it is a share. */
static exo_handle
code_page(void)
{
	static struct exo_pages code;

	if (!code.memory) {
		exo_pages_make(&code, 1);
		memcpy(code.memory, task_code, EXO_PAGE_SIZE);
		exo_fence_i();
	}
	return code.frames;
}

/* Everything that a task needs, empty and stopped. 0 or an error. */
static int64_t
task_make(struct task *t, uint32_t hart, uint64_t flags)
{
	struct exo_frames *own = exo_own_frames();
	uint64_t address;
	int64_t r = exo_frames_create(own, EXO_CAP_SPACE, 0, 0, &t->space, &t->space_memory);

	r = r ? r : exo_pages_make(&t->data, 1);
	r = r ? r
	      : exo_frames_create(own, EXO_CAP_ENV, hart | flags << 8, UAREA, &t->env,
				  &t->env_memory);
	exo_vm_open(&t->vm, t->space, own);
	r = r ? r : exo_vm_map_at(&t->vm, CODE, code_page(), 0, 1, EXO_READ | EXO_EXEC);
	r = r ? r : exo_vm_map_at(&t->vm, DATA, t->data.frames, 0, 1, EXO_READ | EXO_WRITE);
	r = r ? r : exo_vm_map_at(&t->vm, UAREA, t->env, 0, 1, EXO_READ | EXO_WRITE);
	r = r ? r : exo_vm_map(exo_own_vm(), t->env, 0, 1, EXO_READ | EXO_WRITE, &address);
	t->uarea = (uint64_t *)address;
	r = r ? r : exo_bind(EXO_BIND_SPACE, t->env, t->space, 0);
	r = r ? r : exo_bind(EXO_BIND_CSPACE, t->env, exo_start()->cspace, 0);
	return r ? r : exo_env_supervisor(t->env, exo_start()->env, DONE);
}

static int64_t
task_end(struct task *t)
{
	struct exo_frames *own = exo_own_frames();
	int64_t r = exo_vm_unmap(exo_own_vm(), (uint64_t)t->uarea, 1) < 0;

	r |= exo_frames_destroy(own, t->env, t->env_memory);
	r |= exo_frames_destroy(own, t->space, t->space_memory);
	return r | exo_pages_end(&t->data);
}

static int64_t
task_begin(struct task *t)
{
	struct exo_context c = {.pc = in_task(task_code)};
	double one = 1.25;
	int64_t r = task_make(t, 0, EXO_ENV_FP);

	c.x[9] = TURNS;
	c.x[18] = 1;
	c.x[19] = 6364136223846793005ul;
	c.x[20] = 1442695040888963407ul;
	c.x[21] = DATA;
	memcpy(&c.f[9], &one, sizeof(one));
	r = r ? r : exo_env_write(t->env, &c);
	r = r ? r
	      : exo_env_entry(t->env, EXO_ENTRY_EXCEPTION, in_task(task_handler),
			      in_task(task_window));
	r = r ? r : exo_env_entry(t->env, EXO_ENTRY_EVENT, in_task(task_event), 1ul << EVENT_BIT);
	return r ? r : exo_env_start(t->env);
}

/* --- the checkpointer --------------------------------------------------------------------- */
static int64_t
task_save(const struct task *t, struct image *to)
{
	int64_t r = exo_env_stop(t->env);

	r = r ? r : exo_env_read(t->env, &to->context);
	memcpy(to->data, t->data.memory, sizeof(to->data));
	memcpy(to->uarea, t->uarea, sizeof(to->uarea));
	return r;
}

static int64_t
task_restore(struct task *t, const struct image *from, uint32_t hart)
{
	const struct exo_context *c = &from->context;
	int64_t r = task_make(t, hart, c->flags);

	if (r) {
		return r;
	}
	memcpy(t->data.memory, from->data, sizeof(from->data));
	memcpy(t->uarea, from->uarea, sizeof(from->uarea));
	r = exo_env_entry(t->env, EXO_ENTRY_EXCEPTION, c->exception_entry, c->exception_window);
	r = r ? r : exo_env_entry(t->env, EXO_ENTRY_EVENT, c->event_entry, c->event_mask);
	r = r ? r : exo_signal(t->env, c->events);
	r = r ? r : exo_env_write(t->env, c);
	return r ? r : exo_env_start(t->env);
}

/* --- the test ----------------------------------------------------------------------------- */
static struct image
result_of(const struct task *t)
{
	struct image end;

	memset(&end, 0, sizeof(end));
	exo_wait(1ul << DONE, 60 * EXO_NS_PER_S);
	task_save(t, &end);
	exo_env_read(t->env, &end.context);
	return end;
}

static void
check_undisturbed(struct image *wanted)
{
	struct task t = {0};

	tap_is(task_begin(&t), 0, "a task computes undisturbed");
	*wanted = result_of(&t);
	tap_ok(wanted->context.state == EXO_STATE_DEAD &&
		       wanted->context.death.kind == EXO_DEATH_EXIT &&
		       wanted->uarea[WORD(1)] == TURNS,
	       "and ends after %lu exceptions", (unsigned long)wanted->uarea[WORD(1)]);
	tap_is(task_end(&t), 0, "nothing is left of it");
}

/* 0 when it was over before, else 1. */
static int
move(struct task *t, uint32_t hart, int64_t *error)
{
	for (int i = 0; i < 40; i++) {
		exo_signal(t->env, 1ul << EVENT_BIT);
		linger(2000);
	}
	*error = task_save(t, &image);
	if (*error == E_DEAD) {
		*error = 0;
		return 0;
	}
	*error = *error ? *error : task_end(t);
	*error = *error ? *error : task_restore(t, &image, hart);
	return 1;
}

static void
check_moved(const struct image *wanted)
{
	struct task t = {0};
	struct image end;
	int64_t error = 0;
	int moves = 0;

	tap_is(task_begin(&t), 0, "another one begins");
	while (moves < CHECKPOINTS && !error && move(&t, (uint32_t)(moves + 1) % 2, &error)) {
		moves++;
	}
	tap_is(error, 0, "it is ended and made again");
	tap_ok(moves == CHECKPOINTS, "%d times", moves);
	end = result_of(&t);
	tap_is((int64_t)end.context.death.cause, (int64_t)wanted->context.death.cause,
	       "it has the same result");
	tap_ok(!memcmp(end.data, wanted->data, sizeof(end.data)), "the same memory");
	tap_ok(end.context.f[8] == wanted->context.f[8] && end.context.f[8],
	       "the same floating-point sum");
	tap_is((int64_t)end.uarea[WORD(1)], (int64_t)TURNS, "no exception is lost or repeated");
	tap_ok(end.uarea[WORD(2)] > 0, "%lu upcalls came", (unsigned long)end.uarea[WORD(2)]);
	tap_is(task_end(&t), 0, "nothing is left of it");
}

int
main(void)
{
	static struct image wanted;

	tap_plan(12);
	check_undisturbed(&wanted);
	check_moved(&wanted);
	return tap_end();
}
