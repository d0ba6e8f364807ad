/* SPDX-License-Identifier: MIT
 * frames.c: see frames.h.
 */
#include "lib/exo/frames.h"

#include "lib/exo/call.h"
#include "lib/exo/fit.h"
#include "lib/exo/slots.h"

#define DRAIN_TICKS 1000 /* 0.1 to 1 ms on known boards; needs no start page */
#define DRAIN_TRIES 1000

static struct exo_frames own_frames;

struct attempt {
	const struct exo_frames *frames;
	uint64_t count;
	uint32_t slot;
};

int
exo_frames_open(struct exo_frames *frames, exo_handle pool)
{
	struct exo_cap_info info;
	int64_t result = exo_inspect(pool, 0, &info);

	if (result < 0) {
		return (int)result;
	}
	if (info.type != EXO_CAP_FRAME) {
		return E_TYPE;
	}
	*frames = (struct exo_frames){
		.pool = pool,
		.start = info.start,
		.end = info.start + info.count,
		.next = info.start,
		.rights = info.rights,
	};
	return 0;
}

struct exo_frames *
exo_own_frames(void)
{
	return &own_frames;
}

static int64_t
carve_at(void *context, uint64_t at, uint64_t *way)
{
	const struct attempt *attempt = context;
	const struct exo_frames *frames = attempt->frames;
	struct exo_result result =
		exo_carve2(frames->pool, attempt->slot, at, attempt->count, frames->rights, 0);

	*way = result.second;
	return result.value;
}

/* A slot of the caller, noted in the log of `frames` if it has one. */
static int64_t
slot_take_logged(struct exo_frames *frames)
{
	struct exo_slot_log *log = frames->log;
	int64_t slot;

	if (log && log->count == EXO_LOG_SLOTS) {
		return E_NOSPACE;
	}
	slot = exo_slot_take();
	if (slot >= 0 && log) {
		log->slots[log->count++] = (uint32_t)slot;
	}
	return slot;
}

static void
slot_untake(struct exo_frames *frames, uint32_t slot)
{
	struct exo_slot_log *log = frames->log;

	for (uint32_t i = log ? log->count : 0; i-- > 0;) {
		if (log->slots[i] == slot) {
			log->slots[i] = log->slots[--log->count];
			break;
		}
	}
	exo_slot_free(slot);
}

int
exo_frames_carve(struct exo_frames *frames, uint64_t count, uint64_t align, exo_handle *handle)
{
	struct exo_fit fit = {frames->start, frames->end, frames->next, count, align};
	struct attempt attempt = {frames, count, 0};
	int64_t result = count ? slot_take_logged(frames) : E_INVAL;
	uint64_t at = 0;

	if (result < 0) {
		return (int)result;
	}
	attempt.slot = (uint32_t)result;
	result = exo_fit_take(&fit, carve_at, &attempt, &at);
	if (result < 0) {
		slot_untake(frames, attempt.slot);
		return (int)result;
	}
	frames->next = at + count;
	*handle = (exo_handle)result;
	return 0;
}

bool
exo_frames_drain(int64_t result, int *tries)
{
	if (result != E_BUSY || ++*tries > DRAIN_TRIES) {
		return false;
	}
	exo_sleep(0, exo_ticks() + DRAIN_TICKS);
	return true;
}

int
exo_frames_create(struct exo_frames *frames, uint32_t type, uint64_t arg0, uint64_t arg1,
		  exo_handle *object, exo_handle *memory)
{
	uint64_t pages = type == EXO_CAP_CSPACE ? 1 : 2;
	exo_handle under;
	int tries = 0;
	int64_t slot;
	int64_t result = exo_frames_carve(frames, pages, pages, &under);

	if (result < 0) {
		return (int)result;
	}
	slot = slot_take_logged(frames);
	do {
		result = slot < 0 ? slot : exo_create(type, under, (uint32_t)slot, arg0, arg1);
	} while (exo_frames_drain(result, &tries));
	if (result < 0) {
		if (slot >= 0) {
			slot_untake(frames, (uint32_t)slot);
		}
		exo_frames_release(frames, under);
		return (int)result;
	}
	*object = (exo_handle)result;
	if (memory) {
		*memory = under;
	}
	return 0;
}

int
exo_frames_release(struct exo_frames *frames, exo_handle handle)
{
	int64_t result = exo_drop(handle, 0, 0);

	if (result < 0 && result != E_HANDLE) {
		return (int)result;
	}
	slot_untake(frames, EXO_HANDLE_INDEX(handle));
	return 0;
}

int
exo_frames_destroy(struct exo_frames *frames, exo_handle object, exo_handle memory)
{
	int result = exo_frames_release(frames, memory);

	if (result == 0) {
		slot_untake(frames, EXO_HANDLE_INDEX(object));
	}
	return result;
}
