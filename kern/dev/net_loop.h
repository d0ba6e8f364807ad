/* SPDX-License-Identifier: MIT
 * net_loop.h: a NIC in software: what is sent on it is received on it.
 */
#ifndef KERN_DEV_NET_LOOP_H
#define KERN_DEV_NET_LOOP_H

#include "kern/dev/net.h"

/* The only one. Boot. */
struct net *net_loop_open(void);

#endif
