/* SPDX-License-Identifier: MIT
 * echo_port.h: which port the echo programs serve.
 */
#ifndef USER_ECHO_PORT_H
#define USER_ECHO_PORT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/start.h"

#define ECHO_PORT 7 /* RFC 862 */
#define PORT_MOST 65535

/* The first argument, or ECHO_PORT. 0: it is no port, and that has been said. */
static inline uint16_t
echo_port(int argc, char **argv)
{
	char *end = "";
	unsigned long port = argc > 1 ? strtoul(argv[1], &end, 10) : ECHO_PORT;

	if (!port || port > PORT_MOST || *end) {
		printf("%s: %s is no port from 1 to %d\n", exo_name(), argv[1], PORT_MOST);
		return 0;
	}
	return (uint16_t)port;
}

#endif
