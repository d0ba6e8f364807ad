/* SPDX-License-Identifier: MIT
 * assassin.c: ends the environment that it supervises, by a jump to address 0.
 *
 *   assassin SECONDS     after so long
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/call.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"

int
main(int argc, char **argv)
{
	static struct exo_context context;
	exo_handle ward = exo_start()->others[0];

	exo_pause((argc > 1 ? strtoul(argv[1], NULL, 10) : 1) * EXO_NS_PER_S);
	exo_env_stop(ward);
	exo_env_read(ward, &context);
	context.pc = 0;
	if (exo_env_write(ward, &context) < 0 || exo_env_start(ward) < 0) {
		printf("%s: it still lives\n", exo_name());
		return 1;
	}
	exo_pause(EXO_FOREVER);
	return 0;
}
