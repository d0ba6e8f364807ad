/* SPDX-License-Identifier: MIT
 * pipe.c: a byte to another environment and back, by lib/exo/pipe.h (pipe_pair). The other one is
 * this program again, in a space of its own.
 */
#include "lib/exo/pipe.h"
#include "test/bench/common.h"
#include "test/boot/kin.h"

#define SAMPLES   100
#define BIT_CHILD 3
#define BIT_PIPE  4

struct pipes {
	_Alignas(EXO_PAGE_SIZE) struct exo_pipe_ring down;
	_Alignas(EXO_PAGE_SIZE) struct exo_pipe_ring up;
};

static struct exo_pipe to, from;

static int
echo(struct pipes *p)
{
	uint8_t byte;

	exo_pipe_open(&from, &p->down, kin_parent(), BIT_PIPE);
	exo_pipe_open(&to, &p->up, kin_parent(), BIT_PIPE);
	while (exo_pipe_read(&from, &byte, 1) == 1) {
		exo_pipe_write(&to, &byte, 1);
	}
	return 0;
}

static void
pairs(void)
{
	struct exo_child child;
	struct pipes *p = kin.shared.memory;
	uint8_t byte = 1;

	must("child", kin_start(&child, "echo", 0, 0, BIT_CHILD));
	exo_pipe_open(&to, &p->down, child.env, BIT_PIPE);
	exo_pipe_open(&from, &p->up, child.env, BIT_PIPE);
	for (int i = 0; i < SAMPLES; i++) {
		BEGIN(OP_PIPE_PAIR);
		exo_pipe_write(&to, &byte, 1);
		exo_pipe_read(&from, &byte, 1);
		END(OP_PIPE_PAIR);
	}
	exo_pipe_close_writer(&to);
}

int
main(void)
{
	if (!exo_boot()) {
		return echo(kin_shared());
	}
	must("kin", kin_open(sizeof(struct pipes) / EXO_PAGE_SIZE));
	bench_empty();
	pairs();
	return bench_end();
}
