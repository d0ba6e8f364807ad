/* SPDX-License-Identifier: MIT
 * clock.h: the clock page (lib/exo/clock_page.h), from the environment that has `clock;` to all.
 */
#ifndef USER_INIT_CLOCK_H
#define USER_INIT_CLOCK_H

#include "lib/manifest/manifest.h"

/* Makes the page if an environment of the manifest publishes the time. Gives up without memory. */
void clock_open(const struct manifest *manifest);

/* Its FRAME capability, EXO_NONE if there is none. It is init's own and stays: after the end of a
 * driver the time goes on, and the next one takes it up. */
exo_handle clock_frame(void);

#endif
