/* SPDX-License-Identifier: MIT
 * counter.c: QEMU plugin that counts executed guest instructions exactly, by vCPU and by who
 * executes them.
 *
 * Classes go by the address an instruction is fetched from, because the plugin interface does not
 * tell the privilege: user = below 256 GiB; supervisor = the upper half, and kernel addresses in
 * RAM while paging is off; machine = reset code and firmware. So programs must not be linked inside
 * [2 GiB, 4 GiB). A marker, `slti x0, x0, N`, is not counted itself: the difference between two
 * markers is what ran between them, and an empty interval is 0.
 *
 * Written by a vCPU's own thread only. Read by: scripts/bench.py, which knows both structs.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/bench/ops.h"
#include "test/bench/plugin_api.h"

/* Options, all optional:
 *
 * - log=FILE: a struct mark_record per marker, at the first user instruction, and per vCPU at exit
 * - shm=FILE: the live counters, struct counters[VCPUS_MAX]
 * - trace=FILE,op=N,nth=K: the addresses executed in the K-th interval (from 1) of operation N
 * - lock=ADDRESS: the virtual address of a struct lock; how long it is held is counted too
 * - longest=FILE: the addresses of the longest S-mode run that no user instruction or wfi
 *   interrupts; with lock=, of the longest time that the lock was held
 * - upto=ADDRESS,op=N: an interval of operation N ends where that S-mode instruction is reached;
 *   it began with the first one behind the last wfi or user instruction; with longest=, the
 *   addresses of the K-th of these (nth=K)
 * - hist=FILE: how often each address, firmware apart, was executed while hist_on of vCPU 0
 *   was not 0;
 *   hist_on=1, after shm=, sets that from the start
 */
enum { VCPUS_MAX = 64, RUN_KEEP = 1 << 16 };
enum class { USER, SUPERVISOR, MACHINE, CLASSES };

#define USER_END      0x4000000000ull
#define RESET_END     0x2000ull
#define FIRMWARE      0x80000000ull
#define FIRMWARE_END  0x80200000ull
#define EARLY_END     0x100000000ull

#define MARK_MASK     0x000fffffu
#define MARK_MATCH    0x00002013u /* slti x0, x0, imm */
#define WFI_WORD      0x10500073u

#define ID_FIRST_USER 0x10001u
#define ID_EXIT       0x10002u

/* Two cache lines per vCPU: the shared file is an array of these. */
struct counters {
	uint64_t insns[CLASSES];
	uint64_t marks;
	uint64_t run; /* S-mode instructions since the last user instruction or wfi */
	uint64_t run_max;
	uint64_t run_armed; /* 0 until the first of these: boot is not a run */
	uint64_t hist_on;   /* of vCPU 0: written by the host */
	uint64_t held_from; /* S-mode instructions when the lock was taken, 0: it is not held */
	uint64_t held_max;  /* most while it was held; one hart only, for waiting would count too */
	uint64_t spare[6];
};
_Static_assert(sizeof(struct counters) == 128, "whole cache lines");

/* One translated instruction, with hist=. An address may have several; counts of several harts at
 * once are not exact. */
struct tally {
	struct tally *next;
	uint64_t va;
	uint64_t count;
};

struct mark_record {
	uint32_t id;
	uint32_t vcpu;
	uint64_t insns[CLASSES];
};

static struct {
	struct counters *vcpu;
	struct counters own[VCPUS_MAX];
	uint64_t *run_pcs[VCPUS_MAX]; /* addresses of the present run, with longest= */
	FILE *log;
	FILE *trace;
	FILE *hist;
	struct tally *tallies;
	const char *longest_path;
	uint64_t longest; /* the run that longest_path holds */
	uint64_t upto;
	uint64_t tree_lock; /* address of its ticket counter, the owner's is behind it; 0: none */
	unsigned int trace_op;
	unsigned int trace_nth;
	unsigned int trace_seen;
	unsigned int trace_vcpu; /* vCPU being traced + 1, or 0 */
	bool user_seen;
	pthread_mutex_t lock; /* files, and everything from trace_seen on */
} g = {.trace_nth = 20, .lock = PTHREAD_MUTEX_INITIALIZER};

int qemu_plugin_version = PLUGIN_API;

static void
write_record(uint32_t id, unsigned int vcpu)
{
	struct mark_record r = {.id = id, .vcpu = vcpu};

	memcpy(r.insns, g.vcpu[vcpu].insns, sizeof r.insns);
	if (g.log) {
		fwrite(&r, sizeof r, 1, g.log);
	}
}

static void
trace_pc(unsigned int vcpu, void *va)
{
	if (g.trace_vcpu == vcpu + 1) {
		fprintf(g.trace, "%lx\n", (unsigned long)va);
	}
}

static void
save_longest(unsigned int vcpu, uint64_t length)
{
	pthread_mutex_lock(&g.lock);
	if (length > g.longest) {
		FILE *f = fopen(g.longest_path, "w");

		g.longest = length;
		for (uint64_t i = 0; f && i < length && i < RUN_KEEP; i++) {
			fprintf(f, "%lx\n", (unsigned long)g.run_pcs[vcpu][i]);
		}
		if (f) {
			fclose(f);
		}
	}
	pthread_mutex_unlock(&g.lock);
}

static void
end_run(unsigned int vcpu)
{
	struct counters *c = &g.vcpu[vcpu];

	if (c->run_armed && c->run > c->run_max) {
		c->run_max = c->run;
		if (g.longest_path && !g.tree_lock && !g.upto) {
			save_longest(vcpu, c->run);
		}
	}
	c->run_armed = 1;
	c->run = 0;
}

static void
first_user(unsigned int vcpu)
{
	pthread_mutex_lock(&g.lock);
	if (!g.user_seen) {
		g.user_seen = true;
		write_record(ID_FIRST_USER, vcpu);
		if (g.log) {
			fflush(g.log);
		}
	}
	pthread_mutex_unlock(&g.lock);
}

static void
on_user(unsigned int vcpu, void *va)
{
	struct counters *c = &g.vcpu[vcpu];

	if (!g.user_seen) {
		first_user(vcpu);
	}
	if (c->run || !c->run_armed) {
		end_run(vcpu);
	}
	c->insns[USER]++;
	trace_pc(vcpu, va);
}

static void
on_supervisor(unsigned int vcpu, void *va)
{
	struct counters *c = &g.vcpu[vcpu];

	uint64_t n = g.tree_lock ? c->insns[SUPERVISOR] - c->held_from : c->run;

	if (g.longest_path && n < RUN_KEEP) {
		g.run_pcs[vcpu][n] = (uint64_t)va;
	}
	c->insns[SUPERVISOR]++;
	c->run++;
	trace_pc(vcpu, va);
}

/* Taking the lock is the only write to its ticket counter, releasing it the only one to `owner`. */
static void
on_store(unsigned int vcpu, uint32_t info, uint64_t va, void *data)
{
	struct counters *c = &g.vcpu[vcpu];
	uint64_t held = c->insns[SUPERVISOR] - c->held_from;

	(void)data;
	if (!qemu_plugin_mem_is_store(info)) {
		return;
	}
	if (va == g.tree_lock) {
		c->held_from = c->insns[SUPERVISOR];
	} else if (va == g.tree_lock + sizeof(uint64_t) && c->held_from && c->run_armed) {
		if (held > c->held_max) {
			c->held_max = held;
			if (g.longest_path) {
				save_longest(vcpu, held);
			}
		}
		c->held_from = 0;
	}
}

static void
on_upto(unsigned int vcpu, void *va)
{
	uint64_t *now = &g.vcpu[vcpu].insns[SUPERVISOR];
	uint64_t run = g.vcpu[vcpu].run;
	bool is_wanted;

	pthread_mutex_lock(&g.lock);
	*now -= run;
	write_record(2 * g.trace_op, vcpu);
	*now += run;
	write_record(2 * g.trace_op + 1, vcpu);
	is_wanted = g.longest_path && ++g.trace_seen == g.trace_nth;
	pthread_mutex_unlock(&g.lock);
	if (is_wanted) {
		save_longest(vcpu, run);
	}
	on_supervisor(vcpu, va);
}

static void
on_wfi(unsigned int vcpu, void *va)
{
	on_supervisor(vcpu, va);
	end_run(vcpu);
}

static void
on_machine(unsigned int vcpu, void *va)
{
	g.vcpu[vcpu].insns[MACHINE]++;
	trace_pc(vcpu, va);
}

/* Starts or ends the trace; only the nth interval of the operation is wanted, on the vCPU that
 * began it. */
static void
trace_mark(unsigned int vcpu, uint32_t id)
{
	if (id == 2 * g.trace_op && !g.trace_vcpu && ++g.trace_seen == g.trace_nth) {
		g.trace_vcpu = vcpu + 1;
	} else if (id == 2 * g.trace_op + 1 && g.trace_vcpu == vcpu + 1) {
		g.trace_vcpu = 0;
		fflush(g.trace);
	}
}

static void
on_mark(unsigned int vcpu, void *data)
{
	uint32_t id = (uint32_t)(uintptr_t)data;

	pthread_mutex_lock(&g.lock);
	g.vcpu[vcpu].marks++;
	write_record(id, vcpu);
	if (g.trace) {
		trace_mark(vcpu, id);
	}
	if (id == MARK_FLUSH && g.log) {
		fflush(g.log);
	}
	pthread_mutex_unlock(&g.lock);
}

static void
on_tally(unsigned int vcpu, void *data)
{
	struct tally *t = data;

	(void)vcpu;
	if (g.vcpu[0].hist_on) {
		t->count++;
	}
}

static void
watch_tally(struct qemu_plugin_insn *insn)
{
	struct tally *t = calloc(1, sizeof *t);

	if (t) {
		t->va = qemu_plugin_insn_vaddr(insn);
		pthread_mutex_lock(&g.lock);
		t->next = g.tallies;
		g.tallies = t;
		pthread_mutex_unlock(&g.lock);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_tally, PLUGIN_CB_NO_REGS, t);
	}
}

static void
write_hist(void)
{
	for (struct tally *t = g.tallies; t; t = t->next) {
		if (t->count) {
			fprintf(g.hist, "%lx %lu\n", (unsigned long)t->va, (unsigned long)t->count);
		}
	}
	fclose(g.hist);
}

static enum class class_of(uint64_t va) {
	if (va < RESET_END || (va >= FIRMWARE && va < FIRMWARE_END)){return MACHINE;}
return va >= USER_END || (va >= FIRMWARE_END && va < EARLY_END) ? SUPERVISOR : USER;
}

static void
watch_insn(struct qemu_plugin_insn *insn)
{
	static vcpu_cb *const by_class[CLASSES] = {
		[USER] = on_user,
		[SUPERVISOR] = on_supervisor,
		[MACHINE] = on_machine,
	};
	uint64_t va = qemu_plugin_insn_vaddr(insn);
	uint32_t word = insn_word(insn);
	enum class class = class_of(va);
	vcpu_cb *cb = by_class[class];
	void *data = (void *)(uintptr_t)va;

	if ((word & MARK_MASK) == MARK_MATCH) {
		cb = on_mark;
		data = (void *)(uintptr_t)(word >> 20);
	} else if (word == WFI_WORD && class == SUPERVISOR) {
		cb = on_wfi;
	} else if (g.upto && va == g.upto) {
		cb = on_upto;
	}
	qemu_plugin_register_vcpu_insn_exec_cb(insn, cb, PLUGIN_CB_NO_REGS, data);
	if (g.tree_lock && class == SUPERVISOR) {
		qemu_plugin_register_vcpu_mem_cb(insn, on_store, PLUGIN_CB_NO_REGS,
						 PLUGIN_MEM_STORES, NULL);
	}
	if (g.hist && cb != on_mark && class != MACHINE) {
		watch_tally(insn);
	}
}

static void
on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		watch_insn(qemu_plugin_tb_get_insn(tb, i));
	}
}

static void
on_exit_qemu(uint64_t id, void *data)
{
	(void)id;
	(void)data;
	pthread_mutex_lock(&g.lock);
	for (unsigned int v = 0; v < VCPUS_MAX; v++) {
		if (g.vcpu[v].insns[MACHINE]) {
			write_record(ID_EXIT, v);
		}
	}
	if (g.log) {
		fclose(g.log);
		g.log = NULL;
	}
	if (g.hist) {
		write_hist();
		g.hist = NULL;
	}
	pthread_mutex_unlock(&g.lock);
}

static bool
open_shared(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	void *p = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, sizeof g.own)) {
		p = mmap(NULL, sizeof g.own, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (fd >= 0) {
		close(fd);
	}
	g.vcpu = p;
	return p != MAP_FAILED;
}

static bool
open_longest(const char *path)
{
	uint64_t *pcs = calloc((size_t)VCPUS_MAX * RUN_KEEP, sizeof *pcs);

	g.longest_path = strdup(path);
	for (unsigned int v = 0; pcs && v < VCPUS_MAX; v++) {
		g.run_pcs[v] = pcs + (size_t)v * RUN_KEEP;
	}
	return pcs && g.longest_path;
}

static bool
take_option(const char *name, const char *value)
{
	if (!strcmp(name, "log")) {
		g.log = fopen(value, "wb");
		return g.log != NULL;
	}
	if (!strcmp(name, "shm")) {
		return open_shared(value);
	}
	if (!strcmp(name, "trace")) {
		g.trace = fopen(value, "w");
		return g.trace != NULL;
	}
	if (!strcmp(name, "hist")) {
		g.hist = fopen(value, "w");
		return g.hist != NULL;
	}
	if (!strcmp(name, "hist_on")) {
		g.vcpu[0].hist_on = strtoul(value, NULL, 0);
		return true;
	}
	if (!strcmp(name, "lock")) {
		g.tree_lock = strtoull(value, NULL, 0);
		return g.tree_lock != 0;
	}
	if (!strcmp(name, "upto")) {
		g.upto = strtoull(value, NULL, 0);
		return g.upto != 0;
	}
	if (!strcmp(name, "op")) {
		g.trace_op = (unsigned int)strtoul(value, NULL, 0);
		return true;
	}
	if (!strcmp(name, "nth")) {
		g.trace_nth = (unsigned int)strtoul(value, NULL, 0);
		return true;
	}
	return !strcmp(name, "longest") && open_longest(value);
}

int
qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	g.vcpu = g.own;
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value) {
			fprintf(stderr, "counter: option without a value: %s\n", argv[i]);
			return -1;
		}
		*value++ = '\0';
		if (!take_option(argv[i], value)) {
			fprintf(stderr, "counter: bad option %s=%s\n", argv[i], value);
			return -1;
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
	return 0;
}
