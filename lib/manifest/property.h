/* SPDX-License-Identifier: MIT
 * property.h: reads one property of an environment's node into its struct.
 *
 * Caller: manifest.c, once for each property of the node, with one struct property_reader.
 */
#ifndef LIB_MANIFEST_PROPERTY_H
#define LIB_MANIFEST_PROPERTY_H

#include "lib/manifest/manifest.h"

#define MANIFEST_LOOP "loop" /* the name of NIC EXO_NIC_LOOP */

struct property_reader {
	const struct fdt *fdt;
	int node;
	const struct manifest_machine *machine; /* for the addresses of its NICs */
	struct manifest *manifest;              /* what environments share */
	struct manifest_env *env;
	struct manifest_refusal *refusal;
	const struct fdt_prop *prop; /* the rest belongs to property.c */
	uint32_t seen;               /* bit n: row n of the table was there */
	uint32_t slots_hart;         /* the hart that `slots` names */
};

/* For readers: the sentence begins with the environment and the property. */
#define REFUSE(reader, ...)                                                                        \
	manifest_refuse((reader)->refusal, (reader)->env->name, (reader)->prop->name, __VA_ARGS__)

/* 0, or E_INVAL with the sentence: unknown, given twice, or a value that makes no sense. */
int property_read(struct property_reader *reader, const struct fdt_prop *prop);

/* True if property_read has seen the property `name`. */
bool property_seen(const struct property_reader *reader, const char *name);

#endif
