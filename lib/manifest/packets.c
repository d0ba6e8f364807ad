/* SPDX-License-Identifier: MIT
 * packets.c: the filters of environments: their properties, and whether they go together.
 *
 * What an environment receives alone becomes carved PACKET capabilities, one for each conjunction:
 * one from filter-receive, up to four from `filter`, whose text lib/pcap lowers. All of them, of
 * all environments, must exclude each other; lib/base/disjoint.c says so as it does in the kernel.
 */
#include "lib/manifest/packets.h"

#include <exo/errors.h>

#include "lib/base/disjoint.h"
#include "lib/base/fdt_query.h"
#include "lib/base/string.h"
#include "lib/manifest/atoms.h"
#include "lib/manifest/plan.h"
#include "lib/manifest/value.h"

#define ATOMS_TEXT 160 /* bytes of a filter in a sentence */

/* The MAC address that "nic" stands for; the property nic may come behind the filters. */
static const uint8_t *
filter_mac(const struct property_reader *reader)
{
	const char *name = fdt_string_at(reader->fdt, reader->node, "nic", 0);
	uint32_t nic;

	if (name && !strcmp(name, MANIFEST_LOOP)) {
		nic = EXO_NIC_LOOP;
	} else if (fdt_u32(reader->fdt, reader->node, "nic", &nic) || nic >= EXO_NICS_MAX) {
		nic = 0; /* refused when the node has been read */
	}
	return reader->machine->mac[nic];
}

/* Without a value it is the filter that lets everything through. */
static int
read_atoms(struct property_reader *reader, struct manifest_filter *filter)
{
	struct manifest_strings atoms = {0};

	filter->is_given = true;
	if (reader->prop->bytes && !value_strings(reader->prop, &atoms)) {
		return REFUSE(reader, "it is no list of atoms; write %s = \"12:2=0x0800\", ...",
			      reader->prop->name);
	}
	for (uint32_t i = 0; i < atoms.count; i++) {
		const char *text = manifest_string(&atoms, i);
		const char *why;

		if (atoms_parse(text, filter_mac(reader), filter->atoms, &filter->count, &why)) {
			return REFUSE(reader, "\"%s\" is no atom: %s", text, why);
		}
	}
	return 0;
}

/* Room for so many filters to receive with. */
static int
take_filters(struct property_reader *reader, uint32_t count, struct manifest_filter **filters)
{
	struct manifest *manifest = reader->manifest;

	if (count > MANIFEST_FILTERS_MAX - manifest->filter_count) {
		return REFUSE(reader, "there are more than %u filters in this manifest",
			      MANIFEST_FILTERS_MAX);
	}
	*filters = &manifest->filter[manifest->filter_count];
	manifest->filter_count += count;
	for (uint32_t i = 0; i < count; i++) {
		(*filters)[i] = (struct manifest_filter){.is_given = true};
	}
	return 0;
}

int
packets_receive(struct property_reader *reader)
{
	int status = take_filters(reader, 1, &reader->env->receive);

	reader->env->receive_count = !status;
	return status ? status : read_atoms(reader, &reader->env->receive[0]);
}

/* Fills manifest->lowered. */
static int
lower(struct property_reader *reader, const char *text)
{
	struct manifest *manifest = reader->manifest;
	struct pcap_lowered *lowered = &manifest->lowered;

	lowered->filter = manifest->pcap;
	lowered->room = MANIFEST_EXPRESSION_MAX;
	if (pcap_lower(text, filter_mac(reader), lowered)) {
		return REFUSE(reader, "column %u: %s; it is \"%s\"", lowered->column,
			      lowered->sentence, text);
	}
	if (lowered->count > MANIFEST_PACKETS_MAX) {
		return REFUSE(reader,
			      "it falls apart into %u filters, and an environment gets at most %u; "
			      "make it simpler (tcp dst port 80, not port 80): \"%s\"",
			      lowered->count, MANIFEST_PACKETS_MAX, text);
	}
	return 0;
}

int
packets_expression(struct property_reader *reader)
{
	const char *text = value_string(reader->prop);
	const struct pcap_lowered *lowered = &reader->manifest->lowered;
	int status;

	if (!text) {
		return REFUSE(reader, "it is not one string; write filter = \"ether dst nic\"");
	}
	status = lower(reader, text);
	status = status ? status : take_filters(reader, lowered->count, &reader->env->receive);
	reader->env->receive_count = status ? 0 : lowered->count;
	for (uint32_t i = 0; !status && i < lowered->count; i++) {
		struct manifest_filter *filter = &reader->env->receive[i];

		filter->count = lowered->filter[i].count;
		memcpy(filter->atoms, lowered->filter[i].atoms, sizeof(filter->atoms));
	}
	reader->env->is_expression = true;
	return status;
}

/* init's capability for all group-addressed packets has the first of their atoms. */
int
packets_shared(struct property_reader *reader)
{
	int status = read_atoms(reader, &reader->env->shared);

	if (!status && reader->env->shared.count == EXO_ATOMS_MAX) {
		return REFUSE(reader, "there are %u atoms; here at most %u are possible",
			      EXO_ATOMS_MAX, EXO_ATOMS_MAX - 1);
	}
	return status;
}

int
packets_tap(struct property_reader *reader)
{
	int status = take_filters(reader, 1, &reader->env->tap);

	return status ? status : read_atoms(reader, reader->env->tap);
}

int
packets_transmit(struct property_reader *reader)
{
	const struct manifest_filter *filter = &reader->env->transmit;
	int status = read_atoms(reader, &reader->env->transmit);

	for (uint32_t i = 0; !status && i < filter->count; i++) {
		if (filter->atoms[i].kind == EXO_ATOM_SHIFT) {
			return REFUSE(reader, "it shifts the base, which only filters of received "
					      "packets can; compare at fixed offsets");
		}
		if (filter->atoms[i].offset + filter->atoms[i].width > EXO_TRANSMIT_SPAN) {
			return REFUSE(reader,
				      "the field at %u ends behind byte %u, and only so many "
				      "are looked at before sending",
				      filter->atoms[i].offset, EXO_TRANSMIT_SPAN);
		}
	}
	return status;
}

uint32_t
manifest_listeners(const struct manifest *manifest, uint32_t nic)
{
	uint32_t listeners = 0;

	for (uint32_t i = 0; i < manifest->count; i++) {
		listeners += manifest->env[i].nic == nic && manifest->env[i].shared.is_given;
	}
	return listeners;
}

static const char *
property_of(const struct manifest_env *env)
{
	return env->is_expression ? "filter" : "filter-receive";
}

static bool
excludes(const struct manifest_filter *a, const struct manifest_filter *b)
{
	return atoms_disjoint(a->atoms, a->count, b->atoms, b->count);
}

static int
refuse_overlap(const struct manifest_env *env, const struct manifest_filter *mine,
	       const struct manifest_env *other, const struct manifest_filter *theirs,
	       struct manifest_refusal *refusal)
{
	char mine_text[ATOMS_TEXT];
	char their_text[ATOMS_TEXT];

	if (!env->is_expression && !other->is_expression) {
		return manifest_refuse(refusal, env->name, property_of(env),
				       "a packet could match that of \"%s\" as well; some byte "
				       "must differ between the two",
				       other->name);
	}
	atoms_print(mine_text, sizeof(mine_text), mine->atoms, mine->count);
	atoms_print(their_text, sizeof(their_text), theirs->atoms, theirs->count);
	if (env == other) {
		return manifest_refuse(refusal, env->name, "filter",
				       "a packet could match both \"%s\" and \"%s\" of it; make "
				       "them exclude each other (tcp dst port 80, not tcp port 80)",
				       their_text, mine_text);
	}
	return manifest_refuse(refusal, env->name, property_of(env),
			       "a packet could match \"%s\" of it and \"%s\" of \"%s\"; some byte "
			       "must differ between the two",
			       mine_text, their_text, other->name);
}

/* Does filter `mine` exclude those of `other` before number `count`? */
static int
check_pair(const struct manifest_env *env, uint32_t mine, const struct manifest_env *other,
	   uint32_t count, struct manifest_refusal *refusal)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!excludes(&env->receive[mine], &other->receive[i])) {
			return refuse_overlap(env, &env->receive[mine], other, &other->receive[i],
					      refusal);
		}
	}
	return 0;
}

static int
check_groups(const struct manifest *manifest, const struct manifest_env *env,
	     struct manifest_refusal *refusal)
{
	bool takes_groups = false;

	if (env->shared.is_given &&
	    atoms_disjoint(env->shared.atoms, env->shared.count, &atoms_group, 1)) {
		return manifest_refuse(refusal, env->name, "filter-shared",
				       "it matches no multicast "
				       "or broadcast frame, and only those are shared; use "
				       "filter-receive for others");
	}
	for (uint32_t i = 0; i < env->receive_count; i++) {
		takes_groups |= !atoms_disjoint(env->receive[i].atoms, env->receive[i].count,
						&atoms_group, 1);
	}
	return !takes_groups || !manifest_listeners(manifest, env->nic)
		       ? 0
		       : manifest_refuse(refusal, env->name, property_of(env),
					 "it takes multicast and "
					 "broadcast frames, which filter-shared of NIC %u shares "
					 "out; add %s or a destination address",
					 env->nic,
					 env->is_expression ? "\"and not multicast\""
							    : "the atom 0:1&1=0");
}

int
packets_check(const struct manifest *manifest, uint32_t index, struct manifest_refusal *refusal)
{
	const struct manifest_env *env = &manifest->env[index];
	int status = check_groups(manifest, env, refusal);

	for (uint32_t mine = 0; !status && mine < env->receive_count; mine++) {
		status = check_pair(env, mine, env, mine, refusal);
		for (uint32_t i = 0; !status && i < index; i++) {
			const struct manifest_env *other = &manifest->env[i];
			uint32_t count = other->nic == env->nic ? other->receive_count : 0;

			status = check_pair(env, mine, other, count, refusal);
		}
	}
	return status;
}

uint64_t
packets_filters(const struct manifest *manifest, uint32_t nic)
{
	uint64_t used = manifest_listeners(manifest, nic) ? 1 : 0;

	for (uint32_t i = 0; i < manifest->count; i++) {
		const struct manifest_env *env = &manifest->env[i];

		if (env->nic == nic) {
			used += (uint64_t)env->receive_count + env->shared.is_given +
				(env->tap ? 1 : 0) + env->filters;
		}
	}
	return used;
}
