/* SPDX-License-Identifier: MIT
 * conn.c: one request after the other on each connection.
 *
 *	input -> http_parse -> target_decode -> site_find -> head -> chunks of the disk -> input ...
 *	after the last answer: shut down -> the client ends too -> close
 *
 * Events only note what happened and put the connection into the ready list; server_run does the
 * work, so nothing here is entered twice. A request stays in `input` until its head is written,
 * so a full send queue just means to try again. A connection holds the chunks whose bytes TCP may
 * still have to send again, at most CONN_HELD, and never waits for a chunk in a way that keeps
 * others from getting theirs: acknowledgements free chunks whatever happens.
 * Invariants: a connection is in exactly one list; held[i].until <= held[i + 1].until; acked <=
 * queued.
 */
#include "user/web/conn.h"

#include <string.h>

#include <exo/errors.h>

#include "user/web/reply.h"
#include "user/web/target.h"

#define CONN_OF(n) ((struct conn *)((char *)(n)-offsetof(struct conn, node)))

static const char index_name[] = "index.html";

/* What stopped the work on a connection. */
enum stop {
	GO_ON,
	STOP_CLIENT, /* the client has to send or to acknowledge */
	STOP_DISK,
	STOP_BROKEN,
};

void
server_open(struct server *server, const struct site *site, struct cache *cache)
{
	memset(server, 0, offsetof(struct server, path));
	server->site = site;
	server->cache = cache;
	list_init(&server->free);
	list_init(&server->idle);
	list_init(&server->ready);
	list_init(&server->waiting);
	for (size_t i = 0; i < CONN_MAX; i++) {
		list_push_back(&server->free, &server->conns[i].node);
	}
}

static void
move(struct conn *conn, struct list_node *list)
{
	list_remove(&conn->node);
	list_push_back(list, &conn->node);
}

static void
release_chunks(struct server *server, struct conn *conn, uint64_t acked)
{
	uint32_t done = 0;

	while (done < conn->held_count && conn->held[done].until <= acked) {
		cache_put(server->cache, conn->held[done++].chunk);
	}
	conn->held_count -= done;
	memmove(conn->held, conn->held + done, conn->held_count * sizeof(conn->held[0]));
}

struct conn *
conn_open(struct server *server, struct transport *transport)
{
	struct list_node *node = list_first(&server->free);

	if (!node) {
		return NULL;
	}
	struct conn *conn = CONN_OF(node);
	move(conn, &server->idle);
	memset((char *)conn + sizeof(conn->node), 0,
	       offsetof(struct conn, input) - sizeof(conn->node));
	conn->transport = transport;
	transport_idle(transport, true);
	return conn;
}

void
conn_lost(struct server *server, struct conn *conn)
{
	release_chunks(server, conn, UINT64_MAX);
	move(conn, &server->free);
}

void
conn_input(struct server *server, struct conn *conn, const void *data, size_t bytes)
{
	if (conn->is_last) {
		transport_consumed(conn->transport, bytes);
		return;
	}
	if (bytes > CONN_INPUT_MAX - conn->input_bytes) {
		conn->is_broken = true;
	} else {
		memcpy(conn->input + conn->input_bytes, data, bytes);
		conn->input_bytes += bytes;
	}
	move(conn, &server->ready);
}

void
conn_end(struct server *server, struct conn *conn)
{
	conn->has_ended = true;
	move(conn, &server->ready);
}

void
conn_acked(struct server *server, struct conn *conn, size_t bytes)
{
	conn->acked += bytes;
	conn->quiet_s = 0;
	release_chunks(server, conn, conn->acked);
	move(conn, &server->ready);
}

/* Takes the first `bytes` of the input away. */
static void
consume(struct conn *conn, size_t bytes)
{
	conn->input_bytes -= bytes;
	conn->input_seen = 0;
	memmove(conn->input, conn->input + bytes, conn->input_bytes);
	transport_consumed(conn->transport, bytes);
}

/* The chunk that conn->body_at lies in, held. */
static int
hold_chunk(struct server *server, struct conn *conn, struct chunk **chunk)
{
	uint64_t number = conn->body_at / CACHE_CHUNK_BYTES;
	struct held_chunk *last = conn->held_count ? &conn->held[conn->held_count - 1] : NULL;

	if (last && last->chunk->number == number) {
		*chunk = last->chunk;
		return 0;
	}
	if (conn->held_count == CONN_HELD) {
		return E_NOSPACE;
	}
	int error = cache_get(server->cache, number, chunk);
	if (!error) {
		conn->held[conn->held_count++] = (struct held_chunk){*chunk, conn->queued};
	}
	return error;
}

/* Writes one piece of the file. */
static enum stop
send_piece(struct server *server, struct conn *conn)
{
	uint32_t skip = (uint32_t)(conn->body_at % CACHE_CHUNK_BYTES);
	uint64_t left = conn->body_end - conn->body_at;
	size_t bytes = left < CACHE_CHUNK_BYTES - skip ? (size_t)left : CACHE_CHUNK_BYTES - skip;
	size_t room = transport_room(conn->transport);
	struct chunk *chunk;

	if (room < bytes && room < CONN_WRITE_MIN) {
		return STOP_CLIENT;
	}
	bytes = room < bytes ? room : bytes;
	int error = hold_chunk(server, conn, &chunk);
	if (error) {
		return error == E_BUSY ? STOP_DISK : error == E_NOSPACE ? STOP_CLIENT : STOP_BROKEN;
	}
	if (transport_write(conn->transport, chunk->data + skip, bytes, false)) {
		return STOP_CLIENT;
	}
	conn->body_at += bytes;
	conn->queued += bytes;
	conn->held[conn->held_count - 1].until = conn->queued;
	if (bytes < left) {
		cache_prefetch(server->cache, chunk->number + 1);
	}
	return GO_ON;
}

static enum stop
send_body(struct server *server, struct conn *conn)
{
	enum stop stop = GO_ON;

	while (stop == GO_ON && conn->body_at < conn->body_end) {
		stop = send_piece(server, conn);
	}
	server->disk_errors += stop == STOP_BROKEN;
	return stop;
}

/* Writes the text in server->answer, the beginning or all of an answer. */
static enum stop
write_answer(struct server *server, struct conn *conn, int bytes)
{
	if (bytes < 0) {
		return STOP_BROKEN; /* longer than any answer can be */
	}
	if (transport_write(conn->transport, server->answer, (size_t)bytes, true)) {
		return STOP_CLIENT;
	}
	conn->queued += (uint64_t)bytes;
	conn->quiet_s = 0;
	server->requests++;
	return GO_ON;
}

static enum stop
answer_page(struct server *server, struct conn *conn, const struct reply *reply)
{
	return write_answer(server, conn,
			    reply_page(server->answer, sizeof(server->answer), reply));
}

static enum stop
answer_file(struct server *server, struct conn *conn, const struct reply *reply,
	    const struct site_file *file)
{
	const char *type = reply_type(file->name, file->name_bytes);
	int bytes = reply_head(server->answer, sizeof(server->answer), reply, type, file->bytes);
	enum stop stop = write_answer(server, conn, bytes);

	if (stop == GO_ON && !reply->is_head) {
		conn->body_at = file->offset;
		conn->body_end = file->offset + file->bytes;
	}
	return stop;
}

/* Redirects to the folder server->path[0, bytes). */
static enum stop
answer_folder(struct server *server, struct conn *conn, struct reply *reply, size_t bytes)
{
	static char location[3 * HTTP_LINE_MAX + 2];
	int length = target_encode(server->path, bytes, location, sizeof(location) - 1);

	if (length < 0) {
		return STOP_BROKEN;
	}
	location[length++] = '/';
	reply->status = 301;
	reply->location = location;
	reply->location_bytes = (size_t)length;
	return answer_page(server, conn, reply);
}

/* Answers a request whose path, of `bytes`, stands in server->path. */
static enum stop
answer_path(struct server *server, struct conn *conn, struct reply *reply, size_t bytes)
{
	bool is_folder = bytes == 0 || server->path[bytes - 1] == '/';
	const struct site_file *file =
		is_folder ? NULL : site_find(server->site, server->path, bytes);

	if (!file && bytes + sizeof(index_name) < sizeof(server->path)) {
		size_t slash = is_folder ? 0 : 1;
		server->path[bytes] = '/';
		memcpy(server->path + bytes + slash, index_name, sizeof(index_name) - 1);
		file = site_find(server->site, server->path,
				 bytes + slash + sizeof(index_name) - 1);
		if (file && slash) {
			return answer_folder(server, conn, reply, bytes);
		}
	}
	if (!file) {
		reply->status = 404;
		return answer_page(server, conn, reply);
	}
	return answer_file(server, conn, reply, file);
}

static enum stop
answer(struct server *server, struct conn *conn, int status, const struct http_request *request)
{
	struct reply reply = {
		.status = status, .keep_alive = request->keep_alive, .is_head = request->is_head};
	enum stop stop;

	if (status == 200) {
		int bytes = target_decode(request->target, request->target_bytes, server->path,
					  sizeof(server->path));
		if (bytes < 0) {
			reply.status = 400;
			stop = answer_page(server, conn, &reply);
		} else {
			stop = answer_path(server, conn, &reply, (size_t)bytes);
		}
	} else {
		stop = answer_page(server, conn, &reply);
	}
	if (stop == GO_ON) {
		conn->is_last = !reply.keep_alive;
		consume(conn, conn->is_last ? conn->input_bytes : request->head_bytes);
	}
	return stop;
}

static enum stop
next_request(struct server *server, struct conn *conn)
{
	struct http_request request;
	int status = http_parse(conn->input, conn->input_bytes, &conn->input_seen, &request);

	if (status != E_TRUNCATED) {
		return answer(server, conn, status, &request);
	}
	if (conn->has_ended) {
		conn->is_last = true;
		consume(conn, conn->input_bytes);
		return GO_ON;
	}
	return STOP_CLIENT;
}

/* After the last answer. The client's end is awaited, for closing with unread input would reset
 * the connection and could take the answer away from the client (RFC 9112 9.6). */
static enum stop
finish(struct server *server, struct conn *conn)
{
	if (!conn->is_shut) {
		conn->is_shut = true;
		conn->quiet_s = 0;
		transport_shutdown(conn->transport);
	}
	if (conn->has_ended && conn->acked == conn->queued) {
		transport_close(conn->transport);
		conn_lost(server, conn);
	}
	return STOP_CLIENT;
}

static void
conn_abort(struct server *server, struct conn *conn)
{
	transport_abort(conn->transport);
	conn_lost(server, conn);
}

static void
conn_run(struct server *server, struct conn *conn)
{
	enum stop stop = conn->is_broken ? STOP_BROKEN : GO_ON;

	move(conn, &server->idle);
	while (stop == GO_ON) {
		if (conn->body_at < conn->body_end) {
			stop = send_body(server, conn);
		} else if (!conn->is_last) {
			stop = next_request(server, conn);
		} else {
			break;
		}
	}
	if (stop == STOP_BROKEN) {
		conn_abort(server, conn);
		return;
	}
	transport_flush(conn->transport);
	if (stop == STOP_DISK) {
		move(conn, &server->waiting);
	}
	transport_idle(conn->transport,
		       conn->body_at == conn->body_end && conn->acked == conn->queued);
	if (stop == GO_ON) {
		finish(server, conn);
	}
}

static void
wake_waiting(struct server *server)
{
	struct list_node *node;

	server->changes_seen = server->cache->changes;
	while ((node = list_first(&server->waiting))) {
		move(CONN_OF(node), &server->ready);
	}
}

void
server_run(struct server *server)
{
	struct list_node *node;

	do {
		if (server->changes_seen != server->cache->changes) {
			wake_waiting(server);
		}
		while ((node = list_first(&server->ready))) {
			conn_run(server, CONN_OF(node));
		}
	} while (server->changes_seen != server->cache->changes);
}

/* One second has passed for a connection. */
static void
conn_tick(struct server *server, struct conn *conn)
{
	bool is_done = conn->body_at == conn->body_end && conn->acked == conn->queued;
	uint32_t limit_s = conn->is_shut && is_done ? CONN_LINGER_S : CONN_IDLE_S;

	if (++conn->quiet_s > limit_s) {
		if (is_done && !conn->is_shut) {
			conn->is_last = true;
			consume(conn, conn->input_bytes);
		} else {
			conn->is_broken = true;
		}
	}
	move(conn, &server->ready); /* also for those whom a lack of memory stopped */
}

void
server_tick(struct server *server)
{
	struct list_node *lists[] = {&server->idle, &server->waiting};

	for (size_t i = 0; i < 2; i++) {
		struct list_node *node;
		struct list_node *after;
		list_for_each_safe(node, after, lists[i]) {
			conn_tick(server, CONN_OF(node));
		}
	}
	server_run(server);
}
