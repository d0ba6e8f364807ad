/* SPDX-License-Identifier: MIT
 * console.c: the console: output and input buffers between users and the device, and the kernel's
 * own messages.
 *
 * State: the device, two buffers, and who is told of input; guarded by the console lock, the
 * binding by the tree lock.
 * Invariants: head and tail run freely, tail - head <= size; nobody waits for the device but
 * kprint.
 * Callers: any context, interrupts off. Lock order: tree lock, then console lock.
 */
#include "kern/console.h"

#include <stdarg.h>

#include "kern/dev/uart.h"
#include "kern/lock.h"
#include "lib/base/print.h"

#define OUT_BYTES      4096u
#define IN_BYTES       1024u
#define WAIT_TICKS(hz) ((hz) / 10)

struct buffer {
	uint32_t head; /* taken */
	uint32_t tail; /* put */
};

static struct {
	struct lock lock;
	struct uart *uart;
	bool panicking;
	struct buffer out;
	struct buffer in;
	char out_text[OUT_BYTES];
	char in_text[IN_BYTES];
	struct env *listener;
	uint32_t listener_bit;
	const void *line_of; /* who has written a line that is not complete; NULL: nobody */
} console;

static void
lock(void)
{
	if (!console.panicking) {
		lock_acquire(&console.lock);
	}
}

static void
unlock(void)
{
	if (!console.panicking) {
		lock_release(&console.lock);
	}
}

static size_t
put_now(const char *text, size_t bytes)
{
	if (console.uart) {
		return console.uart->ops->put(console.uart, text, bytes);
	}
	for (size_t i = 0; i < bytes; i++) {
		arch_console_put(text[i]);
	}
	return bytes;
}

/* What lies in the output buffer without a turn at its end, at most `most` bytes. */
static uint32_t
run_of_output(uint32_t most)
{
	uint32_t n = OUT_BYTES - console.out.head % OUT_BYTES;
	uint32_t there = console.out.tail - console.out.head;

	n = n < there ? n : there;
	return n < most ? n : most;
}

/* As much of the buffer as the device takes now, at most `bytes`; true if it might take more. */
static bool
drain(uint32_t bytes)
{
	uint32_t n;

	while ((n = run_of_output(bytes)) > 0) {
		uint32_t taken =
			(uint32_t)put_now(&console.out_text[console.out.head % OUT_BYTES], n);

		console.out.head += taken;
		bytes -= taken;
		if (taken < n) {
			return false;
		}
	}
	return console.out.head != console.out.tail;
}

/* The device interrupts when it takes more. */
static void
transmit_interrupt(bool enable)
{
	if (console.uart) {
		console.uart->ops->transmit_interrupt(console.uart, enable);
	}
}

static void
put_waiting(char c)
{
	uint64_t end = arch_time() + WAIT_TICKS(arch_timebase_hz());

	while (!put_now(&c, 1) && arch_time() < end) {
	}
}

static void
flush_locked(void)
{
	while (console.out.head != console.out.tail) {
		put_waiting(console.out_text[console.out.head++ % OUT_BYTES]);
	}
}

static void
put_kernel(void *context, char c)
{
	(void)context;
	if (c == '\n') {
		put_waiting('\r');
	}
	put_waiting(c);
}

void
kprint(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	lock();
	flush_locked();
	if (console.line_of) {
		put_kernel(NULL, '\n');
		console.line_of = NULL;
	}
	format(put_kernel, NULL, text, arguments);
	unlock();
	va_end(arguments);
}

void
console_flush(void)
{
	lock();
	flush_locked();
	unlock();
}

void
console_panic(void)
{
	console.panicking = true;
}

void
console_attach(struct uart *u)
{
	console.uart = u;
	if (u) {
		u->ops->receive_interrupt(u, true);
	}
}

/* A terminal wants a carriage return before each line feed. Returns the next place. */
static uint32_t
buffer_put(uint32_t tail, char c)
{
	if (c == '\n') {
		console.out_text[tail++ % OUT_BYTES] = '\r';
	}
	console.out_text[tail++ % OUT_BYTES] = c;
	return tail;
}

/* Puts text behind the buffer's, all of it or nothing, so that lines of different writers do not
 * mix; a line that another one has not completed ends here. Returns how many bytes it took: all
 * could be line feeds. */
static size_t
buffer_out(const void *writer, const char *text, size_t bytes)
{
	uint32_t tail = console.out.tail;

	if (!bytes || OUT_BYTES - (tail - console.out.head) < 2 * (bytes + 1)) {
		return 0;
	}
	if (console.line_of && console.line_of != writer) {
		tail = buffer_put(tail, '\n');
	}
	for (size_t i = 0; i < bytes; i++) {
		tail = buffer_put(tail, text[i]);
	}
	console.out.tail = tail;
	console.line_of = text[bytes - 1] == '\n' ? NULL : writer;
	return bytes;
}

size_t
console_write(const void *writer, const char *text, size_t bytes)
{
	size_t n;

	lock();
	n = buffer_out(writer, text, bytes);
	if (!console.uart) {
		drain(OUT_BYTES); /* nobody would come back to the rest */
	}
	transmit_interrupt(console.out.head != console.out.tail);
	unlock();
	return n;
}

static int
get_now(void)
{
	return console.uart ? console.uart->ops->get(console.uart) : arch_console_get();
}

/* What the device has received, at most `bytes`; what does not fit is lost, as on any terminal. */
static bool
fill(uint32_t bytes)
{
	bool any = false;
	int c;

	for (uint32_t i = 0; i < bytes && (c = get_now()) >= 0; i++) {
		if (console.in.tail - console.in.head < IN_BYTES) {
			console.in_text[console.in.tail++ % IN_BYTES] = (char)c;
		}
		any = true;
	}
	return any;
}

size_t
console_read(char *text, size_t bytes)
{
	size_t n = 0;

	lock();
	if (!console.uart) {
		fill(CONSOLE_TURN_BYTES);
	}
	while (n < bytes && console.in.head != console.in.tail) {
		text[n++] = console.in_text[console.in.head++ % IN_BYTES];
	}
	unlock();
	return n;
}

int
console_bind(struct env *e, uint32_t bit)
{
	if (console.listener) {
		return E_BUSY;
	}
	console.listener = e;
	console.listener_bit = bit;
	return 0;
}

void
console_unbind(struct env *e)
{
	if (console.listener == e) {
		console.listener = NULL;
	}
}

bool
console_needs_polling(void)
{
	return !console.uart && console.listener;
}

__attribute__((noinline)) bool
console_interrupt(uint32_t bytes)
{
	bool any;
	bool more;

	lock();
	any = fill(bytes);
	transmit_interrupt(false); /* or a fast device interrupts for each byte */
	more = drain(bytes);
	transmit_interrupt(!more && console.out.head != console.out.tail);
	unlock();
	if (any && console.listener) {
		env_signal(console.listener, 1ul << console.listener_bit);
	}
	return more || !bytes;
}
