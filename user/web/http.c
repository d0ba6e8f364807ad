/* SPDX-License-Identifier: MIT
 * http.c: the parser of request heads.
 *
 * It is strict where laxness has led to request smuggling (space before a colon, folded lines,
 * bare CR, doubtful lengths: all 400) and lax where RFC 9112 2.2 allows it (LF alone ends a line,
 * empty lines before a request are skipped). A body is never read: a request that brings one is
 * answered and the connection closed. A wrong request line is answered as soon as it is complete,
 * so that those who speak another protocol need not wait.
 * Pure: no state, no allocation, works for every prefix and every split of a request. Callers:
 * conn.c, tests, fuzzing.
 */
#include "user/web/http.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <exo/errors.h>

struct slice {
	const char *text;
	size_t bytes;
};

/* What the fields of a request say, as far as it matters here. */
struct fields {
	unsigned hosts;
	unsigned lengths;
	bool has_body;
	bool has_coding;
	bool says_close;
	bool says_keep_alive;
};

struct start_line {
	bool known; /* a method of RFC 9110 9.3 or RFC 5789 */
	bool get;
	bool head;
	unsigned minor;
	struct slice target;
};

/* RFC 9110 5.6.2: tchar. */
static bool
is_token_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool
is_visible(unsigned char c)
{
	return c > ' ' && c != 0x7f;
}

static bool
slice_is(struct slice s, const char *word)
{
	return s.bytes == strlen(word) && !memcmp(s.text, word, s.bytes);
}

/* As slice_is, letters of either case. */
static bool
slice_is_word(struct slice s, const char *word)
{
	return s.bytes == strlen(word) && !strncasecmp(s.text, word, s.bytes);
}

static struct slice
trim(struct slice s)
{
	while (s.bytes && (*s.text == ' ' || *s.text == '\t')) {
		s.text++;
		s.bytes--;
	}
	while (s.bytes && (s.text[s.bytes - 1] == ' ' || s.text[s.bytes - 1] == '\t')) {
		s.bytes--;
	}
	return s;
}

/* Takes the text before the next `end` off the front of *s; false if there is no `end`. */
static bool
take_until(struct slice *s, char end, struct slice *taken)
{
	const char *at = memchr(s->text, end, s->bytes);

	if (!at) {
		return false;
	}
	*taken = (struct slice){s->text, (size_t)(at - s->text)};
	s->bytes -= taken->bytes + 1;
	s->text = at + 1;
	return true;
}

/* Takes a line without its CR LF or LF. */
static bool
take_line(struct slice *s, struct slice *line)
{
	if (!take_until(s, '\n', line)) {
		return false;
	}
	if (line->bytes && line->text[line->bytes - 1] == '\r') {
		line->bytes--;
	}
	return true;
}

static int
parse_method(struct slice method, struct start_line *line)
{
	static const char *const others[] = {"POST",    "PUT",   "DELETE", "CONNECT",
					     "OPTIONS", "TRACE", "PATCH"};

	for (size_t i = 0; i < method.bytes; i++) {
		if (!is_token_char((unsigned char)method.text[i])) {
			return 400;
		}
	}
	line->get = slice_is(method, "GET");
	line->head = slice_is(method, "HEAD");
	line->known = line->get || line->head;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		line->known |= slice_is(method, others[i]);
	}
	return method.bytes ? 0 : 400;
}

/* RFC 9112 2.3. */
static int
parse_version(struct slice version, struct start_line *line)
{
	const char *v = version.text;

	if (version.bytes != 8 || memcmp(v, "HTTP/", 5) || v[5] < '0' || v[5] > '9' ||
	    v[6] != '.' || v[7] < '0' || v[7] > '9') {
		return 400;
	}
	line->minor = (unsigned)(v[7] - '0');
	return v[5] == '1' ? 0 : 505;
}

/* Origin form, or absolute form, of which the scheme and the authority are skipped (RFC 9112
 * 3.2.1, 3.2.2). */
static int
parse_target(struct slice target, struct start_line *line)
{
	for (size_t i = 0; i < target.bytes; i++) {
		if (!is_visible((unsigned char)target.text[i]) || target.text[i] == '#') {
			return 400;
		}
	}
	if (target.bytes > 7 && !strncasecmp(target.text, "http://", 7)) {
		size_t authority = 7;
		while (authority < target.bytes && !strchr("/?", target.text[authority])) {
			authority++;
		}
		target = (struct slice){target.text + authority, target.bytes - authority};
		if (!target.bytes || target.text[0] == '?') {
			target = (struct slice){"/", 1};
		}
	}
	line->target = target;
	if (!line->get && !line->head) {
		return 0; /* `OPTIONS *` and `CONNECT host:port` are refused for their method */
	}
	return target.bytes && target.text[0] == '/' ? 0 : 400;
}

static int
parse_start_line(struct slice text, struct start_line *line)
{
	struct slice method;
	struct slice target;
	int status = 400;

	if (!take_until(&text, ' ', &method) || !take_until(&text, ' ', &target)) {
		return status;
	}
	status = parse_method(method, line);
	status = status ? status : parse_version(text, line);
	status = status ? status : parse_target(target, line);
	return status ? status : line->known ? 0 : 501;
}

/* RFC 9112 6.3: a length that is not one plain number makes the message unreadable. */
static int
parse_length(struct slice value, struct fields *fields)
{
	if (!value.bytes || fields->lengths++) {
		return 400;
	}
	for (size_t i = 0; i < value.bytes; i++) {
		if (value.text[i] < '0' || value.text[i] > '9') {
			return 400;
		}
		fields->has_body |= value.text[i] != '0';
	}
	return 0;
}

static int
parse_coding(struct slice value, struct fields *fields)
{
	if (!slice_is_word(value, "chunked") || fields->has_coding) {
		return 501;
	}
	fields->has_coding = true;
	return 0;
}

static int
parse_host(struct slice value, struct fields *fields)
{
	for (size_t i = 0; i < value.bytes; i++) {
		if (strchr(" \t/?#@\\,", value.text[i])) {
			return 400;
		}
	}
	return fields->hosts++ ? 400 : 0;
}

static void
parse_connection(struct slice value, struct fields *fields)
{
	struct slice option;
	bool more;

	do {
		more = take_until(&value, ',', &option);
		option = trim(more ? option : value);
		fields->says_close |= slice_is_word(option, "close");
		fields->says_keep_alive |= slice_is_word(option, "keep-alive");
	} while (more);
}

static int
parse_field(struct slice line, struct fields *fields)
{
	struct slice name;

	if (!take_until(&line, ':', &name) || !name.bytes) {
		return 400;
	}
	for (size_t i = 0; i < name.bytes; i++) {
		if (!is_token_char((unsigned char)name.text[i])) {
			return 400;
		}
	}
	for (size_t i = 0; i < line.bytes; i++) {
		if (!is_visible((unsigned char)line.text[i]) && line.text[i] != ' ' &&
		    line.text[i] != '\t') {
			return 400;
		}
	}
	line = trim(line);
	if (slice_is_word(name, "host")) {
		return parse_host(line, fields);
	}
	if (slice_is_word(name, "content-length")) {
		return parse_length(line, fields);
	}
	if (slice_is_word(name, "transfer-encoding")) {
		return parse_coding(line, fields);
	}
	if (slice_is_word(name, "connection")) {
		parse_connection(line, fields);
	}
	return 0;
}

/* The fields after the start line, up to the empty line, which is there. */
static int
parse_fields(struct slice text, unsigned minor, struct fields *fields)
{
	struct slice line;

	while (take_line(&text, &line) && line.bytes) {
		int status = parse_field(line, fields);
		if (status) {
			return status;
		}
	}
	if (minor > 0 && !fields->hosts) {
		return 400; /* RFC 9112 3.2 */
	}
	if (fields->has_coding && (fields->lengths || minor == 0)) {
		return 400; /* RFC 9112 6.1 */
	}
	return 0;
}

/* The length of the head, whose empty line is looked for from the LF at or after `from` on; 0 if
 * it is not there yet. */
static size_t
find_end(const char *text, size_t bytes, size_t from)
{
	while (from < bytes) {
		const char *at = memchr(text + from, '\n', bytes - from);
		if (!at) {
			return 0;
		}
		size_t next = (size_t)(at - text) + 1;
		if (next < bytes && text[next] == '\n') {
			return next + 1;
		}
		if (next + 1 < bytes && text[next] == '\r' && text[next + 1] == '\n') {
			return next + 2;
		}
		from = next;
	}
	return 0;
}

static size_t
skip_empty_lines(const char *text, size_t bytes)
{
	size_t at = 0;

	for (;;) {
		if (at < bytes && text[at] == '\n') {
			at++;
		} else if (at + 1 < bytes && text[at] == '\r' && text[at + 1] == '\n') {
			at += 2;
		} else {
			return at;
		}
	}
}

/* What can be said of an incomplete request line. */
static int
judge_incomplete(const char *text, size_t bytes)
{
	size_t method = 0;

	if (bytes == 1 && text[0] == '\r') {
		return E_TRUNCATED; /* an empty line, perhaps */
	}
	while (method < bytes && is_token_char((unsigned char)text[method])) {
		method++;
	}
	if (method < bytes && (text[method] != ' ' || !method)) {
		return 400;
	}
	return bytes >= HTTP_LINE_MAX ? 414 : E_TRUNCATED;
}

int
http_parse(const char *text, size_t bytes, size_t *seen, struct http_request *request)
{
	size_t skipped = skip_empty_lines(text, bytes);
	struct slice rest = {text + skipped, bytes - skipped};
	struct slice first;
	struct start_line line = {0};
	struct fields fields = {0};

	*request = (struct http_request){0};
	if (!take_line(&rest, &first)) {
		return bytes >= HTTP_HEAD_MAX ? 400 : judge_incomplete(rest.text, rest.bytes);
	}
	int status = first.bytes >= HTTP_LINE_MAX ? 414 : parse_start_line(first, &line);
	if (status) {
		return status;
	}
	size_t start_line_end = (size_t)(rest.text - text) - 1;
	size_t end = find_end(text, bytes, *seen > start_line_end + 2 ? *seen - 2 : start_line_end);
	if (end > HTTP_HEAD_MAX || (!end && bytes >= HTTP_HEAD_MAX)) {
		return 431;
	}
	if (!end) {
		*seen = bytes;
		return E_TRUNCATED;
	}
	status = parse_fields((struct slice){rest.text, end - (size_t)(rest.text - text)},
			      line.minor, &fields);
	if (status) {
		return status;
	}
	request->head_bytes = end;
	request->is_head = line.head;
	request->keep_alive = !fields.has_body && !fields.has_coding && !fields.says_close &&
			      (line.minor > 0 || fields.says_keep_alive);
	request->target = line.target.text;
	request->target_bytes = line.target.bytes;
	return line.get || line.head ? 200 : 405;
}
