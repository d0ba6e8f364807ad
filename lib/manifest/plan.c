/* SPDX-License-Identifier: MIT
 * plan.c: fits a parsed manifest to a machine, before anything is started.
 *
 * Every check goes over all environments, and compares each with those before it; the sentence
 * names the later one. There are at most MANIFEST_ENVS_MAX, so quadratic is good enough. Pages:
 * first those named by frames-at, then first fit in the order of the manifest.
 */
#include "lib/manifest/plan.h"

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/string.h"
#include "lib/manifest/devices.h"
#include "lib/manifest/packets.h"
#include "lib/manifest/slots.h"

#define PAGES_PER_MIB 256

typedef int env_check(const struct manifest *manifest, uint32_t index,
		      const struct manifest_machine *machine, struct manifest_refusal *refusal);

static int
check_hart(const struct manifest *manifest, uint32_t index, const struct manifest_machine *machine,
	   struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];

	return env->hart < machine->harts ? 0
					  : manifest_refuse(refusal, env->name, "hart",
							    "there is no hart %u; this machine has "
							    "%u, counted from 0",
							    env->hart, machine->harts);
}

/* The supervisor of `env`, or a null pointer for init and unknown ones. */
static const struct manifest_env *
supervisor_of(const struct manifest *manifest, const struct manifest_env *env)
{
	return manifest_find(manifest, env->supervisor);
}

uint32_t
manifest_wards(const struct manifest *manifest, const char *name)
{
	uint32_t wards = 0;

	for (uint32_t i = 0; i < manifest->count; i++) {
		wards += !strcmp(manifest->env[i].supervisor, name);
	}
	return wards;
}

static int
check_supervisor(const struct manifest *manifest, uint32_t index,
		 const struct manifest_machine *machine, struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];
	const struct manifest_env *above = env;

	(void)machine;
	if (strcmp(env->supervisor, MANIFEST_INIT) && !supervisor_of(manifest, env)) {
		return manifest_refuse(refusal, env->name, "supervisor",
				       "there is no environment "
				       "\"%s\"; name one of this manifest, or init",
				       env->supervisor);
	}
	if (supervisor_of(manifest, env) &&
	    manifest_wards(manifest, env->supervisor) > PLAN_WARDS_MAX) {
		return manifest_refuse(refusal, env->name, "supervisor",
				       "\"%s\" has more than %u to "
				       "watch; let init or another one watch some",
				       env->supervisor, PLAN_WARDS_MAX);
	}
	for (uint32_t steps = 0; above && steps <= manifest->count; steps++) {
		above = supervisor_of(manifest, above);
	}
	return above ? manifest_refuse(refusal, env->name, "supervisor",
				       "its supervisors form a "
				       "circle; one of them must have init")
		     : 0;
}

static int
check_clock(const struct manifest *manifest, uint32_t index, const struct manifest_machine *machine,
	    struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];

	(void)machine;
	for (uint32_t i = 0; env->publishes_clock && i < index; i++) {
		if (manifest->env[i].publishes_clock) {
			return manifest_refuse(refusal, env->name, "clock",
					       "\"%s\" publishes the time of day already; remove "
					       "one of them",
					       manifest->env[i].name);
		}
	}
	return 0;
}

static int
check_console(const struct manifest *manifest, uint32_t index,
	      const struct manifest_machine *machine, struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];

	(void)machine;
	for (uint32_t i = 0; env->console_rights & EXO_READ && i < index; i++) {
		if (manifest->env[i].console_rights & EXO_READ) {
			return manifest_refuse(refusal, env->name, "console",
					       "\"%s\" reads the "
					       "console already, and input goes to one reader; "
					       "make one of them \"write\"",
					       manifest->env[i].name);
		}
	}
	return 0;
}

static int
check_extent_free(const struct manifest *manifest, uint32_t index, uint32_t nth,
		  struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];
	const struct manifest_extent *mine = &env->extents[nth];

	for (uint32_t i = 0; i <= index; i++) {
		const struct manifest_env *other = &manifest->env[i];

		for (uint32_t j = 0; j < (i == index ? nth : other->extent_count); j++) {
			const struct manifest_extent *theirs = &other->extents[j];

			if (mine->disk == theirs->disk &&
			    range_overlaps(mine->first, mine->count, theirs->first,
					   theirs->count)) {
				return manifest_refuse(
					refusal, env->name, "blocks",
					"<%u %lu %lu> "
					"overlaps <%u %lu %lu> of \"%s\"; give them different "
					"blocks",
					mine->disk, mine->first, mine->count, theirs->disk,
					theirs->first, theirs->count, other->name);
			}
		}
	}
	return 0;
}

/* A count of 0 asks for the rest of the disk. */
static void
resolve_extents(struct manifest_env *env, const struct manifest_machine *machine)
{
	for (uint32_t i = 0; i < env->extent_count; i++) {
		struct manifest_extent *extent = &env->extents[i];
		uint64_t blocks = machine->disk_blocks[extent->disk];

		if (!extent->count) {
			extent->count = extent->first < blocks ? blocks - extent->first : 1;
		}
	}
}

static int
check_blocks(const struct manifest *manifest, uint32_t index,
	     const struct manifest_machine *machine, struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];
	int status = 0;

	for (uint32_t i = 0; !status && i < env->extent_count; i++) {
		const struct manifest_extent *extent = &env->extents[i];
		uint64_t blocks = machine->disk_blocks[extent->disk];

		if (!blocks) {
			return manifest_refuse(refusal, env->name, "blocks",
					       "this machine has no disk %u; attach one (make qemu "
					       "DISK=file), or remove it from the manifest",
					       extent->disk);
		}
		if (!range_within(extent->first, extent->count, blocks)) {
			return manifest_refuse(refusal, env->name, "blocks",
					       "<%u %lu %lu> leaves "
					       "disk %u, which has %lu blocks; lower the count, or "
					       "attach a larger disk",
					       extent->disk, extent->first, extent->count,
					       extent->disk, blocks);
		}
		status = check_extent_free(manifest, index, i, refusal);
	}
	return status;
}

static int
check_nic(const struct manifest *manifest, uint32_t index, const struct manifest_machine *machine,
	  struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];
	if (env->nic == MANIFEST_NO_NIC) {
		return 0;
	}
	if (!machine->has_nic[env->nic]) {
		return manifest_refuse(
			refusal, env->name, "nic",
			"this machine has no NIC %u; attach one (make qemu "
			"NET=user, a word for each NIC), or remove it from the manifest",
			env->nic);
	}
	if (packets_filters(manifest, env->nic) > machine->filters[env->nic]) {
		return manifest_refuse(refusal, env->name, "filters",
				       "the environments of NIC %u need "
				       "%lu filters, and it has %u; lower or remove one of them",
				       env->nic, packets_filters(manifest, env->nic),
				       machine->filters[env->nic]);
	}
	return packets_check(manifest, index, refusal);
}

static bool
range_is_free(const struct manifest_machine *machine, const struct manifest_range *range)
{
	for (uint32_t i = 0; i < machine->free_count; i++) {
		const struct manifest_range *free = &machine->free[i];

		if (range->first >= free->first &&
		    range_within(range->first - free->first, range->count, free->count)) {
			return true;
		}
	}
	return false;
}

/* The first environment other than `asker` whose pages share one with `range`. */
static const struct manifest_env *
frames_owner(const struct manifest *manifest, const struct manifest_env *asker,
	     const struct manifest_range *range)
{
	for (uint32_t i = 0; i < manifest->count; i++) {
		const struct manifest_env *env = &manifest->env[i];

		if (env != asker && env->frames.first &&
		    range_overlaps(range->first, range->count, env->frames.first,
				   env->frames.count)) {
			return env;
		}
	}
	return NULL;
}

static int
check_frames_at(const struct manifest *manifest, uint32_t index,
		const struct manifest_machine *machine, struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];
	const struct manifest_env *owner;

	if (!env->frames.first) {
		return 0;
	}
	if (!range_is_free(machine, &env->frames)) {
		return manifest_refuse(refusal, env->name, "frames-at",
				       "the pages <0x%lx %lu> are not "
				       "all free RAM here; free RAM begins at page 0x%lx",
				       env->frames.first, env->frames.count,
				       machine->free_count ? machine->free[0].first : 0);
	}
	owner = frames_owner(manifest, env, &env->frames);
	return !owner ? 0
		      : manifest_refuse(refusal, env->name, "frames-at",
					"the pages <0x%lx %lu> "
					"overlap those of \"%s\"; give them different ones",
					env->frames.first, env->frames.count, owner->name);
}

/* The lowest place in `free` for the pages of `env`. */
static bool
place_in(const struct manifest *manifest, struct manifest_env *env,
	 const struct manifest_range *free)
{
	struct manifest_range try = {.count = env->frames.count};
	const struct manifest_env *owner;

	try.first = align_up_u64(free->first, PLAN_ALIGN_PAGES);
	while (range_within(try.first - free->first, try.count, free->count)) {
		owner = frames_owner(manifest, env, &try);
		if (!owner) {
			env->frames = try;
			return true;
		}
		try.first =
			align_up_u64(owner->frames.first + owner->frames.count, PLAN_ALIGN_PAGES);
	}
	return false;
}

static int
refuse_frames(const struct manifest *manifest, const struct manifest_env *env,
	      const struct manifest_machine *machine, struct manifest_refusal *refusal)
{
	uint64_t free = 0;
	uint64_t used = 0;

	for (uint32_t i = 0; i < machine->free_count; i++) {
		free += machine->free[i].count;
	}
	for (uint32_t i = 0; i < manifest->count; i++) {
		used += manifest->env[i].frames.first ? manifest->env[i].frames.count : 0;
	}
	return manifest_refuse(
		refusal, env->name, "frames",
		"there is no room for %lu pages (%lu MiB)"
		" in a row: of %lu free pages the others take %lu; lower it, or give "
		"the machine more memory",
		env->frames.count, env->frames.count / PAGES_PER_MIB, free, used);
}

static int
place_frames(struct manifest *manifest, const struct manifest_machine *machine,
	     struct manifest_refusal *refusal)
{
	for (uint32_t i = 0; i < manifest->count; i++) {
		struct manifest_env *env = &manifest->env[i];

		for (uint32_t j = 0; !env->frames.first && j < machine->free_count; j++) {
			place_in(manifest, env, &machine->free[j]);
		}
		if (!env->frames.first) {
			return refuse_frames(manifest, env, machine, refusal);
		}
	}
	return 0;
}

/* Pages of the code arena, one after the other in the order of the manifest. */
static int
place_code(struct manifest *manifest, const struct manifest_machine *machine,
	   struct manifest_refusal *refusal)
{
	uint64_t used = 0;

	for (uint32_t i = 0; i < manifest->count; i++) {
		struct manifest_env *env = &manifest->env[i];

		if (!range_within(used, env->code.count, machine->code.count)) {
			return manifest_refuse(
				refusal, env->name, "code",
				"there is no room for %lu pages of code: this machine has %lu, of "
				"which those before it take %lu; lower it",
				env->code.count, machine->code.count, used);
		}
		env->code.first = machine->code.first + used;
		used += env->code.count;
	}
	return 0;
}

int
manifest_plan(struct manifest *manifest, const struct manifest_machine *machine,
	      struct manifest_refusal *refusal)
{
	static env_check *const checks[] = {
		check_hart, manifest_check_slots, check_supervisor, check_console, check_blocks,
		check_nic,  check_frames_at,      check_clock,
	};

	for (uint32_t i = 0; i < manifest->count; i++) {
		int status = manifest_devices(manifest, i, machine, refusal);

		if (status) {
			return status;
		}
		resolve_extents(&manifest->env[i], machine);
	}
	for (size_t c = 0; c < ARRAY_SIZE(checks); c++) {
		for (uint32_t i = 0; i < manifest->count; i++) {
			int status = checks[c](manifest, i, machine, refusal);

			if (status) {
				return status;
			}
		}
	}
	int status = place_frames(manifest, machine, refusal);
	return status ? status : place_code(manifest, machine, refusal);
}

void
manifest_order(const struct manifest *manifest, uint32_t order[MANIFEST_ENVS_MAX])
{
	uint32_t depth[MANIFEST_ENVS_MAX];
	uint32_t placed = 0;

	for (uint32_t i = 0; i < manifest->count; i++) {
		const struct manifest_env *above = supervisor_of(manifest, &manifest->env[i]);

		for (depth[i] = 0; above; depth[i]++) {
			above = supervisor_of(manifest, above);
		}
	}
	for (uint32_t level = manifest->count; placed < manifest->count; level--) {
		for (uint32_t i = 0; i < manifest->count; i++) {
			if (depth[i] == level) {
				order[placed++] = i;
			}
		}
	}
}
