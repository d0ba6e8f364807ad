/* SPDX-License-Identifier: MIT
 * death.h: the record that the kernel keeps of an environment's end, in words.
 */
#ifndef USER_INIT_DEATH_H
#define USER_INIT_DEATH_H

#include <stddef.h>

#include <exo/types.h>

#define DEATH_BYTES 160

/* Writes what is behind "NAME: " in init's line, such as "ended with status 0". */
void death_describe(const struct exo_context *context, char text[DEATH_BYTES]);

#endif
