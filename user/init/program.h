/* SPDX-License-Identifier: MIT
 * program.h: finds the program of an environment and checks that it can run there.
 */
#ifndef USER_INIT_PROGRAM_H
#define USER_INIT_PROGRAM_H

#include "lib/manifest/manifest.h"

/* The ELF file that `env` names, checked, and its size. Gives up if it is not there, is broken, or
 * wants more pages than the environment has. */
const void *program_find(const struct manifest_env *env, size_t *bytes);

/* Leaves of 64 capability slots that the environment gets. */
uint32_t program_leaves(const struct manifest_env *env);

#endif
