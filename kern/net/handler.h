/* SPDX-License-Identifier: MIT
 * handler.h: programs that look at packets in the kernel, before they come into a ring.
 */
#ifndef KERN_NET_HANDLER_H
#define KERN_NET_HANDLER_H

#include "kern/ring.h"

struct nic;

/* Program p, loaded in `code`, looks at the packets of the RECEIVE ring r. `state` is the FRAME
 * that it may write, NULL: none; its pages are claimed. 0, or E_BUSY: there is one, or the ring has
 * no PACKET. Tree lock, as everywhere here. */
int handler_bind(struct ring *r, const struct program *p, struct cap *code, struct cap *state);
/* No longer. E_STATE: there is none. */
int handler_unbind(struct ring *r);
/* One of its uses is being broken. */
void handler_lost(struct use *u);
/* Let the ring's handler look at a packet. True: it dealt with it. */
bool handler_takes(struct nic *n, struct ring *r, const uint8_t *frame, size_t bytes);

#endif
