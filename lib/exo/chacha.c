/* SPDX-License-Identifier: MIT
 * chacha.c: see chacha.h. The state is a 4 x 4 matrix of words; ten times all columns, then all
 * diagonals are mixed.
 */
#include "lib/exo/chacha.h"

static uint32_t
word_load(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static uint32_t
rotate(uint32_t value, unsigned bits)
{
	return value << bits | value >> (32 - bits);
}

/* RFC 8439, 2.1 */
static void
quarter_round(uint32_t *x, int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

void
chacha_block(const uint8_t key[CHACHA_KEY_BYTES], uint32_t counter,
	     const uint8_t nonce[CHACHA_NONCE_BYTES], uint8_t block[CHACHA_BLOCK_BYTES])
{
	uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	uint32_t x[16];

	for (int i = 0; i < 8; i++) {
		start[4 + i] = word_load(key + 4 * i);
	}
	start[12] = counter;
	for (int i = 0; i < 3; i++) {
		start[13 + i] = word_load(nonce + 4 * i);
	}
	for (int i = 0; i < 16; i++) {
		x[i] = start[i];
	}
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++) {
			quarter_round(x, i, 4 + i, 8 + i, 12 + i);
		}
		for (int i = 0; i < 4; i++) {
			quarter_round(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
		}
	}
	for (int i = 0; i < 64; i++) {
		block[i] = (uint8_t)((x[i / 4] + start[i / 4]) >> (8 * (i % 4)));
	}
}
