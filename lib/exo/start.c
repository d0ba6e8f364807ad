/* SPDX-License-Identifier: MIT
 * start.c: from the first C instruction to main; see start.h.
 *
 * State: where the start page is. Order in exo_begin: slots, frames and address space can be used
 * as soon as the page is known; for init the page itself is made with them out of the kernel's
 * boot page. Then constructors, main, exit.
 */
#include "lib/exo/start.h"

#include <picotls.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/random.h"
#include "lib/exo/slots.h"
#include "lib/exo/vm.h"

#define ARGS_MAX        32
#define NO_START_STATUS 127 /* the start page was not one */

extern char __tls_main[];
void __libc_init_array(void);
int main(int argc, char **argv);
void exo_begin(const void *page) __attribute__((noreturn));

static struct {
	const struct exo_start *page;
	const struct exo_boot *boot;
	const struct exo_sysinfo *sysinfo;
	char *argv[ARGS_MAX + 1];
} start;

const struct exo_start *
exo_start(void)
{
	return start.page;
}

/* 0: as the start page says. */
static _Thread_local uint64_t own_uarea;
static _Thread_local exo_handle own_env;

uint64_t
exo_own_uarea(void)
{
	return own_uarea ? own_uarea : start.page->uarea;
}

void
exo_own_uarea_set(uint64_t address)
{
	own_uarea = address;
}

exo_handle
exo_own_env(void)
{
	return own_env ? own_env : start.page->env;
}

void
exo_own_env_set(exo_handle env)
{
	own_env = env;
}

const struct exo_boot *
exo_boot(void)
{
	return start.boot;
}

const struct exo_sysinfo *
exo_sysinfo(void)
{
	uint64_t address;

	if (!start.sysinfo && start.page->sysinfo != EXO_NONE &&
	    exo_vm_map(exo_own_vm(), start.page->sysinfo, 0, 1, EXO_READ, &address) == 0) {
		start.sysinfo = (const struct exo_sysinfo *)address;
	}
	return start.sysinfo;
}

static const char *
start_text(uint32_t offset)
{
	return (const char *)start.page + offset;
}

const char *
exo_name(void)
{
	return start_text(start.page->name);
}

const char *
exo_start_value(const char *key)
{
	const char *value = start_text(start.page->values);
	size_t length = strlen(key);

	for (uint32_t i = 0; i < start.page->value_count; i++) {
		if (strncmp(value, key, length) == 0 && value[length] == '=') {
			return value + length + 1;
		}
		value += strlen(value) + 1;
	}
	return NULL;
}

/* From here on nobody finds the seed but in the state of exo_random. */
static void
seed_take(const uint8_t *seed, size_t bytes)
{
	exo_random_stir(seed, bytes);
	memset((void *)(uintptr_t)seed, 0, bytes);
}

/* The range of free RAM with the most pages. */
static exo_handle
largest_range(const struct exo_boot *boot)
{
	exo_handle largest = EXO_NONE;
	uint64_t pages = 0;

	for (int i = 0; i < EXO_RANGES_MAX && boot->frames[i] != EXO_NONE; i++) {
		struct exo_cap_info info;

		if (exo_inspect(boot->frames[i], 0, &info) == 0 && info.count > pages) {
			largest = boot->frames[i];
			pages = info.count;
		}
	}
	return largest;
}

static void
resources_start(uint32_t first_free_slot, uint32_t slots, exo_handle frames)
{
	exo_slots_start(first_free_slot, slots);
	exo_frames_open(exo_own_frames(), frames);
	exo_vm_open(exo_own_vm(), EXO_NONE, exo_own_frames());
}

/* `page` is zero; init has no arguments and no values. */
static void
init_page_fill(struct exo_start *page, const struct exo_boot *boot)
{
	page->magic = EXO_START_MAGIC;
	page->version = EXO_START_VERSION;
	page->env = boot->env;
	page->space = boot->space;
	page->cspace = boot->cspace;
	page->console = boot->console;
	page->sysinfo = boot->sysinfo;
	page->frames = exo_own_frames()->pool;
	page->trace = boot->trace;
	page->code = boot->code;
	page->first_free_slot = boot->first_free_slot;
	page->slots = boot->slots;
	page->image_start = boot->image_start;
	page->image_end = boot->image_end;
	page->stack_end = boot->stack_end;
	page->uarea = boot->uarea;
	page->name = offsetof(struct exo_start, text);
	page->argc = 1;
	page->args = page->name;
	page->text_end = page->name + sizeof("init");
	page->values = page->text_end;
	memcpy(page->text, "init", sizeof("init"));
	memcpy(page->blocks, boot->blocks, sizeof(page->blocks));
	memcpy(page->packets, boot->packets, sizeof(page->packets));
	page->block_count = EXO_START_GRANTS;
	page->packet_count = EXO_START_GRANTS;
	page->seed_bytes = boot->seed_bytes < EXO_START_SEED ? boot->seed_bytes : EXO_START_SEED;
}
_Static_assert(EXO_DISKS_MAX == EXO_START_GRANTS, "init hands on all disks");
_Static_assert(EXO_NICS_MAX == EXO_START_GRANTS, "init hands on all NICs");

/* Makes init's start page from the kernel's boot page. */
static void
init_start(const struct exo_boot *boot)
{
	struct exo_start *page;
	struct exo_pages pages;

	start.boot = boot;
	seed_take(boot->seed, sizeof(boot->seed));
	resources_start(boot->first_free_slot, boot->slots, largest_range(boot));
	if (exo_pages_make(&pages, 1) < 0) {
		exo_exit(NO_START_STATUS);
	}
	page = pages.memory;
	init_page_fill(page, boot);
	start.page = page;
	if (!exo_sysinfo()) {
		exo_exit(NO_START_STATUS);
	}
	page->timebase_hz = exo_sysinfo()->timebase_hz;
	page->env_flags = exo_sysinfo()->isa_fp ? EXO_ENV_FP : 0;
}

static void
program_start(const struct exo_start *page)
{
	start.page = page;
	start.sysinfo = (const struct exo_sysinfo *)page->sysinfo_address;
	if (page->magic != EXO_START_MAGIC || page->version != EXO_START_VERSION) {
		exo_exit(NO_START_STATUS);
	}
	seed_take(page->seed, sizeof(page->seed));
	exo_protect((uint64_t)page, 1, EXO_READ, NULL, EXO_NONE); /* to find wild stores */
	resources_start(page->first_free_slot, page->slots, page->frames);
}

static int
arguments_make(void)
{
	int argc = start.page->argc < ARGS_MAX ? (int)start.page->argc : ARGS_MAX;
	const char *text = start_text(start.page->args);

	for (int i = 0; i < argc; i++) {
		start.argv[i] = (char *)text;
		text += strlen(text) + 1;
	}
	return argc;
}

void
exo_begin(const void *page)
{
	uint64_t magic = *(const uint64_t *)page;

	_init_tls(__tls_main);
	if (magic == EXO_BOOT_MAGIC) {
		init_start(page);
	} else {
		program_start(page);
	}
	__libc_init_array();
	exit(main(arguments_make(), start.argv));
}
