/* SPDX-License-Identifier: MIT
 * monitor.c: what init does for an environment whose manifest says `monitor`.
 *
 * The monitor looks, stops and starts by itself, with a share of each ENV; init gives it those
 * shares, keeps the roster, and does at its request what needs what only init has: the manifest's
 * policy and the capabilities that everything was derived from.
 * State: the two shared areas, and which life of each environment the monitor has a share of.
 */
#include "user/init/monitor.h"

#include <stdio.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "user/init/children.h"
#include "user/init/grants.h"
#include "user/init/roster.h"
#include "user/init/say.h"

#define WARD_RIGHTS (EXO_ENV_OBSERVE | EXO_ENV_CONTROL | EXO_ENV_SIGNAL)
#define INIT_RIGHTS (EXO_ENV_OBSERVE | EXO_ENV_SIGNAL)

static struct {
	bool is_wanted; /* the manifest has one */
	bool is_here;   /* it has said hello */
	uint32_t index; /* of its environment */
	uint32_t bit;   /* its event */
	uint32_t serial;
	uint32_t slots[MANIFEST_ENVS_MAX];
	uint32_t given[MANIFEST_ENVS_MAX]; /* which life; 0: none */
	struct exo_pages roster_pages;
	struct exo_pages request_pages;
} monitor;

static struct roster *
roster(void)
{
	return monitor.roster_pages.memory;
}

static const struct roster_request *
request(void)
{
	return monitor.request_pages.memory;
}

/* --- the roster --------------------------------------------------------------------------- */
static void
roster_name(uint32_t index, const struct manifest_env *env)
{
	struct roster_env *to = &roster()->env[index];

	snprintf(to->name, sizeof(to->name), "%s", env->name);
	snprintf(to->program, sizeof(to->program), "%s", env->program);
	to->first_page = env->frames.first;
	to->pages = env->frames.count;
	to->restarts = env->restarts;
	to->hart = env->hart;
	to->takes_slack = env->takes_slack;
	to->is_quiet = env->is_quiet;
	to->is_monitor = env->is_monitor;
	to->slot_count = env->slot_count;
	for (uint32_t i = 0; i < env->slot_count; i++) {
		to->slots[i] = env->slots[i];
	}
}

static void
roster_fill(void)
{
	struct child_view view;
	uint32_t index = 0;

	for (; children_show(index, &view); index++) {
		roster_name(index, view.env);
		if (view.env->is_monitor) {
			monitor.index = index;
		}
	}
	roster()->count = index;
	roster()->magic = ROSTER_MAGIC;
}

void
monitor_open(const struct manifest *manifest)
{
	char commands[2];
	int status;

	for (uint32_t i = 0; i < manifest->count; i++) {
		monitor.is_wanted |= manifest->env[i].is_monitor;
	}
	if (!monitor.is_wanted) {
		if (boot_value(MONITOR_ARGUMENT, commands, sizeof(commands))) {
			give_up(MONITOR_ARGUMENT
				" is there, but no monitor to do it; write `monitor;` "
				"into one environment of the manifest");
		}
		return;
	}
	status = exo_pages_make(&monitor.roster_pages, ROSTER_PAGES);
	if (!status) {
		status = exo_pages_make(&monitor.request_pages, 1);
	}
	if (status) {
		give_up("there is no memory for the monitor's roster: %s; give the machine more",
			exo_error_sentence(status));
	}
	roster_fill();
}

int
monitor_add_gifts(struct exo_gift *gifts, int count, const char **step)
{
	monitor.is_here = false;
	count = grants_add_share(gifts, count, monitor.roster_pages.frames, EXO_READ,
				 EXO_GIFT(roster), step);
	if (count >= 0) {
		count = grants_add_share(gifts, count, monitor.request_pages.frames,
					 EXO_READ | EXO_WRITE, EXO_GIFT(requests), step);
	}
	if (count >= 0) {
		count = grants_add_share(gifts, count, exo_start()->env, INIT_RIGHTS,
					 EXO_GIFT(supervisor), step);
	}
	return count;
}

/* Gives the monitor a share of an environment's present life. */
static exo_handle
env_give(uint32_t index, exo_handle env, exo_handle receiver)
{
	int64_t slot = exo_slot_take();
	int64_t share = slot < 0 ? slot : exo_share(env, (uint32_t)slot, 0, 0, WARD_RIGHTS, 0);
	int64_t given =
		share < 0 ? share : exo_give(receiver, (exo_handle)share, monitor.slots[index]);

	if (share >= 0 && given < 0) {
		exo_drop((exo_handle)share, 0, 0);
	}
	if (slot >= 0) {
		exo_slot_free((uint32_t)slot);
	}
	return given < 0 ? EXO_NONE : (exo_handle)given;
}

static void
env_publish(uint32_t index, const struct child_view *view, exo_handle receiver)
{
	struct roster_env *to = &roster()->env[index];

	if (!view->handle) {
		__atomic_store_n(&to->env, EXO_NONE, __ATOMIC_RELEASE);
		monitor.given[index] = 0;
	} else if (monitor.is_here && monitor.given[index] != view->starts) {
		exo_handle given = env_give(index, view->handle, receiver);

		__atomic_store_n(&to->env, given, __ATOMIC_RELEASE);
		monitor.given[index] = view->starts;
	}
	__atomic_store_n(&to->starts, view->starts, __ATOMIC_RELEASE);
	__atomic_store_n(&to->state, (uint32_t)view->state, __ATOMIC_RELEASE);
}

static void
publish(void)
{
	struct child_view view = {.handle = EXO_NONE};
	exo_handle receiver;

	children_show(monitor.index, &view);
	receiver = view.handle;
	monitor.is_here &= receiver != EXO_NONE;
	for (uint32_t i = 0; children_show(i, &view); i++) {
		env_publish(i, &view, receiver);
	}
}

/* No monitor is there any more that could end what it debugs. True if it did debug. */
static bool
release_debugged(void)
{
	bool any = false;

	for (uint32_t i = 0; i < MANIFEST_ENVS_MAX; i++) {
		any |= children_debug(i, false);
	}
	return any;
}

/* --- requests ----------------------------------------------------------------------------- */
static int
hello(const struct roster_request *wish)
{
	for (uint32_t i = 0; i < MANIFEST_ENVS_MAX; i++) {
		monitor.slots[i] = wish->slots[i];
		monitor.given[i] = 0;
	}
	monitor.bit = wish->bit;
	monitor.is_here = wish->bit < 63;
	return monitor.is_here ? 0 : E_INVAL;
}

/* init's handle of the capability that stands at `place`, or EXO_NONE. */
static exo_handle
own_at(uint64_t place)
{
	struct exo_cap_info info;
	int64_t handle = 0;

	do {
		uint32_t from = EXO_HANDLE_INDEX(handle) + 1;

		handle = exo_env_inspect(exo_start()->env, from, &info);
	} while (handle > 0 && info.place != place);
	return handle > 0 ? (exo_handle)handle : EXO_NONE;
}

/* What was carved for it can be taken back; of several shares, not one alone. */
static int
revoke(exo_handle env, uint32_t slot)
{
	struct exo_cap_info info;
	int64_t held = exo_env_inspect(env, slot, &info);
	exo_handle parent;

	if (held < 0 || EXO_HANDLE_INDEX(held) != slot) {
		return E_NOENT;
	}
	parent = own_at(info.parent);
	if (parent == EXO_NONE) {
		return E_HANDLE;
	}
	if (info.flags & EXO_CAPF_SHARED || !info.count || info.type == EXO_CAP_PACKET) {
		return E_UNSUPPORTED;
	}
	return (int)exo_revoke(parent, info.start, info.count);
}

static int
carry_out(const struct roster_request *wish)
{
	struct child_view view;

	if (wish->wish == ROSTER_HELLO) {
		return hello(wish);
	}
	if (!children_show(wish->index, &view)) {
		return E_NOENT;
	}
	if (!view.handle) {
		return E_STATE;
	}
	switch (wish->wish) {
	case ROSTER_KILL:
		return children_kill(view.env->name) ? 0 : E_STATE;
	case ROSTER_REVOKE:
		return revoke(view.handle, wish->slot);
	case ROSTER_DEBUG:
		children_debug(wish->index, wish->slot != 0);
		return 0;
	default:
		return E_INVAL;
	}
}

static void
answer(uint32_t serial, int result)
{
	struct child_view view = {.handle = EXO_NONE};

	roster()->result = result;
	__atomic_store_n(&roster()->answered, serial, __ATOMIC_RELEASE);
	children_show(monitor.index, &view);
	if (monitor.is_here && view.handle) {
		exo_signal(view.handle, 1ul << monitor.bit);
	}
}

bool
monitor_tend(void)
{
	static struct roster_request wish;
	uint32_t serial;
	int result;

	if (!monitor.is_wanted) {
		return false;
	}
	serial = __atomic_load_n(&request()->serial, __ATOMIC_ACQUIRE);
	if (serial == monitor.serial) {
		publish();
		return !monitor.is_here && release_debugged();
	}
	wish = *(const volatile struct roster_request *)request();
	monitor.serial = serial;
	result = carry_out(&wish);
	publish();
	answer(serial, result);
	return true;
}
