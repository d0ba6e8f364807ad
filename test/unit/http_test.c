/* SPDX-License-Identifier: MIT
 * http_test.c: request heads as they should and should not be, each at once and cut at every
 * byte.
 *
 * links: user/web/http.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <exo/errors.h>

#include "user/web/http.h"

#define HOST "Host: example.com\r\n"

static const struct vector {
	const char *text;
	int status;
	const char *target; /* with status 200 */
	bool keep_alive;
	bool is_head;
} vectors[] = {
	{"GET / HTTP/1.1\r\n" HOST "\r\n", 200, "/", true, false},
	{"HEAD /x HTTP/1.1\r\n" HOST "\r\n", 200, "/x", true, true},
	{"GET / HTTP/1.1\r\nhoSt:\texample.com\r\nempty:\r\n\r\n", 200, "/", true, false},
	{"GET / HTTP/1.1\r\nHost:\r\n\r\n", 200, "/", true, false},
	{"GET / HTTP/1.1\r\n" HOST "X-Empty: \r\n\r\n", 200, "/", true, false},
	{"GET / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n", 200, "/", true, false},
	{"GET / HTTP/1.1\n"
	 "Host: x\n\n",
	 200, "/", true, false},
	{"GET / HTTP/1.1\r\nHost: x\n\r\n", 200, "/", true, false},
	{"\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 200, "/", true, false},
	{"\nGET / HTTP/1.1\r\n" HOST "\r\n", 200, "/", true, false},
	{"GET /a%20b?q=1 HTTP/1.1\r\n" HOST "\r\n", 200, "/a%20b?q=1", true, false},
	{"GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 200, "/\xc3\xa4", true, false},
	{"GET / HTTP/1.1\r\n" HOST "X: caf\xc3\xa9\r\n\r\n", 200, "/", true, false},
	{"GET http://example.com/y?z HTTP/1.1\r\n" HOST "\r\n", 200, "/y?z", true, false},
	{"GET HTTP://example.com HTTP/1.1\r\n" HOST "\r\n", 200, "/", true, false},
	{"GET http://example.com?q HTTP/1.1\r\n" HOST "\r\n", 200, "/", true, false},
	{"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200, "/", false, false},
	{"GET / HTTP/1.1\r\n" HOST "Connection: te , CLOSE\r\n\r\n", 200, "/", false, false},
	{"GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n", 200, "/", true, false},
	{"GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n\r\n", 200, "/", true, false},
	{"GET / HTTP/1.9\r\n" HOST "\r\n", 200, "/", true, false},
	{"GET / HTTP/1.0\r\n\r\n", 200, "/", false, false},
	{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, "/", true, false},
	{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", 200, "/", false, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200, "/", true, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", 200, "/", false, false},
	{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", 200, "/", false, false},
	/* the request line */
	{"GET / \r\n\r\n", 400, 0, false, false},
	{"GET /\r\n\r\n", 400, 0, false, false},
	{"GET\r\n\r\n", 400, 0, false, false},
	{" GET / HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET  / HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET /  HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1 \r\n" HOST "\r\n", 400, 0, false, false},
	{"GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET /a b HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET x HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET ?x HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET * HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET /#x HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET /\x07 HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET /\r HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET / http/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET / HTTP/1.\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET / HTTP/11\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET / HTTP/1.10\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET / HTTX/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"GET / HTTP/2.0\r\n" HOST "\r\n", 505, 0, false, false},
	{"GET / HTTP/9.9\r\n" HOST "\r\n", 505, 0, false, false},
	{"GET / HTTP/0.9\r\n" HOST "\r\n", 505, 0, false, false},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, 0, false, false},
	{"Extra lineGET / HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"G@T / HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"\x16\x03\x01\x02", 400, 0, false, false},
	{"\rGET / HTTP/1.1\r\n" HOST "\r\n", 400, 0, false, false},
	{"get / HTTP/1.1\r\n" HOST "\r\n", 501, 0, false, false},
	{"BREW /pot HTTP/1.1\r\n" HOST "\r\n", 501, 0, false, false},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 405, 0, false, false},
	{"DELETE /x HTTP/1.1\r\n" HOST "\r\n", 405, 0, true, false},
	{"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405, 0, true, false},
	{"CONNECT example.com:80 HTTP/1.1\r\n" HOST "\r\n", 405, 0, true, false},
	{"PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 405, 0, false,
	 false},
	/* the fields */
	{"GET / HTTP/1.1\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Host: example.org\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "X-Invalid[]: test\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "nocolon\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "A: b\r\n folded\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "X: te\x07st\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "X: te\x7fst\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "X: te\rst\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "\rSome-Header: Test\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length: -1234\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length: -123456789123456789123456789\r\n\r\n", 400, 0,
	 false, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length: abc\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, 0, false,
	 false},
	{"POST / HTTP/1.1\r\n" HOST
	 "content-LengtH: 5\r\nTransFer-Encoding: chunked\r\n\r\nc\r\nHellO world1\r\n0\r\n\r\n",
	 400, 0, false, false},
	{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, 0, false,
	 false},
	{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b"
	 "chunked\r\n\r\n",
	 400, 0, false, false},
	{"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
	 501, 0, false, false},
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void
check(const struct vector *v, int status, const struct http_request *request)
{
	if (status != v->status) {
		print_error("%s\ngave %d instead of %d\n", v->text, status, v->status);
	}
	assert_int_equal(status, v->status);
	if (status == 200) {
		assert_int_equal(request->target_bytes, strlen(v->target));
		assert_memory_equal(request->target, v->target, request->target_bytes);
		assert_int_equal(request->is_head, v->is_head);
	}
	assert_int_equal(request->keep_alive, v->keep_alive);
}

/* In memory of exactly that size, so that a byte read beyond it is found. */
static int
parse(const char *text, size_t bytes, size_t *seen, struct http_request *request, char **copy)
{
	*copy = malloc(bytes ? bytes : 1);
	assert_non_null(*copy);
	memcpy(*copy, text, bytes);
	return http_parse(*copy, bytes, seen, request);
}

static void
test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct http_request request;
		size_t seen = 0;
		char *copy;
		int status =
			parse(vectors[i].text, strlen(vectors[i].text), &seen, &request, &copy);
		check(&vectors[i], status, &request);
		free(copy);
	}
}

/* Every prefix says "more" or already what the whole says; the whole says it whatever prefixes
 * came before. */
static void
test_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		size_t bytes = strlen(vectors[i].text);
		for (size_t cut = 0; cut < bytes; cut++) {
			struct http_request request;
			size_t seen = 0;
			char *copy;
			int status = parse(vectors[i].text, cut, &seen, &request, &copy);
			if (status != E_TRUNCATED) {
				check(&vectors[i], status, &request);
			}
			free(copy);
			status = parse(vectors[i].text, bytes, &seen, &request, &copy);
			check(&vectors[i], status, &request);
			free(copy);
		}
	}
}

static void
test_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct http_request request;
		size_t seen = 0;
		int status = E_TRUNCATED;
		for (size_t n = 0; n <= strlen(vectors[i].text) && status == E_TRUNCATED; n++) {
			char *copy;
			status = parse(vectors[i].text, n, &seen, &request, &copy);
			if (status != E_TRUNCATED) {
				check(&vectors[i], status, &request);
			}
			free(copy);
		}
		assert_int_not_equal(status, E_TRUNCATED);
	}
}

/* The head ends where it ends, whatever follows. */
static void
test_pipelined(void **state)
{
	static const char text[] =
		"\r\nGET /a HTTP/1.1\r\n" HOST "\r\nHEAD /b HTTP/1.0\n\nGET /c HTT";
	struct http_request request;
	size_t seen = 0;
	size_t at = 0;

	(void)state;
	assert_int_equal(http_parse(text, sizeof(text) - 1, &seen, &request), 200);
	assert_memory_equal(request.target, "/a", 2);
	at += request.head_bytes;
	seen = 0;
	assert_int_equal(http_parse(text + at, sizeof(text) - 1 - at, &seen, &request), 200);
	assert_memory_equal(request.target, "/b", 2);
	assert_true(request.is_head);
	at += request.head_bytes;
	seen = 0;
	assert_string_equal(text + at, "GET /c HTT");
	assert_int_equal(http_parse(text + at, sizeof(text) - 1 - at, &seen, &request),
			 E_TRUNCATED);
}

static void
test_too_long(void **state)
{
	static char text[2 * HTTP_HEAD_MAX];
	struct http_request request;
	size_t seen = 0;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	assert_int_equal(http_parse(text, HTTP_LINE_MAX - 1, &seen, &request), E_TRUNCATED);
	assert_int_equal(http_parse(text, HTTP_LINE_MAX, &seen, &request), 414);
	assert_int_equal(http_parse(text, sizeof(text), &seen, &request), 400);
	memcpy(text + HTTP_LINE_MAX, " HTTP/1.1\r\n\r\n", 13);
	assert_int_equal(http_parse(text, sizeof(text), &seen, &request), 414);

	memcpy(text, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 28);
	memset(text + 28, 'a', sizeof(text) - 28);
	seen = 0;
	assert_int_equal(http_parse(text, HTTP_HEAD_MAX - 1, &seen, &request), E_TRUNCATED);
	assert_int_equal(http_parse(text, HTTP_HEAD_MAX, &seen, &request), 431);
	memcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	seen = 0;
	assert_int_equal(http_parse(text, HTTP_HEAD_MAX, &seen, &request), 200);
	assert_int_equal(request.head_bytes, HTTP_HEAD_MAX);
	memset(text, '\n', sizeof(text));
	seen = 0;
	assert_int_equal(http_parse(text, HTTP_HEAD_MAX - 1, &seen, &request), E_TRUNCATED);
	assert_int_equal(http_parse(text, HTTP_HEAD_MAX, &seen, &request), 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),        cmocka_unit_test(test_split),
		cmocka_unit_test(test_byte_by_byte), cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
