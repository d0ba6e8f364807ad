/* SPDX-License-Identifier: MIT
 * shapes.h: the compiled code of packet filters: where it lies, and when it is made.
 */
#ifndef KERN_NET_SHAPES_H
#define KERN_NET_SHAPES_H

#include "kern/kernel.h"
#include "kern/net/shape.h"

/* At boot, before other harts run: pages for the code. */
void shapes_boot(struct kernel *k);
/* The shapes of all NICs' filters; NULL: this machine's kernel compiles none. */
struct shapes *shapes_get(void);
/* Compiles one shape that wants it, if there is one and nobody else is at it: with the tree lock,
 * which is free for a time, so afterwards the caller looks everything up again. True: it did. */
bool shapes_compile(struct kernel *k);

#endif
