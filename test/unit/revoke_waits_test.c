/* SPDX-License-Identifier: MIT
 * revoke_waits_test.c: a revocation of blocks that a disk is reading says how many transfers it
 * waits for.
 *
 * links: $(kernel-host-y) test/model/calls.c test/model/short_way.c
 * links: test/fake/board.c test/fake/plic.c; libs: -lfdt
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <exo/ring.h>

#include "test/fake/board.h"
#include "test/model/calls.h"

#define SLOT 200
#define RW   (EXO_READ | EXO_WRITE)

static exo_handle disk, ring, frames;
static struct exo_ring *shared;

static exo_handle
made(int64_t result)
{
	assert_true(result > 0);
	return (exo_handle)result;
}

static void
read_begins(exo_handle blocks)
{
	shared->sq[shared->sq_tail % EXO_SQ_SIZE].disk = (struct exo_disk_request){
		.op = EXO_DISK_READ,
		.count = 1,
		.blocks = blocks,
		.frames = frames,
	};
	shared->sq_tail++;
	assert_int_equal(CALL(submit, ring), 1);
}

static void
expect_waiting(uint64_t start, uint64_t count, uint64_t waiting)
{
	assert_int_equal(CALL(revoke, disk, start, count), waiting ? E_BUSY : 0);
	assert_int_equal(calls_second(), waiting);
	calls_check();
}

/* Six reads: three and two through shares of the first extent, one through the second. */
static void
test_counts(void **state)
{
	uint64_t block = calls_cap(EXO_HANDLE_INDEX(disk))->start;
	exo_handle extent = made(CALL(carve, disk, SLOT, block, 8, RW));
	exo_handle other = made(CALL(carve, disk, SLOT + 1, block + 8, 8, RW));

	(void)state;
	for (int i = 0; i < 2; i++) {
		exo_handle part = made(CALL(share, extent, SLOT + 2 + i, block, 4, RW));

		for (int n = 0; n < 3 - i; n++) {
			read_begins(part);
		}
	}
	read_begins(other);
	made(CALL(carve, disk, SLOT + 4, block + 16, 8, RW));
	expect_waiting(block + 16, 1, 0);
	expect_waiting(block, 8, 5);
	expect_waiting(block + 7, 2, 6);
	expect_waiting(0, 0, 6);
	for (uint32_t tag = 0; tag < 6; tag++) {
		board_disk_works(tag);
		calls_settle();
		expect_waiting(0, 0, 5 - tag);
	}
	for (uint32_t slot = SLOT; slot < SLOT + 5; slot++) {
		assert_true(slot_is_empty(calls_cap(slot)));
	}
	assert_int_equal(CALL(revoke, EXO_NONE), E_HANDLE);
	assert_int_equal(calls_second(), 0);
}

static void
set_up(void)
{
	const struct exo_boot *boot = calls_boot();
	exo_handle all = calls_frames();
	uint64_t page = calls_cap(EXO_HANDLE_INDEX(all))->start;
	exo_handle pair;

	page += (page - kernel_get()->tree.base_page) & 1;
	pair = made(CALL(carve, all, 100, page, 2, RW));
	ring = made(CALL(create, EXO_CAP_RING, pair, 101, EXO_RING_DISK, 1));
	frames = made(CALL(carve, all, 102, page + 2, 1, RW));
	shared = calls_page(page + 1);
	disk = boot->blocks[0];
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts)};

	set_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
