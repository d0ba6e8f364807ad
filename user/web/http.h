/* SPDX-License-Identifier: MIT
 * http.h: the head of an HTTP/1.x request, from bytes to meaning.
 */
#ifndef USER_WEB_HTTP_H
#define USER_WEB_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX 8192 /* bytes of a request line and its fields; more is answered with 431 */
#define HTTP_LINE_MAX 4096 /* bytes of a request line; more is answered with 414 */

struct http_request {
	size_t head_bytes;  /* up to and with the empty line */
	bool is_head;       /* HEAD, else GET */
	bool keep_alive;    /* another request may follow on this connection */
	const char *target; /* path and query of the request target, in the given text */
	size_t target_bytes;
};

/* Parses the request head at the start of text[0, bytes). `seen` tells how many of these bytes an
 * earlier call has looked at in vain (0 at first); it is kept up to date. Returns the status to
 * answer with: 200 if *request is filled in, else 4xx or 5xx, after which the connection has to
 * be closed unless request->keep_alive (405 only; head_bytes is then valid too). E_TRUNCATED: the
 * head is not complete yet. RFC 9110, RFC 9112 2.1-6.3, 9.3. */
int http_parse(const char *text, size_t bytes, size_t *seen, struct http_request *request);

#endif
