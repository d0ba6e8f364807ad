/* SPDX-License-Identifier: MIT
 * net_virtio_rig.c: see net_virtio_rig.h.
 */
#include "test/unit/net_virtio_rig.h"

#include <string.h>

const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
uint64_t extras;
struct fake_virtio nic;
struct device_resources resources;
struct device found;
struct net *net;
struct tags sent;
struct got got;
static _Alignas(16) uint8_t state[DRIVER_STATE_BYTES];

int
send_as(uint32_t bytes, uint32_t tag, bool is_awaited)
{
	struct net_segment segment = {{fake_data_address() + NET_FRAME_ROOM}, bytes};
	int error = net->ops->transmit(net, &segment, 1, tag, is_awaited);

	if (!error) {
		tags_submitted(&sent, tag);
	}
	return error;
}

int
send(uint32_t bytes, uint32_t tag)
{
	return send_as(bytes, tag, true);
}

static void
receive(void *context, const uint8_t *frame, size_t bytes)
{
	assert_ptr_equal(context, &sent);
	assert_true(bytes >= NET_FRAME_MIN && bytes <= NET_FRAME_MAX);
	assert_int_equal((uintptr_t)frame % 8, NET_FRAME_SKEW);
	memcpy(got.last, frame, bytes);
	got.bytes = bytes;
	got.frames++;
	if (got.answers_left) {
		got.answers_left--;
		assert_int_equal(send(60, got.answers_left), 0);
	}
	if (got.more_left) {
		got.more_left--;
		arrive(1, 60);
	}
}

int
probe(void)
{
	memset(&found, 0, sizeof(found));
	memset(&sent, 0, sizeof(sent));
	memset(&got, 0, sizeof(got));
	memset(state, 0, sizeof(state));
	int error = net_virtio_probe(&resources, state, &found);

	net = found.net;
	assert_true((error == 0) == (net != NULL));
	if (net) {
		net->receive = receive;
		net->done = tags_done;
		net->context = &sent;
	}
	return error;
}

int
plug(void **unused)
{
	(void)unused;
	fake_virtio_plug(&nic, 1, &resources);
	nic.offered |= F_MAC | extras;
	memcpy(nic.config, mac, sizeof(mac));
	return 0;
}

int
plug_and_probe(void **unused)
{
	return plug(unused) || probe();
}

struct fake_chain
take(unsigned queue)
{
	struct fake_chain chain;

	assert_true(fake_virtio_take(&nic, queue, &chain));
	return chain;
}

void
arrive(uint8_t fill, size_t bytes)
{
	uint8_t wire[HEADER + 2048] = {0};
	struct fake_chain chain = take(RECEIVE);

	memset(wire + HEADER, fill, bytes);
	fake_chain_write(&chain, 0, wire, HEADER + bytes);
	fake_virtio_return(&nic, RECEIVE, chain.id, (uint32_t)(HEADER + bytes));
}

size_t
leave(uint8_t *frame)
{
	static const uint8_t zero[HEADER];
	struct fake_chain chain = take(TRANSMIT);
	uint8_t header[HEADER];

	assert_int_equal(chain.writable, 0);
	assert_int_equal(fake_chain_read(&chain, 0, header, HEADER), HEADER);
	assert_memory_equal(header, zero, HEADER);
	size_t bytes = fake_chain_read(&chain, HEADER, frame, 2048);

	fake_virtio_return(&nic, TRANSMIT, chain.id, 0);
	return bytes;
}
