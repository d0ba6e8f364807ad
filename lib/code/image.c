/* SPDX-License-Identifier: MIT
 * image.c: finds the function, lays out its data, resolves what it refers to. Relocations are those
 * of the psABI of BPF: LLVM's R_BPF_64_64 and R_BPF_64_ABS64; their addend is in place. Pure.
 */
#include "lib/code/image.h"

#include <exo/errors.h>
#include "lib/base/bpf.h"
#include "lib/base/checked.h"
#include "lib/base/string.h"

#define INSN_BYTES    sizeof(struct exo_insn)
#define REL_BYTES     16
#define ALIGNMENT_MAX 16
#define NAME_MAX      60 /* of a name in a sentence */

enum {
	R_BPF_64_64 = 1,
	R_BPF_64_ABS64 = 2,
	R_BPF_64_ABS32 = 3,
	R_BPF_64_NODYLD32 = 4,
	R_BPF_64_32 = 10,
};

struct relocation {
	uint64_t offset; /* in its section */
	uint64_t addend; /* to the symbol's value, where one was looked for */
	uint32_t type;
	struct object_symbol symbol;
	struct object_section target; /* of the symbol */
};

#define REFUSE(image, error, ...) object_refuse(&(image)->object, error, __VA_ARGS__)

static bool
is_code(const struct object_section *s)
{
	return s->type == SECTION_PROGRAM && s->flags & SECTION_EXECUTE;
}

/* Sections of data that a program can have: never written. Tables of pointers come as writable,
 * for a linker's sake. */
static bool
is_constant(const struct object_section *s)
{
	bool is_kept = !(s->flags & SECTION_WRITE) || !strncmp(s->name, ".data.rel.ro", 12);

	return s->type == SECTION_PROGRAM && s->flags & SECTION_ALLOC && is_kept && !is_code(s);
}

/* What to call the target in a sentence. Where the symbol is that of a section, whatever stands in
 * it at that place. */
static const char *
name_of(const struct code_image *to, const struct relocation *r)
{
	struct object_symbol s;

	if (r->symbol.type != SYMBOL_SECTION && *r->symbol.name) {
		return r->symbol.name;
	}
	for (uint32_t n = 0; n < to->object.symbols; n++) {
		if (object_symbol(&to->object, n, &s) && s.section == r->target.index && *s.name &&
		    r->symbol.value + r->addend - s.value < s.bytes) {
			return s.name;
		}
	}
	return r->target.name;
}

/* Is it a function that could be the program? */
static bool
is_candidate(const struct object *o, uint32_t index, const char *name, struct object_symbol *f)
{
	struct object_section s;

	if (!object_symbol(o, index, f) || f->type != SYMBOL_FUNCTION || !f->is_global) {
		return false;
	}
	s = object_section(o, f->section);
	return is_code(&s) && (!name || !strcmp(name, f->name));
}

static int
find_function(struct code_image *to, const char *name, struct object_symbol *function)
{
	const struct object *o = &to->object;
	struct object_symbol f;
	uint32_t found = 0;

	for (uint32_t n = 0; n < o->symbols; n++) {
		if (!is_candidate(o, n, name, &f)) {
			continue;
		}
		if (found++) {
			return REFUSE(
				to, E_NOENT,
				"there are several functions, %.*s and %.*s; make all but one "
				"static inline, or say which one is the program",
				NAME_MAX, function->name, NAME_MAX, f.name);
		}
		*function = f;
	}
	if (!found && name) {
		return REFUSE(to, E_NOENT, "there is no global function %.*s", NAME_MAX, name);
	}
	return found ? 0
		     : REFUSE(to, E_NOENT,
			      "there is no global function; the program is one that is "
			      "not static");
}

static int
take_function(struct code_image *to, const struct object_symbol *f)
{
	struct object_section s = object_section(&to->object, f->section);

	if (!f->bytes || !range_within(f->value, f->bytes, s.bytes) || f->value % INSN_BYTES ||
	    f->bytes % INSN_BYTES || f->value > UINT32_MAX) {
		return REFUSE(to, E_FORMAT, "%.*s does not lie within section %.*s", NAME_MAX,
			      f->name, NAME_MAX, s.name);
	}
	if (f->bytes > sizeof(to->insn)) {
		return REFUSE(to, E_LIMIT,
			      "%.*s has %lu instructions; a program has at most %d: take less "
			      "upon it, or compile with -Os",
			      NAME_MAX, f->name, (unsigned long)(f->bytes / INSN_BYTES),
			      EXO_CODE_INSNS_MAX);
	}
	memcpy(to->insn, s.at + f->value, f->bytes);
	to->head.insns = (uint32_t)(f->bytes / INSN_BYTES);
	to->section = f->section;
	to->start = (uint32_t)f->value;
	return 0;
}

/* Every constant section of the file, one behind the other. */
static int
take_data(struct code_image *to)
{
	uint64_t end = 0;

	for (uint32_t n = 1; n < to->object.sections; n++) {
		struct object_section s = object_section(&to->object, n);
		uint64_t at;

		if (!is_constant(&s) || !s.bytes) {
			continue;
		}
		if (s.alignment > ALIGNMENT_MAX || (s.alignment & (s.alignment - 1))) {
			return REFUSE(to, E_UNSUPPORTED,
				      "section %.*s wants to be aligned to %lu bytes; at most 16 "
				      "are possible",
				      NAME_MAX, s.name, (unsigned long)s.alignment);
		}
		at = align_up_u64(end, s.alignment ? s.alignment : 1);
		if (!range_within(at, s.bytes, sizeof(to->data))) {
			return REFUSE(
				to, E_LIMIT,
				"its constants take more than %d bytes, as section %.*s shows; "
				"make tables smaller, or keep them in the state region",
				EXO_CODE_DATA_MAX, NAME_MAX, s.name);
		}
		memcpy(to->data + at, s.at, s.bytes);
		to->data_at[n] = (uint32_t)at + 1;
		end = at + s.bytes;
	}
	to->head.data_bytes = (uint32_t)align_up_u64(end, 8);
	return 0;
}

/* What a program cannot refer to, told by what it is. */
static int
refuse_target(struct code_image *to, const struct relocation *r)
{
	const struct object_section *s = &r->target;

	if (!s->index) {
		return REFUSE(to, E_UNSUPPORTED,
			      "it uses %.*s, which is not in the file; there is nothing to link "
			      "with: include its source, or call a helper of exo/code_helpers.h",
			      NAME_MAX, name_of(to, r));
	}
	if (is_code(s)) {
		return REFUSE(to, E_UNSUPPORTED,
			      "it takes the address of %.*s, or calls it; nothing is called but "
			      "helpers: make that function static inline, always_inline",
			      NAME_MAX, name_of(to, r));
	}
	return REFUSE(
		to, E_UNSUPPORTED,
		"it uses %.*s in section %.*s, which is written; a program has no variables of "
		"its own: make it const, or keep it in the state region",
		NAME_MAX, name_of(to, r), NAME_MAX, s->name);
}

/* The pointer that a relocation stands for. */
static int
resolve(struct code_image *to, const struct relocation *r, uint64_t *pointer)
{
	uint64_t offset;

	if (!to->data_at[r->target.index]) {
		return refuse_target(to, r);
	}
	if (!checked_add_u64(r->symbol.value, r->addend, &offset) || offset > r->target.bytes) {
		return REFUSE(to, E_FORMAT, "a pointer into section %.*s leaves it", NAME_MAX,
			      r->target.name);
	}
	*pointer = ((uint64_t)EXO_REGION_DATA << EXO_REGION_SHIFT) + to->data_at[r->target.index] -
		   1 + offset;
	return 0;
}

static int
refuse_type(struct code_image *to, const struct relocation *r, const struct object_section *in)
{
	return REFUSE(to, E_UNSUPPORTED,
		      "the relocation of type %u at %.*s + 0x%lx, to %.*s, is not known here",
		      r->type, NAME_MAX, in->name, (unsigned long)r->offset, NAME_MAX,
		      name_of(to, r));
}

/* A reference out of the function: a constant of two instructions. */
static int
relocate_code(struct code_image *to, struct relocation *r, const struct object_section *in)
{
	uint64_t at = (r->offset - to->start) / INSN_BYTES;
	struct exo_insn *i = &to->insn[at];
	uint64_t pointer;
	int error;

	to->refused_at = (uint32_t)at;
	if (r->type == R_BPF_64_32) {
		return refuse_target(to, r);
	}
	if (r->type != R_BPF_64_64) {
		return refuse_type(to, r, in);
	}
	if (r->offset % INSN_BYTES || at + 1 >= to->head.insns ||
	    i->opcode != (BPF_LD | BPF_IMM | BPF_DW)) {
		return REFUSE(to, E_FORMAT, "there is no constant of 64 bits at %.*s + 0x%lx",
			      NAME_MAX, in->name, (unsigned long)r->offset);
	}
	r->addend = (uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32;
	error = resolve(to, r, &pointer);
	if (!error) {
		i[0].imm = (int32_t)(uint32_t)pointer;
		i[1].imm = (int32_t)(pointer >> 32);
		to->refused_at = UINT32_MAX;
	}
	return error;
}

/* A pointer among the constants. */
static int
relocate_data(struct code_image *to, struct relocation *r, const struct object_section *in)
{
	uint8_t *at;
	uint64_t pointer;
	int error;

	if (r->type != R_BPF_64_ABS64) {
		return refuse_type(to, r, in);
	}
	if (!range_within(r->offset, 8, in->bytes)) {
		return REFUSE(to, E_FORMAT, "a relocation leaves section %.*s", NAME_MAX, in->name);
	}
	at = to->data + to->data_at[in->index] - 1 + r->offset;
	r->addend = object_number(at, 8);
	error = resolve(to, r, &pointer);
	if (!error) {
		memcpy(at, &pointer, 8);
	}
	return error;
}

static bool
is_in_function(const struct code_image *to, uint64_t offset)
{
	return offset >= to->start && offset - to->start < to->head.insns * INSN_BYTES;
}

static int
relocate(struct code_image *to, const uint8_t *entry, const struct object_section *in)
{
	uint64_t info = object_number(entry + 8, 8);
	struct relocation r = {.offset = object_number(entry, 8), .type = (uint32_t)info};

	if (in->index == to->section && !is_in_function(to, r.offset)) {
		return 0;
	}
	if (info >> 32 >= to->object.symbols ||
	    !object_symbol(&to->object, (uint32_t)(info >> 32), &r.symbol)) {
		return REFUSE(to, E_FORMAT, "a relocation in section %.*s names no symbol",
			      NAME_MAX, in->name);
	}
	r.target = object_section(&to->object, r.symbol.section);
	return in->index == to->section ? relocate_code(to, &r, in) : relocate_data(to, &r, in);
}

/* Those of one table, if it is about the function or its data. */
static int
relocate_section(struct code_image *to, const struct object_section *table)
{
	struct object_section in;
	int error = 0;

	if ((table->type != SECTION_REL && table->type != SECTION_RELA) ||
	    table->info >= to->object.sections ||
	    (table->info != to->section && !to->data_at[table->info])) {
		return 0;
	}
	in = object_section(&to->object, table->info);
	if (table->type == SECTION_RELA) {
		return REFUSE(to, E_UNSUPPORTED, "section %.*s has relocations with addends",
			      NAME_MAX, table->name);
	}
	for (uint64_t n = 0; !error && n < table->bytes / REL_BYTES; n++) {
		error = relocate(to, table->at + n * REL_BYTES, &in);
	}
	return error;
}

/* Calls within a section need no relocation. */
static int
refuse_calls(struct code_image *to)
{
	for (uint32_t at = 0; at < to->head.insns; at++) {
		const struct exo_insn *i = &to->insn[at];

		if (i->opcode == (BPF_JMP | BPF_CALL) && bpf_source(i) == 1) {
			to->refused_at = at;
			return REFUSE(
				to, E_UNSUPPORTED,
				"instruction %u calls another function of the file; nothing is "
				"called but helpers: make it static inline, always_inline",
				at);
		}
	}
	return 0;
}

/* Does r10 get into another register, or into memory? */
static bool
leaks_frame(const struct exo_insn *i)
{
	unsigned code = bpf_class(i->opcode);
	bool has_source = code == BPF_STX || (code >= BPF_ALU && i->opcode & BPF_X);

	return has_source && bpf_source(i) == BPF_FRAME;
}

/* How much stack: as far as it is reached below r10; all there is where r10 is handed on, for then
 * nobody knows. 0 where it is not used, which makes a run cheaper. */
static uint32_t
stack_bytes(const struct code_image *to)
{
	int32_t most = 0;

	for (uint32_t at = 0; at < to->head.insns; at++) {
		const struct exo_insn *i = &to->insn[at];
		unsigned code = bpf_class(i->opcode);
		unsigned base = code == BPF_LDX ? bpf_source(i) : bpf_destination(i);

		if (code == BPF_LD) {
			at++;
			continue;
		}
		if (leaks_frame(i)) {
			return EXO_CODE_STACK_MAX;
		}
		if (code <= BPF_STX && base == BPF_FRAME && -i->offset > most) {
			most = -i->offset;
		}
	}
	most = most < EXO_CODE_STACK_MAX ? most : EXO_CODE_STACK_MAX;
	return (uint32_t)align_up_u64((uint32_t)most, 8);
}

static int
relocate_all(struct code_image *to)
{
	int error = 0;

	for (uint32_t n = 1; !error && n < to->object.sections; n++) {
		struct object_section table = object_section(&to->object, n);

		error = relocate_section(to, &table);
	}
	return error;
}

int
code_image(struct code_image *to, const void *file, size_t bytes, const char *function,
	   uint32_t code_class)
{
	struct object_symbol f = {0};
	int error;

	memset(to, 0, sizeof(*to));
	to->refused_at = UINT32_MAX;
	to->head.magic = EXO_CODE_MAGIC;
	to->head.code_class = code_class;
	error = object_open(&to->object, file, bytes);
	error = error ? error : find_function(to, function, &f);
	error = error ? error : take_function(to, &f);
	error = error ? error : take_data(to);
	error = error ? error : relocate_all(to);
	error = error ? error : refuse_calls(to);
	to->head.stack_bytes = stack_bytes(to);
	return error;
}

size_t
code_flatten(const struct code_image *image, void *to)
{
	size_t insns = image->head.insns * INSN_BYTES;
	uint8_t *at = to;

	memcpy(at, &image->head, sizeof(image->head));
	memcpy(at + sizeof(image->head), image->insn, insns);
	memcpy(at + sizeof(image->head) + insns, image->data, image->head.data_bytes);
	return sizeof(image->head) + insns + image->head.data_bytes;
}
