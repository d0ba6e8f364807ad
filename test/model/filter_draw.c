/* SPDX-License-Identifier: MIT
 * filter_draw.c: random filters, and packets that they may match.
 *
 * Half of the filters are of the kind that people write (Ethernet, ARP, IPv4 with and without
 * options, ports, at fixed offsets or behind a shift), half are wild. Packets are drawn from the
 * same few values, or made to satisfy a filter, then cut off somewhere.
 */
#include "lib/base/rand.h"
#include "lib/base/string.h"
#include "test/model/filter_world.h"

/* --- atoms -------------------------------------------------------------------------------- */
static void
add_atom(struct world_filter *f, struct exo_atom a)
{
	if (f->atoms < EXO_ATOMS_MAX) {
		f->atom[f->atoms++] = a;
	}
}

/* A comparison, as one atom or bytewise. */
static void
add_field(struct filter_world *w, struct world_filter *f, uint32_t offset, uint32_t width,
	  uint64_t mask, uint64_t value)
{
	bool whole = world_draw(w, 4) != 0;
	uint32_t step = whole ? width : 1;

	for (uint32_t i = 0; i < width; i += step) {
		uint32_t right = 8 * (width - i - step);
		uint64_t all = step == 8 ? ~0ul : (1ul << 8 * step) - 1;
		uint64_t m = mask >> right & all;

		add_atom(f, (struct exo_atom){.kind = EXO_ATOM_COMPARE,
					      .width = (uint8_t)step,
					      .offset = (uint16_t)(offset + i),
					      .mask = m,
					      .value = value >> right & m});
	}
}

static void
add_shift(struct world_filter *f)
{
	add_atom(
		f,
		(struct exo_atom){
			.kind = EXO_ATOM_SHIFT, .width = 1, .offset = 14, .mask = 0xf, .scale = 2});
}

static void
add_ports(struct filter_world *w, struct world_filter *f)
{
	bool shifted = world_draw(w, 2);
	uint32_t transport = shifted ? 14 : 34;

	if (world_draw(w, 2)) {
		add_field(w, f, 14, 1, 0xff, 0x45);
	}
	if (world_draw(w, 2)) {
		add_field(w, f, 20, 2, 0x3fff, 0);
	}
	if (shifted) {
		add_shift(f);
	}
	if (world_draw(w, 3) == 0) {
		add_field(w, f, transport, 2, 0xffff, 1000 + world_draw(w, 3));
	}
	add_field(w, f, transport + 2, 2, 0xffff, 80 + world_draw(w, 12));
}

static void
add_usual(struct filter_world *w, struct world_filter *f)
{
	bool ip = world_draw(w, 4) != 0;

	if (world_draw(w, 8) == 0) {
		add_field(w, f, 0, 4, 0xffffffff, 0x02000000 + world_draw(w, 2));
	}
	add_field(w, f, 12, 2, 0xffff, ip ? 0x0800 : 0x0806);
	if (!ip || world_draw(w, 8) == 0) {
		return;
	}
	if (world_draw(w, 6)) {
		add_field(w, f, 23, 1, 0xff, world_draw(w, 2) ? 6 : 17);
	}
	if (world_draw(w, 3)) {
		add_field(w, f, 30, 4, world_draw(w, 5) ? 0xffffffff : 0xffffff00,
			  0x0a000200 + (world_draw(w, 2) ? world_draw(w, 3) : 0));
		f->atom[f->atoms - 1].value &= f->atom[f->atoms - 1].mask;
	}
	if (world_draw(w, 4)) {
		add_ports(w, f);
	}
}

static void
add_wild(struct filter_world *w, struct world_filter *f)
{
	static const uint8_t widths[] = {1, 1, 2, 2, 4, 8};
	uint32_t count = world_draw(w, 5);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t width = widths[world_draw(w, 6)];
		uint64_t bits = 0;
		uint64_t value = 0;

		for (uint32_t j = 0; j < width; j++) {
			bits = bits << 8 |
			       (world_draw(w, 3) ? world_draw(w, 256) & world_draw(w, 256) : 0);
			value = value << 8 | (world_draw(w, 2) ? world_draw(w, 256) : 0);
		}
		if (world_draw(w, 5)) {
			add_field(w, f, world_draw(w, 20), width, bits, value & bits);
			continue;
		}
		add_atom(f, (struct exo_atom){.kind = EXO_ATOM_SHIFT,
					      .width = (uint8_t)width,
					      .offset = (uint16_t)world_draw(w, 16),
					      .mask = width == 1 ? bits & 7 : bits & 0x303,
					      .scale = (uint8_t)world_draw(w, 4)});
	}
}

void
filter_world_filter(struct filter_world *w, struct world_filter *f)
{
	f->atoms = w->parent.atoms;
	memcpy(f->atom, w->parent.atom, f->atoms * sizeof(f->atom[0]));
	if (world_draw(w, 2)) {
		add_usual(w, f);
	} else {
		add_wild(w, f);
	}
}

/* --- packets ------------------------------------------------------------------------------ */
static void
put(struct filter_world *w, uint32_t at, uint32_t width, uint64_t value)
{
	for (; width; width--, at++) {
		w->packet[at] = (uint8_t)(value >> 8 * (width - 1));
	}
}

static void
draw_usual_packet(struct filter_world *w)
{
	uint32_t ihl = world_draw(w, 3) ? 5 : 5 + world_draw(w, 4);
	uint32_t transport = 14 + 4 * ihl;

	put(w, 0, 4, 0x02000000 + world_draw(w, 2));
	put(w, 12, 2, world_draw(w, 5) ? 0x0800 : 0x0806);
	put(w, 14, 1, 0x40 + ihl);
	put(w, 20, 2, world_draw(w, 5) ? 0x4000 : world_draw(w, 65536));
	put(w, 23, 1, world_draw(w, 2) ? 6 : 17);
	put(w, 30, 4, 0x0a000200 + world_draw(w, 4));
	put(w, transport, 2, 1000 + world_draw(w, 3));
	put(w, transport + 2, 2, 80 + world_draw(w, 12));
}

/* Change the packet so that it satisfies the atoms, as far as later ones do not undo earlier. */
static void
satisfy(struct filter_world *w, const struct world_filter *f)
{
	uint64_t base = 0;

	for (uint32_t i = 0; i < f->atoms; i++) {
		const struct exo_atom *a = &f->atom[i];
		uint64_t at = base + a->offset;
		uint64_t have = 0;

		if (at + a->width > WORLD_PACKET) {
			return;
		}
		for (uint32_t j = 0; j < a->width; j++) {
			have = have << 8 | w->packet[at + j];
		}
		if (a->kind == EXO_ATOM_SHIFT) {
			base += (have & a->mask) << a->scale;
		} else {
			put(w, (uint32_t)at, a->width, (have & ~a->mask) | a->value);
		}
	}
}

void
filter_world_packet(struct filter_world *w)
{
	uint32_t i = world_draw(w, WORLD_FILTERS);
	uint64_t noise = 1 + world_draw(w, 65536);

	w->bytes = world_draw(w, 3) ? WORLD_PACKET : world_draw(w, WORLD_PACKET);
	for (uint32_t j = 0; j < sizeof(w->room); j++) {
		w->room[j] = (uint8_t)(rand_below(&noise, 4) ? 0 : rand_next(&noise) >> 56);
	}
	if (world_draw(w, 2)) {
		draw_usual_packet(w);
	}
	if (world_draw(w, 2)) {
		satisfy(w, &w->parent);
	}
	if (world_draw(w, 2) && w->filter[i].used) {
		satisfy(w, &w->filter[i]);
	}
}
