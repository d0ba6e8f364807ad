/* SPDX-License-Identifier: MIT
 * hostile_s60_indices.c: S60: the pages of rings, their descriptors and the memory that is received
 * to or sent from are written at any moment, by another hart than the one that submits, while
 * packets come to them, through a handler too. Another's packets come whole, and nothing but what a
 * capability shows is sent or written.
 *
 * boot: init SMP=4
 * boot: init SMP=4 NET=hub,hub
 */
#include "lib/base/rand.h"
#include "test/boot/counting.h"
#include "test/boot/packets.h"

#define MS         1000000ul
#define LEAST      200   /* packets of the honest one for the victim, */
#define LEAST_WILD 30    /* and of the attacker, */
#define PATIENCE   20000 /* within so many ms */
#define WILDNESS   1024  /* one index in so many stops the ring */
#define BYTES      200
#define VICTIM     0x88b5
#define PLAIN      0x88b6 /* of the attacker: a ring, */
#define HANDLED    0x88b7 /* one with a handler, */
#define WILD       0x88b8 /* and what it sends by */
#define HONEST     0x11   /* sources */
#define ATTACKER   0x66
#define BIT        10
#define SEQUENCE   16 /* byte of an honest packet */
#define PATTERN    0xa5
#define SECRET     0x5ec2e75ec2e75ec2
#define GUARD      0x6a6a6a6a6a6a6a6a
#define PAGE_WORDS (EXO_PAGE_SIZE / 8)

/* A receive ring whose buffer is the middle one of three pages. */
struct target {
	struct exo_queue queue;
	struct exo_pages pages;
	exo_handle middle;
};

static struct target plain, handled;
static struct exo_queue wild;   /* the attacker's transmit ring */
static struct exo_pages loot;   /* what it sends from, */
static struct exo_pages around; /* between two secret pages */
static struct exo_pages secret, state;
static exo_handle unreadable; /* shows the secret, but not to be read */
static exo_handle wild_packets;
static struct exo_net victim, honest;
static struct exo_pages out;
static struct hostile_thread thread[3];
static volatile bool stop, over[3], hold, is_held;
static volatile uint64_t sent, refused, writes, submits, anew;
static struct {
	uint64_t honest, attackers, forged, leaked, damaged, unordered;
	uint64_t last; /* sequence number of an honest one */
} came;

/* --- the honest one, on hart 1 ------------------------------------------------------------- */
static void
send_honestly(uint64_t unused)
{
	static const uint16_t types[] = {VICTIM, PLAIN, HANDLED};
	const struct exo_segment all = {out.frames, EXO_SEGMENT(0, BYTES)};

	(void)unused;
	for (uint64_t n = 1; !stop; n++) {
		packets_build(out.memory, types[n % 3], HONEST, PATTERN, BYTES);
		memcpy((uint8_t *)out.memory + SEQUENCE, &n, sizeof(n));
		if (packets_send(&honest, &all, &stop) >= 0) {
			sent++;
		} else {
			refused++;
		}
	}
	packets_end(&over[0]);
}

/* --- the attacker: hart 2 writes, hart 3 submits ------------------------------------------- */
/* An index: mostly a little more or less than it is. */
static uint32_t
wild_number(uint64_t *seed, uint32_t now)
{
	switch (rand_below(seed, WILDNESS)) {
	case 0:
		return now + EXO_SQ_SIZE;
	case 1:
		return (uint32_t)-rand_below(seed, 3);
	case 2:
		return (uint32_t)rand_next(seed);
	case 3:
		return now - (uint32_t)rand_below(seed, 4);
	default:
		return now + (uint32_t)rand_below(seed, 4);
	}
}

static uint64_t
wild_segment(uint64_t *seed)
{
	static const uint64_t bytes[] = {0, 13, 14, 60, 127, 128, 129, 1514, 1515, 0xffff};
	static const uint64_t offsets[] = {0, 0, 0, 0, 8, 4000, 4095, 4096, ~0ul >> 16};

	return EXO_SEGMENT(offsets[rand_below(seed, ARRAY_SIZE(offsets))],
			   bytes[rand_below(seed, ARRAY_SIZE(bytes))]);
}

static exo_handle
wild_name(uint64_t *seed)
{
	const exo_handle names[] = {loot.frames,  unreadable,   wild.memory,
				    wild_packets, plain.middle, unreadable + 1};

	return names[rand_below(seed, ARRAY_SIZE(names))];
}

/* One that might be sent, if everything is looked at before it changes. */
static void
write_descriptor(uint64_t *seed, volatile struct exo_ring *r)
{
	volatile struct exo_packet_request *q = &r->sq[rand_below(seed, EXO_SQ_SIZE)].packet;
	uint32_t which = (uint32_t)rand_below(seed, EXO_SEGMENTS);

	q->segments = rand_below(seed, 8) ? 1 + rand_below(seed, EXO_SEGMENTS) : rand_next(seed);
	q->segment[which].frames = wild_name(seed);
	q->segment[which].where = wild_segment(seed);
}

static void
write_ring(uint64_t *seed, volatile struct exo_ring *r)
{
	volatile uint32_t *word = (volatile uint32_t *)r;

	switch (rand_below(seed, 8)) {
	case 0:
	case 1:
		r->sq_tail = wild_number(seed, r->sq_head);
		break;
	case 2:
		r->cq_head = wild_number(seed, r->cq_tail);
		break;
	case 3:
		word = &word[rand_below(seed, EXO_PAGE_SIZE / 4)];
		*word = wild_number(seed, *word);
		break;
	case 4: /* all of it has been taken */
		r->cq_head = r->cq_tail;
		break;
	default:
		write_descriptor(seed, r);
		break;
	}
}

/* What is sent from: of the attacker, of the honest one, to the victim or anybody. */
static void
write_loot(uint64_t *seed)
{
	uint8_t *p = loot.memory;

	p[PACKET_SOURCE] = rand_below(seed, 4) ? ATTACKER : HONEST;
	p[PACKET_TYPE + 1] = (uint8_t)(VICTIM + rand_below(seed, 4));
	p[rand_below(seed, EXO_PAGE_SIZE)] = (uint8_t)rand_next(seed);
	if (!rand_below(seed, 4)) {
		packets_build(p, VICTIM, ATTACKER, 0, BYTES);
	}
}

static void
write_wildly(uint64_t seed)
{
	while (!stop) {
		is_held = hold;
		if (!is_held) {
			write_ring(&seed, wild.page);
			write_ring(&seed, plain.queue.page);
			write_ring(&seed, handled.queue.page);
			write_loot(&seed);
			((volatile uint64_t *)state.memory)[0] = rand_next(&seed);
			writes++;
		}
		linger(rand_below(&seed, 100));
	}
	packets_end(&over[1]);
}

/* Once the kernel has stopped it a ring stands still for good: another one takes its place. */
static int
open_wild(void)
{
	int result = exo_queue_open(&wild, EXO_RING_TRANSMIT, BIT);

	return result ? result : (int)exo_bind(EXO_BIND_PACKET, wild.ring, wild_packets, 0);
}

static void
begin_anew(void)
{
	hold = true;
	while (!is_held && !stop) {
		linger(10);
	}
	while (exo_queue_close(&wild) == E_BUSY) {
		linger(1000);
	}
	if (open_wild() == 0) {
		anew++;
	}
	hold = false;
}

/* One packet that may be sent, if the other hart lets it; or a good beginning, and anything more.
 */
static void
put_packet(uint64_t *seed)
{
	volatile struct exo_ring *r = wild.page;
	volatile struct exo_packet_request *q = &r->sq[r->sq_head % EXO_SQ_SIZE].packet;

	q->segments = 1 + rand_below(seed, 2);
	q->segment[0].frames = loot.frames;
	q->segment[0].where = EXO_SEGMENT(0, BYTES);
	q->segment[1].frames = wild_name(seed);
	q->segment[1].where = wild_segment(seed);
	r->cq_head = r->cq_tail;
	r->sq_tail = r->sq_head + 1;
}

static void
submit_wildly(uint64_t seed)
{
	while (!stop) {
		put_packet(&seed);
		if (exo_submit(wild.ring) == E_STATE) {
			begin_anew();
		}
		exo_submit(plain.queue.ring);
		submits++;
		linger(100);
	}
	packets_end(&over[2]);
}

/* --- the victim, here --------------------------------------------------------------------- */
static void
look_at_honest(const uint8_t *p, int bytes)
{
	uint64_t n;

	memcpy(&n, p + SEQUENCE, sizeof(n));
	came.honest++;
	came.damaged += bytes != BYTES;
	for (int i = SEQUENCE + 8; i < BYTES; i++) {
		came.damaged += p[i] != PATTERN;
	}
	came.unordered += n <= came.last;
	came.last = n;
}

static void
receive(void)
{
	const uint8_t *p;
	int bytes;

	while ((bytes = exo_net_receive(&victim, &p)) > 0) {
		if (p[PACKET_SOURCE] == HONEST) {
			look_at_honest(p, bytes);
		} else {
			came.attackers++;
			came.forged += p[PACKET_SOURCE] != ATTACKER || p[6] != 2;
		}
		for (int i = 0; i + 8 <= bytes; i++) {
			uint64_t word;

			memcpy(&word, p + i, sizeof(word));
			came.leaked += word == SECRET;
		}
		exo_net_release(&victim);
	}
}

static void
fill(struct exo_pages *pages, uint64_t count, uint64_t with)
{
	for (uint64_t i = 0; i < count * PAGE_WORDS; i++) {
		((uint64_t *)pages->memory)[i] = with;
	}
}

/* The pages beside the buffer are as they were. */
static uint64_t
overrun(const struct target *t)
{
	const uint64_t *word = t->pages.memory;
	uint64_t count = 0;

	for (uint64_t i = 0; i < PAGE_WORDS; i++) {
		count += word[i] != GUARD;
		count += word[2 * PAGE_WORDS + i] != GUARD;
	}
	return count;
}

/* --- set-up ------------------------------------------------------------------------------- */
/* One page out of `pages`. */
static int64_t
share_page(const struct exo_pages *pages, uint64_t number, uint64_t rights)
{
	struct exo_cap_info info = {0};

	exo_inspect(pages->frames, 0, &info);
	return exo_share(pages->frames, free_slot(), info.start + number, 1, rights, 0);
}

static int64_t
open_target(struct target *t, uint16_t type)
{
	int64_t packets = packets_carve(exo_boot()->packets[packets_to()], type, ATTACKER, 0);
	int64_t result = packets < 0 ? packets : exo_pages_make(&t->pages, 3);

	if (result < 0) {
		return result;
	}
	fill(&t->pages, 3, GUARD);
	result = share_page(&t->pages, 1, EXO_READ | EXO_WRITE);
	t->middle = (exo_handle)result;
	result = result < 0 ? result : exo_queue_open(&t->queue, EXO_RING_RECEIVE, BIT);
	result = result < 0 ? result : exo_bind(EXO_BIND_BUFFER, t->queue.ring, t->middle, 0);
	return result < 0 ? result
			  : exo_bind(EXO_BIND_PACKET, t->queue.ring, (exo_handle)packets, 0);
}

static int64_t
bind_handler(void)
{
	exo_handle code = (exo_handle)exo_carve(exo_boot()->code, free_slot(), 0, 4,
						EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	int64_t result = exo_code_load(code, &counting.head);

	return result ? result : exo_bind(EXO_BIND_HANDLER, handled.queue.ring, code, state.frames);
}

/* A capability that shows the secret and lets it be written, not read; and memory to send from that
 * has secrets on both sides. */
static int64_t
hide(void)
{
	int64_t result;

	fill(&secret, 1, SECRET);
	fill(&around, 3, SECRET);
	result = share_page(&secret, 0, EXO_WRITE);
	unreadable = (exo_handle)result;
	if (result > 0) {
		result = share_page(&around, 1, EXO_READ | EXO_WRITE);
		loot.frames = (exo_handle)result;
		loot.memory = (uint8_t *)around.memory + EXO_PAGE_SIZE;
	}
	return result < 0 ? result : 0;
}

static void
set_scene(void)
{
	exo_handle from = exo_boot()->packets[packets_from()];
	int64_t own = packets_carve(exo_boot()->packets[packets_to()], VICTIM, 0, 0);
	int64_t sender = packets_carve(from, 0x9000, HONEST, 0);

	wild_packets = (exo_handle)packets_carve(from, 0x9001, ATTACKER, 0);
	tap_is(exo_net_open_receive(&victim, (exo_handle)own, 64, BIT), 0, "the victim's ring");
	tap_is(exo_net_open(&honest, (exo_handle)sender, 1, BIT, BIT), 0, "an honest sender's");
	tap_is(exo_pages_make(&out, 1) | exo_pages_make(&around, 3) | exo_pages_make(&secret, 1) |
		       exo_pages_make(&state, 1),
	       0, "memory");
	tap_is(hide(), 0, "a secret");
	packets_build(loot.memory, VICTIM, ATTACKER, 0, EXO_PAGE_SIZE);
	tap_is(open_wild(), 0, "the attacker's ring to send by");
	tap_is(open_target(&plain, PLAIN), 0, "one to receive");
	tap_is(open_target(&handled, HANDLED), 0, "and another one");
	tap_is(bind_handler(), 0, "with a handler");
}

static void
play(void)
{
	static void (*const body[])(uint64_t) = {send_honestly, write_wildly, submit_wildly};
	uint32_t begun = 0, ended = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(body); i++) {
		begun += !hostile_thread_start(&thread[i], (i + 1) % hostile_harts(), body[i], 60);
	}
	for (uint32_t i = 0; i < PATIENCE && (came.honest < LEAST || came.attackers < LEAST_WILD ||
					      anew < LEAST_WILD);
	     i++) {
		exo_pause(MS);
		receive();
	}
	stop = true;
	for (uint32_t i = 0; i < ARRAY_SIZE(body); i++) {
		ended += packets_await(&over[i]) && !hostile_thread_end(&thread[i]);
		over[i] = false;
	}
	stop = hold = false;
	exo_pause(10 * MS);
	receive();
	tap_ok(begun == 3 && ended == 3,
	       "three harts work at it: %lu writes, %lu submits, %lu "
	       "rings",
	       writes, submits, anew);
}

int
main(void)
{
	const struct exo_nic_info *from = &exo_sysinfo()->nic[packets_from()];

	tap_plan(8 + 8);
	memset(&came, 0, sizeof(came));
	writes = submits = anew = sent = 0;
	set_scene();
	play();
	tap_ok(came.honest >= LEAST && came.attackers >= LEAST_WILD && anew >= LEAST_WILD,
	       "%lu of %lu honest packets came to the victim, %lu of the attacker's", came.honest,
	       sent, came.attackers);
	tap_is((int64_t)refused, 0, "no honest one was refused");
	tap_is((int64_t)(came.damaged + came.unordered), 0, "all are whole and in order");
	tap_is((int64_t)came.forged, 0, "the attacker sends under no other address");
	tap_is((int64_t)came.leaked, 0, "nor what it may not read");
	tap_is((int64_t)(overrun(&plain) + overrun(&handled)), 0, "nothing beside buffers changes");
	tap_ok(packets_to() != EXO_NIC_LOOP || packets_counted(EXO_NIC_LOOP) == from->transmitted,
	       "each that was sent was received, dropped or nobody's");
	packets_forget();
	return tap_end();
}
