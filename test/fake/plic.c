/* SPDX-License-Identifier: MIT
 * plic.c: a fake PLIC (RISC-V PLIC specification 1.0).
 */
#include "test/fake/plic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/host/mmio.h"

#define require(condition) ((condition) ? (void)0 : broke(#condition, __LINE__))

static void
broke(const char *what, int line)
{
	fprintf(stderr, "test/fake/plic.c:%d: the driver broke the rule: %s\n", line, what);
	abort();
}

static bool
enabled(const struct fake_plic *p, uint32_t context, uint32_t source)
{
	return p->enable[context][source / 32] >> (source % 32) & 1;
}

/* The pending source of highest priority, lowest number first; 0 if there is none. */
static uint32_t
best(const struct fake_plic *p, uint32_t context, uint32_t above)
{
	uint32_t found = 0;

	for (uint32_t source = 1; source <= FAKE_PLIC_SOURCES; source++) {
		if (p->line[source] && !p->served[source] && enabled(p, context, source) &&
		    p->priority[source] > above) {
			found = source;
			above = p->priority[source];
		}
	}
	return found;
}

bool
fake_plic_interrupts(const struct fake_plic *p, uint32_t context)
{
	return best(p, context, p->threshold[context]) != 0;
}

/* A claim does not look at the threshold (chapter 8). */
static uint32_t
claim(struct fake_plic *p, uint32_t context)
{
	if (p->lie) {
		return p->lie;
	}
	uint32_t source = best(p, context, 0);

	p->served[source] = source != 0;
	return source;
}

static uint32_t *
plain_register(struct fake_plic *p, uintptr_t offset)
{
	if (offset < 0x1000) {
		require(offset / 4 >= 1 && offset / 4 <= FAKE_PLIC_SOURCES);
		return &p->priority[offset / 4];
	}
	if (offset < 0x200000) {
		require(offset >= 0x2000 && (offset - 0x2000) / 0x80 < FAKE_PLIC_CONTEXTS);
		return &p->enable[(offset - 0x2000) / 0x80][(offset - 0x2000) % 0x80 / 4];
	}
	require((offset - 0x200000) / 0x1000 < FAKE_PLIC_CONTEXTS && offset % 0x1000 == 0);
	return &p->threshold[(offset - 0x200000) / 0x1000];
}

static bool
is_claim(uintptr_t offset)
{
	return offset >= 0x200000 && offset % 0x1000 == 4;
}

static uint32_t
reg_read(void *context, uintptr_t offset, unsigned width)
{
	struct fake_plic *p = context;

	require(width == 4);
	return is_claim(offset) ? claim(p, (uint32_t)((offset - 0x200000) / 0x1000))
				: *plain_register(p, offset);
}

static void
reg_write(void *context, uintptr_t offset, unsigned width, uint32_t value)
{
	struct fake_plic *p = context;

	require(width == 4);
	if (is_claim(offset)) {
		require(value && value <= FAKE_PLIC_SOURCES);
		require(enabled(p, (uint32_t)((offset - 0x200000) / 0x1000), value));
		p->served[value] = false;
		return;
	}
	*plain_register(p, offset) = value;
}

void
fake_plic_plug(struct fake_plic *p)
{
	memset(p, 0, sizeof(*p));
	memset(p->enable, 0xff, sizeof(p->enable));
	memset(p->threshold, 7, sizeof(p->threshold));
	memset(p->priority, 1, sizeof(p->priority));
	mmio_detach_all();
	mmio_attach(&(struct mmio_device){
		.base = FAKE_PLIC_BASE,
		.bytes = FAKE_PLIC_BYTES,
		.read = reg_read,
		.write = reg_write,
		.context = p,
	});
}
