/* SPDX-License-Identifier: MIT
 * run_memory.c: `regs` and `read`: the registers and the memory of an environment.
 */
#include <stdio.h>
#include <string.h>

#include "lib/exo/call.h"
#include "lib/exo/error.h"
#include "lib/exo/registers.h"
#include "user/monitor/command.h"
#include "user/monitor/world.h"

#define ROW_BYTES     16
#define COUNT_DEFAULT 64
#define COUNT_MAX     4096

static struct exo_context context;

/* Registers count only while it does not run, so one that is ready is stopped for a moment. */
static bool
read_registers(const struct world_env *env)
{
	bool is_ready;
	bool is_read;

	if (!world_context(env, &context)) {
		return false;
	}
	is_ready = context.state == EXO_STATE_READY;
	if (!is_ready || !env->entry || env->entry->is_monitor) {
		return true;
	}
	exo_env_stop(env->handle);
	is_read = world_context(env, &context);
	exo_env_start(env->handle);
	return is_read;
}

static void
print_registers(void)
{
	for (uint32_t i = 0; i < RV_REGISTERS; i++) {
		printf("%-3s 0x%016lx%s", rv_register_name(i), exo_register_value(&context, i),
		       i % 3 == 2 ? "\n" : "  ");
	}
	printf("\n");
}

void
run_regs(const struct words *words)
{
	struct world_env env;

	if (!world_find_running(words->word[1], &env) || !read_registers(&env)) {
		return;
	}
	print_registers();
	if (!env.entry || env.entry->is_monitor) {
		printf("it runs: these are from when it entered the kernel last\n");
	}
}

static void
print_row(uint64_t address, const uint8_t *bytes, size_t count)
{
	printf("0x%010lx ", address);
	for (size_t i = 0; i < ROW_BYTES; i++) {
		if (i < count) {
			printf(" %02x", bytes[i]);
		} else {
			printf("   ");
		}
	}
	printf("  ");
	for (size_t i = 0; i < count; i++) {
		printf("%c", bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.');
	}
	printf("\n");
}

/* Up to `count` bytes, less only at the end of a page behind which there is nothing. */
static int64_t
peek(const struct world_env *env, uint64_t address, uint8_t *to, size_t count)
{
	size_t done = 0;

	while (done < count) {
		int64_t taken = exo_env_peek(env->handle, address + done, to + done, count - done);

		if (taken < 0) {
			return done ? (int64_t)done : taken;
		}
		done += (size_t)taken;
	}
	return (int64_t)done;
}

static void
print_memory(const struct world_env *env, uint64_t address, uint64_t count)
{
	uint8_t bytes[ROW_BYTES];

	while (count) {
		size_t row = count < ROW_BYTES ? count : ROW_BYTES;
		int64_t taken = peek(env, address, bytes, row);

		if (taken < 0) {
			printf("0x%010lx cannot be read: %s\n", address, exo_error_sentence(taken));
			return;
		}
		print_row(address, bytes, (size_t)taken);
		address += (uint64_t)taken;
		count -= (uint64_t)taken;
	}
}

void
run_read(const struct words *words)
{
	struct world_env env;
	uint64_t address;
	uint64_t count = COUNT_DEFAULT;

	if (!command_number(words->word[1], "address", 0, EXO_USER_END - 1, &address) ||
	    (words->count > 3 && !command_number(words->word[2], "count", 1, COUNT_MAX, &count)) ||
	    !world_find_running(words->word[words->count - 1], &env)) {
		return;
	}
	print_memory(&env, address, count);
}
