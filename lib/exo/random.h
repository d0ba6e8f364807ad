/* SPDX-License-Identifier: MIT
 * random.h: random bytes from the seed of the start page.
 */
#ifndef LIB_EXO_RANDOM_H
#define LIB_EXO_RANDOM_H

#include <stddef.h>

/* Random bytes, fit for keys if exo_start()->seed_bytes is not 0. Earlier output cannot be
 * computed from the present state. */
void exo_random(void *to, size_t bytes);

/* Mixes something in that others do not know; it never does harm. The start-up code does so with
 * the seed of the start page, of which nothing is left there. */
void exo_random_stir(const void *from, size_t bytes);

#endif
