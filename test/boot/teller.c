/* SPDX-License-Identifier: MIT
 * teller.c: a server and its clients by control transfer, as docs/libos-guide.md tells it:
 * accounts, and whoever calls can only reach its own.
 *
 * boot: init SMP=1
 */
#include "lib/exo/slots.h"
#include "lib/exo/thread.h"
#include "lib/exo/transfer.h"
#include "test/boot/tap.h"

#define ACCOUNTS 4
#define CLIENTS  3
#define ROUNDS   500

enum { TELLER_PUT, TELLER_TAKE };

static struct {
	struct exo_thread thread;
	uint64_t balance[ACCOUNTS];
} teller;

/* Word 0: what to do, word 1: how much. The answer: word 0 = 0 or an error, word 1 = the balance.
 */
static void
teller_serve(struct exo_message *m, uint64_t badge)
{
	uint64_t *balance = &teller.balance[badge % ACCOUNTS];
	int64_t result = 0;

	if (m->word[0] == TELLER_PUT) {
		*balance += m->word[1];
	} else if (m->word[0] == TELLER_TAKE && m->word[1] <= *balance) {
		*balance -= m->word[1];
	} else {
		result = E_INVAL;
	}
	m->word[0] = (uint64_t)result;
	m->word[1] = *balance;
}

static uint64_t
teller_body(void *argument)
{
	(void)argument;
	return (uint64_t)exo_serve(teller_serve, 0);
}

static int64_t
account_open(uint64_t number)
{
	int64_t slot = exo_slot_take();

	return slot < 0 ? slot
			: exo_share(teller.thread.env, (uint32_t)slot, 0, 0,
				    EXO_ENV_CALL | EXO_ENV_YIELD, number);
}

static int64_t
account_ask(exo_handle account, uint64_t what, uint64_t amount, uint64_t *balance)
{
	struct exo_message m = {.word = {what, amount}};
	int64_t result = exo_call(account, &m);

	while (result == E_BUSY) {
		exo_yield(account);
		result = exo_call(account, &m);
	}
	*balance = m.word[1];
	return result < 0 ? result : (int64_t)m.word[0];
}

/* --- does it do what the page says? ----------------------------------------------------------- */
static exo_handle account[CLIENTS + 1];

/* Puts 2, takes 1, again and again; its balance grows by 1 each time. Returns how often it did not.
 */
static uint64_t
client_body(void *number)
{
	uint64_t wrong = 0, balance;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		exo_handle own = account[(uint64_t)number];

		wrong += account_ask(own, TELLER_PUT, 2, &balance) != 0 || balance != i + 2;
		wrong += account_ask(own, TELLER_TAKE, 1, &balance) != 0 || balance != i + 1;
		if (i % 50 == 0) {
			exo_yield(EXO_NONE);
		}
	}
	return wrong;
}

static void
check_clients(void)
{
	struct exo_thread client[CLIENTS];
	uint64_t wrong = 0, status = 1;

	for (uint64_t i = 0; i < CLIENTS; i++) {
		wrong += exo_thread_start(&client[i], 0, client_body, (void *)i) != 0;
	}
	for (uint64_t i = 0; i < CLIENTS; i++) {
		wrong += exo_thread_join(&client[i], &status) != 0 || status;
	}
	tap_is((int64_t)wrong, 0, "three clients, each with an account of its own");
	tap_ok(teller.balance[0] == ROUNDS && teller.balance[1] == ROUNDS &&
		       teller.balance[2] == ROUNDS && teller.balance[3] == 0,
	       "have what they saved");
}

static void
check_end(void)
{
	uint64_t balance;

	exo_drop(account[0], 0, 0);
	tap_is(account_ask(account[0], TELLER_PUT, 1, &balance), E_HANDLE,
	       "an account that was taken back is closed");
	tap_is(account_ask(account[1], TELLER_TAKE, 1, &balance), 0, "the others are not");
	tap_is(exo_thread_end(&teller.thread), 0, "the teller goes");
	tap_is(account_ask(account[1], TELLER_TAKE, 1, &balance), E_HANDLE,
	       "and with it all accounts");
}

int
main(void)
{
	uint64_t balance = 1;

	tap_plan(10);
	tap_is(exo_thread_start(&teller.thread, 0, teller_body, NULL), 0, "a teller begins");
	for (uint64_t i = 0; i <= CLIENTS; i++) {
		account[i] = (exo_handle)account_open(i);
	}
	tap_is(account_ask(account[CLIENTS], TELLER_TAKE, 1, &balance), E_INVAL,
	       "there is nothing to take");
	tap_is((int64_t)balance, 0, "and the answer says so");
	check_clients();
	tap_is(exo_call(exo_own_env(), &(struct exo_message){{0}, EXO_NONE}), E_BUSY,
	       "nobody calls itself");
	check_end();
	return tap_end();
}
