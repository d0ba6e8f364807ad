/* SPDX-License-Identifier: MIT
 * sys_args.c: the arguments of calls in a world of system calls, see sys_args.h. No state.
 */
#include "test/model/sys_args.h"

#include <exo/atom.h>
#include <string.h>

#include "arch/arch.h"
#include "kern/cspace.h"
#include "kern/transfer.h"
#include "lib/base/checked.h"

#define MEMORY    WORLD_REGION /* of the caller, for arguments */
#define ESSENTIAL 44           /* slots of what a player cannot do without */

uint64_t
arg_wild(const struct op *o)
{
	static const uint64_t words[] = {
		0,          1,           ~0ul,        1ul << 63,         EXO_USER_END,
		0x80000000, 0xffffffff,  1ul << 32,   0x7ffffffffffffff, EXO_USER_END - 8,
		4097,       DIRECT_BASE, STACKS_BASE, EXO_UAREA_BASE,    1ul << 47,
		512};
	uint64_t word = words[op_draw(o, ARRAY_SIZE(words))];

	return op_one_in(o, 4) ? word ^ 1ul << op_draw(o, 64) : word;
}

/* A capability of the caller's of a type (0: any), its slot in *index; NULL: it has none. */
const struct cap *
arg_pick(const struct op *o, uint32_t type, uint32_t *index)
{
	uint32_t found[CAPS_MAX];
	uint32_t n = 0;

	for (uint32_t i = 1; i < CAPS_MAX; i++) {
		const struct cap *c = cspace_slot(o->e->cspace, i);

		if (cap_type(c) && (!type || cap_type(c) == type)) {
			found[n++] = i;
		}
	}
	*index = n ? found[op_draw(o, n)] : 0;
	return n ? cspace_slot(o->e->cspace, *index) : NULL;
}

exo_handle
arg_handle(struct op *o, uint32_t type)
{
	uint32_t index;
	const struct cap *c = arg_pick(o, op_one_in(o, 16) ? 0 : type, &index);

	o->last = c;
	if (!c || op_one_in(o, 32)) {
		return op_one_in(o, 2) ? arg_wild(o) : EXO_NONE;
	}
	return cspace_handle(c, index) + (op_one_in(o, 32) ? 1ul << 32 : 0);
}

/* Of an environment of the caller's hart that waits for a call, mostly. */
exo_handle
arg_partner(struct op *o)
{
	exo_handle h = EXO_NONE;

	for (uint32_t tries = 0; tries < 8; tries++) {
		const struct env *e;

		h = arg_handle(o, EXO_CAP_ENV);
		if (!o->last || cap_type(o->last) != EXO_CAP_ENV) {
			continue;
		}
		e = arch_ram(o->last->start << PAGE_SHIFT);
		if (e != o->e && e->hart == o->e->hart && (tries > 4 || transfer_is_open(e))) {
			break;
		}
	}
	return h;
}

uint64_t
arg_address(const struct op *o)
{
	static const uint64_t pages[] = {0, 16, 508, 512, 768};
	uint64_t page = pages[op_draw(o, ARRAY_SIZE(pages))] + op_draw(o, 8);

	if (op_one_in(o, 8)) {
		page = align_down_u64(page, 512);
	}
	return op_one_in(o, 32) ? arg_wild(o) : WORLD_REGION + page * PAGE_SIZE + op_one_in(o, 64);
}

uint64_t
arg_few(const struct op *o)
{
	return op_one_in(o, 32)  ? arg_wild(o)
	       : op_one_in(o, 8) ? 512
	       : op_one_in(o, 4) ? op_draw(o, 100)
				 : 1 + op_draw(o, 4);
}

uint64_t
arg_rights(const struct op *o)
{
	static const uint64_t some[] = {EXO_READ,
					EXO_READ | EXO_WRITE,
					EXO_READ | EXO_EXEC,
					EXO_READ | EXO_EXEC,
					EXO_READ | EXO_WRITE,
					EXO_WRITE,
					0,
					EXO_RIGHTS_ALL,
					EXO_READ | EXO_WRITE | EXO_EXEC};

	return op_one_in(o, 32) ? arg_wild(o) : some[op_draw(o, ARRAY_SIZE(some))];
}

/* Of map, unmap and protect. */
static uint64_t
flags(const struct op *o)
{
	uint64_t more = op_one_in(o, 16) ? op_draw(o, 5) << EXO_BATCH_SHIFT : 0;
	uint64_t bits = op_one_in(o, 8) ? op_draw(o, 16) << 6 : 0;
	uint64_t size = op_one_in(o, 16) ? EXO_MEGA : op_one_in(o, 64) ? EXO_GIGA : 0;

	return arg_rights(o) | bits | size | more;
}

uint64_t
arg_memory(struct op *o, const void *data, size_t bytes)
{
	uint64_t at = MEMORY + op_draw(o, 4) * 1024;

	if (op_one_in(o, 16)) {
		return op_one_in(o, 2) ? arg_wild(o) : MEMORY + WORLD_MEMORY_PAGES * PAGE_SIZE - 16;
	}
	for (size_t i = 0; i + 8 <= bytes; i += 8) {
		uint64_t physical = tlb_translate(o->hart, at + i, TLB_STORE);

		if (physical && host_ram_contains(physical, 8)) {
			memcpy(host_ram_at(physical), (const uint8_t *)data + i, 8);
		}
	}
	return at;
}

static uint64_t
mapped_address(const struct op *o)
{
	uint64_t at = arg_address(o);

	for (uint32_t tries = 0; tries < 12 && !tlb_translate(o->hart, at, TLB_LOAD); tries++) {
		at = arg_address(o);
	}
	return at;
}

static uint64_t
map_entries(struct op *o)
{
	struct exo_map_entry entry[4];

	for (uint32_t i = 0; i < ARRAY_SIZE(entry); i++) {
		entry[i] = (struct exo_map_entry){arg_address(o), arg_handle(o, EXO_CAP_FRAME),
						  op_draw(o, 4), arg_few(o), flags(o) & 0xfff};
	}
	return arg_memory(o, entry, sizeof(entry));
}

uint64_t
arg_filter(struct op *o)
{
	struct exo_filter f = {.receive_atoms = (uint32_t)op_draw(o, 3),
			       .transmit_atoms = (uint32_t)op_draw(o, 2)};

	for (uint32_t i = 0; i < f.receive_atoms + f.transmit_atoms; i++) {
		f.atoms[i] = (struct exo_atom){
			.kind = op_one_in(o, 8) ? EXO_ATOM_SHIFT : EXO_ATOM_COMPARE,
			.width = 1,
			.offset = (uint16_t)op_draw(o, 4),
			.mask = 3,
			.value = op_draw(o, 4),
		};
	}
	return arg_memory(o, &f, sizeof(f));
}

/* A name that the capability drawn last has. */
uint64_t
arg_name(const struct op *o)
{
	uint64_t name = o->last ? o->last->start : 0;

	if (op_one_in(o, 32)) {
		return arg_wild(o);
	}
	return o->last && o->last->count && op_one_in(o, 2) ? name + op_draw(o, o->last->count)
							    : name;
}

uint64_t
arg_slot(const struct op *o)
{
	return op_one_in(o, 32) ? arg_wild(o) : 1 + op_draw(o, CAPS_MAX - 1);
}

static exo_handle
expendable(struct op *o)
{
	for (uint32_t i = 0; i < 8; i++) {
		exo_handle h = arg_handle(o, 0);

		if (EXO_HANDLE_INDEX(h) >= ESSENTIAL || op_one_in(o, 256)) {
			return h;
		}
	}
	return EXO_NONE;
}

static uint64_t
number_of_kind(const struct op *o, char kind)
{
	switch (kind) {
	case 'o': /* offset */
		return op_one_in(o, 4) ? op_draw(o, 4) : 0;
	case 'k': /* one, mostly */
		return op_one_in(o, 4) ? arg_few(o) : 1;
	case 'n':
		return arg_few(o);
	case 'z': /* all, or a few */
		return op_one_in(o, 2) ? arg_few(o) : 0;
	case 'U': /* pages in units of 2 MiB */
		return op_one_in(o, 8) ? arg_few(o) : op_draw(o, 2) * EXO_MEGA_PAGES;
	case 'i':
		return op_draw(o, 4);
	case 'b': /* event bit */
		return op_draw(o, 66);
	case 'B': /* event bits, mostly all */
		return op_one_in(o, 4) ? arg_wild(o) : ~0ul;
	case 'L': /* a time that comes, mostly, some later than others' turns */
		return op_one_in(o, 16) ? ~0ul : arch_time() + op_draw(o, 256) * 256;
	case 'D': /* never, mostly */
		return op_one_in(o, 4) ? arch_time() + op_draw(o, 256) * 16 : ~0ul;
	case 'W': /* what ends a sleep */
		return op_one_in(o, 2) ? EXO_SLEEP_PREDICATE | op_draw(o, 4) : arg_wild(o);
	case 'T': /* a time that comes */
		return arch_time() + op_draw(o, 256) * 16;
	default:
		return arg_wild(o);
	}
}

uint64_t
arg_of_kind(struct op *o, char kind)
{
	static const uint32_t mappable[] = {EXO_CAP_FRAME,  EXO_CAP_FRAME, EXO_CAP_FRAME,
					    EXO_CAP_WINDOW, EXO_CAP_TABLE, EXO_CAP_ENV,
					    EXO_CAP_RING};
	static const uint32_t types[128] = {
		['f'] = EXO_CAP_FRAME,   ['t'] = EXO_CAP_TABLE, ['e'] = EXO_CAP_ENV,
		['c'] = EXO_CAP_CONSOLE, ['g'] = EXO_CAP_RING,  ['q'] = EXO_CAP_IRQ,
		['C'] = EXO_CAP_CODE};
	static const struct exo_map_entry nothing[4];

	switch (kind) {
	case 'a': /* address */
		return arg_address(o);
	case 'M': /* something is mapped there, mostly */
		return mapped_address(o);
	case 'A': /* what a table covers */
		return op_one_in(o, 32) ? arg_address(o)
					: WORLD_REGION + op_draw(o, 4) * 512 * PAGE_SIZE;
	case 'm': /* what can be mapped */
		return arg_handle(o, mappable[op_draw(o, ARRAY_SIZE(mappable))]);
	case 'j': /* another one that lives here, mostly */
		return arg_partner(o);
	case 'h': /* any capability */
		return arg_handle(o, 0);
	case 'd': /* one that may go */
		return expendable(o);
	case 'E': /* itself, mostly */
		return op_one_in(o, 4) ? arg_handle(o, EXO_CAP_ENV) : EXO_NONE;
	case 's': /* its own space, mostly */
		return op_one_in(o, 4) ? arg_handle(o, EXO_CAP_SPACE) : EXO_NONE;
	case 'N':
		return arg_name(o);
	case 'r':
		return flags(o);
	case 'x': /* entries */
		return map_entries(o);
	case 'p': /* memory */
		return arg_memory(o, nothing, sizeof(nothing));
	case 'S':
		return arg_slot(o);
	default:
		return types[(uint8_t)kind & 127] ? arg_handle(o, types[(uint8_t)kind & 127])
						  : number_of_kind(o, kind);
	}
}
