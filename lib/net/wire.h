/* SPDX-License-Identifier: MIT
 * wire.h: numbers as they stand in packets: big-endian, at any address.
 *
 * IPv4 addresses are uint32_t in host order everywhere in this library; hardware addresses are six
 * bytes as on the wire. Offsets are from the first byte of the header that they belong to. Pure.
 * Frames begin two bytes behind a multiple of eight, received ones and those to be sent: then what
 * follows the Ethernet header is aligned.
 */
#ifndef LIB_NET_WIRE_H
#define LIB_NET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAC_BYTES    6
#define FRAME_MAX    1514 /* an Ethernet frame without its check sequence */
#define FRAME_MIN    60
#define IP_MTU       1500
#define IP_MAX       65535 /* bytes of a datagram with its header */
#define IP_HEADER    20    /* as we send it: no options */
#define UDP_HEADER   8
#define UDP_MAX      (IP_MAX - IP_HEADER - UDP_HEADER)
#define UDP_IN_PLACE (IP_MTU - IP_HEADER - UDP_HEADER) /* payload that needs no fragments */
#define ICMP_HEADER  8

/* Ethernet (RFC 894) */
#define ETH_TO       0
#define ETH_FROM     6
#define ETH_TYPE     12
#define ETH_HEADER   14
#define ETH_TYPE_IP  0x0800
#define ETH_TYPE_ARP 0x0806

enum ip_protocol {
	IP_ICMP = 1,
	IP_UDP = 17,
};

#define IP_BROADCAST 0xffffffffu

/* Two and four bytes at once, aligned, in the order of the wire. */
typedef uint16_t __attribute__((may_alias)) raw16;
typedef uint32_t __attribute__((may_alias)) raw32;

static inline uint64_t
get16_wide(const uint8_t *at)
{
	return at[0] * UINT64_C(256) + at[1];
}

static inline uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)get16_wide(at);
}

static inline uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* Two numbers of two bytes at an aligned address, the first one low. */
static inline uint32_t
get16_pair(const uint8_t *at)
{
	uint32_t value = *(const raw32 *)at;

	return (value >> 8 & 0xff00ff) | (value & 0xff00ff) << 8;
}

/* As get32 at an aligned address, with one load. Where there is no instruction that turns bytes
 * round, the compiler makes more of the function above than stands there. */
static inline uint32_t
get32_aligned(const uint8_t *at)
{
	uint32_t value = get16_pair(at);

	return value >> 16 | value << 16;
}

static inline void
put16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8 & 0xff;
	at[1] = value & 0xff;
}

static inline void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* Hardware addresses as numbers, in the order of the wire, which is nobody's: to whom a frame is,
 * and from whom it is to be. */
#define MAC_ALL 0xffffffffffffull

static inline uint64_t
mac_to(const uint8_t *frame)
{
	uint64_t low = *(const raw16 *)(frame + ETH_TO);

	return low | (uint64_t) * (const raw32 *)(frame + ETH_TO + 2) << 16;
}

static inline void
mac_put_from(uint8_t *frame, uint64_t mac)
{
	*(raw32 *)(frame + ETH_FROM) = (uint32_t)mac;
	*(raw16 *)(frame + ETH_FROM + 4) = (uint16_t)(mac >> 32);
}

/* From one even address to another. */
static inline void
mac_copy(uint8_t *to, const uint8_t *from)
{
	for (int i = 0; i < MAC_BYTES / 2; i++) {
		((raw16 *)to)[i] = ((const raw16 *)from)[i];
	}
}

/* True for addresses that can stand for one host: RFC 1122 3.2.1.3, not (a), (c), (e), (g); 224
 * and up is multicast or reserved. Whether it is a broadcast of some subnet, only who knows the
 * mask can tell. */
static inline bool
ip_is_host(uint32_t address)
{
	uint32_t net = address >> 24;

	return net != 0 && net != 127 && net < 224;
}

#endif
