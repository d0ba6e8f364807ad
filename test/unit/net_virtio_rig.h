/* SPDX-License-Identifier: MIT
 * net_virtio_rig.h: a fake NIC with the real driver on it, for the two tests of net_virtio.c.
 */
#ifndef TEST_UNIT_NET_VIRTIO_RIG_H
#define TEST_UNIT_NET_VIRTIO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <exo/errors.h>

#include "kern/dev/net_virtio.h"
#include "test/fake/tags.h"
#include "test/fake/virtio.h"

#define RECEIVE  0
#define TRANSMIT 1
#define CONTROL  2
#define HEADER   12
#define BUFFER   1536
#define F_MAC    (1ull << 5)
#define F_EVENT  FAKE_F_EVENT_IDX
#define F_ORDERS (3ull << 17)

struct got {
	unsigned frames;
	uint8_t last[2048];
	size_t bytes;
	unsigned answers_left; /* the callback transmits that many frames */
	unsigned more_left;    /* meanwhile that many arrive */
};

extern const uint8_t mac[6];
extern uint64_t extras; /* features that plug() offers besides F_MAC */
extern struct fake_virtio nic;
extern struct device_resources resources;
extern struct device found;
extern struct net *net;
extern struct tags sent;
extern struct got got;

/* Probes the NIC as it is plugged in. */
int probe(void);

/* Set-up functions of cmocka: an honest NIC; the same, probed. */
int plug(void **unused);
int plug_and_probe(void **unused);

/* Transmits `bytes` bytes of the test's data, awaited or not. */
int send(uint32_t bytes, uint32_t tag);
int send_as(uint32_t bytes, uint32_t tag, bool is_awaited);

/* The next chain at the device. */
struct fake_chain take(unsigned queue);

/* A frame of `bytes` bytes, all `fill`, arrives. */
void arrive(uint8_t fill, size_t bytes);

/* Takes one frame off the wire into `frame`, which has room for 2048 bytes; returns its length. */
size_t leave(uint8_t *frame);

#define with_nic(test) cmocka_unit_test_setup(test, plug_and_probe)
#define unprobed(test) cmocka_unit_test_setup(test, plug)

#endif
