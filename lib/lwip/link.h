/* SPDX-License-Identifier: MIT
 * link.h: lwIP's network interface on PACKET capabilities.
 */
#ifndef LIB_LWIP_LINK_H
#define LIB_LWIP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <lwip/netif.h>

/* Receive memory, two packets a page: of the own packets, and of those that all get. Fifty clients
 * acknowledge a thousand packets while we are busy with a few. */
#define LINK_RECEIVE_PAGES 512
#define LINK_SHARED_PAGES  16

/* Opens the program's PACKET capabilities, the first in both directions, and adds the interface,
 * which has the hardware address `mac` and is up; packets and completions raise event `bit`. 0,
 * E_NOENT without such a capability, or the error of opening one. */
int link_open(struct netif *netif, const uint8_t mac[6], uint32_t bit);

/* Hands what has arrived to lwIP, at most about 64 packets a call, and takes sent packets back. 1
 * if there was anything, 0, or an error: the kernel has stopped a ring. */
int link_poll(void);

/* Hands all packets that lwIP has sent since the last call to the kernel. */
void link_flush(void);

#endif
