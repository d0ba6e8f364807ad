/* SPDX-License-Identifier: MIT
 * reply.h: the heads of responses, and the small pages that explain a refusal.
 */
#ifndef USER_WEB_REPLY_H
#define USER_WEB_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_HEAD_MAX 512 /* bytes of a head without the Location */

struct reply {
	int status;
	bool keep_alive;
	bool is_head;         /* no body follows */
	const char *location; /* redirection: the encoded path, else 0 */
	size_t location_bytes;
};

/* Writes the head of the answer with a body of `type` and `bytes`. Returns its length, or
 * E_NOSPACE. */
int reply_head(char *to, size_t room, const struct reply *reply, const char *type, uint64_t bytes);

/* Writes a whole answer whose body says what reply->status means. Returns its length, or
 * E_NOSPACE. */
int reply_page(char *to, size_t room, const struct reply *reply);

/* The media type of a file, by the ending of its name. */
const char *reply_type(const char *name, size_t bytes);

#endif
