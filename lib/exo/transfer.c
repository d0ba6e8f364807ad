/* SPDX-License-Identifier: MIT
 * transfer.c: calls and serving in C; see transfer.h. The registers are in riscv/transfer.S.
 *
 * State: words EXO_UL_* in the u-area, so each environment of a space calls and serves on its own.
 */
#include "lib/exo/transfer.h"

#include "lib/exo/call.h"
#include "lib/exo/start.h"

_Static_assert(EXO_CALL_REPLY == -EXO_NR_reply, "transfer.S makes this call");

static uint64_t *
uarea_word(uint64_t offset)
{
	return (uint64_t *)(exo_own_uarea() + offset);
}

int64_t
exo_call(exo_handle env, struct exo_message *message)
{
	return exo_transfer(env, message, exo_own_uarea(), -(int64_t)EXO_NR_call,
			    exo_start()->env_flags & EXO_ENV_FP);
}

int64_t
exo_send(exo_handle env, const struct exo_message *message)
{
	struct exo_message copy = *message;

	return exo_transfer(env, &copy, exo_own_uarea(), -(int64_t)EXO_NR_send,
			    exo_start()->env_flags & EXO_ENV_FP);
}

void
exo_call_deadline(uint64_t time)
{
	*(volatile uint64_t *)uarea_word(EXO_U_CALL_DEADLINE) = time;
}

int64_t
exo_serve(exo_server *server, uint32_t slot)
{
	int64_t result =
		exo_env_entry(EXO_NONE, EXO_ENTRY_CALL, (uint64_t)exo_serve_entry, slot);

	if (result < 0) {
		return result;
	}
	*uarea_word(EXO_UL_SERVER) = (uint64_t)server;
	exo_serve_begin(exo_own_uarea());
}
