/* SPDX-License-Identifier: MIT
 * string.h: the dozen functions of <string.h> that the kernel uses, for rooms that may not
 * include the C library.
 *
 * The kernel links lib/base/string.c; user programs and host tests link the same names from their
 * C library. gcc itself calls the first four (freestanding environments must provide them). C11
 * 7.24.
 */
#ifndef LIB_BASE_STRING_H
#define LIB_BASE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *from, int value, size_t bytes);
size_t strlen(const char *string);
size_t strnlen(const char *string, size_t bytes);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);
char *strchr(const char *string, int value);

#endif
