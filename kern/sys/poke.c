/* SPDX-License-Identifier: MIT
 * poke.c (sys): env_poke: write the memory of a stopped environment, for a debugger.
 *
 * Why it gives nobody anything: it writes only where the entry's ceiling allows writing, that is
 * where the environment itself could, after a protect at most; and who has CONTROL sets its pc and
 * registers, so could have it do so. What such a page can reach is the same before and after: no
 * entry and no right changes, none becomes writable and executable. Tables, registers of devices
 * and pages that were mapped from a capability without WRITE have no such ceiling.
 */
#include "kern/space_fast.h"
#include "kern/sys/life.h"
#include "kern/sys/look.h"
#include "lib/base/string.h"

static int64_t
poke(const struct captree *t, const struct env *target, uint64_t address, const void *from,
     size_t bytes)
{
	uint8_t *page;
	uint64_t *entry;

	if (!target->space) {
		return E_STATE;
	}
	entry = look_entry(t, target->space, address, &page);
	if (!entry) {
		return E_NOTMAPPED;
	}
	if (!(space_links(entry)->next & BIND_WRITABLE)) {
		return E_RIGHTS;
	}
	if (bytes && *entry & PTE_W) { /* as a store of its own would */
		__atomic_fetch_or(entry, PTE_A | PTE_D, __ATOMIC_RELAXED);
	}
	memcpy(page + address % PAGE_SIZE, from, bytes);
	return (int64_t)bytes;
}

struct sysret
sys_env_poke(exo_handle env, uint64_t address, const void *from, size_t bytes)
{
	struct env *e = env_current();
	size_t n = look_bytes(address, bytes);
	uint8_t copy[EXO_PEEK_BYTES];
	struct env *target;
	bool is_settled;
	int64_t result;

	if (address >= EXO_USER_END) {
		return sys_return(E_RANGE);
	}
	if (arch_copy_in(copy, (struct uaddr){(uint64_t)from}, n)) {
		return sys_return(E_FAULT);
	}
	kernel_lock(e->kernel);
	result = stopped_target(e, env, &target);
	is_settled = result != UNSETTLED;
	if (!result) {
		result = poke(&e->kernel->tree, target, address, copy, n);
	}
	kernel_unlock(e->kernel);
	if (!is_settled) {
		return sys_restart(e, EXO_NR_env_poke,
				   (uint64_t[7]){env, address, (uint64_t)from, bytes});
	}
	return sys_return(result);
}
