/* SPDX-License-Identifier: MIT
 * pipe.c: bytes between environments in different spaces through a shared page: there and back, in
 * long streams of odd pieces, to an end that closes, that dies, that lies.
 *
 * boot: init SMP=1
 * boot: init SMP=2
 */
#include "lib/exo/pipe.h"
#include "test/boot/kin.h"
#include "test/boot/tap.h"

#define BIT_CHILD 3 /* its end */
#define BIT_PIPE  4
#define PAIRS     500
#define STREAM    200000u
#define SECOND    EXO_NS_PER_S

/* The shared pages. */
struct pipes {
	_Alignas(EXO_PAGE_SIZE) struct exo_pipe_ring down; /* from the parent to the child */
	_Alignas(EXO_PAGE_SIZE) struct exo_pipe_ring up;
};
#define SHARED_PAGES (sizeof(struct pipes) / EXO_PAGE_SIZE)

static struct exo_pipe to, from;

static uint8_t
byte_of(uint32_t i)
{
	return (uint8_t)(i * 31 + (i >> 8));
}

/* --- the child -------------------------------------------------------------------------------- */
static int
child_echo(void)
{
	uint8_t bytes[100];
	int64_t count;

	while ((count = exo_pipe_read(&from, bytes, sizeof(bytes))) > 0) {
		if (exo_pipe_write(&to, bytes, (size_t)count) != count) {
			return 2;
		}
	}
	exo_pipe_close_writer(&to);
	return count < 0 ? 3 : 42;
}

/* Pieces of 1 to 3000 bytes. */
static int
child_stream(void)
{
	static uint8_t bytes[3000];
	uint32_t done = 0;

	while (done < STREAM) {
		uint32_t count = 1 + done * 7 % sizeof(bytes);

		count = count < STREAM - done ? count : STREAM - done;
		for (uint32_t i = 0; i < count; i++) {
			bytes[i] = byte_of(done + i);
		}
		if (exo_pipe_write(&to, bytes, count) != count) {
			return 2;
		}
		done += count;
	}
	exo_pipe_close_writer(&to);
	return 42;
}

static int
child_close(void)
{
	exo_pipe_close_reader(&from);
	return 42;
}

static int
child_lie(struct pipes *p)
{
	atomic_store(&p->up.writer.index, 0x80000000u);
	atomic_store(&p->down.reader.index, 0x80000000u);
	return 42;
}

static int
child_main(const char *what)
{
	struct pipes *p = kin_shared();

	if (!p) {
		return 1;
	}
	exo_pipe_open(&from, &p->down, kin_parent(), BIT_PIPE);
	exo_pipe_open(&to, &p->up, kin_parent(), BIT_PIPE);
	switch (what[0]) {
	case 'e':
		return child_echo();
	case 's':
		return child_stream();
	case 'c':
		return child_close();
	case 'l':
		return child_lie(p);
	default: /* dies at once */
		return 42;
	}
}

/* --- the parent ------------------------------------------------------------------------------- */
/* A child on the last hart, and both pipes to it. */
static bool
begin(struct exo_child *child, const char *what)
{
	struct pipes *p = kin.shared.memory;

	memset(p, 0, sizeof(*p));
	if (kin_start(child, what, exo_sysinfo()->harts - 1, 0, BIT_CHILD)) {
		return false;
	}
	exo_pipe_open(&to, &p->down, child->env, BIT_PIPE);
	exo_pipe_open(&from, &p->up, child->env, BIT_PIPE);
	return true;
}

/* The child ended with status 42. */
static bool
end(struct exo_child *child)
{
	struct exo_context c = {.state = EXO_STATE_READY};

	exo_wait(EXO_EVENT(BIT_CHILD), 5 * SECOND);
	exo_env_read(child->env, &c);
	return c.state == EXO_STATE_DEAD && c.death.cause == 42 && kin_end(child) == 0;
}

static void
check_pairs(void)
{
	struct exo_child child;
	uint32_t right = 0;
	uint8_t byte;

	tap_ok(begin(&child, "echo"), "a child in a space of its own");
	for (uint32_t i = 0; i < PAIRS; i++) {
		byte = byte_of(i);
		right += exo_pipe_write(&to, &byte, 1) == 1 &&
			 exo_pipe_read(&from, &byte, 1) == 1 && byte == byte_of(i);
	}
	tap_is(right, PAIRS, "a byte goes there and back, five hundred times");
	exo_pipe_close_writer(&to);
	tap_is(exo_pipe_read(&from, &byte, 1), 0,
	       "after the end of one there is that of the other");
	tap_ok(end(&child), "the child saw the end");
}

static void
check_stream(void)
{
	struct exo_child child;
	static uint8_t bytes[997];
	uint32_t done = 0, wrong = 0;
	int64_t count;

	begin(&child, "stream");
	while ((count = exo_pipe_read(&from, bytes, sizeof(bytes))) > 0) {
		for (uint32_t i = 0; i < count; i++) {
			wrong += bytes[i] != byte_of(done + i);
		}
		done += (uint32_t)count;
	}
	tap_ok(done == STREAM && wrong == 0, "200 000 bytes arrive in order: %u, %u wrong", done,
	       wrong);
	tap_ok(end(&child), "their writer ended");
}

static void
check_ends(void)
{
	struct exo_child child;
	static uint8_t bytes[2 * EXO_PIPE_BYTES];

	begin(&child, "close");
	tap_is(exo_pipe_write(&to, bytes, sizeof(bytes)), E_GONE, "nobody reads any more");
	tap_ok(end(&child), "its reader ended");
	begin(&child, "die");
	tap_is(exo_pipe_read(&from, bytes, 1), 0, "a writer that dies has written all");
	tap_is(exo_pipe_write(&to, bytes, sizeof(bytes)), E_GONE, "one that is dead reads nothing");
	tap_ok(end(&child), "it was dead");
	begin(&child, "lie");
	exo_wait(EXO_EVENT(BIT_CHILD), 5 * SECOND);
	tap_is(exo_pipe_read(&from, bytes, 1), E_STATE, "a wrong index ends the pipe");
	tap_is(exo_pipe_write(&to, bytes, 1), E_STATE, "in both directions");
	kin_end(&child);
}

int
main(int argc, char **argv)
{
	if (!exo_boot()) {
		return argc == 2 ? child_main(argv[1]) : 1;
	}
	tap_plan(14);
	tap_is(kin_open(SHARED_PAGES), 0, "the program finds itself");
	check_pairs();
	check_stream();
	check_ends();
	return tap_end();
}
