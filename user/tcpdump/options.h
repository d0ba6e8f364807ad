/* SPDX-License-Identifier: MIT
 * options.h: what the arguments ask for.
 */
#ifndef USER_TCPDUMP_OPTIONS_H
#define USER_TCPDUMP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define EXPRESSION_BYTES 1024 /* arguments have no more: docs/manifest.md */

struct options {
	uint64_t count; /* 0: without end */
	const char *file;
	bool shows_link;
	bool hides_time;
	char expression[EXPRESSION_BYTES];
};

/* False if the arguments make no sense; then it has said why. */
bool options_read(struct options *options, int argc, char **argv);

#endif
