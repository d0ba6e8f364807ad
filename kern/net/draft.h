/* SPDX-License-Identifier: MIT
 * draft.h: filters in the making, one for each hart.
 */
#ifndef KERN_NET_DRAFT_H
#define KERN_NET_DRAFT_H

#include "kern/net/canon.h"
#include "kern/net/nic_state.h"

/* What comes next. */
enum draft_stage {
	DRAFT_NONE, /* nothing: none is being made */
	DRAFT_FORM,
	DRAFT_APART,
	DRAFT_WORDS,
	DRAFT_INSERT,
};

struct nic_draft {
	struct nic *nic;
	struct nic_filter *parent; /* that it narrows, */
	uint64_t serial;           /* if this is still its number */
	struct nic_filter *own;    /* room for it, neither in use nor free; NULL: none yet */
	uint32_t grown;            /* of the parent when this one stood apart from all its others */
	uint8_t stage;
	bool is_shared;
	bool is_split; /* a run of the parent's trie, for this one */
	struct exo_filter filter;
	struct canon_work work;
	struct canon canon;
};

/* Boot. */
void drafts_boot(struct kernel *k);

#endif
