/* SPDX-License-Identifier: MIT
 * dhcp_message.h: the packets of DHCP: RFC 2131 2, RFC 2132. Pure.
 */
#ifndef LIB_NET_DHCP_MESSAGE_H
#define LIB_NET_DHCP_MESSAGE_H

#include <stdbool.h>

#include "lib/net/wire.h"

#define DHCP_BYTES       300 /* all that we send: some servers want what BOOTP had (RFC 1542 2.1) */
#define DHCP_NAME        32
#define DHCP_CLIENT_PORT 68
#define DHCP_SERVER_PORT 67

enum dhcp_type { /* RFC 2132 9.6; 0: none of them */
		 DHCP_DISCOVER = 1,
		 DHCP_OFFER = 2,
		 DHCP_REQUEST = 3,
		 DHCP_DECLINE = 4,
		 DHCP_ACK = 5,
		 DHCP_NAK = 6,
};

/* What a server says; what it does not say is 0. */
struct dhcp_answer {
	enum dhcp_type type;
	uint32_t xid;
	uint32_t address; /* yiaddr */
	uint32_t mask;
	uint32_t gateway;
	uint32_t server;
	uint32_t time_server;
	uint32_t lease_s; /* UINT32_MAX: for ever */
	uint32_t renew_s;
	uint32_t rebind_s;
};

/* What a client says. */
struct dhcp_question {
	enum dhcp_type type;
	uint32_t xid;
	uint16_t seconds;   /* since it began */
	uint32_t own;       /* ciaddr: the address that it has and can be reached at, or 0 */
	uint32_t requested; /* 0: not said */
	uint32_t server;    /* 0: not said */
	const uint8_t *mac;
	const char *name; /* shorter than DHCP_NAME */
};

/* Reads an answer to `mac`. 0, E_TRUNCATED, or E_FORMAT: not for us, or no DHCP. */
int dhcp_parse(const uint8_t *data, size_t bytes, const uint8_t *mac, struct dhcp_answer *answer);

/* Writes DHCP_BYTES bytes. */
void dhcp_build(const struct dhcp_question *question, uint8_t *data);

#endif
