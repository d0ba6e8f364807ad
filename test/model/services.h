/* SPDX-License-Identifier: MIT
 * services.h: any number of filters of one kind, and the packet that each wants: number i is a TCP
 * service with an address and a port of its own, 16 ports to an address.
 */
#ifndef TEST_MODEL_SERVICES_H
#define TEST_MODEL_SERVICES_H

#include <stdint.h>
#include <string.h>
#include <exo/atom.h>

#define SERVICE_ATOMS 7
#define SERVICE_PORTS 16 /* for each address */

static inline uint32_t
service_address(uint32_t i)
{
	return 0x0a000000 + i / SERVICE_PORTS;
}

static inline uint32_t
service_port(uint32_t i)
{
	return 1024 + i % SERVICE_PORTS * 7;
}

/* TCP in IPv4, no fragment, to the address and port of number i: SERVICE_ATOMS atoms. */
static inline void
service_atoms(uint32_t i, struct exo_atom *atoms)
{
	const struct exo_atom all[SERVICE_ATOMS] = {
		{EXO_ATOM_COMPARE, 2, 0, 0, 12, 0, 0xffff, 0x0800},
		{EXO_ATOM_COMPARE, 1, 0, 0, 14, 0, 0xff, 0x45},
		{EXO_ATOM_COMPARE, 2, 0, 0, 20, 0, 0x3fff, 0},
		{EXO_ATOM_COMPARE, 1, 0, 0, 23, 0, 0xff, 6},
		{EXO_ATOM_COMPARE, 4, 0, 0, 30, 0, 0xffffffff, service_address(i)},
		{EXO_ATOM_SHIFT, 1, 2, 0, 14, 0, 0xf, 0},
		{EXO_ATOM_COMPARE, 2, 0, 0, 16, 0, 0xffff, service_port(i)},
	};

	memcpy(atoms, all, sizeof(all));
}

/* The packet of number i, in `bytes` (38 or more) at p. */
static inline void
service_packet(uint32_t i, uint8_t *p, size_t bytes)
{
	static const uint8_t head[] = {0x08, 0x00, 0x45, 0x00, 0x00, 0x28};

	memset(p, 0, bytes);
	memcpy(p + 12, head, sizeof(head));
	p[20] = 0x40;
	p[23] = 6;
	for (uint32_t j = 0; j < 4; j++) {
		p[30 + j] = (uint8_t)(service_address(i) >> (24 - 8 * j));
	}
	p[36] = (uint8_t)(service_port(i) >> 8);
	p[37] = (uint8_t)service_port(i);
}

#endif
