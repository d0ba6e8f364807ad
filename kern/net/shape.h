/* SPDX-License-Identifier: MIT
 * shape.h: which nodes can share compiled code, and the code there is.
 */
#ifndef KERN_NET_SHAPE_H
#define KERN_NET_SHAPE_H

#include <stdint.h>
#include "arch/arch.h"

struct trie_node;

#define SHAPES_MAX    128
#define SHAPES_SHARE  16 /* that one may have brought in, of those that are in use */
#define SHAPE_BUCKETS 64
#define SHAPE_NONE    UINT16_MAX

struct shape {
	uint64_t code;  /* 0: not yet compiled, or it cannot be */
	uint32_t nodes; /* of this shape */
	uint8_t *share; /* whose it is, see below, while there are nodes */
	uint16_t next;  /* in its bucket, or of those that are free; SHAPE_NONE */
	bool tried;
	struct arch_filter_shape what;
};

struct shapes {
	uint64_t without; /* the code of nodes whose shape has none: calls trie_step */
	uint16_t bucket[SHAPE_BUCKETS];
	uint32_t used;  /* of the array, from its start on */
	uint8_t *share; /* counts the shapes of whoever changes something now. NULL: no matter */
	struct shape shape[SHAPES_MAX];
};

void shapes_init(struct shapes *s, uint64_t without);
/* A node was made or changed: which shape has it now, and its code. s may be NULL. */
void shape_enter(struct shapes *s, struct trie_node *n);
/* It is about to end. */
void shape_leave(struct shapes *s, struct trie_node *n);
/* Who counts there ends: those that others use still are nobody's. */
void shape_disown(struct shapes *s, uint8_t *share);
/* The code that its shape has by now, or `without`. */
uint64_t shape_code(const struct shapes *s, const struct trie_node *n);

/* A shape that should be compiled: its number, or SHAPE_NONE. Then shape_compiled with where its
 * code is, or 0: it cannot be compiled, or there is no room. The place for the code of a shape is
 * free again when another one is wanted under the same number. */
uint32_t shape_wanted(const struct shapes *s);
void shape_compiled(struct shapes *s, uint32_t number, uint64_t code);

/* Write down the shape of a node, as far as shape_bytes. False: it has too many parts. */
bool shape_describe(const struct trie_node *n, struct arch_filter_shape *to);
size_t shape_bytes(const struct arch_filter_shape *what);

#endif
