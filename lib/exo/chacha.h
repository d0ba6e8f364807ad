/* SPDX-License-Identifier: MIT
 * chacha.h: the ChaCha20 block function of RFC 8439, section 2.3. Pure, no state.
 */
#ifndef LIB_EXO_CHACHA_H
#define LIB_EXO_CHACHA_H

#include <stdint.h>

#define CHACHA_KEY_BYTES   32
#define CHACHA_NONCE_BYTES 12
#define CHACHA_BLOCK_BYTES 64

void chacha_block(const uint8_t key[CHACHA_KEY_BYTES], uint32_t counter,
		  const uint8_t nonce[CHACHA_NONCE_BYTES], uint8_t block[CHACHA_BLOCK_BYTES]);

#endif
