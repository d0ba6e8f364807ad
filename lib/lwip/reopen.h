/* SPDX-License-Identifier: MIT
 * reopen.h: new connections in the place of those that are over but for their TIME-WAIT. What
 * lwipopts.h has lwIP call.
 */
#ifndef LIB_LWIP_REOPEN_H
#define LIB_LWIP_REOPEN_H

#include <stdint.h>

struct pbuf;

/* An IPv4 packet, from its header on, has come. 0: lwIP goes on with it. */
int lwip_reopen_input(const struct pbuf *packet);

/* The first sequence number of a new connection. */
uint32_t lwip_reopen_isn(void);

#endif
