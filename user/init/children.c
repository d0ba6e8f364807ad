/* SPDX-License-Identifier: MIT
 * children.c: the environments of the manifest, from their pools to their end.
 *
 *   WAITING -> RUNNING -> ENDING -> WAITING (it is started again) or OVER
 *
 * A pool is carved once and stays init's; ending an environment revokes everything below its pool,
 * so nothing leaks from one life to the next. ENDING lasts while a device still transfers. One that
 * keeps failing is started again after longer and longer pauses, so it cannot hog the machine.
 */
#include "user/init/children.h"

#include <stdio.h>
#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/slots.h"
#include "lib/exo/spawn.h"
#include "user/init/grants.h"
#include "user/init/launch.h"
#include "user/init/machine.h"
#include "user/init/monitor.h"
#include "user/init/program.h"
#include "user/init/record.h"
#include "user/init/say.h"
#include "user/init/turns.h"

#define MS_NS            1000000ull
#define PAUSE_FIRST_NS   (100 * MS_NS)
#define PAUSE_LONGEST_NS (6400 * MS_NS)
#define STEADY_NS        (10000 * MS_NS) /* who lives that long begins again with the first pause */
#define ENDING_RETRY_NS  (20 * MS_NS)
#define EVENT_WARDS      32 /* first of the event bits by which an environment hears of its wards */
#define WARD_RIGHTS      (EXO_ENV_OBSERVE | EXO_ENV_CONTROL | EXO_ENV_SIGNAL)
#define WARD_POLL_NS     (1000 * MS_NS)

struct child {
	const struct manifest_env *env;
	const void *elf;
	size_t elf_bytes;
	exo_handle pool;
	struct exo_child parts;
	enum child_state state;
	bool is_debugged; /* in this life */
	bool has_failed;  /* its last end was no exit with status 0 */
	uint32_t starts;
	struct record_last last_end;
	uint64_t started_ns;
	uint64_t due_ns;   /* WAITING, ENDING: not before */
	uint64_t pause_ns; /* before the next start */
};

static struct {
	struct child child[MANIFEST_ENVS_MAX];
	uint32_t count;
	const struct manifest *manifest;
} table;

static void
carve_pool(struct child *child)
{
	const struct manifest_range *frames = &child->env->frames;
	int64_t slot = exo_slot_take();
	int64_t result = slot;

	if (slot >= 0) {
		result = exo_carve(machine_frames(frames), (uint32_t)slot, frames->first,
				   frames->count, EXO_READ | EXO_WRITE | EXO_EXEC, 0);
	}
	if (result < 0) {
		give_up("manifest: %s: frames: the pages <0x%lx %lu> cannot be carved: %s; name "
			"others "
			"with frames-at",
			child->env->name, frames->first, frames->count, exo_error_sentence(result));
	}
	child->pool = (exo_handle)result;
}

void
children_prepare(const struct manifest *manifest)
{
	uint32_t order[MANIFEST_ENVS_MAX];

	manifest_order(manifest, order);
	table.manifest = manifest;
	table.count = manifest->count;
	for (uint32_t i = 0; i < table.count; i++) {
		table.child[i] =
			(struct child){.env = &manifest->env[order[i]], .pause_ns = PAUSE_FIRST_NS};
		table.child[i].elf = program_find(table.child[i].env, &table.child[i].elf_bytes);
	}
	for (uint32_t i = 0; i < table.count; i++) {
		carve_pool(&table.child[i]);
	}
}

/* True if init is told of its end; at the others it looks once in a while. */
static bool
has_init(const struct manifest_env *env)
{
	return !strcmp(env->supervisor, MANIFEST_INIT);
}

static bool
is_ward(const struct child *child, const struct child *supervisor)
{
	return !strcmp(child->env->supervisor, supervisor->env->name);
}

/* True if another environment runs that is to look after `child`. */
static bool
is_supervised(const struct child *child)
{
	for (uint32_t i = 0; i < table.count; i++) {
		if (table.child[i].state == CHILD_RUNNING && is_ward(child, &table.child[i])) {
			return true;
		}
	}
	return false;
}

/* The event bit by which a supervisor hears of the n-th of its wards, in the manifest's order. */
static uint32_t
ward_bit(const struct child *child)
{
	uint32_t bit = EVENT_WARDS;

	for (const struct manifest_env *env = table.manifest->env; env != child->env; env++) {
		bit += !strcmp(env->supervisor, child->env->supervisor);
	}
	return bit;
}

/* The kernel forgets a supervisor that has ended, and takes a new one only then. */
static void
watch_wards(const struct child *supervisor)
{
	for (uint32_t i = 0; i < table.count; i++) {
		const struct child *child = &table.child[i];

		if (child->state == CHILD_RUNNING && is_ward(child, supervisor)) {
			exo_env_supervisor(child->parts.env, supervisor->parts.env,
					   ward_bit(child));
		}
	}
}

static void
announce(const struct child *child)
{
	const struct manifest_env *env = child->env;

	say_news("%s: started%s: program %s, hart %u, %lu pages from 0x%lx on", env->name,
		 child->starts > 1 ? " again" : "", env->program, env->hart, env->frames.count,
		 env->frames.first);
}

/* What it gets from the manifest, and the right to watch its wards. */
static int
gifts_make(const struct child *child, struct exo_gift *gifts, const char **step)
{
	int count = grants_make(child->env, gifts, step);

	for (uint32_t i = 0; i < table.count && count >= 0; i++) {
		const struct child *ward = &table.child[i];

		if (ward->starts && is_ward(ward, child)) {
			uint32_t index = ward_bit(ward) - EVENT_WARDS;

			count = grants_add_share(gifts, count, ward->parts.env, WARD_RIGHTS,
						 EXO_GIFT(others) + index * sizeof(exo_handle),
						 step);
		}
	}
	return child->env->is_monitor && count >= 0 ? monitor_add_gifts(gifts, count, step) : count;
}

/* Builds the environment and lets it run. On an error, which it returns, *step says where. */
static int
child_start(struct child *child, const char **step)
{
	struct exo_spawn *spawn = launch_describe(child->env);
	int status = gifts_make(child, launch_gifts(), step);

	if (status < 0) {
		return status;
	}
	spawn->elf = child->elf;
	spawn->elf_bytes = child->elf_bytes;
	spawn->pool = child->pool;
	spawn->gift_count = (uint32_t)status;
	spawn->supervisor = has_init(child->env) ? exo_start()->env : EXO_NONE;
	spawn->supervisor_bit = EVENT_CHILD;
	status = exo_spawn(spawn, &child->parts);
	if (status < 0) {
		*step = child->parts.step;
		return status;
	}
	status = turns_bind(child->env, child->parts.env, step);
	if (status < 0) {
		exo_child_end(&child->parts);
		return status;
	}
	child->state = CHILD_RUNNING;
	child->is_debugged = false;
	child->started_ns = exo_now_ns();
	child->starts++;
	watch_wards(child);
	announce(child);
	exo_env_start(child->parts.env); /* not before the line is out: its own come behind it */
	return 0;
}

void
children_start(void)
{
	const char *step = "";

	for (uint32_t i = 0; i < table.count; i++) {
		int status = child_start(&table.child[i], &step);

		if (status < 0) {
			give_up("%s cannot be started: could not %s: %s; give it more frames or "
				"cspace-slots in the manifest",
				table.child[i].env->name, step, exo_error_sentence(status));
		}
	}
}

/* True if the policy allows one more start. */
static bool
has_restart(const struct child *child)
{
	return child->env->restarts == MANIFEST_RESTART_ALWAYS ||
	       child->starts <= child->env->restarts;
}

/* What follows when nothing is left of the last life. */
static void
child_rest(struct child *child)
{
	if (!has_restart(child)) {
		child->state = CHILD_OVER;
		return;
	}
	if (exo_now_ns() - child->started_ns >= STEADY_NS) {
		child->pause_ns = PAUSE_FIRST_NS;
	}
	child->state = CHILD_WAITING;
	child->due_ns = exo_now_ns() + child->pause_ns;
	if (child->pause_ns < PAUSE_LONGEST_NS) {
		child->pause_ns *= 2;
	}
}

static void
child_clear(struct child *child)
{
	int status = exo_child_end(&child->parts);

	if (status == E_BUSY) {
		child->due_ns = exo_now_ns() + ENDING_RETRY_NS;
		return;
	}
	if (status < 0) {
		give_up("%s: its pages cannot be taken back: %s; this is an error in Chitin",
			child->env->name, exo_error_sentence(status));
	}
	child_rest(child);
}

static void
child_end(struct child *child, bool has_failed)
{
	child->has_failed = has_failed;
	child->state = CHILD_ENDING;
	child_clear(child);
}

/* An exception that it cannot take is the end, for init: another supervisor may let it go on. */
static bool
has_ended(const struct child *child, const struct exo_context *context)
{
	return context->state == EXO_STATE_DEAD ||
	       (context->state == EXO_STATE_FAULTED && !child->is_debugged);
}

/* Tells of its end. */
static void
child_tell(struct child *child, const struct exo_context *context)
{
	struct record_of of = {
		.manifest = child->env,
		.env = child->parts.env,
		.elf = child->elf,
		.elf_bytes = child->elf_bytes,
		.context = context,
	};

	record_tell(&of, &child->last_end);
}

/* Looks whether a running one has ended. */
static void
child_look(struct child *child)
{
	static struct exo_context context;
	bool has_failed;

	if (exo_env_read(child->parts.env, &context) < 0 || !has_ended(child, &context)) {
		return;
	}
	has_failed = context.death.kind != EXO_DEATH_EXIT || context.death.cause != 0;
	child_tell(child, &context);
	if (is_supervised(child)) {
		/* It stays as it is: its supervisor may want to look at it. */
		child->has_failed = has_failed;
		child->state = CHILD_OVER;
		return;
	}
	child_end(child, has_failed);
}

static void
child_restart(struct child *child)
{
	const char *step = "";
	int status = child_start(child, &step);

	if (status < 0) {
		say("%s cannot be started again: could not %s: %s", child->env->name, step,
		    exo_error_sentence(status));
		child->starts++;
		child->has_failed = true;
		child_rest(child);
	}
}

/* For how long nothing has to be done for it. */
static uint64_t
child_patience(const struct child *child, uint64_t now_ns)
{
	switch (child->state) {
	case CHILD_WAITING:
	case CHILD_ENDING:
		return child->due_ns > now_ns ? child->due_ns - now_ns : 0;
	case CHILD_RUNNING:
		return has_init(child->env) ? EXO_FOREVER : WARD_POLL_NS;
	default:
		return EXO_FOREVER;
	}
}

uint64_t
children_tend(void)
{
	uint64_t patience_ns = EXO_FOREVER;

	for (uint32_t i = 0; i < table.count; i++) {
		struct child *child = &table.child[i];
		bool is_due = child->due_ns <= exo_now_ns();
		uint64_t wants_ns;

		if (child->state == CHILD_RUNNING) {
			child_look(child);
		} else if (child->state == CHILD_ENDING && is_due) {
			child_clear(child);
		} else if (child->state == CHILD_WAITING && is_due) {
			child_restart(child);
		}
		wants_ns = child_patience(child, exo_now_ns());
		patience_ns = wants_ns < patience_ns ? wants_ns : patience_ns;
	}
	return patience_ns;
}

/* Over when nothing is left, or when all that were to run just once have ended: what is restarted
 * for ever serves them. */
bool
children_done(unsigned *how)
{
	uint32_t over = 0;
	uint32_t jobs = 0;
	uint32_t jobs_over = 0;

	*how = EXO_POWER_OFF;
	for (uint32_t i = 0; i < table.count; i++) {
		const struct child *child = &table.child[i];
		bool is_over = child->state == CHILD_OVER;

		over += is_over;
		jobs += !child->env->restarts;
		jobs_over += is_over && !child->env->restarts;
		if (is_over && child->has_failed) {
			*how = EXO_POWER_FAIL;
		}
	}
	return over == table.count || (jobs && jobs == jobs_over);
}

bool
children_kill(const char *name)
{
	for (uint32_t i = 0; i < table.count; i++) {
		struct child *child = &table.child[i];

		if (child->state == CHILD_RUNNING && !strcmp(child->env->name, name)) {
			exo_env_stop(child->parts.env); /* so it does not see itself fall apart */
			say("%s: killed", name);
			child_end(child, true);
			return true;
		}
	}
	return false;
}

bool
children_show(uint32_t index, struct child_view *view)
{
	const struct child *child = &table.child[index];

	if (index >= table.count) {
		return false;
	}
	*view = (struct child_view){
		.env = child->env,
		.state = child->state,
		.starts = child->starts,
		.handle = child->state == CHILD_RUNNING ? child->parts.env : EXO_NONE,
	};
	return true;
}

void
children_list(void)
{
	static const char *const states[] = {
		[CHILD_WAITING] = "waiting",
		[CHILD_RUNNING] = "running",
		[CHILD_ENDING] = "ending",
		[CHILD_OVER] = "over",
	};

	printf("%-16s %-8s %6s %4s %8s  %s\n", "name", "state", "starts", "hart", "pages",
	       "program");
	for (uint32_t i = 0; i < table.count; i++) {
		const struct child *child = &table.child[i];

		printf("%-16s %-8s %6u %4u %8lu  %s\n", child->env->name, states[child->state],
		       child->starts, child->env->hart, child->env->frames.count,
		       child->env->program);
	}
}

/* The environment that looks after `child`, init if that is to or is the only one there. */
static exo_handle
supervisor_of(const struct child *child, uint32_t *bit)
{
	for (uint32_t i = 0; i < table.count; i++) {
		if (table.child[i].state == CHILD_RUNNING && is_ward(child, &table.child[i])) {
			*bit = ward_bit(child);
			return table.child[i].parts.env;
		}
	}
	*bit = EVENT_CHILD;
	return exo_start()->env;
}

bool
children_debug(uint32_t index, bool is_debugged)
{
	struct child *child = &table.child[index];
	uint32_t bit;

	if (index >= table.count || child->state != CHILD_RUNNING ||
	    child->is_debugged == is_debugged) {
		return false;
	}
	child->is_debugged = is_debugged;
	if (!is_debugged) {
		exo_handle supervisor = supervisor_of(child, &bit);

		exo_env_supervisor(child->parts.env, supervisor, bit);
	}
	return true;
}
