/* SPDX-License-Identifier: MIT
 * net.h: IPv4 on one network interface: ARP, ICMP, UDP, an address from DHCP or the manifest.
 *
 *	static struct net net;
 *
 *	net_open(&net, BIT);
 *	net_udp_listen(&net, 7, answer, context);
 *	for (;;) {
 *		net_wait(&net, EXO_FOREVER);
 *	}
 *
 * Nothing blocks but net_wait. Packets are handed to functions of the program, in place: what they
 * get is theirs until they return. One environment calls a struct net, never from an upcall, and
 * handlers may send but not call net_poll. IPv4 addresses are in host order.
 */
#ifndef LIB_NET_NET_H
#define LIB_NET_NET_H

#include "lib/net/arp.h"
#include "lib/net/dhcp.h"
#include "lib/net/icmp.h"
#include "lib/net/reassemble.h"
#include "lib/net/rings.h"

#define NET_PORTS       8
#define NET_FALLBACK_NS 4000000000ull  /* then the manifest's address is used, if it has one */
#define NET_CLAIM_NS    10000000000ull /* until it is tried again, if somebody else has it */

struct net;

/* A UDP datagram that has come. */
struct net_datagram {
	uint32_t from;
	uint16_t from_port;
	uint16_t to_port;
	bool is_broadcast; /* do not answer what the whole network got */
	const uint8_t *data;
	uint32_t bytes;
	const uint8_t *frame; /* of the library: net->asked */
};

/* Where a UDP datagram goes. */
struct net_path {
	uint32_t to;
	uint16_t to_port;
	uint16_t from_port;
};

/* An answer to net_ping. */
struct net_echo {
	uint32_t from;
	uint16_t id;
	uint16_t sequence;
	const uint8_t *data;
	uint32_t bytes;
};

/* Somebody could not do with a packet of ours what it was sent for. */
struct net_error {
	uint32_t from; /* who says so; ourselves if nobody answered ARP */
	uint8_t type;  /* enum icmp_type */
	uint8_t code;
	struct icmp_about about;
};

enum net_note {
	NET_BOUND,    /* there is an address: net->address, mask, gateway */
	NET_FALLBACK, /* no DHCP server answers; the manifest's address is tried */
	NET_SILENT,   /* none answers, and there is no other address; it is asked on */
	NET_CONFLICT, /* somebody else has the address net->arp.address */
	NET_LOST,     /* the lease is over and nobody renewed it */
};

typedef void net_receive(struct net *net, void *context, const struct net_datagram *datagram);

struct net_port {
	uint16_t port; /* 0: free */
	net_receive *receive;
	void *context;
};

/* What a program may want to hear; each may be a null pointer. */
struct net_hooks {
	void (*note)(struct net *net, enum net_note note);
	void (*echo)(struct net *net, const struct net_echo *echo);
	void (*error)(struct net *net, const struct net_error *error);
};

struct net_settings {
	uint8_t mac[MAC_BYTES];
	const char *name; /* told to the DHCP server */
	bool wants_dhcp;
	uint32_t address; /* without DHCP, or where it does not answer; 0: none */
	uint32_t mask;
	uint32_t gateway;
	uint64_t random; /* a seed, not 0 */
};

/* X(name, what it counts) */
#define NET_COUNTS(X)                                                                              \
	X(frames, "frames that came")                                                              \
	X(strangers, "not to us: other hosts' addresses, other protocols than ARP and IPv4")       \
	X(malformed, "headers that lie, wrong checksums, senders that cannot be")                  \
	X(fragments, "fragments")                                                                  \
	X(reassembled, "datagrams put together of fragments")                                      \
	X(expired, "datagrams some of whose fragments never came")                                 \
	X(echoes, "echo requests answered")                                                        \
	X(no_port, "UDP datagrams to ports where nobody listens")                                  \
	X(told, "ICMP errors sent")                                                                \
	X(untold, "ICMP errors not sent, because there were many")                                 \
	X(sent, "frames sent")                                                                     \
	X(no_buffer, "packets not sent because all buffers were on their way")                     \
	X(no_neighbour, "packets not sent because nobody answered ARP, or newer ones waited")      \
	X(refused, "packets that the transmit filter refused")

struct net_counts {
#define NET_COUNT_FIELD(name, text) uint64_t name;
	NET_COUNTS(NET_COUNT_FIELD)
#undef NET_COUNT_FIELD
};

/* What carries the frames. A buffer that was taken is sent or given back. */
struct net_carrier {
	uint8_t *(*take)(struct net *net); /* FRAME_MAX bytes, aligned as wire.h says, or a null
					    * pointer */
	void (*give)(struct net *net, uint8_t *frame);
	void (*send)(struct net *net, uint8_t *frame, size_t bytes);
};

struct net {
	uint32_t address; /* 0: none yet */
	uint32_t mask;
	uint32_t gateway;     /* 0: none */
	uint32_t time_server; /* that DHCP told, or 0 */
	struct net_hooks hooks;
	void *context; /* the program's own, for its hooks */
	struct net_counts counts;

	/* of the library */
	const struct net_carrier *carrier;
	struct net_settings settings;
	uint64_t now_ns;
	uint64_t deadline_ns; /* of net_deadline, or 0: to be computed */
	uint64_t fallback_ns; /* when DHCP has had its time; UINT64_MAX */
	uint64_t random;
	uint64_t mac; /* settings.mac as wire.h has it */
	uint16_t next_id;
	const uint8_t *asked; /* a frame to us alone that is being received, if it has all of a
			       * datagram and no IP options; or a null pointer */
	struct icmp_rate errors;
	struct net_port ports[NET_PORTS];
	struct net_rings rings;
	struct arp arp;
	struct dhcp dhcp;
	struct reassembler reassembler; /* large, so it comes last */
};

/* Opens the program's PACKET capabilities; packets raise event `bit`, and NET_SENT_BIT is used
 * up by the library. The hardware
 * address is that of the NIC, or the value mac=; the values address=, netmask=, gateway= and dhcp=
 * are explained in docs/net.md. 0 or an error, about which a sentence was printed. Afterwards the
 * hook `note` prints what becomes of the address; the program may set hooks of its own. */
int net_open(struct net *net, uint32_t bit);

/* Handles what has come, at most about 64 packets, and what time has brought. 1 if there was
 * anything, 0, or an error: the network is lost. All that was sent goes out. */
int net_poll(struct net *net);

/* Sends what is to go out, sleeps until something comes or `timeout_ns` are over, and handles it.
 * What is sent meanwhile goes out with the next one, in the same call as its sleep; who does not
 * come back at once calls net_flush(). 0 or the error of net_poll. */
int net_wait(struct net *net, uint64_t timeout_ns);

/* For a program that waits for other events too, with exo_wait: the events that net_poll is
 * waiting for, and how long it need not be called when none of them comes. */
uint64_t net_events(const struct net *net);
uint64_t net_timeout_ns(struct net *net);

/* The RING that packets to this host alone come by, for a handler (EXO_BIND_HANDLER): what that
 * deals with never comes here. */
exo_handle net_ring(const struct net *net);

/* Sends what was put together since the last net_poll or net_wait, and in that. */
void net_flush(struct net *net);

/* Datagrams to `port` go to `receive` from now on. 0, E_INVAL (port 0), E_BUSY: the port has
 * somebody, or E_NOSPACE. */
int net_udp_listen(struct net *net, uint16_t port, net_receive *receive, void *context);
void net_udp_close(struct net *net, uint16_t port);

/* A port from which nobody expects anything: above 49151, at random (RFC 6056). */
uint16_t net_udp_free_port(struct net *net);

/* Sends a datagram of up to UDP_MAX bytes, in fragments if it has to be. 0; E_RANGE: too long;
 * E_STATE: no address yet; E_NOENT: no gateway to it; E_INVAL: nobody can have that address;
 * E_BUSY: no buffer is free, try again. That it goes out does not say that it arrives. */
int net_udp_send(struct net *net, const struct net_path *path, const void *data, uint32_t bytes);

/* Sends a datagram back to who has sent `datagram`, while that is being received; as net_udp_send,
 * but it goes to the neighbour that brought the question, who need not be looked up, and the sum
 * over data that goes back as it came is not computed again. Errors as net_udp_send. */
int net_udp_answer(struct net *net, const struct net_datagram *datagram, const void *data,
		   uint32_t bytes);

/* The same without a copy: room for UDP_IN_PLACE bytes of data, or a null pointer (E_BUSY);
 * afterwards it is sent, whatever net_udp_put says, or given back. */
uint8_t *net_udp_take(struct net *net);
int net_udp_put(struct net *net, const struct net_path *path, uint8_t *data, uint32_t bytes);
void net_udp_give(struct net *net, uint8_t *data);

/* Asks `to` to send the data back; hooks.echo hears the answer. Errors as net_udp_send. */
int net_ping(struct net *net, uint32_t to, uint16_t id, uint16_t sequence, const void *data,
	     uint32_t bytes);

/* True if the invariants of its parts hold: arp_check, reassemble_check, and that it has an address
 * only while it claims that one. */
bool net_check(const struct net *net);

#endif
