/* SPDX-License-Identifier: MIT
 * look.c (sys): inspect, env_inspect, env_peek: what a capability is, what another environment
 * holds, what stands in its memory. Nothing is changed by looking.
 */
#include "kern/sys/look.h"
#include "lib/base/string.h"

#define LOOKED_AT 32 /* slots, or leaves that are not there, in one go */

static uint64_t
count_bindings(const struct captree *t, const struct cap *c)
{
	uint64_t n = 0;

	for (uint32_t id = c->bindings; id && n < EXO_BINDINGS_COUNTED;
	     id = bind_at(t, id)->next & ~BIND_WRITABLE) {
		n++;
	}
	return n;
}

static void
describe(struct captree *t, const struct cap *c, uint64_t from, struct exo_cap_info *info)
{
	const struct cap *child = cap_child_from(t, c, from);
	const struct cap *parent = cap_parent(t, c);

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
		.place = cap_id(t, c),
		.parent = parent ? cap_id(t, parent) : 0,
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

/* --- another environment ------------------------------------------------------------------ */
int
look_at(struct env *e, exo_handle env, struct env **target)
{
	struct cap *c;
	int error = sys_cap(e, env, EXO_CAP_ENV, 0, &c);

	if (error) {
		return error;
	}
	if (!(cap_rights(c) & (EXO_ENV_OBSERVE | EXO_ENV_CONTROL))) {
		return E_RIGHTS;
	}
	*target = arch_ram(c->start << PAGE_SHIFT);
	return env_is_off(*target) ? E_DEAD : 0;
}

/* The first filled slot from *slot on. NULL: none among those looked at; *slot is behind them. */
static const struct cap *
next_filled(const struct cspace *s, uint32_t *slot)
{
	for (uint32_t i = 0; i < LOOKED_AT; i++) {
		const struct cap *c = cspace_slot(s, *slot);

		if (!c || cap_type(c)) {
			return c;
		}
		*slot += cspace_has_leaf(s, *slot)
				 ? 1
				 : EXO_SLOTS_PER_LEAF - *slot % EXO_SLOTS_PER_LEAF;
	}
	return NULL;
}

struct sysret
sys_env_inspect(exo_handle env, uint32_t slot, struct exo_cap_info *info)
{
	struct env *e = env_current();
	const struct cap *c = NULL;
	struct exo_cap_info copy;
	struct env *target;
	int64_t result;

	kernel_lock(e->kernel);
	result = look_at(e, env, &target);
	if (!result) {
		result = target->cspace ? 0 : E_STATE;
	}
	if (!result) {
		c = next_filled(target->cspace, &slot);
	}
	if (c) {
		describe(&e->kernel->tree, c, 0, &copy);
		result = (int64_t)cspace_handle(c, slot);
	}
	kernel_unlock(e->kernel);
	if (!result && slot < EXO_LEAVES_MAX * EXO_SLOTS_PER_LEAF) {
		return sys_restart(e, EXO_NR_env_inspect, (uint64_t[7]){env, slot, (uint64_t)info});
	}
	if (c && arch_copy_out((struct uaddr){(uint64_t)info}, &copy, sizeof(copy))) {
		result = E_FAULT;
	}
	return sys_return(result ? result : E_NOENT);
}

static int64_t
peek(const struct captree *t, const struct env *target, uint64_t address, size_t bytes, void *to)
{
	uint8_t *page;

	if (!target->space) {
		return E_STATE;
	}
	if (!look_entry(t, target->space, address, &page)) {
		return E_NOTMAPPED;
	}
	memcpy(to, page + address % PAGE_SIZE, bytes);
	return (int64_t)bytes;
}

struct sysret
sys_env_peek(exo_handle env, uint64_t address, void *to, size_t bytes)
{
	struct env *e = env_current();
	uint8_t copy[EXO_PEEK_BYTES];
	struct env *target;
	int64_t result;

	bytes = look_bytes(address, bytes);
	if (address >= EXO_USER_END) {
		return sys_return(E_RANGE);
	}
	kernel_lock(e->kernel);
	result = look_at(e, env, &target);
	if (!result) {
		result = peek(&e->kernel->tree, target, address, bytes, copy);
	}
	kernel_unlock(e->kernel);
	if (result > 0 && arch_copy_out((struct uaddr){(uint64_t)to}, copy, (size_t)result)) {
		result = E_FAULT;
	}
	return sys_return_long(result);
}
