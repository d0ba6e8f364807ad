/* SPDX-License-Identifier: MIT
 * tree.h: all capabilities that can be seen, as a tree.
 */
#ifndef USER_MONITOR_TREE_H
#define USER_MONITOR_TREE_H

#include <stdbool.h>

#include "user/monitor/world.h"

#define TREE_NODES 4096

struct tree_cap {
	struct exo_cap_info info;
	struct tree_cap *parent; /* NULL: a root, or what it came from cannot be seen */
	struct tree_cap *child;  /* the first */
	struct tree_cap *next;   /* sibling */
	const char *owner;
	exo_handle env;    /* of the owner, to the monitor */
	exo_handle handle; /* by which the owner names it */
	uint32_t slot;
};

/* Looks at what init and all running environments hold. Returns how many capabilities, in the order
 * in which they are to be drawn side by side; *is_cut if there are more than TREE_NODES. */
uint32_t tree_look(bool *is_cut);

/* One of them; NULL behind the last. */
struct tree_cap *tree_at(uint32_t n);

#endif
