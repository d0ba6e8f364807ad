/* SPDX-License-Identifier: MIT
 * transport.h: what a connection needs of TCP. tcp.c provides it on lwIP, the tests in memory.
 *
 * A struct transport is one connection to a client. The provider calls conn_open, conn_input,
 * conn_acked, conn_end and conn_lost of conn.h.
 */
#ifndef USER_WEB_TRANSPORT_H
#define USER_WEB_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

struct transport;

/* How many bytes transport_write can take now. */
size_t transport_room(struct transport *transport);

/* Queues bytes to be sent. Without `copy` they must stay as they are until conn_acked has covered
 * them. 0 or E_NOSPACE, which may happen within the room as well; then nothing was queued. */
int transport_write(struct transport *transport, const void *data, size_t bytes, bool copy);

/* Sends what is queued without waiting for more. */
void transport_flush(struct transport *transport);

/* `bytes` of what conn_input brought are done with; the client may send as many more. */
void transport_consumed(struct transport *transport, size_t bytes);

/* Whether the connection may be ended to make place for a new one. */
void transport_idle(struct transport *transport, bool is_idle);

/* Nothing more will be written. */
void transport_shutdown(struct transport *transport);

/* The connection is over: in order (everything is acknowledged), or at once. No call of conn.h
 * follows. */
void transport_close(struct transport *transport);
void transport_abort(struct transport *transport);

#endif
