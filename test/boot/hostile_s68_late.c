/* SPDX-License-Identifier: MIT
 * hostile_s68_late.c: S68: a page is shared with somebody who has the disk read into it, or a
 * packet sent from it, and the share is revoked meanwhile. When the call says that it is gone no
 * device writes to the page any more, or sends what its owner writes there from then on.
 *
 * boot: init SMP=1 DISK=4M
 */
#include "lib/exo/disk.h"
#include "test/boot/packets.h"

#define BIT      9
#define AHEAD    24 /* others that the device has to do first */
#define ROUNDS   20
#define MINE     0x6d
#define TYPE     0x88b5
#define HEAD     128 /* bytes; what is behind them is not copied */
#define TAIL     1200
#define BLOCK    1 /* full of the number 1 */
#define PATIENCE EXO_NS_PER_S

static struct exo_pages mine, others;
static struct exo_disk disk;
static struct exo_net net;
static exo_handle given, share;  /* the second is derived from the first */
static uint32_t late, kept_busy; /* revoked while its transfer was under way; and told so */

static int64_t
share_page(void)
{
	const uint64_t rights = EXO_READ | EXO_WRITE;
	struct exo_cap_info info = {0};
	int64_t result = exo_inspect(mine.frames, 0, &info);

	result =
		result < 0 ? result : exo_share(mine.frames, free_slot(), info.start, 1, rights, 0);
	given = result < 0 ? EXO_NONE : (exo_handle)result;
	result = result < 0 ? result : exo_share(given, free_slot(), info.start, 1, rights, 0);
	share = result < 0 ? EXO_NONE : (exo_handle)result;
	return result < 0 ? result : 0;
}

/* Until nothing is left of the share; from then on the page is mine. */
static int64_t
take_back(bool is_under_way)
{
	int64_t result = exo_revoke(given, 0, 0);

	late += is_under_way;
	kept_busy += result == E_BUSY;
	for (uint32_t i = 0; i < 1000 && result == E_BUSY; i++) {
		exo_pause(PATIENCE / 1000);
		result = exo_revoke(given, 0, 0);
	}
	result = result < 0 ? result : exo_drop(given, 0, 0);
	memset(mine.memory, MINE, EXO_PAGE_SIZE);
	return result;
}

/* --- the disk ------------------------------------------------------------------------------ */
static uint32_t
read_late(void)
{
	struct exo_completion done;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < AHEAD; i++) {
		wrong += exo_disk_read(&disk, 0, others.frames, 0, EXO_DISK_BLOCKS_MAX, i) != 0;
	}
	wrong += share_page() != 0;
	wrong += exo_disk_read(&disk, BLOCK, share, 0, 1, AHEAD) != 0;
	wrong += take_back(exo_queue_completed(&disk.queue) <= AHEAD) != 0;
	for (uint32_t i = 0; i <= AHEAD; i++) {
		wrong += exo_disk_wait(&disk, &done, PATIENCE) != 1 || done.result != 0;
	}
	return wrong;
}

static uint32_t
bytes_not_mine(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < EXO_PAGE_SIZE; i++) {
		count += ((const volatile uint8_t *)mine.memory)[i] != MINE;
	}
	return count;
}

/* --- packets ------------------------------------------------------------------------------- */
static uint32_t
send_late(void)
{
	const struct exo_segment own[2] = {{others.frames, EXO_SEGMENT(0, HEAD)},
					   {others.frames, EXO_SEGMENT(HEAD, TAIL)}};
	struct exo_completion done;
	uint32_t wrong = share_page() != 0, ended = 0;

	for (uint32_t i = 0; i <= AHEAD; i++) {
		const struct exo_segment late_one[2] = {own[0], {share, EXO_SEGMENT(0, TAIL)}};

		wrong += exo_net_send(&net, i == AHEAD ? late_one : own, 2, i) != 0;
	}
	wrong += take_back(exo_queue_completed(&net.transmit) <= AHEAD) != 0;
	for (uint32_t i = 0; i < 1000 && ended <= AHEAD; i++) {
		exo_pause(PATIENCE / 1000);
		while (exo_net_sent(&net, &done) == 1) {
			wrong += done.result != 0;
			ended++;
		}
	}
	return wrong + (ended != AHEAD + 1);
}

/* Bytes that were sent though they are mine. */
static uint32_t
bytes_sent(void)
{
	const uint8_t *packet;
	uint32_t count = 0;
	int bytes;

	while ((bytes = exo_net_receive(&net, &packet)) > 0) {
		for (int i = HEAD; i < bytes; i++) {
			count += packet[i] == MINE;
		}
		exo_net_release(&net);
	}
	return count;
}

static void
check(const char *what, uint32_t (*transfer)(void), uint32_t (*bytes_wrong)(void))
{
	uint32_t wrong = 0, bytes = 0;

	late = kept_busy = 0;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		memset(mine.memory, 0, EXO_PAGE_SIZE);
		wrong += transfer();
		bytes += bytes_wrong();
	}
	tap_is(wrong, 0, what);
	tap_ok(late && kept_busy, "%u were under way when the page was taken, %u said so", late,
	       kept_busy);
	tap_ok(!bytes, "%u bytes were the device's afterwards", bytes);
}

int
main(void)
{
	int64_t packets = packets_carve_loop(TYPE, EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT);

	tap_plan(3 + 2 * 3);
	tap_is(exo_pages_make(&mine, 1) | exo_pages_make(&others, EXO_DISK_BLOCKS_MAX), 0, "pages");
	tap_is(exo_disk_open(&disk, exo_start()->blocks[0], BIT), 0, "a disk");
	tap_is(exo_net_open(&net, (exo_handle)packets, 32, BIT, BIT), 0, "the loop");
	check("the disk reads", read_late, bytes_not_mine);
	memset(others.memory, 0, EXO_PAGE_SIZE);
	packets_build(others.memory, TYPE, 1, 0, HEAD);
	check("packets are sent", send_late, bytes_sent);
	return tap_end();
}
