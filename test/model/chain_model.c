/* SPDX-License-Identifier: MIT
 * chain_model.c: see chain_model.h.
 */
#include "test/model/chain_model.h"

#include <exo/errors.h>

void
chain_init(struct chain_model *m)
{
	for (int i = 0; i < CHAIN_MEMBERS; i++) {
		m->state[i] = CHAIN_READY;
		m->caller[i] = m->callee[i] = CHAIN_NOBODY;
		m->is_gone[i] = false;
	}
}

int
chain_root(const struct chain_model *m, int e)
{
	while (m->caller[e] != CHAIN_NOBODY) {
		e = m->caller[e];
	}
	return e;
}

bool
chain_can_run(const struct chain_model *m, int e)
{
	while (m->state[e] == CHAIN_READY && m->callee[e] != CHAIN_NOBODY) {
		e = m->callee[e];
	}
	return m->state[e] == CHAIN_READY;
}

int
chain_check(const struct chain_model *m, int e, int to)
{
	int depth = 0;

	if (m->state[to] == CHAIN_DEAD) {
		return E_DEAD;
	}
	if (m->state[to] != CHAIN_OPEN) {
		return E_BUSY;
	}
	for (; m->caller[e] != CHAIN_NOBODY; e = m->caller[e]) {
		depth++;
	}
	return depth < CHAIN_DEPTH ? 0 : E_DEPTH;
}

void
chain_call(struct chain_model *m, int e, int to)
{
	m->state[to] = CHAIN_READY;
	m->caller[to] = e;
	m->callee[e] = to;
}

void
chain_send(struct chain_model *m, int to)
{
	m->state[to] = CHAIN_READY;
}

int
chain_reply(struct chain_model *m, int e)
{
	if (m->is_gone[e]) {
		m->is_gone[e] = false;
		return E_GONE;
	}
	if (m->caller[e] != CHAIN_NOBODY) {
		m->callee[m->caller[e]] = CHAIN_NOBODY;
	}
	m->caller[e] = CHAIN_NOBODY;
	m->state[e] = CHAIN_OPEN;
	return 0;
}

void
chain_abandon(struct chain_model *m, int e)
{
	m->is_gone[m->callee[e]] = true;
	m->caller[m->callee[e]] = CHAIN_NOBODY;
	m->callee[e] = CHAIN_NOBODY;
}

void
chain_stop(struct chain_model *m, int e)
{
	m->state[e] = CHAIN_STOPPED;
}

void
chain_die(struct chain_model *m, int e)
{
	if (m->callee[e] != CHAIN_NOBODY) {
		chain_abandon(m, e);
	}
	if (m->caller[e] != CHAIN_NOBODY) {
		m->callee[m->caller[e]] = CHAIN_NOBODY;
		m->caller[e] = CHAIN_NOBODY;
	}
	m->state[e] = CHAIN_DEAD;
}
