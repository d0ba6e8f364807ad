/* SPDX-License-Identifier: MIT
 * timeline_model.c: see timeline_model.h. The epoch is 0.
 */
#include "test/model/timeline_model.h"

#include <string.h>

void
model_init(struct timeline_model *m, uint64_t quantum)
{
	memset(m, 0, sizeof(*m));
	m->quantum = quantum;
	m->slot = UINT64_MAX;
	m->running = m->donee = MODEL_NOBODY;
	for (int i = 0; i < CONFIG_TIMELINE_SLOTS; i++) {
		m->owner[i] = MODEL_NOBODY;
	}
}

static void
ring_remove(struct timeline_model *m, int who)
{
	int kept = 0;

	for (int i = 0; i < m->turns; i++) {
		if (m->turn[i] != who) {
			m->turn[kept++] = m->turn[i];
		}
	}
	m->turns = kept;
}

static void
ring_add(struct timeline_model *m, int who, bool front)
{
	for (int i = m->turns; front && i > 0; i--) {
		m->turn[i] = m->turn[i - 1];
	}
	m->turn[front ? 0 : m->turns] = who;
	m->turns++;
}

static int
owner_of(const struct timeline_model *m, uint64_t slot)
{
	return m->owner[slot % CONFIG_TIMELINE_SLOTS];
}

static void
enter(struct timeline_model *m, uint64_t now)
{
	int owner;

	if (now / m->quantum == m->slot) {
		return;
	}
	m->slot = now / m->quantum;
	owner = owner_of(m, m->slot);
	if (m->running != MODEL_NOBODY && m->runs_slack) {
		ring_remove(m, m->running);
		ring_add(m, m->running, false);
	}
	if (m->slot >= m->donated_to) {
		m->donee = MODEL_NOBODY;
	}
	m->given_up = owner != MODEL_NOBODY && m->ready[owner] && m->debt[owner] >= m->quantum;
	if (m->given_up) {
		m->debt[owner] -= m->quantum;
		m->forfeits[owner]++;
	}
}

void
model_wake(struct timeline_model *m, int who, uint64_t now)
{
	enter(m, now);
	m->ready[who] = true;
	m->jumps[who] = m->slack[who] && m->credit[who];
	if (m->slack[who]) {
		ring_add(m, who, m->jumps[who]);
		m->credit[who] = false;
	}
}

void
model_sleep(struct timeline_model *m, int who)
{
	m->ready[who] = false;
	ring_remove(m, who);
	m->donee = m->donee == who ? MODEL_NOBODY : m->donee;
	m->running = m->running == who ? MODEL_NOBODY : m->running;
}

void
model_yield(struct timeline_model *m, uint64_t now)
{
	int who = m->running;

	enter(m, now);
	if (m->donee == who) {
		m->donee = MODEL_NOBODY;
	} else if (owner_of(m, m->slot) == who) {
		m->given_up = true;
	}
	if (m->slack[who]) {
		ring_remove(m, who);
		ring_add(m, who, false);
	}
	m->running = MODEL_NOBODY;
}

static uint64_t
last_of_slice(const struct timeline_model *m)
{
	uint64_t slot = m->slot;

	while (slot + 1 < m->slot + CONFIG_TIMELINE_SLOTS &&
	       owner_of(m, slot + 1) == owner_of(m, m->slot)) {
		slot++;
	}
	return slot;
}

void
model_donate(struct timeline_model *m, int who, uint64_t now)
{
	enter(m, now);
	if (now >= m->end) {
		return;
	}
	if (m->donee != m->running || m->donee == MODEL_NOBODY) {
		m->donated_to = (m->runs_slack ? m->slot : last_of_slice(m)) + 1;
		m->donates_slack = m->runs_slack;
		if (m->runs_slack) {
			ring_remove(m, m->running);
			ring_add(m, m->running, false);
		}
	}
	m->donee = who;
}

void
model_bind(struct timeline_model *m, uint32_t position, int who)
{
	m->owner[position] = who;
	for (uint64_t slot = m->slot; m->donee != MODEL_NOBODY && !m->donates_slack; slot++) {
		if (slot >= m->donated_to) {
			return;
		}
		if (slot % CONFIG_TIMELINE_SLOTS == position) {
			m->donated_to = slot;
			m->donee = slot > m->slot ? m->donee : MODEL_NOBODY;
			return;
		}
	}
}

static uint64_t
end_of_slack(const struct timeline_model *m)
{
	if (m->turns > 1) {
		return (m->slot + 1) * m->quantum;
	}
	for (uint64_t slot = m->slot + 1; slot <= m->slot + CONFIG_TIMELINE_SLOTS; slot++) {
		if (owner_of(m, slot) != MODEL_NOBODY && m->ready[owner_of(m, slot)]) {
			return slot * m->quantum;
		}
	}
	return UINT64_MAX;
}

int
model_choose(struct timeline_model *m, uint64_t now, uint64_t *end)
{
	int owner, before = m->running;
	bool owned;

	enter(m, now);
	owner = owner_of(m, m->slot);
	owned = owner != MODEL_NOBODY && m->ready[owner] && !m->given_up;
	m->runs_slack = false;
	if (m->donee != MODEL_NOBODY && !(m->donates_slack && owned)) {
		m->running = m->donee;
		*end = m->donated_to * m->quantum;
	} else if (owned) {
		m->running = owner;
		*end = (last_of_slice(m) + 1) * m->quantum;
	} else if (m->turns) {
		m->running = m->turn[0];
		m->runs_slack = true;
		*end = end_of_slack(m);
	} else {
		m->running = MODEL_NOBODY;
		*end = end_of_slack(m);
	}
	if (m->runs_slack && m->running != before) {
		m->credit[m->running] |= !m->jumps[m->running];
		m->jumps[m->running] = false;
	}
	m->end = *end;
	return m->running;
}
