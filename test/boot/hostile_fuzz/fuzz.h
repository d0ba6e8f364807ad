/* SPDX-License-Identifier: MIT
 * fuzz.h: what the parts of hostile_fuzz share: what the child has, and arguments drawn at random.
 */
#ifndef TEST_BOOT_HOSTILE_FUZZ_FUZZ_H
#define TEST_BOOT_HOSTILE_FUZZ_FUZZ_H

#include "lib/exo/transfer.h"
#include "test/boot/hostile.h"

#define FUZZ_REGION      0x600000000ul /* where the child maps: four tables' worth */
#define FUZZ_REGION_BITS 11
#define FUZZ_LEAVES      6
#define FUZZ_KNOWN       64
#define FUZZ_ESSENTIAL   12

struct known {
	exo_handle handle;
	uint32_t type;
	uint64_t start;
	uint64_t count;
};

/* Of the child, shared by all its threads without any lock. */
extern struct known fuzz_known[FUZZ_KNOWN];
extern struct known fuzz_essential[FUZZ_ESSENTIAL]; /* pool, ENV, SPACE, CSPACE, CONSOLE, BLOCK,
						       PACKET, a ring, WINDOW, IRQ, SLOT, CODE */
extern uint64_t fuzz_buffers[8][128];

uint64_t fuzz_wild(uint64_t *s);
struct known fuzz_pick(uint64_t *s, uint32_t type);
exo_handle fuzz_handle(uint64_t *s, uint32_t type);
/* A handle that may be destroyed; hardly ever one that the child cannot do without. */
exo_handle fuzz_expendable(uint64_t *s);
uint64_t fuzz_address(uint64_t *s);
uint64_t fuzz_count(uint64_t *s);
uint64_t fuzz_rights(uint64_t *s);
uint32_t fuzz_slot(uint64_t *s);
/* Memory for a call to read or write, full of plausible entries. */
uint64_t fuzz_pointer(uint64_t *s);
/* A filter that is mostly well formed: which few bytes the packets may have. */
uint64_t fuzz_filter(uint64_t *s);

/* A call about downloaded code. */
void fuzz_code(uint64_t *s);

/* Threads that serve, one on each hart. */
extern exo_handle fuzz_server[EXO_HARTS_MAX];
void fuzz_serve(uint64_t slot);
/* Calls for ever. */
void fuzz_body(uint64_t seed);

#endif
