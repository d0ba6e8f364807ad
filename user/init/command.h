/* SPDX-License-Identifier: MIT
 * command.h: the commands that init understands on the console, until the monitor comes.
 */
#ifndef USER_INIT_COMMAND_H
#define USER_INIT_COMMAND_H

#include <stdbool.h>

#define EVENT_CONSOLE 1 /* event bit: something was typed */

/* Asks for EVENT_CONSOLE; not called when an environment of the manifest reads the console. */
void command_open(void);

/* Takes some of what was typed, echoes it and carries complete lines out. True if there may be more
 * already. */
bool command_tend(void);

#endif
