/* SPDX-License-Identifier: MIT
 * cap.c (sys): carve, share, give, ask, revoke, drop, inspect: checks of what the caller says about
 * capabilities.
 *
 * carve, share, drop and revoke first take one step at the oldest dead object, so frames come back
 * to whoever asks for them.
 */
#include "kern/ask.h"
#include "kern/net/nic.h"
#include "kern/object.h"
#include "kern/sys/sys.h"
#include "kern/take.h"
#include "lib/base/checked.h"

#define STEPS_MAX 12 /* revocation steps in one go */

/* --- derive ------------------------------------------------------------------------------- */
struct derivation {
	struct cap *parent;
	struct cap *slot;
	uint64_t start;
	uint64_t in_the_way;
	bool predicate;
};

/* Tree lock. 0 or an error; for a PACKET the filter was fetched before. */
static int
prepare(struct env *e, struct derivation *d, exo_handle parent, uint32_t slot,
	const struct exo_filter *f, bool shared)
{
	d->parent = cspace_lookup(e->cspace, parent);
	d->slot = cspace_free_slot(e->cspace, slot);
	if (!d->parent) {
		return E_HANDLE;
	}
	if (!d->slot) {
		return E_SLOT;
	}
	d->predicate = cap_type(d->parent) == EXO_CAP_PACKET;
	return d->predicate ? nic_filter_make(d->parent, f, shared, &d->start) : 0;
}

/* What a PACKET's `start` argument points to; any capability's, for we look at its type only under
 * the lock. */
static int
fetch_filter(struct env *e, exo_handle parent, uint64_t address, struct exo_filter *f)
{
	struct cap *c;
	bool packet;

	kernel_lock(e->kernel);
	c = cspace_lookup(e->cspace, parent);
	packet = c && cap_type(c) == EXO_CAP_PACKET;
	kernel_unlock(e->kernel);
	*f = (struct exo_filter){0};
	return packet ? arch_copy_in(f, (struct uaddr){address}, sizeof(*f)) : 0;
}

/* True if nobody owes a fence, so what is unbound really is; else the call restarts. Takes a step
 * at the dead list. */
static bool
settled(struct kernel *k)
{
	object_bury(k);
	return !k->tree.broken && kernel_fenced(&k->tree);
}

static struct sysret
derive(exo_handle parent, uint32_t slot, uint64_t start, uint64_t count, uint64_t rights,
       uint64_t badge, bool shared)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct exo_filter f;
	struct derivation d = {.start = start};
	int error = fetch_filter(e, parent, start, &f);

	if (error) {
		return sys_return(error);
	}
	kernel_lock(k);
	if (!settled(k)) {
		k->waiting = false;
		kernel_unlock_fence(k);
		return sys_restart(e, shared ? EXO_NR_share : EXO_NR_carve,
				   (uint64_t[]){parent, slot, start, count, rights, badge, 0});
	}
	k->waiting = false;
	error = prepare(e, &d, parent, slot, &f, shared);
	if (!error) {
		error = shared ? cap_share(&k->tree, d.parent, d.slot, d.start, count, rights,
					   badge)
			       : cap_carve(&k->tree, d.parent, d.slot, d.start, count, rights,
					   badge, &d.in_the_way);
		if (error && d.predicate) {
			nic_filter_discard(d.start);
		}
	}
	exo_handle handle = error ? 0 : cspace_handle(d.slot, slot);
	kernel_unlock_fence(k);
	if (error == E_TAKEN) {
		return sys_return2(e, error, d.in_the_way);
	}
	return sys_finish(error ? error : (int64_t)handle);
}

struct sysret
sys_carve(exo_handle parent, uint32_t slot, uint64_t start, uint64_t count, uint64_t rights,
	  uint64_t badge)
{
	return derive(parent, slot, start, count, rights, badge, false);
}

struct sysret
sys_share(exo_handle parent, uint32_t slot, uint64_t start, uint64_t count, uint64_t rights,
	  uint64_t badge)
{
	return derive(parent, slot, start, count, rights, badge, true);
}

/* --- give, ask, inspect ------------------------------------------------------------------- */
struct sysret
sys_give(exo_handle env, exo_handle capability, uint32_t slot)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct env *target;
	struct cap *c;
	struct cap *to = NULL;
	int64_t result;

	kernel_lock(k);
	c = cspace_lookup(e->cspace, capability);
	result = c ? sys_env(e, env, EXO_ENV_GIVE, &target) : E_HANDLE;
	if (!result && (env_is_off(target) || !target->cspace)) {
		result = E_DEAD;
	}
	if (!result) {
		to = cspace_free_slot(target->cspace, slot);
		result = to ? cap_move(&k->tree, c, to) : E_SLOT;
	}
	if (!result) {
		result = (int64_t)cspace_handle(to, slot);
	}
	kernel_unlock(k);
	return sys_return(result);
}

struct sysret
sys_ask(exo_handle capability, uint64_t start, uint64_t count, uint64_t deadline)
{
	struct env *e = env_current();
	struct kernel *k = e->kernel;
	struct cap *c;
	int error;

	kernel_lock(k);
	c = cspace_lookup(e->cspace, capability);
	error = !c                                                          ? E_HANDLE
		: count && !range_within(start - c->start, count, c->count) ? E_RANGE
									    : 0;
	if (!error) {
		error = ask_post(k, c, start, count ? count : c->count, deadline);
	}
	kernel_unlock(k);
	return sys_finish(error);
}

static uint64_t
count_bindings(const struct captree *t, const struct cap *c)
{
	uint64_t n = 0;

	for (uint32_t id = c->bindings; id && n < 1024;
	     id = bind_at(t, id)->next & ~BIND_WRITABLE) {
		n++;
	}
	return n;
}

static void
describe(struct captree *t, const struct cap *c, uint64_t from, struct exo_cap_info *info)
{
	const struct cap *child = cap_child_from(t, c, from);

	*info = (struct exo_cap_info){
		.type = cap_type(c),
		.rights = (uint32_t)cap_rights(c),
		.start = c->start,
		.count = c->count,
		.badge = c->badge,
		.depth = c->word >> CAP_DEPTH_SHIFT & 63,
		.flags = (c->word & CAP_POOL ? EXO_CAPF_POOL : 0) |
			 (c->word & CAP_SHARES ? EXO_CAPF_SHARES : 0) |
			 (c->word & CAP_WHOLE ? EXO_CAPF_WHOLE : 0) |
			 (c->word & CAP_SHARED ? EXO_CAPF_SHARED : 0) |
			 (c->word & CAP_OBJECT ? EXO_CAPF_OBJECT : 0) |
			 (c->word & CAP_DYING ? EXO_CAPF_DYING : 0),
		.bindings = count_bindings(t, c),
		.child_start = child ? child->start : 0,
		.child_count = child ? child->count : 0,
	};
}

struct sysret
sys_inspect(exo_handle capability, uint64_t from, struct exo_cap_info *info)
{
	struct env *e = env_current();
	struct exo_cap_info copy;
	const struct cap *c;

	kernel_lock(e->kernel);
	c = cspace_lookup(e->cspace, capability);
	if (c) {
		describe(&e->kernel->tree, c, from, &copy);
	}
	kernel_unlock(e->kernel);
	return sys_return(c ? arch_copy_out((struct uaddr){(uint64_t)info}, &copy, sizeof(copy))
			    : E_HANDLE);
}

/* --- revoke, drop ------------------------------------------------------------------------- */
/* Steps at the call itself; 0, CAP_AGAIN (restart) or an error. */
static int
take(struct env *e, enum take what, exo_handle capability, uint64_t start, uint64_t count)
{
	struct kernel *k = e->kernel;
	int result = CAP_AGAIN;
	bool waiting = false;

	for (int i = 0;
	     i < STEPS_MAX && result == CAP_AGAIN && !waiting && !(i && sys_interrupted()); i++) {
		kernel_lock(k);
		k->waiting = false;
		object_bury(k);
		result = take_step(e, what, capability, start, count);
		waiting = k->waiting;
		k->waiting = false;
		kernel_unlock_fence(k);
	}
	return result == E_BUSY && waiting ? CAP_AGAIN : result;
}

/* Steps at the dead list, so that what was revoked can be used again when the call returns. True if
 * it is not empty yet and does not only wait for devices. */
static bool
bury(struct kernel *k)
{
	bool more = true;
	bool waiting = false;

	for (int i = 0; i < STEPS_MAX && more && !(i && sys_interrupted()); i++) {
		kernel_lock(k);
		k->waiting = false;
		more = object_bury(k);
		waiting = k->waiting;
		k->waiting = false;
		kernel_unlock_fence(k);
	}
	return more || waiting;
}

struct sysret
sys_drop(exo_handle capability, uint64_t start, uint64_t count)
{
	struct env *e = env_current();
	int result = take(e, count ? TAKE_TRIM : TAKE_DROP, capability, start, count);

	if (result == CAP_AGAIN) {
		return sys_restart(e, EXO_NR_drop, (uint64_t[7]){capability, start, count});
	}
	return sys_finish(result);
}

struct sysret
sys_revoke(exo_handle capability, uint64_t start, uint64_t count)
{
	struct env *e = env_current();
	int result = take(e, TAKE_REVOKE, capability, start, count);

	if (result == CAP_AGAIN || (!result && bury(e->kernel))) {
		return sys_restart(e, EXO_NR_revoke, (uint64_t[7]){capability, start, count});
	}
	return sys_finish(result);
}
