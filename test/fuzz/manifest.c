/* SPDX-License-Identifier: MIT
 * manifest.c: fuzz target: any blob is a manifest that can be planned, or is refused with a
 * sentence.
 *
 * links: lib/manifest/packets.c lib/pcap/parse.c lib/pcap/term.c lib/pcap/value.c
 * links: lib/pcap/relation.c lib/pcap/lex.c lib/pcap/names.c lib/pcap/primitive.c
 * links: lib/pcap/graph.c lib/pcap/solve.c lib/manifest/manifest.c lib/manifest/property.c
 * links: lib/manifest/value.c lib/manifest/atoms.c lib/manifest/plan.c lib/manifest/devices.c
 * links: lib/manifest/slots.c lib/base/fdt.c lib/base/fdt_query.c lib/base/fdt_bus.c
 * links: lib/base/disjoint.c lib/base/print.c lib/base/fdt_kept.c
 */
#include <stdlib.h>
#include <string.h>

#include "lib/manifest/plan.h"
#include "test/fuzz/fuzz.h"

static struct manifest manifest;

/* What init relies on without looking again. */
static void
check_accepted(const struct manifest_machine *machine)
{
	uint32_t order[MANIFEST_ENVS_MAX];

	manifest_order(&manifest, order);
	for (uint32_t i = 0; i < manifest.count; i++) {
		const struct manifest_env *env = &manifest.env[i];

		demand(order[i] < manifest.count);
		demand(env->hart < machine->harts);
		demand(env->frames.first >= 2 && env->frames.first % 2 == 0 && env->frames.count);
		demand(env->receive_count <= MANIFEST_PACKETS_MAX &&
		       env->extent_count <= MANIFEST_EXTENTS_MAX);
		for (uint32_t j = 0; j < env->receive_count; j++) {
			demand(env->receive[j].count <= EXO_ATOMS_MAX);
		}
		for (uint32_t j = 0; j < env->args.count; j++) {
			demand(strlen(manifest_string(&env->args, j)) < env->args.bytes);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct manifest_refusal refusal = {""};
	struct manifest_machine machine;
	struct fdt fdt;

	manifest_machine_any(&machine);
	if (fdt_open(&fdt, data, bytes)) {
		return 0;
	}
	if (manifest_parse(&manifest, &fdt, fdt_root(&fdt), &machine, &refusal) ||
	    manifest_plan(&manifest, &machine, &refusal)) {
		demand(refusal.sentence[0] != 0);
	} else {
		check_accepted(&machine);
	}
	return 0;
}
