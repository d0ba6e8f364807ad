/* SPDX-License-Identifier: MIT
 * fork.c: what a copy-on-write fork costs whose child writes one page and ends (fork_touch_1m,
 * fork_touch_64m; the kernel's command line has pages=N).
 *
 * Counted is all from the fork to the moment when the child is taken apart and the parent has its
 * heap back. All of the parent's tables hang at each fork.
 */
#include <string.h>

#include "lib/cow/cow.h"
#include "lib/exo/events.h"
#include "test/bench/common.h"

#define SAMPLES   30
#define COPIES    8
#define CHILD_BIT 5
#define PAGES_1M  256

static struct cow_heap heap;

static void
child_main(void *argument)
{
	*(volatile uint64_t *)argument = 1;
}

static int64_t
fork_and_touch(void)
{
	int64_t result =
		cow_fork(&heap, 0, child_main, (void *)(COW_HEAP + 3 * EXO_PAGE_SIZE), CHILD_BIT);

	if (result == 0) {
		exo_sleep(EXO_EVENT(CHILD_BIT), UINT64_MAX);
		result = cow_join(&heap);
	}
	return result;
}

static void
touch_all(void)
{
	for (uint64_t page = 0; page < heap.pages; page += COW_UNIT_PAGES) {
		(void)*(volatile uint64_t *)(COW_HEAP + page * EXO_PAGE_SIZE);
	}
}

int
main(void)
{
	const char *word = strstr(exo_boot()->bootargs, "pages=");
	uint64_t pages = word ? strtoul(word + strlen("pages="), NULL, 10) : PAGES_1M;
	int64_t result;

	must("heap", cow_open(&heap, pages, COPIES, cow_init_low()));
	bench_empty();
	for (int i = 0; i < SAMPLES; i++) {
		touch_all();
		if (pages == PAGES_1M) {
			BEGIN(OP_FORK_TOUCH_1M);
			result = fork_and_touch();
			END(OP_FORK_TOUCH_1M);
		} else {
			BEGIN(OP_FORK_TOUCH_64M);
			result = fork_and_touch();
			END(OP_FORK_TOUCH_64M);
		}
		must("fork", result);
	}
	return bench_end();
}
