/* SPDX-License-Identifier: MIT
 * hostile_s63_fuel.c: S63: many handlers that use up all their fuel look at each packet of a flood,
 * of small and of the largest packets, on one hart. What they take is within the devices' share:
 * who runs there beside the one who sends keeps what it has beside one who just runs, but for that.
 *
 * Several rings get each packet. In counted time, so what is left can be told exactly. With a
 * network card the flood is expected from outside: sys/rt does that.
 *
 * boot: init SMP=1 ICOUNT=1
 */
#include "lib/base/bpf.h"
#include "test/boot/packets.h"

#define MS      1000000ul
#define WINDOW  (100 * MS)
#define RINGS   12
#define TYPE    0x88b5
#define BIT     10
#define LARGE   3900 /* bytes: the fuel that is left is too little for the same again */
#define PERCENT 85   /* of its loops: all but the devices' tenth and what the turns cost */
#define FEW     100  /* handlers at least have run */

static struct {
	struct exo_code head;
	struct exo_insn insn[16];
} image = {{.magic = EXO_CODE_MAGIC, .code_class = EXO_CODE_handler}, {{0}}};

static uint32_t nic; /* where the flood comes from */
static struct exo_net ring[RINGS];
static struct exo_net out_ring;
static struct exo_pages out, state;
static exo_handle code, loaded;
static struct hostile_thread flooder, spinner;
static volatile uint64_t packet_bytes; /* 0: it just runs */
static volatile uint64_t loops, sent;

static void
put(uint8_t opcode, unsigned to, unsigned from, int offset, int32_t imm)
{
	image.insn[image.head.insns++] =
		(struct exo_insn){opcode, (uint8_t)(to | from << 4), (int16_t)offset, imm};
}

/* --- handlers that never end -------------------------------------------------------------- */
/* A jump to itself that compares 32 bits: six instructions for a unit of fuel. */
static void
jumps(void)
{
	put(BPF_JMP32 | BPF_JSGE | BPF_X, 2, 2, -1, 0);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* The helper again and again: r1 is what the register `first` began with, `second` is r2. */
static void
calls(enum exo_code_helper helper, unsigned first, int32_t second)
{
	put(BPF_ALU64 | BPF_MOV | BPF_X, 6, first, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 7, first, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 2, 7, 0, 0);
	put(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, second);
	put(BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, LARGE);
	put(BPF_JMP | BPF_CALL, 0, 0, 0, (int32_t)helper);
	put(BPF_JMP | BPF_JA, 0, 0, -6, 0);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void
copies(void)
{
	calls(EXO_HELPER_place, 3, EXO_PAGE_SIZE);
}

/* The sum of all of a large packet. */
static void
sums(void)
{
	put(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0);
	put(BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, EXO_PACKET_MAX);
	put(BPF_JMP | BPF_CALL, 0, 0, 0, EXO_HELPER_checksum);
	put(BPF_JMP | BPF_JA, 0, 0, -4, 0);
	put(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static const struct burner {
	const char *name;
	void (*make)(void);
	uint32_t bytes; /* of the packets */
} burners[] = {
	{"jumps, small packets", jumps, 14},
	{"jumps, the largest packets", jumps, EXO_PACKET_MAX},
	{"copies, small packets", copies, 14},
	{"copies, the largest packets", copies, EXO_PACKET_MAX},
	{"sums of the largest packets", sums, EXO_PACKET_MAX},
};

/* --- who floods, and who runs ------------------------------------------------------------- */
static void
flood(uint64_t unused)
{
	struct exo_completion done;

	(void)unused;
	for (;;) {
		struct exo_segment all = {out.frames, EXO_SEGMENT(0, packet_bytes)};

		if (packet_bytes && nic == EXO_NIC_LOOP &&
		    exo_net_send(&out_ring, &all, 1, 1) == 0) {
			sent++;
		}
		exo_net_sent(&out_ring, &done);
	}
}

static void
spin(uint64_t unused)
{
	(void)unused;
	for (;;) {
		loops++;
	}
}

/* How often the spinner goes round in a window. */
static uint64_t
loops_in_window(void)
{
	uint64_t before;

	exo_pause(10 * MS);
	before = loops;
	exo_pause(WINDOW);
	return loops - before;
}

/* --- set-up ------------------------------------------------------------------------------- */
static int64_t
share(uint16_t type)
{
	const struct exo_filter filter = {
		.receive_atoms = 1,
		.atoms = {{EXO_ATOM_COMPARE, 2, 0, 0, PACKET_TYPE, 0, 0xffff, type}}};

	return exo_share(exo_boot()->packets[nic], free_slot(), (uint64_t)&filter, 0,
			 EXO_PACKET_RECEIVE | EXO_PACKET_TRANSMIT, 0);
}

static int64_t
open_all(void)
{
	int64_t result = exo_pages_make(&out, 1);

	result = result ? result : exo_pages_make(&state, 2);
	for (uint32_t i = 0; i < RINGS && result == 0; i++) {
		result = share(TYPE);
		result = result < 0 ? result
				    : exo_net_open_receive(&ring[i], (exo_handle)result, 1, BIT);
	}
	if (result == 0) {
		result = share(0x9000);
		result = result < 0 ? result
				    : exo_net_open(&out_ring, (exo_handle)result, 1, BIT, BIT);
	}
	code = (exo_handle)exo_carve(exo_boot()->code, free_slot(), 0, 2,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	packets_build(out.memory, TYPE, 1, 0, EXO_PACKET_MAX);
	return result;
}

/* The same one at all rings. */
static int64_t
bind_all(const struct burner *b)
{
	int64_t result;

	exo_revoke(code, 0, 0);
	loaded = code;
	image.head.insns = 0;
	b->make();
	result = exo_code_load(loaded, &image.head);
	for (uint32_t i = 0; i < RINGS && !result; i++) {
		exo_unbind(EXO_BIND_HANDLER, ring[i].receive.ring);
		result = exo_bind(EXO_BIND_HANDLER, ring[i].receive.ring, loaded, state.frames);
	}
	return result;
}

static uint64_t
burnt(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < RINGS; i++) {
		sum += ring[i].receive.page->failed;
	}
	return sum;
}

/* Rings fill up: what matters is what handlers take. */
static void
check(const struct burner *b, uint64_t alone)
{
	uint64_t before = burnt(), sent_before = sent, left = 0;
	int64_t result = bind_all(b);

	if (!result) {
		packet_bytes = b->bytes;
		left = loops_in_window();
		packet_bytes = 0;
		exo_pause(10 * MS);
	}
	tap_ok(!result && burnt() >= before + FEW && left * 100 >= alone * PERCENT,
	       "%s: %lu %% are left, of %lu packets %lu handlers burnt their fuel", b->name,
	       alone ? left * 100 / alone : 0, sent - sent_before, burnt() - before);
}

int
main(void)
{
	uint64_t alone;

	tap_plan(3 + ARRAY_SIZE(burners));
	nic = exo_sysinfo()->nic[0].present ? 0 : EXO_NIC_LOOP;
	tap_is(open_all(), 0, "rings");
	tap_is(hostile_thread_start(&spinner, 0, spin, 0), 0, "one runs");
	tap_is(hostile_thread_start(&flooder, 0, flood, 0), 0, "another one is going to send");
	alone = loops_in_window();
	for (uint32_t i = 0; i < ARRAY_SIZE(burners); i++) {
		check(&burners[i], alone);
	}
	hostile_thread_end(&flooder);
	hostile_thread_end(&spinner);
	packets_forget();
	exo_revoke(exo_boot()->packets[nic], 0, 0);
	return tap_end();
}
