/* SPDX-License-Identifier: MIT
 * clang.h: downloaded code in C to the file that clang -target bpf writes, for host tests.
 */
#ifndef TEST_UNIT_CLANG_H
#define TEST_UNIT_CLANG_H

#include <stddef.h>

/* Compiles `source` as `make code` does. On the heap; ends the test when clang refuses. */
unsigned char *clang_bpf(const char *source, size_t *bytes);

/* The same of a file. */
unsigned char *clang_bpf_file(const char *path, size_t *bytes);

#endif
