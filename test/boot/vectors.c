/* SPDX-License-Identifier: MIT
 * vectors.c: the cases of test/vectors on the target: loaded, compiled and run by the kernel
 * through code_load and code_run.
 *
 * The files are in the initrd. What cannot be seen through the calls is left out and counted:
 * helpers do nothing in a trial but answer their number + r1, so runs that foretell another answer,
 * a price or a failure; and what the stack has afterwards.
 *
 * boot: init SMP=1 FILES=test/vectors/?*.vec
 */
#include <string.h>

#include "lib/base/cpio.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"
#include "test/boot/tap.h"
#include "test/model/vec.h"

#define CODE_PAGES 16
#define CANARY     0x5a
#define RUNS_LEAST 1000 /* else it says little */

static const uint32_t fuels[] = {
	[EXO_CODE_owns] = EXO_FUEL_owns,
	[EXO_CODE_acl] = EXO_FUEL_acl,
	[EXO_CODE_predicate] = EXO_FUEL_predicate,
	[EXO_CODE_handler] = EXO_FUEL_handler,
};

static struct {
	const uint8_t *at;
	size_t bytes;
} archive;

static struct image {
	struct exo_code head;
	uint8_t rest[VEC_INSNS_MAX * sizeof(struct exo_insn) + EXO_CODE_DATA_MAX];
} image, last; /* of this run; what is loaded */
static bool is_loaded;

static struct vec vec;
static struct vec_case now;
static struct exo_pages memory; /* of each region a page, its bytes at the end of that */
static exo_handle code;
static uint8_t untouched[EXO_PAGE_SIZE];
static uint32_t runs, left_out;

/* --- a case ------------------------------------------------------------------------------- */
static void
make_image(void)
{
	size_t insns = now.insns * sizeof(struct exo_insn);

	image.head = (struct exo_code){
		.magic = EXO_CODE_MAGIC,
		.code_class = now.code_class,
		.insns = now.insns,
		.data_bytes = now.bytes[EXO_REGION_DATA],
		.stack_bytes = now.stack_bytes,
	};
	memcpy(image.rest, now.insn, insns);
	memcpy(image.rest + insns, now.memory[EXO_REGION_DATA], image.head.data_bytes);
}

static uint64_t
place(uint32_t region)
{
	return (region + 1) * EXO_PAGE_SIZE - now.bytes[region];
}

static void
make_run(struct exo_code_run *q)
{
	uint8_t *bytes = memory.memory;

	*q = (struct exo_code_run){0};
	memset(bytes, CANARY, memory.count * EXO_PAGE_SIZE);
	for (uint32_t i = EXO_REGION_INPUT; i < EXO_REGIONS - 1; i++) {
		if (now.bytes[i]) {
			q->region[i] =
				(struct exo_code_memory){memory.frames, place(i), now.bytes[i]};
			memcpy(bytes + place(i), now.memory[i], now.bytes[i]);
		}
	}
	memcpy(q->argument, now.argument, sizeof(q->argument));
}

/* Does a trial show it as it is foretold? */
static bool
can_be_seen(void)
{
	for (uint32_t i = 0; i < now.calls; i++) {
		const struct vec_call *call = &now.call[i];

		if (call->fails || call->costs || call->gives != call->argument[0] + call->nr) {
			return false;
		}
	}
	return true;
}

/* All of the memory: what no region has is as it was. */
static bool
is_memory_right(void)
{
	const uint8_t *bytes = memory.memory;
	uint32_t wrong = 0;

	for (uint32_t i = EXO_REGION_INPUT; i < EXO_REGIONS - 1; i++) {
		const uint8_t *page = bytes + i * EXO_PAGE_SIZE;
		uint64_t before = EXO_PAGE_SIZE - now.bytes[i];

		wrong += memcmp(page, untouched, before) != 0;
		wrong += memcmp(page + before, now.after[i], now.bytes[i]) != 0;
	}
	return !wrong;
}

static const char *
judge_refusal(struct exo_result loaded)
{
	uint64_t wanted = (uint64_t)now.refusal << 32 | now.refused_at;

	return loaded.value != E_FORMAT  ? "is not refused"
	       : loaded.second != wanted ? "is refused for another reason, or elsewhere"
					 : NULL;
}

static const char *
judge_run(void)
{
	static const int errors[] = {
		[VEC_RESULT] = 0, [VEC_FAULTS] = E_FAULT, [VEC_STARVES] = E_LIMIT};
	struct exo_code_run q;
	int64_t error;

	make_run(&q);
	error = exo_code_run(code, &q);
	if (error != errors[now.end]) {
		return "ends otherwise";
	}
	if (!error && q.result != now.result) {
		return "has another result";
	}
	if (now.wants_used && fuels[now.code_class] - q.fuel != now.used) {
		return "takes other fuel";
	}
	if (q.calls != now.calls) {
		return "calls other helpers";
	}
	return is_memory_right() ? NULL : "leaves other memory";
}

/* Runs of one case have one program. */
static struct exo_result
load(void)
{
	size_t bytes =
		sizeof(image.head) + now.insns * sizeof(struct exo_insn) + image.head.data_bytes;
	struct exo_result loaded = {0};

	if (is_loaded && !memcmp(&image, &last, bytes)) {
		return loaded;
	}
	if (is_loaded) {
		exo_unbind(EXO_BIND_CODE, code);
	}
	loaded = exo_code_load2(code, &image.head);
	is_loaded = !loaded.value;
	last = image;
	return loaded;
}

static const char *
judge(void)
{
	struct exo_result loaded;

	make_image();
	loaded = load();
	return now.end == VEC_REFUSED ? judge_refusal(loaded)
	       : loaded.value         ? "is not loaded"
				      : judge_run();
}

/* --- all of them -------------------------------------------------------------------------- */
static void
check_file(const struct cpio_entry *file)
{
	uint32_t wrong = 0, done = 0;
	int more;

	vec_open(&vec, (const char *)file->data, file->bytes);
	while ((more = vec_next(&vec, &now)) > 0) {
		const char *why = can_be_seen() ? judge() : NULL;

		left_out += !can_be_seen();
		done += can_be_seen();
		if (why && ++wrong < 5) {
			printf("# %s:%u: %s: %s\n", file->name, now.line, now.name, why);
		}
	}
	if (more < 0) {
		printf("# %s:%u: %s\n", file->name, vec.line, vec.wrong);
	}
	runs += done;
	tap_ok(!wrong && !more && done, "%s: %u runs, %u wrong", file->name, done, wrong);
}

/* Calls `visit`, if it is there, for each vector file: how many there are. */
static uint32_t
each_file(void (*visit)(const struct cpio_entry *file))
{
	struct cpio_entry file;
	uint32_t count = 0;

	for (int status = cpio_first(archive.at, archive.bytes, &file); !status;
	     status = cpio_next(archive.at, archive.bytes, &file)) {
		if (strstr(file.name, ".vec")) {
			count++;
			if (visit) {
				visit(&file);
			}
		}
	}
	return count;
}

static int
open_archive(void)
{
	const struct exo_boot *boot = exo_boot();
	uint64_t pages =
		(boot->initrd_offset + boot->initrd_bytes + EXO_PAGE_SIZE - 1) >> EXO_PAGE_SHIFT;
	uint64_t address;
	int status = exo_vm_map(exo_own_vm(), boot->initrd, 0, pages, EXO_READ, &address);

	if (!status) {
		archive.at = (const uint8_t *)address + boot->initrd_offset;
		archive.bytes = boot->initrd_bytes;
	}
	return status;
}

int
main(void)
{
	int status = open_archive();

	memset(untouched, CANARY, sizeof(untouched));
	tap_plan(3 + (status ? 0 : each_file(NULL)));
	tap_is(status, 0, "the files are there");
	code = (exo_handle)exo_carve(exo_boot()->code, (uint32_t)exo_slot_take(), 0, CODE_PAGES,
				     EXO_CODE_LOAD | EXO_CODE_RUN, 0);
	tap_is(exo_pages_make(&memory, EXO_REGIONS), 0, "memory");
	if (!status) {
		each_file(check_file);
	}
	tap_ok(runs >= RUNS_LEAST, "%u runs, %u left out", runs, left_out);
	return tap_end();
}
