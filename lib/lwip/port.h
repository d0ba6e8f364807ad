/* SPDX-License-Identifier: MIT
 * port.h: lwIP in a Chitin program: started, polled, with an address.
 *
 *	lwip_port_open(BIT);
 *	for (;;) {
 *		while (lwip_port_poll() > 0) { }
 *		... use lwIP's raw interface ...
 *		lwip_port_flush();
 *		exo_wait(EXO_EVENT(BIT) | ..., lwip_port_timeout_ns());
 *	}
 */
#ifndef LIB_LWIP_PORT_H
#define LIB_LWIP_PORT_H

#include <stdint.h>

#define LWIP_PORT_DHCP_MS 4000 /* then the address of the manifest is used, if it has one */

/* Starts lwIP on the program's PACKET capabilities; what happens there raises event `bit`. The
 * address comes from DHCP, or from the manifest's values address=, netmask=, gateway=; the
 * hardware address is that of the NIC, or the value mac=52:54:00:12:34:56. 0 or an error, about
 * which a sentence was printed. */
int lwip_port_open(uint32_t bit);

/* Lets lwIP work: packets in, packets out, timers. 1 if there was something to do, 0, or an
 * error: the network is lost. */
int lwip_port_poll(void);

/* Sends what lwIP has put together. */
void lwip_port_flush(void);

/* How long lwIP can wait without being polled. */
uint64_t lwip_port_timeout_ns(void);

/* "10.0.2.15", or 0 while there is none. */
const char *lwip_port_address(void);

#endif
