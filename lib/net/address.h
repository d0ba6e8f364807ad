/* SPDX-License-Identifier: MIT
 * address.h: addresses as people write them. Pure.
 */
#ifndef LIB_NET_ADDRESS_H
#define LIB_NET_ADDRESS_H

#include <stdint.h>

#define ADDRESS_TEXT 16 /* "255.255.255.255" and its end */

/* "10.0.2.15", four decimal numbers without leading zeros and nothing else: 0 and *address, or
 * E_FORMAT. */
int address_parse(const char *text, uint32_t *address);

/* Writes ADDRESS_TEXT bytes at most to `text` and returns it. */
const char *address_print(uint32_t address, char *text);

/* "52:54:00:12:34:56": 0 and mac[6], or E_FORMAT. */
int address_parse_mac(const char *text, uint8_t *mac);

#endif
