/* SPDX-License-Identifier: MIT
 * turns.h: the slots of the manifest.
 */
#ifndef USER_INIT_TURNS_H
#define USER_INIT_TURNS_H

#include "lib/manifest/manifest.h"

/* Binds the slots that `env` names to `child`, its ENV. 0, or an error with *step telling where. */
int turns_bind(const struct manifest_env *env, exo_handle child, const char **step);

#endif
