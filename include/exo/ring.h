/* SPDX-License-Identifier: MIT
 * ring.h: the page of descriptor rings that a RING capability shares with the kernel.
 *
 * Arrays of a power of two, free-running 32-bit indices on separate cache lines: an index counts
 * all entries ever, the entry is index & (size - 1). The user fills sq and advances sq_tail, then
 * calls exo_submit; the kernel advances sq_head, and cq_tail as work completes; the user advances
 * cq_head. The kernel keeps indices of its own and never reads its own back: if the peer's index
 * is out of range it sets `error` and the ring stands still until it is made anew.
 *
 * RECEIVE rings have no sq. Packet n lies at byte (n & (buffers - 1)) * EXO_PACKET_BYTES +
 * EXO_PACKET_SKEW of the bound FRAME, its length in received[n & (buffers - 1)]; cq_tail counts
 * what has come, and a packet stays until cq_head passes it. `buffers` = bound pages * 2, a power
 * of two of at most EXO_BUFFERS_MAX. The kernel writes whole words of 8 bytes: those that a packet
 * touches have nothing else of value in them.
 */
#ifndef EXO_RING_H
#define EXO_RING_H

#include <exo/types.h>

enum exo_ring_kind {
	EXO_RING_DISK = 1,
	EXO_RING_RECEIVE = 2,
	EXO_RING_TRANSMIT = 3,
};

#define EXO_SQ_SIZE      32
#define EXO_CQ_SIZE      64
#define EXO_BUFFERS_MAX  1024 /* of a RECEIVE ring */
#define EXO_PACKET_BYTES 2048 /* a receive buffer; two to a page */
#define EXO_PACKET_SKEW  2    /* then what follows the Ethernet header is aligned */
#define EXO_PACKET_MAX   1514 /* an Ethernet frame without its check sequence */
#define EXO_SEGMENTS     3

enum exo_disk_op {
	EXO_DISK_READ = 1,
	EXO_DISK_WRITE = 2,
	EXO_DISK_FLUSH = 3,
};
#define EXO_DISK_BLOCKS_MAX 64 /* of one request */

/* One transfer between consecutive blocks of a BLOCK and consecutive pages of a FRAME capability.
 */
struct exo_disk_request {
	uint64_t cookie;
	uint32_t op;
	uint32_t count;    /* blocks = pages; 0 for flush */
	exo_handle blocks; /* BLOCK; flush: any BLOCK of the disk with EXO_WRITE */
	uint64_t block;    /* first, relative to the capability */
	exo_handle frames; /* FRAME; a disk read needs EXO_WRITE on it, a disk write EXO_READ */
	uint64_t page;     /* first, relative to the capability */
	uint64_t zero[2];
};

struct exo_segment {
	exo_handle frames; /* FRAME with EXO_READ */
	uint64_t where;    /* byte offset within it << 16 | bytes */
};
#define EXO_SEGMENT(offset, bytes) ((uint64_t)(offset) << 16 | (bytes))

struct exo_packet_request {
	uint64_t cookie;
	uint64_t
		segments; /* 1..EXO_SEGMENTS; the first must hold at least min(packet, 128) bytes */
	struct exo_segment segment[EXO_SEGMENTS];
};

union exo_request {
	struct exo_disk_request disk;
	struct exo_packet_request packet;
};

struct exo_completion {
	uint64_t cookie;
	int32_t result; /* 0, bytes of a packet, or an error */
	uint32_t zero;
};

struct exo_ring {
	uint32_t sq_tail; /* written by the user */
	uint32_t pad0[15];
	uint32_t sq_head; /* written by the kernel from here */
	uint32_t cq_tail;
	int32_t error;
	uint32_t dropped; /* packets that found the ring full */
	uint32_t handled; /* packets that the handler dealt with, */
	uint32_t failed;  /* and runs that ended early: out of fuel, or of their regions */
	uint32_t pad1[10];
	uint32_t cq_head; /* written by the user */
	uint32_t pad2[31];
	union {
		union exo_request sq[EXO_SQ_SIZE];
		uint16_t received[EXO_BUFFERS_MAX]; /* RECEIVE */
	};
	struct exo_completion cq[EXO_CQ_SIZE];
	uint8_t pad3[EXO_PAGE_SIZE - 256 - EXO_SQ_SIZE * 64 - EXO_CQ_SIZE * 16];
};

_Static_assert(sizeof(union exo_request) == 64, "ring layout");
_Static_assert(sizeof(struct exo_completion) == 16, "ring layout");
_Static_assert(offsetof(struct exo_ring, sq) == 256, "ring layout");
_Static_assert(EXO_BUFFERS_MAX * 2 <= EXO_SQ_SIZE * 64, "ring layout");
_Static_assert(sizeof(struct exo_ring) == EXO_PAGE_SIZE, "ring layout");

#endif
