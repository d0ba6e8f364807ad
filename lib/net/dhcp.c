/* SPDX-License-Identifier: MIT
 * dhcp.c: see dhcp.h.
 */
#include "lib/net/dhcp.h"

#include "lib/base/rand.h"
#include "lib/base/string.h"

#define NS_PER_S 1000000000ull

/* A new exchange from SELECTING on, at `when_ns`. */
static void
begin(struct dhcp *dhcp, uint64_t when_ns)
{
	dhcp->state = DHCP_SELECTING;
	dhcp->xid = (uint32_t)(rand_next(&dhcp->random) >> 32);
	dhcp->tries = 0;
	dhcp->began_ns = when_ns;
	dhcp->next_ns = when_ns;
}

void
dhcp_start(struct dhcp *dhcp, const uint8_t *mac, const char *name, uint64_t random,
	   uint64_t now_ns)
{
	memset(dhcp, 0, sizeof(*dhcp));
	memcpy(dhcp->mac, mac, MAC_BYTES);
	memcpy(dhcp->name, name, strnlen(name, DHCP_NAME - 1));
	dhcp->random = random;
	begin(dhcp, now_ns);
}

void
dhcp_stop(struct dhcp *dhcp)
{
	dhcp->state = DHCP_OFF;
}

bool
dhcp_has_lease(const struct dhcp *dhcp)
{
	return dhcp->state >= DHCP_BOUND;
}

static uint64_t
after(uint64_t from_ns, uint32_t seconds)
{
	return seconds == UINT32_MAX ? UINT64_MAX : from_ns + seconds * NS_PER_S;
}

/* RFC 2131 4.1: so that many clients that were switched on together do not stay together. */
static uint64_t
jittered(struct dhcp *dhcp, uint64_t ns)
{
	return ns - ns / 4 + rand_below(&dhcp->random, ns / 2);
}

/* Ones, then zeros. */
static bool
mask_is_sound(uint32_t mask)
{
	return mask && !(~mask & (~mask + 1));
}

/* RFC 950: what the first bits say where nobody says more. */
static uint32_t
mask_of_class(uint32_t address)
{
	return address >> 31 == 0 ? 0xff000000u : address >> 30 == 2 ? 0xffff0000u : 0xffffff00u;
}

/* RFC 2131 4.4.5: T1 is half of the lease and T2 seven eighths, unless the server says something
 * that makes sense. Not below a second: leases of no length would make a flood of requests. */
static void
lease_times(struct dhcp_lease *lease, const struct dhcp_answer *answer, uint64_t asked_ns)
{
	uint32_t length = answer->lease_s;
	uint32_t rebind = answer->rebind_s && answer->rebind_s < length
				  ? answer->rebind_s
				  : (uint32_t)(length * 7ull / 8);
	uint32_t renew = answer->renew_s && answer->renew_s < rebind ? answer->renew_s : length / 2;

	renew = renew ? renew : 1;
	rebind = rebind < renew ? renew : rebind;
	if (length == UINT32_MAX) {
		renew = rebind = length;
	}
	lease->renew_ns = after(asked_ns, renew);
	lease->rebind_ns = after(asked_ns, rebind);
	lease->end_ns = after(asked_ns, length);
}

/* The lease that an offer or an acknowledgement describes; false if nobody can live with it. */
static bool
lease_of(const struct dhcp_answer *answer, uint64_t asked_ns, struct dhcp_lease *lease)
{
	uint32_t mask = mask_is_sound(answer->mask) ? answer->mask : mask_of_class(answer->address);
	uint32_t host = answer->address & ~mask;
	bool is_host =
		ip_is_host(answer->address) && (mask >= 0xfffffffeu || (host && host != ~mask));

	if (!is_host || !answer->server || !answer->lease_s) {
		return false;
	}
	*lease = (struct dhcp_lease){
		.address = answer->address,
		.mask = mask,
		.gateway = ip_is_host(answer->gateway) ? answer->gateway : 0,
		.server = answer->server,
		.time_server = ip_is_host(answer->time_server) ? answer->time_server : 0,
	};
	lease_times(lease, answer, asked_ns);
	return true;
}

static enum dhcp_event
take_offer(struct dhcp *dhcp, const struct dhcp_answer *answer, uint64_t now_ns)
{
	if (answer->type == DHCP_OFFER && lease_of(answer, now_ns, &dhcp->lease)) {
		dhcp->state = DHCP_REQUESTING;
		dhcp->tries = 0;
		dhcp->next_ns = now_ns;
	}
	return DHCP_NOTHING;
}

/* RFC 2131 4.4.1: a NAK to a request starts all over; so it does while a lease is renewed. */
static enum dhcp_event
take_nak(struct dhcp *dhcp, const struct dhcp_answer *answer, uint64_t now_ns)
{
	bool had_lease = dhcp_has_lease(dhcp);

	if (dhcp->state != DHCP_REBINDING && answer->server != dhcp->lease.server) {
		return DHCP_NOTHING;
	}
	begin(dhcp, now_ns + jittered(dhcp, DHCP_FIRST_NS));
	return had_lease ? DHCP_LOST : DHCP_NOTHING;
}

static enum dhcp_event
take_ack(struct dhcp *dhcp, const struct dhcp_answer *answer)
{
	struct dhcp_lease lease;
	bool had_lease = dhcp_has_lease(dhcp);

	if ((dhcp->state == DHCP_REQUESTING && answer->server != dhcp->lease.server) ||
	    !lease_of(answer, dhcp->asked_ns, &lease)) {
		return DHCP_NOTHING;
	}
	bool is_same = had_lease && lease.address == dhcp->lease.address;
	dhcp->lease = lease;
	dhcp->state = is_same ? DHCP_BOUND : DHCP_CHECKING;
	dhcp->next_ns = is_same ? lease.renew_ns : UINT64_MAX;
	return is_same ? DHCP_KEPT : DHCP_GOT;
}

enum dhcp_event
dhcp_input(struct dhcp *dhcp, const uint8_t *data, size_t bytes, uint64_t now_ns)
{
	struct dhcp_answer answer;
	bool is_asking = dhcp->state == DHCP_REQUESTING || dhcp->state == DHCP_RENEWING ||
			 dhcp->state == DHCP_REBINDING;

	if (dhcp_parse(data, bytes, dhcp->mac, &answer) || answer.xid != dhcp->xid ||
	    !dhcp->tries) {
		return DHCP_NOTHING;
	}
	if (dhcp->state == DHCP_SELECTING) {
		return take_offer(dhcp, &answer, now_ns);
	}
	if (!is_asking || answer.type == DHCP_OFFER) {
		return DHCP_NOTHING;
	}
	return answer.type == DHCP_NAK ? take_nak(dhcp, &answer, now_ns) : take_ack(dhcp, &answer);
}

void
dhcp_checked(struct dhcp *dhcp, bool is_ours, uint64_t now_ns)
{
	if (dhcp->state == DHCP_CHECKING) {
		dhcp->state = is_ours ? DHCP_BOUND : DHCP_DECLINING;
		dhcp->next_ns = is_ours ? dhcp->lease.renew_ns : now_ns;
	}
}

/* RFC 2131 table 5: what each state says and to whom. */
static void
write_out(const struct dhcp *dhcp, uint64_t now_ns, struct dhcp_out *out)
{
	uint64_t seconds = (now_ns - dhcp->began_ns) / NS_PER_S;
	bool has_lease = dhcp_has_lease(dhcp);
	bool is_selecting = dhcp->state == DHCP_SELECTING;
	struct dhcp_question question = {
		.type = is_selecting                    ? DHCP_DISCOVER
			: dhcp->state == DHCP_DECLINING ? DHCP_DECLINE
							: DHCP_REQUEST,
		.xid = dhcp->xid,
		.seconds = (uint16_t)(seconds < UINT16_MAX ? seconds : UINT16_MAX),
		.own = has_lease ? dhcp->lease.address : 0,
		.requested = has_lease || is_selecting ? 0 : dhcp->lease.address,
		.server = has_lease || is_selecting ? 0 : dhcp->lease.server,
		.mac = dhcp->mac,
		.name = dhcp->name,
	};

	out->to = dhcp->state == DHCP_RENEWING ? dhcp->lease.server : IP_BROADCAST;
	dhcp_build(&question, out->message);
}

/* RFC 2131 4.4.5: half of the time that is left until `until_ns`, but no less than a minute. */
static uint64_t
again(uint64_t until_ns, uint64_t now_ns)
{
	uint64_t half = (until_ns - now_ns) / 2;
	uint64_t next = now_ns + (half > DHCP_AGAIN_NS ? half : DHCP_AGAIN_NS);

	return next < until_ns ? next : until_ns;
}

static uint64_t
doubled(struct dhcp *dhcp)
{
	uint64_t ns = DHCP_FIRST_NS << (dhcp->tries < 5 ? dhcp->tries : 5);

	return jittered(dhcp, ns < DHCP_MOST_NS ? ns : DHCP_MOST_NS);
}

/* When to say it again. */
static uint64_t
next_time(struct dhcp *dhcp, uint64_t now_ns)
{
	if (dhcp->state == DHCP_RENEWING) {
		return again(dhcp->lease.rebind_ns, now_ns);
	}
	if (dhcp->state == DHCP_REBINDING) {
		return again(dhcp->lease.end_ns, now_ns);
	}
	return now_ns + doubled(dhcp);
}

/* The state that time leads to before anything is sent. */
static enum dhcp_event
advance(struct dhcp *dhcp, uint64_t now_ns)
{
	if (dhcp_has_lease(dhcp) && now_ns >= dhcp->lease.end_ns) {
		begin(dhcp, now_ns);
		return DHCP_LOST;
	}
	if (dhcp->state == DHCP_REQUESTING && dhcp->tries >= DHCP_REQUESTS) {
		begin(dhcp, now_ns);
	}
	if (dhcp->state == DHCP_BOUND) {
		begin(dhcp, now_ns);
		dhcp->state = DHCP_RENEWING;
	}
	if (dhcp->state == DHCP_RENEWING && now_ns >= dhcp->lease.rebind_ns) {
		dhcp->state = DHCP_REBINDING;
	}
	return DHCP_NOTHING;
}

enum dhcp_event
dhcp_tick(struct dhcp *dhcp, uint64_t now_ns, struct dhcp_out *out, bool *has_out)
{
	*has_out = false;
	if (now_ns < dhcp_deadline(dhcp)) {
		return DHCP_NOTHING;
	}
	enum dhcp_event event = advance(dhcp, now_ns);
	if (event != DHCP_NOTHING) {
		return event;
	}
	write_out(dhcp, now_ns, out);
	*has_out = true;
	dhcp->asked_ns = now_ns;
	if (dhcp->state == DHCP_DECLINING) {
		begin(dhcp, now_ns + DHCP_DECLINED_NS);
		return DHCP_NOTHING;
	}
	dhcp->next_ns = next_time(dhcp, now_ns);
	dhcp->tries++;
	return DHCP_NOTHING;
}

uint64_t
dhcp_deadline(const struct dhcp *dhcp)
{
	return dhcp->state == DHCP_OFF || dhcp->state == DHCP_CHECKING ? UINT64_MAX : dhcp->next_ns;
}
