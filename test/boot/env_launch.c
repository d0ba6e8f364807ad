/* SPDX-License-Identifier: MIT
 * env_launch.c: all that an environment begins with in one call; what is refused has done nothing.
 *
 * boot: init
 */
#include "test/boot/hostile.h"

#define DONE 22

static struct hostile_thread thread;
static exo_handle spare_env; /* not bound to anything */
static exo_handle spare_memory;
static volatile uint64_t seen[5];

static void
body(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	seen[0] = a;
	seen[1] = b;
	seen[2] = c;
	seen[3] = d;
	seen[4]++;
	exo_exit(7);
}

/* Where nothing begins that is launched. */
static void
elsewhere(uint64_t ignored)
{
	(void)ignored;
	exo_exit(8);
}

/* What would work. */
static struct exo_launch
whole(void)
{
	struct exo_launch l = {
		.space = exo_start()->space,
		.cspace = exo_start()->cspace,
		.supervisor = exo_start()->env,
		.supervisor_bit = DONE,
		.pc = (uint64_t)body,
		.sp = (uint64_t)thread.stack.memory + THREAD_STACK_PAGES * EXO_PAGE_SIZE,
		.arguments = {11, 22, 33, 44},
	};

	__asm__("mv %0, tp" : "=r"(l.tp));
	return l;
}

static uint64_t
bindings_of(exo_handle handle)
{
	struct exo_cap_info info = {0};

	exo_inspect(handle, 0, &info);
	return info.bindings;
}

/* Of everything that a launch may bind. */
static uint64_t
bindings(void)
{
	return bindings_of(exo_start()->space) + bindings_of(exo_start()->cspace) +
	       bindings_of(exo_start()->env);
}

static void
refused(struct exo_launch l, int64_t error, const char *what)
{
	uint64_t before = bindings();
	struct exo_context after = {0};
	int64_t result = exo_env_launch(spare_env, &l);

	exo_env_read(spare_env, &after);
	tap_ok(result == error && bindings() == before && after.state == EXO_STATE_STOPPED &&
		       after.pc == 0 && after.x[2] == 0 && after.exception_entry == 0,
	       "%s: %s", what, result < 0 ? exo_error_name(result) : "no error");
}

static void
check_refused(void)
{
	struct exo_launch l = whole();

	l.space = EXO_NONE;
	refused(l, E_STATE, "without a space");
	l = whole();
	l.cspace = EXO_NONE;
	refused(l, E_STATE, "without a capability space");
	l.cspace = exo_start()->space;
	refused(l, E_TYPE, "what is no capability space");
	l = whole();
	l.space = exo_start()->cspace;
	refused(l, E_TYPE, "what is no space");
	l.space = spare_env + (1ul << 32);
	refused(l, E_HANDLE, "a handle of nothing");
	l = whole();
	l.supervisor = exo_start()->space;
	refused(l, E_TYPE, "a supervisor that is none");
	l = whole();
	l.supervisor_bit = 63;
	refused(l, E_INVAL, "the bit that is nobody's");
	l = whole();
	l.pc = EXO_USER_END;
	refused(l, E_RANGE, "a pc of the kernel");
	l = whole();
	l.exception_entry = KERNEL_IMAGE;
	refused(l, E_RANGE, "an entry of the kernel");
	l = whole();
	l.exception_window = 1;
	refused(l, E_RANGE, "an odd window");
}

static void
check_rights(void)
{
	struct exo_launch l = whole();
	uint32_t slot = free_slot();
	int64_t weak = exo_share(spare_env, slot, 0, 0, EXO_RIGHTS_ALL & ~EXO_ENV_CONTROL, 0);
	int64_t space = exo_share(exo_start()->space, free_slot(), 0, 0,
				  EXO_RIGHTS_ALL & ~EXO_SPACE_BIND, 0);

	tap_is(exo_env_launch((exo_handle)weak, &l), E_RIGHTS, "it needs CONTROL");
	l.space = (exo_handle)space;
	refused(l, E_RIGHTS, "and a space that may be bound");
	l = whole();
	tap_is(exo_env_launch(exo_start()->env, &l), E_STATE, "nobody is launched while it runs");
	exo_drop((exo_handle)weak, 0, 0);
	exo_drop((exo_handle)space, 0, 0);
}

static void
check_runs(void)
{
	struct exo_launch l = whole();
	struct exo_context end = {0};

	tap_is(exo_env_launch(spare_env, &l), 0, "all at once");
	tap_is((int64_t)exo_wait(EXO_EVENT(DONE), 10 * EXO_NS_PER_S), EXO_EVENT(DONE),
	       "it ran, and its supervisor is told");
	tap_ok(seen[0] == 11 && seen[1] == 22 && seen[2] == 33 && seen[3] == 44 && seen[4] == 1,
	       "with what it was given");
	exo_env_read(spare_env, &end);
	tap_ok(end.death.kind == EXO_DEATH_EXIT && end.death.cause == 7, "until its end");
	tap_is(exo_env_launch(spare_env, &l), E_DEAD, "the dead do not come back");
}

/* What is bound already stays so; twice is refused. */
static void
check_bound(void)
{
	struct exo_launch l = whole();

	hostile_thread_make(&thread, 0, elsewhere, 0);
	l = whole();
	tap_is(exo_env_launch(thread.env, &l), E_BUSY, "one that has a home gets no other");
	l.space = EXO_NONE;
	tap_is(exo_env_launch(thread.env, &l), E_BUSY, "nor another capability space");
	l.cspace = EXO_NONE;
	l.arguments[0] = 55;
	tap_is(exo_env_launch(thread.env, &l), 0, "it runs in the one it has");
	exo_wait(EXO_EVENT(DONE), 10 * EXO_NS_PER_S);
	tap_ok(seen[0] == 55 && seen[4] == 2, "and did");
	hostile_thread_end(&thread);
}

int
main(void)
{
	tap_plan(22);
	exo_pages_make(&thread.stack, THREAD_STACK_PAGES);
	exo_frames_create(exo_own_frames(), EXO_CAP_ENV, EXO_ENV_FP << 8,
			  THREAD_UAREAS + (THREADS_MAX - 1) * EXO_PAGE_SIZE, &spare_env,
			  &spare_memory);
	exo_vm_map_at(exo_own_vm(), THREAD_UAREAS + (THREADS_MAX - 1) * EXO_PAGE_SIZE, spare_env, 0,
		      1, EXO_READ | EXO_WRITE);
	check_refused();
	check_rights();
	check_runs();
	check_bound();
	exo_frames_destroy(exo_own_frames(), spare_env, spare_memory);
	return tap_end();
}
