/* SPDX-License-Identifier: MIT
 * state.h: the page that udpecho_handler and its handler share, its state region.
 */
#ifndef USER_UDPECHO_HANDLER_STATE_H
#define USER_UDPECHO_HANDLER_STATE_H

#include <stdint.h>

#define SMALL_PORTS 20 /* below are services like this one, which would answer it for ever */

struct echo_state {
	uint32_t address; /* that is answered for, in host order; 0: none yet */
	uint32_t port;
	uint64_t echoes; /* counted by the handler */
};

#endif
