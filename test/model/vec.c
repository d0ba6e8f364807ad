/* SPDX-License-Identifier: MIT
 * vec.c: the lines of a vector file around its instructions.
 */
#include "test/model/vec.h"

#include <string.h>

static const struct {
	const char *name;
	uint32_t nr;
} classes[] =
	{
#define CODE_CLASS(number, word, fuel) {#word, number},
#include <exo/code.def>
},
  refusals[] = {
#define CODE_REFUSAL(number, word, sentence) {#word, number},
#include <exo/code.def>
};

void
vec_open(struct vec *v, const char *text, size_t bytes)
{
	memset(v, 0, sizeof(*v));
	v->at = text;
	v->end = text + bytes;
}

static const char *
line_end(const struct vec *v)
{
	const char *end = memchr(v->at, '\n', (size_t)(v->end - v->at));

	return end ? end : v->end;
}

/* Takes the next line that says something apart, without going past it. */
static bool
peek(struct vec *v)
{
	for (; v->at < v->end; v->line++) {
		const char *end = line_end(v);

		if (!vec_split(&v->words, v->at, end)) {
			v->wrong = "the line is too long";
			return false;
		}
		if (v->words.count) {
			return true;
		}
		v->at = end == v->end ? end : end + 1;
	}
	return false;
}

static void
pass(struct vec *v)
{
	const char *end = line_end(v);

	v->at = end == v->end ? end : end + 1;
	v->line++;
}

static bool
is(const struct vec *v, uint32_t n, const char *word)
{
	return n < v->words.count && !strcmp(v->words.word[n], word);
}

static bool
number(const struct vec *v, uint32_t n, uint64_t *value)
{
	return n < v->words.count && vec_number(v->words.word[n], value);
}

/* Two hexadecimal digits. */
static bool
parse_byte(const char *word, uint8_t *byte)
{
	char text[5] = {'0', 'x', word[0], word[0] ? word[1] : 0, 0};
	uint64_t value;

	if (strlen(word) != 2 || !vec_number(text, &value)) {
		return false;
	}
	*byte = (uint8_t)value;
	return true;
}

/* From word n on: bytes, or `zeros N`. */
static bool
parse_bytes(const struct vec *v, uint32_t n, uint8_t *to, uint32_t *bytes)
{
	uint64_t zeros;

	memset(to, 0, VEC_MEMORY_MAX);
	if (is(v, n, "zeros")) {
		*bytes = number(v, n + 1, &zeros) ? (uint32_t)zeros : VEC_MEMORY_MAX + 1;
		return *bytes <= VEC_MEMORY_MAX;
	}
	for (*bytes = 0; n < v->words.count; n++) {
		if (!parse_byte(v->words.word[n], &to[(*bytes)++])) {
			return false;
		}
	}
	return true;
}

static void
begin_case(const struct vec *v, struct vec_case *c)
{
	size_t length = 0;

	memset(c, 0, sizeof(*c));
	for (uint32_t n = 1; n < v->words.count; n++) {
		size_t more = strlen(v->words.word[n]);

		if (length + more + 2 < sizeof(c->name)) {
			memcpy(c->name + length, v->words.word[n], more);
			length += more;
			c->name[length++] = ' ';
		}
	}
	c->name[length ? length - 1 : 0] = 0;
	c->code_class = EXO_CODE_handler;
	c->stack_bytes = EXO_CODE_STACK_MAX;
}

static const char *
parse_class(const struct vec *v, struct vec_case *c)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (is(v, 1, classes[i].name)) {
			c->code_class = classes[i].nr;
			return NULL;
		}
	}
	return "there is no such class";
}

/* What stands before the runs of a program, other than its instructions. */
static const char *
parse_setting(const struct vec *v, struct vec_case *c)
{
	uint32_t region = vec_region(v->words.word[0]);
	uint64_t value;

	if (is(v, 0, "class")) {
		return parse_class(v, c);
	}
	if (region == EXO_REGION_STACK) {
		c->stack_bytes = number(v, 1, &value) ? (uint32_t)value : UINT32_MAX;
		return c->stack_bytes <= VEC_MEMORY_MAX ? NULL : "no such number of bytes";
	}
	return parse_bytes(v, 1, c->memory[region], &c->bytes[region])
		       ? NULL
		       : "what is wanted are bytes, each of two digits, or: zeros N";
}

/* `run A B C D E`, of which the last may be left out, up to word *n. */
static bool
parse_arguments(const struct vec *v, uint32_t *n, uint64_t *argument)
{
	memset(argument, 0, 5 * sizeof(*argument));
	for (uint32_t i = 0; i < 5 && number(v, *n, &argument[i]); i++) {
		++*n;
	}
	return *n < v->words.count;
}

static const char *
parse_run(const struct vec *v, struct vec_case *c)
{
	uint32_t n = 1;
	uint64_t value;

	if (!parse_arguments(v, &n, c->argument)) {
		return "the run has no result";
	}
	c->end = is(v, n, "faults")    ? VEC_FAULTS
		 : is(v, n, "starves") ? VEC_STARVES
		 : is(v, n, "fails")   ? VEC_FAILS
				       : VEC_RESULT;
	if (c->end == VEC_RESULT && (!is(v, n, "=") || !number(v, ++n, &c->result))) {
		return "a run ends with `= NUMBER`, `faults`, `starves` or `fails`";
	}
	n++;
	c->wants_used = is(v, n, "used");
	if (c->wants_used) {
		if (!number(v, n + 1, &value)) {
			return "no number of units of fuel";
		}
		c->used = (uint32_t)value;
		n += 2;
	}
	return n == v->words.count ? NULL : "there is something behind the run";
}

static const char *
parse_refused(const struct vec *v, struct vec_case *c)
{
	uint64_t at;

	c->end = VEC_REFUSED;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (is(v, 1, refusals[i].name) && is(v, 2, "at") && number(v, 3, &at)) {
			c->refusal = refusals[i].nr;
			c->refused_at = (uint32_t)at;
			return NULL;
		}
	}
	return "what is wanted is: refused REASON at INSTRUCTION";
}

/* `then REGION BYTES` */
static const char *
parse_then(const struct vec *v, struct vec_case *c)
{
	uint32_t region = v->words.count > 1 ? vec_region(v->words.word[1]) : 0;
	uint32_t bytes;

	if (!region || !parse_bytes(v, 2, c->after[region], &bytes)) {
		return "what is wanted is: then REGION BYTES";
	}
	c->wants_stack |= region == EXO_REGION_STACK;
	return bytes == (region == EXO_REGION_STACK ? c->stack_bytes : c->bytes[region])
		       ? NULL
		       : "the region has another size";
}

/* `calls NR (A B C D E) = N` or `fails`, and `costs N` */
static const char *
parse_calls(const struct vec *v, struct vec_case *c)
{
	struct vec_call *call = &c->call[c->calls];
	uint64_t argument[5];
	uint64_t nr;
	uint32_t n = 2;

	if (c->calls == VEC_CALLS_MAX || !number(v, 1, &nr) || !parse_arguments(v, &n, argument)) {
		return "what is wanted is: calls NR (A B C D E) = N";
	}
	*call = (struct vec_call){.nr = (uint32_t)nr, .fails = is(v, n, "fails")};
	memcpy(call->argument, argument, sizeof(argument));
	c->calls++;
	n += call->fails ? 1 : 2;
	if (!call->fails && (!is(v, n - 2, "=") || !number(v, n - 1, &call->gives))) {
		return "the helper has no result";
	}
	if (is(v, n, "costs") && number(v, n + 1, &call->costs)) {
		n += 2;
	}
	return n == v->words.count ? NULL : "there is something behind the call";
}

/* A line before a run. */
static const char *
parse_line(struct vec *v, struct vec_case *c)
{
	if (is(v, 0, "case")) {
		begin_case(v, c);
		v->program.insns = v->program.labels = v->program.jumps = 0;
		return NULL;
	}
	return is(v, 0, "class") || vec_region(v->words.word[0])
		       ? parse_setting(v, c)
		       : vec_assemble(&v->program, &v->words);
}

static const char *
begin_run(struct vec *v, struct vec_case *c)
{
	const char *wrong = vec_assembled(&v->program);

	if (wrong) {
		return wrong;
	}
	c->insn = v->program.insn;
	c->insns = v->program.insns;
	c->bytes[EXO_REGION_STACK] = c->stack_bytes;
	memcpy(c->after, c->memory, sizeof(c->after));
	c->calls = c->refusal = c->refused_at = c->used = 0;
	c->wants_stack = c->wants_used = false;
	c->line = v->line + 1;
	return is(v, 0, "run") ? parse_run(v, c) : parse_refused(v, c);
}

static int
fail(struct vec *v, const char *wrong)
{
	v->wrong = wrong;
	v->line++;
	return -1;
}

/* The lines that belong to the run before them. */
static int
finish_run(struct vec *v, struct vec_case *c)
{
	while (peek(v) && (is(v, 0, "then") || is(v, 0, "calls"))) {
		const char *wrong = is(v, 0, "then") ? parse_then(v, c) : parse_calls(v, c);

		if (wrong) {
			return fail(v, wrong);
		}
		pass(v);
	}
	return 1;
}

int
vec_next(struct vec *v, struct vec_case *c)
{
	while (peek(v)) {
		bool is_run = is(v, 0, "run") || is(v, 0, "refused");
		const char *wrong = is_run ? begin_run(v, c) : parse_line(v, c);

		if (wrong) {
			return fail(v, wrong);
		}
		pass(v);
		if (is_run) {
			return finish_run(v, c);
		}
	}
	return v->wrong ? fail(v, v->wrong) : 0;
}
