/* SPDX-License-Identifier: MIT
 * env_storm.c: four harts make environments on each other, start, signal, stop, rewrite and destroy
 * them as fast as they can, while those run, sleep, fault, take upcalls and signal back.
 *
 * Each attacker owns its victims, so every call has a result that is right; hostile_life.c is the
 * storm in which they share. Afterwards every page is there again and nobody is left running.
 *
 * boot: init SMP=4 MEM=64M
 */
#include "test/boot/hostile.h"

#define HARTS       4
#define VICTIMS     3
#define SECONDS     4
#define SECONDS_MAX 20 /* on a machine that has other things to do */
#define LIVES       5
#define EACH        4 /* slots of a victim: frames, env, shares of space and capability space */
#define UAREAS      (THREAD_UAREAS + 128 * EXO_PAGE_SIZE)
#define WORDS       64

struct victim {
	exo_handle frames, env, space, cspace;
	uint64_t stack[WORDS] __attribute__((aligned(16)));
};

struct attacker {
	exo_handle pool;
	uint64_t first_page;
	uint32_t first_slot;
	uint64_t state;
	struct victim victim[VICTIMS];
	volatile uint64_t lives;
	volatile uint64_t wrong;
	volatile int64_t first_wrong;
	volatile bool done;
};

static struct attacker attackers[HARTS];
static volatile uint64_t spins, faults;
static volatile bool over;

/* --- victims: no stdio, no library state --------------------------------------------------- */
static void
victim_upcall(void)
{
	__asm__ volatile("li a7, -18\n\tecall");
}

static void
victim_body(uint64_t kind)
{
	if (kind & 1) {
		exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
			      (uint64_t)exo_skip_window);
	}
	if (kind & 2) {
		exo_env_entry(EXO_NONE, EXO_ENTRY_EVENT, (uint64_t)victim_upcall, 0xff);
	}
	for (uint64_t turn = 0;; turn++) {
		spins++;
		if ((turn & 15) == 3 && kind & 4) {
			exo_sleep(0xf00, exo_ticks() + 200);
		} else if ((turn & 15) == 7) {
			exo_signal(exo_start()->env, 1ul << 30);
		} else if ((turn & 15) == 11) {
			__asm__ volatile(".word 0x0b" : : : "memory");
			faults++;
		} else if ((turn & 63) == 60 && kind & 8) {
			exo_exit(turn);
		}
	}
}

/* --- attackers ----------------------------------------------------------------------------- */
static void
expect(struct attacker *a, bool is_right, int64_t result)
{
	if (!is_right && !a->wrong++) {
		a->first_wrong = result;
	}
}

static exo_handle
must(struct attacker *a, int64_t result)
{
	expect(a, result >= 0, result);
	return result < 0 ? EXO_NONE : (exo_handle)result;
}

static void
victim_set(struct victim *v, uint64_t kind, int64_t *result)
{
	struct exo_context c = {.pc = (uint64_t)victim_body};

	c.x[2] = (uint64_t)(v->stack + WORDS);
	c.x[10] = kind;
	__asm__("mv %0, tp" : "=r"(c.x[4]));
	*result = exo_env_write(v->env, &c);
}

static void
victim_make(struct attacker *a, uint32_t i, uint64_t random)
{
	struct victim *v = &a->victim[i];
	uint32_t slot = a->first_slot + i * EACH;
	uint64_t uarea = UAREAS + ((uint64_t)(a - attackers) * VICTIMS + i) * EXO_PAGE_SIZE;
	int64_t r;

	v->frames = must(
		a, exo_carve(a->pool, slot, a->first_page + 2ul * i, 2, EXO_READ | EXO_WRITE, 0));
	do { /* its last frames drain */
		r = exo_create(EXO_CAP_ENV, v->frames, slot + 1, random % HARTS | (random & 4) << 6,
			       uarea);
	} while (r == E_BUSY);
	v->env = must(a, r);
	v->space = must(a, exo_share(exo_start()->space, slot + 2, 0, 0, EXO_RIGHTS_ALL, 0));
	v->cspace = must(a, exo_share(exo_start()->cspace, slot + 3, 0, 0, EXO_RIGHTS_ALL, 0));
	must(a, exo_bind(EXO_BIND_SPACE, v->env, v->space, 0));
	must(a, exo_bind(EXO_BIND_CSPACE, v->env, v->cspace, 0));
	must(a, exo_map(uarea, v->env, 0, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE));
	must(a, exo_env_supervisor(v->env, exo_start()->env, 31));
	victim_set(v, random >> 8, &r);
	must(a, r);
	must(a, exo_env_start(v->env));
	a->lives++;
}

/* In any order; the memory last. */
static void
victim_end(struct attacker *a, uint32_t i, uint64_t random)
{
	struct victim *v = &a->victim[i];
	int64_t r;

	if (random & 1) {
		must(a, exo_drop(v->space, 0, 0));
		must(a, exo_drop(v->cspace, 0, 0));
	}
	do {
		r = exo_drop(v->frames, 0, 0);
	} while (r == E_BUSY);
	must(a, r);
	if (!(random & 1)) {
		must(a, exo_drop(v->cspace, 0, 0));
		must(a, exo_drop(v->space, 0, 0));
	}
	expect(a, exo_env_start(v->env) == E_HANDLE, 1);
	v->frames = EXO_NONE;
}

static void
victim_handle(struct attacker *a, struct victim *v, uint64_t random)
{
	struct exo_context c;
	int64_t r = 0;

	switch (random % 6) {
	case 0:
	case 1:
		r = exo_signal(v->env, random >> 8 & 0xfff);
		break;
	case 2:
		r = exo_env_stop(v->env);
		break;
	case 3:
		r = exo_env_start(v->env);
		r = r == E_STATE ? 0 : r;
		break;
	case 4:
		victim_set(v, random >> 8, &r);
		r = r == E_STATE ? 0 : r;
		break;
	default:
		r = exo_env_read(v->env, &c);
		expect(a, c.pc < EXO_USER_END && c.state <= EXO_STATE_FAULTED, 2);
		break;
	}
	expect(a, r == 0 || r == E_DEAD, r);
}

static void
attacker_step(struct attacker *a)
{
	uint64_t random = noise(&a->state) >> 8;
	uint32_t i = (uint32_t)(random >> 40) % VICTIMS;

	if (!a->victim[i].frames) {
		victim_make(a, i, random);
	} else if (random % 8 == 0) {
		victim_end(a, i, random >> 4);
	} else {
		victim_handle(a, &a->victim[i], random >> 4);
	}
	linger(random % 2000);
}

static void
attack(struct attacker *a)
{
	while (!over) {
		attacker_step(a);
	}
	for (uint32_t i = 0; i < VICTIMS; i++) {
		if (a->victim[i].frames) {
			victim_end(a, i, i);
		}
	}
	a->done = true;
}

static void
attacker_body(uint64_t hart)
{
	attack(&attackers[hart]);
	exo_exit(0);
}

static void
attacker_make(uint32_t hart)
{
	struct attacker *a = &attackers[hart];
	struct exo_cap_info info = {0};

	exo_frames_carve(exo_own_frames(), 2 * VICTIMS, 2, &a->pool);
	exo_inspect(a->pool, 0, &info);
	a->first_page = info.start;
	a->first_slot = exo_start()->slots - (hart + 1) * VICTIMS * EACH;
	a->state = 0x9e3779b97f4a7c15ul * (hart + 1);
}

static bool
all_have_lived(void)
{
	bool have = spins && faults;

	for (uint32_t i = 0; i < HARTS; i++) {
		have &= attackers[i].lives >= LIVES;
	}
	return have;
}

static void
main_attacks(void)
{
	struct attacker *a = &attackers[0];
	uint64_t begin = exo_now_ns(), end = begin + SECONDS * EXO_NS_PER_S;

	while (exo_now_ns() < end ||
	       (!all_have_lived() && exo_now_ns() < begin + SECONDS_MAX * EXO_NS_PER_S)) {
		attacker_step(a);
	}
	over = true;
	attack(a);
}

int
main(void)
{
	struct hostile_thread thread[HARTS];

	tap_plan(3 * HARTS + 2);
	for (uint32_t i = 0; i < HARTS; i++) {
		attacker_make(i);
	}
	for (uint32_t i = 1; i < HARTS; i++) {
		hostile_thread_start(&thread[i], i, attacker_body, i);
	}
	main_attacks();
	for (uint32_t i = 0; i < HARTS; i++) {
		struct attacker *a = &attackers[i];

		while (!a->done) {
			exo_pause(1000000);
		}
		tap_ok(a->lives >= LIVES, "hart %u: %lu lives", i, (unsigned long)a->lives);
		tap_ok(!a->wrong, "%lu wrong results, the first %ld", (unsigned long)a->wrong,
		       (long)a->first_wrong);
		tap_is(exo_drop(a->pool, 0, 0), 0, "its pages come back");
	}
	tap_ok(spins && faults, "%lu turns, %lu exceptions", (unsigned long)spins,
	       (unsigned long)faults);
	uint64_t before = spins;

	exo_pause(20000000);
	tap_ok(spins == before, "nobody is left");
	return tap_end();
}
