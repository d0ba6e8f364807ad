/* SPDX-License-Identifier: MIT
 * target.h: from the target of a request to the name of a file, and back.
 */
#ifndef USER_WEB_TARGET_H
#define USER_WEB_TARGET_H

#include <stddef.h>

/* Writes the path that a request target (starting with '/') names to path[0, room):
 * percent-decoded, without query, without "." and ".." and empty segments, without the leading
 * '/'; a final '/' stays and says that a folder is meant ("" is the root). Returns its length; no
 * 0 byte is added. E_FORMAT: a bad escape, a control character, or ".." above the root.
 * E_NOSPACE: longer than `room`. RFC 3986 2.1, 5.2.4. */
int target_decode(const char *target, size_t bytes, char *path, size_t room);

/* Writes '/' and the percent-encoded path to target[0, room). Returns the length, or E_NOSPACE. */
int target_encode(const char *path, size_t bytes, char *target, size_t room);

#endif
