/* SPDX-License-Identifier: MIT
 * trace.h: the kernel's event trace, to be read: one page that says where it has got to, then a
 * ring of events per hart.
 *
 * Each hart writes its own ring and never waits: the newest event takes the place of the oldest.
 * Event number n of hart h is entry n modulo `events` of its ring. A reader copies entries first,
 * then reads `count` again: those below count - events + 1 may have been overwritten meanwhile
 * (lib/exo/trace.c).
 *
 * An environment is named by the page of its ENV: `start` of every capability to it. There are no
 * addresses, registers or arguments in events: who reads them learns who ran when and did what,
 * which is why init gives the trace only to those whose manifest says so.
 */
#ifndef EXO_TRACE_H
#define EXO_TRACE_H

#include <exo/sysinfo.h>

#define EXO_TRACE_MAGIC 0x6563617274000001ul

struct exo_trace_event {
	uint64_t time;  /* of the `time` counter */
	uint32_t env;   /* page of its ENV, 0: nobody's */
	uint16_t kind;  /* enum exo_trace_kind */
	uint16_t value; /* see trace.def */
};
_Static_assert(sizeof(struct exo_trace_event) == 16, "trace layout");

enum exo_trace_kind {
#define TRACE_EVENT(nr, name, word, value) EXO_TRACE_##name = (nr),
#include <exo/trace.def>
#undef TRACE_EVENT
};

struct exo_trace {
	uint64_t magic;
	uint32_t harts;
	uint32_t events; /* entries of each ring, a power of two */
	uint32_t armed;  /* 1: everything is recorded, 0: only what costs the hot paths nothing */
	uint32_t spare;
	uint64_t reserved[5];
	struct {
		uint64_t count; /* events recorded so far, live */
		uint64_t reserved[7];
	} hart[EXO_HARTS_MAX];
};
_Static_assert(sizeof(struct exo_trace) <= EXO_PAGE_SIZE, "trace layout");

/* Where the ring of a hart begins, bytes from the start of the trace. */
#define EXO_TRACE_RING(hart, events)                                                               \
	(EXO_PAGE_SIZE + (uint64_t)(hart) * (events) * sizeof(struct exo_trace_event))

#endif
