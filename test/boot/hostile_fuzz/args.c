/* SPDX-License-Identifier: MIT
 * args.c: arguments for calls at random, mostly plausible, sometimes wild.
 *
 * State: what the child has; threads of several harts scribble over it.
 */
#include "test/boot/hostile_fuzz/fuzz.h"

struct known fuzz_known[FUZZ_KNOWN];
struct known fuzz_essential[FUZZ_ESSENTIAL];
exo_handle fuzz_server[EXO_HARTS_MAX];
uint64_t fuzz_buffers[8][128] __attribute__((aligned(4096)));

uint64_t
fuzz_wild(uint64_t *s)
{
	static const uint64_t words[] = {
		0,
		1,
		~0ul,
		1ul << 63,
		KERNEL_IMAGE,
		KERNEL_DIRECT,
		KERNEL_STACKS,
		KERNEL_MMIO,
		EXO_USER_END,
		EXO_USER_END - 8,
		EXO_UAREA_BASE,
		0x80000000,
		0xffffffff,
		1ul << 32,
		0x7ffffffffffffffful,
		4097,
	};
	uint64_t r = noise(s);

	return r & 1 ? words[r >> 1 & 15] : noise(s) >> (r >> 8 & 63);
}

struct known
fuzz_pick(uint64_t *s, uint32_t type)
{
	uint64_t r = noise(s);

	for (uint32_t i = 0; i < 24; i++) {
		struct known k = r % 4 == 0 ? fuzz_essential[noise(s) % FUZZ_ESSENTIAL]
					    : fuzz_known[noise(s) % FUZZ_KNOWN];

		if (k.handle && (k.type == type || !type)) {
			return k;
		}
	}
	return fuzz_known[r % FUZZ_KNOWN];
}

exo_handle
fuzz_handle(uint64_t *s, uint32_t type)
{
	uint64_t r = noise(s) % 64;
	exo_handle h = fuzz_pick(s, r < 52 ? type : 0).handle;

	return r == 63   ? fuzz_wild(s)
	       : r == 62 ? h + (1ul << 32)
	       : r == 61 ? h ^ 1
	       : r == 60 ? EXO_NONE
			 : h;
}

/* A handle that may be destroyed; hardly ever one that the child cannot do without. */
exo_handle
fuzz_expendable(uint64_t *s)
{
	return noise(s) % 2000 ? fuzz_known[noise(s) % FUZZ_KNOWN].handle : fuzz_handle(s, 0);
}

uint64_t
fuzz_address(uint64_t *s)
{
	uint64_t r = noise(s);
	uint64_t page = FUZZ_REGION + ((r >> 8) % (1ul << FUZZ_REGION_BITS) << EXO_PAGE_SHIFT);

	return r % 100 == 0   ? fuzz_wild(s)
	       : r % 8 == 0   ? page & ~0x1ffffful
	       : r % 100 == 1 ? page + 1
			      : page;
}

uint64_t
fuzz_count(uint64_t *s)
{
	uint64_t r = noise(s) % 64;

	return r == 63 ? fuzz_wild(s) : r > 58 ? 512 : r > 52 ? noise(s) % 700 : 1 + r % 4;
}

uint64_t
fuzz_rights(uint64_t *s)
{
	static const uint64_t some[] = {EXO_READ,
					EXO_READ | EXO_WRITE,
					EXO_READ | EXO_EXEC,
					EXO_WRITE,
					0xff,
					EXO_RIGHTS_ALL,
					0,
					EXO_READ | EXO_WRITE | EXO_EXEC};
	uint64_t r = noise(s);
	uint64_t bits = r >> 12 & 7 ? 0 : (r >> 16 & 15) << 6;
	uint64_t size = r >> 20 & 7 ? 0 : EXO_MEGA << (r >> 24 & 1);

	return r % 50 == 0 ? fuzz_wild(s) : some[r >> 8 & 7] | bits | size;
}

uint32_t
fuzz_slot(uint64_t *s)
{
	return noise(s) % 40 ? 80 + (uint32_t)(noise(s) % (FUZZ_LEAVES * 64 - 80))
			     : (uint32_t)fuzz_wild(s);
}

/* Memory for a call to read or write, full of plausible entries. */
uint64_t
fuzz_pointer(uint64_t *s)
{
	uint64_t r = noise(s);
	uint64_t *b = fuzz_buffers[r & 7];

	for (uint32_t i = 0; i < 40; i += 5) {
		b[i] = fuzz_address(s);
		b[i + 1] = fuzz_handle(s, EXO_CAP_FRAME);
		b[i + 2] = noise(s) % 3;
		b[i + 3] = fuzz_count(s);
		b[i + 4] = fuzz_rights(s);
	}
	return r % 20 == 0   ? fuzz_wild(s)
	       : r % 20 == 1 ? (uint64_t)b + EXO_PAGE_SIZE - 12
			     : (uint64_t)b;
}

/* A filter that is mostly well formed: which few bytes the packets may have. */
uint64_t
fuzz_filter(uint64_t *s)
{
	struct exo_filter *f = (struct exo_filter *)fuzz_buffers[noise(s) & 7];

	f->receive_atoms = (uint32_t)(noise(s) % 4);
	f->transmit_atoms = (uint32_t)(noise(s) % 2);
	for (uint32_t i = 0; i < f->receive_atoms + f->transmit_atoms; i++) {
		uint64_t r = noise(s);

		f->atoms[i] = (struct exo_atom){
			.kind = i < f->receive_atoms && r % 8 == 0 ? EXO_ATOM_SHIFT
								   : EXO_ATOM_COMPARE,
			.width = (uint8_t)(1u << (r >> 8 & 1)),
			.offset = (uint16_t)(r >> 16 & 15),
			.mask = 0xf,
			.value = r % 8 ? r >> 32 & 3 : 0,
		};
	}
	return (uint64_t)f;
}
