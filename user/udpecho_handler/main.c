/* SPDX-License-Identifier: MIT
 * main.c: udpecho whose work is done by a handler in the kernel, which this program loads.
 *
 *   udpecho_handler [PORT]     7 where not given
 *
 * The handler, kernel/echo.c, sees each packet before it comes to the ring. What it leaves, ARP,
 * pings, large datagrams, comes to lib/net as ever; there udpecho's own function answers. Needs
 * `code` in the manifest. Once a second it says how many the handler has sent back, if there were
 * any.
 */
#include <inttypes.h>
#include <stdio.h>

#include <exo/code.h>
#include <exo/errors.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/exo/vm.h"
#include "lib/net/net.h"
#include "user/echo_port.h"
#include "user/udpecho_handler/state.h"

#define EVENT_NET 1

extern const struct exo_code echo_code;

static struct net net;
static struct exo_pages page;

static void
echo(struct net *from, void *context, const struct net_datagram *datagram)
{
	(void)context;
	if (!datagram->is_broadcast && datagram->from_port >= SMALL_PORTS) {
		(void)net_udp_answer(from, datagram, datagram->data, datagram->bytes);
	}
}

static int
fail(const char *what, int64_t status)
{
	printf("%s: %s: %s\n", exo_name(), what, exo_error_sentence((int)status));
	return 1;
}

/* The sentence of E_NOSPACE does not say of what there is too little. */
static int
fail_load(const struct exo_result *loaded)
{
	const char *why = loaded->value == E_NOSPACE
				  ? "there are too few pages for code; write code = <4>"
				  : exo_error_sentence((int)loaded->value);

	printf("%s: the handler cannot be loaded: %s\n", exo_name(), why);
	return 1;
}

/* Loads the handler and has it look at the packets that come to the interface. */
static int
start_handler(uint32_t port)
{
	exo_handle code = exo_start()->code;
	struct exo_result loaded;
	int64_t status = exo_pages_make(&page, 1);

	if (code == EXO_NONE) {
		printf("%s: the manifest gives no pages for code; write code = <4>\n", exo_name());
		return 1;
	}
	if (status < 0) {
		return fail("no page for the handler", status);
	}
	((struct echo_state *)page.memory)->port = port;
	loaded = exo_code_load2(code, &echo_code);
	if (loaded.value < 0) {
		return fail_load(&loaded);
	}
	status = exo_bind(EXO_BIND_HANDLER, net_ring(&net), code, page.frames);
	return status < 0 ? fail("the handler cannot be bound", status) : 0;
}

/* The handler knows the address as long as we have it. */
static void
look(uint64_t *told)
{
	struct echo_state *state = page.memory;
	uint64_t echoes = __atomic_load_n(&state->echoes, __ATOMIC_RELAXED);

	__atomic_store_n(&state->address, net.address, __ATOMIC_RELAXED);
	if (echoes != *told) {
		*told = echoes;
		printf("%s: %" PRIu64 " datagrams sent back in the kernel\n", exo_name(), echoes);
	}
}

int
main(int argc, char **argv)
{
	uint16_t port = echo_port(argc, argv);
	uint64_t told = 0;

	if (!port || net_open(&net, EVENT_NET) || start_handler(port)) {
		return 1;
	}
	int result = net_udp_listen(&net, port, echo, NULL);
	printf("%s: UDP port %u, answered in the kernel\n", exo_name(), port);
	while (result == 0) {
		look(&told);
		result = net_wait(&net, EXO_NS_PER_S);
	}
	return fail("the network is lost", result);
}
