/* SPDX-License-Identifier: MIT
 * transfer.h: calling another environment, and being called.
 *
 * A message is seven words and, perhaps, one capability. exo_call hands it over and waits for the
 * answer, which takes its place; exo_serve takes calls one after another, on the stack of its
 * caller. Both keep what C keeps, and hand over nothing but the message: the other registers are
 * 0. (In assembly all of them, and floating point, can be the message: <exo/syscalls.def>.)
 */
#ifndef LIB_EXO_TRANSFER_H
#define LIB_EXO_TRANSFER_H

#include <exo/uarea.h>

/* Words of the library's part of the u-area, see upcall.h. */
#define EXO_UL_CALL_SP  (EXO_U_LIBRARY + 64) /* of the call that waits */
#define EXO_UL_SERVE_SP (EXO_U_LIBRARY + 72) /* where served calls begin */
#define EXO_UL_SERVE_TP (EXO_U_LIBRARY + 80)
#define EXO_UL_SERVER   (EXO_U_LIBRARY + 88)

#define EXO_CALL_REPLY    -63

#define EXO_MESSAGE_GIFT  56
#define EXO_MESSAGE_BYTES 64

#ifndef __ASSEMBLER__
#include <exo/types.h>

struct exo_message {
	uint64_t word[7];
	exo_handle gift; /* a capability that goes along and leaves the sender, or EXO_NONE; of what
			    arrived the handle here */
};
_Static_assert(offsetof(struct exo_message, gift) == EXO_MESSAGE_GIFT, "transfer.S");
_Static_assert(sizeof(struct exo_message) == EXO_MESSAGE_BYTES, "transfer.S");

/* Have `env` (EXO_ENV_CALL, on this hart) answer `message`: 0, or an error of call (syscalls.def)
 * and the message is as it was; E_BUSY: it serves another one, yield to it and try again. */
int64_t exo_call(exo_handle env, struct exo_message *message);
/* Hand `env` a message and the rest of the slice, without waiting for an answer. */
int64_t exo_send(exo_handle env, const struct exo_message *message);
/* Up to when calls of this environment wait, ticks; 0: for ever. */
void exo_call_deadline(uint64_t time);

/* Serve calls from now on: `server` gets each message with the badge of the capability that was
 * called, and leaves the answer in it. What comes along is put into `slot` (0: nothing can come);
 * it must be empty again, or the next call that brings something fails. An answer whose gift
 * cannot be handed over goes without it. Returns only an error. */
typedef void exo_server(struct exo_message *message, uint64_t badge);
int64_t exo_serve(exo_server *server, uint32_t slot);

/* In riscv/transfer.S. */
int64_t exo_transfer(exo_handle env, const struct exo_message *message, uint64_t uarea,
		     int64_t number, uint64_t has_float);
void exo_serve_entry(void);
_Noreturn void exo_serve_begin(uint64_t uarea);
#endif
#endif
