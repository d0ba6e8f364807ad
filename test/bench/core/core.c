/* SPDX-License-Identifier: MIT
 * core.c: the figures that need no device: calls, exceptions, mappings, capabilities.
 *
 * Each operation stands between two markers, so that there is one exact sample each time. What is
 * prepared or undone outside the markers does not count. Frames are clear (bound before under the
 * same carve) except in frame_clear.
 */
#include <exo/uarea.h>

#include "lib/exo/frames.h"
#include "lib/exo/slots.h"
#include "lib/exo/upcall.h"
#include "lib/exo/vm.h"
#include "test/bench/common.h"
#include "test/bench/core/handlers.h"

#define SAMPLES 100
#define BATCH   100

_Static_assert(NR_PROTECT == EXO_NR_protect, "handlers.h");
_Static_assert(READ == EXO_READ && READ_WRITE == (EXO_READ | EXO_WRITE), "handlers.h");

/* A store that faults, 4 bytes long, between two markers of `op`. An exception changes gp. */
#define STORE_BETWEEN(op, address)                                                                 \
	__asm__ volatile(".option push\n .option norvc\n slti x0, x0, %1\n sw x0, 0(%0)\n slti "   \
			 "x0, x0, %2\n .option pop"                                                \
			 :                                                                         \
			 : "r"(address), "i"(2 * (op)), "i"(2 * (op) + 1)                          \
			 : "memory")

/* The same with the begin marker only: the handler has the other one. */
#define STORE_AFTER(op, address)                                                                   \
	__asm__ volatile(                                                                          \
		".option push\n .option norvc\n slti x0, x0, %1\n sw x0, 0(%0)\n .option pop"      \
		:                                                                                  \
		: "r"(address), "i"(2 * (op))                                                      \
		: "memory")

static struct exo_pages pool; /* BATCH pages, mapped read-write, clear */

static uint64_t
pool_address(void)
{
	return (uint64_t)pool.memory;
}

static void
set_handler(const void *handler, const void *window)
{
	must("env_entry",
	     exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)handler, (uint64_t)window));
}

static void
protect(uint64_t pages, uint64_t rights)
{
	must("protect", exo_protect(pool_address(), pages, rights, NULL, EXO_NONE));
}

static void
null_call(void)
{
	for (int i = 0; i < SAMPLES; i++) {
		BEGIN(OP_NULL_CALL);
		exo_null();
		END(OP_NULL_CALL);
	}
}

static void
exceptions(void)
{
	protect(1, EXO_READ);
	set_handler(arrive_handler, arrive_window);
	for (int i = 0; i < SAMPLES; i++) {
		STORE_AFTER(OP_EXC_TO_HANDLER, pool_address());
	}
	set_handler((const void *)exo_skip_entry, (const void *)exo_skip_window);
	for (int i = 0; i < SAMPLES; i++) {
		STORE_BETWEEN(OP_EXC_RESUME, pool_address());
	}
	set_handler(unprotect_handler, unprotect_window);
	for (int i = 0; i < SAMPLES; i++) {
		STORE_BETWEEN(OP_TRAP_UNPROT, pool_address());
		protect(1, EXO_READ);
	}
	protect(1, EXO_READ | EXO_WRITE);
	must("env_entry", exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, 0, 0));
}

static void
protections(void)
{
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t rights = i % 2 ? EXO_READ | EXO_WRITE : EXO_READ;
		int64_t r;

		BEGIN(OP_PROT1);
		r = exo_protect(pool_address(), 1, rights, NULL, EXO_NONE);
		END(OP_PROT1);
		must("prot1", r);
	}
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t rights = i % 2 ? EXO_READ | EXO_WRITE : EXO_READ;
		int64_t r;

		BEGIN(OP_PROT100);
		r = exo_protect(pool_address(), BATCH, rights, NULL, EXO_NONE);
		END(OP_PROT100);
		must("prot100", r);
	}
}

/* Appel and Li, "Virtual memory primitives for user programs": an access to a random protected
 * page, whose handler opens it and protects another one (prot1 + trap + unprot); and: protect all
 * pages, then touch each in random order, and the handler opens it (protN + trap + unprot). */
static void
appel(void)
{
	uint64_t *open = (uint64_t *)(exo_start()->uarea + OPEN);
	uint64_t page[BATCH];

	for (int i = 0; i < BATCH; i++) {
		page[i] = pool_address() + (uint64_t)(i * 37 % BATCH) * EXO_PAGE_SIZE;
	}
	protect(BATCH, EXO_READ);
	*open = page[BATCH - 1];
	set_handler(appel_handler, appel_window);
	for (int i = 0; i < BATCH; i++) {
		STORE_BETWEEN(OP_APPEL1, page[i]);
	}
	set_handler(unprotect_handler, unprotect_window);
	for (int k = 0; k < SAMPLES; k++) {
		BEGIN(OP_APPEL2);
		exo_protect(pool_address(), BATCH, EXO_READ, NULL, EXO_NONE);
		for (int i = 0; i < BATCH; i++) {
			*(volatile char *)page[i] = 1;
		}
		END(OP_APPEL2);
	}
	must("env_entry", exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, 0, 0));
}

static void
mappings(void)
{
	must("unmap", exo_unmap(pool_address(), BATCH, 0, NULL, EXO_NONE));
	for (int i = 0; i < SAMPLES; i++) {
		int64_t r;

		BEGIN(OP_MAP1);
		r = exo_map(pool_address(), pool.frames, 0, 1, EXO_READ | EXO_WRITE, NULL,
			    EXO_NONE);
		END(OP_MAP1);
		must("map1", r);
		must("unmap", exo_unmap(pool_address(), 1, 0, NULL, EXO_NONE));
	}
	for (int i = 0; i < SAMPLES; i++) {
		int64_t r;

		BEGIN(OP_MAP100);
		r = exo_map(pool_address(), pool.frames, 0, BATCH, EXO_READ | EXO_WRITE, NULL,
			    EXO_NONE);
		END(OP_MAP100);
		must("map100", r);
		must("unmap", exo_unmap(pool_address(), BATCH, 0, NULL, EXO_NONE));
	}
}

/* As map1, but every frame is newly carved, so its old contents must go first. Runs while the pool
 * is unmapped. */
static void
clearing(void)
{
	for (int i = 0; i < SAMPLES; i++) {
		exo_handle fresh;
		int64_t r;

		must("carve", exo_frames_carve(exo_own_frames(), 1, 1, &fresh));
		BEGIN(OP_FRAME_CLEAR);
		r = exo_map(pool_address(), fresh, 0, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE);
		END(OP_FRAME_CLEAR);
		must("map", r);
		must("unmap", exo_unmap(pool_address(), 1, 0, NULL, EXO_NONE));
		must("drop", exo_slot_drop(fresh));
	}
}

/* `siblings` pages of a range are carved already, with gaps evenly between them; each sample carves
 * the next gap and drops it again. */
static inline __attribute__((always_inline)) void
carving(uint64_t siblings, uint64_t gaps, int op)
{
	const uint64_t run = siblings / gaps;
	struct exo_cap_info info;
	exo_handle parent;
	uint32_t slot;

	must("carve", exo_frames_carve(exo_own_frames(), siblings + gaps, 1, &parent));
	must("inspect", exo_inspect(parent, 0, &info));
	for (uint64_t i = 0; i < siblings; i++) {
		slot = (uint32_t)must("slot", exo_slot_take());
		must("carve", exo_carve(parent, slot, info.start + i + i / run, 1, EXO_READ, 0));
	}
	slot = (uint32_t)must("slot", exo_slot_take());
	for (uint64_t i = 0; i < SAMPLES; i++) {
		uint64_t page = info.start + i % gaps * (run + 1) + run;
		int64_t handle;
		int64_t r;

		BEGIN(op);
		handle = exo_carve(parent, slot, page, 1, EXO_READ, 0);
		r = exo_drop((exo_handle)handle, 0, 0);
		END(op);
		must("carve", handle);
		must("drop", r);
	}
}

int
main(void)
{
	must("pages", exo_pages_make(&pool, BATCH));
	bench_empty();
	null_call();
	exceptions();
	protections();
	appel();
	mappings();
	clearing();
	carving(10, 10, OP_CARVE_DROP_10);
	carving(10000, 100, OP_CARVE_DROP_10000);
	return bench_end();
}
