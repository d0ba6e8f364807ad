/* SPDX-License-Identifier: MIT
 * net_arp_test.c: the ARP table: packets as on the wire, asking, answering, ageing, claiming and
 * defending an address.
 *
 * links: lib/net/arp.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/rand.h"
#include "lib/net/arp.h"

#define S     1000000000ull
#define OURS  0x0a00020fu
#define OTHER 0x0a000202u

static const uint8_t our_mac[MAC_BYTES] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static const uint8_t other_mac[MAC_BYTES] = {0x52, 0x55, 10, 0, 2, 2};
static const uint8_t everybody[MAC_BYTES] = {255, 255, 255, 255, 255, 255};

static struct arp arp;
static uint64_t now_ns;
static struct arp_packet sent; /* the last packet of a tick */
static struct neighbour *entry;

static enum arp_action
tick(void)
{
	enum arp_action action = arp_tick(&arp, now_ns, &sent, &entry);

	assert_true(arp_check(&arp));
	return action;
}

/* An address that is ours, announced; the time is 10 s. */
static int
claimed(void **state)
{
	(void)state;
	now_ns = 0;
	arp_init(&arp, our_mac);
	arp_claim(&arp, OURS, now_ns);
	for (; now_ns < 10 * S; now_ns += S / 4) {
		tick();
	}
	assert_int_equal(arp.claim, ARP_CLAIMED);
	assert_int_equal(tick(), ARP_NOTHING);
	assert_true(arp_deadline(&arp) == UINT64_MAX);
	return 0;
}

static struct arp_result
hear(enum arp_operation operation, uint32_t from, uint32_t about)
{
	struct arp_packet packet = {.operation = operation, .from = from, .about = about};

	memcpy(packet.from_mac, other_mac, MAC_BYTES);
	struct arp_result result = arp_input(&arp, &packet, now_ns);
	assert_true(arp_check(&arp));
	return result;
}

static void
packets_as_on_the_wire(void **state)
{
	static const uint8_t reply[ARP_BYTES] = {0,  1,    8,    0,    6,  4, 0, 2, 0x52, 0x55,
						 10, 0,    2,    2,    10, 0, 2, 2, 0x52, 0x54,
						 0,  0x12, 0x34, 0x56, 10, 0, 2, 15};
	uint8_t data[ARP_BYTES];
	struct arp_packet packet;

	(void)state;
	assert_int_equal(arp_parse(reply, sizeof(reply), &packet), 0);
	assert_int_equal(packet.operation, ARP_REPLY);
	assert_int_equal(packet.from, OTHER);
	assert_int_equal(packet.about, OURS);
	assert_memory_equal(packet.from_mac, other_mac, MAC_BYTES);
	memcpy(packet.to, our_mac, MAC_BYTES);
	arp_build(&packet, data);
	assert_memory_equal(data, reply, ARP_BYTES);
	for (size_t cut = 0; cut < ARP_BYTES; cut++) {
		assert_int_equal(arp_parse(reply, cut, &packet), E_TRUNCATED);
	}
	static const uint8_t wrong[][2] = {{0, 1}, {1, 6}, {2, 0x86}, {4, 8}, {5, 16},
					   {7, 3}, {7, 0}, {8, 0x53}, {6, 1}};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(data, reply, ARP_BYTES);
		data[wrong[i][0]] = wrong[i][1];
		assert_int_equal(arp_parse(data, ARP_BYTES, &packet), E_FORMAT);
	}
	memset(data + 8, 0, MAC_BYTES);
	assert_int_equal(arp_parse(data, ARP_BYTES, &packet), E_FORMAT);
}

static void
an_address_is_probed_then_announced(void **state)
{
	(void)state;
	arp_init(&arp, our_mac);
	assert_true(arp_deadline(&arp) == UINT64_MAX);
	arp_claim(&arp, OURS, 7);
	for (now_ns = 7; now_ns < 2 * ARP_PROBE_NS; now_ns += ARP_PROBE_NS) {
		assert_int_equal(arp_deadline(&arp), now_ns);
		assert_int_equal(tick(), ARP_SEND);
		assert_int_equal(sent.operation, ARP_REQUEST);
		assert_int_equal(sent.from, 0);
		assert_int_equal(sent.about, OURS);
		assert_memory_equal(sent.to, everybody, MAC_BYTES);
		assert_int_equal(tick(), ARP_NOTHING);
		assert_int_equal(arp.claim, ARP_PROBING);
	}
	for (int i = 0; i < 2; i++, now_ns += ARP_ANNOUNCE_NS) {
		assert_int_equal(tick(), ARP_SEND);
		assert_int_equal(sent.from, OURS);
		assert_int_equal(sent.about, OURS);
		assert_int_equal(arp.claim, ARP_CLAIMED);
		assert_int_equal(tick(), ARP_NOTHING);
	}
	assert_int_equal(tick(), ARP_NOTHING);
	assert_true(arp_deadline(&arp) == UINT64_MAX);
}

static void
who_has_it_keeps_it(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		arp_init(&arp, our_mac);
		arp_claim(&arp, OURS, 0);
		now_ns = 0;
		tick();
		assert_false(hear(i == 2 ? ARP_REQUEST : ARP_REPLY, i == 2 ? 0 : OURS,
				  i == 1 ? OTHER : OURS)
				     .has_reply);
		assert_int_equal(arp.claim, ARP_CONFLICT);
		now_ns = 9 * S;
		assert_int_equal(tick(), ARP_NOTHING);
	}
	arp_claim(&arp, OURS, now_ns);
	tick();
	hear(ARP_REQUEST, OTHER, OURS); /* wants to talk, has it not */
	assert_int_equal(arp.claim, ARP_PROBING);
	struct arp_packet own = sent;
	arp_input(&arp, &own, now_ns); /* our own probe, mirrored */
	assert_int_equal(arp.claim, ARP_PROBING);
}

static void
our_address_is_defended_but_not_often(void **state)
{
	(void)state;
	struct arp_result result = hear(ARP_REPLY, OURS, OURS);
	assert_true(result.has_reply);
	assert_int_equal(result.reply.operation, ARP_REQUEST);
	assert_int_equal(result.reply.from, OURS);
	assert_memory_equal(result.reply.to, everybody, MAC_BYTES);
	now_ns += ARP_DEFEND_NS - 1;
	assert_false(hear(ARP_REPLY, OURS, OURS).has_reply);
	now_ns++;
	assert_true(hear(ARP_REQUEST, OURS, OTHER).has_reply);
	assert_int_equal(arp.conflicts, 3);
	assert_int_equal(arp.claim, ARP_CLAIMED);
}

static void
who_asks_is_answered_and_known(void **state)
{
	(void)state;
	struct arp_result result = hear(ARP_REQUEST, OTHER, OURS);
	assert_true(result.has_reply);
	assert_int_equal(result.reply.operation, ARP_REPLY);
	assert_int_equal(result.reply.from, OURS);
	assert_int_equal(result.reply.about, OTHER);
	assert_memory_equal(result.reply.to, other_mac, MAC_BYTES);
	assert_memory_equal(arp_resolve(&arp, OTHER, now_ns, &entry), other_mac, MAC_BYTES);
	/* a probe is answered too, but nobody has address 0 */
	result = hear(ARP_REQUEST, 0, OURS);
	assert_true(result.has_reply);
	assert_null(result.answered);
}

static void
what_others_tell_each_other_is_not_learnt(void **state)
{
	(void)state;
	assert_false(hear(ARP_REQUEST, OTHER, OTHER + 1).has_reply);
	assert_null(hear(ARP_REPLY, OTHER, OURS).answered);
	assert_null(hear(ARP_REQUEST, 0xffffffffu, OURS).answered);
	assert_null(hear(ARP_REQUEST, 0xe0000001u, OURS).answered);
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++) {
		assert_int_equal(arp.neighbour[i].state, ARP_FREE);
	}
}

static void
asked_once_a_second_three_times(void **state)
{
	uint8_t frames[2];

	(void)state;
	assert_null(arp_resolve(&arp, OTHER, now_ns, &entry));
	assert_null(arp_wait(entry, &frames[0], 60));
	for (int i = 0; i < ARP_TRIES; i++) {
		assert_int_equal(tick(), ARP_SEND);
		assert_int_equal(sent.about, OTHER);
		assert_int_equal(sent.from, OURS);
		assert_memory_equal(sent.to, everybody, MAC_BYTES);
		now_ns += ARP_ASK_NS - 1;
		assert_null(arp_resolve(&arp, OTHER, now_ns, &entry));
		assert_int_equal(tick(), ARP_NOTHING);
		now_ns++;
	}
	assert_ptr_equal(arp_wait(entry, &frames[1], 61), &frames[0]); /* the newest waits */
	assert_int_equal(tick(), ARP_GIVE_UP);
	assert_ptr_equal(entry->waiting, &frames[1]);
	arp_forget(entry);
	assert_int_equal(tick(), ARP_NOTHING);
}

static void
an_answer_lets_the_frame_go(void **state)
{
	uint8_t frame;

	(void)state;
	arp_resolve(&arp, OTHER, now_ns, &entry);
	arp_wait(entry, &frame, 60);
	tick();
	/* not yet taken out: arp_check would complain, so no hear() */
	struct arp_packet packet = {.operation = ARP_REPLY, .from = OTHER, .about = OURS};
	memcpy(packet.from_mac, other_mac, MAC_BYTES);
	struct arp_result result = arp_input(&arp, &packet, now_ns);
	assert_ptr_equal(result.answered, entry);
	assert_ptr_equal(entry->waiting, &frame);
	entry->waiting = NULL;
	assert_true(arp_check(&arp));
	assert_memory_equal(arp_resolve(&arp, OTHER, now_ns, &entry), other_mac, MAC_BYTES);
}

static void
neighbours_age(void **state)
{
	(void)state;
	hear(ARP_REQUEST, OTHER, OURS);
	now_ns += ARP_FRESH_NS; /* nobody wants to know: forgotten */
	assert_int_equal(tick(), ARP_GIVE_UP);
	arp_forget(entry);
	hear(ARP_REQUEST, OTHER, OURS);
	assert_non_null(arp_resolve(&arp, OTHER, now_ns, &entry));
	now_ns += ARP_FRESH_NS - 1;
	assert_int_equal(tick(), ARP_NOTHING);
	now_ns++;
	for (int i = 0; i < ARP_TRIES; i++) { /* asked directly, believed meanwhile */
		assert_int_equal(tick(), ARP_SEND);
		assert_memory_equal(sent.to, other_mac, MAC_BYTES);
		assert_non_null(arp_resolve(&arp, OTHER, now_ns, &entry));
		now_ns += ARP_ASK_NS;
	}
	assert_int_equal(tick(), ARP_GIVE_UP);
	arp_forget(entry);
	assert_null(arp_resolve(&arp, OTHER, now_ns, &entry));
}

static void
the_table_is_full(void **state)
{
	uint8_t frame;

	(void)state;
	for (uint32_t i = 0; i < ARP_NEIGHBOURS; i++, now_ns++) {
		hear(ARP_REQUEST, OTHER + i, OURS);
	}
	assert_non_null(arp_resolve(&arp, OTHER, now_ns, &entry));
	hear(ARP_REQUEST, OTHER, OURS); /* heard of again: the next one is the oldest */
	assert_null(arp_resolve(&arp, OTHER + 99, now_ns, &entry));
	assert_non_null(entry);
	assert_null(arp_wait(entry, &frame, 60));
	assert_non_null(arp_resolve(&arp, OTHER, now_ns, &entry));
	for (uint32_t i = 1; i < ARP_NEIGHBOURS; i++) {
		arp_resolve(&arp, OTHER + 200 + i, now_ns, &entry);
		assert_non_null(entry);
	}
	assert_null(arp_resolve(&arp, OTHER + 98, now_ns, &entry));
	assert_null(entry);                 /* all are being asked for */
	hear(ARP_REQUEST, OTHER + 1, OURS); /* answered, but not entered */
	assert_true(arp_check(&arp));
	assert_ptr_equal(arp_drop(&arp), &frame);
	assert_null(arp_drop(&arp));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_as_on_the_wire),
		cmocka_unit_test(an_address_is_probed_then_announced),
		cmocka_unit_test(who_has_it_keeps_it),
		cmocka_unit_test_setup(our_address_is_defended_but_not_often, claimed),
		cmocka_unit_test_setup(who_asks_is_answered_and_known, claimed),
		cmocka_unit_test_setup(what_others_tell_each_other_is_not_learnt, claimed),
		cmocka_unit_test_setup(asked_once_a_second_three_times, claimed),
		cmocka_unit_test_setup(an_answer_lets_the_frame_go, claimed),
		cmocka_unit_test_setup(neighbours_age, claimed),
		cmocka_unit_test_setup(the_table_is_full, claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
