/* SPDX-License-Identifier: MIT
 * vec_asm.c: BPF instructions from text. What RFC 9669 calls them, in test/vectors/README.md.
 *
 * It assembles whatever can be encoded, also what no verifier may accept: `raw` has every bit.
 */
#include "test/model/vec_asm.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/bpf.h"

struct name {
	char name[8];
	uint8_t code;
	int16_t offset;
};

static const struct name alu[] = {
	{"add", BPF_ADD, 0},    {"sub", BPF_SUB, 0},    {"mul", BPF_MUL, 0},   {"div", BPF_DIV, 0},
	{"sdiv", BPF_DIV, 1},   {"or", BPF_OR, 0},      {"and", BPF_AND, 0},   {"lsh", BPF_LSH, 0},
	{"rsh", BPF_RSH, 0},    {"neg", BPF_NEG, 0},    {"mod", BPF_MOD, 0},   {"smod", BPF_MOD, 1},
	{"xor", BPF_XOR, 0},    {"mov", BPF_MOV, 0},    {"arsh", BPF_ARSH, 0}, {"mov8", BPF_MOV, 8},
	{"mov16", BPF_MOV, 16}, {"mov32", BPF_MOV, 32},
};

static const struct name jumps[] = {
	{"jeq", BPF_JEQ, 0}, {"jgt", BPF_JGT, 0},   {"jge", BPF_JGE, 0},   {"jset", BPF_JSET, 0},
	{"jne", BPF_JNE, 0}, {"jsgt", BPF_JSGT, 0}, {"jsge", BPF_JSGE, 0}, {"jlt", BPF_JLT, 0},
	{"jle", BPF_JLE, 0}, {"jslt", BPF_JSLT, 0}, {"jsle", BPF_JSLE, 0},
};

/* The offset is the number of bits, of those that swap. */
static const struct name swaps[] = {
	{"le16", BPF_ALU | BPF_END, 16},         {"le32", BPF_ALU | BPF_END, 32},
	{"le64", BPF_ALU | BPF_END, 64},         {"be16", BPF_ALU | BPF_END | BPF_X, 16},
	{"be32", BPF_ALU | BPF_END | BPF_X, 32}, {"be64", BPF_ALU | BPF_END | BPF_X, 64},
	{"swap16", BPF_ALU64 | BPF_END, 16},     {"swap32", BPF_ALU64 | BPF_END, 32},
	{"swap64", BPF_ALU64 | BPF_END, 64},
};

static const struct name memory[] = {
	{"ld8", BPF_LDX | BPF_MEM | BPF_B, 0},     {"ld16", BPF_LDX | BPF_MEM | BPF_H, 0},
	{"ld32", BPF_LDX | BPF_MEM | BPF_W, 0},    {"ld64", BPF_LDX | BPF_MEM | BPF_DW, 0},
	{"lds8", BPF_LDX | BPF_MEMSX | BPF_B, 0},  {"lds16", BPF_LDX | BPF_MEMSX | BPF_H, 0},
	{"lds32", BPF_LDX | BPF_MEMSX | BPF_W, 0}, {"st8", BPF_STX | BPF_MEM | BPF_B, 0},
	{"st16", BPF_STX | BPF_MEM | BPF_H, 0},    {"st32", BPF_STX | BPF_MEM | BPF_W, 0},
	{"st64", BPF_STX | BPF_MEM | BPF_DW, 0},
};

static const struct name *
find(const struct name *table, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(table[i].name, word)) {
			return &table[i];
		}
	}
	return NULL;
}
#define FIND(table, word) find(table, sizeof(table) / sizeof((table)[0]), word)

/* Constants are 32 bits; those with the highest bit may be written as -1 or as 0xffffffff. */
static bool
parse_imm(const char *word, int32_t *imm)
{
	uint64_t value;

	if (!word || !vec_number(word, &value) ||
	    (value > UINT32_MAX && value < (uint64_t)INT32_MIN)) {
		return false;
	}
	*imm = (int32_t)(uint32_t)value;
	return true;
}

/* rN, or wN for the low half of it. */
static bool
parse_register(const char *word, char kind, unsigned *number)
{
	uint64_t value;

	if (!word || word[0] != kind || !vec_digits(word + 1, &value) || value > 15) {
		return false;
	}
	*number = (unsigned)value;
	return true;
}

static void
set_registers(struct exo_insn *i, unsigned destination, unsigned source)
{
	i->registers = (uint8_t)(destination | source << 4);
}

/* The second operand: a register of the same kind, or a constant. */
static const char *
parse_operand(struct exo_insn *i, const char *word, char kind, unsigned destination)
{
	unsigned source = 0;

	if (parse_register(word, kind, &source)) {
		i->opcode |= BPF_X;
	} else if (!parse_imm(word, &i->imm)) {
		return "the second operand is neither such a register nor a constant of 32 bits";
	}
	set_registers(i, destination, source);
	return NULL;
}

static const char *
parse_alu(struct exo_insn *i, const struct vec_words *w, const struct name *n)
{
	char kind = w->count > 1 ? w->word[1][0] : 0;
	unsigned destination;

	if ((kind != 'r' && kind != 'w') || !parse_register(w->word[1], kind, &destination)) {
		return "the first operand is no register";
	}
	i->opcode = (uint8_t)(n->code | (kind == 'r' ? BPF_ALU64 : BPF_ALU));
	i->offset = n->offset;
	if (n->code == BPF_NEG) {
		set_registers(i, destination, 0);
		return NULL;
	}
	return parse_operand(i, w->word[2], kind, destination);
}

/* Where a jump goes: +n, -n instructions from the next one, or a label. */
static const char *
parse_target(struct vec_asm *a, struct exo_insn *i, const char *word)
{
	bool is_long = i->opcode == (BPF_JMP32 | BPF_JA);
	struct vec_label *jump = &a->jump[a->jumps];
	int32_t distance;

	if (!word) {
		return "the jump has no target";
	}
	if ((*word == '+' || *word == '-') && parse_imm(word, &distance)) {
		i->offset = is_long ? 0 : (int16_t)distance;
		i->imm = is_long ? distance : i->imm;
		return NULL;
	}
	if (a->jumps == VEC_LABELS_MAX || strlen(word) >= sizeof(jump->name)) {
		return "too many jumps, or too long a name";
	}
	memcpy(jump->name, word, strlen(word) + 1);
	jump->at = a->insns;
	a->jumps++;
	return NULL;
}

static const char *
parse_jump(struct vec_asm *a, struct exo_insn *i, const struct vec_words *w, const struct name *n)
{
	char kind = w->count > 1 ? w->word[1][0] : 0;
	unsigned destination;
	const char *wrong;

	if ((kind != 'r' && kind != 'w') || !parse_register(w->word[1], kind, &destination)) {
		return "the first operand is no register";
	}
	i->opcode = (uint8_t)(n->code | (kind == 'r' ? BPF_JMP : BPF_JMP32));
	wrong = parse_operand(i, w->word[2], kind, destination);
	return wrong ? wrong : parse_target(a, i, w->word[2] ? w->word[3] : NULL);
}

/* rN+d or rN-d. */
static bool
parse_place(const char *word, unsigned *base, int16_t *offset)
{
	char name[4] = "";
	size_t length = word ? strcspn(word, "+-") : 0;
	int32_t displacement = 0;

	if (!length || length >= sizeof(name)) {
		return false;
	}
	memcpy(name, word, length);
	if (word[length] && !parse_imm(word + length, &displacement)) {
		return false;
	}
	*offset = (int16_t)displacement;
	return *offset == displacement && parse_register(name, 'r', base);
}

static const char *
parse_memory(struct exo_insn *i, const struct vec_words *w, const struct name *n)
{
	bool is_load = bpf_class(n->code) == BPF_LDX;
	const char *place = w->count > 2 ? w->word[is_load ? 2 : 1] : NULL;
	const char *value = place ? w->word[is_load ? 1 : 2] : NULL;
	unsigned base, other = 0;

	i->opcode = n->code;
	if (!parse_place(place, &base, &i->offset)) {
		return "the place in memory is no [rN+d]";
	}
	if (!parse_register(value, 'r', &other)) {
		i->opcode = (uint8_t)((n->code & ~7) | BPF_ST);
		if (is_load || !parse_imm(value, &i->imm)) {
			return "what is loaded or stored is no register";
		}
	}
	set_registers(i, is_load ? other : base, is_load ? base : other);
	return NULL;
}

static const char *
parse_swap(struct exo_insn *i, const struct vec_words *w, const struct name *n)
{
	unsigned destination;

	if (!parse_register(w->word[1], 'r', &destination)) {
		return "the operand is no register";
	}
	*i = (struct exo_insn){n->code, (uint8_t)destination, 0, n->offset};
	return NULL;
}

static const char *
parse_constant(struct vec_asm *a, struct exo_insn *i, const struct vec_words *w)
{
	unsigned destination;
	uint64_t value;

	if (w->count < 3 || !parse_register(w->word[1], 'r', &destination) ||
	    !vec_number(w->word[2], &value) || a->insns + 1 == VEC_INSNS_MAX) {
		return "what is wanted is: lddw rN, number";
	}
	*i = (struct exo_insn){BPF_LD | BPF_IMM | BPF_DW, (uint8_t)destination, 0,
			       (int32_t)(uint32_t)value};
	i[1] = (struct exo_insn){.imm = (int32_t)(value >> 32)};
	a->insns++;
	return NULL;
}

/* Every bit: opcode, registers, offset, constant. */
static const char *
parse_raw(struct exo_insn *i, const struct vec_words *w)
{
	uint64_t value[3];

	for (unsigned n = 0; n < 3; n++) {
		if (w->count != 5 || !vec_number(w->word[n + 1], &value[n])) {
			return "what is wanted is: raw opcode registers offset constant";
		}
	}
	i->opcode = (uint8_t)value[0];
	i->registers = (uint8_t)value[1];
	i->offset = (int16_t)value[2];
	return parse_imm(w->word[4], &i->imm) ? NULL : "no constant of 32 bits";
}

static bool
parse_helper(const char *word, int32_t *nr)
{
	static const struct {
		const char *name;
		int32_t nr;
	} helper[] = {
#define CODE_HELPER(number, word, fuel, classes) {#word, number},
#include <exo/code.def>
	};

	for (size_t i = 0; word && i < sizeof(helper) / sizeof(helper[0]); i++) {
		if (!strcmp(helper[i].name, word)) {
			*nr = helper[i].nr;
			return true;
		}
	}
	return parse_imm(word, nr);
}

/* `wrong`, or that there are more than `count` operands. */
static const char *
operands(const struct vec_words *w, uint32_t count, const char *wrong)
{
	return wrong ? wrong : w->count > count + 1 ? "there are too many operands" : NULL;
}

static const char *
parse_control(struct vec_asm *a, struct exo_insn *i, const struct vec_words *w)
{
	const char *word = w->word[0];

	if (!strcmp(word, "exit")) {
		i->opcode = BPF_JMP | BPF_EXIT;
		return operands(w, 0, NULL);
	}
	if (!strcmp(word, "call")) {
		i->opcode = BPF_JMP | BPF_CALL;
		return parse_helper(w->word[1], &i->imm) ? operands(w, 1, NULL)
							 : "there is no such helper";
	}
	if (strcmp(word, "ja") && strcmp(word, "gotol")) {
		return "there is no such instruction";
	}
	i->opcode = *word == 'j' ? BPF_JMP | BPF_JA : BPF_JMP32 | BPF_JA;
	return operands(w, 1, parse_target(a, i, w->word[1]));
}

static const char *
parse_insn(struct vec_asm *a, struct exo_insn *i, const struct vec_words *w)
{
	const char *word = w->word[0];
	const struct name *n;

	if ((n = FIND(alu, word))) {
		return operands(w, n->code == BPF_NEG ? 1 : 2, parse_alu(i, w, n));
	}
	if ((n = FIND(jumps, word))) {
		return operands(w, 3, parse_jump(a, i, w, n));
	}
	if ((n = FIND(memory, word))) {
		return operands(w, 2, parse_memory(i, w, n));
	}
	if ((n = FIND(swaps, word))) {
		return operands(w, 1, parse_swap(i, w, n));
	}
	if (!strcmp(word, "lddw")) {
		return operands(w, 2, parse_constant(a, i, w));
	}
	if (!strcmp(word, "raw")) {
		return operands(w, 4, parse_raw(i, w));
	}
	return parse_control(a, i, w);
}

static const char *
add_label(struct vec_asm *a, const char *name, size_t length)
{
	struct vec_label *label = &a->label[a->labels];

	if (a->labels == VEC_LABELS_MAX || length >= sizeof(label->name)) {
		return "too many labels, or too long a name";
	}
	memcpy(label->name, name, length);
	label->name[length] = 0;
	label->at = a->insns;
	a->labels++;
	return NULL;
}

static const char *
add_insn(struct vec_asm *a, const struct vec_words *w)
{
	const char *wrong;

	if (a->insns == VEC_INSNS_MAX) {
		return "the program is too long";
	}
	a->insn[a->insns] = (struct exo_insn){0};
	wrong = parse_insn(a, &a->insn[a->insns], w);
	a->insns++;
	return wrong;
}

/* `times N INSTRUCTION` */
static const char *
add_times(struct vec_asm *a, const struct vec_words *w)
{
	struct vec_words rest = {.count = w->count - 2};
	const char *wrong = NULL;
	uint64_t times;

	if (w->count < 3 || !vec_number(w->word[1], &times)) {
		return "what is wanted is: times N INSTRUCTION";
	}
	memcpy(rest.word, w->word + 2, (rest.count + 1) * sizeof(rest.word[0]));
	while (times-- && !wrong) {
		wrong = add_insn(a, &rest);
	}
	return wrong;
}

const char *
vec_assemble(struct vec_asm *a, const struct vec_words *w)
{
	size_t length = strlen(w->word[0]);

	if (w->word[0][length - 1] == ':') {
		return add_label(a, w->word[0], length - 1);
	}
	return strcmp(w->word[0], "times") ? add_insn(a, w) : add_times(a, w);
}

const char *
vec_assembled(struct vec_asm *a)
{
	for (uint32_t n = 0; n < a->jumps; n++) {
		struct exo_insn *i = &a->insn[a->jump[n].at];
		int32_t distance = INT32_MIN;

		for (uint32_t l = 0; l < a->labels; l++) {
			if (!strcmp(a->label[l].name, a->jump[n].name)) {
				distance = (int32_t)(a->label[l].at - a->jump[n].at - 1);
			}
		}
		if (distance == INT32_MIN) {
			return "a jump goes to a label that is not there";
		}
		if (i->opcode == (BPF_JMP32 | BPF_JA)) {
			i->imm = distance;
		} else {
			i->offset = (int16_t)distance;
		}
	}
	a->jumps = 0;
	return NULL;
}
