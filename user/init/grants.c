/* SPDX-License-Identifier: MIT
 * grants.c: derives from init's capabilities what one environment is to hold.
 *
 * Children of one capability are all carved or all shared, so the group-addressed packets of a NIC
 * are carved once, for init, and the copies are shares of that. State: those capabilities.
 */
#include "user/init/grants.h"

#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/slots.h"
#include "lib/manifest/atoms.h"
#include "user/init/clock.h"
#include "user/init/machine.h"
#include "user/init/say.h"

/* What an environment held in its last life leaves the tree step by step, one at each derivation.
 */
#define TRIES 4096

static exo_handle groups[EXO_NICS_MAX]; /* PACKET: multicast and broadcast of NIC n */
static const struct manifest_filter nothing;

_Static_assert(MANIFEST_PACKETS_MAX <= EXO_START_GRANTS, "the start page names them all");

struct grants {
	struct exo_gift *gifts;
	int count;
	const char *what; /* the thing being derived */
};

/* A derivation, as the arguments of exo_carve or exo_share. */
struct derivation {
	exo_handle parent;
	uint64_t start;
	uint64_t count;
	uint64_t rights;
	bool is_carve;
};

static int64_t
derive(const struct derivation *what, uint32_t slot)
{
	int64_t (*call)(exo_handle, uint32_t, uint64_t, uint64_t, uint64_t, uint64_t) =
		what->is_carve ? exo_carve : exo_share;
	int64_t result;
	int tries = TRIES;

	do {
		result = call(what->parent, slot, what->start, what->count, what->rights, 0);
	} while ((result == E_TAKEN || result == E_NOSPACE) && --tries);
	return result;
}

/* Derives a capability that the start page's `field` is to name. */
static int
add(struct grants *grants, const struct derivation *what, size_t field)
{
	int64_t slot = exo_slot_take();
	int64_t result;

	if (slot < 0) {
		return (int)slot;
	}
	result = derive(what, (uint32_t)slot);
	if (result < 0) {
		exo_slot_free((uint32_t)slot);
		return (int)result;
	}
	grants->gifts[grants->count++] = (struct exo_gift){(exo_handle)result, field};
	return 0;
}

static int
add_console(const struct manifest_env *env, struct grants *grants)
{
	struct derivation what = {.parent = exo_start()->console, .rights = env->console_rights};

	grants->what = "share the console with it";
	return what.rights ? add(grants, &what, EXO_GIFT(console)) : 0;
}

/* A share of pages that somebody publishes. */
static int
add_pages(struct grants *grants, exo_handle pages, uint64_t rights, size_t field)
{
	struct exo_cap_info info = {0};
	int64_t status = exo_inspect(pages, 0, &info);
	struct derivation what = {
		.parent = pages,
		.start = info.start,
		.count = info.count,
		.rights = rights,
	};

	return status < 0 ? (int)status : add(grants, &what, field);
}

static int
add_information(const struct manifest_env *env, struct grants *grants)
{
	int status;

	grants->what = "share the system page with it";
	status = add_pages(grants, exo_start()->sysinfo, EXO_READ, EXO_GIFT(sysinfo));
	if (!status && env->has_frame_table) {
		grants->what = "share the frame table with it";
		status =
			add_pages(grants, exo_boot()->frame_table, EXO_READ, EXO_GIFT(frame_table));
	}
	if (!status && clock_frame() != EXO_NONE) {
		grants->what = "share the clock page with it";
		status = add_pages(grants, clock_frame(),
				   EXO_READ | (env->publishes_clock ? EXO_WRITE : 0),
				   EXO_GIFT(clock));
	}
	if (!status && env->has_trace) {
		grants->what = "share the event trace with it";
		status = add_pages(grants, exo_boot()->trace, EXO_READ, EXO_GIFT(trace));
	}
	return status;
}

static int
add_blocks(const struct manifest_env *env, struct grants *grants)
{
	int status = 0;

	grants->what = "carve its disk blocks";
	for (uint32_t i = 0; !status && i < env->extent_count; i++) {
		const struct manifest_extent *extent = &env->extents[i];
		struct derivation what = {
			.parent = exo_boot()->blocks[extent->disk],
			.start = (uint64_t)extent->disk << EXO_BLOCK_DISK_SHIFT | extent->first,
			.count = extent->count,
			.rights = EXO_READ | EXO_WRITE,
			.is_carve = true,
		};

		status = add(grants, &what, EXO_GIFT(blocks) + i * sizeof(exo_handle));
	}
	return status;
}

static void
filter_fill(struct exo_filter *to, const struct manifest_filter *receive,
	    const struct manifest_filter *transmit)
{
	to->receive_atoms = receive->count;
	to->transmit_atoms = transmit->count;
	memcpy(to->atoms, receive->atoms, receive->count * sizeof(to->atoms[0]));
	memcpy(to->atoms + receive->count, transmit->atoms, transmit->count * sizeof(to->atoms[0]));
}

/* Only the first one sends, and has filters to hand on. */
static int
add_packets(const struct manifest_env *env, struct grants *grants)
{
	static struct exo_filter filter;
	struct derivation what = {
		.start = (uint64_t)&filter,
		.count = env->filters,
		.rights = EXO_PACKET_RECEIVE | (env->transmit.is_given ? EXO_PACKET_TRANSMIT : 0),
		.is_carve = true,
	};
	int status = 0;

	grants->what = "carve its packets";
	for (uint32_t i = 0; !status && i < env->receive_count; i++) {
		what.parent = exo_boot()->packets[env->nic];
		filter_fill(&filter, &env->receive[i], i ? &nothing : &env->transmit);
		status = add(grants, &what, EXO_GIFT(packets) + i * sizeof(exo_handle));
		what.count = 0;
		what.rights = EXO_PACKET_RECEIVE;
	}
	return status;
}

static int
add_copies(const struct manifest_env *env, struct grants *grants)
{
	static struct exo_filter filter;
	struct derivation what = {.start = (uint64_t)&filter, .rights = EXO_PACKET_RECEIVE};

	if (!env->shared.is_given) {
		return 0;
	}
	grants->what = "share multicast and broadcast packets with it";
	what.parent = groups[env->nic];
	filter_fill(&filter, &env->shared, &nothing);
	return add(grants, &what, EXO_GIFT(packets) + env->receive_count * sizeof(exo_handle));
}

/* A share of the whole NIC that sees what was carved from it. */
static int
add_tap(const struct manifest_env *env, struct grants *grants)
{
	static struct exo_filter filter;
	uint32_t before = env->receive_count + env->shared.is_given;
	struct derivation what = {.start = (uint64_t)&filter,
				  .rights = EXO_PACKET_RECEIVE | EXO_PACKET_TAP};

	if (!env->tap) {
		return 0;
	}
	grants->what = "give it a tap on the packets of others";
	what.parent = exo_boot()->packets[env->nic];
	filter_fill(&filter, env->tap, &nothing);
	return add(grants, &what, EXO_GIFT(packets) + before * sizeof(exo_handle));
}

static int
add_code(const struct manifest_env *env, struct grants *grants)
{
	struct derivation what = {
		.parent = exo_boot()->code,
		.start = env->code.first,
		.count = env->code.count,
		.rights = EXO_CODE_LOAD | EXO_CODE_RUN,
		.is_carve = true,
	};

	grants->what = "carve pages for its code";
	return what.count ? add(grants, &what, EXO_GIFT(code)) : 0;
}

static int
add_windows(const struct manifest_env *env, struct grants *grants)
{
	int status = 0;

	grants->what = "carve the registers of its devices";
	for (uint32_t i = 0; !status && i < env->window_count; i++) {
		const struct manifest_range *pages = &env->windows[i].pages;
		struct derivation what = {
			.parent = machine_window(pages),
			.start = pages->first,
			.count = pages->count,
			.rights = EXO_READ | EXO_WRITE,
			.is_carve = true,
		};

		status = add(grants, &what, EXO_GIFT(windows) + i * sizeof(exo_handle));
	}
	return status;
}

static int
add_lines(const struct manifest_env *env, struct grants *grants)
{
	int status = 0;

	grants->what = "carve the interrupts of its devices";
	for (uint32_t i = 0; !status && i < env->line_count; i++) {
		struct derivation what = {
			.parent = machine_line(env->lines[i]),
			.start = env->lines[i],
			.count = 1,
			.rights = EXO_IRQ_BIND,
			.is_carve = true,
		};

		status = add(grants, &what, EXO_GIFT(irqs) + i * sizeof(exo_handle));
	}
	return status;
}

/* The error of the step that failed; what was derived before it is dropped. */
static int
undo(struct grants *grants, int status, const char **what)
{
	*what = grants->what;
	while (grants->count) {
		exo_slot_drop(grants->gifts[--grants->count].handle);
	}
	return status;
}

int
grants_make(const struct manifest_env *env, struct exo_gift gifts[GRANTS_MAX], const char **what)
{
	struct grants grants = {.gifts = gifts};
	int status = add_console(env, &grants);

	status = status ? status : add_information(env, &grants);
	status = status ? status : add_blocks(env, &grants);
	status = status ? status : add_packets(env, &grants);
	status = status ? status : add_copies(env, &grants);
	status = status ? status : add_tap(env, &grants);
	status = status ? status : add_code(env, &grants);
	status = status ? status : add_windows(env, &grants);
	status = status ? status : add_lines(env, &grants);
	return status ? undo(&grants, status, what) : grants.count;
}

int
grants_add_share(struct exo_gift *gifts, int count, exo_handle parent, uint64_t rights,
		 size_t field, const char **what)
{
	struct grants grants = {.gifts = gifts, .count = count, .what = "let it watch others"};
	struct derivation share = {.parent = parent, .rights = rights};
	struct exo_cap_info info = {0};
	int status = (int)exo_inspect(parent, 0, &info);

	if (!status && info.type == EXO_CAP_FRAME) {
		share.start = info.start;
		share.count = info.count;
	}
	status = status ? status : add(&grants, &share, field);
	return status ? undo(&grants, status, what) : grants.count;
}

void
grants_open(const struct manifest *manifest)
{
	static struct exo_filter filter = {.receive_atoms = 1};

	clock_open(manifest);
	filter.atoms[0] = atoms_group;
	for (uint32_t nic = 0; nic < EXO_NICS_MAX; nic++) {
		uint32_t listeners = manifest_listeners(manifest, nic);
		int64_t slot = listeners ? exo_slot_take() : 0;
		int64_t result = slot;

		if (listeners && slot >= 0) {
			result = exo_carve(exo_boot()->packets[nic], (uint32_t)slot,
					   (uint64_t)&filter, listeners, EXO_PACKET_RECEIVE, 0);
		}
		if (result < 0) {
			give_up("NIC %u does not hand out its multicast and broadcast frames: %s; "
				"remove filter-shared from the manifest",
				nic, exo_error_sentence(result));
		}
		groups[nic] = (exo_handle)result;
	}
}
