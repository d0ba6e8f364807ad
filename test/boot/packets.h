/* SPDX-License-Identifier: MIT
 * packets.h: packets that hostile boot tests send to each other: told apart by their ethertype,
 * from the loop, or from one NIC to another where there are two (NET=hub,hub).
 */
#ifndef TEST_BOOT_PACKETS_H
#define TEST_BOOT_PACKETS_H

#include "lib/exo/net.h"
#include "test/boot/hostile.h"

#define PACKET_SOURCE 11 /* the byte of the source address that tells senders apart */
#define PACKET_TYPE   12
#define PACKETS_PAUSE 1000 /* ticks */

static inline uint32_t
packets_from(void)
{
	return exo_sysinfo()->nic[1].present ? 0 : EXO_NIC_LOOP;
}

static inline uint32_t
packets_to(void)
{
	return exo_sysinfo()->nic[1].present ? 1 : EXO_NIC_LOOP;
}

/* What a NIC has counted of packets that came; of one that is not known when asked: all. */
static inline uint64_t
packets_counted(uint32_t nic)
{
	const volatile struct exo_nic_info *info = &exo_sysinfo()->nic[nic];

	return info->received + info->dropped + info->unmatched;
}

/* Receives packets of this type, sends from 02:00:00:00:00:SOURCE only; `below`: filters of its
 * own. The handle, or an error. */
static inline int64_t
packets_carve(exo_handle parent, uint16_t type, uint8_t source, uint64_t below)
{
	const struct exo_filter filter = {
		1,
		1,
		{{EXO_ATOM_COMPARE, 2, 0, 0, PACKET_TYPE, 0, 0xffff, type},
		 {EXO_ATOM_COMPARE, 8, 0, 0, 6, 0, ~0ul << 16, (0x020000000000 | source) << 16}}};
	uint32_t slot = free_slot();
	int64_t result = exo_carve(parent, slot, (uint64_t)&filter, below,
				   EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);

	if (result < 0) {
		exo_slot_free(slot);
	}
	return result;
}

/* Receives packets of this type from the loop, and sends any. The handle, or an error. */
static inline int64_t
packets_carve_loop(uint16_t type, uint64_t rights)
{
	struct exo_filter filter = {.receive_atoms = 1};

	filter.atoms[0] = (struct exo_atom){
		EXO_ATOM_COMPARE, 2, 0, 0, PACKET_TYPE, 0, 0xffff, type,
	};
	return exo_carve(exo_boot()->packets[EXO_NIC_LOOP], free_slot(), (uint64_t)&filter, 0,
			 rights, 0);
}

/* Opens a NIC on the loop, by a filter for packets of type `own`, and makes a page for one packet
 * of `type` that is sent. */
static inline int64_t
packets_open_loop(struct exo_net *net, struct exo_pages *out, uint16_t own, uint16_t type,
		  uint32_t bit)
{
	int64_t packets = packets_carve_loop(own, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);
	int64_t result = packets < 0 ? packets : exo_pages_make(out, 1);
	uint8_t *packet = out->memory;

	if (result) {
		return result;
	}
	packet[PACKET_TYPE] = (uint8_t)(type >> 8);
	packet[PACKET_TYPE + 1] = type & 0xff;
	return exo_net_open(net, (exo_handle)packets, 1, bit, bit);
}

/* Headers, and `fill` up to `bytes`. */
static inline void
packets_build(uint8_t *p, uint16_t type, uint8_t source, uint8_t fill, size_t bytes)
{
	memset(p, 0, PACKET_TYPE);
	p[0] = p[6] = 2;
	p[PACKET_SOURCE] = source;
	p[PACKET_TYPE] = (uint8_t)(type >> 8);
	p[PACKET_TYPE + 1] = type & 0xff;
	memset(p + PACKET_TYPE + 2, fill, bytes - PACKET_TYPE - 2);
}

/* Until it has left, or `stop` is set. The result, or an error of the send. Its hart is idle
 * meanwhile, so others get on, and devices are served at once. */
static inline int64_t
packets_send(struct exo_net *net, const struct exo_segment *all, const volatile bool *stop)
{
	struct exo_completion done = {0};
	int64_t result = exo_net_send(net, all, 1, 1);

	while (!result && !*stop) {
		int taken = exo_net_sent(net, &done);

		if (taken) {
			return taken < 0 ? taken : done.result;
		}
		exo_sleep(0, exo_ticks() + PACKETS_PAUSE);
	}
	return result;
}

/* The end of a thread's body. */
_Noreturn static inline void
packets_end(volatile bool *is_over)
{
	*is_over = true;
	for (;;) {
		exo_sleep(0, ~0ul);
	}
}

/* Takes all that was derived of NICs and of code pages: a test may begin anew (test/beside). */
static inline void
packets_forget(void)
{
	exo_revoke(exo_boot()->packets[packets_from()], 0, 0);
	exo_revoke(exo_boot()->packets[packets_to()], 0, 0);
	exo_revoke(exo_boot()->code, 0, 0);
}

/* True when it is over, at last. */
static inline bool
packets_await(const volatile bool *is_over)
{
	for (int i = 0; i < 2000 && !*is_over; i++) {
		exo_pause(EXO_NS_PER_S / 1000);
	}
	return *is_over;
}

#endif
