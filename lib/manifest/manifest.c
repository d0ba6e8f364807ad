/* SPDX-License-Identifier: MIT
 * manifest.c: reads the environments of a manifest, and checks what their properties must agree
 * on.
 *
 * property.c reads the single values, plan.c compares environments with each other and with the
 * machine. The tree may come from anywhere; lib/base/fdt.c has bounded it.
 */
#include "lib/manifest/manifest.h"

#include <exo/errors.h>

#include "lib/base/print.h"
#include "lib/base/string.h"
#include "lib/manifest/property.h"

int
manifest_refuse(struct manifest_refusal *refusal, const char *env, const char *property,
		const char *text, ...)
{
	va_list arguments;
	int used;

	used = snformat(refusal->sentence, sizeof(refusal->sentence), "%s%s%s: ", env,
			property ? ": " : "", property ? property : "");
	va_start(arguments, text);
	if ((size_t)used < sizeof(refusal->sentence)) {
		vsnformat(refusal->sentence + used, sizeof(refusal->sentence) - (size_t)used, text,
			  arguments);
	}
	va_end(arguments);
	return E_INVAL;
}

void
manifest_machine_any(struct manifest_machine *machine)
{
	*machine = (struct manifest_machine){
		.harts = EXO_HARTS_MAX,
		.free = {{.first = 2, .count = 1ull << 52}},
		.free_count = 1,
		.code = {.count = MANIFEST_CODE_MAX},
		.timeline_slots = MANIFEST_TIMELINE_MAX,
		.has_every_device = true,
	};
	for (uint32_t i = 0; i < EXO_DISKS_MAX; i++) {
		machine->disk_blocks[i] = 1ull << EXO_BLOCK_DISK_SHIFT;
	}
	for (uint32_t i = 0; i < EXO_NICS_MAX; i++) {
		static const uint8_t first[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

		memcpy(machine->mac[i], first, sizeof(first));
		machine->mac[i][5] = (uint8_t)(first[5] + i);
		machine->has_nic[i] = true;
		machine->filters[i] = UINT32_MAX;
	}
}

const char *
manifest_string(const struct manifest_strings *strings, uint32_t index)
{
	const char *at = strings->at;

	while (index--) {
		at += strlen(at) + 1;
	}
	return at;
}

const struct manifest_env *
manifest_find(const struct manifest *manifest, const char *name)
{
	for (uint32_t i = 0; i < manifest->count; i++) {
		if (!strcmp(manifest->env[i].name, name)) {
			return &manifest->env[i];
		}
	}
	return NULL;
}

/* Names stand in sentences and in console commands. */
static bool
is_name(const char *name)
{
	static const char marks[] = ",._+-";
	size_t length = strnlen(name, MANIFEST_NAME_MAX + 1);

	for (size_t i = 0; i < length; i++) {
		char c = name[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    !strchr(marks, c)) {
			return false;
		}
	}
	return length && length <= MANIFEST_NAME_MAX;
}

static int
check_name(const struct manifest *manifest, const char *name, struct manifest_refusal *refusal)
{
	if (!is_name(name)) {
		return manifest_refuse(refusal, "an environment", "name",
				       "it is not 1 to %u letters, "
				       "digits or ,._+-; give the node such a name",
				       MANIFEST_NAME_MAX);
	}
	if (!strcmp(name, MANIFEST_INIT)) {
		return manifest_refuse(refusal, name, NULL,
				       "the first environment has this name "
				       "already; choose another one");
	}
	if (manifest_find(manifest, name)) {
		return manifest_refuse(refusal, name, NULL,
				       "two environments have this name; "
				       "rename one");
	}
	return 0;
}

/* How many PACKET capabilities it gets. */
static uint32_t
packet_count(const struct manifest_env *env)
{
	return env->receive_count + env->shared.is_given + (env->tap ? 1 : 0);
}

static int
check_network(const struct manifest_env *env, struct manifest_refusal *refusal)
{
	bool has_filter = packet_count(env) || env->transmit.is_given;

	if (env->nic == MANIFEST_NO_NIC && (has_filter || env->filters)) {
		return manifest_refuse(refusal, env->name, "nic",
				       "it is missing, but there is a "
				       "filter; say which NIC, such as nic = <0>");
	}
	if (env->nic != MANIFEST_NO_NIC && !has_filter) {
		return manifest_refuse(refusal, env->name, "nic",
				       "without filter, filter-receive, filter-transmit, "
				       "filter-shared or filter-tap no packet comes or goes; "
				       "write filter-receive; filter-transmit; for all of them");
	}
	if (env->transmit.is_given && !env->receive_count) {
		return manifest_refuse(refusal, env->name, "filter-transmit",
				       "only who receives may "
				       "send; add filter-receive, such as filter-receive = "
				       "\"0:6=nic\"");
	}
	if (packet_count(env) > MANIFEST_PACKETS_MAX) {
		return manifest_refuse(refusal, env->name, "filter",
				       "it, filter-shared and filter-tap become %u capabilities, "
				       "and an environment gets at most %u; make it simpler",
				       packet_count(env), MANIFEST_PACKETS_MAX);
	}
	return 0;
}

/* What the properties of one node must agree on. */
static int
check_env(const struct property_reader *reader)
{
	const struct manifest_env *env = reader->env;
	struct manifest_refusal *refusal = reader->refusal;

	if (!env->program) {
		return manifest_refuse(refusal, env->name, "program",
				       "it is missing; name a program "
				       "of the initrd");
	}
	if (!env->frames.count) {
		return manifest_refuse(refusal, env->name, "frames",
				       "it is missing; say how many "
				       "pages it may use, such as frames = <256>");
	}
	if (property_seen(reader, "frames") && property_seen(reader, "frames-at")) {
		return manifest_refuse(refusal, env->name, "frames",
				       "frames-at is there as well; "
				       "remove one");
	}
	if (property_seen(reader, "filter") && property_seen(reader, "filter-receive")) {
		return manifest_refuse(refusal, env->name, "filter",
				       "filter-receive is there as well; remove one");
	}
	if (property_seen(reader, "slots") && property_seen(reader, "hart") &&
	    reader->slots_hart != env->hart) {
		return manifest_refuse(refusal, env->name, "hart",
				       "it is %u, but slots names hart "
				       "%u; make them equal or remove hart",
				       env->hart, reader->slots_hart);
	}
	if (env->restarts && strcmp(env->supervisor, MANIFEST_INIT)) {
		return manifest_refuse(refusal, env->name, "restart",
				       "only init restarts, and the "
				       "supervisor is \"%s\"; remove restart or supervisor",
				       env->supervisor);
	}
	if (env->is_monitor && property_seen(reader, "console")) {
		return manifest_refuse(refusal, env->name, "console",
				       "monitor gives it the console already; remove one");
	}
	return check_network(env, refusal);
}

static int
read_env(struct manifest *manifest, const struct fdt *fdt, int node,
	 const struct manifest_machine *machine, struct manifest_refusal *refusal)
{
	struct manifest_env *env = &manifest->env[manifest->count];
	struct property_reader reader = {
		.fdt = fdt,
		.node = node,
		.machine = machine,
		.env = env,
		.manifest = manifest,
		.refusal = refusal,
	};
	struct fdt_prop prop;
	int status;

	*env = (struct manifest_env){
		.name = fdt_name(fdt, node),
		.libos = "",
		.supervisor = MANIFEST_INIT,
		.console_rights = EXO_WRITE,
		.cspace_slots = MANIFEST_CSPACE_SLOTS,
		.nic = MANIFEST_NO_NIC,
	};
	for (bool more = fdt_first_prop(fdt, node, &prop); more; more = fdt_next_prop(fdt, &prop)) {
		status = property_read(&reader, &prop);
		if (status) {
			return status;
		}
	}
	if (fdt_first_child(fdt, node) >= 0) {
		return manifest_refuse(refusal, env->name, NULL,
				       "an environment has no nodes of its "
				       "own; move them one level up or remove them");
	}
	status = check_env(&reader);
	if (property_seen(&reader, "slots")) {
		env->hart = reader.slots_hart;
	}
	if (env->is_monitor) {
		env->console_rights = EXO_READ | EXO_WRITE | EXO_CONSOLE_POWER;
		env->has_frame_table = true;
		env->has_trace = true;
	}
	return status;
}

int
manifest_parse(struct manifest *manifest, const struct fdt *fdt, int node,
	       const struct manifest_machine *machine, struct manifest_refusal *refusal)
{
	struct fdt_prop prop;

	manifest->count = 0;
	manifest->filter_count = 0;
	if (fdt_first_prop(fdt, node, &prop)) {
		return manifest_refuse(refusal, "the manifest", NULL,
				       "only its environments have "
				       "properties; remove or move the first one");
	}
	for (int child = fdt_first_child(fdt, node); child >= 0;
	     child = fdt_next_sibling(fdt, child)) {
		int status = check_name(manifest, fdt_name(fdt, child), refusal);

		if (!status && manifest->count == MANIFEST_ENVS_MAX) {
			status = manifest_refuse(refusal, fdt_name(fdt, child), NULL,
						 "there are more "
						 "than %u environments",
						 MANIFEST_ENVS_MAX);
		}
		if (!status) {
			status = read_env(manifest, fdt, child, machine, refusal);
		}
		if (status) {
			return status;
		}
		manifest->count++;
	}
	return manifest->count ? 0
			       : manifest_refuse(refusal, "the manifest", NULL,
						 "it names no "
						 "environment; add a node with a program");
}
