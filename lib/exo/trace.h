/* SPDX-License-Identifier: MIT
 * trace.h: read the kernel's event trace (exo/trace.h), for those who were given it.
 *
 * exo_trace_open maps it; exo_trace_copy takes the newest events of a hart while that hart goes on
 * recording. The rest is pure: words for what is in an event.
 */
#ifndef LIB_EXO_TRACE_H
#define LIB_EXO_TRACE_H

#include <exo/trace.h>
#include <exo/types.h>

#define EXO_TRACE_TEXT      64
#define EXO_TRACE_FOUND_MAX 256 /* of an exo_trace_copy_of */

/* The trace, mapped, from the start page's `trace`; 0 if the program was not given it. */
const struct exo_trace *exo_trace_open(void);

/* Copies the newest events of a hart, at most `most`, oldest first, none of them half overwritten.
 * Returns how many; *first is the number of the first one since the machine started. */
uint32_t exo_trace_copy(const struct exo_trace *trace, uint32_t hart,
			struct exo_trace_event *events, uint32_t most, uint64_t *first);

/* Copies the newest events of a hart that name an environment whose page is in [first_page,
 * first_page + pages): the pool that it was made of has the environments of its threads as well.
 * The range may go round: from the end of a pool on, -pages of it are all others. At most `most`,
 * and EXO_TRACE_FOUND_MAX, oldest first, none of them half overwritten; the whole ring is looked
 * through if there are fewer. Returns how many. */
uint32_t exo_trace_copy_of(const struct exo_trace *trace, uint32_t hart, uint64_t first_page,
			   uint64_t pages, struct exo_trace_event *events, uint32_t most);

/* "run", "call", ... */
const char *exo_trace_kind_name(uint32_t kind);
/* The name of call `nr` without its exo_, or "unknown". */
const char *exo_trace_call_name(uint32_t nr);
/* "call map", "interrupt timer", "fault 13": without time and environment. */
void exo_trace_describe(const struct exo_trace_event *event, char text[EXO_TRACE_TEXT]);

#endif
