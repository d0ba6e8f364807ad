/* SPDX-License-Identifier: MIT
 * tags.h: the ledger of a disk's or NIC's user: which tags are in flight and how they came back.
 *
 * tags_done is the device's done() callback, with the ledger as its context. A tag reported that is
 * not owed, or with a result that the class headers do not know, aborts the test.
 */
#ifndef TEST_FAKE_TAGS_H
#define TEST_FAKE_TAGS_H

#include <stdbool.h>
#include <stdint.h>

#define TAGS_MAX 64

struct tags {
	bool owed[TAGS_MAX];
	int result[TAGS_MAX];
	unsigned order[TAGS_MAX]; /* the last TAGS_MAX tags reported */
	unsigned reports;
	void (*then)(uint32_t tag); /* called after each report, may be NULL */
};

void tags_submitted(struct tags *t, uint32_t tag);
void tags_done(void *context, uint32_t tag, int result);
unsigned tags_owed(const struct tags *t);

#endif
