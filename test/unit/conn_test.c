/* SPDX-License-Identifier: MIT
 * conn_test.c: whole conversations: requests in, answers out, over a TCP and a disk made of
 * memory that take their time.
 *
 * The client reads data only when it acknowledges it: a chunk that was given away too early shows
 * as wrong bytes.
 * links: user/web/conn.c user/web/cache.c user/web/http.c user/web/target.c
 * links: user/web/reply.c user/web/site.c lib/base/cpio.c
 */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "user/web/conn.h"

#define DISK_CHUNKS 700
#define READS_MAX   8
#define OUT_MAX     (24u << 20)
#define PIECES_MAX  4096

struct piece {
	const char *data;
	size_t bytes;
	bool owned;
};

struct transport {
	struct piece pieces[PIECES_MAX]; /* written, not acknowledged: [first, last) */
	size_t first;
	size_t last;
	size_t window;
	size_t unacked;
	size_t unread; /* input not consumed */
	char *out;
	size_t out_bytes;
	bool is_shut;
	bool is_closed;
	bool is_aborted;
	unsigned refusals; /* so many of the next writes fail */
};

static uint8_t disk[DISK_CHUNKS * CACHE_CHUNK_BYTES];
static uint8_t memory[CACHE_CHUNKS * CACHE_CHUNK_BYTES];
static struct site site;
static struct cache cache;
static struct server server;
static struct {
	uint32_t index;
	uint64_t number;
} reads[READS_MAX];
static unsigned read_count;
static uint64_t bad_chunk = UINT64_MAX;

int
disk_start_read(uint32_t index, uint64_t number)
{
	if (read_count == READS_MAX) {
		return E_BUSY;
	}
	assert_true(number < DISK_CHUNKS);
	memset(memory + index * CACHE_CHUNK_BYTES, 0xee, CACHE_CHUNK_BYTES);
	reads[read_count].index = index;
	reads[read_count++].number = number;
	return 0;
}

/* Completes one read, any. */
static void
disk_step(void)
{
	if (read_count) {
		unsigned i = (unsigned)rand() % read_count;
		uint32_t index = reads[i].index;
		uint64_t number = reads[i].number;
		reads[i] = reads[--read_count];
		memcpy(memory + index * CACHE_CHUNK_BYTES, disk + number * CACHE_CHUNK_BYTES,
		       CACHE_CHUNK_BYTES);
		cache_done(&cache, index, number == bad_chunk ? E_IO : 0);
	}
}

size_t
transport_room(struct transport *t)
{
	return t->window - t->unacked;
}

int
transport_write(struct transport *t, const void *data, size_t bytes, bool copy)
{
	assert_false(t->is_shut || t->is_closed || t->is_aborted);
	if (bytes > transport_room(t) || t->last == PIECES_MAX || t->refusals) {
		t->refusals -= t->refusals > 0;
		return E_NOSPACE;
	}
	char *owned = copy ? malloc(bytes) : NULL;
	if (copy) {
		memcpy(owned, data, bytes);
	}
	t->pieces[t->last++] = (struct piece){copy ? owned : data, bytes, copy};
	t->unacked += bytes;
	return 0;
}

void
transport_flush(struct transport *t)
{
	assert_false(t->is_closed || t->is_aborted);
}

void
transport_consumed(struct transport *t, size_t bytes)
{
	assert_true(bytes <= t->unread);
	t->unread -= bytes;
}

void
transport_idle(struct transport *t, bool is_idle)
{
	(void)t;
	(void)is_idle;
}

void
transport_shutdown(struct transport *t)
{
	assert_false(t->is_shut);
	t->is_shut = true;
}

void
transport_close(struct transport *t)
{
	assert_int_equal(t->unacked, 0);
	t->is_closed = true;
}

static void
forget(struct transport *t)
{
	for (; t->first < t->last; t->first++) {
		if (t->pieces[t->first].owned) {
			free((void *)(uintptr_t)t->pieces[t->first].data);
		}
	}
	t->first = t->last = 0;
	t->unacked = 0;
}

void
transport_abort(struct transport *t)
{
	forget(t);
	t->is_aborted = true;
}

/* The client takes up to `bytes` of what was written, and acknowledges them. */
static void
client_take(struct conn *conn, struct transport *t, size_t bytes)
{
	size_t taken = 0;

	while (taken < bytes && t->first < t->last) {
		struct piece *piece = &t->pieces[t->first];
		size_t n = piece->bytes < bytes - taken ? piece->bytes : bytes - taken;
		assert_true(t->out_bytes + n <= OUT_MAX);
		memcpy(t->out + t->out_bytes, piece->data, n);
		t->out_bytes += n;
		taken += n;
		if (n == piece->bytes) {
			if (piece->owned) {
				free((void *)(uintptr_t)piece->data);
			}
			t->first++;
		} else {
			assert_false(
				piece->owned); /* heads are small: the callers take them whole */
			piece->data += n;
			piece->bytes -= n;
		}
	}
	if (t->first == t->last) {
		t->first = t->last = 0;
	}
	t->unacked -= taken;
	if (taken) {
		conn_acked(&server, conn, taken);
	}
}

static struct conn *
client_open(struct transport *t, size_t window)
{
	*t = (struct transport){.window = window, .out = malloc(OUT_MAX)};
	assert_non_null(t->out);
	return conn_open(&server, t);
}

static void
client_say(struct conn *conn, struct transport *t, const char *text, size_t bytes)
{
	t->unread += bytes;
	assert_true(t->unread <= CONN_INPUT_MAX);
	conn_input(&server, conn, text, bytes);
}

/* Lets things happen until nothing more does. */
static void
settle(struct conn *conn, struct transport *t)
{
	server_run(&server);
	while (!t->is_closed && !t->is_aborted && (read_count || t->unacked)) {
		if (rand() % 2) {
			disk_step();
		} else {
			client_take(conn, t, 600 + (size_t)rand() % 8000);
		}
		server_run(&server);
	}
}

static void
client_end(struct conn *conn, struct transport *t)
{
	if (!t->is_closed && !t->is_aborted) {
		conn_end(&server, conn);
		settle(conn, t);
	}
	assert_true(t->is_closed || t->is_aborted);
	forget(t);
	free(t->out);
}

static size_t put_at;

/* Appends a file to the archive on the disk. */
static void
put(const char *name, size_t bytes)
{
	static uint32_t inode = 1;
	size_t start;

	put_at += (size_t)sprintf((char *)disk + put_at,
				  "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X%s",
				  inode++, bytes == SIZE_MAX ? 0u : 0100644u, 0u, 0u, 1u, 0u,
				  bytes == SIZE_MAX ? 0 : bytes, 0u, 0u, 0u, 0u, strlen(name) + 1,
				  0u, name) +
		  1;
	put_at = (put_at + 3) & ~(size_t)3;
	if (bytes != SIZE_MAX) {
		start = put_at;
		for (; put_at < start + bytes; put_at++) {
			disk[put_at] = (uint8_t)rand();
		}
	}
	put_at = (put_at + 3) & ~(size_t)3;
}

static int
setup(void **state)
{
	(void)state;
	read_count = 0;
	bad_chunk = UINT64_MAX;
	put_at = 0;
	put("index.html", 100);
	put("a b/index.html", 3);
	put("empty.txt", 0);
	put("x/y/z.css", 20000);
	put("big", 6 << 20);
	put("after", 5001);
	put("TRAILER!!!", SIZE_MAX);
	site_open(&site);
	assert_int_equal(site_scan(&site, 0, disk, sizeof(disk)), 0);
	cache_open(&cache, memory);
	server_open(&server, &site, &cache);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	site_close(&site);
	return 0;
}

/* Checks that t->out from *at on is an answer with that status and, unless `file` is 0, the bytes
 * of that file; moves on. */
static void
expect_answer(struct transport *t, size_t *at, int status, const char *file, bool is_head)
{
	char line[64];
	const char *text = t->out + *at;
	size_t length;

	sprintf(line, "HTTP/1.1 %d ", status);
	assert_true(t->out_bytes - *at > strlen(line));
	assert_memory_equal(text, line, strlen(line));
	const char *end = memmem(text, t->out_bytes - *at, "\r\n\r\n", 4);
	assert_non_null(end);
	const char *field = memmem(text, (size_t)(end - text), "Content-Length: ", 16);
	assert_non_null(field);
	length = strtoul(field + 16, NULL, 10);
	*at += (size_t)(end - text) + 4;
	if (file) {
		const struct site_file *f = site_find(&site, file, strlen(file));
		assert_int_equal(length, f->bytes);
		if (!is_head) {
			assert_true(t->out_bytes - *at >= length);
			assert_memory_equal(t->out + *at, disk + f->offset, length);
		}
	}
	*at += is_head ? 0 : length;
	assert_true(*at <= t->out_bytes);
}

static const struct {
	const char *request;
	int status;
	const char *file;
	bool is_head;
} requests[] = {
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, "index.html", false},
	{"GET /empty.txt HTTP/1.1\r\nHost: x\r\n\r\n", 200, "empty.txt", false},
	{"GET /x/y/z.css?v=1 HTTP/1.1\r\nHost: x\r\n\r\n", 200, "x/y/z.css", false},
	{"HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n", 200, "big", true},
	{"GET /after HTTP/1.1\r\nHost: x\r\n\r\n", 200, "after", false},
	{"GET /a%20b/ HTTP/1.1\r\nHost: x\r\n\r\n", 200, "a b/index.html", false},
	{"GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n", 301, 0, false},
	{"GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0, false},
	{"GET /x/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0, false},
	{"HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, 0, true},
	{"GET /../x HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0, false},
	{"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, 0, false},
	{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "index.html", false},
};
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

/* All requests on one connection, in pieces of `cut` bytes, without waiting for answers. */
static void
test_pipelined(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 200; cut = cut * 3 + 1) {
		static char text[4096];
		struct transport t;
		struct conn *conn = client_open(&t, 20000);
		size_t at = 0;

		text[0] = 0;
		for (size_t i = 0; i < REQUESTS; i++) {
			strcat(text, requests[i].request);
		}
		for (size_t i = 0; i < strlen(text); i += cut) {
			client_say(conn, &t, text + i,
				   strlen(text) - i < cut ? strlen(text) - i : cut);
			if (rand() % 4 == 0) {
				settle(conn, &t);
			}
		}
		settle(conn, &t);
		for (size_t i = 0; i < REQUESTS; i++) {
			expect_answer(&t, &at, requests[i].status, requests[i].file,
				      requests[i].is_head);
		}
		assert_int_equal(at, t.out_bytes);
		assert_false(t.is_shut);
		client_end(conn, &t);
		assert_true(t.is_closed);
	}
	assert_int_equal(server.requests, 5 * REQUESTS);
}

static void
test_redirect(void **state)
{
	struct transport t;
	struct conn *conn = client_open(&t, 20000);

	(void)state;
	client_say(conn, &t, requests[6].request, strlen(requests[6].request));
	settle(conn, &t);
	assert_non_null(memmem(t.out, t.out_bytes, "\r\nLocation: /a%20b/\r\n", 20));
	client_end(conn, &t);
}

/* The last answer is whole, then our end comes; what the client goes on to say is thrown away. */
static void
test_close(void **state)
{
	static const char *const texts[] = {
		"GET /after HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\n",
		"GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET / "
		"HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /after HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct transport t;
		struct conn *conn = client_open(&t, 20000);
		size_t at = 0;

		client_say(conn, &t, texts[i], strlen(texts[i]));
		settle(conn, &t);
		expect_answer(&t, &at, 200, "after", false);
		assert_int_equal(at, t.out_bytes);
		assert_true(t.is_shut);
		assert_false(t.is_closed);
		client_say(conn, &t, texts[i], strlen(texts[i]));
		assert_int_equal(t.unread, 0);
		client_end(conn, &t);
		assert_true(t.is_closed);
		assert_int_equal(at, t.out_bytes);
	}
}

static void
test_malformed_closes(void **state)
{
	struct transport t;
	struct conn *conn = client_open(&t, 20000);
	size_t at = 0;

	(void)state;
	client_say(conn, &t, "BROKEN\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 35);
	settle(conn, &t);
	expect_answer(&t, &at, 400, 0, false);
	assert_int_equal(at, t.out_bytes);
	assert_true(t.is_shut);
	client_end(conn, &t);
}

/* The client ends right after its request and still gets the answer. */
static void
test_half_closed(void **state)
{
	struct transport t;
	struct conn *conn = client_open(&t, 20000);
	size_t at = 0;

	(void)state;
	client_say(conn, &t, requests[2].request, strlen(requests[2].request));
	conn_end(&server, conn);
	settle(conn, &t);
	expect_answer(&t, &at, 200, "x/y/z.css", false);
	assert_true(t.is_closed);
	free(t.out);
}

/* Many clients, a file larger than the cache, TCP that refuses now and then: nobody starves,
 * every byte is right. */
static void
test_many_clients(void **state)
{
	enum { CLIENTS = 100 };
	static struct transport t[CLIENTS];
	struct conn *conn[CLIENTS];
	const char *request = "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
	const struct site_file *big = site_find(&site, "big", 3);
	unsigned done = 0;

	(void)state;
	for (int i = 0; i < CLIENTS; i++) {
		conn[i] = client_open(&t[i], 43800);
		client_say(conn[i], &t[i], request, strlen(request));
	}
	for (uint64_t step = 0; done < CLIENTS; step++) {
		assert_true(step < 10000000);
		int i = rand() % CLIENTS;
		t[i].refusals += rand() % 50 == 0;
		disk_step();
		client_take(conn[i], &t[i], 600 + (size_t)rand() % 40000);
		if (step % 1000 == 0) {
			server_tick(&server);
		}
		server_run(&server);
		if (t[i].out && t[i].out_bytes > big->bytes && !t[i].unacked) {
			size_t at = 0;
			expect_answer(&t[i], &at, 200, "big", false);
			conn_lost(&server, conn[i]);
			free(t[i].out);
			t[i].out = NULL;
			t[i].out_bytes = 0;
			done++;
		}
	}
	for (uint32_t i = 0; i < CACHE_CHUNKS; i++) {
		assert_int_equal(cache.chunks[i].pins, 0);
	}
}

static void
test_disk_error(void **state)
{
	struct transport t;
	struct conn *conn = client_open(&t, 20000);
	const char *request = "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";

	(void)state;
	bad_chunk = site_find(&site, "big", 3)->offset / CACHE_CHUNK_BYTES + 3;
	client_say(conn, &t, request, strlen(request));
	settle(conn, &t);
	assert_true(t.is_aborted);
	assert_int_equal(server.disk_errors, 1);
	free(t.out);
	bad_chunk = UINT64_MAX;
	conn = client_open(&t, 20000);
	client_say(conn, &t, request, strlen(request));
	settle(conn, &t);
	size_t at = 0;
	expect_answer(&t, &at, 200, "big", false);
	client_end(conn, &t);
}

static void
test_timeouts(void **state)
{
	struct transport t;
	struct conn *conn = client_open(&t, 20000);

	(void)state;
	client_say(conn, &t, "GET / HT", 8);
	server_run(&server);
	for (int s = 0; s <= CONN_IDLE_S; s++) {
		assert_false(t.is_shut);
		server_tick(&server);
	}
	assert_true(t.is_shut);
	for (int s = 0; s <= CONN_LINGER_S + 1; s++) {
		server_tick(&server);
	}
	assert_true(t.is_aborted);
	free(t.out);

	conn = client_open(&t, 20000);
	client_say(conn, &t, requests[4].request, strlen(requests[4].request));
	for (int s = 0; s <= CONN_IDLE_S + 1; s++) {
		disk_step();
		server_tick(&server);
	}
	assert_true(t.is_aborted);
	free(t.out);
}

static void
test_no_room(void **state)
{
	static struct transport t[CONN_MAX + 1];

	(void)state;
	for (int i = 0; i < CONN_MAX; i++) {
		t[i].window = 1000;
		assert_non_null(conn_open(&server, &t[i]));
	}
	assert_null(conn_open(&server, &t[CONN_MAX]));
	conn_lost(&server, &server.conns[17]);
	assert_ptr_equal(conn_open(&server, &t[CONN_MAX]), &server.conns[17]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pipelined, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeouts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
