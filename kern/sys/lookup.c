/* SPDX-License-Identifier: MIT
 * lookup.c (sys): what a handle of the caller names. No state.
 *
 * Callers: all calls, tree lock.
 */
#include "kern/sys/sys.h"

int
sys_cap(const struct env *e, exo_handle handle, uint32_t type, uint64_t rights, struct cap **c)
{
	*c = cspace_lookup(e->cspace, handle);
	if (!*c) {
		return E_HANDLE;
	}
	if (cap_type(*c) != type) {
		return E_TYPE;
	}
	return rights & ~cap_rights(*c) ? E_RIGHTS : 0;
}
