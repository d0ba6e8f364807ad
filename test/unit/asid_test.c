/* SPDX-License-Identifier: MIT
 * asid_test.c: address space identifiers, and that no hart finds in its TLB what it learnt under
 * the identifier of an earlier space.
 *
 * The model of a TLB remembers for each identifier which space's translations it holds; entering a
 * space goes through the kernel's own space_enter().
 *
 * links: kern/asid.c arch/host/ram.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kern/asid.h"
#include "kern/space.h"

#define HARTS  4
#define SPACES 24
#define BITS   3
#define STEPS  100000

static struct kernel kernel;
static struct {
	uint32_t hart; /* whose turn it is */
	uint64_t serial;
	uint64_t tlb[HARTS][1 << BITS]; /* serial number of the space that it holds */
	int current[HARTS];             /* index into space, -1: none */
	struct {
		struct space space;
		uint64_t serial; /* 0: there is none */
	} space[SPACES];
	uint64_t reused, nameless;
	bool forgets;
} m;

void
arch_fence_some(const struct arch_fence *f)
{
	assert_int_equal(f->pages, 0);
	if (!m.forgets) {
		return;
	}
	if (f->asid) {
		m.tlb[m.hart][f->asid] = 0;
	} else {
		memset(m.tlb[m.hart], 0, sizeof(m.tlb[m.hart]));
	}
}

static void
make(struct asids *a, int i)
{
	memset(&m.space[i].space, 0, sizeof(m.space[i].space));
	m.space[i].space.asid = asid_take(a);
	m.space[i].serial = ++m.serial;
	m.nameless += m.space[i].space.asid == 0;
	for (int other = 0; other < SPACES; other++) {
		if (other != i && m.space[other].serial && m.space[i].space.asid) {
			assert_int_not_equal(m.space[i].space.asid, m.space[other].space.asid);
		}
	}
}

/* Harts leave a space before it ends. */
static void
end(struct asids *a, int i)
{
	for (int h = 0; h < HARTS; h++) {
		if (m.current[h] == i) {
			m.current[h] = -1;
		}
	}
	asid_release(a, (uint32_t)m.space[i].space.asid);
	m.space[i].serial = 0;
}

/* As hart_switch and arch_space_enter do it. Returns false if the hart would use a translation of
 * another space. */
static bool
enter(int i)
{
	uint64_t asid = m.space[i].space.asid;
	uint64_t *held = &m.tlb[m.hart][asid];
	bool right;

	space_enter(&kernel, &m.space[i].space, m.hart);
	if (!asid && m.current[m.hart] != i) {
		arch_fence_some(&(struct arch_fence){0});
	}
	m.current[m.hart] = i;
	right = *held == 0 || *held == m.space[i].serial;
	m.reused += *held == 0;
	*held = m.space[i].serial;
	return right;
}

/* How often a hart used a translation that was none of the space's. */
static int
run(uint32_t bits, bool forgets)
{
	struct asids a = {0};
	int wrong = 0;

	memset(&m, 0, sizeof(m));
	memset(m.current, -1, sizeof(m.current));
	m.forgets = forgets;
	asid_init(&a, bits);
	srandom(bits + 1);
	for (int step = 0; step < STEPS; step++) {
		int i = (int)(random() % SPACES);

		m.hart = (uint32_t)(random() % HARTS);
		if (!m.space[i].serial) {
			make(&a, i);
		} else if (random() % 4 == 0) {
			end(&a, i);
		} else {
			wrong += !enter(i);
		}
	}
	return wrong;
}

static void
test_no_stale_translation(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits <= BITS; bits++) {
		assert_int_equal(run(bits, true), 0);
		assert_true(m.reused > 100);
		assert_true(m.nameless > 100);
	}
}

/* The model sees what it should: without the fence there are stale ones. */
static void
test_model_notices(void **state)
{
	(void)state;
	assert_true(run(BITS, false) > 100);
}

static void
test_all_are_handed_out_once(void **state)
{
	static bool taken[ASIDS_MAX];
	static const uint32_t bits[] = {0, 1, 5, 6, 7, 11, 12, 16};

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		struct asids a = {0};
		uint32_t count = 0, asid;

		memset(taken, 0, sizeof(taken));
		asid_init(&a, bits[i]);
		while ((asid = asid_take(&a)) != 0) {
			assert_true(asid < 1u << bits[i] && asid < ASIDS_MAX && !taken[asid]);
			taken[asid] = true;
			count++;
		}
		assert_int_equal(count, (bits[i] > 12 ? ASIDS_MAX : 1u << bits[i]) - 1);
		asid_release(&a, 0);
		assert_int_equal(asid_take(&a), 0);
		if (count > 2) {
			asid_release(&a, 3);
			assert_int_equal(asid_take(&a), 3);
			assert_int_equal(asid_take(&a), 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_stale_translation),
		cmocka_unit_test(test_model_notices),
		cmocka_unit_test(test_all_are_handed_out_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
