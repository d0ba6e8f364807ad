/* SPDX-License-Identifier: MIT
 * dhcp.h: a DHCP client's states: RFC 2131 4.4.
 *
 * DISCOVER, OFFER, REQUEST, ACK, then the address is checked (dhcp_checked), used, renewed at T1
 * with its server, at T2 with any, and lost at the end of its lease. Left out: INIT-REBOOT and
 * INFORM, for we remember nothing and want an address; RELEASE, for the end of a program comes
 * unasked. The first offer is taken.
 * The states send nothing: dhcp_tick says what to send. Pure.
 */
#ifndef LIB_NET_DHCP_H
#define LIB_NET_DHCP_H

#include "lib/net/dhcp_message.h"

#define DHCP_FIRST_NS    2000000000ull /* then twice as long each time; RFC 2131 4.1 has 4 s */
#define DHCP_MOST_NS     64000000000ull
#define DHCP_REQUESTS    4              /* unanswered; then it begins anew */
#define DHCP_AGAIN_NS    60000000000ull /* least time between two requests while it has a lease */
#define DHCP_DECLINED_NS 10000000000ull /* RFC 2131 3.1, 5. */

enum dhcp_state {
	DHCP_OFF,
	DHCP_SELECTING,
	DHCP_REQUESTING,
	DHCP_CHECKING, /* whether nobody else has it */
	DHCP_DECLINING,
	DHCP_BOUND,
	DHCP_RENEWING,
	DHCP_REBINDING,
};

enum dhcp_event {
	DHCP_NOTHING,
	DHCP_GOT,  /* a lease: check its address, then dhcp_checked */
	DHCP_KEPT, /* the lease goes on, perhaps with other values */
	DHCP_LOST, /* the address must not be used any more */
};

struct dhcp_lease {
	uint32_t address;
	uint32_t mask;
	uint32_t gateway;
	uint32_t server;
	uint32_t time_server;
	uint64_t renew_ns; /* UINT64_MAX: never */
	uint64_t rebind_ns;
	uint64_t end_ns;
};

struct dhcp {
	enum dhcp_state state;
	uint8_t mac[MAC_BYTES];
	char name[DHCP_NAME];
	uint64_t random; /* of rand.h */
	uint32_t xid;
	uint32_t tries;
	uint64_t began_ns;       /* this exchange */
	uint64_t asked_ns;       /* the request that is answered next */
	uint64_t next_ns;        /* something to send */
	struct dhcp_lease lease; /* offered, later given */
};

struct dhcp_out {
	uint32_t to;
	uint8_t message[DHCP_BYTES];
};

/* Starts anew. `random` is not 0. */
void dhcp_start(struct dhcp *dhcp, const uint8_t *mac, const char *name, uint64_t random,
		uint64_t now_ns);
void dhcp_stop(struct dhcp *dhcp);

/* Takes a message from port 67 in. */
enum dhcp_event dhcp_input(struct dhcp *dhcp, const uint8_t *data, size_t bytes, uint64_t now_ns);

/* The address is ours, or somebody has it and another one is needed. */
void dhcp_checked(struct dhcp *dhcp, bool is_ours, uint64_t now_ns);

/* What time has brought about; *has_out: `out` is to be sent. To be called until neither. */
enum dhcp_event dhcp_tick(struct dhcp *dhcp, uint64_t now_ns, struct dhcp_out *out, bool *has_out);

/* When dhcp_tick has something next. */
uint64_t dhcp_deadline(const struct dhcp *dhcp);

/* True while the address of the lease may be used. */
bool dhcp_has_lease(const struct dhcp *dhcp);

#endif
