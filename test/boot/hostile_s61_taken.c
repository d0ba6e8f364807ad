/* SPDX-License-Identifier: MIT
 * hostile_s61_taken.c: S61: a filter, the frames under a ring or its buffers, what is being sent,
 * or a share of a NIC with all below it, is taken while packets come to it and leave by it on four
 * harts. What was memory is written no more, nothing comes and nothing leaves, and others get
 * theirs.
 *
 * boot: init SMP=4
 * boot: init SMP=4 NET=hub,hub
 * boot: init SMP=4 MEM=32M paranoid nightly TIMEOUT=300
 */
#include "test/boot/packets.h"

#define MS            1000000ul
#define ROUNDS        2 /* of each loss */
#define SENDERS       3 /* [0] hangs on what is taken; all send to it and to the neighbour */
#define BYTES         300
#define TAKEN         0x88b5
#define NEIGHBOUR     0x88b6
#define SENDER        0x9000
#define PATTERN       0xa5
#define MARK          0x3c3c3c3c3c3c3c3c
#define BIT           10
#define NEIGHBOUR_BIT 11
#define PAGE_WORDS    (EXO_PAGE_SIZE / 8)
#define FEW           3 /* packets come before something is taken */
#define BELOW         8 /* filters of a share of the NIC */

enum loss { FILTER, BUFFER, BUFFER_ABOVE, RING, SENT, SENDER_PACKETS, SHARE, LOSSES };

static const char *const names[LOSSES] = {"the filter",
					  "the buffers",
					  "what they were carved from",
					  "the memory of the ring",
					  "what is being sent",
					  "what the sender sends by",
					  "a share of the NIC"};

static struct sender {
	struct hostile_thread thread;
	struct exo_net net;
	struct exo_pages out[2]; /* to the one that is taken, and to the neighbour */
	volatile uint64_t sent, refused;
	volatile bool may_send, is_sending, is_over;
} sender[SENDERS];
static volatile bool stop;
static volatile bool flooding; /* not while a round is set up: that would only take longer */
static struct exo_net net, neighbour;
static exo_handle card, other_card; /* shares of all that comes to the NIC */
static exo_handle from_card;        /* and of the one that is sent by */
static exo_handle filter, own;      /* what is received by, and what sender[0] sends by */
static uint64_t came, strange, neighbours;

static exo_handle
share(exo_handle of, uint64_t below)
{
	static const struct exo_filter everything;
	int64_t result = exo_share(of, free_slot(), (uint64_t)&everything, below,
				   EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);

	return result < 0 ? EXO_NONE : (exo_handle)result;
}

/* --- senders ------------------------------------------------------------------------------ */
static void
send_to(struct sender *s, const struct exo_pages *out)
{
	const struct exo_segment all = {out->frames, EXO_SEGMENT(0, BYTES)};

	if (packets_send(&s->net, &all, &stop) < 0) {
		s->refused++;
	} else {
		s->sent++;
	}
}

static void
flood(uint64_t which)
{
	struct sender *s = &sender[which];

	while (!stop) {
		s->is_sending = s->may_send && flooding;
		if (s->is_sending) {
			send_to(s, &s->out[0]);
			send_to(s, &s->out[1]);
		} else {
			exo_sleep(0, exo_ticks() + PACKETS_PAUSE);
		}
	}
	packets_end(&s->is_over);
}

static int
sender_start(uint32_t which)
{
	struct sender *s = &sender[which];
	int64_t result = 0;

	for (uint32_t i = 0; i < 2 && !result; i++) {
		result = exo_pages_make(&s->out[i], 1);
		packets_build(s->out[i].memory, i ? NEIGHBOUR : TAKEN, (uint8_t)which, PATTERN,
			      BYTES);
	}
	if (which && !result) {
		result = packets_carve(other_card, (uint16_t)(SENDER + which), (uint8_t)which, 0);
		result = result < 0 ? result
				    : exo_net_open(&s->net, (exo_handle)result, 1, BIT, BIT);
		s->may_send = true;
	}
	return result ? (int)result
		      : hostile_thread_start(&s->thread, (which + 1) % hostile_harts(), flood,
					     which);
}

/* --- what is taken ------------------------------------------------------------------------ */
static uint32_t
come(struct exo_net *n, uint64_t *count)
{
	const uint8_t *p;
	uint32_t some = 0;
	int bytes;

	while ((bytes = exo_net_receive(n, &p)) > 0) {
		strange += bytes != BYTES || p[PACKET_TYPE] != TAKEN >> 8 ||
			   p[PACKET_TYPE + 2] != PATTERN || p[BYTES - 1] != PATTERN;
		exo_net_release(n);
		some++;
	}
	*count += some;
	return some;
}

static void
let_come(uint32_t least)
{
	uint32_t some = 0;

	for (int i = 0; i < 3000 && some < least; i++) {
		exo_wait(EXO_EVENT(BIT), MS);
		some += come(&net, &came);
		come(&neighbour, &neighbours);
	}
}

/* A share of the NIC, a filter of it with a ring, and sender[0] that sends by another share. */
static int64_t
set_up(void)
{
	int64_t result;

	card = share(exo_boot()->packets[packets_to()], BELOW);
	from_card = packets_from() == packets_to()
			    ? card
			    : share(exo_boot()->packets[packets_from()], BELOW);
	result = packets_carve(card, TAKEN, 0, 0);
	filter = (exo_handle)result;
	if (result > 0) {
		result = packets_carve(from_card, SENDER, 0, 0);
		own = (exo_handle)result;
	}
	result = result < 0 ? result : exo_net_open_receive(&net, filter, 2, BIT);
	result = result < 0 ? result : exo_net_open(&sender[0].net, own, 1, BIT, BIT);
	sender[0].may_send = result == 0;
	return result;
}

/* Whether the page that was received to, or is in the place of it, stays as it is. */
static bool
stays(volatile uint64_t *page)
{
	uint64_t changed = 0;

	for (uint64_t i = 0; i < PAGE_WORDS; i++) {
		page[i] = MARK;
	}
	exo_pause(2 * MS);
	for (uint64_t i = 0; i < PAGE_WORDS; i++) {
		changed += page[i] != MARK;
	}
	return !changed;
}

/* Dropped, also if a device is still at it. */
static int64_t
drop(exo_handle handle)
{
	int64_t result;

	for (int i = 0; (result = exo_drop(handle, 0, 0)) == E_BUSY && i < 2000; i++) {
		exo_pause(MS);
	}
	return result;
}

/* The pages that the ring was made of are memory again, and nobody writes to them. */
static int64_t
take_ring(void)
{
	int64_t result = drop(net.receive.ring);
	uint64_t address;

	exo_vm_unmap(exo_own_vm(), (uint64_t)net.receive.page, 1);
	if (!result) {
		result = exo_vm_map(exo_own_vm(), net.receive.memory, 1, 1, EXO_READ | EXO_WRITE,
				    &address);
	}
	if (!result) {
		result = stays((volatile uint64_t *)address) ? 0 : E_STATE;
		exo_vm_unmap(exo_own_vm(), address, 1);
	}
	return result;
}

/* A packet that is on its way keeps its pages: what is made of them then is nobody else's. */
static int64_t
take_what_is_sent(void)
{
	exo_vm_unmap(exo_own_vm(), (uint64_t)sender[0].out[0].memory, 1);
	return drop(sender[0].out[0].frames);
}

static int64_t
take(enum loss what)
{
	switch (what) {
	case FILTER:
		return exo_revoke(filter, 0, 0);
	case BUFFER:
		return exo_revoke(net.buffers.frames, 0, 0);
	case BUFFER_ABOVE:
		return exo_unbind(EXO_BIND_BUFFER, net.receive.ring);
	case RING:
		return take_ring();
	case SENT:
		return take_what_is_sent();
	case SENDER_PACKETS:
		return exo_revoke(own, 0, 0);
	default:
		return drop(card);
	}
}

/* Nothing comes to the ring any more, and nothing is written to its buffers. */
static bool
receives_nothing(void)
{
	uint32_t tail = net.receive.page->cq_tail;
	uint64_t address = 0;
	bool right;

	if (exo_vm_map(exo_own_vm(), net.buffers.frames, 0, 2, EXO_READ | EXO_WRITE, &address)) {
		return false;
	}
	right = stays((volatile uint64_t *)address);
	exo_vm_unmap(exo_own_vm(), address, 2);
	return right && net.receive.page->cq_tail == tail;
}

/* sender[0] tries again and again: what it sends is refused, and none has left. */
static bool
sends_nothing(void)
{
	uint64_t before = sender[0].refused, sent;

	for (int i = 0; i < 2000 && sender[0].refused < before + FEW; i++) {
		exo_pause(MS);
	}
	sent = sender[0].sent;
	exo_pause(2 * MS);
	return sender[0].refused >= before + FEW && sender[0].sent == sent;
}

static bool
nothing_is_left(enum loss what)
{
	switch (what) {
	case FILTER:
	case BUFFER:
	case BUFFER_ABOVE:
		return receives_nothing();
	case SENDER_PACKETS:
		return sends_nothing();
	case SHARE:
		return receives_nothing() && (from_card != card || sends_nothing());
	default:
		return true;
	}
}

/* So that another round can begin. */
static int64_t
clean_up(enum loss what)
{
	struct sender *s = &sender[0];
	int64_t result = 0;

	s->may_send = false;
	while (s->is_sending) {
		exo_pause(MS);
	}
	if (what == RING) {
		exo_drop(net.receive.memory, 0, 0);
		exo_pages_end(&net.buffers);
	} else {
		result = exo_net_close(&net);
	}
	for (int i = 0; (result = exo_net_close(&s->net)) == E_BUSY && i < 2000; i++) {
		exo_pause(MS);
	}
	if (what == SENT) {
		result = result ? result : exo_pages_make(&s->out[0], 1);
		packets_build(s->out[0].memory, TAKEN, 0, PATTERN, BYTES);
	}
	exo_drop(card, 0, 0);
	exo_drop(from_card, 0, 0);
	return result;
}

static void
lose(enum loss what)
{
	int64_t result = 0;
	bool is_right = true;

	for (uint32_t i = 0; i < ROUNDS && !result && is_right; i++) {
		result = set_up();
		flooding = true;
		let_come(FEW);
		result = result ? result : take(what);
		is_right = !result && nothing_is_left(what);
		flooding = false;
		come(&neighbour, &neighbours);
		result = result ? result : clean_up(what);
	}
	if (!tap_ok(is_right && !result, "%s", names[what])) {
		printf("# %s\n", exo_error_name((int)result));
	}
}

/* --- the others --------------------------------------------------------------------------- */
static void
check_others(void)
{
	const struct exo_nic_info *info = &exo_sysinfo()->nic[EXO_NIC_LOOP];
	uint64_t sent = 0, refused = 0;
	uint32_t over = 0;

	stop = true;
	for (uint32_t i = 0; i < SENDERS; i++) {
		over += packets_await(&sender[i].is_over) && !hostile_thread_end(&sender[i].thread);
		sent += sender[i].sent;
		refused += i ? sender[i].refused : 0;
	}
	exo_pause(10 * MS);
	come(&neighbour, &neighbours);
	tap_is(over, SENDERS, "the senders end");
	tap_is((int64_t)refused, 0, "to who lost nothing nothing was refused");
	tap_ok(came && neighbours && sent, "%lu were sent, %lu came to who loses, %lu to another",
	       sent, came, neighbours);
	tap_is((int64_t)strange, 0, "all were whole");
	tap_ok(packets_to() != EXO_NIC_LOOP || packets_counted(EXO_NIC_LOOP) == info->transmitted,
	       "each that was sent was received, dropped or nobody's");
}

int
main(void)
{
	uint32_t started = 0;
	int64_t result;

	tap_plan(2 + LOSSES + 5);
	memset(sender, 0, sizeof(sender));
	stop = false;
	other_card = share(exo_boot()->packets[packets_to()], BELOW);
	result = packets_carve(other_card, NEIGHBOUR, 0, 0);
	tap_is(result < 0 ? result
			  : exo_net_open_receive(&neighbour, (exo_handle)result, 16, NEIGHBOUR_BIT),
	       0, "the neighbour's ring");
	if (packets_from() != packets_to()) {
		other_card = share(exo_boot()->packets[packets_from()], BELOW);
	}
	for (uint32_t i = 0; i < SENDERS; i++) {
		started += sender_start(i) == 0;
	}
	tap_is(started, SENDERS, "three harts send");
	for (uint32_t what = 0; what < LOSSES; what++) {
		lose((enum loss)what);
	}
	check_others();
	packets_forget();
	return tap_end();
}
