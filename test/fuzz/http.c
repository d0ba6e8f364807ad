/* SPDX-License-Identifier: MIT
 * http.c: fuzz target of the request parser and of target decoding.
 *
 * Properties: what is said of a whole input is also said after any prefix of it was looked at; an
 * accepted head lies in the input; a decoded path has no "..", ".", empty segment or control
 * character, and encodes to what decodes to itself. links: user/web/http.c user/web/target.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <exo/errors.h>

#include "user/web/http.h"
#include "user/web/target.h"

static void
require(int holds)
{
	if (!holds) {
		abort();
	}
}

static void
check_path(const char *path, size_t bytes)
{
	static char target[3 * HTTP_LINE_MAX + 1];
	static char again[HTTP_LINE_MAX];
	size_t start = 0;

	for (size_t i = 0; i <= bytes; i++) {
		if (i == bytes || path[i] == '/') {
			size_t length = i - start;
			require(length > 0 || i == bytes);
			require(length != 1 || path[start] != '.');
			require(length != 2 || memcmp(path + start, "..", 2));
			start = i + 1;
		} else {
			require((unsigned char)path[i] >= ' ' && path[i] != 0x7f);
		}
	}
	int encoded = target_encode(path, bytes, target, sizeof(target));
	require(encoded > 0);
	require(target_decode(target, (size_t)encoded, again, sizeof(again)) == (int)bytes);
	require(!memcmp(path, again, bytes));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static char path[HTTP_LINE_MAX];
	const char *text = (const char *)data;
	struct http_request whole;
	struct http_request request;
	size_t seen = 0;
	int status = http_parse(text, bytes, &seen, &whole);

	require(status == E_TRUNCATED || status == 200 || (status >= 400 && status <= 505));
	seen = 0;
	for (size_t cut = 0; cut <= bytes; cut += 1 + bytes / 8) {
		int early = http_parse(text, cut, &seen, &request);
		if (early != E_TRUNCATED) {
			require(early == status || bytes >= HTTP_LINE_MAX);
			return 0;
		}
	}
	require(http_parse(text, bytes, &seen, &request) == status);
	if (status == 200) {
		require(whole.head_bytes <= bytes && whole.head_bytes <= HTTP_HEAD_MAX);
		require(whole.target_bytes < HTTP_LINE_MAX);
		int length = target_decode(whole.target, whole.target_bytes, path, sizeof(path));
		if (length >= 0) {
			check_path(path, (size_t)length);
		}
	}
	return 0;
}
