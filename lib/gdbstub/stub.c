/* SPDX-License-Identifier: MIT
 * stub.c: the session: what comes in, what goes out, when the target runs; see stub.h.
 *
 * Each packet is acknowledged in the same piece as its answer, so that others who write to the line
 * do not get in between. Whatever ends a run takes the breakpoints of a step out first, so that gdb
 * sees only its own. Invariant: the target runs only while `runs`.
 */
#include "lib/gdbstub/stub.h"

#include "lib/base/string.h"
#include "lib/gdbstub/parts.h"
#include "lib/gdbstub/step.h"

static void
send(struct gdb_stub *s)
{
	char text[PACKET_BYTES];
	uint32_t bytes = s->owes_ack;

	text[0] = '+';
	memcpy(text + bytes, s->frame, s->frame_bytes);
	s->target->send(s->context, text, bytes + s->frame_bytes);
	s->owes_ack = false;
}

/* What stands in `out`. */
static void
reply(struct gdb_stub *s)
{
	s->frame_bytes = (uint32_t)packet_frame(&s->out, s->frame);
	send(s);
}

void
gdb_open(struct gdb_stub *s, const struct gdb_target *target, void *context)
{
	*s = (struct gdb_stub){
		.target = target,
		.context = context,
		.breaks = {.target = target, .context = context},
		.why = target->why(context),
	};
	s->is_over = !target->load(context, &s->registers);
}

void
gdb_tell_why(struct gdb_stub *s)
{
	static const char kinds[] = {
		[GDB_RUNS] = 'S', [GDB_STANDS] = 'S', [GDB_EXITED] = 'W', [GDB_DIED] = 'X'};

	packet_char(&s->out, kinds[s->why.state]);
	packet_number(&s->out, s->why.value, 2);
}

static bool
fetch(void *context, uint64_t address, uint16_t *parcel)
{
	struct gdb_stub *s = context;

	return breaks_read(&s->breaks, address, parcel, 2) == 2;
}

/* Breakpoints where the instruction at pc may go. */
static bool
plan_step(struct gdb_stub *s)
{
	uint64_t place[STEP_PLACES];
	uint32_t count = step_places(fetch, s, s->registers.pc, s->registers.x, place);
	uint64_t other = s->target->place(s->context, &s->registers);
	bool fits = count > 0;

	if (other) {
		place[0] = other;
	}

	for (uint32_t i = 0; i < count && fits; i++) {
		fits = breaks_add(&s->breaks, place[i], BREAK_STEP);
	}
	if (!fits) {
		breaks_remove_all(&s->breaks, BREAK_STEP);
	}
	return fits;
}

bool
gdb_run(struct gdb_stub *s, bool steps, uint8_t signal)
{
	if (steps && !plan_step(s)) {
		return false;
	}
	s->runs = true;
	s->target->go(s->context, signal);
	return true;
}

void
gdb_kill(struct gdb_stub *s)
{
	gdb_close(s);
	s->target->kill(s->context);
}

void
gdb_close(struct gdb_stub *s)
{
	breaks_remove_all(&s->breaks, BREAK_GDB | BREAK_STEP);
	s->is_over = true;
}

/* It stands, and that is to be told. False if it goes on instead. */
static bool
has_stopped(struct gdb_stub *s)
{
	bool is_passed = s->why.state == GDB_STANDS && s->why.value != GDB_TRAP &&
			 s->why.value != GDB_INTERRUPT && s->why.value < 64 &&
			 s->passed >> s->why.value & 1;

	if (is_passed) {
		s->target->go(s->context, s->why.value);
		return false;
	}
	return true;
}

void
gdb_look(struct gdb_stub *s)
{
	if (s->is_over || !s->runs) {
		return;
	}
	s->why = s->target->why(s->context);
	if (s->why.state == GDB_RUNS || !has_stopped(s)) {
		return;
	}
	s->runs = false;
	if (s->why.state == GDB_STANDS && s->target->load(s->context, &s->registers)) {
		breaks_remove_all(&s->breaks, BREAK_STEP);
	} else {
		s->is_over = true;
	}
	s->out.length = 0;
	gdb_tell_why(s);
	reply(s);
}

/* While it runs, only a wish to stop it makes sense. */
static void
take_packet(struct gdb_stub *s)
{
	s->owes_ack = true;
	s->is_quiet = s->runs;
	s->out.length = 0;
	if (!s->runs) {
		gdb_command(s);
	}
	if (!s->is_quiet) {
		reply(s);
	} else if (s->owes_ack) {
		s->frame_bytes = 0;
		send(s);
	}
}

static void
leave(struct gdb_stub *s)
{
	if (s->runs) {
		s->target->halt(s->context);
	}
	gdb_close(s);
}

void
gdb_put(struct gdb_stub *s, char c)
{
	enum packet_event event = packet_put(&s->in, c);

	if (s->is_over) {
		return;
	}
	switch (event) {
	case PACKET_GOOD:
		take_packet(s);
		break;
	case PACKET_DAMAGED:
		s->target->send(s->context, "-", 1);
		break;
	case PACKET_AGAIN:
		if (s->frame_bytes) {
			send(s);
		}
		break;
	case PACKET_INTERRUPT:
		if (s->runs) {
			s->target->halt(s->context);
		}
		break;
	case PACKET_END:
		leave(s);
		break;
	default:
		break;
	}
}
