/* SPDX-License-Identifier: MIT
 * grants.c: an acl function: who may do what with a file, until when. An example of docs/code.md.
 *
 * The metadata is a file record: its owner may everything; of up to four others it is written down
 * what they may, bits as the owner chose them, and when that ends, 0: never. The request is what
 * somebody wants to do now, the badge who it is.
 */
#include <stdbool.h>
#include <exo/code_helpers.h>

#define GRANTS 4

struct grant {
	uint64_t badge; /* 0: none */
	uint64_t until_ns;
	uint64_t may;
};

struct file {
	uint64_t owner;
	struct grant grants[GRANTS];
};

struct request {
	uint64_t wants; /* bits; something */
};

exo_acl_code grants;

static inline bool
is_granted(const struct grant *g, uint64_t badge, uint64_t wants)
{
	return g->badge == badge && (wants & ~g->may) == 0 &&
	       (g->until_ns == 0 || exo_code_now() < g->until_ns);
}

int64_t
grants(const void *metadata, uint64_t bytes, const void *request, uint64_t request_bytes,
       uint64_t badge)
{
	const struct file *file = metadata;
	const struct request *r = request;

	if (badge == 0 || r->wants == 0) {
		return 0;
	}
	if (badge == file->owner) {
		return 1;
	}
	for (int n = 0; n < GRANTS; n++) {
		if (is_granted(&file->grants[n], badge, r->wants)) {
			return 1;
		}
	}
	return 0;
}
