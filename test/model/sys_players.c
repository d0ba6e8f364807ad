/* SPDX-License-Identifier: MIT
 * sys_players.c: init of a world of system calls makes the players, with calls like any other.
 *
 * State: what is used up of init's memory and slots. Reset never: only start-up uses it up.
 */
#include "test/model/sys_players.h"

#include <exo/syscalls.h>
#include <string.h>

#include "arch/arch.h"
#include "kern/cspace.h"
#include "lib/base/bpf.h"
#include "test/fake/board.h"

#define POOL_PAGES 24 /* few, so that they change hands often */
#define POSITIONS  8
#define CODE_PAGES 3                     /* of each player; twice as many are everybody's */
#define UNITS      2                     /* players that have 2 MiB */
#define ENTRY      0x30000               /* where calls enter them, */
#define OPENED     100                   /* and the slot for what goes along */
#define STACK      (EXO_USER_END - 4096) /* init's memory for arguments */

struct player {
	exo_handle env;
	exo_handle space;
	exo_handle cspace;
	exo_handle tables[2]; /* of level 1, the last one of level 0 */
};

static struct {
	struct exo_boot boot;
	exo_handle frames; /* what players get memory of */
	uint64_t page;     /* the next free one of it */
	uint32_t slot;
	exo_handle predicate; /* programs of which everybody has a share */
	exo_handle handler;
	struct player player[WORLD_PLAYERS];
} init;

#define CALL(name, ...) call(EXO_NR_##name, #name, (const uint64_t[7]){__VA_ARGS__})

static exo_handle
call(uint32_t nr, const char *name, const uint64_t arguments[7])
{
	int64_t result = world_init_call(nr, arguments);

	if (result < 0) {
		world_fail("init's call of %s fails: %ld", name, result);
	}
	return (exo_handle)result;
}

static void
to_stack(const void *data, size_t bytes)
{
	if (arch_copy_out((struct uaddr){STACK}, data, bytes)) {
		world_fail("init has no stack");
	}
}

static exo_handle
carve(uint64_t pages)
{
	uint64_t start = init.page;

	init.page += pages;
	return CALL(carve, init.frames, init.slot++, start, pages, EXO_READ | EXO_WRITE | EXO_EXEC,
		    0);
}

/* 2 MiB of its own for each, at the end of RAM. */
static exo_handle
unit_of(uint32_t number)
{
	uint64_t end = (BOARD_RAM + BOARD_RAM_BYTES) >> PAGE_SHIFT;

	return CALL(carve, init.frames, init.slot++, end - (number + 1) * EXO_MEGA_PAGES,
		    EXO_MEGA_PAGES, EXO_READ | EXO_WRITE | EXO_EXEC, 0);
}

static exo_handle
object(uint32_t type, uint64_t arg0, uint64_t arg1)
{
	uint64_t pages = type == EXO_CAP_CSPACE ? 1 : 2;

	init.page += pages == 2 && (init.page - kernel_get()->tree.base_page) & 1;
	return CALL(create, type, carve(pages), init.slot++, arg0, arg1);
}

static exo_handle
share(exo_handle h, uint64_t start, uint64_t count, uint64_t rights)
{
	return CALL(share, h, init.slot++, start, count, rights, 0);
}

static exo_handle
share_all(exo_handle h, uint64_t rights)
{
	const struct cap *c = cspace_lookup(kernel_get()->init->cspace, h);

	return share(h, c->start, c->count, rights & cap_rights(c));
}

/* Of a timeline the first positions: with all of them a player would keep init from running. */
static exo_handle
share_some(exo_handle h)
{
	const struct cap *c = cspace_lookup(kernel_get()->init->cspace, h);

	return share(h, c->start, POSITIONS, EXO_RIGHTS_ALL & cap_rights(c));
}

/* Pages of the arena of programs. */
static exo_handle
carve_code(uint32_t number)
{
	return CALL(carve, init.boot.code, init.slot++, number * CODE_PAGES, CODE_PAGES,
		    EXO_CODE_LOAD | EXO_CODE_RUN, 0);
}

/* Pages with a program that returns its third argument, the events that are pending. */
static exo_handle
load_code(uint32_t number, uint32_t code_class)
{
	const struct {
		struct exo_code head;
		struct exo_insn insn[2];
	} program = {{EXO_CODE_MAGIC, code_class, 2, 0, 0, 0},
		     {{BPF_ALU64 | BPF_MOV | BPF_X, 0x30, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0}}};
	exo_handle code = carve_code(number);

	to_stack(&program, sizeof(program));
	CALL(code_load, code, STACK);
	return code;
}

/* A share of all of the same disk or NIC. */
static exo_handle
share_packets(void)
{
	static const struct exo_filter all;

	to_stack(&all, sizeof(all));
	return share(init.boot.packets[0], STACK, 8, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);
}

/* A space with tables for the region and memory for arguments. */
static exo_handle
make_space(exo_handle tables[2])
{
	exo_handle space = object(EXO_CAP_SPACE, 0, 0);

	tables[0] = object(EXO_CAP_TABLE, 1, 0);
	CALL(map, WORLD_REGION, tables[0], 0, 1, EXO_WRITE, 0, space);
	for (uint64_t at = 0; at < WORLD_REGION_PAGES * PAGE_SIZE; at += 512 * PAGE_SIZE) {
		tables[1] = object(EXO_CAP_TABLE, 0, 0);
		CALL(map, WORLD_REGION + at, tables[1], 0, 1, EXO_WRITE, 0, space);
	}
	CALL(map, WORLD_REGION, carve(WORLD_MEMORY_PAGES), 0, WORLD_MEMORY_PAGES,
	     EXO_READ | EXO_WRITE, 0, space);
	return space;
}

static void
give(exo_handle env, exo_handle h, uint32_t *slot)
{
	CALL(give, env, h, (*slot)++);
}

static void
make_cspace(struct player *p)
{
	p->cspace = object(EXO_CAP_CSPACE, 0, 0);
	for (uint32_t i = 0; i < WORLD_LEAVES; i++) {
		object(EXO_CAP_CSPACE, p->cspace, i);
	}
}

/* On hart 0 with floating point, on hart 1 without. */
static void
make_env(struct player *p, uint32_t hart)
{
	p->env = object(EXO_CAP_ENV, hart | (hart ? 0 : EXO_ENV_FP << 8), EXO_UAREA_BASE);
	CALL(bind, EXO_BIND_SPACE, p->env, p->space, 0);
	CALL(bind, EXO_BIND_CSPACE, p->env, p->cspace, 0);
	CALL(env_entry, p->env, EXO_ENTRY_CALL, ENTRY, OPENED);
}

static void
equip(const struct player *p, uint32_t number, exo_handle unit)
{
	uint32_t slot = 1;

	give(p->env, share(p->env, 0, 0, EXO_RIGHTS_ALL), &slot);
	give(p->env, share(p->space, 0, 0, EXO_RIGHTS_ALL), &slot);
	give(p->env, share(p->cspace, 0, 0, EXO_RIGHTS_ALL), &slot);
	give(p->env, share(p->tables[0], 0, 0, EXO_RIGHTS_ALL), &slot);
	give(p->env, share(p->tables[1], 0, 0, EXO_RIGHTS_ALL), &slot);
	give(p->env, carve(POOL_PAGES), &slot);
	give(p->env, share(init.boot.console, 0, 0, EXO_READ | EXO_WRITE), &slot);
	give(p->env, share(init.boot.blocks[0], 0, BOARD_BLOCKS, EXO_READ | EXO_WRITE), &slot);
	give(p->env, share_packets(), &slot);
	give(p->env, share_all(init.boot.windows[0], EXO_READ | EXO_WRITE), &slot);
	give(p->env, share_all(init.boot.irqs[0], EXO_RIGHTS_ALL), &slot);
	for (uint32_t i = 0; i < WORLD_HARTS; i++) {
		give(p->env, share_some(init.boot.timelines[i]), &slot);
	}
	give(p->env, carve_code(2 + number), &slot);
	give(p->env, share_all(init.predicate, EXO_CODE_LOAD | EXO_CODE_RUN), &slot);
	give(p->env, share_all(init.handler, EXO_CODE_RUN), &slot);
	if (unit) {
		give(p->env, unit, &slot);
	}
}

/* The last one is a thread of the one before it, on another hart. */
static void
make_player(uint32_t number)
{
	struct player *p = &init.player[number];

	if (number == WORLD_PLAYERS - 1) {
		*p = init.player[number - 1];
		make_env(p, number % WORLD_HARTS);
		return;
	}
	make_cspace(p);
	p->space = make_space(p->tables);
	make_env(p, number % WORLD_HARTS);
	equip(p, number, number < UNITS ? unit_of(number) : EXO_NONE);
}

/* Each one gets every other one's ENV too, and starts. */
static void
introduce(uint32_t number)
{
	uint32_t slot = 32 + (WORLD_PLAYERS - 1) * number;

	for (uint32_t i = 0; i < WORLD_PLAYERS; i++) {
		if (i != number) {
			give(init.player[number].env,
			     share(init.player[i].env, 0, 0, EXO_RIGHTS_ALL), &slot);
		}
	}
}

/* The largest piece of RAM. */
static void
find_memory(void)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < EXO_RANGES_MAX && init.boot.frames[i]; i++) {
		const struct cap *c =
			cspace_lookup(kernel_get()->init->cspace, init.boot.frames[i]);

		if (c->count > most) {
			most = c->count;
			init.page = c->start;
			init.frames = init.boot.frames[i];
		}
	}
}

void
players_make(void)
{
	const struct env *e = kernel_get()->init;

	if (arch_copy_in(&init.boot, (struct uaddr){e->arch.x[10]}, sizeof(init.boot))) {
		world_fail("init has no boot page");
	}
	init.slot = init.boot.first_free_slot;
	find_memory();
	init.predicate = load_code(0, EXO_CODE_predicate);
	init.handler = load_code(1, EXO_CODE_handler);
	for (uint32_t i = 0; i < WORLD_PLAYERS; i++) {
		make_player(i);
	}
	for (uint32_t i = 0; i < WORLD_PLAYERS; i++) {
		introduce(i);
	}
	for (uint32_t i = 0; i < WORLD_PLAYERS; i++) {
		CALL(env_start, init.player[i].env);
	}
	world_call(0, EXO_NR_sleep, (const uint64_t[7]){1, ~0ul});
}

const struct exo_boot *
players_boot(void)
{
	return &init.boot;
}

void
players_revoke(exo_handle h)
{
	int64_t result = E_BUSY;

	for (int i = 0; i < 64 && result == E_BUSY; i++) {
		result = world_init_call(EXO_NR_revoke, (const uint64_t[7]){h});
	}
	if (result) {
		world_fail("init cannot take everything back: %ld", result);
	}
}
