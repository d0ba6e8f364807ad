/* SPDX-License-Identifier: MIT
 * cap_tree.h: a small capability tree that tests build by hand; after each call it is checked.
 */
#ifndef TEST_UNIT_CAP_TREE_H
#define TEST_UNIT_CAP_TREE_H

#include <setjmp.h>

#include "kern/cap.h"

#define START 0x1000 /* of the root, in slot 0 */
#define COUNT 64
#define NODES 64 /* places of bindings */

extern struct captree tree;
extern bool is_busy[NODES]; /* the binding waits for a device */
extern int unbinds_late;    /* so many unbinds say CAP_AGAIN first */
extern jmp_buf panicked;    /* where panic() goes */

struct cap *slot(int i);
/* Id of place i, a node in an object. */
uint32_t node(int i);

/* Start again with a root of `type` (FRAME or PACKET) in slot 0. */
void plant(uint32_t type);
/* cap_check() holds and the count of revocations is right. */
void sound(void);
/* Teardown of every test: nothing was written where a link of 0 leads. */
int zero_is_untouched(void **state);

int carve(int parent, int dst, uint64_t start, uint64_t count);
int share(int parent, int dst);
void bind(int c, int i, bool busy);
/* Steps until it is done or refused, at most `limit`. */
int revoke(int c, uint64_t start, uint64_t count, int limit);
int drop(int c, int limit);
/* The first step of a revocation. */
int revoke_step(struct cap *c, uint64_t start, uint64_t count);

/* Nodes on the longest path through the siblings below root. */
int height(const struct captree *t, const struct cap *root);

#endif
