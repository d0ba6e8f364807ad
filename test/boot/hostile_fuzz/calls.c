/* SPDX-License-Identifier: MIT
 * calls.c: calls of syscalls.def at random. No state of its own.
 */
#include "test/boot/hostile_fuzz/fuzz.h"

static void
learn(uint64_t *s, int64_t result)
{
	struct exo_cap_info info;

	if (result > 0 && exo_inspect((exo_handle)result, 0, &info) == 0) {
		fuzz_known[noise(s) % FUZZ_KNOWN] =
			(struct known){(exo_handle)result, info.type, info.start, info.count};
	}
}

static void
fuzz_derive(uint64_t *s, bool carve)
{
	struct known k = fuzz_pick(s, noise(s) % 4 ? EXO_CAP_FRAME : 0);
	uint64_t want = noise(s) % 3 ? 2 : fuzz_count(s);
	uint64_t from = k.start + (k.count ? noise(s) % k.count : 0);
	uint64_t badge = noise(s) % 16 ? 0 : noise(s);
	uint64_t right = noise(s) % 3 ? EXO_READ | EXO_WRITE : fuzz_rights(s);

	if (want == 2 && noise(s) % 8) {
		from &= ~1ul;
	}
	if (k.type == EXO_CAP_PACKET) {
		from = noise(s) % 20 ? fuzz_filter(s) : fuzz_pointer(s);
		want = noise(s) % 4;
		right = noise(s) % 4 ? EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT : fuzz_rights(s);
	} else if (k.type > EXO_CAP_PACKET && noise(s) % 8) {
		from = want = 0;
		right = EXO_RIGHTS_ALL;
	}
	learn(s, carve ? exo_carve(k.handle, fuzz_slot(s), from, want, right, badge)
		       : exo_share(k.handle, fuzz_slot(s), from, want, right, badge));
}

static void
fuzz_create(uint64_t *s)
{
	uint32_t type = noise(s) % 20 ? 8 + (uint32_t)(noise(s) % 5) : (uint32_t)fuzz_wild(s);
	uint64_t arg0 = noise(s) % 4, arg1 = noise(s) % 8;
	struct known k = fuzz_pick(s, EXO_CAP_FRAME);

	for (int i = 0; i < 8 && k.count != (type == EXO_CAP_CSPACE ? 1 : 2); i++) {
		k = fuzz_pick(s, EXO_CAP_FRAME);
	}
	if (type == EXO_CAP_ENV) {
		arg0 = noise(s) % 2 | (noise(s) & 3) << 8;
		arg1 = THREAD_UAREAS + 0x80000 + (noise(s) % 64 << EXO_PAGE_SHIFT);
	} else if (type == EXO_CAP_CSPACE && noise(s) % 2) {
		arg0 = fuzz_handle(s, EXO_CAP_CSPACE);
	}
	learn(s,
	      exo_create(type, noise(s) % 32 ? k.handle : fuzz_handle(s, 0), fuzz_slot(s),
			 noise(s) % 50 ? arg0 : fuzz_wild(s), noise(s) % 50 ? arg1 : fuzz_wild(s)));
}

static void
fuzz_bind(uint64_t *s)
{
	static const uint32_t things[] = {
		0,           EXO_CAP_ENV, EXO_CAP_ENV, EXO_CAP_CONSOLE, EXO_CAP_RING, EXO_CAP_RING,
		EXO_CAP_IRQ, EXO_CAP_ENV};
	static const uint32_t withs[] = {0, EXO_CAP_SPACE,  EXO_CAP_CSPACE,
					 0, EXO_CAP_PACKET, EXO_CAP_FRAME,
					 0, EXO_CAP_SLOT};
	uint32_t what = (uint32_t)(noise(s) % 8);

	if (noise(s) % 4 == 0) {
		exo_unbind(what, fuzz_handle(s, things[what]));
	} else {
		exo_bind(noise(s) % 50 ? what : (uint32_t)fuzz_wild(s),
			 fuzz_handle(s, things[what]), fuzz_handle(s, withs[what]),
			 noise(s) % (what == EXO_BIND_SLOT ? 3 : 64));
	}
}

/* A store or a load that the handler steps over if it faults. */
static void
poke(uint64_t at_address, uint64_t value)
{
	__asm__ volatile(".option push\n.option norvc\nsd %0, 0(%1)\n.option pop"
			 :
			 : "r"(value), "r"(at_address)
			 : "memory");
}

static void
fuzz_ring(uint64_t *s)
{
	exo_handle ring = fuzz_pick(s, EXO_CAP_RING).handle;
	uint64_t page = fuzz_address(s) & ~(EXO_PAGE_SIZE - 1);

	exo_unmap(page, 1, 0, NULL, EXO_NONE);
	if (exo_map(page, ring, 0, 1, EXO_READ | EXO_WRITE, NULL, EXO_NONE) < 0) {
		return;
	}
	for (uint32_t i = 0; i < EXO_SQ_SIZE; i++) {
		uint64_t entry = page + offsetof(struct exo_ring, sq) + 64ul * i;
		bool disk = noise(s) & 1;

		poke(entry + 8, noise(s) % 20 == 0 ? fuzz_wild(s)
				: disk             ? (1 + noise(s) % 4) | (1 + noise(s) % 3) << 32
						   : 1 + noise(s) % 3);
		poke(entry + 16, fuzz_handle(s, disk ? EXO_CAP_BLOCK : EXO_CAP_FRAME));
		poke(entry + 24, noise(s) % 20 == 0 ? fuzz_wild(s)
				 : disk             ? noise(s) % 32
					: EXO_SEGMENT(noise(s) % 9000, noise(s) % 1000));
		poke(entry + 32, fuzz_handle(s, EXO_CAP_FRAME));
		poke(entry + 40, noise(s) % 20 == 0 ? fuzz_wild(s)
				 : disk             ? noise(s) % 3
						    : EXO_SEGMENT(noise(s) % 4096, noise(s) % 700));
		poke(entry + 48, fuzz_handle(s, EXO_CAP_FRAME));
		poke(entry + 56, EXO_SEGMENT(noise(s) % 4096, noise(s) % 100));
	}
	poke(page, noise(s) % 30 ? noise(s) % EXO_SQ_SIZE : fuzz_wild(s));
	for (int i = 0; i < 4; i++) {
		if (noise(s) % 2) {
			exo_submit(ring);
		} else {
			exo_submit_wait(ring, fuzz_wild(s), exo_ticks() + noise(s) % 2000);
		}
		poke(page + 128, noise(s) % 30 ? noise(s) % EXO_CQ_SIZE : fuzz_wild(s));
	}
}

static void
fuzz_launch(uint64_t *s, exo_handle env, struct exo_launch *l)
{
	l->space = noise(s) % 4 ? fuzz_handle(s, EXO_CAP_SPACE) : EXO_NONE;
	l->cspace = noise(s) % 4 ? fuzz_handle(s, EXO_CAP_CSPACE) : EXO_NONE;
	l->supervisor = noise(s) % 2 ? fuzz_handle(s, EXO_CAP_ENV) : EXO_NONE;
	l->supervisor_bit = noise(s) % 66;
	l->exception_entry = noise(s) % 8 ? 0 : fuzz_wild(s);
	l->exception_window = noise(s) % 8 ? 0 : fuzz_wild(s);
	l->pc = noise(s) % 2 ? (uint64_t)fuzz_launch : fuzz_wild(s);
	exo_env_launch(env, noise(s) % 20 ? l : (struct exo_launch *)fuzz_wild(s));
}

/* What another one holds and has. */
static void
fuzz_look(uint64_t *s, exo_handle env)
{
	switch (noise(s) % 3) {
	case 0:
		exo_env_inspect(env, fuzz_slot(s), (struct exo_cap_info *)fuzz_pointer(s));
		break;
	case 1:
		exo_env_peek(env, noise(s) % 4 ? fuzz_address(s) : fuzz_wild(s),
			     (void *)fuzz_pointer(s), noise(s) % 4 ? 256 : fuzz_wild(s));
		break;
	default:
		exo_env_detail(env, fuzz_handle(s, noise(s) % 2 ? EXO_CAP_RING : EXO_CAP_PACKET),
			       noise(s) % 4 ? noise(s) % 8 : fuzz_wild(s),
			       (union exo_detail *)fuzz_pointer(s));
		break;
	}
}

static void
fuzz_env(uint64_t *s)
{
	exo_handle env = noise(s) % 100 ? fuzz_known[noise(s) % FUZZ_KNOWN].handle
					: fuzz_handle(s, EXO_CAP_ENV);
	struct exo_context *context = (struct exo_context *)fuzz_buffers[noise(s) & 7];

	switch (noise(s) % 15) {
	case 11:
		exo_env_home(env, (uint32_t)(noise(s) % 10 ? noise(s) % 3 : fuzz_wild(s)));
		break;
	case 0:
		exo_env_stop(env);
		break;
	case 1:
		exo_env_start(env);
		break;
	case 2:
		exo_env_read(env, noise(s) % 20 ? context : (struct exo_context *)fuzz_wild(s));
		break;
	case 3:
		context->pc = noise(s) % 2 ? (uint64_t)fuzz_env : fuzz_wild(s);
		exo_env_write(env, noise(s) % 20 ? context : (struct exo_context *)fuzz_wild(s));
		break;
	case 4:
		exo_env_entry(env,
			      noise(s) % 8 ? 1 + (uint32_t)(noise(s) % 5) : (uint32_t)fuzz_wild(s),
			      noise(s) >> 20, fuzz_wild(s));
		break;
	case 5:
		exo_env_supervisor(env, fuzz_handle(s, EXO_CAP_ENV), (uint32_t)(noise(s) % 70));
		break;
	case 6:
		exo_signal(fuzz_handle(s, EXO_CAP_ENV), fuzz_wild(s));
		break;
	case 7:
		exo_yield(fuzz_handle(s, EXO_CAP_ENV));
		break;
	case 8:
		fuzz_launch(s, env, (struct exo_launch *)context);
		break;
	case 9:
	case 10:
	case 13:
		fuzz_look(s, env);
		break;
	case 12:
		exo_env_poke(env, fuzz_address(s) | (noise(s) % 8 ? 0 : EXO_USER_END),
			     (const void *)fuzz_pointer(s), noise(s) % 4 ? 256 : fuzz_wild(s));
		break;
	default:
		exo_sleep(fuzz_wild(s), exo_ticks() + noise(s) % 2000);
		break;
	}
}

/* 2 MiB: a page, a note, a table, in or out. */
static void
fuzz_large(uint64_t *s, uint64_t where, exo_handle space)
{
	struct known k = fuzz_pick(s, EXO_CAP_FRAME);
	uint64_t unit = -k.start & (EXO_MEGA_PAGES - 1);

	switch (noise(s) % 5) {
	case 0:
		exo_unmap(where, EXO_MEGA_PAGES, EXO_MEGA, NULL, space);
		break;
	case 1:
		exo_map(where, EXO_NONE, fuzz_wild(s), EXO_MEGA_PAGES, EXO_MEGA, NULL, space);
		break;
	case 2:
		exo_clear(k.handle, noise(s) % 8 ? unit : fuzz_wild(s),
			  noise(s) % 8 ? EXO_MEGA_PAGES : fuzz_count(s));
		break;
	case 3:
		exo_protect(where, EXO_MEGA_PAGES, fuzz_rights(s) | EXO_MEGA, NULL, space);
		break;
	default:
		exo_map(where, k.handle, noise(s) % 8 ? unit : fuzz_count(s), EXO_MEGA_PAGES,
			EXO_READ | EXO_WRITE | EXO_MEGA, NULL, space);
		break;
	}
}

static void
fuzz_memory(uint64_t *s)
{
	uint64_t further = noise(s) % 8 ? 0 : noise(s) % 10 << EXO_BATCH_SHIFT;
	exo_handle space = noise(s) % 4 ? EXO_NONE : fuzz_handle(s, EXO_CAP_SPACE);
	const struct exo_map_entry *more =
		further ? (const struct exo_map_entry *)fuzz_pointer(s) : NULL;
	uint64_t r = noise(s), where = fuzz_address(s);

	switch (r % 11) {
	case 10:
		fuzz_large(s, where & ~0x1ffffful, space);
		break;
	case 9:
		exo_map(where, fuzz_handle(s, EXO_CAP_WINDOW), noise(s) % 2, fuzz_count(s),
			fuzz_rights(s), NULL, space);
		break;
	case 8:
		exo_unshare(where & ~0x1ffffful, fuzz_handle(s, EXO_CAP_TABLE), space,
			    r & 512 ? fuzz_count(s) : 0);
		break;
	case 0:
		exo_unmap(where, fuzz_count(s), further, more, space);
		break;
	case 1:
		exo_protect(where, fuzz_count(s), fuzz_rights(s) | further, more, space);
		break;
	case 2:
		exo_map(where & ~0x1ffffful, fuzz_handle(s, EXO_CAP_TABLE), 0, 1, EXO_WRITE, NULL,
			space);
		break;
	case 3:
		exo_map(where, fuzz_handle(s, 0), 0, 1, fuzz_rights(s), more, space);
		break;
	default:
		exo_map(where, fuzz_handle(s, EXO_CAP_FRAME), noise(s) % 2, fuzz_count(s),
			(r & 256 ? EXO_READ : fuzz_rights(s)) | further, more, space);
		poke(where, r);
		break;
	}
}

static void
fuzz_other(uint64_t *s)
{
	switch (noise(s) % 10) {
	case 9:
		exo_irq_ack(fuzz_handle(s, EXO_CAP_IRQ));
		break;
	case 8:
		exo_resume();
		break;
	case 0:
		exo_inspect(fuzz_handle(s, 0), fuzz_wild(s),
			    (struct exo_cap_info *)fuzz_pointer(s));
		break;
	case 1:
		exo_ask(fuzz_handle(s, 0), fuzz_known[noise(s) % FUZZ_KNOWN].start, fuzz_count(s),
			fuzz_wild(s));
		break;
	case 2:
		learn(s, exo_give(fuzz_handle(s, EXO_CAP_ENV), fuzz_expendable(s), fuzz_slot(s)));
		break;
	case 3:
		exo_console_read(fuzz_handle(s, EXO_CAP_CONSOLE), (void *)fuzz_pointer(s),
				 fuzz_count(s));
		break;
	case 4:
		exo_console_write(fuzz_handle(s, EXO_CAP_CONSOLE),
				  (void *)(fuzz_wild(s) | 1ul << 63), fuzz_wild(s));
		break;
	case 5:
		exo_power(fuzz_handle(s, EXO_CAP_CONSOLE), (uint32_t)noise(s) % 4);
		break;
	case 6:
		exo_fence_i();
		break;
	default: /* numbers that nobody has */
		exo_ecall7((int)(EXO_NR_env_detail + 1 + noise(s) % 18), fuzz_wild(s), fuzz_wild(s),
			   fuzz_wild(s), fuzz_wild(s), fuzz_wild(s), fuzz_wild(s), fuzz_wild(s));
		break;
	}
}

/* A refused call leaves the caller's u-area in gp. */
static uint64_t
own_uarea(void)
{
	uint64_t result;

	__asm__ volatile("mv t3, gp\nli t0, 0\nli t1, 0\nli a7, -64\necall\nmv %0, gp\nmv gp, t3"
			 : "=&r"(result)
			 :
			 : "t0", "t1", "t2", "t3", "a7", "memory");
	return result;
}

static void
fuzz_transfer(uint64_t *s)
{
	struct exo_message m = {.word = {noise(s), noise(s)}};
	uint64_t uarea = own_uarea();
	int64_t number = noise(s) % 4 ? EXO_NR_call : EXO_NR_send;

	m.gift = noise(s) % 4 ? EXO_NONE : fuzz_expendable(s);
	*at(uarea + EXO_U_CALL_DEADLINE) = exo_ticks() + noise(s) % 20000;
	exo_transfer(noise(s) % 2 ? fuzz_server[noise(s) % EXO_HARTS_MAX]
				  : fuzz_handle(s, EXO_CAP_ENV),
		     &m, uarea, -number, 1);
}

static void
fuzz_take(uint64_t *s)
{
	struct known k = fuzz_known[noise(s) % FUZZ_KNOWN];

	switch (noise(s) % 4) {
	case 0:
		exo_revoke(fuzz_expendable(s), 0, 0);
		break;
	case 1:
		exo_revoke(noise(s) % 500 ? k.handle : fuzz_essential[0].handle,
			   k.start + noise(s) % 2, fuzz_count(s));
		break;
	case 2:
		exo_drop(k.handle, k.start + noise(s) % 2, 1 + noise(s) % 3);
		break;
	default:
		exo_drop(fuzz_expendable(s), 0, 0);
		break;
	}
}

/* One call at random for each that is served, and sometimes a nap. */
static void
serve_one(struct exo_message *m, uint64_t badge)
{
	uint64_t s = m->word[0] | 1;

	if (s % 16 == 1) {
		exo_sleep(0, exo_ticks() + m->word[1] % 5000);
	} else if (s % 4 == 1) {
		fuzz_env(&s);
	} else {
		fuzz_memory(&s);
	}
	m->gift = badge % 2 ? m->gift : fuzz_expendable(&s);
}

void
fuzz_serve(uint64_t slot)
{
	uint64_t uarea;

	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
		      (uint64_t)exo_skip_window);
	uarea = own_uarea();
	exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, (uint64_t)exo_serve_entry, slot);
	*at(uarea + EXO_UL_SERVER) = (uint64_t)serve_one;
	exo_serve_begin(uarea);
}

void
fuzz_body(uint64_t seed)
{
	uint64_t s = seed;

	exo_env_entry(EXO_NONE, EXO_ENTRY_EXCEPTION, (uint64_t)exo_skip_entry,
		      (uint64_t)exo_skip_window);
	for (;;) {
		uint64_t r = noise(&s) % 32;

		if (r < 9) {
			fuzz_derive(&s, r < 6);
		} else if (r < 13) {
			fuzz_create(&s);
		} else if (r < 20) {
			fuzz_memory(&s);
		} else if (r < 21) {
			fuzz_bind(&s);
		} else if (r < 22) {
			fuzz_code(&s);
		} else if (r < 24) {
			fuzz_ring(&s);
		} else if (r < 27) {
			fuzz_env(&s);
		} else if (r < 28) {
			fuzz_transfer(&s);
		} else if (r < 30) {
			fuzz_other(&s);
		} else {
			fuzz_take(&s);
		}
		linger(s % 256);
	}
}
