/* SPDX-License-Identifier: MIT
 * tags.c: every tag that was submitted is reported exactly once.
 */
#include "test/fake/tags.h"

#include <exo/errors.h>
#include <stdio.h>
#include <stdlib.h>

static void
require(bool condition, const char *what, uint32_t tag)
{
	if (!condition) {
		fprintf(stderr, "tag %u: %s\n", tag, what);
		abort();
	}
}

void
tags_submitted(struct tags *t, uint32_t tag)
{
	require(tag < TAGS_MAX && !t->owed[tag], "accepted while in flight", tag);
	t->owed[tag] = true;
}

void
tags_done(void *context, uint32_t tag, int result)
{
	struct tags *t = context;

	require(tag < TAGS_MAX && t->owed[tag], "reported but not in flight", tag);
	require(result == 0 || result == E_IO, "has an unknown result", tag);
	t->owed[tag] = false;
	t->result[tag] = result;
	t->order[t->reports++ % TAGS_MAX] = tag;
	if (t->then) {
		t->then(tag);
	}
}

unsigned
tags_owed(const struct tags *t)
{
	unsigned count = 0;

	for (unsigned i = 0; i < TAGS_MAX; i++) {
		count += t->owed[i];
	}
	return count;
}
