/* SPDX-License-Identifier: MIT
 * draws.c: prints random bytes of this environment, and whether anything of its seed lies about.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/exo/start.h"

static int
seed_left(void)
{
	int left = 0;

	for (int i = 0; i < EXO_START_SEED; i++) {
		left += exo_start()->seed[i] != 0;
	}
	return left;
}

int
main(void)
{
	uint8_t bytes[16];

	if (getentropy(bytes, sizeof(bytes)) != 0) {
		return 1;
	}
	printf("%s: drew ", exo_name());
	for (size_t i = 0; i < sizeof(bytes); i++) {
		printf("%02x", bytes[i]);
	}
	printf(" %08lx, %d of %u bytes, %d left\n", (unsigned long)arc4random(), EXO_START_SEED,
	       exo_start()->seed_bytes, seed_left());
	return seed_left() ? 1 : 0;
}
