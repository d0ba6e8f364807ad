/* SPDX-License-Identifier: MIT
 * program.c: finds the program of an environment and checks that it can run there.
 *
 * The count of pages is a lower bound, so that the sentence can come before anything is started;
 * exo_spawn is the judge.
 */
#include "user/init/program.h"

#include "lib/base/elf.h"
#include "lib/exo/error.h"
#include "lib/exo/spawn.h"
#include "user/init/archive.h"
#include "user/init/say.h"

#define OVERHEAD_PAGES 24 /* ENV, SPACE, page tables, start page: see lib/exo/spawn.h */

uint32_t
program_leaves(const struct manifest_env *env)
{
	return (env->cspace_slots + EXO_SLOTS_PER_LEAF - 1) / EXO_SLOTS_PER_LEAF;
}

static uint64_t
pages_of(uint64_t bytes)
{
	return (bytes + EXO_PAGE_SIZE - 1) >> EXO_PAGE_SHIFT;
}

/* Pages that the environment needs before its first instruction. */
static uint64_t
pages_needed(const struct manifest_env *env, const struct elf *elf)
{
	uint64_t pages = EXO_STACK_PAGES + OVERHEAD_PAGES + program_leaves(env);
	struct elf_segment segment;

	for (uint32_t i = 0; !elf_segment(elf, i, &segment); i++) {
		pages += pages_of(segment.address % EXO_PAGE_SIZE + segment.memory_bytes);
	}
	return pages;
}

const void *
program_find(const struct manifest_env *env, size_t *bytes)
{
	const void *file = archive_file(env->program, bytes);
	struct elf elf;
	int status;

	if (!file) {
		give_up("manifest: %s: program: there is no file \"%s\" in the initrd; write the "
			"initrd again with make, or correct the name",
			env->name, env->program);
	}
	status = elf_open(&elf, file, *bytes);
	if (status) {
		give_up("manifest: %s: program: \"%s\" is no program that can run here: %s; build "
			"it "
			"again with make",
			env->name, env->program, exo_error_sentence(status));
	}
	if (pages_needed(env, &elf) > env->frames.count) {
		give_up("manifest: %s: frames: %lu pages are too few for \"%s\", which needs %lu "
			"with "
			"its stack and page tables; raise it",
			env->name, env->frames.count, env->program, pages_needed(env, &elf));
	}
	return file;
}
