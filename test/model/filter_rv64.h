/* SPDX-License-Identifier: MIT
 * filter_rv64.h: runs compiled filters on the host, instruction by instruction.
 */
#ifndef TEST_MODEL_FILTER_RV64_H
#define TEST_MODEL_FILTER_RV64_H

#include "kern/net/shape.h"
#include "kern/net/trie.h"

#define RV64_SHAPE_BYTES 1024
#define RV64_STACK_BYTES 2048

/* The code of a store's shapes, and memory that it may touch. */
struct filter_rv64 {
	struct shapes *shapes;
	uint32_t code[SHAPES_MAX][RV64_SHAPE_BYTES / 4];
	uint8_t stack[RV64_STACK_BYTES] __attribute__((aligned(16)));
	struct {
		const void *start;
		size_t bytes;
	} readable[4]; /* records and packet; also the hits, which are writable */
	struct trie_hit *hits;
	uint64_t instructions; /* of the last run, the return included */
	uint64_t stack_used;   /* bytes, at most so far */
	uint64_t in_c;         /* nodes that had no code, so far */
	const char *wrong;     /* NULL, or what the code did that it must not */
};

/* The address that nodes without code have. */
#define RV64_WITHOUT 0x1000ul

/* Compile what is wanted. */
void filter_rv64_compile(struct filter_rv64 *m);
/* As trie_run. UINT32_MAX: see wrong. */
uint32_t filter_rv64_run(struct filter_rv64 *m, const struct trie *t, const uint8_t *base,
			 const uint8_t *end, struct trie_hit *hits);

#endif
