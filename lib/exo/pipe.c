/* SPDX-License-Identifier: MIT
 * pipe.c: see pipe.h.
 *
 * No wake-up is lost: who sleeps says so, then (after a full fence) looks again; who has moved its
 * index looks (after a full fence) whether the other one sleeps. A writer or reader that has ended
 * without closing is found by a probe every PROBE_NS.
 */
#include "lib/exo/pipe.h"

#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"

#define PROBE_NS 100000000ul

void
exo_pipe_open(struct exo_pipe *pipe, void *page, exo_handle peer, uint32_t bit)
{
	*pipe = (struct exo_pipe){.ring = page, .peer = peer, .bit = bit};
}

/* Wakes the other side if it sleeps. */
static inline void
side_wake(const struct exo_pipe *pipe, struct exo_pipe_side *other)
{
	uint32_t sleeps;

	atomic_thread_fence(memory_order_seq_cst);
	sleeps = atomic_load_explicit(&other->sleeps, memory_order_relaxed);
	if (sleeps) {
		atomic_store_explicit(&other->sleeps, 0, memory_order_relaxed);
		exo_signal(pipe->peer, EXO_EVENT((sleeps - 1) % 63));
	}
}

static inline bool
side_moved(struct exo_pipe_side *other, uint32_t was)
{
	return atomic_load_explicit(&other->index, memory_order_acquire) != was ||
	       atomic_load_explicit(&other->closed, memory_order_acquire);
}

/* Sleeps until `other` may have moved. 0, or an error: it is no more. */
static int64_t
side_sleep(const struct exo_pipe *pipe, struct exo_pipe_side *own, struct exo_pipe_side *other,
	   uint32_t was)
{
	int64_t result = 0;

	atomic_store_explicit(&own->sleeps, pipe->bit + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!side_moved(other, was) && !exo_wait(EXO_EVENT(pipe->bit), PROBE_NS)) {
		result = exo_signal(pipe->peer, 0);
	}
	atomic_store_explicit(&own->sleeps, 0, memory_order_relaxed);
	return result;
}

/* Waits until `other` has moved from `was`, or has closed. The same results. */
static __attribute__((noinline)) int64_t
side_wait_far(struct exo_pipe *pipe, struct exo_pipe_side *own, struct exo_pipe_side *other,
	      uint32_t was)
{
	int64_t result = 0;

	while (!side_moved(other, was) && result == 0) {
		result = side_sleep(pipe, own, other, was);
	}
	return result;
}

/* The other one may have what it takes to go on. */
static inline int64_t
side_wait(struct exo_pipe *pipe, struct exo_pipe_side *own, struct exo_pipe_side *other,
	  uint32_t was)
{
	if (!pipe->is_far) {
		pipe->is_far = exo_yield(pipe->peer) == E_HART;
		if (atomic_load_explicit(&other->index, memory_order_acquire) != was) {
			return 0;
		}
	}
	return side_wait_far(pipe, own, other, was);
}

/* Bytes from `at` on that lie in one piece. */
static inline uint32_t
piece(uint32_t at, uint32_t bytes)
{
	uint32_t room = EXO_PIPE_BYTES - at % EXO_PIPE_BYTES;

	return bytes < room ? bytes : room;
}

static inline void
index_move(struct exo_pipe *pipe, struct exo_pipe_side *own, struct exo_pipe_side *other,
	   uint32_t count)
{
	pipe->index += count;
	atomic_store_explicit(&own->index, pipe->index, memory_order_release);
	side_wake(pipe, other);
}

/* --- writing -------------------------------------------------------------------------------- */
/* As much as fits: 0 .. bytes, or an error. */
static int64_t
pipe_put(struct exo_pipe *pipe, const uint8_t *from, size_t bytes, uint32_t read)
{
	struct exo_pipe_ring *r = pipe->ring;
	uint32_t used = pipe->index - read;
	uint32_t count = EXO_PIPE_BYTES - used;

	if (used > EXO_PIPE_BYTES) {
		return E_STATE;
	}
	if (atomic_load_explicit(&r->reader.closed, memory_order_relaxed)) {
		return E_GONE;
	}
	count = piece(pipe->index, bytes < count ? (uint32_t)bytes : count);
	if (count > 0) {
		memcpy(r->bytes + pipe->index % EXO_PIPE_BYTES, from, count);
		index_move(pipe, &r->writer, &r->reader, count);
	}
	return count;
}

static __attribute__((noinline)) int64_t
write_all(struct exo_pipe *pipe, const void *from, size_t bytes)
{
	struct exo_pipe_ring *r = pipe->ring;
	size_t done = 0;

	while (done < bytes) {
		uint32_t read = atomic_load_explicit(&r->reader.index, memory_order_acquire);
		int64_t count = pipe_put(pipe, (const uint8_t *)from + done, bytes - done, read);

		if (count < 0) {
			return count;
		}
		if (count == 0 && side_wait(pipe, &r->writer, &r->reader, read) < 0) {
			return E_GONE;
		}
		done += (size_t)count;
	}
	return (int64_t)bytes;
}

int64_t
exo_pipe_write(struct exo_pipe *pipe, const void *from, size_t bytes)
{
	struct exo_pipe_ring *r = pipe->ring;
	uint32_t read = atomic_load_explicit(&r->reader.index, memory_order_acquire);

	if (bytes != 1 || pipe->index - read >= EXO_PIPE_BYTES ||
	    atomic_load_explicit(&r->reader.closed, memory_order_relaxed)) {
		return write_all(pipe, from, bytes);
	}
	r->bytes[pipe->index % EXO_PIPE_BYTES] = *(const uint8_t *)from;
	index_move(pipe, &r->writer, &r->reader, 1);
	return 1;
}

/* --- reading -------------------------------------------------------------------------------- */
/* Some of the `filled` bytes, 1 at least; or E_STATE. */
static inline int64_t
pipe_take(struct exo_pipe *pipe, uint8_t *to, size_t bytes, uint32_t filled)
{
	struct exo_pipe_ring *r = pipe->ring;
	uint32_t count;

	if (filled > EXO_PIPE_BYTES) {
		return E_STATE;
	}
	count = piece(pipe->index, bytes < filled ? (uint32_t)bytes : filled);
	if (count == 1) {
		*to = r->bytes[pipe->index % EXO_PIPE_BYTES];
	} else {
		memcpy(to, r->bytes + pipe->index % EXO_PIPE_BYTES, count);
	}
	index_move(pipe, &r->reader, &r->writer, count);
	return count;
}

static inline uint32_t
pipe_filled(const struct exo_pipe *pipe)
{
	return atomic_load_explicit(&pipe->ring->writer.index, memory_order_acquire) - pipe->index;
}

/* A writer that has closed or ended may have written before. */
int64_t
exo_pipe_read(struct exo_pipe *pipe, void *to, size_t bytes)
{
	struct exo_pipe_ring *r = pipe->ring;
	bool is_over = bytes == 0;
	uint32_t filled;

	while (filled = pipe_filled(pipe), filled == 0 && !is_over) {
		is_over = side_wait(pipe, &r->reader, &r->writer, pipe->index) < 0 ||
			  atomic_load_explicit(&r->writer.closed, memory_order_acquire);
	}
	return filled && bytes ? pipe_take(pipe, to, bytes, filled) : 0;
}

void
exo_pipe_close_writer(struct exo_pipe *pipe)
{
	atomic_store_explicit(&pipe->ring->writer.closed, 1, memory_order_release);
	side_wake(pipe, &pipe->ring->reader);
}

void
exo_pipe_close_reader(struct exo_pipe *pipe)
{
	atomic_store_explicit(&pipe->ring->reader.closed, 1, memory_order_release);
	side_wake(pipe, &pipe->ring->writer);
}
