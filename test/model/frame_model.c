/* SPDX-License-Identifier: MIT
 * frame_model.c: see frame_model.h.
 */
#include "test/model/frame_model.h"

static bool
is_idle(const struct frame_model *m, uint64_t i)
{
	const struct model_frame *f = &m->frame[i];

	return !f->is_object && !f->mapped && !f->pinned && !m->large[i / MODEL_UNIT];
}

static void
change(struct frame_model *m, uint64_t i, struct model_frame f)
{
	uint64_t unit = i / MODEL_UNIT;

	if (f.is_object || f.holder != m->frame[unit * MODEL_UNIT].holder) {
		m->ready[unit] = 0;
	}
	m->frame[i] = f;
}

bool
model_bind(struct frame_model *m, uint64_t i, uint64_t carve)
{
	const struct model_frame *f = &m->frame[i];

	if (!f->is_object && f->holder == carve) {
		return true;
	}
	if (!is_idle(m, i)) {
		return false;
	}
	change(m, i, (struct model_frame){.holder = carve});
	return true;
}

bool
model_take(struct frame_model *m, uint64_t i)
{
	if (!is_idle(m, i)) {
		return false;
	}
	change(m, i, (struct model_frame){.is_object = true});
	return true;
}

void
model_free(struct frame_model *m, uint64_t i)
{
	m->frame[i] = (struct model_frame){.text = ~0ul};
}

bool
model_clear(struct frame_model *m, uint64_t unit, uint64_t carve)
{
	uint64_t first = unit * MODEL_UNIT;

	for (uint64_t n = m->frame[first].holder == carve ? m->ready[unit] : 0; n < MODEL_UNIT;
	     n++) {
		if (!model_bind(m, first + n, carve)) {
			return false;
		}
		m->ready[unit] = (n + 1) / MODEL_GROUP * MODEL_GROUP;
	}
	return true;
}

bool
model_is_ready(const struct frame_model *m, uint64_t unit, uint64_t carve)
{
	return m->ready[unit] == MODEL_UNIT && m->frame[unit * MODEL_UNIT].holder == carve;
}

void
model_divide(struct frame_model *m, uint64_t i)
{
	if (i % MODEL_UNIT) {
		m->ready[i / MODEL_UNIT] = 0;
	}
}
