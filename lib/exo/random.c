/* SPDX-License-Identifier: MIT
 * random.c: see random.h: ChaCha20 whose key is replaced by the first half of each block it makes
 * ("fast key erasure").
 *
 * State: the key; it starts as zeros.
 */
#include "lib/exo/random.h"

#include <string.h>

#include "lib/exo/chacha.h"

static uint8_t key[CHACHA_KEY_BYTES];

/* A block; its first half is the next key, the second half may be given away. */
static void
next_block(uint8_t block[CHACHA_BLOCK_BYTES])
{
	static const uint8_t nonce[CHACHA_NONCE_BYTES];

	chacha_block(key, 0, nonce, block);
	memcpy(key, block, CHACHA_KEY_BYTES);
}

void
exo_random(void *to, size_t bytes)
{
	uint8_t *at = to;

	while (bytes > 0) {
		uint8_t block[CHACHA_BLOCK_BYTES];
		size_t part = bytes < CHACHA_KEY_BYTES ? bytes : CHACHA_KEY_BYTES;

		next_block(block);
		memcpy(at, block + CHACHA_KEY_BYTES, part);
		at += part;
		bytes -= part;
	}
}

/* The key is changed by what is mixed in, then scrambled: nobody who knows or chooses some of it
 * can undo what came before. */
void
exo_random_stir(const void *from, size_t bytes)
{
	const uint8_t *at = from;
	uint8_t block[CHACHA_BLOCK_BYTES];

	for (size_t i = 0; i < bytes; i++) {
		key[i % CHACHA_KEY_BYTES] ^= at[i];
		if ((i + 1) % CHACHA_KEY_BYTES == 0 || i + 1 == bytes) {
			next_block(block);
		}
	}
}
