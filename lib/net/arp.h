/* SPDX-License-Identifier: MIT
 * arp.h: who has which hardware address. RFC 826, RFC 1122 2.3.2, RFC 5227.
 *
 * A table of neighbours. Only a packet of ours to an address makes an entry, or a request for our
 * own address while there is room; what others tell each other does not. A packet that waits for
 * an answer stays with the entry, one for each: the newest (RFC 1122 2.3.2.2). Entries age: after
 * ARP_FRESH_NS one that was used is asked for again, directly, while it is still believed.
 * The state machine sends nothing: arp_tick says what is to be sent. Pure.
 */
#ifndef LIB_NET_ARP_H
#define LIB_NET_ARP_H

#include <stdbool.h>

#include "lib/net/wire.h"

#define ARP_BYTES       28
#define ARP_NEIGHBOURS  16
#define ARP_ASK_NS      1000000000ull /* between two requests (RFC 1122 2.3.2.1) */
#define ARP_TRIES       3
#define ARP_FRESH_NS    60000000000ull /* RFC 1122 2.3.2.1: of the order of a minute */
#define ARP_DEFEND_NS   10000000000ull /* RFC 5227 2.4: DEFEND_INTERVAL */
#define ARP_PROBES      2              /* RFC 5227 has 3 within 7 s; a wired network is quicker */
#define ARP_PROBE_NS    250000000ull
#define ARP_ANNOUNCE_NS 2000000000ull /* RFC 5227 2.3: ANNOUNCE_INTERVAL */

enum arp_state {
	ARP_FREE,
	ARP_ASKING,
	ARP_KNOWN,
};

struct neighbour {
	enum arp_state state;
	uint32_t address;
	_Alignas(2) uint8_t mac[MAC_BYTES];
	bool is_used;      /* since it was last heard of */
	uint8_t tries;     /* requests since then */
	uint64_t heard_ns; /* when it became or was confirmed ARP_KNOWN */
	uint64_t ask_ns;   /* the next request may go out from then on */
	uint8_t *waiting;  /* a frame for it, while ARP_ASKING; or a null pointer */
	size_t waiting_bytes;
};

enum arp_claim {
	ARP_NO_CLAIM,
	ARP_PROBING,  /* asks whether somebody has the address already */
	ARP_CLAIMED,  /* ours; announced */
	ARP_CONFLICT, /* somebody has it */
};

struct arp {
	uint8_t mac[MAC_BYTES]; /* ours */
	uint32_t address;       /* claimed or being claimed, 0 */
	enum arp_claim claim;
	uint8_t claim_sent;   /* probes, then announcements */
	uint64_t claim_ns;    /* the next one */
	uint64_t defended_ns; /* the last time */
	uint64_t conflicts;   /* packets of others that use our address */
	struct neighbour neighbour[ARP_NEIGHBOURS];
};

/* An ARP packet without its Ethernet header. */
struct arp_packet {
	uint16_t operation;
	uint8_t from_mac[MAC_BYTES];
	uint32_t from;
	uint32_t about;                    /* whose hardware address is wanted or told */
	_Alignas(2) uint8_t to[MAC_BYTES]; /* destination of the frame */
};

enum arp_operation {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

/* Reads one of Ethernet and IPv4. 0, E_TRUNCATED, or E_FORMAT. */
int arp_parse(const uint8_t *data, size_t bytes, struct arp_packet *packet);

/* Writes ARP_BYTES bytes. */
void arp_build(const struct arp_packet *packet, uint8_t *data);

void arp_init(struct arp *arp, const uint8_t *mac);

/* Begins to claim `address`; arp->claim tells what comes of it. All that was known is forgotten;
 * frames that wait are not: call arp_drop until it returns a null pointer before. */
void arp_claim(struct arp *arp, uint32_t address, uint64_t now_ns);

/* Takes what is waiting for anybody out. */
uint8_t *arp_drop(struct arp *arp);

/* The neighbour's hardware address, or a null pointer: then *entry takes a frame for it
 * (arp_wait), or is a null pointer too: too many are being asked for. */
const uint8_t *arp_resolve(struct arp *arp, uint32_t address, uint64_t now_ns,
			   struct neighbour **entry);

/* Lets a frame wait. Returns the older one that has to go, or a null pointer. */
uint8_t *arp_wait(struct neighbour *entry, uint8_t *frame, size_t bytes);

/* What a packet brings about. */
struct arp_result {
	bool has_reply; /* `reply` is to be sent */
	struct arp_packet reply;
	struct neighbour *answered; /* its waiting frame can go; or a null pointer */
};

/* Takes a packet in. */
struct arp_result arp_input(struct arp *arp, const struct arp_packet *packet, uint64_t now_ns);

enum arp_action {
	ARP_NOTHING,
	ARP_SEND,    /* *packet */
	ARP_GIVE_UP, /* *entry does not answer: take its frame, then arp_forget it */
};

/* What time has brought about; to be called until it says ARP_NOTHING. */
enum arp_action arp_tick(struct arp *arp, uint64_t now_ns, struct arp_packet *packet,
			 struct neighbour **entry);

void arp_forget(struct neighbour *entry);

/* When arp_tick has something next; 0: a conflict wants to be seen to. */
uint64_t arp_deadline(const struct arp *arp);

/* True if no address stands twice, only who is being asked for has a frame waiting, and without an
 * address of ours nobody is. */
bool arp_check(const struct arp *arp);

#endif
