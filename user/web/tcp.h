/* SPDX-License-Identifier: MIT
 * tcp.h: the transport of transport.h on lwIP.
 */
#ifndef USER_WEB_TCP_H
#define USER_WEB_TCP_H

#include <stdint.h>

#include "user/web/conn.h"

/* Listens on `port`, at most once, and gives every client to `server`. 0 or E_NOSPACE. */
int tcp_serve(struct server *server, uint16_t port);

#endif
