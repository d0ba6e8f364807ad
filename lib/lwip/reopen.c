/* SPDX-License-Identifier: MIT
 * reopen.c: a client may use a port again whose last connection was ended from here.
 *
 * Such a connection stays in TIME-WAIT for two minutes. lwIP answers a SYN for it with what it
 * acknowledged last, and pays no heed to the client's RST (RFC 1337): the client would wait in
 * vain for as long. RFC 1122 4.2.2.13 allows that a SYN behind everything that was received opens
 * it anew, if our own numbers go on behind those that were used. So the old one is forgotten
 * before lwIP sees the SYN.
 *
 * State: the number that the next connection begins with, from the look at its SYN to lwIP's
 * question, within the same packet.
 * Spec:  RFC 9293 3.6.1 and 3.10.7.4; what is wrong with a packet in other ways lwIP finds out.
 */
#include "lib/lwip/reopen.h"

#include <stdbool.h>

#include <lwip/prot/ip4.h>
#include <lwip/prot/tcp.h>
#include <lwip/priv/tcp_priv.h>

#define ISN_GAP 65537 /* behind all that the old connection's window reached */

static struct {
	bool is_set;
	uint32_t isn;
} next;

/* The header of a segment that asks for a connection; NULL: it is something else. */
static const struct tcp_hdr *
syn_of(const struct pbuf *packet)
{
	const struct ip_hdr *ip = packet->payload;

	if (packet->len < IP_HLEN + TCP_HLEN || IPH_PROTO(ip) != IP_PROTO_TCP ||
	    IPH_HL_BYTES(ip) < IP_HLEN || packet->len < IPH_HL_BYTES(ip) + TCP_HLEN ||
	    IPH_OFFSET(ip) & PP_HTONS(IP_MF | IP_OFFMASK)) {
		return NULL;
	}
	const struct tcp_hdr *tcp =
		(const struct tcp_hdr *)((const uint8_t *)packet->payload + IPH_HL_BYTES(ip));
	return (TCPH_FLAGS(tcp) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN ? tcp : NULL;
}

static bool
is_of(const struct tcp_pcb *pcb, const struct ip_hdr *ip, const struct tcp_hdr *tcp)
{
	return pcb->remote_port == lwip_ntohs(tcp->src) &&
	       pcb->local_port == lwip_ntohs(tcp->dest) && pcb->remote_ip.addr == ip->src.addr &&
	       pcb->local_ip.addr == ip->dest.addr;
}

int
lwip_reopen_input(const struct pbuf *packet)
{
	const struct tcp_hdr *tcp = syn_of(packet);
	struct tcp_pcb *pcb = tcp ? tcp_tw_pcbs : NULL;

	next.is_set = false;
	while (pcb && !is_of(pcb, packet->payload, tcp)) {
		pcb = pcb->next;
	}
	if (pcb && TCP_SEQ_GEQ(lwip_ntohl(tcp->seqno), pcb->rcv_nxt)) {
		next.is_set = true;
		next.isn = pcb->snd_nxt + ISN_GAP;
		tcp_abort(pcb); /* tells nobody in this state */
	}
	return 0;
}

uint32_t
lwip_reopen_isn(void)
{
	uint32_t isn = next.is_set ? next.isn : lwip_port_random();

	next.is_set = false;
	return isn;
}
