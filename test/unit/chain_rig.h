/* SPDX-License-Identifier: MIT
 * chain_rig.h: what a random test of control transfer works on: environments of one hart, as it
 * knows them itself, next to the model of their chains and the kernel.
 */
#ifndef TEST_UNIT_CHAIN_RIG_H
#define TEST_UNIT_CHAIN_RIG_H

#include "test/model/calls.h"
#include "test/model/chain_model.h"

#define MEMBERS CHAIN_MEMBERS
#define GIFT0   300u       /* slots that the members have opened */
#define ENTRY   0x100000ul /* of member 0, the others 16 bytes apart */
#define PC      0x20004ul  /* behind a call */
#define QUANTUM (HOST_TIMEBASE_HZ / 4000)

/* How calls ended. */
enum rig_end {
	END_CALL,
	END_REPLY,
	END_SEND,
	END_TIMEOUT,
	END_DEAD,
	END_GONE,
	END_DEPTH,
	END_GIFT,
	ENDS,
};

struct rig_member {
	struct env *env;
	exo_handle memory;
	exo_handle handle;
	exo_handle name;   /* a share that others call through; 0: there is none */
	uint64_t deadline; /* of its call */
	uint64_t until;    /* of a sleeper */
	bool is_dying;     /* somebody is dropping it */
};

extern struct chain_model model;
extern struct rig {
	uint64_t seed;
	struct rig_member member[MEMBERS];
	exo_handle gift; /* a capability that goes from one to another */
	uint64_t ends[ENDS];
} rig;

void rig_boot(void);
uint64_t rig_draw(uint64_t limit);
/* init makes all members, starts them and sleeps. */
void rig_begin(void);
/* init makes a call with one argument, whoever else has turns meanwhile. */
int64_t rig_insist(uint32_t nr, exo_handle h);
/* Arguments of `share` that make a member's name anew. */
void rig_name(int i, uint64_t arguments[7]);
uint64_t rig_badge(int i);
int rig_number(const struct env *e);
/* Does it use floating point all the time? */
bool rig_uses_float(int i);
/* Is `i` what `e` waits for, or `e` itself? */
bool rig_is_below(int e, int i);
/* Nothing is in its registers but its u-area and `status`. */
bool rig_is_blank(int i, uint64_t status);
/* What time does, the model follows, if it may have come. */
void rig_follow(void);
/* It has died, and who called it is told. */
void rig_died(int i);
/* The kernel has what the model has: of one, of all and whose turn it is. */
void rig_compare_one(int i);
void rig_compare(void);

#endif
