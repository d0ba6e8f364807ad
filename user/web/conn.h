/* SPDX-License-Identifier: MIT
 * conn.h: the conversations with clients: requests in, files out.
 */
#ifndef USER_WEB_CONN_H
#define USER_WEB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/web/cache.h"
#include "user/web/http.h"
#include "user/web/site.h"
#include "user/web/transport.h"

#define CONN_MAX        128
#define CONN_INPUT_MAX  11680 /* unread bytes of a client: the TCP window; at least HTTP_HEAD_MAX */
#define CONN_HELD       4     /* chunks with unacknowledged data of one connection */
#define CONN_ANSWER_MAX 16384 /* a head with the longest Location */
#define CONN_WRITE_MIN  1460  /* no smaller piece of a file is written than this, but its last */
#define CONN_IDLE_S     30    /* without an acknowledgement or a complete request */
#define CONN_LINGER_S   3     /* between our end and the client's */

struct held_chunk {
	struct chunk *chunk;
	uint64_t until; /* count of sent bytes behind the last one that lies in this chunk */
};

struct conn {
	struct list_node node; /* in one list of the server */
	struct transport *transport;
	uint64_t queued; /* bytes written, ever */
	uint64_t acked;
	struct held_chunk held[CONN_HELD]; /* oldest first */
	uint32_t held_count;
	uint32_t quiet_s;
	uint64_t body_at; /* what of the disk is still to be sent: [body_at, body_end) */
	uint64_t body_end;
	bool is_last;   /* nothing follows the answer that is being sent */
	bool is_shut;   /* transport_shutdown was called */
	bool has_ended; /* the client has sent all it will send */
	bool is_broken; /* to be aborted */
	size_t input_bytes;
	size_t input_seen; /* as http_parse wants it */
	char input[CONN_INPUT_MAX];
};

struct server {
	const struct site *site;
	struct cache *cache;
	struct list_node free;
	struct list_node idle;    /* nothing to do until the client or its acknowledgement comes */
	struct list_node ready;   /* server_run has to look at them */
	struct list_node waiting; /* for the cache */
	uint64_t changes_seen;    /* of the cache */
	uint64_t requests;        /* answered, ever */
	uint64_t disk_errors;     /* connections given up for them */
	char path[HTTP_LINE_MAX];
	char answer[CONN_ANSWER_MAX];
	struct conn conns[CONN_MAX];
};

void server_open(struct server *server, const struct site *site, struct cache *cache);

/* Does all that can be done without waiting. */
void server_run(struct server *server);

/* To be called once a second. */
void server_tick(struct server *server);

/* A client has connected. 0 if there is no room for another one. */
struct conn *conn_open(struct server *server, struct transport *transport);

/* The client has sent something; it has sent all; it has acknowledged; it is gone, and the
 * transport with it. */
void conn_input(struct server *server, struct conn *conn, const void *data, size_t bytes);
void conn_end(struct server *server, struct conn *conn);
void conn_acked(struct server *server, struct conn *conn, size_t bytes);
void conn_lost(struct server *server, struct conn *conn);

#endif
