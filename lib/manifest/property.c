/* SPDX-License-Identifier: MIT
 * property.c: the readers of all properties, and the table that names them.
 *
 * A reader looks only at its own value and writes only its own fields; what several properties
 * must agree on is checked by manifest.c when the node has been read. value.c bounds the values.
 */
#include "lib/manifest/property.h"

#include <exo/errors.h>

#include "lib/base/checked.h"
#include "lib/base/fdt_query.h"
#include "lib/base/string.h"
#include "lib/manifest/packets.h"
#include "lib/manifest/value.h"

#define FRAMES_MAX        (1ull << 44) /* pages of a 56-bit physical address */
#define STRINGS_BYTES_MAX 1024         /* they must fit on the start page */

struct property {
	const char *name;
	int (*read)(struct property_reader *reader);
};

static int
read_string(struct property_reader *reader, const char **to, const char *example)
{
	*to = value_string(reader->prop);
	return *to ? 0 : REFUSE(reader, "it is not one string; write %s", example);
}

/* One number of [low, high]. */
static int
read_number(struct property_reader *reader, uint64_t low, uint64_t high, uint64_t *to)
{
	if (!value_number(reader->prop, to)) {
		return REFUSE(reader, "it is not one number; write %s = <%lu>", reader->prop->name,
			      low);
	}
	if (*to < low || *to > high) {
		return REFUSE(reader, "%lu is out of range; it must be from %lu to %lu", *to, low,
			      high);
	}
	return 0;
}

static int
read_number32(struct property_reader *reader, uint32_t low, uint32_t high, uint32_t *to)
{
	uint64_t number;
	int status = read_number(reader, low, high, &number);

	*to = (uint32_t)number;
	return status;
}

static int
read_flag(struct property_reader *reader, bool *to)
{
	*to = true;
	return reader->prop->bytes
		       ? REFUSE(reader, "it takes no value; write %s;", reader->prop->name)
		       : 0;
}

static int
read_program(struct property_reader *reader)
{
	return read_string(reader, &reader->env->program, "program = \"web\"");
}

static int
read_list(struct property_reader *reader, struct manifest_strings *to, const char *example)
{
	if (!value_strings(reader->prop, to)) {
		return REFUSE(reader, "it is no list of strings; write %s", example);
	}
	if (to->count > MANIFEST_ARGS_MAX || to->bytes > STRINGS_BYTES_MAX) {
		return REFUSE(reader,
			      "there are %u strings, %u bytes; at most %u and %u can be passed",
			      to->count, to->bytes, MANIFEST_ARGS_MAX, STRINGS_BYTES_MAX);
	}
	return 0;
}

static int
read_args(struct property_reader *reader)
{
	return read_list(reader, &reader->env->args, "args = \"a\", \"b\"");
}

static int
read_values(struct property_reader *reader)
{
	struct manifest_strings *values = &reader->env->values;
	int status = read_list(reader, values, "values = \"key=value\", ...");

	for (uint32_t i = 0; !status && i < values->count; i++) {
		const char *text = manifest_string(values, i);
		const char *equals = strchr(text, '=');

		if (!equals || equals == text) {
			return REFUSE(reader, "\"%s\" is not of the form key=value", text);
		}
	}
	return status;
}

static int
read_libos(struct property_reader *reader)
{
	return read_string(reader, &reader->env->libos, "libos = \"exo\"");
}

static int
read_supervisor(struct property_reader *reader)
{
	return read_string(reader, &reader->env->supervisor, "supervisor = \"init\"");
}

static int
read_frames(struct property_reader *reader)
{
	return read_number(reader, 1, FRAMES_MAX, &reader->env->frames.count);
}

static int
read_frames_at(struct property_reader *reader)
{
	struct manifest_range *frames = &reader->env->frames;

	if (reader->prop->bytes != 16) {
		return REFUSE(reader, "it is not two 64-bit numbers; write frames-at = /bits/ 64 "
				      "<FIRST-PAGE COUNT>");
	}
	frames->first = fdt_cell_pair(reader->prop->value);
	frames->count = fdt_cell_pair(reader->prop->value + 8);
	if (!frames->first || !frames->count ||
	    !range_within(frames->first, frames->count, FRAMES_MAX)) {
		return REFUSE(reader,
			      "<0x%lx %lu> is empty or leaves the address space; give the "
			      "number of the first page and a count",
			      frames->first, frames->count);
	}
	if (frames->first % 2) {
		return REFUSE(reader, "page 0x%lx is odd; pools begin at even pages",
			      frames->first);
	}
	return 0;
}

static int
read_hart(struct property_reader *reader)
{
	return read_number32(reader, 0, EXO_HARTS_MAX - 1, &reader->env->hart);
}

/* Until timelines exist only the hart has an effect; the rest must be possible all the same. */
static int
read_slots(struct property_reader *reader)
{
	uint32_t count = value_tuples(reader->prop, 4);

	if (!count) {
		return REFUSE(reader, "it is no list of <HART FIRST STEP COUNT>");
	}
	if (count > MANIFEST_SLOTS_MAX) {
		return REFUSE(reader, "there are %u entries; at most %u are possible", count,
			      MANIFEST_SLOTS_MAX);
	}
	for (uint32_t i = 0; i < count; i++) {
		uint64_t first = value_cell(reader->prop, i * 4 + 1);
		uint64_t step = value_cell(reader->prop, i * 4 + 2);
		uint64_t slots = value_cell(reader->prop, i * 4 + 3);

		if (value_cell(reader->prop, i * 4) != value_cell(reader->prop, 0)) {
			return REFUSE(reader, "it names more than one hart; an environment has one "
					      "home, start another one for the other hart");
		}
		if (!step || !slots || step * (slots - 1) + first > UINT32_MAX) {
			return REFUSE(reader,
				      "<%u %lu %lu %lu> is no range of slots; give HART "
				      "FIRST STEP COUNT with STEP and COUNT of at least 1",
				      value_cell(reader->prop, i * 4), first, step, slots);
		}
		reader->env->slots[i] =
			(struct manifest_slots){(uint32_t)first, (uint32_t)step, (uint32_t)slots};
	}
	reader->env->slot_count = count;
	reader->slots_hart = value_cell(reader->prop, 0);
	return 0;
}

static int
read_slack(struct property_reader *reader)
{
	return read_flag(reader, &reader->env->takes_slack);
}

static int
read_quiet(struct property_reader *reader)
{
	return read_flag(reader, &reader->env->is_quiet);
}

static int
read_console(struct property_reader *reader)
{
	static const struct {
		const char *word;
		uint32_t rights;
	} words[] = {
		{"none", 0},
		{"write", EXO_WRITE},
		{"read-write", EXO_READ | EXO_WRITE},
	};
	const char *value = value_string(reader->prop);

	for (size_t i = 0; value && i < ARRAY_SIZE(words); i++) {
		if (!strcmp(value, words[i].word)) {
			reader->env->console_rights = words[i].rights;
			return 0;
		}
	}
	return REFUSE(reader, "it is none of \"none\", \"write\", \"read-write\"");
}

static int
read_cspace_slots(struct property_reader *reader)
{
	return read_number32(reader, EXO_SLOTS_PER_LEAF, EXO_SLOTS_PER_LEAF * EXO_LEAVES_MAX,
			     &reader->env->cspace_slots);
}

static int
read_restart(struct property_reader *reader)
{
	const char *value = value_string(reader->prop);
	uint32_t number = 0;

	if (value && !strcmp(value, "never")) {
		return 0;
	}
	if (value && !strcmp(value, "always")) {
		reader->env->restarts = MANIFEST_RESTART_ALWAYS;
		return 0;
	}
	for (const char *at = value; at && *at; at++) {
		if (*at < '0' || *at > '9' || number > 99999) {
			value = NULL;
			break;
		}
		number = number * 10 + (uint32_t)(*at - '0');
	}
	reader->env->restarts = number;
	return value ? 0
		     : REFUSE(reader, "it is none of \"never\", \"always\", \"N\" with N up to "
				      "999999");
}

static int
read_blocks(struct property_reader *reader)
{
	uint32_t count = value_tuples(reader->prop, 3);
	struct manifest_env *env = reader->env;

	if (!count || count > MANIFEST_EXTENTS_MAX) {
		return REFUSE(reader, "it is not 1 to %u times <DISK FIRST COUNT>",
			      MANIFEST_EXTENTS_MAX);
	}
	for (uint32_t i = 0; i < count; i++) {
		env->extents[i].disk = value_cell(reader->prop, i * 3);
		env->extents[i].first = value_cell(reader->prop, i * 3 + 1);
		env->extents[i].count = value_cell(reader->prop, i * 3 + 2);
		if (env->extents[i].disk >= EXO_DISKS_MAX) {
			return REFUSE(reader,
				      "there is never a disk %u; disks are counted from 0 and "
				      "%u is the last",
				      env->extents[i].disk, EXO_DISKS_MAX - 1);
		}
	}
	env->extent_count = count;
	return 0;
}

static int
read_nic(struct property_reader *reader)
{
	const char *name = value_string(reader->prop);

	if (name) {
		reader->env->nic = EXO_NIC_LOOP;
		return strcmp(name, MANIFEST_LOOP) ? REFUSE(reader,
							    "there is no NIC \"%s\"; write its "
							    "number, or \"" MANIFEST_LOOP "\"",
							    name)
						   : 0;
	}
	return read_number32(reader, 0, EXO_NICS_MAX - 1, &reader->env->nic);
}

static int
read_filters(struct property_reader *reader)
{
	return read_number32(reader, 0, UINT16_MAX, &reader->env->filters);
}

static int
read_windows(struct property_reader *reader)
{
	return read_list(reader, &reader->env->window_names, "windows = \"sifive,gpio0\"");
}

static int
read_irqs(struct property_reader *reader)
{
	return read_list(reader, &reader->env->line_names, "irqs = \"sifive,gpio0\"");
}

static int
read_dma_trusted(struct property_reader *reader)
{
	return read_flag(reader, &reader->env->is_dma_trusted);
}

static int
read_frame_table(struct property_reader *reader)
{
	return read_flag(reader, &reader->env->has_frame_table);
}

static int
read_clock(struct property_reader *reader)
{
	return read_flag(reader, &reader->env->publishes_clock);
}

static int
read_monitor(struct property_reader *reader)
{
	return read_flag(reader, &reader->env->is_monitor);
}

static int
read_trace(struct property_reader *reader)
{
	return read_flag(reader, &reader->env->has_trace);
}

static int
read_code(struct property_reader *reader)
{
	return read_number(reader, 1, MANIFEST_CODE_MAX, &reader->env->code.count);
}

static int
read_later(struct property_reader *reader)
{
	return REFUSE(reader, "this version of Chitin does not hand that out yet; remove it");
}

static const struct property properties[] = {
	{"program", read_program},
	{"args", read_args},
	{"values", read_values},
	{"libos", read_libos},
	{"frames", read_frames},
	{"frames-at", read_frames_at},
	{"hart", read_hart},
	{"slots", read_slots},
	{"slack", read_slack},
	{"quiet", read_quiet},
	{"blocks", read_blocks},
	{"nic", read_nic},
	{"filter", packets_expression},
	{"filter-receive", packets_receive},
	{"filter-transmit", packets_transmit},
	{"filter-shared", packets_shared},
	{"filter-tap", packets_tap},
	{"filters", read_filters},
	{"console", read_console},
	{"cspace-slots", read_cspace_slots},
	{"supervisor", read_supervisor},
	{"restart", read_restart},
	{"root", read_later},
	{"windows", read_windows},
	{"irqs", read_irqs},
	{"dma-trusted", read_dma_trusted},
	{"frame-table", read_frame_table},
	{"clock", read_clock},
	{"monitor", read_monitor},
	{"trace", read_trace},
	{"code", read_code},
};
_Static_assert(ARRAY_SIZE(properties) <= 32, "one bit of `seen` each");

int
property_read(struct property_reader *reader, const struct fdt_prop *prop)
{
	reader->prop = prop;
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		if (strcmp(properties[i].name, prop->name)) {
			continue;
		}
		if (reader->seen & 1u << i) {
			return REFUSE(reader, "it is there twice; remove one");
		}
		reader->seen |= 1u << i;
		return properties[i].read(reader);
	}
	return REFUSE(reader, "there is no property of this name; docs/manifest.md lists them");
}

bool
property_seen(const struct property_reader *reader, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		if (!strcmp(properties[i].name, name)) {
			return reader->seen >> i & 1;
		}
	}
	return false;
}
