/* SPDX-License-Identifier: MIT
 * reply.c: text of responses.
 *
 * There is no Date field: RFC 9110 6.6.1 forbids it to servers without a clock. Pure; called by
 * conn.c.
 */
#include "user/web/reply.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <exo/errors.h>

static const struct status {
	int code;
	const char *reason;
	const char *sentence;
} statuses[] = {
	{200, "OK", ""},
	{301, "Moved Permanently", "This is a folder; its address ends with a slash."},
	{400, "Bad Request", "The server could not understand the request."},
	{404, "Not Found", "There is nothing of that name on this disk."},
	{405, "Method Not Allowed", "Files can be read with GET and HEAD, and nothing else."},
	{414, "URI Too Long", "The address is too long."},
	{431, "Request Header Fields Too Large", "The head of the request is too long."},
	{501, "Not Implemented", "The server does not know this method or coding."},
	{505, "HTTP Version Not Supported", "The server speaks HTTP/1.0 and HTTP/1.1."},
};

static const struct type {
	const char *ending;
	const char *type;
} types[] = {
	{"html", "text/html; charset=utf-8"},
	{"htm", "text/html; charset=utf-8"},
	{"css", "text/css; charset=utf-8"},
	{"js", "text/javascript; charset=utf-8"},
	{"mjs", "text/javascript; charset=utf-8"},
	{"txt", "text/plain; charset=utf-8"},
	{"md", "text/markdown; charset=utf-8"},
	{"csv", "text/csv; charset=utf-8"},
	{"json", "application/json"},
	{"xml", "application/xml"},
	{"pdf", "application/pdf"},
	{"wasm", "application/wasm"},
	{"zip", "application/zip"},
	{"gz", "application/gzip"},
	{"tar", "application/x-tar"},
	{"svg", "image/svg+xml"},
	{"png", "image/png"},
	{"jpg", "image/jpeg"},
	{"jpeg", "image/jpeg"},
	{"gif", "image/gif"},
	{"webp", "image/webp"},
	{"avif", "image/avif"},
	{"ico", "image/x-icon"},
	{"woff", "font/woff"},
	{"woff2", "font/woff2"},
	{"mp3", "audio/mpeg"},
	{"ogg", "audio/ogg"},
	{"mp4", "video/mp4"},
	{"webm", "video/webm"},
};

static const struct status *
status_find(int code)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i].code == code) {
			return &statuses[i];
		}
	}
	return status_find(400);
}

const char *
reply_type(const char *name, size_t bytes)
{
	size_t start = bytes;

	while (start > 0 && name[start - 1] != '.' && name[start - 1] != '/') {
		start--;
	}
	if (start > 0 && name[start - 1] == '.') {
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
			if (bytes - start == strlen(types[i].ending) &&
			    !strncasecmp(name + start, types[i].ending, bytes - start)) {
				return types[i].type;
			}
		}
	}
	return "application/octet-stream";
}

int
reply_head(char *to, size_t room, const struct reply *reply, const char *type, uint64_t bytes)
{
	int length = snprintf(to, room,
			      "HTTP/1.1 %d %s\r\n"
			      "Server: chitin\r\n"
			      "Content-Type: %s\r\n"
			      "Content-Length: %llu\r\n"
			      "%s%s%.*s%s"
			      "Connection: %s\r\n\r\n",
			      reply->status, status_find(reply->status)->reason, type,
			      (unsigned long long)bytes,
			      reply->status == 405 ? "Allow: GET, HEAD\r\n" : "",
			      reply->location ? "Location: " : "", (int)reply->location_bytes,
			      reply->location ? reply->location : "", reply->location ? "\r\n" : "",
			      reply->keep_alive ? "keep-alive" : "close");

	return length < 0 || (size_t)length >= room ? E_NOSPACE : length;
}

int
reply_page(char *to, size_t room, const struct reply *reply)
{
	const struct status *status = status_find(reply->status);
	char page[512];
	int page_bytes = snprintf(
		page, sizeof(page),
		"<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>%d %s</title>\n"
		"<h1>%d %s</h1>\n<p>%s</p>\n</html>\n",
		status->code, status->reason, status->code, status->reason, status->sentence);
	int length = reply_head(to, room, reply, "text/html; charset=utf-8", (uint64_t)page_bytes);

	if (length < 0 || reply->is_head) {
		return length;
	}
	if (room - (size_t)length < (size_t)page_bytes) {
		return E_NOSPACE;
	}
	memcpy(to + length, page, (size_t)page_bytes);
	return length + page_bytes;
}
