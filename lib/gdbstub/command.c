/* SPDX-License-Identifier: MIT
 * command.c: what each packet of gdb asks for, and its answer: gdb manual, "Packets", "General
 * Query Packets", "Stop Reply Packets". What is not known is answered with nothing, as the manual
 * wants it. Pure; called while the target stands.
 */
#include "lib/base/string.h"
#include "lib/gdbstub/parts.h"

#define MEMORY_MOST (PACKET_TEXT / 2)

/* As in errno.h; gdb only prints them. */
#define BAD_ADDRESS "E0e"
#define BAD_WORD    "E16"

static void
answer(struct gdb_stub *s, const char *text)
{
	packet_text(&s->out, text);
}

static void
command_registers(struct gdb_stub *s)
{
	for (uint64_t i = 0; i < REGISTERS_WHOLE; i++) {
		uint64_t value = gdb_register_get(&s->registers, i);

		packet_memory(&s->out, &value, 8);
	}
}

/* p N */
static void
command_register(struct gdb_stub *s, const char *text)
{
	uint64_t number;
	uint64_t value;

	if (!packet_take_number(&text, &number) || *text || !gdb_register_bytes(number)) {
		answer(s, BAD_WORD);
		return;
	}
	value = gdb_register_get(&s->registers, number);
	packet_memory(&s->out, &value, gdb_register_bytes(number));
}

/* P N=VALUE */
static void
command_set_register(struct gdb_stub *s, const char *text)
{
	uint64_t value = 0;
	uint64_t number;

	if (!packet_take_number(&text, &number) || !packet_take(&text, '=') ||
	    !gdb_register_bytes(number) ||
	    !packet_take_memory(text, &value, gdb_register_bytes(number))) {
		answer(s, BAD_WORD);
		return;
	}
	gdb_register_set(&s->registers, number, value);
	answer(s, s->target->store(s->context, &s->registers) ? "OK" : BAD_WORD);
}

/* ADDRESS,BYTES */
static bool
take_range(const char **text, uint64_t *address, uint64_t *bytes)
{
	return packet_take_number(text, address) && packet_take(text, ',') &&
	       packet_take_number(text, bytes);
}

/* m ADDRESS,BYTES: as many as there are and fit, but one at least. */
static void
command_memory(struct gdb_stub *s, const char *text)
{
	uint8_t memory[MEMORY_MOST];
	uint64_t address;
	uint64_t bytes;
	uint64_t done = 0;

	if (!take_range(&text, &address, &bytes) || *text) {
		answer(s, BAD_WORD);
		return;
	}
	bytes = bytes < MEMORY_MOST ? bytes : MEMORY_MOST;
	while (done < bytes) {
		int64_t n = breaks_read(&s->breaks, address + done, memory + done, bytes - done);

		if (n <= 0) {
			break;
		}
		done += (uint64_t)n;
	}
	if (bytes && !done) {
		answer(s, BAD_ADDRESS);
	}
	packet_memory(&s->out, memory, done);
}

/* M ADDRESS,BYTES:VALUES */
static void
command_set_memory(struct gdb_stub *s, const char *text)
{
	uint8_t memory[MEMORY_MOST];
	uint64_t address;
	uint64_t bytes;
	uint64_t done = 0;

	if (!take_range(&text, &address, &bytes) || !packet_take(&text, ':') ||
	    bytes > sizeof(memory) || !packet_take_memory(text, memory, bytes)) {
		answer(s, BAD_WORD);
		return;
	}
	while (done < bytes) {
		int64_t n = breaks_write(&s->breaks, address + done, memory + done, bytes - done);

		if (n <= 0) {
			answer(s, BAD_ADDRESS);
			return;
		}
		done += (uint64_t)n;
	}
	answer(s, "OK");
}

/* Z0,ADDRESS,KIND and z0: of the kinds of breakpoints only those in memory. */
static void
command_break(struct gdb_stub *s, const char *text, bool adds)
{
	uint64_t address;
	uint64_t kind;

	if (!packet_take(&text, '0')) {
		return;
	}
	if (!packet_take(&text, ',') || !take_range(&text, &address, &kind)) {
		answer(s, BAD_WORD);
		return;
	}
	if (!adds) {
		breaks_remove(&s->breaks, address, BREAK_GDB);
	} else if (!breaks_add(&s->breaks, address, BREAK_GDB)) {
		answer(s, BAD_ADDRESS);
		return;
	}
	answer(s, "OK");
}

/* c, s [ADDRESS]; C, S SIGNAL[;ADDRESS] */
static void
command_run(struct gdb_stub *s, bool steps, bool has_signal, const char *text)
{
	uint64_t signal = GDB_NONE;
	uint64_t pc;

	if (has_signal && !packet_take_number(&text, &signal)) {
		answer(s, BAD_WORD);
		return;
	}
	packet_take(&text, ';');
	if (packet_take_number(&text, &pc)) {
		s->registers.pc = pc;
		s->target->store(s->context, &s->registers);
	}
	if (gdb_run(s, steps, (uint8_t)signal)) {
		s->is_quiet = true;
	} else {
		answer(s, BAD_ADDRESS);
	}
}

/* vCont;ACTION[:THREAD]...: there is one thread, so the first action is it. */
static void
command_cont(struct gdb_stub *s, const char *text)
{
	char what = text[0] == ';' ? text[1] : 0;
	uint64_t signal = GDB_NONE;

	text += what ? 2 : 0;
	if ((what == 'C' || what == 'S') && !packet_take_number(&text, &signal)) {
		answer(s, BAD_WORD);
		return;
	}
	switch (what) {
	case 'c':
	case 'C':
	case 's':
	case 'S':
		s->is_quiet = gdb_run(s, what == 's' || what == 'S', (uint8_t)signal);
		answer(s, s->is_quiet ? "" : BAD_ADDRESS);
		break;
	default:
		answer(s, BAD_WORD);
		break;
	}
}

/* What of `text` is behind `word`, or NULL. */
static const char *
behind(const char *text, const char *word)
{
	size_t bytes = strlen(word);

	return strncmp(text, word, bytes) ? NULL : text + bytes;
}

static void
command_v(struct gdb_stub *s, const char *text)
{
	const char *rest;

	if (!strcmp(text, "Cont?")) {
		answer(s, "vCont;c;C;s;S");
	} else if ((rest = behind(text, "Cont"))) {
		command_cont(s, rest);
	} else if (behind(text, "Kill")) {
		gdb_kill(s);
		answer(s, "OK");
	}
}

/* qXfer:features:read:target.xml:OFFSET,BYTES */
static void
query_description(struct gdb_stub *s, const char *text)
{
	uint64_t at;
	uint64_t bytes;
	char c;

	if (!take_range(&text, &at, &bytes)) {
		answer(s, BAD_WORD);
		return;
	}
	bytes = bytes < PACKET_TEXT - 1 ? bytes : PACKET_TEXT - 1;
	packet_char(&s->out, at + bytes < at || !gdb_register_description(at + bytes) ? 'l' : 'm');
	for (; bytes && (c = gdb_register_description(at)) != 0; at++, bytes--) {
		packet_char(&s->out, c);
	}
}

static void
query(struct gdb_stub *s, const char *text)
{
	const char *rest = behind(text, "Xfer:features:read:target.xml:");

	if (rest) {
		query_description(s, rest);
	} else if (behind(text, "Supported")) {
		answer(s, "PacketSize=");
		packet_number(&s->out, PACKET_TEXT, 2);
		answer(s, ";qXfer:features:read+;vContSupported+;QPassSignals+");
	} else if (!strcmp(text, "fThreadInfo")) {
		answer(s, "m1");
	} else if (!strcmp(text, "sThreadInfo")) {
		answer(s, "l");
	} else if (!strcmp(text, "C")) {
		answer(s, "QC1");
	} else if (behind(text, "Attached")) {
		answer(s, "1");
	}
}

/* QPassSignals:SIGNAL;SIGNAL... */
static void
set(struct gdb_stub *s, const char *text)
{
	const char *at = behind(text, "PassSignals:");
	uint64_t signal;

	if (!at) {
		return;
	}
	s->passed = 0;
	while (packet_take_number(&at, &signal)) {
		s->passed |= signal < 64 ? 1ul << signal : 0;
		packet_take(&at, ';');
	}
	answer(s, "OK");
}

static void
command_rest(struct gdb_stub *s, const char *text)
{
	switch (*text) {
	case 'q':
		query(s, text + 1);
		break;
	case 'Q':
		set(s, text + 1);
		break;
	case 'v':
		command_v(s, text + 1);
		break;
	case 'H':
	case 'T':
		answer(s, "OK");
		break;
	case 'D':
		gdb_close(s);
		answer(s, "OK");
		break;
	case 'k':
		gdb_kill(s);
		s->is_quiet = true;
		break;
	default:
		break;
	}
}

void
gdb_command(struct gdb_stub *s)
{
	const char *text = s->in.text;

	switch (*text) {
	case '?':
		gdb_tell_why(s);
		break;
	case 'g':
		command_registers(s);
		break;
	case 'p':
		command_register(s, text + 1);
		break;
	case 'P':
		command_set_register(s, text + 1);
		break;
	case 'm':
		command_memory(s, text + 1);
		break;
	case 'M':
		command_set_memory(s, text + 1);
		break;
	case 'Z':
	case 'z':
		command_break(s, text + 1, *text == 'Z');
		break;
	case 'c':
	case 'C':
	case 's':
	case 'S':
		command_run(s, *text == 's' || *text == 'S', *text == 'C' || *text == 'S',
			    text + 1);
		break;
	default:
		command_rest(s, text);
		break;
	}
}
