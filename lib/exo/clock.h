/* SPDX-License-Identifier: MIT
 * clock.h: the time of day, from the clock page and the `time` counter; no system call.
 */
#ifndef LIB_EXO_CLOCK_H
#define LIB_EXO_CLOCK_H

#include "lib/exo/clock_page.h"

/* The page of this environment, or a null pointer: nobody in the manifest publishes the time. */
const struct exo_clock_page *exo_clock_page(void);

/* *ns = nanoseconds since the beginning of 1970 (UTC). 0, E_NODEV (no clock page) or E_STATE (the
 * driver has not said anything yet). */
int exo_clock_ns(uint64_t *ns);

/* The same, but waits until the driver has said something, at most `timeout_ns`; then E_TIMEOUT. */
int exo_clock_wait(uint64_t *ns, uint64_t timeout_ns);

#endif
