/* SPDX-License-Identifier: MIT
 * probe.h: transfers of control that load every register and look at every register afterwards.
 *
 * Nothing but gp is the receiver's own then, so all is found by words of its u-area.
 */
#ifndef TEST_BOOT_PROBE_H
#define TEST_BOOT_PROBE_H

#include "test/boot/serve.h"

/* Words of the u-area: what to load, where to store, and two to work with. */
#define PROBE_OUT  1648 /* EXO_U_LIBRARY + 112 */
#define PROBE_IN   1656
#define PROBE_SAVE 1664
#define PROBE_SP   1672
#define PROBE_LAST 1680 /* t0 of a reply that returned */

struct probe {
	uint64_t x[32];
	uint64_t f[32];
	uint64_t fcsr;
};

/* Load *OUT, transfer, store to *IN. For environments with floating point, and without. */
void probe_transfer(uint64_t uarea);
void probe_transfer_plain(uint64_t uarea);
/* The same for who is called; OUT holds the number of reply. */
void probe_entry(void);
void probe_entry_plain(void);

/* clang-format off */
__asm__(".text\n"
	".macro probe_words op, base\n"
	".irp n, 1,2,3,4,5,6,8,9,10,11,12,13,14,15,16,17,18,19,20,"
	"21,22,23,24,25,26,27,28,29,30,31\n"
	"\\op x\\n, 8*\\n(\\base)\n"
	".endr\n.endm\n"
	".macro probe_floats op, base\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,"
	"21,22,23,24,25,26,27,28,29,30,31\n"
	"\\op f\\n, 256+8*\\n(\\base)\n"
	".endr\n.endm\n"
	".macro probe_kept op\n"
	".irp n, 1,3,4,8,9,18,19,20,21,22,23,24,25,26,27\n"
	"\\op x\\n, 8*\\n(sp)\n"
	".endr\n.endm\n"
	".macro probe_go base, float\n"
	"ld t2, 1648(\\base)\n"
	".if \\float\nprobe_floats fld, t2\nld t1, 512(t2)\nfscsr t1\n.endif\n"
	"probe_words ld, t2\nld t2, 56(t2)\necall\n.endm\n"
	".macro probe_come float\n"
	"sd t2, 1664(gp)\nld t2, 1656(gp)\nprobe_words sd, t2\n"
	".if \\float\nprobe_floats fsd, t2\nfrcsr t1\nsd t1, 512(t2)\n.endif\n"
	"ld t1, 1664(gp)\nsd t1, 56(t2)\n.endm\n"
	".macro probe_code suffix, float\n"
	".globl probe_transfer\\suffix\nprobe_transfer\\suffix:\n"
	"addi sp, sp, -784\nprobe_kept sd\n"
	".if \\float\nprobe_floats fsd, sp\nfrcsr t0\nsd t0, 512(sp)\n.endif\n"
	"sd sp, 1672(a0)\nprobe_go a0, \\float\nprobe_come \\float\nld sp, 1672(gp)\n"
	".if \\float\nprobe_floats fld, sp\nld t0, 512(sp)\nfscsr t0\n.endif\n"
	"probe_kept ld\naddi sp, sp, 784\nret\n"
	".globl probe_entry\\suffix\nprobe_entry\\suffix:\n"
	"probe_come \\float\nprobe_go gp, \\float\n"
	"sd t0, 1680(gp)\n1: li t1, 0\nli a7, -63\necall\nj 1b\n.endm\n"
	".option push\n.option norelax\n"
	"probe_code , 1\n"
	"probe_code _plain, 0\n"
	".option pop\n");
/* clang-format on */

static inline void
probe_fill(struct probe *p, uint64_t seed)
{
	for (uint32_t i = 0; i < 32; i++) {
		p->x[i] = noise(&seed);
		p->f[i] = noise(&seed);
	}
	p->fcsr = seed & 0x7f & ~0x60ul; /* the flags and round to nearest */
}

#endif
