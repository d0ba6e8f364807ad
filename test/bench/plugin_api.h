/* SPDX-License-Identifier: MIT
 * plugin_api.h: the part of QEMU's TCG plugin interface that counter.c uses, in our own prototypes.
 *
 * No distribution ships qemu-plugin.h with its QEMU, so the counter must build without it. Only
 * functions whose meaning is the same in version 1 (QEMU 7.2) and version 4 (QEMU 10.0) are used.
 * The one that differs is qemu_plugin_insn_data(): insn_word() hides that. Select the version with
 * -DPLUGIN_API=4; QEMU refuses a plugin of a version it does not offer.
 */
#ifndef TEST_BENCH_PLUGIN_API_H
#define TEST_BENCH_PLUGIN_API_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef PLUGIN_API
#define PLUGIN_API 1
#endif

#define PLUGIN_EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { PLUGIN_CB_NO_REGS = 0 };
enum { PLUGIN_MEM_STORES = 2 };

typedef void tb_trans_cb(uint64_t id, struct qemu_plugin_tb *tb);
typedef void vcpu_cb(unsigned int vcpu, void *data);
typedef void exit_cb(uint64_t id, void *data);
typedef void mem_cb(unsigned int vcpu, uint32_t info, uint64_t va, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_trans_cb *cb);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_cb *cb, int flags,
					    void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb *cb, int flags,
				      int stores, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, exit_cb *cb, void *data);
/* QEMU 7.2 calls for loads too. */
_Bool qemu_plugin_mem_is_store(uint32_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

/* The two symbols QEMU looks for in us. */
PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);
extern PLUGIN_EXPORT int qemu_plugin_version;

#if PLUGIN_API < 3
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
#else
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
#endif

/* The instruction's four bytes, or 0 for a compressed one. */
static inline uint32_t
insn_word(const struct qemu_plugin_insn *insn)
{
	uint32_t word = 0;

	if (qemu_plugin_insn_size(insn) == sizeof word) {
#if PLUGIN_API < 3
		memcpy(&word, qemu_plugin_insn_data(insn), sizeof word);
#else
		qemu_plugin_insn_data(insn, &word, sizeof word);
#endif
	}
	return word;
}

#endif
