/* SPDX-License-Identifier: MIT
 * list.h: intrusive doubly linked circular list.
 *
 * A list is a struct list_node used as head; members embed another. An empty list, and a node in
 * no list, point at themselves, so list_remove may be called twice and list_is_empty(node) tells
 * whether a member is linked. Invariant: n->next->prev == n and n->prev->next == n. The caller
 * holds whatever lock guards the list.
 */
#ifndef LIB_BASE_LIST_H
#define LIB_BASE_LIST_H

#include <stdbool.h>

#include "lib/base/checked.h"

struct list_node {
	struct list_node *next;
	struct list_node *prev;
};

/* for (struct list_node *n = ...): the loop body may not remove n; list_for_each_safe allows it. */
#define list_for_each(node, head)                                                                  \
	for ((node) = (head)->next; (node) != (head); (node) = (node)->next)
#define list_for_each_safe(node, after, head)                                                      \
	for ((node) = (head)->next, (after) = (node)->next; (node) != (head);                      \
	     (node) = (after), (after) = (node)->next)

static inline void
list_init(struct list_node *node)
{
	node->next = node;
	node->prev = node;
}

static inline bool
list_is_empty(const struct list_node *head)
{
	return head->next == head;
}

static inline void
list_insert_after(struct list_node *where, struct list_node *node)
{
	node->next = where->next;
	node->prev = where;
	where->next->prev = node;
	where->next = node;
}

static inline void
list_push_front(struct list_node *head, struct list_node *node)
{
	list_insert_after(head, node);
}

static inline void
list_push_back(struct list_node *head, struct list_node *node)
{
	list_insert_after(head->prev, node);
}

static inline void
list_remove(struct list_node *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	list_init(node);
}

/* The first node, or 0 if the list is empty. */
static inline struct list_node *
list_first(const struct list_node *head)
{
	return list_is_empty(head) ? NULL : head->next;
}

/* Unlinks and returns the first node, or 0. */
static inline struct list_node *
list_pop_front(struct list_node *head)
{
	struct list_node *node = list_first(head);

	if (node) {
		list_remove(node);
	}
	return node;
}

#endif
