/* SPDX-License-Identifier: MIT
 * dhcp_message.c: see dhcp_message.h. Options stand behind the magic number and, if option 52
 * (overload) says so, in the fields `file` and `sname` too (RFC 2131 4.1): each is read on its own.
 */
#include "lib/net/dhcp_message.h"

#include <exo/errors.h>

#include "lib/base/string.h"

#define AT_XID     4
#define AT_SECONDS 8
#define AT_CIADDR  12
#define AT_YIADDR  16
#define AT_CHADDR  28
#define AT_SNAME   44
#define AT_FILE    108
#define AT_MAGIC   236
#define AT_OPTIONS 240
#define MAGIC      0x63825363u
#define HEAD_REPLY 0x02010600u /* BOOTREPLY, Ethernet, six bytes */
#define HEAD_ASK   0x01010600u

enum option {
	PAD = 0,
	MASK = 1,
	GATEWAY = 3,
	NAME = 12,
	TIME_SERVER = 42,
	REQUESTED = 50,
	LEASE = 51,
	OVERLOAD = 52,
	TYPE = 53,
	SERVER = 54,
	WANTED = 55,
	RENEW = 58,
	REBIND = 59,
	END = 255,
};

static uint32_t *
field_of(struct dhcp_answer *answer, enum option option)
{
	switch (option) {
	case MASK:
		return &answer->mask;
	case GATEWAY:
		return &answer->gateway;
	case TIME_SERVER:
		return &answer->time_server;
	case LEASE:
		return &answer->lease_s;
	case SERVER:
		return &answer->server;
	case RENEW:
		return &answer->renew_s;
	case REBIND:
		return &answer->rebind_s;
	default:
		return NULL;
	}
}

/* One option. Of lists of addresses the first counts; what is too short is not there. */
static void
take(struct dhcp_answer *answer, enum option option, const uint8_t *data, size_t bytes,
     uint8_t *overload)
{
	uint32_t *field = field_of(answer, option);

	if (field && bytes >= 4) {
		*field = get32(data);
	} else if (option == TYPE && bytes == 1 && data[0] <= DHCP_NAK) {
		answer->type = data[0];
	} else if (option == OVERLOAD && bytes == 1) {
		*overload = data[0];
	}
}

/* The options in data[0, bytes), up to END or to one that is cut off. */
static void
take_all(struct dhcp_answer *answer, const uint8_t *data, size_t bytes, uint8_t *overload)
{
	for (size_t at = 0; at < bytes && data[at] != END;) {
		if (data[at] == PAD) {
			at++;
			continue;
		}
		if (bytes - at < 2 || bytes - at - 2 < data[at + 1]) {
			return;
		}
		take(answer, data[at], data + at + 2, data[at + 1], overload);
		at += 2u + data[at + 1];
	}
}

int
dhcp_parse(const uint8_t *data, size_t bytes, const uint8_t *mac, struct dhcp_answer *answer)
{
	uint8_t overload = 0;
	uint8_t ignored;

	if (bytes < AT_OPTIONS) {
		return E_TRUNCATED;
	}
	if ((get32(data) & 0xffffff00u) != HEAD_REPLY || get32(data + AT_MAGIC) != MAGIC ||
	    memcmp(data + AT_CHADDR, mac, MAC_BYTES) != 0) {
		return E_FORMAT;
	}
	*answer = (struct dhcp_answer){.xid = get32(data + AT_XID),
				       .address = get32(data + AT_YIADDR)};
	take_all(answer, data + AT_OPTIONS, bytes - AT_OPTIONS, &overload);
	if (overload & 1) {
		take_all(answer, data + AT_FILE, AT_MAGIC - AT_FILE, &ignored);
	}
	if (overload & 2) {
		take_all(answer, data + AT_SNAME, AT_FILE - AT_SNAME, &ignored);
	}
	return answer->type == DHCP_OFFER || answer->type == DHCP_ACK || answer->type == DHCP_NAK
		       ? 0
		       : E_FORMAT;
}

static uint8_t *
put_option(uint8_t *at, enum option option, const void *data, size_t bytes)
{
	at[0] = (uint8_t)option;
	at[1] = (uint8_t)bytes;
	memcpy(at + 2, data, bytes);
	return at + 2 + bytes;
}

static uint8_t *
put_address(uint8_t *at, enum option option, uint32_t address)
{
	uint8_t data[4];

	put32(data, address);
	return address ? put_option(at, option, data, sizeof(data)) : at;
}

void
dhcp_build(const struct dhcp_question *question, uint8_t *data)
{
	static const uint8_t wanted[] = {MASK, GATEWAY, TIME_SERVER, LEASE, RENEW, REBIND};
	uint8_t type = (uint8_t)question->type;
	uint8_t *at = data + AT_OPTIONS;

	memset(data, 0, DHCP_BYTES);
	put32(data, HEAD_ASK);
	put32(data + AT_XID, question->xid);
	put16(data + AT_SECONDS, question->seconds);
	put32(data + AT_CIADDR, question->own);
	memcpy(data + AT_CHADDR, question->mac, MAC_BYTES);
	put32(data + AT_MAGIC, MAGIC);
	at = put_option(at, TYPE, &type, 1);
	at = put_address(at, REQUESTED, question->requested);
	at = put_address(at, SERVER, question->server);
	if (question->type != DHCP_DECLINE) {
		at = put_option(at, WANTED, wanted, sizeof(wanted));
		if (question->name[0]) {
			at = put_option(at, NAME, question->name,
					strnlen(question->name, DHCP_NAME - 1));
		}
	}
	*at = END;
}
