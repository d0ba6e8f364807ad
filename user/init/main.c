/* SPDX-License-Identifier: MIT
 * main.c: the first environment: hands out the machine as the manifest says, and watches.
 *
 * Everything is checked before anything is started; what is wrong is said in one sentence and the
 * machine is switched off with failure. Design: docs/manifest.md.
 */
#include "lib/base/fdt_query.h"
#include "lib/exo/error.h"
#include "lib/exo/events.h"
#include "lib/exo/start.h"
#include "lib/manifest/plan.h"
#include "user/init/archive.h"
#include "user/init/children.h"
#include "user/init/command.h"
#include "user/init/grants.h"
#include "user/init/machine.h"
#include "user/init/monitor.h"
#include "user/init/roster.h"
#include "user/init/say.h"

#define MANIFEST_FILE "manifest.dtb"
#define MANIFEST_NODE "/chosen/chitin"

static struct manifest manifest;

/* The manifest's tree and node: that of the firmware if it has one, else the initrd's. */
static int
find_manifest(struct fdt *fdt)
{
	size_t bytes;
	const void *blob;
	int node = archive_device_tree(fdt) ? fdt_path(fdt, MANIFEST_NODE) : -1;
	int status;

	if (node >= 0) {
		say_news("the manifest is the node " MANIFEST_NODE
			 " of the firmware's device tree");
		return node;
	}
	blob = archive_file(MANIFEST_FILE, &bytes);
	if (!blob) {
		give_up("there is no " MANIFEST_FILE " in the initrd and no node " MANIFEST_NODE
			" in the device tree; write the initrd again with make");
	}
	status = fdt_open(fdt, blob, bytes);
	if (status) {
		give_up(MANIFEST_FILE
			" is no device tree blob: %s; write the initrd again with make",
			exo_error_sentence(status));
	}
	return fdt_root(fdt);
}

static void
read_manifest(void)
{
	static struct manifest_machine machine;
	static struct manifest_refusal refusal;
	static struct fdt fdt;
	int node = find_manifest(&fdt);

	machine_read(&machine);
	if (manifest_parse(&manifest, &fdt, node, &machine, &refusal) ||
	    manifest_plan(&manifest, &machine, &refusal)) {
		give_up("manifest: %s", refusal.sentence);
	}
}

static bool
somebody_reads_console(void)
{
	for (uint32_t i = 0; i < manifest.count; i++) {
		if (manifest.env[i].console_rights & EXO_READ) {
			return true;
		}
	}
	return false;
}

static void
watch(void)
{
	uint64_t events =
		EXO_EVENT(EVENT_CHILD) | EXO_EVENT(EVENT_CONSOLE) | EXO_EVENT(EVENT_MONITOR);
	bool is_typing = !somebody_reads_console(); /* perhaps somebody began early */
	unsigned how;

	for (;;) {
		uint64_t patience_ns = children_tend();

		patience_ns = monitor_tend() ? 0 : patience_ns;
		if (children_done(&how)) {
			say("the work is over");
			power_off(how);
		}
		if (exo_wait(events, is_typing ? 0 : patience_ns) & EXO_EVENT(EVENT_CONSOLE)) {
			is_typing = true;
		}
		is_typing = is_typing && command_tend();
	}
}

int
main(void)
{
	if (!exo_boot()) {
		return 1; /* only the kernel starts init */
	}
	archive_open();
	read_manifest();
	children_prepare(&manifest);
	grants_open(&manifest);
	monitor_open(&manifest);
	if (!exo_boot()->seed_bytes) {
		say("this board offers no entropy: random numbers can be guessed");
	}
	children_start();
	if (!somebody_reads_console()) {
		command_open();
	}
	watch();
}
