/* SPDX-License-Identifier: MIT
 * pipe.h: a stream of bytes from one environment to another, through a page that both have mapped.
 *
 * The kernel sees a shared FRAME and two ENV capabilities (EXO_ENV_SIGNAL, EXO_ENV_YIELD). Who
 * finds the ring empty or full gives the rest of its slice to the other one, on the same hart; if
 * that does not help, or the other one is elsewhere, it sleeps until it is signalled. Neither side
 * trusts what the other one writes: at worst the bytes are wrong or the pipe ends in E_STATE.
 */
#ifndef LIB_EXO_PIPE_H
#define LIB_EXO_PIPE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <exo/types.h>

#define EXO_PIPE_BYTES 2048

/* On the page, which is zero before. Indices run freely; each side writes its own line. */
struct exo_pipe_ring {
	struct exo_pipe_side {
		_Atomic uint32_t index;  /* bytes written, read */
		_Atomic uint32_t sleeps; /* event bit to wake it by, + 1; 0: it is awake */
		_Atomic uint32_t closed;
		uint32_t unused[13];
	} writer, reader;
	uint8_t bytes[EXO_PIPE_BYTES];
};
_Static_assert(sizeof(struct exo_pipe_ring) <= EXO_PAGE_SIZE, "one page");

struct exo_pipe {
	struct exo_pipe_ring *ring;
	exo_handle peer;
	uint32_t index; /* our own, which the other one cannot change */
	uint32_t bit;
	bool is_far; /* the other one is not on this hart */
};

/* One end of the pipe on `page`; `peer` has the other one. While this one sleeps its event `bit` is
 * what it waits for. */
void exo_pipe_open(struct exo_pipe *pipe, void *page, exo_handle peer, uint32_t bit);

/* Writes all of it: `bytes`, E_GONE (nobody reads any more), or E_STATE (the ring makes no sense).
 */
int64_t exo_pipe_write(struct exo_pipe *pipe, const void *from, size_t bytes);

/* What there is, at least one byte and at most `bytes`; 0: the writer has closed or ended, and all
 * is read; or E_STATE. */
int64_t exo_pipe_read(struct exo_pipe *pipe, void *to, size_t bytes);

void exo_pipe_close_writer(struct exo_pipe *pipe);
void exo_pipe_close_reader(struct exo_pipe *pipe);

#endif
