/* SPDX-License-Identifier: MIT
 * crc32.h: CRC-32 of IEEE 802.3 (reflected polynomial 0xedb88320), the one of zlib, gzip and PNG.
 */
#ifndef LIB_BASE_CRC32_H
#define LIB_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` over more bytes; start with 0. crc32_update(0, "123456789", 9) is 0xcbf43926. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t bytes);

#endif
