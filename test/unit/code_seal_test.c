/* SPDX-License-Identifier: MIT
 * code_seal_test.c: the last step of loading a program: the lock is free while every hart forgets
 * what it read, and another hart may take the program away and load the next one meanwhile.
 *
 * links: kern/sys/code.c kern/sys/lookup.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/arena.h"
#include "kern/claim.h"
#include "kern/code/program.h"
#include "kern/object.h"
#include "kern/predicate.h"
#include "kern/sys/sys.h"

#define HANDLE 5
#define AGAIN  0x7777 /* what the restart of a call is here */

enum meanwhile { NOTHING, NEXT_PROGRAM, NO_PROGRAM };

static struct kernel kernel = {.harts = 2};
static struct cap leaf[EXO_SLOTS_PER_LEAF];
static struct cspace space = {.leaf = {leaf}};
static struct hart hart;
static struct env env = {.kernel = &kernel, .cspace = &space, .hart = &hart};
static struct exo_code image = {.magic = EXO_CODE_MAGIC};
static struct program program;
static bool is_there;
static uint64_t number;
static enum meanwhile meanwhile;

/* Another hart, while the lock is free. */
void
arch_remote_fence_i(uint64_t mask)
{
	assert_int_equal(mask, 2);
	number += meanwhile == NEXT_PROGRAM;
	is_there = meanwhile != NO_PROGRAM;
}

/* --- what the call stands on ---------------------------------------------------------------- */
struct program *
program_of(const struct cap *c)
{
	assert_ptr_equal(c, &leaf[HANDLE]);
	return is_there ? &program : NULL;
}

struct program_ref
program_refer(const struct program *p)
{
	assert_ptr_equal(p, &program);
	return (struct program_ref){number, 0};
}

int
program_step(struct kernel *k, struct program *p)
{
	(void)k;
	assert_ptr_equal(p, &program);
	return 0;
}

uint64_t
code_bytes(const struct exo_code *head)
{
	(void)head;
	return 8;
}

int
arch_copy_in(void *to, struct uaddr from, uint64_t bytes)
{
	memcpy(to, (const void *)from.value, bytes);
	return 0;
}

struct arch_env *
host_context(uint32_t number_of_hart)
{
	(void)number_of_hart;
	return &env.arch;
}

uint32_t
host_hart(void)
{
	return 0;
}

void
tlb_forget_instructions(uint32_t number_of_hart)
{
	(void)number_of_hart;
}

struct sysret
sys_restart(struct env *e, uint32_t nr, const uint64_t arguments[7])
{
	(void)e;
	assert_int_equal(nr, EXO_NR_code_load);
	assert_int_equal(arguments[0], HANDLE);
	return (struct sysret){AGAIN, 0};
}

/* None of these has a part in it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define NEVER(type, name, ...)                                                                     \
	type name(__VA_ARGS__)                                                                     \
	{                                                                                          \
		fail_msg(#name);                                                                   \
		__builtin_trap();                                                                  \
	}
NEVER(int, arch_copy_out, struct uaddr to, const void *from, uint64_t bytes)
NEVER(bool, cap_is_below_dying, const struct captree *t, const struct cap *c)
NEVER(int, claim_pages, struct kernel *k, const struct cap *c, uint64_t page, uint64_t pages)
NEVER(void, code_run_begin, struct code_run *r, const struct code_program *p, void *stack)
NEVER(void *, host_ram_at, uint64_t physical)
NEVER(void, kernel_unlock_broken, struct kernel *k)
NEVER(void, predicate_bind, struct env *e, struct program *p, struct cap *c, struct cap *with,
      const void *at, uint32_t bytes)
NEVER(int, program_begin, struct kernel *k, struct cap *c, const struct exo_code *head,
      uint32_t *refusal)
NEVER(void, program_copy, struct program *p, const uint8_t *from, uint32_t bytes)
NEVER(bool, program_in_use, const struct captree *t, const struct program *p, const struct cap *c)
NEVER(void, program_lost, struct use *u)
NEVER(int, program_run, const struct program *p, struct code_run *run)
NEVER(struct sysret, sys_finish_posted, int64_t value)
NEVER(struct sysret, sys_return2, struct env *e, int64_t value, uint64_t second)
NEVER(void, paranoid_check, struct kernel *k)

/* --- tests ---------------------------------------------------------------------------------- */
/* A program is compiled and its pages are executable; then this happens. */
static int64_t
seal(enum meanwhile what)
{
	memset(&leaf[HANDLE], 0, sizeof(leaf[HANDLE]));
	leaf[HANDLE].word = EXO_CAP_CODE | (uint64_t)EXO_CODE_LOAD << CAP_RIGHTS_SHIFT;
	memset(&program, 0, sizeof(program));
	program.state = PROGRAM_SEAL;
	program.head = image;
	is_there = true;
	meanwhile = what;
	return sys_code_load(HANDLE, &image).value;
}

static void
is_ready(void **state)
{
	(void)state;
	assert_int_equal(seal(NOTHING), 0);
	assert_int_equal(program.state, PROGRAM_READY);
}

/* Its own call has still to make every hart forget. */
static void
next_one_is_not(void **state)
{
	(void)state;
	assert_int_equal(seal(NEXT_PROGRAM), AGAIN);
	assert_int_equal(program.state, PROGRAM_SEAL);
}

static void
none_is_there(void **state)
{
	(void)state;
	assert_int_equal(seal(NO_PROGRAM), AGAIN);
	assert_int_equal(program.state, PROGRAM_SEAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_ready),
		cmocka_unit_test(next_one_is_not),
		cmocka_unit_test(none_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
