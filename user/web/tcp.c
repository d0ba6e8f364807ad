/* SPDX-License-Identifier: MIT
 * tcp.c: clients on lwIP's raw interface.
 *
 * A struct transport is lwIP's struct tcp_pcb; its argument is the struct conn. Callbacks only
 * pass on what happened, so a connection never ends inside a callback of its own. File data is
 * given to TCP without a copy: it lies in chunks that conn.c holds until they are acknowledged. A
 * connection that is idle has the lowest priority: if all are in use, lwIP ends the one that was
 * idle longest when a new client comes.
 */
#include "user/web/tcp.h"

#include <exo/errors.h>

#include <lwip/tcp.h>

_Static_assert(CONN_INPUT_MAX >= TCP_WND, "what a client may send has to fit");
_Static_assert(CONN_MAX >= MEMP_NUM_TCP_PCB, "who connects has to be served");
_Static_assert(TCP_SND_BUF > CONN_ANSWER_MAX, "an answer has to fit");

static struct server *tcp_server; /* whom clients are given to */

static struct tcp_pcb *
pcb_of(struct transport *transport)
{
	return (struct tcp_pcb *)transport;
}

static void
forget(struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
}

/* Both sides have ended and the client has everything: from here on lwIP frees the pcb when it
 * likes, without telling. */
static void
leave_if_over(struct conn *conn, struct tcp_pcb *pcb)
{
	if ((pcb->state == CLOSING || pcb->state == TIME_WAIT) && conn->acked == conn->queued) {
		forget(pcb);
		conn_lost(tcp_server, conn);
	}
}

static err_t
on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
	struct conn *conn = argument;

	(void)error;
	if (!data) {
		conn_end(tcp_server, conn);
		leave_if_over(conn, pcb);
		return ERR_OK;
	}
	for (struct pbuf *p = data; p; p = p->next) {
		conn_input(tcp_server, conn, p->payload, p->len);
	}
	pbuf_free(data);
	return ERR_OK;
}

static err_t
on_sent(void *argument, struct tcp_pcb *pcb, u16_t bytes)
{
	conn_acked(tcp_server, argument, bytes);
	leave_if_over(argument, pcb);
	return ERR_OK;
}

static void
on_error(void *argument, err_t error)
{
	(void)error;
	conn_lost(tcp_server, argument);
}

static err_t
on_accept(void *unused, struct tcp_pcb *pcb, err_t error)
{
	(void)unused;
	struct conn *conn =
		error == ERR_OK && pcb ? conn_open(tcp_server, (struct transport *)pcb) : NULL;

	if (!conn) {
		return ERR_MEM;
	}
	tcp_arg(pcb, conn);
	tcp_recv(pcb, on_receive);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_nagle_disable(pcb);
	return ERR_OK;
}

int
tcp_serve(struct server *server, uint16_t port)
{
	struct tcp_pcb *pcb = tcp_new();

	if (!pcb || tcp_bind(pcb, IP_ADDR_ANY, port) != ERR_OK) {
		return E_NOSPACE;
	}
	pcb = tcp_listen(pcb);
	if (!pcb) {
		return E_NOSPACE;
	}
	tcp_server = server;
	tcp_accept(pcb, on_accept);
	return 0;
}

size_t
transport_room(struct transport *transport)
{
	return tcp_sndbuf(pcb_of(transport));
}

int
transport_write(struct transport *transport, const void *data, size_t bytes, bool copy)
{
	u8_t flags = copy ? TCP_WRITE_FLAG_COPY : 0;

	return tcp_write(pcb_of(transport), data, (u16_t)bytes, flags) == ERR_OK ? 0 : E_NOSPACE;
}

void
transport_flush(struct transport *transport)
{
	(void)tcp_output(pcb_of(transport));
}

void
transport_consumed(struct transport *transport, size_t bytes)
{
	tcp_recved(pcb_of(transport), (u16_t)bytes);
}

void
transport_idle(struct transport *transport, bool is_idle)
{
	tcp_setprio(pcb_of(transport), is_idle ? TCP_PRIO_MIN : TCP_PRIO_NORMAL);
}

void
transport_shutdown(struct transport *transport)
{
	(void)tcp_shutdown(pcb_of(transport), 0,
			   1); /* lwIP tries again by itself if it lacks memory */
}

void
transport_close(struct transport *transport)
{
	struct tcp_pcb *pcb = pcb_of(transport);

	forget(pcb);
	if (tcp_close(pcb) != ERR_OK) {
		tcp_abort(pcb);
	}
}

void
transport_abort(struct transport *transport)
{
	forget(pcb_of(transport));
	tcp_abort(pcb_of(transport));
}
