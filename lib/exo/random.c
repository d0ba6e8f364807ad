/* SPDX-License-Identifier: MIT
 * random.c: see random.h: ChaCha20 whose key is replaced by the first half of each block it makes
 * ("fast key erasure").
 *
 * State: the key; it starts as the seed of the start page.
 */
#include "lib/exo/random.h"

#include <string.h>

#include "lib/exo/chacha.h"
#include "lib/exo/start.h"

_Static_assert(EXO_START_SEED == CHACHA_KEY_BYTES, "the seed is the first key");

static struct {
	int seeded;
	uint8_t key[CHACHA_KEY_BYTES];
} state;

void
exo_random(void *to, size_t bytes)
{
	uint8_t *at = to;

	if (!state.seeded) {
		memcpy(state.key, exo_start()->seed, sizeof(state.key));
		state.seeded = 1;
	}
	while (bytes > 0) {
		const uint8_t nonce[CHACHA_NONCE_BYTES] = {0};
		uint8_t block[CHACHA_BLOCK_BYTES];
		size_t part = bytes < CHACHA_KEY_BYTES ? bytes : CHACHA_KEY_BYTES;

		chacha_block(state.key, 0, nonce, block);
		memcpy(state.key, block, CHACHA_KEY_BYTES);
		memcpy(at, block + CHACHA_KEY_BYTES, part);
		at += part;
		bytes -= part;
	}
}
