/* SPDX-License-Identifier: MIT
 * net.h: what a NIC can do. Frames are what the wire carries: no offloads, at most 1514 bytes, no
 * check sequence.
 *
 * Received frames lie in buffers of the driver until the callback returns, each NET_FRAME_SKEW
 * behind a multiple of 8, so that what follows the Ethernet header is aligned; all 8-byte words
 * that a frame touches may be read. Transmitted ones are gathered in place and must stay until
 * done(tag). The device is hostile: as blk.h.
 */
#ifndef KERN_DEV_NET_H
#define KERN_DEV_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/arch.h"

#define NET_SEGMENTS_MAX  4
#define NET_TAGS_MAX      64
#define NET_FRAME_MIN     14 /* an Ethernet header */
#define NET_FRAME_MAX     1514
#define NET_FRAME_SKEW    2
#define NET_FRAME_ROOM    16 /* before each frame to be sent */
#define NET_ADDRESSES_MAX 16

struct net_segment {
	struct paddr address;
	uint32_t bytes;
};

struct net;

struct net_ops {
	const char *name;
	/* Send one frame of NET_FRAME_MIN to NET_FRAME_MAX bytes. `tag` is one that is not in
	 * flight. The NET_FRAME_ROOM bytes before the first segment are zero, and the device may
	 * read them. When it has left, done(tag) follows; if it is not awaited, perhaps not before
	 * the next one that is, and no device interrupts for it: of those let there be at most
	 * `unawaited_most`. Returns 0, or having done nothing: E_BUSY (queue full, or the tag is in
	 * flight), E_RANGE (segments, length or tag), E_NODEV (device is broken). */
	int (*transmit)(struct net *n, const struct net_segment *segments, uint32_t count,
			uint32_t tag, bool is_awaited);
	/* Besides frames to its own address and broadcasts take those to `count` other addresses,
	 * one station each, and all multicasts; or simply `all` frames. Returns 0, or having done
	 * nothing: E_BUSY (the last such order is not carried out), E_RANGE (addresses), E_NODEV
	 * (device is broken), E_UNSUPPORTED (it has no choice, and takes what it likes). What
	 * became of it says filter_result. */
	int (*set_filter)(struct net *n, bool all, const uint8_t (*addresses)[6], uint32_t count);
	/* Acknowledge the device and handle received frames and transmit completions until `work`
	 * is `budget`; returns true if more are waiting. The callbacks may transmit. */
	bool (*interrupt)(struct net *n, uint32_t budget);
};

struct net {
	const struct net_ops *ops;
	uint8_t mac[6];
	bool broken;             /* as in blk.h */
	bool wants_turn;         /* no device interrupts for it: interrupt() is to be called soon */
	uint32_t unawaited_most; /* frames that lie with the device without being asked for */
	uint32_t work;    /* done by interrupt(), as in blk.h; receive may add what a frame costs */
	uint64_t dropped; /* received frames of a length that Ethernet does not have */
	int filter_result; /* 0, E_BUSY (not yet carried out) or E_IO (the device refused) */
	void (*receive)(void *context, const uint8_t *frame, size_t bytes);
	void (*done)(void *context, uint32_t tag, int result);
	void *context;
};

#endif
